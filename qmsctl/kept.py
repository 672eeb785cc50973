"""Findings kept from the run before, for every check and item that was made from nothing that has changed since."""

from __future__ import annotations

import marshal
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from qmsctl import shelf, tracking
from qmsctl.model import Finding, Item, Items, Position
from qmsctl.records import state_of
from qmsctl.tracking import Cells

FILE = "findings"
LOADED = "loaded:"
"""The cell of what was found while reading, and of all translations."""
_SETTLED = 2_000_000_000

_OF_OTHERS = (tracking.LINKS_FROM, tracking.LINKS_TO, tracking.CLAUSE_LINKS)
"""Cells of an item that change with other items too."""

Row = tuple[str, str, str, int, int, int, str, str]
Known = tuple[str, str, bytes, bytes, bytes]
"""Of an item: its path, its type, the fingerprint of its file and, packed, those of its cells, and what it refers to."""
Held = Mapping[str, str]
"""The cells that something was made from: by name the ids, in one text, for most are never looked at; see `ids_of`."""


class Changes:
    """The cells that differ between two states of a system."""

    def __init__(self, before: Mapping[str, Known], after: Mapping[str, Known]) -> None:
        self.cells: Cells = tracking.cells()
        self.whole: set[str] = set()
        """Items that are new, gone, or something else than before: all their cells count as changed."""
        self.touched = {id for id, known in after.items() if before.get(id) != known} | (before.keys() - after.keys())
        shaken = set()
        for id in self.touched:
            old, new = before.get(id), after.get(id)
            if old is None or new is None or old[:2] != new[:2]:
                self.whole.add(id)
                self.cells[tracking.EXISTS].add(id)
            names = _names(old, new)
            for name in names:
                self.cells[name].add(id)
            if any(not name.endswith(":") for name in names):
                self.cells[tracking.ALL].add(id)
            if tracking.PARTS in names or id in self.whole:
                shaken.add(id)
            if tracking.LINKS_FROM in names or id in self.whole:
                for known in (old, new):
                    for target in _targets(known) if known is not None else ():
                        self.cells[tracking.LINKS_TO] |= _owners(target)
        if shaken:
            self._shake(shaken, after)

    def _shake(self, shaken: set[str], after: Mapping[str, Known]) -> None:
        """What names an item that came, went or got other parts leads elsewhere now, though its text is the same."""
        for id, known in after.items():
            for target in _targets(known):
                hit = _owners(target) & shaken
                if hit:
                    self.cells[tracking.LINKS_FROM].add(id)
                    self.cells[tracking.CLAUSE_LINKS].add(id)
                    self.cells[tracking.LINKS_TO] |= hit

    def meet(self, name: str, ids: Iterable[str]) -> bool:
        """Tell whether any of the cells of one name has changed."""
        hits = self.cells.get(name)
        if hits and (tracking.ALL in ids or not hits.isdisjoint(ids)):
            return True
        return bool(self.whole) and not self.whole.isdisjoint(ids)


def _names(one: Known | None, other: Known | None) -> set[str]:
    """The names of the cells in which two states of an item differ."""
    old: Mapping[str, int] = marshal.loads(one[3]) if one is not None else {}
    new: Mapping[str, int] = marshal.loads(other[3]) if other is not None else {}
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _targets(known: Known) -> tuple[str, ...]:
    found: tuple[str, ...] = marshal.loads(known[4])
    return found


def _owners(target: str) -> set[str]:
    """The ids that a reference may lead to."""
    return {target, *(target.split(sign, 1)[0] for sign in "#/")}


class Standing:
    """Which results of the run before still hold: nothing they were made from has changed since."""

    def __init__(self, changes: Changes, shared: Mapping[str, Held]) -> None:
        self._changes = changes
        self._shared = shared
        # After one change there are few.
        self._telling = {tracking.KEPT, *(name for name, ids in changes.cells.items() if ids)}
        self._valid: dict[str, bool] = {}

    def holds(self, held: Held) -> bool:
        """Tell whether something is still what it was."""
        names = held if self._changes.whole else held.keys() & self._telling
        return all(
            all(map(self._is_valid, ids_of(held, name)))
            if name == tracking.KEPT
            else not self._changes.meet(name, ids_of(held, name))
            for name in names
        )

    def _is_valid(self, key: str) -> bool:
        """Tell whether a value that several results share is still what it was."""
        if key not in self._valid:
            self._valid[key] = True  # what leads back to itself adds nothing
            self._valid[key] = key in self._shared and self.holds(self._shared[key])
        return self._valid[key]


class Kept:
    """What the run before found, as far as it still holds, and what this run adds to it."""

    def __init__(self, root: Path, items: Items, key: bytes, loaded: str) -> None:
        self._root = root
        self._loaded = loaded
        self._store = shelf.Rows(root / shelf.FOLDER / FILE, key)
        found = self._store.tables
        before: dict[str, Known] = found[0] if found else {}
        self._after = {item.id: known_of(item, before.get(item.id), item.path) for item in items.silently()}
        self._kept: dict[str, Held] = found[1] if found else {}
        self._checks: dict[str, tuple[Held, tuple[Row, ...]]] = found[2] if found else {}
        self._items: dict[str, tuple[Held, tuple[Row, ...]]] = found[3] if found else {}
        files: dict[str, Any] = found[4] if found else {}
        self.changes = Changes(before if found else self._after, self._after)
        self._files: dict[str, Any] = {path: state_below(root, path) for path in files}
        moved = {path for path, state in files.items() if state != self._files[path]}
        earlier = (value for held, _ in self._checks.values() for value in ids_of(held, LOADED))
        self.changes.cells[tracking.FILE] |= moved
        self.changes.cells[LOADED] |= {value for value in earlier if value != loaded}
        self._standing = Standing(self.changes, self._kept)
        self._stale = not found or bool(self.changes.touched) or bool(moved)
        self.taken = 0
        self.made = 0

    def of_check(self, name: str, make: Callable[[], list[Finding]], loaded: bool) -> list[Finding]:
        """Return what a check found, made anew only where something that it reads has changed.

        ``loaded`` says that it reads what was found while reading, or translations.
        """
        held = self._checks.get(name)
        if held is not None and self._standing.holds(held[0]):
            self.taken += 1
            return [_finding(row) for row in held[1]]
        with tracking.listening() as cells:
            found = make()
        if loaded:
            cells[LOADED].add(self._loaded)
        self._checks[name] = (held_of(cells), tuple(map(_row, found)))
        self._note()
        return found

    def of_item(self, id: str, make: Callable[[], list[Finding]]) -> list[Finding]:
        """Return what the checks of single items found in one, made anew only where something they read has changed."""
        held = self._items.get(id)
        if held is not None and id not in self.changes.touched and self._standing.holds(held[0]):
            self.taken += 1
            return [_finding(row) for row in held[1]]
        with tracking.listening() as cells:
            found = make()
        for name, ids in cells.items():
            if name not in _OF_OTHERS:
                ids.discard(id)  # a change of its own file is enough
        self._items[id] = (held_of(cells), tuple(map(_row, found)))
        self._note()
        return found

    def _note(self) -> None:
        self.made += 1
        self._stale = True

    def save(self) -> None:
        """Keep all of it for the next run."""
        if not self._stale:
            return
        kept = {**self._kept, **{key: held_of(cells) for key, cells in tracking.kept_cells.items()}}
        self._items = {id: held for id, held in self._items.items() if id in self._after}
        rows = [held for held, _ in (*self._checks.values(), *self._items.values())]
        used = used_of(rows, kept)
        rows += used.values()
        paths = {path for held in rows for path in ids_of(held, tracking.FILE)}
        files = {path: self._files[path] if path in self._files else state_below(self._root, path) for path in paths}
        self._store.write((self._after, used, self._checks, self._items, files))


def used_of(rows: Iterable[Held], kept: Mapping[str, Held]) -> dict[str, Held]:
    """Return the shared values that results rest on, also through others."""
    found: dict[str, Held] = {}
    todo = [key for held in rows for key in ids_of(held, tracking.KEPT)]
    while todo:
        key = todo.pop()
        if key not in found and key in kept:
            found[key] = kept[key]
            todo += ids_of(kept[key], tracking.KEPT)
    return found


def known_of(item: Item, before: Known | None, path: str) -> Known:
    """Return what tells whether an item has changed: what was known before, where that still holds.

    The item must have been read with its cells, by the ids that were known before. ``path`` is that of its file, and
    what else makes it another one.
    """
    assert item.stamp is not None
    if before is not None and before[2] == item.stamp[0] and before[0] == path and before[1] == item.type:
        return before
    assert item.outline is not None
    return path, item.type, item.stamp[0], item.stamp[1], marshal.dumps(item.outline.targets)


def held_of(cells: Cells) -> Held:
    """Return cells as plain data."""
    return {name: "\0".join(ids) for name, ids in cells.items() if ids}


def ids_of(held: Held, name: str) -> list[str]:
    """Return the ids of the cells of one name."""
    return held[name].split("\0") if name in held else []


def state_below(root: Path, path: str) -> Any:
    """How a file looks from outside; one that was written just now looks like nothing else."""
    try:
        found = state_of((root / path).stat())
    except (OSError, ValueError):
        return None
    return found if max(found[1], found[2]) + _SETTLED < time.time_ns() else (*found, time.time_ns())


def _row(finding: Finding) -> Row:
    at = finding.position
    return finding.check, finding.message, at.path, at.line, at.column, at.end_column, finding.help, finding.item


def _finding(row: Row) -> Finding:
    check, message, path, line, column, end, help, item = row
    return Finding(check, message, Position(path, line, column, end), help, item=item)
