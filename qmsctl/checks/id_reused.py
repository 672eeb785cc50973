"""An id is given once and never again.

Why it matters: Old records, training and audits that name it would suddenly speak of something else.

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
    === policies/POL-001-quality-policy.yaml deleted
    *** 2026-02-02
    === policies/POL-001-travel.yaml
    id: POL-001 ◀
    type: policy
    title: Travel

How to fix: Take the next free number: `qmsctl renumber`.
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
        item = row.item
        for version in row.earlier:
            gone = not version.blob and version.facts.get("title") != item.title
            other = bool(version.blob) and version.facts.get("type") not in (None, item.type)
            if gone or other:
                title = version.facts.get("title", "")
                yield Finding(
                    "id-reused",
                    f"`{item.id}` was {title or version.path} before",
                    item.position("id"),
                    f"take the next free number: qmsctl renumber --file {item.path}",
                    item=item.id,
                )
                break
