"""A clause mapping may only name clauses that its two catalogues have.

Why it matters: A row about a clause that does not exist carries no answer over, and the clause that was meant looks like
a gap in the other standard.

Example::

    === clause-mappings/demo-1-to-demo-2.yaml
    id: demo-1-to-demo-2
    type: clause-mapping
    from: demo-1
    to: demo-2
    rows:
      - {from: ["4.1"], to: ["4.1"], relation: equal}
      - {from: ["4.2"], to: ["4.1"], relation: subset} ◀
      - from: []
        to: ["4.1", "4.9"] ◀
        relation: none
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}
    === catalogues/demo-2.yaml
    id: demo-2
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}

How to fix: Write the number as the catalogue does, without its edition, or add the clause to the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, mapping_of, nearest

LEVEL = "error"
MANY = 200


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("clause-mapping"):
        rows = item.get("rows")
        if not item.shipped and isinstance(rows, list):
            for side in ("from", "to"):
                yield from _side(graph, item, rows, side)


def _side(graph: Graph, item: Item, rows: list[object], side: str) -> Iterator[Finding]:
    catalogue = graph.items.get(str(item.get(side)))
    if catalogue is None or catalogue.type != "catalogue":
        return  # link-target-missing says so
    known = dict.fromkeys(part.key for part in graph.parts_of(catalogue.id, "clauses"))
    for index, row in enumerate(rows):
        keys = mapping_of(row).get(side)
        for at, key in enumerate(keys if isinstance(keys, list) else []):
            if not isinstance(key, str) or key not in known:
                bare = str(key).removeprefix(f"{catalogue.id}/")
                alike = [k for k in known if k[:1] == bare[:1]][:MANY]  # a framework may have 60,000 clauses
                near = [bare] if bare in known else nearest(bare, alike, 1)
                yield Finding(
                    "mapping-row-unknown-clause",
                    f"{catalogue.id} has no clause `{key}`",
                    item.position("rows", index, side, at),
                    f'did you mean "{near[0]}"?' if near else "write the number as the catalogue does",
                    item=item.id,
                )
