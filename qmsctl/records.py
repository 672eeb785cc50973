"""What was read of each file, as plain data that is kept between runs and unpacked only where it is needed."""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from qmsctl import frontmatter, parallel, shelf, tracking
from qmsctl.itemfile import Sink, bytes_of, is_large, item_of
from qmsctl.model import BodyLinkRow, Fields, Finding, Item, Outline, Packed, PartRow, Position
from qmsctl.references import Ids, outline_of
from qmsctl.schema import ItemType
from qmsctl.timing import count, stage

CATALOGUES = Path(__file__).parent / "standards"
FOLDERS = {"catalogue": "catalogues", "clause-mapping": "clause-mappings"}
SHIPPED = "shipped:"
FILE = "items"
RECENT = "items-recent"
_ID = re.compile(rb"^id:[ \t]*[\"']?([A-Za-z0-9_-]+)", re.MULTILINE)
_AT_LEAST = 250
"""For fewer files another process costs more than it saves."""
_SETTLED = 2_000_000_000
"""Nanoseconds after which a file that is written again is sure to get another time."""

Progress = Callable[[int, int], None]
Said = tuple[str, str, int, int, int, str, str]
"""A finding on a file: check, message, line, column, end column, help, item."""
Links = tuple[BodyLinkRow, ...]
Parcels = tuple[bytes, bytes, bytes] | tuple[int, int, int, int]
"""Fields, marks and references of an item, packed; or where they begin and end behind the large file of records."""
Content = tuple[str, str, str, int, tuple[PartRow, ...], tuple[str, ...], Links, bytes, Parcels]
"""An item: id, type, body, line of the body, parts, targets, links in the text, cells; see `model.Outline`."""
Record = tuple[tuple[Said, ...], Content | None]
NOTHING: Record = ((), None)
_FEW = 20
State = tuple[int, int, int, int]
"""How a file looks from outside: size, time of its content, time of its entry, number of its entry."""


Row = tuple[State, bytes, Record]
"""Of a file: how it looks, the fingerprint of its content, what was read."""


def state_of(found: os.stat_result) -> State:
    """Return how a file looks from outside. Its entry's time cannot be set by hand."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


@dataclass
class Reading:
    """The records of a system: those kept from the run before, and those made now."""

    root: Path
    types: Mapping[str, ItemType]
    folders: Mapping[str, str]
    ids: Ids
    kept: bool
    parsed: int = 0
    """How many files were parsed now."""
    _now: dict[str, Row] = field(default_factory=dict)
    _most: dict[str, Row] = field(default_factory=dict)
    """What the large file holds."""
    _tail: shelf.Tail = b""
    """What stands in it behind that."""
    _recent: dict[str, Row] = field(default_factory=dict)
    """What the small file holds instead, so that one change does not write all anew."""
    _name: bytes = b""
    _written: tuple[int, int] = (0, 0)
    """When the large and the small file were written, in nanoseconds."""
    _stale: bool = False

    def __post_init__(self) -> None:
        found, self._tail = shelf.read_with_tail(self._file, self._key) if self.kept else (None, b"")
        if found is None or found[1] != self.ids.pattern:
            return
        written, _, self._name, self._most = found
        newer = shelf.read(self._file.with_name(RECENT), self._key_of_recent)
        self._recent = newer[1] if newer else {}
        self._written = written, newer[0] if newer else 0

    def _row(self, name: str) -> tuple[Row | None, int]:
        """Return what is known of a file, and when that was written down."""
        found = self._recent.get(name)
        return (found, self._written[1]) if found is not None else (self._most.get(name), self._written[0])

    @property
    def _file(self) -> Path:
        return self.root / shelf.FOLDER / FILE

    @property
    def _key_of_recent(self) -> bytes:
        return shelf.digest(self._key, self._name)

    @cached_property
    def _key(self) -> bytes:
        kinds = [(name, kind.fingerprint) for name, kind in self.types.items()]
        return shelf.digest(shelf.tool_key(), kinds, sorted(self.folders.items()))

    def read(self, files: Mapping[str, State], sink: Sink, progress: Progress | None = None) -> dict[str, Record]:
        """Return the records of files by path. ``sink`` gets what is wrong with those that cannot be read at all."""
        found: dict[str, Record] = {}
        changed: list[tuple[str, bytes]] = []
        for path, state in files.items():
            known, written = self._row(path)
            if known is not None and known[0] == state and max(state[1], state[2]) + _SETTLED < written:
                self._now[path] = known
                continue
            self._stale = True
            data = bytes_of(self.root, path, sink, is_large(path, self.folders))
            if data is None:
                continue
            digest = hashlib.sha256(data).digest()
            if known is None or known[1] != digest:
                changed.append((path, data))
            self._now[path] = (state, digest, known[2] if known is not None else NOTHING)
        if len(changed) >= _AT_LEAST:
            shelf.settle()  # beside another thread no process can be forked
        with stage("parsing"):
            records = parallel.spread(lambda share: self._parse(share, progress), changed, _AT_LEAST)
        self.parsed += len(records)
        count("cache hits", len(files) - len(changed))
        count("cache misses", len(changed))
        for (path, _), record in zip(changed, records, strict=True):
            self._now[path] = (*self._now[path][:2], record)
        for path in files:
            if path in self._now:
                found[path] = self._now[path][2]
        return found

    def _parse(self, share: Sequence[tuple[str, bytes]], progress: Progress | None) -> list[Record]:
        found = []
        for number, (path, data) in enumerate(share):
            if progress is not None and number % 50 == 0:
                progress(number, len(share))
            sink = Sink()
            item = item_of(path, data, self.types, self.folders, sink)
            found.append((tuple(map(said_of, sink.findings)), self._content(item) if item is not None else None))
        return found

    def shipped(self, file: Path, kind: str) -> Item:
        """Return a catalogue or mapping that comes with qmsctl."""
        name = f"{SHIPPED}{kind}/{file.name}"
        state = state_of(file.stat())
        known, _ = self._row(name)
        if known is None or known[0] != state:
            self._stale = True
            parsed = frontmatter.parse_file(file.read_bytes(), markdown=False)
            item = Item(file.stem, kind, "", parsed.fields or {}, parsed.marks, shipped=True)
            known = (state, shelf.digest(state), ((), self._content(item)))
        self._now[name] = known
        found = self.item_of(name, shipped=f"{FOLDERS[kind]}/{file.name}")
        assert found is not None
        return found

    def _content(self, item: Item) -> Content:
        outline = outline_of(item, self.types[item.type], self.ids)
        fields, marks, rows = item.fields.plain, marshal.dumps(dict(item.marks)), marshal.dumps(outline.rows)
        cells = {name: _print(marshal.dumps(value, 2)) for name, value in fields.items()}
        cells[tracking.BODY] = _print(item.body.encode())
        cells[tracking.BODY_LINKS] = _print(marshal.dumps(outline.body_links, 2))
        cells[tracking.PLACES] = _print(marks + rows)
        cells[tracking.PARTS] = _print(marshal.dumps(outline.parts, 2))
        said = [(row[0], row[1] if row[7] >= 0 else (), row[2], row[6]) for row in outline.rows]
        cells[tracking.LINKS_FROM] = _print(marshal.dumps(said, 2))
        cells[tracking.CLAUSE_LINKS] = _print(marshal.dumps([row for row in said if "/" in row[2]], 2))
        return (
            item.id,
            item.type,
            item.body,
            item.body_line,
            outline.parts,
            outline.targets,
            outline.body_links,
            marshal.dumps(cells, 2),
            (marshal.dumps(fields), marks, rows),
        )

    def item_of(self, name: str, shipped: str = "") -> Item | None:
        """Return the item of a file that was read, or of a shipped one, by its path; None if it holds none."""
        _, digest, (_, content) = self._now[name]
        if content is None:
            return None
        id, kind, body, line, parts, targets, links, cells, parcels = content
        fields, marks, rows = self._parcels(parcels)
        outline = Outline(self.ids.pattern, parts, targets, rows, links)
        data, path = Fields(id, None, fields), shipped or name
        return Item(id, kind, path, data, marks, body, line, bool(shipped), outline, (digest, cells))

    def _parcels(self, parcels: Parcels) -> tuple[Packed, Packed, Packed]:
        """Return fields, marks and references of an item, packed."""
        if len(parcels) == 3:
            return parcels
        start, marks, rows, end = parcels
        return self._tail[start:marks], self._tail[marks:rows], self._tail[rows:end]

    def _whole(self, row: Row) -> Row:
        """Return a row that can stand without the large file."""
        state, digest, (said, content) = row
        if content is None or len(content[-1]) == 3:
            return row
        fields, marks, rows = map(bytes, self._parcels(content[-1]))
        return state, digest, (said, (*content[:-1], (fields, marks, rows)))

    def _apart(self) -> tuple[dict[str, Row], bytes]:
        """Return all rows in use, and what stands behind them: most of it is mostly not looked at."""
        rows: dict[str, Row] = {}
        tail = bytearray()
        for name, row in self._now.items():
            state, digest, (said, content) = row
            if content is not None:
                at = [len(tail)]
                for parcel in self._parcels(content[-1]):
                    tail += parcel
                    at.append(len(tail))
                row = state, digest, (said, (*content[:-1], (at[0], at[1], at[2], at[3])))
            rows[name] = row
        return rows, bytes(tail)

    def keep(self) -> None:
        """Keep all records in use, if there are others than the run before has kept."""
        if not self.kept or not self._stale:
            return
        other = {name: row for name, row in self._now.items() if self._most.get(name) is not row}
        with stage("keeping what was read"):
            if self._most and len(other) <= max(_FEW, len(self._most) // 50):
                recent = {name: self._whole(row) for name, row in other.items()}
                shelf.write(self._file.with_name(RECENT), self._key_of_recent, (time.time_ns(), recent))
            else:
                self._name = os.urandom(16)
                rows, tail = self._apart()
                shelf.write(self._file, self._key, (time.time_ns(), self.ids.pattern, self._name, rows), tail)


def findings_of(path: str, said: Iterable[Said]) -> list[Finding]:
    """Return what was wrong with a file when it was parsed."""
    return [
        Finding(check, message, Position(path, line, column, end), help, item=item)
        for check, message, line, column, end, help, item in said
    ]


def _print(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=7).digest(), "big")


def said_of(finding: Finding) -> Said:
    at = finding.position
    return finding.check, finding.message, at.line, at.column, at.end_column, finding.help, finding.item


def ids_in(root: Path, files: Iterable[str], types: Mapping[str, ItemType], folder: str, names: Iterable[str]) -> Ids:
    """Return what finds ids in prose, as the files in the folder of catalogues and the names of shipped ones have it.

    The ids are looked for without parsing; the graph has the last word.
    """
    found = set(names)
    for path in files:
        if path.startswith(f"{folder}/"):
            with contextlib.suppress(OSError), (root / path).open("rb") as stream:
                match = _ID.search(stream.read(4096))
                found |= {match.group(1).decode()} if match else set()
    return Ids(types, found)
