"""An id mentioned in prose must exist.

Why it matters: Readers trust what looks like a reference; a number of a document that is gone sends them
searching.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    ---

    Fill in FRM-099. ◀

How to fix: Correct the id, or take it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "error"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    for link in graph.broken_from(item.id):
        if link.field != "mentions":
            continue
        near = graph.nearest(link.target)
        tip = (
            "did you mean " + " or ".join(f"`{n}` ({graph.title(n)})" for n in near) + "?"
            if near
            else "correct it or take it out"
        )
        yield Finding(
            "mention-missing",
            f"the text names `{link.target}`, which does not exist",
            link.position,
            tip,
            item=link.source,
        )
