"""The audit trail: who changed what from which value to which, when, why, and who approved it."""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Callable, Iterable
from functools import lru_cache

from qmsctl import redline
from qmsctl.approvals.judge import Verdict
from qmsctl.approvals.register import Register
from qmsctl.approvals.trail import Entry, approvals_of, entries, names
from qmsctl.exports import pdf
from qmsctl.graph import Graph
from qmsctl.history import git
from qmsctl.history.revisions import History
from qmsctl.itemfile import version_of
from qmsctl.model import Item
from qmsctl.printable import no_formula, printable

COLUMNS = (
    "item", "title", "revision", "landed", "effective", "commit", "by", "landed_by", "what", "old", "new", "why",
    "kind", "approved_by",
)  # fmt: skip
SETTINGS = "settings"
"""The name under which changes of files that govern, and are no items, stand in the trail."""


def rows(
    history: History, register: Register | None, graph: Graph, items: Iterable[str], today: str
) -> list[dict[str, str]]:
    """Return one row for every value that changed: item, when, by whom, old, new, why, approved by."""
    wanted = list(items)
    history.fetch(version for item in wanted for version in history.versions.get(item, ()))

    @lru_cache(maxsize=2)  # what one entry is compared with is what the one before it was about
    def content(path: str, blob: str) -> Item | None:
        return version_of(path, history.contents[blob], graph.types)

    found = []
    for item in wanted:
        if item == SETTINGS and register is not None:
            found += _settings(history, register)
        for entry in entries(history, register, item, today):
            found += _rows_of(entry, graph, content)
    return found


def _settings(history: History, register: Register) -> list[dict[str, str]]:
    """Return what changed in files that govern and are no items: rules, types, CI; line by line."""
    found = []
    for landing, paths, verdict in register.governing:
        touches = [
            t for t in landing.touches if t.path in paths and not history.facts.get(t.new or t.old, {}).get("id")
        ]
        blobs = git.blobs(history.root, (name for t in touches for name in (t.old, t.new) if name))
        for touch in touches:
            old, new = (blobs.get(name, b"").decode("utf-8", "replace").splitlines() for name in (touch.old, touch.new))
            lines = [
                line for line in difflib.unified_diff(old, new, n=0, lineterm="") if line[:2] not in ("--", "++", "@@")
            ]
            found.append(
                {
                    "item": SETTINGS,
                    "title": "Files that govern the system",
                    "revision": "",
                    "landed": history.time_of[landing.sha],
                    "effective": "",
                    "commit": landing.sha,
                    "by": names(
                        register,
                        [c for c in history.brought(landing.sha) if any(t.path == touch.path for t in c.touches)],
                    ),
                    "landed_by": names(register, [landing], committer=True),
                    "what": touch.path,
                    "old": "\n".join(line[1:] for line in lines if line.startswith("-")),
                    "new": "\n".join(line[1:] for line in lines if line.startswith("+")),
                    "why": landing.message.split("\n", 1)[0],
                    "kind": "changed" if touch.old and touch.new else "added" if touch.new else "removed",
                    "approved_by": _approved(verdict),
                }
            )
    return found


def _approved(verdict: Verdict | None) -> str:
    return "; ".join(
        f"{a['name']} ({a['role']}{', ' + a['capacity'] if a['capacity'] != 'holder' else ''}), {a['meaning']}, {a['at']}, time {a['time']}"
        for a in approvals_of(verdict)
    )


def _rows_of(entry: Entry, graph: Graph, content: Callable[[str, str], Item | None]) -> list[dict[str, str]]:
    version = entry.version
    kind = graph.types.get(version.facts.get("type", ""))
    if kind is None:
        return []
    old = content(entry.before.path, entry.before.blob) if entry.before else None
    new = content(version.path, version.blob) if version.blob else None
    base = {
        "item": version.item,
        "title": version.facts.get("title", ""),
        "revision": version.revision,
        "landed": version.landed,
        "effective": version.effective,
        "commit": version.commit,
        "by": entry.by,
        "landed_by": entry.committed_by,
        "why": entry.why,
        "approved_by": _approved(entry.verdict),
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


def csv_text(found: list[dict[str, str]]) -> str:
    """Return rows as CSV (RFC 4180); what a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in found:
        clean = {name: printable(row[name]) for name in COLUMNS}
        writer.writerow({n: no_formula(text) for n, text in clean.items()})
    return out.getvalue()


def json_text(found: list[dict[str, str]]) -> str:
    """Return rows as JSON."""
    return json.dumps({"format": "qmsctl audit trail, format 1", "changes": found}, ensure_ascii=False, indent=2)


def blocks(found: list[dict[str, str]]) -> list[pdf.Block]:
    """Return rows as one block for each landing of an item."""
    groups: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in found:
        groups.setdefault((row["item"], row["commit"], row["revision"]), []).append(row)
    return [_block(rows) for rows in groups.values()]


def _block(rows: list[dict[str, str]]) -> pdf.Block:
    first = rows[0]
    landed = f"{first['landed'][:16].replace('T', ' ')} {first['landed'][-6:]} by {first['landed_by']}"
    facts = (
        ("Effective", first["effective"]),
        ("Why", first["why"]),
        ("Written by", first["by"]),
        ("Landed", f"{landed}, commit {first['commit'][:12]}"),
        ("Approved by", first["approved_by"].replace("; ", "\n")),
    )
    # The heading and the facts say these three already.
    told = [row for row in rows if row["what"] not in ("Revision", "Effective", "Change")]
    changes = tuple((row["what"], row["old"], row["new"]) for row in told)
    return pdf.Block(f"{first['item']} {first['title']} {first['revision']}".strip(), facts, changes)
