"""What a peer is, and the ways in which it does a piece of work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.content import Entry

COLD, WARM, CHANGED = "cold", "warm", "changed"
STEPS = {
    COLD: "nothing of an earlier run is left",
    WARM: "run again, nothing changed",
    CHANGED: "run again after one sentence of one document changed",
}


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing a piece of work.

    ``cold`` are the files and folders that are removed before a cold run, ``change`` is the file that holds the
    document that is edited, ``made`` counts in ``output`` what the run has to have made, so that a run that did
    nothing is not taken for a fast one. ``fault`` is a text and what takes its place, which the tool has to refuse.
    ``settle`` runs it once before it is measured; with ``commits`` the edited document is also committed; ``most`` is the largest size it is run at, and ``because`` says why.
    With ``always`` it is run once at every size, also when the time is over.
    """

    area: str
    label: str
    command: tuple[str, ...]
    folder: Path
    change: Path | None = None
    cold: tuple[Path, ...] = ()
    steps: tuple[str, ...] = (COLD, WARM, CHANGED)
    output: Path | None = None
    made: Callable[[Path], int] | None = None
    fault: tuple[str, str] | None = None
    settle: bool = False
    commits: bool = False
    always: bool = False
    most: int = 0
    because: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: what pip installs, how content is written for it, and the ways it is run.

    ``write`` gets the content and a folder; ``ways`` gets that folder, the folder of programs of the peer's own
    environment, and the document that is edited.
    """

    name: str
    packages: tuple[str, ...]
    write: Callable[[Sequence[Entry], Path], None]
    ways: Callable[[Path, Path, Entry], tuple[Way, ...]]


def write_text(file: Path, text: str) -> None:
    """Write a file and the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def count_pages(folder: Path) -> int:
    """Count the pages of a site."""
    return sum(1 for _ in folder.rglob("*.html"))
