"""Every statement and record under approvals/ can be proven.

Why it matters: Evidence that does not hold is worse than none: it makes an auditor doubt the rest.

Example::

    === approvals/POL-001/1.1/approval-boss-p-001-20260219T080000Z.txt ◀
    # qmsctl statement, format 1
    # organisation: Example
    # item: POL-001
    # revision: 1.1
    # meaning: approval
    # role: boss
    # person: p-001
    # name: Ina Berg
    # time: 2026-02-19T09:00:00+01:00
    0000000000000000000000000000000000000000000000000000000000000000  policies/POL-001-quality-policy.yaml
    *** 2026-02-20

How to fix: Sign or record again; never edit what is there. `qmsctl verify` says the reason for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.model import Finding, Position

if TYPE_CHECKING:
    from qmsctl.approvals.register import Register

LEVEL = "error"


def check(approvals: Register) -> Iterator[Finding]:
    faults = [(path, vote.problem if vote else reason) for path, vote, reason in approvals.statements]
    faults += [(path, reason) for path, _, reason in approvals.records]
    for path, reason in faults:
        if reason:
            yield Finding(
                "approval-invalid",
                f"this proves nothing: {reason}",
                Position(path),
                "see qmsctl verify; sign or record anew, and leave this file as it is",
            )
