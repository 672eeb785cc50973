"""A clause should not rest on one document alone whose review is overdue.

Why it matters: Nobody knows whether that document is still right; and if it is not, nothing else answers the clause.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}
    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    effective: 2024-01-15
    review_every: 12 months
    clauses: [demo-1/4.1] ◀
    ---

How to fix: Review the document. If it cannot be reviewed soon, let a second one answer the clause as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import Coverage
from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph, coverages: list[Coverage], today: str) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for coverage in coverages:
        for clause in coverage.clauses:
            sources = {claim.source for claim in clause.answers}
            if clause.state == "excluded" or len(sources) != 1:
                continue
            only = clause.answers[0]
            due = graph.review_due(only.source)
            if due and due < today and (only.source, only.clause) not in seen:
                seen.add((only.source, only.clause))
                yield Finding(
                    "clause-on-one-unreviewed",
                    f"{only.clause} rests on {only.source} alone, whose review was due on {due}",
                    only.position,
                    "review it, or let a second document answer the clause as well",
                    item=only.source,
                )
