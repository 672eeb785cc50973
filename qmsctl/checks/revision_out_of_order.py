"""Revisions follow each other: no number twice, none left out, none lower.

Why it matters: Readers take the higher number for the newer text; a gap makes an auditor ask what is missing.

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
    revision: "1.3" ◀
    effective: 2026-03-02
    change: We ask all customers.
    purpose: We ask all

How to fix: After 1.0 comes 1.1 or 2.0. A pending revision that was overtaken keeps its number when it is brought again.
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
        item, now = row.item, str(row.item.get("revision") or "")
        last = row.in_force or row.before
        if last is None or now == last.revision or row.version.blob == last.blob or not _numbers(now):
            continue
        major, minor = _numbers(last.revision) or (0, 0)
        message = ""
        was = next((v for v in row.earlier if v.blob and v.revision == now and v.effective <= row.day), None)
        if was is not None:
            message = f"there was a {now} before, in force since {was.effective}"
        elif _numbers(now) < (major, minor):
            message = f"{now} is lower than {last.revision}, which is in force"
        elif _numbers(now) not in ((major, minor + 1), (major + 1, 0)) and not _follows(row, now):
            message = f"{now} does not follow {last.revision}"
        if message:
            yield Finding(
                "revision-out-of-order",
                message,
                item.position("revision"),
                f"write {major}.{minor + 1}, or {major + 1}.0 for a new way of working",
                item=item.id,
            )


def _follows(row: Candidate, now: str) -> bool:
    """Tell whether it follows a revision that has landed and is still to come."""
    number = _numbers(now)
    for version in row.earlier:
        major, minor = _numbers(version.revision) or (0, 0)
        if (
            version.blob
            and version.effective > row.day
            and number in ((major, minor), (major, minor + 1), (major + 1, 0))
        ):
            return True
    return False


def _numbers(revision: str) -> tuple[int, ...]:
    first, _, second = revision.partition(".")
    return (int(first), int(second)) if first.isdecimal() and second.isdecimal() else ()
