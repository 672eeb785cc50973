"""Pages kept from the build before, for everything that was made from nothing that has changed since."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from qmsctl import shelf, tracking
from qmsctl.kept import Changes, Held, Known, Standing, held_of, ids_of, known_of, state_below, used_of
from qmsctl.pages.folder import look, print_of
from qmsctl.pages.view import CONTROL, FIGURES, FINDINGS, View

Made = tuple[Held, tuple[tuple[str, Any, bytes], ...], Any]
"""What a result was made from, its files with how each looks from outside and a fingerprint, and what else is known."""


class Kept:
    """What the build before made for one language, as far as it still holds, and what this one adds to it."""

    def __init__(self, view: View, key: bytes, target: Path) -> None:
        root = view.loaded.root
        self._root = root
        self._target = target
        self._store = shelf.Rows(root / shelf.FOLDER / f"pages-{view.language}", key)
        self._findings = _findings(view)
        self._figures = _figures(view)
        self._control = dict(view.control.told()) if view.control is not None else {}
        found = self._store.tables
        self._shared: dict[str, Held] = found[1] if found else {}
        self._made: dict[str, Made] = found[2] if found else {}
        before: dict[str, Known] = found[0] if found else {}
        self._after = _known(view, before)
        files: dict[str, Any] = found[3] if found else {}
        findings: dict[str, bytes] = found[4] if found else {}
        self.changes = Changes(before, self._after)
        cells = self.changes.cells
        cells[FINDINGS] |= _differing(findings, self._findings)
        cells[CONTROL] |= _differing(found[6] if found else {}, self._control)
        if found and found[5] != self._figures:
            cells[FIGURES].add(tracking.ALL)
        self._files: dict[str, Any] = {path: state_below(root, path) for path in files}
        cells[tracking.FILE] |= {path for path, state in files.items() if state != self._files[path]}
        self._standing = Standing(self.changes, self._shared)
        self._fresh: dict[str, tuple[Held, Mapping[str, bytes], Any]] = {}
        self._taken: set[str] = set()

    def holds(self, name: str, own: str = "") -> bool:
        """Tell whether a result can be taken over: nothing it was made from has changed, and its files are there.

        ``own`` is the item it is about.
        """
        made: Made | None = self._made.get(name)
        if made is None or own in self.changes.touched or not self._standing.holds(made[0]):
            return False
        place = str(self._target)
        if all(_is_below(path) and look(f"{place}/{path}") == state for path, state, _ in made[1]):
            return True
        # The folder may have been copied, or come with the store from another run.
        if not all(self._holds_still(path, seal) for path, _, seal in made[1]):
            return False
        self._made[name] = (made[0], self._looked_at({path: seal for path, _, seal in made[1]}), made[2])
        return True

    def _holds_still(self, path: str, seal: bytes) -> bool:
        """Tell whether a file holds what it did. A path never leads out of the folder that is built."""
        file = self._target / path
        try:
            return _is_below(path) and not file.is_symlink() and print_of(file.read_bytes()) == seal
        except OSError:
            return False

    def _looked_at(self, files: Mapping[str, bytes]) -> tuple[tuple[str, Any, bytes], ...]:
        return tuple((path, look(f"{self._target}/{path}"), seal) for path, seal in files.items())

    def files_of(self, kind: str) -> dict[str, tuple[Any, bytes]]:
        """Return how the files of results of a kind were left, whether or not these still hold, each with its fingerprint."""
        made = (row for name, row in self._made.items() if name.startswith(f"{kind} "))
        return {path: (state, seal) for row in made for path, state, seal in row[1]}

    def take(self, name: str) -> tuple[list[str], Any]:
        """Take a result over; return its files and what else is known of it."""
        _, files, extra = self._made[name]
        self._taken.add(name)
        return [path for path, *_ in files], extra

    def former(self, name: str) -> Any:
        """Return what else was known of a result, whether or not it still holds; None if there was none."""
        return self._made[name][2] if name in self._made else None

    def add(self, name: str, held: Held, files: Mapping[str, bytes], extra: Any = None) -> None:
        """Keep a result that was made now, with its files as they were noted."""
        self._fresh[name] = (held, files, extra)

    def save(self) -> None:
        """Keep all of it for the next build."""
        made: dict[str, Made] = {name: self._made[name] for name in self._taken}
        for name, (held, files, extra) in self._fresh.items():
            made[name] = (held, self._looked_at(files), extra)
        shared = {**self._shared, **{key: held_of(cells) for key, cells in tracking.kept_cells.items()}}
        used = used_of([row[0] for row in made.values()], shared)
        rows = [*(row[0] for row in made.values()), *used.values()]
        paths = {path for held in rows for path in ids_of(held, tracking.FILE)}
        states = {path: self._files[path] if path in self._files else state_below(self._root, path) for path in paths}
        about = self._findings, self._figures, self._control
        self._store.write((self._after, used, made, states, *about))


def kept_for(view: View, conditions: Iterable[Any], target: Path) -> Kept | None:
    """Return what is kept for a view; None where it was not read in a way that tells what has changed."""
    if any(item.stamp is None for item in view.graph.items.silently()):
        return None
    loaded = view.loaded
    kinds = [(name, kind.fingerprint) for name, kind in loaded.types.items()]
    own = [(f.name, f.read_bytes()) for f in sorted((loaded.root / "item_types").glob("*.j2")) if f.is_file()]
    names, words = sorted(loaded.qms.names.items()), sorted(view.words.table.items())
    about = (loaded.config, kinds, own, names, view.graph.ids.pattern, view.today, words)
    control = (view.control.preview, view.control.past) if view.control is not None else ""
    return Kept(view, shelf.digest(shelf.tool_key(), *about, view.language, control, *conditions), target)


def _differing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def _known(view: View, before: Mapping[str, Known]) -> dict[str, Known]:
    """What is known of each item; of a translated one also its translation, and when it was reviewed last."""
    said = {
        t.content.id: shelf.digest(t.stamp, t.done, t.content.path)
        for t in view.loaded.qms.translations
        if t.language == view.language
    }
    found = {}
    for item in view.graph.items.silently():
        view.graph.outline(item)  # of a translated text there is none yet
        # Neither is a cell of its own: with another translation or review it is another item.
        extra = f"{said.get(item.id, b'').hex()} {view.graph.reviewed.get(item.id, '')}"
        found[item.id] = known_of(item, before.get(item.id), f"{item.path} {extra}")
    return found


def _findings(view: View) -> dict[str, bytes]:
    """A fingerprint of what was found, by item; under "" that of all that belongs to none."""
    rows: dict[str, list[str]] = {"": [str(view.counted)]}
    for finding in view.found:
        rows.setdefault(finding.item, []).append(repr(finding))
    return {name: shelf.digest(found) for name, found in rows.items()}


def _figures(view: View) -> dict[str, bytes]:
    """A fingerprint of the values of measures and of what they are made of, as a table of one row or none."""
    if view.shows_figures is None:
        return {}
    kinds = ("kpi", "kpi-log", "data-source", "objective", "location", "strategy", "process", "role")
    items = [item.stamp[0] for item in view.graph.items.silently() if item.type in kinds and item.stamp is not None]
    return {"": shelf.digest(items, *_below(view.shows_figures.measures.store.folder))}


def _below(folder: Path) -> Iterable[tuple[str, bytes]]:
    """All files of a folder, each with a fingerprint."""
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            file = Path(place, name)
            yield file.relative_to(folder).as_posix(), print_of(file.read_bytes())


def _is_below(path: str) -> bool:
    if ":" in path or path.startswith("/"):
        return False
    return ".." not in path or ".." not in path.replace("\\", "/").split("/")


def made_with(work: Callable[[], Any], seen: set[str]) -> tuple[Any, Held, Mapping[str, Held]]:
    """Return what a piece of work gives, the cells it read, and those of shared values that were not ``seen`` before."""
    with tracking.listening() as cells:
        found = work()
    # New ones come last.
    news = {
        key: held_of(tracking.kept_cells[key])
        for key in takewhile(lambda key: key not in seen, reversed(tracking.kept_cells))
    }
    seen.update(news)
    return found, held_of(cells), news


def learn(news: Mapping[str, Held]) -> None:
    """Take over the cells of shared values that another process made."""
    for key, held in news.items():
        known = tracking.kept_cells.setdefault(key, tracking.cells())
        for name in held:
            known[name].update(ids_of(held, name))
