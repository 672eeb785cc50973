"""An edition that ends within a year should have one that takes its place.

Why it matters: Moving to a new edition takes months: reading it, closing gaps, an audit. Certification bodies are booked
out in the last year.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1 ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    title: Demo, issue 1
    withdrawn: 2024-06-30
    transition: {until: 2027-06-30}
    clauses:
      - {key: "4", topic: Context, heading: true}

How to fix: Write an item of type standard for the newer edition, with `replaces` and a `switch` before that day.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import standards_of
from qmsctl.graph import Graph
from qmsctl.model import Finding, add_period, mapping_of

LEVEL = "note"
AHEAD = "12 months"


def check(graph: Graph, today: str) -> Iterator[Finding]:
    horizon = add_period(today, AHEAD)
    for standard in standards_of(graph):
        catalogue = graph.items[str(standard.get("catalogue"))]
        end = mapping_of(catalogue.get("transition")).get("until") or catalogue.get("withdrawn")
        if not isinstance(end, str) or not today <= end <= horizon:
            continue
        newer = [s for s in graph.of_type("standard") if s.get("replaces") == standard.id]
        if not any(isinstance(day := s.get("switch"), str) and day <= end for s in newer):
            tip = (
                f"set `switch` in {newer[0].id}, to a day before that"
                if newer
                else "write an item for the newer edition"
            )
            yield Finding(
                "edition-ending",
                f"{catalogue.title} counts until {end}, and nothing takes its place by then",
                standard.position("catalogue"),
                tip if newer else f"{tip}, with `replaces: {standard.id}` and `switch`",
                item=standard.id,
            )
