"""What falls due soon should be seen in time.

Why it matters: A review takes a few weeks; on the day itself it is too late.

Example::

    === risks/RSK-001-x.yaml
    id: RSK-001
    type: risk
    reviewed: 2025-11-30
    review_every: 12 months ◀

How to fix: Plan it; `qmsctl due --owner ROLE` lists what belongs to a role.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.config import Config
from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, add_period

LEVEL = "note"


def check(item: Item, graph: Graph, today: str, config: Config) -> Iterator[Finding]:
    horizon = add_period(today, config.due_soon)
    for due in graph.dues_of(item):
        if today <= due.on <= horizon:
            yield Finding(
                "due-soon",
                f"{due.what} is due on {due.on}" + (f" ({due.who})" if due.who else ""),
                due.position,
                "plan it now",
                item=due.item,
            )
