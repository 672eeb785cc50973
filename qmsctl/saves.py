"""What is saved in the folder of a system, seen from outside: no file is read."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from qmsctl.approvals import codeowners
from qmsctl.history import git
from qmsctl.measures import FOLDER as MEASURES
from qmsctl.records import State, state_of

PAUSE = 0.1
SHARE = 15
"""How many times longer it waits than looking at the files took: the fewer they are, the sooner a save is seen."""
SETTLE = 0.05
TRIES = 40
"""How often it looks again until nothing changes any more: a checkout writes many files, an editor renames some."""
SKIP = {"build", "node_modules", "__pycache__"}
HIDDEN = {place.split("/")[0] for place in codeowners.PLACES if "/" in place}
"""The hidden folders in which something lies that is checked."""
_ENDS = ("~", "#", ".tmp", ".bak", ".swp", ".swx", ".part", ".orig", ".lock", "___jb_tmp___", "___jb_old___")

States = Mapping[str, State]


@dataclass(frozen=True)
class Change:
    """What was saved and deleted, as paths below the root, and whether Git has other commits or branches now."""

    saved: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    landed: bool = False


@dataclass(frozen=True)
class Look:
    """How all files of a system look from outside, and those in which Git keeps its branches."""

    files: States
    branches: States


def changes(root: Path, measures: bool = True) -> Iterator[Change]:
    """Return what is saved from now on, without an end: several files that are saved at once are one change.

    ``measures`` says whether computed values count, for one who does not compute them.
    """
    places = _places_of_git(root)
    return _changes(root, places, measures, look(root, places, measures))


def _changes(root: Path, places: tuple[Path, ...], measures: bool, seen: Look) -> Iterator[Change]:
    pause = PAUSE
    while True:
        time.sleep(pause)
        began = time.perf_counter()
        now = look(root, places, measures)
        pause = max(PAUSE, SHARE * (time.perf_counter() - began))
        if now == seen:
            continue
        for _ in range(TRIES):
            time.sleep(SETTLE)
            before, now = now, look(root, places, measures)
            if now == before:
                break
        if now != seen:  # a file that an editor wrote for a moment has come and gone
            yield change_between(seen, now)
            seen = now


def change_between(before: Look, after: Look) -> Change:
    """Return what differs between two looks."""
    saved = sorted(path for path, state in after.files.items() if before.files.get(path) != state)
    deleted = sorted(before.files.keys() - after.files.keys())
    return Change(tuple(saved), tuple(deleted), before.branches != after.branches)


def look(root: Path, places: Iterable[Path] = (), measures: bool = True) -> Look:
    """Look at all files of a system, and at ``places`` in which Git keeps its branches. No file is read."""
    files: dict[str, State] = {}
    _below(str(root), "", files)
    if measures:
        _below(str(root / MEASURES), f"{MEASURES}/", files)
    branches: dict[str, State] = {}
    for place in places:
        _below(str(place), f"{place}/", branches)
    return Look(files, branches)


def _below(folder: str, path: str, found: dict[str, State]) -> None:
    """Add all files below a folder, or the one file it is, but for those that editors write for a moment."""
    try:
        entries = os.scandir(folder)
    except NotADirectoryError:
        with contextlib.suppress(OSError):
            found[path] = state_of(os.stat(folder))
        return
    except OSError:
        return
    with entries:
        for entry in entries:
            name = entry.name
            if (name[0] == "." and name not in HIDDEN) or name.endswith(_ENDS):
                continue
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    if name not in SKIP:
                        _below(entry.path, f"{path}{name}/", found)
                elif not name.isdigit():  # as one editor tries whether it may write
                    found[path + name] = state_of(entry.stat())


def _places_of_git(root: Path) -> tuple[Path, ...]:
    """Return the files and folders in which Git keeps what the branches of a repository are; none outside Git."""
    try:
        own, common = git.run(root, "rev-parse", "--git-dir", "--git-common-dir").splitlines()
    except (git.GitFault, ValueError):
        return ()
    names = ("packed-refs", "shallow", "refs", "reftable")
    return (root / own / "HEAD", *(root / common / name for name in names))
