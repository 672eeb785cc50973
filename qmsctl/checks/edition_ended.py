"""A standard should not be claimed in an edition that counts no longer.

Why it matters: A certificate to an ended edition is worth nothing, and so is all that is planned and proved by it.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1 ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    title: Demo, issue 1
    withdrawn: 2023-09-30
    transition: {until: 2026-09-30}
    clauses:
      - {key: "4", topic: Context, heading: true}

How to fix: Write an item of type standard for the newer edition, with `replaces` and `switch`, and set this one to
status: obsolete. `qmsctl transition` says what the newer edition asks for.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import standards_of
from qmsctl.graph import Graph
from qmsctl.model import Finding, mapping_of

LEVEL = "warning"


def check(graph: Graph, today: str) -> Iterator[Finding]:
    for standard in standards_of(graph):
        catalogue = graph.items[str(standard.get("catalogue"))]
        end = mapping_of(catalogue.get("transition")).get("until") or catalogue.get("withdrawn")
        if isinstance(end, str) and end < today:
            newer = next((s.id for s in graph.of_type("standard") if s.get("replaces") == standard.id), "")
            yield Finding(
                "edition-ended",
                f"{catalogue.title} counts no longer since {end}",
                standard.position("catalogue"),
                f"let {newer} take its place, and set this one to status: obsolete"
                if newer
                else f"write an item for the newer edition, with `replaces: {standard.id}`, and move to it",
                item=standard.id,
            )
