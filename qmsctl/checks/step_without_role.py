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
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for (item, name), parts in graph.part_lists.items():
        if name != "steps" or not graph.is_current(item):
            continue
        for part in parts:
            if not part.data.get("who"):
                yield Finding(
                    "step-without-role",
                    f'the step "{part.title}" names no role',
                    graph.items[item].position("steps", part.index),
                    "nobody will see this step on their page until it says who does it",
                    item=item,
                )
