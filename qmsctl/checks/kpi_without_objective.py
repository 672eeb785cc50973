"""Every KPI should serve an objective.

Why it matters: A figure that serves no aim is collected for its own sake.

Example::

    === kpis/KPI-001-x.yaml
    id: KPI-001 ◀
    type: kpi

How to fix: Name the objective in the KPI, or stop measuring.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("kpi"):
        if not graph.related(item.id, "objectives"):
            yield Finding(
                "kpi-without-objective",
                "this KPI serves no objective",
                item.position("id"),
                "name one in `objectives`, or retire the KPI",
                item=item.id,
            )
