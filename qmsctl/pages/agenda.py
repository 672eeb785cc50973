"""What is due and what takes effect, day by day: the calendar, its feeds and the digest all say the same."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from qmsctl.model import FieldPath, Item, add_period, mapping_of
from qmsctl.pages import duties
from qmsctl.pages.view import View

REVISION = "new revision"
ROW_NAMES = ("key", "clause", "period")
"""What tells the rows of a list apart, whatever their order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something on one day. ``name`` stays the same when titles, days and owners change.

    ``kind`` is what is to be done, in the words of the item type; ``detail`` says more, such as the action itself.
    """

    name: str
    item: str
    kind: str
    detail: str
    on: str
    who: str


@dataclass(frozen=True, slots=True)
class Coming:
    """A revision that is announced."""

    on: str
    item: str
    revision: str
    change: str


def entries(view: View) -> list[Entry]:
    """Return everything that is due, and every revision that takes effect, by day."""
    found = [*_dues(view), *_revisions(view)]
    seen: Counter[str] = Counter()
    told = []
    for entry in sorted(found, key=lambda e: (e.on, e.item, e.kind, e.name)):
        seen[entry.name] += 1
        again = seen[entry.name]
        told.append(entry if again == 1 else replace(entry, name=f"{entry.name}.{again}"))
    return told


def coming(view: View) -> list[Coming]:
    """Return the revisions that take effect later: as change control announces them, else by the dates in the files."""
    if view.control is not None and not view.control.preview:
        rows = [Coming(v.effective, v.item, v.revision, v.facts.get("change", "")) for v in view.control.all_coming()]
        return [row for row in rows if row.item in view.graph.items]
    found = [
        Coming(str(item.get("effective")), item.id, str(item.get("revision") or ""), str(item.get("change") or ""))
        for item in view.graph.items.values()
        if _is_announced(view, item)
    ]
    return sorted(found, key=lambda row: (row.on, row.item))


def for_role(view: View, role: str, every: list[Entry]) -> list[Entry]:
    """Return what a role has to see to, and the revisions of the documents it must know."""
    known = {item.id for item in duties.documents(view, [role])}
    return [e for e in every if e.who == role or (e.kind == REVISION and e.item in known)]


def horizon(view: View) -> str:
    """Return the last day of what is due soon."""
    return add_period(view.today, view.loaded.config.due_soon)


def kind_words(view: View, kind: str) -> str:
    """Return what is to be done in the reader's language, as a sentence begins."""
    said = str(view.t(kind))
    return said[:1].upper() + said[1:]


def days_between(first: str, last: str) -> int:
    """Return how many days one day lies before another."""
    return (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days


def public_address(view: View, item: str) -> str:
    """Return the whole address of the page of an item; "" where qms.yaml does not say where the site is."""
    site = view.loaded.config.site.address
    return f"{site}/{quote(view.prefix + view.page_of(item))}.html" if site else ""


def _is_announced(view: View, item: Item) -> bool:
    day = str(item.get("effective") or "")
    return not item.shipped and view.types[item.type].controlled and view.is_day(day) and day > view.today


def _dues(view: View) -> Iterator[Entry]:
    for due in view.dues():
        if view.is_day(due.on):
            item = view.graph.items[due.item]
            name = ".".join([item.id, *_steps(item, due.path)])
            kind = due.what.partition(": ")[0]
            yield Entry(name, item.id, kind, _detail(item, due.path), due.on, _owner(view, due.who))


def _revisions(view: View) -> Iterator[Entry]:
    for row in coming(view):
        owner = str(view.graph.items[row.item].get("owner") or "")
        name = f"{row.item}.effective.{row.revision}"
        yield Entry(name, row.item, REVISION, row.revision, row.on, _owner(view, owner))


def _owner(view: View, name: str) -> str:
    """Return an owner who is shown here; a build may not be meant to tell of all of them."""
    return name if name in view.graph.items else ""


def _detail(item: Item, path: FieldPath) -> str:
    """Return what a row of a list says is to be done."""
    around: Any = item.fields
    for step in path[:-1]:
        around = around[step]
    if around is item.fields:
        return ""
    row = mapping_of(around)
    return " ".join(str(row.get("what") or row.get("action") or "").split())


def _steps(item: Item, path: FieldPath) -> Iterator[str]:
    """Name a field, the rows of lists by their keys: actions, burr-standard, by."""
    around: object = item.fields
    for step in path:
        if isinstance(step, int) and isinstance(around, list):
            around = around[step]
            row = mapping_of(around)
            yield next((str(row[name]) for name in ROW_NAMES if row.get(name)), str(step))
        else:
            around = mapping_of(around).get(str(step))
            yield str(step)
