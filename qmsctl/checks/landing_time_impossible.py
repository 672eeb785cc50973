"""A landing is dated when it happened.

Why it matters: What was in force when follows from it; a date to come, or none, makes the order unclear.

Example::

    === qms.yaml ◀
    organisation: Example
    approvals: {from: 2026-01-01, rules: [{name: All, need: [{meaning: approval, any_of: [boss]}]}], strictest: {need: [{meaning: approval, any_of: [boss]}]}}
    *** 2099-01-05

How to fix: Set the clock of the machine that merges. The landing counts with the time of the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.config import FILE
from qmsctl.model import Finding, Position

if TYPE_CHECKING:
    from qmsctl.history.revisions import History

LEVEL = "warning"


def check(history: History) -> Iterator[Finding]:
    for sha, said in history.odd:
        yield Finding(
            "landing-time-impossible",
            f"the landing {sha[:10]} is dated {said or 'as no clock shows it'}; it counts with the time of the one before",
            Position(FILE),
            "set the clock of the machine that merges, and find out who landed it",
        )
