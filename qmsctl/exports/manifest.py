"""Documents in force with stable addresses and digests, for other systems to hold their copies against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from qmsctl.approvals.judge import Verdict
from qmsctl.approvals.register import Register
from qmsctl.approvals.trail import approvals_of
from qmsctl.history.revisions import History, Version
from qmsctl.loader import Loaded
from qmsctl.model import Item


def documents_on(
    loaded: Loaded, history: History, register: Register, day: str
) -> Iterator[tuple[Item, Version, Verdict]]:
    """Yield every controlled document in force on a day with its verdict."""
    for item in loaded.qms.items.values():
        kind = loaded.types[item.type]
        if item.shipped or not kind.controlled or not kind.is_current(item.get("status")):
            continue
        version = history.in_force(item.id, day, "9999-12-31")
        if version is not None:
            yield item, version, register.verdict(version)


def unapproved(loaded: Loaded, history: History, register: Register, day: str) -> list[str]:
    """Return the documents in force on a day that are not approved."""
    rows = documents_on(loaded, history, register, day)
    return [
        f"{item.id} {version.revision}"
        for item, version, verdict in rows
        if not verdict.approved and not verdict.exempt
    ]


def manifest(loaded: Loaded, history: History, register: Register, day: str, built: str) -> str:
    """Return every controlled document in force on a day as JSON."""
    documents = [
        {
            "id": item.id,
            "type": item.type,
            "title": item.title,
            "revision": version.revision,
            "effective": version.effective,
            "page": f"{loaded.types[item.type].folder}/{item.id}.html",
            "commit": version.commit,
            "approved": verdict.approved,
            "without_approval_because": verdict.exempt,
            "approvals": approvals_of(verdict),
            "files": [{"path": path, "sha256": digest} for path, digest in register.manifest(version).files],
        }
        for item, version, verdict in documents_on(loaded, history, register, day)
    ]
    head: dict[str, Any] = {
        "format": "qmsctl manifest, format 1",
        "organisation": loaded.config.organisation,
        "as_of": day,
        "made": built,
        "commit": history.tip,
    }
    return json.dumps({**head, "documents": documents}, ensure_ascii=False, indent=2)
