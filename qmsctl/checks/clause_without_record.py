"""A clause that demands records should have a kind of record that proves it.

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
    effective: 2026-01-05
    clauses: [demo-1/4.1]
    ---

How to fix: Name the clause in `clauses` of the kind of record that proves it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import Coverage, words
from qmsctl.model import Finding

LEVEL = "warning"


def check(coverages: list[Coverage], today: str) -> Iterator[Finding]:
    for coverage in coverages:
        standard = coverage.standard
        if standard is None or str(standard.get("switch") or "") > today:
            continue
        for clause in coverage.clauses:
            lacks = [reason for reason in clause.reasons if reason.says == words.NO_RECORD_KIND]
            if lacks and clause.state == "partly" and clause.plan is None:
                yield Finding(
                    "clause-without-record",
                    f"clause {clause.key}, {clause.topic[:1].lower()}{clause.topic[1:]}: {'; '.join(map(str, lacks))}",
                    standard.position("catalogue"),
                    f"name {clause.ref} in `clauses` of the record kind that proves it",
                    item=standard.id,
                )
