"""What was read of the history, kept between runs: a new commit costs by itself, not by what came before it.

Two files: all up to some commit, and what came after it, which alone is written again until it has grown. Each is
behind a checksum and written in one moment; whatever does not fit is read from Git anew. The second follows the first
by the name of its last commit, which says all that came before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from qmsctl import shelf
from qmsctl.history.git import Commit, Touch

EARLIER, LATER = "history-earlier", "history-later"
GROWN = 1000
"""How many commits the second file may hold before they go into the first."""
Facts = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """The states of the main branch, oldest first, and what was read of each content, by blob id.

    ``folders`` are those whose contents were read. ``sealed`` states and ``known`` contents are in the first file.
    """

    folders: tuple[str, ...] = ()
    mainline: list[Commit] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)
    sealed: int = 0
    known: int = 0


def load(folder: Path) -> Kept:
    """Read what is kept in a folder; nothing where there is nothing, or nothing that can be relied on."""
    earlier = shelf.read(folder / EARLIER, _key())
    if earlier is None:
        return Kept()
    folders, rows, facts = earlier
    sealed, known = len(rows), len(facts)
    later = shelf.read(folder / LATER, _key(folders, rows[-1][0]))
    if later is not None:
        rows += later[0]
        facts |= later[1]
    mainline = [Commit._make((*row[:-1], tuple(map(Touch._make, row[-1])))) for row in rows]
    return Kept(folders, mainline, facts, sealed, known)


def save(folder: Path, before: Kept, folders: tuple[str, ...], mainline: list[Commit], facts: Facts) -> None:
    """Keep what was read; where ``facts`` is that of ``before``, nothing that was kept has been given up since."""
    goes_on = facts is before.facts and before.sealed and before.folders == folders
    if goes_on and len(mainline) - before.sealed <= GROWN:
        # A dict keeps its order: what was read first is what the first file holds.
        new = dict(list(facts.items())[before.known :])
        key = _key(folders, mainline[before.sealed - 1].sha)
        shelf.write(folder / LATER, key, (_rows(mainline[before.sealed :]), new))
    else:
        shelf.write(folder / EARLIER, _key(), (folders, _rows(mainline), facts))


def _key(*parts: object) -> bytes:
    return shelf.digest("history", shelf.tool_key(), *parts)


def _rows(mainline: list[Commit]) -> list[tuple[object, ...]]:
    return [(*commit[:-1], tuple(map(tuple, commit.touches))) for commit in mainline]
