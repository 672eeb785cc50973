"""One item per standard says how the organisation stands to it.

Why it matters: With two of them, one says excluded where the other says planned, and nobody knows which one counts.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    title: Demo
    catalogue: demo-1
    === standards/STD-002-demo-again.yaml
    id: STD-002
    type: standard
    title: Demo again
    catalogue: demo-1 ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}

How to fix: Put what both say into one, with `locations` in its rows where plants differ, and make the other obsolete.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import standards_of
from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for item in standards_of(graph):
        catalogue = str(item.get("catalogue"))
        other = first.setdefault(catalogue, item.id)
        if other != item.id:
            yield Finding(
                "standard-applied-twice",
                f"{other} applies {catalogue} already",
                item.position("catalogue"),
                f"put what it says into {other}, and make one of them obsolete",
                item=item.id,
            )
