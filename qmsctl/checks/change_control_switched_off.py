"""Change control that has begun goes on.

Why it matters: Whoever can switch it off for a day can bring anything into force on that day.

Example::

    === qms.yaml
    organisation: Example
    approvals: {from: 2026-01-01, rules: [{name: All, need: [{meaning: approval, any_of: [boss]}]}], strictest: {need: [{meaning: approval, any_of: [boss]}]}}
    *** 2026-02-02
    === qms.yaml ◀
    organisation: Example
    *** 2026-03-02

How to fix: Bring the section `approvals` back as it was. If it was ended on purpose, say so in a waiver with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.config import FILE
from qmsctl.model import Finding, Position

LEVEL = "error"


def check(switched_off: str) -> Iterator[Finding]:
    if switched_off:
        yield Finding(
            "change-control-switched-off",
            f"change control had begun, and the landing {switched_off[:10]} ended it; nothing is judged since",
            Position(FILE),
            f"compare: git diff {switched_off[:10]}~1 {switched_off[:10]} -- {FILE}; bring `approvals` back",
        )
