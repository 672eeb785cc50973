"""Past values are judged by the target that was in force then.

Why it matters: Whoever lowers a target after the fact makes the past look green, and the improvement of today small.

Example::

    === kpis/KPI-001-on-time.yaml
    id: KPI-001
    type: kpi
    title: Deliveries on time
    revision: "1.0"
    effective: 2026-01-12
    change: First definition of it.
    unit: "%"
    direction: higher
    target: 97
    *** 2026-01-05
    === kpis/KPI-001-on-time.yaml
    id: KPI-001
    type: kpi
    title: Deliveries on time
    revision: "2.0"
    effective: 2026-07-01
    change: The target is higher than before.
    unit: "%"
    direction: higher
    target: 98
    earlier:
      - {until: 2026-06-30, target: 92} ◀

How to fix: Write under `earlier` what the revision in force at that time said, until the day before the new one took effect: `qmsctl diff` shows it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qmsctl import frontmatter
from qmsctl.graph import Graph
from qmsctl.model import FieldPath, Finding, Item

if TYPE_CHECKING:
    from qmsctl.history.revisions import History, Version

LEVEL = "error"

Said = tuple[float | None, tuple[tuple[str, float], ...]]


def check(graph: Graph, history: History, today: str) -> Iterator[Finding]:
    items = [i for i in graph.of_type("kpi") if _rows(i.fields) or i.get("compute")]
    history.fetch(v for i in items for v in history.landed(i.id))
    for item in items:
        yield from _rewritten(item, history, today)


def _rewritten(item: Item, history: History, today: str) -> Iterator[Finding]:
    """Yield each entry that contradicts the revision in force on a day it speaks of."""
    told: set[FieldPath] = set()
    for day, version in _days(item, history, today):
        fields = _fields(history, version)
        now, path = _on(item.fields, day)
        then, _ = _on(fields, day)
        if now == then or path in told or not _same_unit(item.fields, fields):
            continue
        told.add(path)
        yield Finding(
            "kpi-target-rewritten",
            f"this says that on {day} {_words(now)} was agreed; revision {version.revision or 'of then'}, in force on that day, "
            f"said {_words(then)}",
            item.position(*path, "until") if path else item.position("target"),
            f"write under `earlier` what was in force: {_entry(then, day)}",
            item=item.id,
        )


def _days(item: Item, history: History, today: str) -> list[tuple[str, Version]]:
    """Return the days of the past on which something may begin or end, each with the revision in force then."""
    ends = [str(row.get("until")) for _, row in _rows(item.fields)]
    begins = [max(v.effective, history.day(v.landed)) for v in history.landed(item.id)]
    days = {d for d in (*ends, *begins) if _is_day(d)}
    days |= {_shifted(d, -1) for d in days} | {_shifted(d, 1) for d in days}
    found = [(d, history.in_force(item.id, d)) for d in sorted(days, reverse=True) if d <= today]
    landed = history.landed(item.id)
    if landed and landed[-1].blob and _fields(history, landed[-1]) == item.fields:
        return [(d, v) for d, v in found if v is not None]
    # What has not landed yet is not in force on any day; from its own day on it may say something new.
    own = str(item.get("effective") or today)
    return [(d, v) for d, v in found if v is not None and d < own]


def _on(fields: Mapping[str, Any], day: str) -> tuple[Said, FieldPath]:
    """Return what the fields of a KPI say about the target on a day, and where it stands."""
    for at, row in sorted(_rows(fields), key=lambda pair: str(pair[1].get("until"))):
        if day <= str(row.get("until")):
            return _said(row), ("earlier", at)
    return _said(fields), ()


def _said(row: Mapping[str, Any]) -> Said:
    limits = row.get("limits")
    edges = limits.items() if isinstance(limits, Mapping) else ()
    target: Any = row.get("target")
    numbers = tuple(sorted((str(k), float(v)) for k, v in edges if _number(v)))
    return float(target) if _number(target) else None, numbers


def _rows(fields: Mapping[str, Any]) -> Sequence[tuple[int, Mapping[str, Any]]]:
    rows = fields.get("earlier")
    return [(at, r) for at, r in enumerate(rows if isinstance(rows, list) else ()) if isinstance(r, Mapping)]


def _fields(history: History, version: Version) -> Mapping[str, Any]:
    parsed = frontmatter.parse_file(history.content(version), markdown=version.path.endswith(".md"))
    return parsed.fields or {}


def _same_unit(now: Mapping[str, Any], then: Mapping[str, Any]) -> bool:
    return now.get("unit") == then.get("unit")


def _words(said: Said) -> str:
    target, edges = said
    parts = [f"target {target:g}"] if target is not None else []
    parts += [f"{name} {value:g}" for name, value in edges]
    return ", ".join(parts) or "no target"


def _entry(said: Said, day: str) -> str:
    target, edges = said
    parts = [f"until: {day}"] + ([f"target: {target:g}"] if target is not None else [])
    names = {"off": '"off"'}
    if edges:
        parts.append("limits: {" + ", ".join(f"{names.get(k, k)}: {v:g}" for k, v in edges) + "}")
    return "{" + ", ".join(parts) + "}"


def _shifted(day: str, days: int) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


def _is_day(text: str) -> bool:
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
