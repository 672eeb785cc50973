"""Every process should say its steps.

Why it matters: Without steps no role knows its part, and neither RACI nor flow can be drawn.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001 ◀
    type: process
    title: Buy
    class: core
    ---

How to fix: Write the steps: key, what, who.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("process"):
        if not graph.parts_of(item.id, "steps"):
            yield Finding(
                "process-without-step",
                "this process has no steps",
                item.position("id"),
                "write them: steps: - {key: order, what: Order the material, who: buyer}",
                item=item.id,
            )
