"""The section that a claim points at must be there.

Why it matters: The auditor is sent to the very place that answers the clause. A section that was renamed sends him
nowhere, in the hour in which it counts.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    claims:
      - {clause: demo-1/4.1, how: implements, section: draw-sample}
      - {clause: demo-1/4.1, how: implements, section: Limits}
      - {clause: demo-1/4.1, how: implements, section: draw-samples} ◀
    ---

    ## Limits

    None.

    ## Steps

    ### Draw the sample {#draw-sample}
    Who: inspector

    From three layers.
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}

How to fix: Name the key of a step or another part, or a heading of the text as it is written there.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl import body
from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, mapping_of, nearest

LEVEL = "error"
FEW = 8


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        rows = item.get("claims")
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            section = mapping_of(row).get("section")
            if not isinstance(section, str) or f"{item.id}#{section}" in graph.parts:
                continue
            known = _known(graph, item)
            if section.casefold() not in {name.casefold() for name in known}:
                yield Finding(
                    "claim-section-missing",
                    f"{item.id} has no part and no heading `{section}`",
                    item.position("claims", index, "section"),
                    _tip(section, known),
                    item=item.id,
                )


def _known(graph: Graph, item: Item) -> list[str]:
    """The keys of the parts and the headings of an item, each as it can be named."""
    keys = [ref.split("#", 1)[1] for ref, part in graph.parts.items() if part.item == item.id and "#" in ref]
    heads = body.headings(item.body, item.body_line)
    return list(dict.fromkeys([*keys, *(head.title for head in heads), *(head.key for head in heads if head.key)]))


def _tip(section: str, known: list[str]) -> str:
    near = nearest(section, known, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    some = ", ".join(known[:FEW]) + (" and others" if len(known) > FEW else "")
    return f"there are: {some}" if known else "take `section` out: the item has no parts and no headings"
