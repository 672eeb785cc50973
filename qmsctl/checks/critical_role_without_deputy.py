"""A critical role should have somebody who can stand in.

Why it matters: The work stops on the first day of an illness.

Example::

    === roles/buyer.yaml
    id: buyer ◀
    type: role
    title: Buyer
    function: Purchasing
    critical: true
    === people/p-001.yaml
    id: p-001
    type: person
    roles: [buyer]

How to fix: Give a second person the role, or its holder a deputy.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for role in graph.of_type("role"):
        if role.get("critical") is not True:
            continue
        holders = [
            graph.items[x.source] for x in graph.links_to(role.id) if x.field == "roles" and graph.is_current(x.source)
        ]
        if len(holders) < 2 and not any(person.get("deputy") for person in holders):
            yield Finding(
                "critical-role-without-deputy",
                f"{len(holders)} person holds this critical role, and nobody stands in",
                role.position("id"),
                "give a second person the role, or its holder a `deputy`",
                item=role.id,
            )
