"""A revision takes effect on the day it is approved or later.

Why it matters: Nobody could have worked by a text that did not exist yet; a date in the past rewrites what was in force then.

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
    revision: "1.1"
    effective: 2026-11-02 ◀
    change: We ask all customers.
    purpose: We ask all

How to fix: Set `effective` to a day that leaves time for approval and training.
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
        effective = str(row.item.get("effective") or "")
        if row.before is not None and row.before.effective == effective and row.before.revision == row.version.revision:
            continue
        if "never" in row.version.facts or not effective:
            continue  # no day at all; the schema says so
        if effective < row.day:
            landed = f"landed on {row.day}" if row.version.commit else f"cannot be approved before {row.day}"
            yield Finding(
                "effective-before-approved",
                f"it takes effect on {effective}, but {landed}",
                row.item.position("effective"),
                "set `effective` to the day from which it can be followed"
                + (
                    "; it is still that of the revision before"
                    if row.before and row.before.effective == effective
                    else ""
                ),
                item=row.item.id,
            )
