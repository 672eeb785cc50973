"""No role that owns something should hang on one person without a deputy.

Why it matters: The day that person leaves, its documents, approvals and decisions have no owner.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001
    type: process
    title: Buy
    class: core
    owner: buyer
    ---
    === roles/buyer.yaml
    id: buyer
    type: role
    title: Buyer
    function: Purchasing
    === people/p-001.yaml
    id: p-001 ◀
    type: person
    roles: [buyer]

How to fix: Give the person a deputy, or a second person the role.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for person in graph.of_type("person"):
        if person.get("deputy"):
            continue
        for role in graph.related(person.id, "roles"):
            others = [
                x
                for x in graph.links_to(role)
                if x.field == "roles" and x.source != person.id and graph.is_current(x.source)
            ]
            owned = [x for x in graph.links_to(role) if x.field == "owner"]
            if owned and not others:
                yield Finding(
                    "departure-leaves-gap",
                    f"if this person leaves, {len(owned)} items of the {graph.title(role)} have no owner",
                    person.position("id"),
                    "name a `deputy`, or give a second person the role",
                    item=person.id,
                )
