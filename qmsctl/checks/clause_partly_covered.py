"""A clause that is answered in part should have a plan for the rest.

Why it matters: Half an answer looks like a whole one from afar. A plan with a name and a date makes the difference
between honest work in progress and a finding.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1 ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}
    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    effective: 2026-01-05
    claims:
      - {clause: demo-1/4.1, how: implements, missing: The second plant is not looked at.}
    ---

How to fix: Answer the rest; or plan the clause in the item of its standard, with `who` and `by`. What other checks tell
at its own place (records, reviews, owners) is not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import Coverage, words
from qmsctl.model import Finding

LEVEL = "note"
TOLD_HERE = (words.MISSING, words.ONLY_PROOF, words.NO_DOCUMENT)
OF_MAPPINGS = (words.NARROWER, words.OVERLAPS, words.REST_OPEN)


def check(coverages: list[Coverage], today: str) -> Iterator[Finding]:
    for coverage in coverages:
        standard = coverage.standard
        if standard is None or str(standard.get("switch") or "") > today:
            continue
        for clause in coverage.clauses:
            derived = all(claim.via is not None for claim in clause.answers)
            told = TOLD_HERE + OF_MAPPINGS if derived else TOLD_HERE  # what is answered itself needs no mapping
            open_points = [reason for reason in clause.reasons if reason.says in told]
            if clause.state == "partly" and not clause.heading and clause.plan is None and open_points:
                yield Finding(
                    "clause-partly-covered",
                    f"clause {clause.key}, {clause.topic[:1].lower()}{clause.topic[1:]}: "
                    + "; ".join(map(str, open_points)),
                    standard.position("catalogue"),
                    f"answer the rest of {clause.ref}, or plan it here with `who` and `by`",
                    item=standard.id,
                )
