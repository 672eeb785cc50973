"""The values everything else is made of: positions, items, links, findings.

All of them are frozen. Nothing here reads files, prints or imports other parts of qmsctl.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

FieldPath = tuple[str | int, ...]
"""Where a value stands inside an item: ``("steps", 2, "who")``."""

Marks = Mapping[FieldPath, tuple[int, int, int, int, int]]
"""Field path -> (line, column, end column) of the value and (line, column) of its key; all from 1."""

_MANY = 2_000
LEVELS = ("error", "warning", "note")

PLACEHOLDER = "To be written."
"""Stands in a new item where only a person knows what to write."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file. Lines and columns count from 1; ``end_column`` is exclusive, 0 if unknown."""

    path: str
    line: int = 1
    column: int = 1
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check has to say about a place; ``level`` is set by the runner of checks."""

    check: str
    message: str
    position: Position
    help: str = ""
    level: str = "error"
    item: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One file with an id and a type. ``fields`` holds its data; treat it as read-only."""

    id: str
    type: str
    path: str
    fields: Mapping[str, Any]
    marks: Marks = dataclasses.field(repr=False, default_factory=dict)
    body: str = dataclasses.field(repr=False, default="")
    body_line: int = 0
    shipped: bool = False

    @property
    def title(self) -> str:
        """What readers call it; the id where it has no title."""
        return str(self.fields.get("title") or self.id)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or the default where it is absent."""
        return self.fields.get(name, default)

    def position(self, *path: str | int, key: bool = False) -> Position:
        """Return where a value (or, with ``key``, its key) stands; the nearest parent if it is absent."""
        steps: FieldPath = path
        while True:
            mark = self.marks.get(steps)
            if mark is not None:
                if key or steps != path:
                    return Position(self.path, mark[3], mark[4], _key_end(mark, steps))
                return Position(self.path, mark[0], mark[1], mark[2])
            if not steps:
                return Position(self.path)
            steps = steps[:-1]


def _key_end(mark: tuple[int, int, int, int, int], path: FieldPath) -> int:
    name = path[-1] if path else 0
    return mark[4] + len(name) if isinstance(name, str) else 0


@dataclass(frozen=True, slots=True)
class Translation:
    """An item in another language: a file beside it. ``content`` holds what is translated, under the source's id.

    ``of_revision`` is the revision of the source that was translated; ``done`` is false where it was begun only.
    """

    content: Item
    language: str
    of_revision: str
    done: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A keyed part of an item: a step, an output, a clause. Its address is ``ref``."""

    item: str
    field: str
    key: str
    title: str
    index: int
    ref: str
    data: Mapping[str, Any] = dataclasses.field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A reference as it was written. ``target`` is the text; ``to`` the item id it names, if it exists."""

    source: str
    field: str
    path: FieldPath
    target: str
    position: Position
    to: str = ""
    part: str = ""
    source_part: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is due on a day, and the role that has to see to it."""

    item: str
    what: str
    on: str
    who: str
    position: Position


@dataclass(frozen=True, slots=True)
class Qms:
    """A loaded system: its items by id, what was found while reading, and the names of people."""

    root: str
    items: Mapping[str, Item]
    findings: tuple[Finding, ...] = ()
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    files: int = 0
    translations: tuple[Translation, ...] = ()

    def of_type(self, name: str) -> list[Item]:
        """Return the items of one type, by id."""
        return [item for item in self.items.values() if item.type == name]


def mapping_of(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one for anything else that stands in its place."""
    return value if isinstance(value, Mapping) else {}


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings in a list; what else stands there is told by its schema."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def nearest(wanted: str, known: list[str], most: int = 3) -> list[str]:
    """Return the known names most like the wanted one, best first; empty if none is close."""
    import difflib

    if len(known) > _MANY:  # comparing takes 30 µs a name, so of a long list only what begins alike is compared
        known = sorted(known, key=lambda name: -len(commonprefix((wanted, name))))[:_MANY]  # noqa: RUF071 - names, no paths: letters are meant
    return difflib.get_close_matches(wanted, known, n=most, cutoff=0.6)


def slug(text: str) -> str:
    """Return the text as a lower-case file name part: letters, digits and hyphens only."""
    import re
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def harmless(text: str) -> str:
    """Return a title with look-alikes for the signs that mean something in HTML, for themes that do not escape."""
    table = {"<": "‹", ">": "›", "&": "＆", '"': "”", "{": "(", "}": ")", "`": "’"}
    return " ".join("".join(table.get(c, c) for c in text).split())


def add_period(day: str, period: str) -> str:
    """Return the ISO date ``period`` ("12 months", "90 days") after an ISO date. Raises ValueError."""
    import calendar
    import datetime

    number, unit = period.split()
    start = datetime.date.fromisoformat(day)
    count = int(number)
    if unit in ("days", "weeks"):
        return (start + datetime.timedelta(days=count * (7 if unit == "weeks" else 1))).isoformat()
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    if year > 9999:
        raise ValueError(f"{period} after {day} is beyond the year 9999")
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(start.day, last)).isoformat()
