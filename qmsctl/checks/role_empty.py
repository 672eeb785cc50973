"""Every role should have something to do.

Why it matters: A role without steps, duties or ownership is a title; its page would be blank.

Example::

    === roles/buyer.yaml
    id: buyer ◀
    type: role
    title: Buyer
    function: Purchasing

How to fix: Name the role in the steps it does, or drop it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    if item.type != "role" or not graph.is_current(item.id):
        return
    if not any(link.field not in ("roles", "reports_to", "mentions") for link in graph.links_to(item.id)):
        yield Finding(
            "role-empty",
            "this role has no step, no duty and owns nothing",
            item.position("id"),
            "name it in `who` of the steps it does, or drop the role",
            item=item.id,
        )
