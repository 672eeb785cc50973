"""Charts of key figures. Each function takes values and returns a Chart; the same values give the same bytes.

Where a function takes a ``key``, it makes the ids of the chart differ from those of the same chart elsewhere on
the page.
"""

from __future__ import annotations

from .behaviour import kpi_chart
from .figure import Chart
from .ranking import funnel, pareto
from .small import bullet, small_multiples, sparkline
from .vega import ChartFault
from .wording import table

__all__ = ["Chart", "ChartFault", "bullet", "funnel", "kpi_chart", "pareto", "small_multiples", "sparkline", "table"]
