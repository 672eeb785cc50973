"""Every clause in scope should be answered, planned or excluded with a reason.

Why it matters: A gap that the system knows is work; a gap that the auditor finds is a nonconformity.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1 ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4", topic: Context, heading: true}
      - {key: "4.1", topic: Situation, documented: record}

How to fix: Claim the clause in `clauses` of what answers it, plan it, or exclude it with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import coverage_of, standards_of
from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph, today: str) -> Iterator[Finding]:
    for standard in standards_of(graph):
        for clause in coverage_of(graph, standard.id, today).clauses:
            if clause.state == "gap" and not clause.heading:
                yield Finding(
                    "clause-uncovered",
                    f"nothing answers clause {clause.key}, {clause.topic.lower()}",
                    standard.position("catalogue"),
                    f"claim {clause.ref} in `clauses` of what answers it, or say here why it does not apply",
                    item=standard.id,
                )
