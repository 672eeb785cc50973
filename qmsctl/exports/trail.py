"""The audit trail: who changed what from which value to which, when, why, and who approved it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from qmsctl import redline
from qmsctl.approvals.register import Register
from qmsctl.approvals.trail import Entry, approvals_of, entries
from qmsctl.graph import Graph
from qmsctl.history.revisions import History, Version
from qmsctl.loader import version_of
from qmsctl.model import Item

COLUMNS = (
    "item", "title", "revision", "landed", "effective", "commit", "by", "committed_by", "what", "old", "new", "why",
    "kind", "approved_by",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(
    history: History, register: Register | None, graph: Graph, items: Iterable[str], today: str
) -> list[dict[str, str]]:
    """Return one row for every value that changed: item, when, by whom, old, new, why, approved by."""
    found = []
    for item in items:
        for entry in entries(history, register, item, today):
            found += _rows_of(entry, history, graph)
    return found


def _rows_of(entry: Entry, history: History, graph: Graph) -> list[dict[str, str]]:
    version = entry.version
    kind = graph.types.get(version.facts.get("type", ""))
    if kind is None:
        return []
    old = _item(history, entry.before, graph) if entry.before else None
    new = _item(history, version, graph) if version.blob else None
    approved = "; ".join(
        f"{a['name']} ({a['role']}), {a['meaning']}, {a['at']}, time {a['time']}" for a in approvals_of(entry.verdict)
    )
    base = {
        "item": version.item,
        "title": version.facts.get("title", ""),
        "revision": version.revision,
        "landed": version.landed,
        "effective": version.effective,
        "commit": version.commit,
        "by": entry.by,
        "committed_by": entry.committed_by,
        "why": " ".join(version.facts.get("change", "").split()),
        "approved_by": approved,
    }
    changes = redline.compare(old, new, kind, graph.title) if old or new else []
    return [
        {
            **base,
            "what": f"{change.what} {change.label}".strip(),
            "old": change.before,
            "new": change.after,
            "kind": change.kind,
        }
        for change in changes
    ]


def _item(history: History, version: Version, graph: Graph) -> Item | None:
    return version_of(version.path, history.content(version), graph.types)


def csv_text(found: list[dict[str, str]]) -> str:
    """Return rows as CSV (RFC 4180); what a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in found:
        writer.writerow({name: "'" + row[name] if row[name].startswith(FORMULA) else row[name] for name in COLUMNS})
    return out.getvalue()


def json_text(found: list[dict[str, str]]) -> str:
    """Return rows as JSON."""
    return json.dumps({"format": "qmsctl audit trail, format 1", "changes": found}, ensure_ascii=False, indent=2)
