"""A clause that demands records should be evidenced by a kind of record.

Why it matters: An auditor asks to see the record; a procedure alone is no evidence.

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
    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    clauses: [demo-1/4.1]
    ---

How to fix: Name the clause in `clauses` of the kind of record that proves it.
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
            if clause.answers and clause.documented in ("record", "both") and not clause.records:
                yield Finding(
                    "clause-without-record",
                    f"clause {clause.key} demands records, and no kind of record covers it",
                    standard.position("catalogue"),
                    f"name {clause.ref} in `clauses` of the record kind that proves it",
                    item=standard.id,
                )
