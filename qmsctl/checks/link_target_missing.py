"""A link must name something that exists.

Why it matters: A broken link is a gap in the chain from strategy to step: an owner nobody is, a procedure
nobody finds.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    owner: inspecter ◀
    ---
    === roles/inspector.yaml
    id: inspector
    type: role
    title: Inspector

How to fix: Use one of the ids suggested, or add the missing item with `qmsctl new`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "error"
FEW = 8


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    for link in graph.broken_from(item.id):
        if link.field == "mentions" or link.problem not in ("missing", "part"):
            continue
        spec = graph.spec_of(link)
        allowed = spec.to if spec else ("*",)
        if "catalogue" in allowed or "catalogue#clauses" in allowed:
            continue  # clause-unknown says which edition and which clause could be meant
        near = graph.nearest(link.target, allowed)
        known = [other.id for other in graph.of_type(*allowed)]
        kinds = " or ".join(dict.fromkeys(a.split("#")[0] for a in allowed))
        what = (
            "which has no such part"
            if link.problem == "part"
            else f"and {'nothing' if kinds == '*' else f'no {kinds}'} has that id"
        )
        tip = (
            "did you mean " + " or ".join(f"`{n}` ({graph.title(n)})" for n in near) + "?"
            if near
            else (f"there are: {', '.join(known)}; " if 0 < len(known) <= FEW else "")
            + f'correct it, or add the item: qmsctl new {kinds.split(" or ")[0]} "Title"'
        )
        name = link.field.replace(".", " ")
        yield Finding(
            "link-target-missing", f"`{name}` names `{link.target}`, {what}", link.position, tip, item=link.source
        )
