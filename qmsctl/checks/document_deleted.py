"""A document that is no longer needed is made obsolete, not deleted.

Why it matters: Older records refer to it; without the file nobody can tell what was in force when they were made.

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
    === policies/POL-001-quality-policy.yaml deleted ◀

How to fix: Bring the file back and write `status: obsolete`, with `superseded_by` where something took its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qmsctl.config import Config
from qmsctl.model import Finding, Item, Position
from qmsctl.schema import ItemType

if TYPE_CHECKING:
    from qmsctl.history.revisions import History

LEVEL = "error"


def check(
    history: History, items: Mapping[str, Item], types: Mapping[str, ItemType], config: Config, root: Path
) -> Iterator[Finding]:
    since = config.approvals.since if config.approvals else ""
    for name, rows in history.versions.items():
        last = rows[-1]
        kind = types.get(last.facts.get("type", ""))
        if (root / last.path).is_file():
            continue  # it is there and cannot be read; that is said elsewhere
        if name in items or kind is None or not kind.controlled or (not last.blob and history.day(last.landed) < since):
            continue
        yield Finding(
            "document-deleted",
            f"{name} {last.facts.get('title', '')} {last.revision} is gone; it was {last.path}",
            Position(last.path),
            f"git checkout {history.tip[:10]} -- {last.path}, then write `status: obsolete`"
            if last.blob
            else f"git checkout {last.commit[:10]}~1 -- {last.path}, then write `status: obsolete`",
            item=name,
        )
