"""A link must name an item of the right type.

Why it matters: A process owned by a form, or a step done by a location, makes no sense to anybody who
follows the link.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    owner: SOP-001 ◀
    ---

How to fix: Name an item of one of the types allowed.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "error"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    for link in graph.broken_from(item.id):
        spec = graph.spec_of(link)
        if link.problem != "type" or spec is None:
            continue
        name = link.field.replace(".", " ")
        kind = graph.items[link.to].type
        yield Finding(
            "link-target-type",
            f"`{name}` names `{link.target}`, which is a {kind}",
            link.position,
            "allowed here: " + ", ".join(to.replace("#", ", its ") for to in spec.to),
            item=link.source,
        )
