"""The data that a KPI is made of has somebody who answers for it.

Why it matters: When an export stops or a column changes its meaning, somebody must be asked; until then the KPI shows nothing, or something else than it says.

Example::

    === data-sources/SRC-001-deliveries.yaml
    id: SRC-001 ◀
    type: data-source
    title: Deliveries
    === data-sources/SRC-002-complaints.yaml
    id: SRC-002
    type: data-source
    title: Complaints
    owner: complaints-clerk ◀
    === roles/complaints-clerk.yaml
    id: complaints-clerk
    type: role
    title: Complaints clerk
    === data-sources/SRC-003-returns.yaml
    id: SRC-003
    type: data-source
    title: Returns
    status: obsolete ◀
    === kpis/KPI-001-complaints.yaml
    id: KPI-001
    type: kpi
    title: Complaints for a thousand deliveries
    compute:
      type: ratio
      parts:
        - {name: numerator, count: rows, source: SRC-002}
        - {name: denominator, count: rows, source: SRC-001}
        - {name: returned, count: rows, source: SRC-003}

How to fix: Name a role in `owner` and give the role to a person; where a source has come to its end, let the KPI be computed from another one.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        if item.type != "data-source":
            continue
        links = [x for x in graph.links_to(item.id) if x.field in ("compute.source", "compute.parts.source")]
        users = sorted({x.source for x in links if graph.is_current(x.source)})
        found = _lack(graph, item) if users else None
        if found is not None:
            field, why, tip = found
            yield Finding(
                "data-source-unowned",
                f"{', '.join(users)} {'is' if len(users) == 1 else 'are'} computed from this source, {why}",
                item.position(field),
                tip,
                item=item.id,
            )


def _lack(graph: Graph, item: Item) -> tuple[str, str, str] | None:
    """Return (field, what is wrong, way out); None where a person answers for a source in use."""
    if not graph.is_current(item.id):
        return "status", f"which is {item.get('status')}", "compute it from the source that took its place"
    owner = item.get("owner")
    if not owner:
        return "id", "for which nobody answers", "name the role that answers for it: owner: role-id"
    role = graph.items.get(str(owner))
    if role is None or role.type != "role" or not graph.is_current(role.id):
        return "owner", f"whose owner `{owner}` is no role in use", "name a role that exists"
    held = (graph.items[x.source] for x in graph.links_to(role.id) if x.field == "roles")
    if not any(who.type == "person" and graph.is_current(who.id) for who in held):
        return "owner", f"whose owner {graph.title(role.id)} is held by nobody", "give the role to a person"
    return None
