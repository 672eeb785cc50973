"""A role should not approve what it does itself.

Why it matters: A second pair of eyes is the point of an approval.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001
    type: process
    title: Buy
    class: core
    steps:
      - {key: order, what: Order the material, who: buyer, accountable: buyer} ◀
    ---
    === roles/buyer.yaml
    id: buyer
    type: role
    title: Buyer
    function: Purchasing

How to fix: Name another role in `accountable`, or leave it out: the owner of the process then answers for
the step.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("process"):
        for part in graph.parts_of(item.id, "steps"):
            who = part.data.get("who")
            if who and part.data.get("accountable") == who:
                yield Finding(
                    "approves-own-work",
                    f"{graph.title(who)} both does this step and is the only one to answer for it",
                    item.position("steps", part.index, "accountable"),
                    "name another role in `accountable`, or leave it to the owner of the process",
                    item=item.id,
                )
