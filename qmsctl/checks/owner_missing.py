"""Every controlled item must have an owner.

Why it matters: What nobody answers for is reviewed by nobody.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001 ◀
    type: process
    title: Buy
    class: core
    ---

How to fix: Name a role in `owner`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        kind = graph.types[item.type]
        if "owner" in kind.properties and not item.get("owner") and not item.shipped and graph.is_current(item.id):
            yield Finding(
                "owner-missing",
                f"nobody owns this {kind.title.lower()}",
                item.position("id"),
                "name the role that answers for it: owner: role-id",
                item=item.id,
            )
