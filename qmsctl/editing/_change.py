"""A change record, filled with everything the documents touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qmsctl.approvals import impact
from qmsctl.graph import Graph
from qmsctl.model import PLACEHOLDER


def change_record(graph: Graph, documents: Iterable[str], known: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a change record for some documents: one question for all that is touched, unanswered.

    ``known`` holds the kind of change where it is known from the revisions.
    """
    names = list(dict.fromkeys(documents))
    items = [graph.items[name] for name in names]
    rows: dict[str, dict[str, str]] = {}
    for name in names:
        for verb, item, title, _ in impact.touched(graph, name):
            if item not in names:
                rows.setdefault(item, {"item": item, "question": impact.question(verb, item, title)})
    days = [str(item.get("effective")) for item in items if item.get("effective")]
    kinds = [str(item.get("change_kind") or known.get(item.id, "minor")) for item in items]
    owners = [str(item.get("owner")) for item in items if item.get("owner")]
    notes = [str(item.get("change")) for item in items if item.get("change")]
    found: dict[str, Any] = {
        "kind": max(kinds, key=("editorial", "minor", "major").index),
        "why": notes[0] if notes else PLACEHOLDER,
        "documents": [_named(item.id, item.get("revision")) for item in items],
        "impact": list(rows.values()),
    }
    if owners:
        found["owner"] = owners[0]
    if days:
        found["effective"] = max(days)
    return found


def _named(item: str, revision: object) -> dict[str, str]:
    return {"item": item, "revision": str(revision)} if revision else {"item": item}
