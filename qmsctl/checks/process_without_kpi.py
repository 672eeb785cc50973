"""Every process should have a measure.

Why it matters: A process that nobody measures is judged by whoever complains loudest.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001 ◀
    type: process
    title: Buy
    class: core
    ---

How to fix: Name the process in a KPI.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("process"):
        if not graph.related(item.id, "kpis"):
            yield Finding(
                "process-without-kpi",
                "nothing measures this process",
                item.position("id"),
                "name it in `process` of a KPI",
                item=item.id,
            )
