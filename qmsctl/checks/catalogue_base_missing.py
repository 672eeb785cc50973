"""A standard that builds on another needs that other one in use as well.

Why it matters: Such a catalogue lists only what it adds. Without its base most of what is demanded is looked at by
nobody.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: acme-manual-7 ◀
    === catalogues/acme-manual-7.yaml
    id: acme-manual-7
    type: catalogue
    title: Supplier manual of Acme
    references: [demo-1]
    clauses:
      - {key: "3.1", topic: First article}
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    title: Demo 1
    clauses:
      - {key: "4.1", topic: Situation}

How to fix: Name the base in `standards` of qms.yaml, and write an item of type standard for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import standards_of
from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    applied = {str(item.get("catalogue")) for item in standards_of(graph)}
    for standard in standards_of(graph):
        catalogue = graph.items[str(standard.get("catalogue"))]
        bases = catalogue.get("references")
        for base in bases if isinstance(bases, list) else []:
            if base not in applied:
                loaded = base in graph.items
                yield Finding(
                    "catalogue-base-missing",
                    f"{catalogue.title} builds on {base}, "
                    + ("and no item says how you stand to that" if loaded else "which is not in use here"),
                    standard.position("catalogue"),
                    ("" if loaded else f"name {base} in `standards` of qms.yaml, and ")
                    + f'write an item for it: qmsctl new standard "{graph.title(base)}"',
                    item=standard.id,
                )
