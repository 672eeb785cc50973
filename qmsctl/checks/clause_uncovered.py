"""Every clause in scope should be answered, planned or excluded with a reason.

Why it matters: A gap that the system knows is work; a gap that the auditor finds is a nonconformity.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1 ◀
    === standards/STD-002-demo.yaml
    id: STD-002
    type: standard
    catalogue: demo-2
    replaces: STD-001
    switch: 2028-01-01
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4", topic: Context, heading: true}
      - {key: "4.1", topic: Situation, documented: record}
    === catalogues/demo-2.yaml
    id: demo-2
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}

How to fix: Claim the clause in `clauses` of what answers it, plan it, or exclude it with a reason. An edition that has
yet to take the place of another is left alone until then; `qmsctl transition` says what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import Coverage
from qmsctl.model import Finding

LEVEL = "warning"
FEW = 8
"""Up to so many gaps are told one by one; a list of sixty would hide everything else."""


def check(coverages: list[Coverage], today: str) -> Iterator[Finding]:
    for coverage in coverages:
        standard = coverage.standard
        if standard is None or str(standard.get("switch") or "") > today:
            continue
        gaps = [clause for clause in coverage.clauses if clause.state == "gap" and not clause.heading]
        if len(gaps) > FEW:
            yield Finding(
                "clause-uncovered",
                f"nothing answers {len(gaps)} clauses: {', '.join(clause.key for clause in gaps[:FEW])} and so on",
                standard.position("catalogue"),
                f"see them all: qmsctl coverage {standard.id} --open",
                item=standard.id,
            )
            continue
        for clause in gaps:
            yield Finding(
                "clause-uncovered",
                f"clause {clause.key}, {clause.topic[:1].lower()}{clause.topic[1:]}: "
                + "; ".join(map(str, clause.reasons)),
                standard.position("catalogue"),
                f"claim {clause.ref} in `clauses` of what answers it, plan it here, or say why it does not apply",
                item=standard.id,
            )
