"""What an item says about a standard should be about clauses of that standard.

Why it matters: An exclusion or a plan for a clause of another standard has no effect. It looks as if the clause were
dealt with, and nothing deals with it.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1
    plans:
      - {clause: demo-2/4.1, what: Describe the context., who: boss, by: 2027-01-15} ◀
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

How to fix: Name the clause of this catalogue, or move the row to the item about the other standard.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"
ROWS = ("exclusions.clause", "plans.clause", "inclusions.clause")


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("standard"):
        for link in graph.links_from(item.id):
            if link.field in ROWS and not link.problem and link.to != item.get("catalogue"):
                yield Finding(
                    "clause-of-other-standard",
                    f"{link.target} is no clause of {item.get('catalogue')}, so this has no effect",
                    link.position,
                    _tip(graph, item, link.target),
                    item=item.id,
                )


def _tip(graph: Graph, item: Item, target: str) -> str:
    here = f"{item.get('catalogue')}/{target.split('/', 1)[1]}"
    other = next((s.id for s in graph.of_type("standard") if s.get("catalogue") == target.split("/", 1)[0]), "")
    move = f"move it to {other}" if other else "write it in an item of type standard for that catalogue"
    return f"name {here}, or {move}" if here in graph.parts else move
