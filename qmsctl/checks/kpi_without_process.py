"""Every KPI should show the performance of a process.

Why it matters: Only a process can be changed; a figure without one is nobody's to improve.

Example::

    === kpis/KPI-001-x.yaml
    id: KPI-001 ◀
    type: kpi

How to fix: Name the process in the KPI.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("kpi"):
        if not graph.related(item.id, "process"):
            yield Finding(
                "kpi-without-process",
                "this KPI belongs to no process",
                item.position("id"),
                "name the process whose performance it shows in `process`",
                item=item.id,
            )
