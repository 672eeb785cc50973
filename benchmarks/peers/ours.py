"""qmsctl itself, run as a user runs it: on the generated system as it lies in Git."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.content import Entry
from benchmarks.peers.peer import Peer, Way, count_pages


def _write(entries: Sequence[Entry], folder: Path) -> None:
    """Nothing to write: the generator has made the files."""


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    tool, build = str(programs / "qmsctl"), folder / "build"
    change = folder / edited.path
    left = (build, folder / ".git" / "qmsctl")
    return (
        Way(
            "check",
            "qmsctl",
            (tool, "check"),
            folder,
            change,
            left,
            fault=(f'id: "{edited.id}"', 'id: "SOP-x"'),
            always=True,
        ),
        Way(
            "site",
            "qmsctl",
            (tool, "site", "build", "--preview"),
            folder,
            change,
            left,
            output=build / "site",
            made=count_pages,
        ),
    )


PEER = Peer("qmsctl", (), _write, _ways)
