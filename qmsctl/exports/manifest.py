"""Documents in force with stable addresses and digests, for other systems to hold their copies against."""

from __future__ import annotations

import json
from typing import Any

from qmsctl.approvals.register import Register
from qmsctl.approvals.trail import approvals_of
from qmsctl.history.revisions import History
from qmsctl.loader import Loaded


def manifest(loaded: Loaded, history: History, register: Register | None, day: str, built: str) -> str:
    """Return every controlled document in force on a day as JSON."""
    documents = []
    for item in loaded.qms.items.values():
        kind = loaded.types[item.type]
        if item.shipped or not kind.controlled or not kind.is_current(item.get("status")):
            continue
        version = history.in_force(item.id, day, "9999-12-31")
        if version is None or register is None:
            continue
        verdict = register.verdict(version)
        documents.append(
            {
                "id": item.id,
                "type": item.type,
                "title": item.title,
                "revision": version.revision,
                "effective": version.effective,
                "page": f"{kind.folder}/{item.id}.html",
                "commit": version.commit,
                "approved": verdict.approved,
                "without_approval_because": verdict.exempt,
                "approvals": approvals_of(verdict),
                "files": [{"path": path, "sha256": digest} for path, digest in register.manifest(version).files],
            }
        )
    head: dict[str, Any] = {
        "format": "qmsctl manifest, format 1",
        "organisation": loaded.config.organisation,
        "as_of": day,
        "made": built,
        "commit": history.tip,
    }
    return json.dumps({**head, "documents": documents}, ensure_ascii=False, indent=2)
