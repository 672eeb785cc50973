"""Rules, people, roles, item types and CI on the main branch are approved by the strictest rule.

Why it matters: Whoever can change who may approve can approve everything.

Example::

    === people/p-002.yaml
    id: p-002
    type: person
    roles: [boss]
    === qms.yaml
    organisation: Example
    approvals:
      from: 2026-01-01
      strictest: {need: [{meaning: approval, any_of: [boss]}]}
      rules:
        - {name: All, need: [{meaning: approval, any_of: [boss]}]}
    *** 2026-01-05
    === people/p-002.yaml
    id: p-002
    type: person
    roles: [boss, buyer]
    === qms.yaml ◀
    organisation: Example
    approvals:
      from: 2026-01-01
      strictest: {need: [{meaning: approval, any_of: [boss]}]}
      rules:
        - {name: All, need: [{meaning: approval, any_of: [boss]}]}
    *** 2026-02-02

How to fix: Let the roles of the strictest rule sign: `qmsctl sign governing-files`. Or bring the approved files back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.config import FILE
from qmsctl.model import Finding, Position

if TYPE_CHECKING:
    from qmsctl.approvals.register import Register

LEVEL = "error"


def check(approvals: Register) -> Iterator[Finding]:
    if not approvals.governing:
        return
    commit, paths, verdict = approvals.governing[-1]
    if verdict.approved:
        return
    day = approvals.history.day(approvals.history.time_of[commit.sha])
    missing = [f"{p.slot.meaning} by {' or '.join(p.slot.roles)}" for p in verdict.missing]
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    yield Finding(
        "governing-not-approved",
        f"{', '.join(paths[:3])}{more} changed on {day} (landing {commit.sha[:10]}) without: "
        + "; ".join([*missing, *verdict.problems]),
        Position(FILE),
        "have them approved as they are now: qmsctl sign governing-files; or bring the approved files back",
    )
