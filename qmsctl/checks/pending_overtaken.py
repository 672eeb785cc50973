"""A revision that another one overtook is approved again or given up.

Why it matters: It was approved on top of a text that is no longer the last; nobody looked at the two together.

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
    revision: "2.0"
    effective: 2026-12-14
    change: We ask by telephone.
    purpose: We telephone
    *** 2026-10-05
    === policies/POL-001-quality-policy.yaml
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.1" ◀
    effective: 2026-11-09
    change: Emergency, we ask in writing.
    purpose: We write
    *** 2026-11-09

How to fix: Bring the overtaken revision again on top of the present text, under the same number, and have it approved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.history.revisions import Candidate

LEVEL = "warning"


def check(documents: list[Candidate], today: str) -> Iterator[Finding]:
    for row in documents:
        for version in row.earlier:
            lost = version.blob and version.effective > max(today, str(row.item.get("effective") or ""))
            if lost and version.revision != row.item.get("revision"):
                yield Finding(
                    "pending-overtaken",
                    f"{version.revision} was to take effect on {version.effective}; {row.item.get('revision')} took its place",
                    row.item.position("revision"),
                    f"bring {version.revision} again on top of this text, or say in `change` that it was given up",
                    item=row.item.id,
                )
                break
