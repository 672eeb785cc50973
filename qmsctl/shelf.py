"""Results kept below build/cache between runs: taken only if whole and made under the same conditions.

A file holds a checksum, the key it was made under, and data without any code, so that one from elsewhere can be damaged
or out of date, and does no more than cost time. It is written whole; of two that write at once, the last one stays.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import marshal
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from qmsctl import __version__
from qmsctl.atomic import write_whole

FOLDER = Path("build", "cache")
Tail = bytes | memoryview
"""Data that is kept as it is, behind a value."""
LARGE = 1_000_000
"""Bytes of a file in which looking for garbage takes time that is felt."""
_MAGIC = b"qmsctl 2\n"
_PACKAGE = Path(__file__).parent
_SOURCES = (".py", ".yaml", ".j2", ".css", ".js", ".yml")


@dataclass
class _Held:
    """The values of the files in a folder, each with its key; ``later`` names those whose file has an earlier one."""

    folder: Path
    values: dict[Path, tuple[bytes, Any, Tail]] = field(default_factory=dict)
    later: set[Path] = field(default_factory=set)


_held: _Held | None = None


def digest(*parts: object) -> bytes:
    """Return a fingerprint of values that have a faithful text."""
    found = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "big"))
        found.update(data)
    return found.digest()


@lru_cache(maxsize=1)
def tool_key() -> bytes:
    """Return a fingerprint of this program and of the Python that runs it; another one keeps results of its own."""
    rows = []
    for folder, below, names in os.walk(_PACKAGE):
        below[:] = [name for name in below if name != "__pycache__"]
        for name in names:
            if name.endswith(_SOURCES):
                place = os.path.join(folder, name)
                found = os.stat(place)
                rows.append((place, found.st_size, found.st_mtime_ns))
    return digest(__version__, sys.version, marshal.version, sorted(rows))


@contextlib.contextmanager
def in_memory(root: Path) -> Iterator[None]:
    """Hold what is kept of a system in memory within, for a process that looks at it again and again.

    What was not kept before is written at once, so that long work is not lost with the process; what takes its
    place is written at the end.
    """
    global _held  # noqa: PLW0603 - the one place that says whether values are held
    held = _held = _Held(root / FOLDER)
    try:
        yield
    finally:
        _held = None
        for file in sorted(held.later):
            write(file, *held.values[file])


def read(file: Path, key: bytes) -> Any:
    """Return what was kept under a key; None if there is nothing, or nothing whole.

    A dictionary, also one in a tuple, is the reader's own; what lies in it is shared and not to be changed.
    """
    return read_with_tail(file, key)[0]


def read_with_tail(file: Path, key: bytes) -> tuple[Any, Tail]:
    """Return what was kept under a key, and the data behind it that was kept as it is."""
    if _held is None or file.parent != _held.folder:
        return _stored(file, key)
    if file not in _held.values:
        _held.values[file] = (key, *_stored(file, key))
    made_under, value, tail = _held.values[file]
    return (_own(value), tail) if made_under == key else (None, b"")


def _own(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(dict(part) if isinstance(part, dict) else part for part in value)
    return dict(value) if isinstance(value, dict) else value


class _Reader(threading.Thread):
    """Reads kept files one after the other."""

    def __init__(self, files: Iterable[Path]) -> None:
        super().__init__(daemon=True)
        self._read = {file: threading.Event() for file in files}
        self._found: dict[Path, memoryview | None] = {}

    def run(self) -> None:
        for file, event in self._read.items():
            try:
                self._found[file] = _whole(file)
            finally:
                event.set()

    def knows(self, file: Path) -> bool:
        return file in self._read

    def take(self, file: Path) -> memoryview | None:
        self._read[file].wait()
        return self._found.pop(file) if file in self._found else _whole(file)


_reader: _Reader | None = None


def read_ahead(files: Iterable[Path]) -> None:
    """Read kept files in a thread of their own, while something else is done, for those who ask for them later."""
    global _reader  # noqa: PLW0603 - the one thread that does so
    settle()
    _reader = _Reader(files)
    _reader.start()


def settle() -> None:
    """Wait until nothing is read ahead any more."""
    if _reader is not None:
        _reader.join()


def _stored(file: Path, key: bytes) -> tuple[Any, Tail]:
    body = _reader.take(file) if _reader is not None and _reader.knows(file) else _whole(file)
    if body is None or body[:32] != key:
        return None, b""
    end = 40 + int.from_bytes(body[32:40], "big")
    try:
        with _left_alone() if len(body) > LARGE else contextlib.nullcontext():
            return marshal.loads(body[40:end]), body[end:]
    except (ValueError, EOFError, TypeError):
        return None, b""


def _whole(file: Path) -> memoryview | None:
    """Return the key and the data of a file, if it is whole."""
    try:
        if file.is_symlink() or file.parent.is_symlink():
            return None
        data = file.read_bytes()
    except OSError:
        return None
    start = len(_MAGIC)
    body = memoryview(data)[start + 32 :]
    whole = data[:start] == _MAGIC and hashlib.sha256(body).digest() == data[start : start + 32]
    return body if whole else None


@contextlib.contextmanager
def _left_alone() -> Iterator[None]:
    """Let nobody look for garbage among what is read within, then or later: it has no cycles, and is much."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if on:
            gc.enable()


def write(file: Path, key: bytes, value: Any, tail: Tail = b"") -> None:
    """Keep a value of plain data, and data behind it as it is. Where nothing can be written, nothing is kept."""
    if _held is not None and file.parent == _held.folder:
        known = file in _held.values and _held.values[file][1] is not None
        _held.values[file] = (key, _own(value), tail)
        if known:
            _held.later.add(file)
            return
    data = marshal.dumps(value)
    body = b"".join((key, len(data).to_bytes(8, "big"), data, tail))
    if any(place.is_symlink() for place in (file.parent, file.parent.parent)):
        return
    with contextlib.suppress(OSError):
        ignored = file.with_name(".gitignore")
        if not ignored.is_file():
            write_whole(ignored, "# Results kept between runs; delete the folder at any time.\n*\n")
        write_whole(file, _MAGIC + hashlib.sha256(body).digest() + body)


Tables = tuple[dict[str, Any], ...]


class Rows:
    """Tables of rows by name, in two files: most rows, and what differs since, so that one change does not write all."""

    def __init__(self, file: Path, key: bytes) -> None:
        self._file, self._key = file, key
        found = read(file, key)
        self._name: bytes = found[0] if found else b""
        self._most: Tables = found[1] if found else ()
        self.tables: Tables | None = tuple(map(dict, self._most)) if found else None
        """What was kept; None if there is nothing."""
        for table, (changed, gone) in zip(self.tables or (), self._recent() or (), strict=False):
            table.update(changed)
            for name in gone:
                table.pop(name, None)

    def _recent(self) -> Any:
        return read(self._file.with_name(f"{self._file.name}-recent"), digest(self._key, self._name))

    def write(self, tables: Tables) -> None:
        """Keep tables, as many as before, in place of what was kept."""
        differing = [_difference(*pair) for pair in zip(self._most, tables, strict=False)]
        many = sum(map(len, self._most))
        if len(self._most) != len(tables) or sum(len(row) for pair in differing for row in pair) > many // 8:
            name = digest(time.time_ns(), os.getpid())
            write(self._file, self._key, (name, tables))
        else:
            write(self._file.with_name(f"{self._file.name}-recent"), digest(self._key, self._name), differing)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the rows that are new or another, and the names of those that are gone."""
    changed = {name: row for name, row in after.items() if name not in before or before[name] != row}
    return changed, [name for name in before if name not in after]
