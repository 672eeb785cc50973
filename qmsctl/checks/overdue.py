"""Reviews, actions and other dates should be kept.

Why it matters: A date that passes without anybody noticing tells everybody that dates do not matter.

Example::

    === risks/RSK-001-x.yaml
    id: RSK-001
    type: risk
    reviewed: 2025-01-10
    review_every: 12 months ◀

How to fix: Do what is due and write the new date; `qmsctl due` lists everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph, today: str) -> Iterator[Finding]:
    for due in graph.dues_of(item, today):
        if due.on < today:
            yield Finding(
                "overdue",
                f"{due.what} was due on {due.on}" + (f" ({due.who})" if due.who else ""),
                due.position,
                "do it and write the new date, or agree on another",
                item=due.item,
            )
