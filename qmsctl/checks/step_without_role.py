"""Every step should say who does it.

Why it matters: Nobody will see the step on their page until it says so.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001
    type: process
    title: Buy
    class: core
    steps:
      - {key: order, what: Order the material} ◀
    ---

How to fix: Name a role in `who`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    if not graph.is_current(item.id):
        return
    for part in graph.parts_of(item.id, "steps"):
        if not part.data.get("who"):
            yield Finding(
                "step-without-role",
                f'the step "{part.title}" names no role',
                item.position("steps", part.index),
                "nobody will see this step on their page until it says who does it",
                item=item.id,
            )
