"""What is measured: areas, sizes, and the ways of each area with the files they need."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from benchmarks.generator import commit, generate
from benchmarks.peers import PEERS
from benchmarks.peers.content import Entry, read, sample
from benchmarks.peers.peer import CHANGED, COLD, WARM, Way
from benchmarks.speed.measure import Failure, clean

P = ParamSpec("P")
T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent
COMMITS, MOST_COMMITS = 2.5, 50_000
"""Commits for each item, as after some years of use; and how many at most, since Git needs long to make more."""
AREAS = {
    "limits": "What nobody can do without",
    "check": "Checking the whole system",
    "history": "The history of every document",
    "site": "Building the site",
}
SHARES = {"limits": 3, "check": 47, "history": 10, "site": 40}
"""How the time is divided among areas, in hundredths; what one leaves goes to those after it."""
BESIDE = {"check-cold": ("read and hash every file", "parse the YAML of every file")}
"""Limits that are drawn beside what is measured."""
OWN = "qmsctl"


@dataclass(frozen=True, slots=True)
class Setting:
    """Sizes by area, rounds, seconds of one run, minutes of all."""

    sizes: dict[str, tuple[int, ...]]
    rounds: int
    seconds: float
    minutes: float


SETTINGS = {
    "full": Setting(
        {"check": (100, 1000, 5000, 10_000, 50_000), "site": (100, 1000, 5000), "history": (100, 1000, 5000, 20_000), "limits": (100, 1000, 5000, 10_000, 50_000)},
        3, 150, 30,
    ),
    "small": Setting(dict.fromkeys(AREAS, (100, 300)), 1, 30, 3),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class System:
    """A generated system: its folder, how many items it has, and the document that is edited."""

    folder: Path
    size: int
    items: int
    edited: Entry


def fingerprint(*folders: Path) -> str:
    """A hash of the sources that make content, so that content is made anew when they change."""
    files = sorted(file for folder in folders for file in ([folder] if folder.is_file() else folder.rglob("*.py")))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def system(bench: Path, size: int, seed: int) -> System:
    """Make the system of a size, unless it is there as it would be made now."""
    return _apart(_system, bench, size, seed)


def _system(bench: Path, size: int, seed: int) -> System:
    folder, mark = bench / "systems" / f"{size}-{seed}", fingerprint(ROOT / "benchmarks" / "generator.py")
    if not _ready(folder, mark):
        shutil.rmtree(folder, ignore_errors=True)
        generate(folder, size, seed)
        (folder / ".gitignore").write_text("build/\n", encoding="utf-8")
        commit(folder, min(int(size * COMMITS), MOST_COMMITS), seed)
        _mark(folder, mark)
    entries = read(folder)
    return System(folder, size, len(entries), sample(entries))


def content_of(bench: Path, peer: str, made: System) -> Path:
    """Where the content of a system lies for a peer."""
    return made.folder if peer == OWN else bench / "content" / made.folder.name / peer


def written(bench: Path, peer: str, made: System) -> None:
    """Write the content of a system for a peer, unless it is there. Raises Failure."""
    if peer == OWN:
        return
    try:
        _apart(_written, content_of(bench, peer, made), peer, made)
    except Exception as error:
        raise Failure(f"its content could not be written: {type(error).__name__}: {error}") from error


def _written(folder: Path, peer: str, made: System) -> None:
    mark = fingerprint(ROOT / "benchmarks" / "generator.py", ROOT / "benchmarks" / "peers")
    if not _ready(folder, mark):
        shutil.rmtree(folder, ignore_errors=True)
        PEERS[peer].write(read(made.folder), folder)
        _mark(folder, mark)


def _apart(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do work in a process of its own: the memory of the one that measures counts as that of what it starts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given, **named).result()


def peer_ways(area: str, peers: Sequence[str], folder: Callable[[str], Path], programs: Callable[[str], Path], edited: Entry) -> Iterator[tuple[str, Way]]:  # fmt: skip
    """Yield the ways of the peers in an area, with the name of the peer."""
    for name in peers:
        for way in PEERS[name].ways(folder(name), programs(name), edited):
            if way.area == area:
                yield name, way


def history_ways(made: System, programs: Callable[[str], Path]) -> Iterator[tuple[str, Way]]:
    """Yield the ways to ask for the history of every document."""
    folder, edited = made.folder, made.edited
    tool, script = str(programs(OWN) / "qmsctl"), str(Path(__file__).with_name("past.py"))
    build, change = folder / "build", folder / edited.path
    steps = (COLD, WARM, CHANGED)
    yield (
        OWN,
        Way(
            "history",
            "qmsctl history, one document",
            (tool, "history", edited.id),
            folder,
            change,
            (build, folder / ".git" / "qmsctl"),
            steps,
            commits=True,
            always=True,
            note="reads the history of all, shows one, with revisions and states",
        ),
    )
    yield (
        OWN,
        Way(
            "history",
            "qmsctl audit-trail, all documents",
            (tool, "audit-trail", "--all", "--output", "build/trail.csv"),
            folder,
            change,
            (build, folder / ".git" / "qmsctl"),
            steps,
            commits=True,
            note="also reads every content and tells what changed from which value to which",
        ),
    )
    yield (
        "gitpython",
        Way(
            "history",
            "git log, path by path",
            (sys.executable, script, "git", str(folder)),
            folder,
            steps=(COLD,),
            note="commits only",
        ),
    )
    yield (
        "gitpython",
        Way(
            "history",
            "GitPython, path by path",
            (str(programs("gitpython") / "python"), script, "gitpython", str(folder)),
            folder,
            steps=(COLD,),
            note="commits only",
        ),
    )


def limit_ways(made: System) -> Iterator[tuple[str, Way]]:
    """Yield what any tool has to do, as programs of their own."""
    said = {
        "start": "start Python",
        "read": "read and hash every file",
        "parse": "parse the YAML of every file",
        "page": "one document to HTML",
    }
    for work, label in said.items():
        command = (sys.executable, str(Path(__file__).with_name("limits.py")), work, str(made.folder))
        yield (
            OWN,
            Way("limits", label, command, made.folder, steps=(COLD,), settle=True),
        )  # files just made may lie on the disk only


def environment_of(name: str) -> tuple[str, ...]:
    """The packages of the environment that a peer runs in; none for our own."""
    return ("GitPython",) if name == "gitpython" else PEERS[name].packages


def own_version(programs: Path) -> str:
    """The version of qmsctl and the commit it is of."""
    said = subprocess.run([str(programs / "qmsctl"), "--version"], capture_output=True, text=True, check=True).stdout
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    commit = subprocess.run(asked, capture_output=True, text=True, check=False, env=clean(os.environ)).stdout.strip()
    return said.split()[-1] + (f", commit {commit}" if commit else "")


def _ready(folder: Path, mark: str) -> bool:
    stamp = folder.parent / f"{folder.name}.made"
    return folder.is_dir() and stamp.is_file() and stamp.read_text() == mark


def _mark(folder: Path, mark: str) -> None:
    (folder.parent / f"{folder.name}.made").write_text(mark)
