"""The whole history is there to be read.

Why it matters: Without it nothing can be said about revisions and approvals, and silence would look like approval.

Example::

    === qms.yaml ◀
    organisation: Example
    approvals: {from: 2026-01-01, rules: [{name: All, need: [{meaning: approval, any_of: [owner]}]}], strictest: {need: [{meaning: approval, any_of: [boss]}]}}

How to fix: Fetch it: `git fetch --unshallow`; in CI, check out with full depth (`fetch-depth: 0`).
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.config import FILE
from qmsctl.model import Finding, Position

LEVEL = "warning"


def check(hidden: tuple[str, ...]) -> Iterator[Finding]:
    for reason in hidden:
        yield Finding(
            "history-incomplete",
            f"revisions and approvals were not judged: {reason}",
            Position(FILE),
            "fetch the whole history: git fetch --unshallow",
        )
