"""A document that says something else carries another revision.

Why it matters: Two texts with one number cannot be told apart: nobody knows which one was approved, trained or used.

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
    revision: "1.0" ◀
    effective: 2026-01-12
    change: First issue of it.
    purpose: We never ask

How to fix: Raise `revision` (the first number for a new way of working, the second for less) and say in `change` what is new. Only withdrawing a document (`status: obsolete`) leaves its revision as it is. A revision that is not in force yet may be changed; it then needs its approvals again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.history.revisions import Candidate

LEVEL = "error"


def check(documents: list[Candidate]) -> Iterator[Finding]:
    for row in documents:
        valid, item = row.in_force, row.item
        if row.before is None or valid is None or row.version.blob == valid.blob:
            continue
        if item.get("revision") == valid.revision and item.get("status") != "obsolete":
            yield Finding(
                "revision-not-raised",
                f"the text differs from {valid.revision}, which is in force, but is called {valid.revision} too",
                item.position("revision"),
                "raise `revision`, set `effective` and say in `change` what is new",
                item=item.id,
            )
