"""What has landed is approved as the rules demand.

Why it matters: People work by what the intranet shows; without approval nobody with the right knowledge has looked at it.

Example::

    === policies/POL-001-quality-policy.yaml
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.0"
    effective: 2026-01-12
    change: First issue of it.
    purpose: We ask
    *** 2026-01-05
    === policies/POL-001-quality-policy.yaml
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.1" ◀
    effective: 2026-03-02
    change: We ask all customers.
    purpose: We ask all
    *** 2026-02-20

How to fix: Let the roles that are named approve this very content (`qmsctl sign`, or a review on the forge and `qmsctl approvals record`), or bring the approved text back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.approvals.register import Register
    from qmsctl.history.revisions import Candidate

LEVEL = "error"


def check(contents: list[Candidate], approvals: Register) -> Iterator[Finding]:
    for row in contents:
        if not row.version.commit:
            continue
        verdict = approvals.verdict(row.version)
        if verdict.exempt or verdict.approved or verdict.outdated:
            continue
        missing = [f"{p.slot.meaning} by {' or '.join(p.slot.roles)}" for p in verdict.missing]
        reasons = "; ".join([*missing, *verdict.problems])
        yield Finding(
            "approval-missing",
            f"{row.version.revision or 'this text'} landed on {row.day} without: {reasons}",
            row.item.position("revision"),
            f"have it approved: qmsctl sign {row.item.id}, or qmsctl approvals record",
            item=row.item.id,
        )
