"""Charts of key figures. Each function takes values and returns a Chart; the same values give the same bytes.

Where a function takes a ``key``, it makes the ids of the chart differ from those of the same chart elsewhere on
the page.
"""

from __future__ import annotations

from qmsctl.diagrams.behaviour import kpi_chart
from qmsctl.diagrams.figure import Chart
from qmsctl.diagrams.ranking import funnel, pareto
from qmsctl.diagrams.small import bullet, small_multiples, sparkline
from qmsctl.diagrams.vega import ChartFault
from qmsctl.diagrams.wording import table

__all__ = ["Chart", "ChartFault", "bullet", "funnel", "kpi_chart", "pareto", "small_multiples", "sparkline", "table"]
