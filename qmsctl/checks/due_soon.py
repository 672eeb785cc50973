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
from functools import lru_cache

from qmsctl.config import Config
from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, add_period

LEVEL = "note"


def check(item: Item, graph: Graph, today: str, config: Config) -> Iterator[Finding]:
    for due in graph.dues_of(item, _horizon(today, config.due_soon)):
        if today <= due.on:
            yield Finding(
                "due-soon",
                f"{due.what} is due on {due.on}" + (f" ({due.who})" if due.who else ""),
                due.position,
                "plan it now",
                item=due.item,
            )


_horizon = lru_cache(maxsize=8)(add_period)
