"""A controlled item must say from when it is in force.

Why it matters: Without the date nobody can tell whether it applies today.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001 ◀
    type: process
    title: Buy
    class: core
    ---

How to fix: Add `effective:` with a day, such as 2026-03-02.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        if graph.types[item.type].controlled and not item.get("effective") and item.get("status") != "draft":
            yield Finding(
                "effective-date-missing",
                "it does not say from when it is in force",
                item.position("id"),
                "add effective: with a day, such as 2026-03-02",
                item=item.id,
            )
