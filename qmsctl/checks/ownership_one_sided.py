"""Ownership should be spread over the business.

Why it matters: Where one function owns nearly everything, the rest of the business reads its own rules as
somebody else's.

Example::

    === roles/buyer.yaml
    id: buyer
    type: role
    title: Buyer
    function: Purchasing ◀
    === policies/POL-001-x.md
    ---
    id: POL-001
    type: policy
    owner: buyer
    ---
    === policies/POL-002-x.md
    ---
    id: POL-002
    type: policy
    owner: buyer
    ---
    === policies/POL-003-x.md
    ---
    id: POL-003
    type: policy
    owner: buyer
    ---
    === policies/POL-004-x.md
    ---
    id: POL-004
    type: policy
    owner: buyer
    ---
    === policies/POL-005-x.md
    ---
    id: POL-005
    type: policy
    owner: buyer
    ---
    === policies/POL-006-x.md
    ---
    id: POL-006
    type: policy
    owner: buyer
    ---
    === policies/POL-007-x.md
    ---
    id: POL-007
    type: policy
    owner: buyer
    ---
    === policies/POL-008-x.md
    ---
    id: POL-008
    type: policy
    owner: buyer
    ---
    === policies/POL-009-x.md
    ---
    id: POL-009
    type: policy
    owner: buyer
    ---
    === policies/POL-010-x.md
    ---
    id: POL-010
    type: policy
    owner: buyer
    ---

How to fix: Move ownership to the functions whose work it is; `qmsctl reassign` rewrites the links.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


MOST = 0.6
FEWEST = 10


def check(graph: Graph) -> Iterator[Finding]:
    functions: Counter[str] = Counter()
    holder: dict[str, Item] = {}
    for item in graph.items.values():
        owner = graph.items.get(str(item.get("owner"))) if "owner" in graph.types[item.type].properties else None
        if owner is not None and not item.shipped and graph.is_current(item.id) and owner.get("function"):
            functions[str(owner.get("function"))] += 1
            holder.setdefault(str(owner.get("function")), owner)
    total = sum(functions.values())
    for function, count in functions.most_common(1):
        if total >= FEWEST and count > MOST * total:
            yield Finding(
                "ownership-one-sided",
                f"{function} owns {count} of {total} items",
                holder[function].position("function"),
                "let the functions own what is their work",
                item=holder[function].id,
            )
