"""Every role should be held by a person.

Why it matters: Its steps are then nobody's work, and its approvals nobody's to give.

Example::

    === roles/buyer.yaml
    id: buyer ◀
    type: role
    title: Buyer
    function: Purchasing

How to fix: Add the role to a person, or reassign its work with `qmsctl reassign`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("role"):
        held = (graph.items[x.source] for x in graph.links_to(item.id) if x.field == "roles")
        if not any(who.type == "person" and graph.is_current(who.id) for who in held):
            yield Finding(
                "role-unheld",
                "nobody holds this role",
                item.position("id"),
                "add it to `roles` of a person",
                item=item.id,
            )
