"""What was approved is what stands there.

Why it matters: An approval is about one text; a word changed afterwards was seen by nobody.

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
    === approvals/POL-001/1.1/approval-boss-p-001-20260219T080000Z.txt
    # qmsctl statement, format 1
    # organisation: Example
    # item: POL-001
    # title: Quality policy
    # revision: 1.1
    # meaning: approval
    # role: boss
    # person: p-001
    # name: Ina Berg
    # time: 2026-02-19T09:00:00+01:00
    0000000000000000000000000000000000000000000000000000000000000000  policies/POL-001-quality-policy.yaml
    === approvals/POL-001/1.1/approval-boss-p-001-20260219T080000Z.txt.sig signed
    *** 2026-02-20

How to fix: Compare with `qmsctl diff`, then approve the present text, or bring the approved one back.
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
        if verdict.exempt or verdict.approved or not verdict.outdated:
            continue
        who = ", ".join(dict.fromkeys(v.name for v, reason in verdict.refused if reason.startswith("approved, but")))
        yield Finding(
            "approval-outdated",
            f"approved, but changed since: {who} approved another text than the one that landed on {row.day}",
            row.item.position("revision"),
            f"see what differs with qmsctl diff {row.item.id}; then approve this text or bring the other back",
            item=row.item.id,
        )
