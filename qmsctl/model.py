"""The values everything else is made of: positions, items, links, findings.

Nobody changes them. Nothing here reads files or prints; only `tracking` is told what is read.
"""

from __future__ import annotations

import dataclasses
import marshal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

from qmsctl import tracking

FieldPath = tuple[str | int, ...]
"""Where a value stands inside an item: ``("steps", 2, "who")``."""

Marks = Mapping[FieldPath, tuple[int, int, int, int, int]]
"""Field path -> (line, column, end column) of the value and (line, column) of its key; all from 1."""

Stamp = tuple[bytes, bytes]
"""Fingerprints of a file as a whole, and of each cell made from it, packed: few are ever looked at; see `tracking`."""
Packed = bytes | memoryview
"""Data that is unpacked when it is first read."""
_PACKED = (bytes, memoryview)
PartRow = tuple[str, str, str, int]
BodyLinkRow = tuple[str, int, int, bool]
ReferenceRow = tuple[str, FieldPath, str, int, int, int, str, int]

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


class Fields(Mapping[str, Any]):
    """The data of an item: unpacked when it is first read, and every reading is told to who listens."""

    __slots__ = ("_data", "_id", "_packed")

    def __init__(self, id: str, data: dict[str, Any] | None, packed: Packed = b"") -> None:
        self._id = id
        self._data = data
        self._packed = packed

    @property
    def plain(self) -> dict[str, Any]:
        """The data as it is, without telling anybody."""
        if self._data is None:
            found: dict[str, Any] = marshal.loads(self._packed)
            self._data, self._packed = found, b""
        return self._data

    def __getitem__(self, name: str) -> Any:
        if tracking.now is not None:
            tracking.now[name].add(self._id)
        return self.plain[name]

    def get(self, name: str, default: Any = None) -> Any:
        if tracking.now is not None:
            tracking.now[name].add(self._id)
        return self.plain.get(name, default)

    def __contains__(self, name: object) -> bool:
        if tracking.now is not None:
            tracking.now[str(name)].add(self._id)
        return name in self.plain

    def __iter__(self) -> Iterator[str]:
        tracking.saw(tracking.ALL, self._id)
        return iter(self.plain)

    def __len__(self) -> int:
        tracking.saw(tracking.ALL, self._id)
        return len(self.plain)

    def __eq__(self, other: object) -> bool:
        tracking.saw(tracking.ALL, self._id)
        return bool(self.plain == (dict(other) if isinstance(other, Fields) else other))

    __hash__ = None  # type: ignore[assignment]  # data that may hold lists

    def __repr__(self) -> str:
        return repr(self.plain)


class Item:
    """One file with an id and a type. ``fields`` holds its data; treat it as read-only.

    ``outline`` and ``stamp`` are there where the loader has made them.
    """

    __slots__ = ("_body", "_marks", "body_line", "fields", "id", "outline", "path", "shipped", "stamp", "type")

    def __init__(
        self,
        id: str,
        type: str,
        path: str,
        fields: Mapping[str, Any],
        marks: Marks | Packed | None = None,
        body: str = "",
        body_line: int = 0,
        shipped: bool = False,
        outline: Outline | None = None,
        stamp: Stamp | None = None,
    ) -> None:
        self.id = id
        self.type = type
        self.path = path
        self.fields = fields if isinstance(fields, Fields) else Fields(id, dict(fields))
        self._marks: Marks | Packed = {} if marks is None else marks
        self._body = body
        self.body_line = body_line
        self.shipped = shipped
        self.outline = outline
        self.stamp = stamp

    @property
    def body(self) -> str:
        """The text below the front matter."""
        if tracking.now is not None:
            tracking.now[tracking.BODY].add(self.id)
        return self._body

    @property
    def marks(self) -> Marks:
        """Where everything stands."""
        tracking.saw(tracking.PLACES, self.id)
        if isinstance(self._marks, _PACKED):
            found: Marks = marshal.loads(self._marks)
            self._marks = found
            return found
        return self._marks

    @property
    def title(self) -> str:
        """What readers call it; the id where it has no title."""
        return str(self.fields.get("title") or self.id)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or the default where it is absent."""
        return self.fields.get(name, default)

    def saying(self, fields: Mapping[str, Any], body: str, keeps_stamp: bool = False) -> Item:
        """Return the same item with other data and text; its stamp stays where the others are known from elsewhere."""
        stamp = self.stamp if keeps_stamp else None
        return Item(
            self.id, self.type, self.path, dict(fields), self._marks, body, self.body_line, self.shipped, None, stamp
        )

    def position(self, *path: str | int, key: bool = False) -> Position:
        """Return where a value (or, with ``key``, its key) stands; the nearest parent if it is absent."""
        marks = self.marks
        steps: FieldPath = path
        while True:
            mark = marks.get(steps)
            if mark is not None:
                if key or steps != path:
                    return Position(self.path, mark[3], mark[4], _key_end(mark, steps))
                return Position(self.path, mark[0], mark[1], mark[2])
            if not steps:
                return Position(self.path)
            steps = steps[:-1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item) and all(
            getattr(self, name) == getattr(other, name)
            for name in ("id", "type", "path", "fields", "marks", "body", "body_line", "shipped")
        )

    __hash__ = None  # type: ignore[assignment]  # its data may hold lists

    def __repr__(self) -> str:
        return f"Item({self.id!r}, {self.type!r}, {self.path!r}, {self.fields!r})"


class Outline:
    """What the graph needs of an item, made from the item alone: its parts, and what it refers to.

    ``parts`` are (field, key, title, index), ``targets`` the texts of all references in order; ``rows`` say of each
    (field, path, target, line, column, end column, address of the part it stands in, place in the type's links or -1).
    ``body_links`` are the links and pictures of its text: (target, line, column, whether it is a picture).
    ``pattern`` tells by which pattern of ids the references in prose were found.
    """

    __slots__ = ("_rows", "body_links", "parts", "pattern", "targets")

    def __init__(
        self,
        pattern: str,
        parts: tuple[PartRow, ...],
        targets: tuple[str, ...],
        rows: Packed | tuple[ReferenceRow, ...],
        body_links: tuple[BodyLinkRow, ...],
    ) -> None:
        self.pattern = pattern
        self.parts = parts
        self.targets = targets
        self.body_links = body_links
        self._rows: Packed | tuple[ReferenceRow, ...] = rows

    @property
    def rows(self) -> tuple[ReferenceRow, ...]:
        """The references."""
        if isinstance(self._rows, _PACKED):
            found: tuple[ReferenceRow, ...] = marshal.loads(self._rows)
            self._rows = found
            return found
        return self._rows


class Items(dict[str, Item]):
    """Items by id; who listens is told which are looked for, and when all are gone through."""

    def silently(self) -> Iterator[Item]:
        """Yield all items without telling anybody."""
        return iter(super().values())

    def __getitem__(self, id: str) -> Item:
        if tracking.now is not None:
            tracking.now[tracking.EXISTS].add(id)
        return super().__getitem__(id)

    def get(self, id: str, default: Any = None) -> Item | None:  # type: ignore[override]  # one default is enough
        if tracking.now is not None:
            tracking.now[tracking.EXISTS].add(id)
        found: Item | None = super().get(id, default)
        return found

    def __contains__(self, id: object) -> bool:
        if tracking.now is not None:
            tracking.now[tracking.EXISTS].add(str(id))
        return super().__contains__(id)

    def __iter__(self) -> Iterator[str]:
        tracking.saw(tracking.EXISTS, tracking.ALL)
        return super().__iter__()

    def keys(self) -> Any:
        tracking.saw(tracking.EXISTS, tracking.ALL)
        return super().keys()

    def values(self) -> Any:
        tracking.saw(tracking.EXISTS, tracking.ALL)
        return super().values()

    def items(self) -> Any:
        tracking.saw(tracking.EXISTS, tracking.ALL)
        return super().items()


def _key_end(mark: tuple[int, int, int, int, int], path: FieldPath) -> int:
    name = path[-1] if path else 0
    return mark[4] + len(name) if isinstance(name, str) else 0


@dataclass(frozen=True, slots=True)
class Translation:
    """An item in another language: a file beside it. ``content`` holds what is translated, under the source's id.

    ``of_revision`` is the revision of the source that was translated; ``done`` is false where it was begun only. ``stamp`` is a fingerprint of its file.
    """

    content: Item
    language: str
    of_revision: str
    done: bool = True
    stamp: bytes = b""


class Part:
    """A keyed part of an item: a step, an output, a clause. Its address is ``ref``."""

    __slots__ = ("_holder", "field", "index", "item", "key", "ref", "title")

    def __init__(self, holder: Item, field: str, key: str, title: str, index: int, separator: str) -> None:
        self._holder = holder
        self.item = holder.id
        self.field = field
        self.key = key
        self.title = title
        self.index = index
        self.ref = f"{holder.id}{separator}{key}"

    @property
    def data(self) -> Mapping[str, Any]:
        """The fields of the part."""
        found: Mapping[str, Any] = self._holder.fields[self.field][self.index]
        return found

    def __repr__(self) -> str:
        return f"Part({self.ref!r}, {self.title!r})"


class Link:
    """A reference as it was written. ``target`` is the text; ``to`` the item id it names, if it exists."""

    __slots__ = ("_file", "_place", "field", "part", "path", "problem", "source", "source_part", "target", "to")

    def __init__(
        self,
        source: Item,
        field: str,
        path: FieldPath,
        target: str,
        place: tuple[int, int, int],
        to: str = "",
        part: str = "",
        source_part: str = "",
        problem: str = "",
    ) -> None:
        self.source = source.id
        self.field = field
        self.path = path
        self.target = target
        self.to = to
        self.part = part
        self.source_part = source_part
        self.problem = problem
        self._file = source.path
        self._place = place

    @property
    def position(self) -> Position:
        """Where it stands."""
        tracking.saw(tracking.PLACES, self.source)
        return Position(self._file, *self._place)

    def __repr__(self) -> str:
        return f"Link({self.source!r}, {self.field!r}, {self.target!r}, {self.to!r}, {self.part!r}, {self.problem!r})"


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is due on a day, and the role that has to see to it."""

    item: str
    what: str
    on: str
    who: str
    holder: Item = dataclasses.field(repr=False, compare=False)
    path: FieldPath = dataclasses.field(repr=False, compare=False)

    @property
    def position(self) -> Position:
        """Where it is written."""
        return self.holder.position(*self.path)


@dataclass(frozen=True, slots=True)
class Qms:
    """A loaded system: its items by id, what was found while reading, and the names of people."""

    root: str
    items: Items
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
