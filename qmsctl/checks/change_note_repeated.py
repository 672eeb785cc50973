"""Every revision says what changed in it, and why.

Why it matters: The note is what readers, trainers and auditors read first; the note of the last revision tells them nothing.

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
    effective: 2026-03-02
    change: First issue of it. ◀
    purpose: We ask all

How to fix: Write into `change` what is different now and what made it necessary.
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
        note = " ".join(str(row.item.get("change") or "").split())
        new = row.before is not None and row.item.get("revision") != row.before.revision
        same = [v for v in row.earlier if v.blob and v.revision != row.item.get("revision") and note]
        old = next((v for v in same if " ".join(v.facts.get("change", "").split()) == note), None)
        if new and old is not None:
            yield Finding(
                "change-note-repeated",
                f"`change` is that of revision {old.revision}",
                row.item.position("change"),
                "say what is different in this revision, and why",
                item=row.item.id,
            )
