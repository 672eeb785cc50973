"""Runs the ways of an area in turns, round by round, and keeps what each took or why it was not run."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import CHANGED, COLD, Way
from benchmarks.speed.measure import Failure, Run, attempt, clean, run

QUICK, SLOW = 5.0, 30.0
"""Seconds: below the first all rounds are run, above the second only one, between them two."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a benchmark goes: rounds, seconds of one run, and the moment at which it has to end.

    What an earlier run left is put ``aside``: ext4 makes files in the minute after many were deleted several times more
    slowly, which would be counted against whoever writes most.
    """

    rounds: int
    seconds: float
    ends: float
    aside: Path


@dataclass
class Cell:
    """What one way took at one size in one step; ``why`` says why it was not run, or no further."""

    area: str
    label: str
    size: int
    step: str
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    bytes: int = 0
    files: int = 0
    why: str = ""
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def add(self, took: Run) -> None:
        self.seconds.append(round(took.seconds, 4))
        self.processor.append(round(took.processor, 4))
        self.memory.append(took.memory)

    def data(self) -> dict[str, Any]:
        return asdict(self)


def expected(earlier: Sequence[Cell], size: int) -> float | None:
    """Seconds that a size will take, from what smaller ones took; growth is never taken to be less than linear."""
    known = sorted((cell.size, cell.median) for cell in earlier if cell.seconds and cell.size < size)
    if not known:
        return None
    last, took = known[-1]
    power = 1.0
    if len(known) > 1 and known[-2][1] > 0:
        power = max(1.0, math.log(took / known[-2][1]) / math.log(last / known[-2][0]))
    return took * math.pow(size / last, power)


def reason_not_to(way: Way, size: int, earlier: Sequence[Cell], limits: Limits) -> str:
    """Say why a way is not run at a size, before anything is written for it; "" if it is run."""
    if way.most and size > way.most:
        return f"above {way.most:,} items {way.because}"
    for cell in earlier:
        if cell.why and cell.step == COLD:
            return cell.why if " items: " in cell.why else f"at {cell.size:,} items: {cell.why}"
    took = expected([cell for cell in earlier if cell.step == COLD], size)
    if took and took > limits.seconds:
        return f"by its growth so far it would take {_long(took)}; {_long(limits.seconds)} are allowed"
    all_steps = [expected([cell for cell in earlier if cell.step == step], size) or 0 for step in way.steps]
    if not way.always and time.monotonic() + sum(all_steps) > limits.ends:
        return "the time of the benchmark was over"
    return ""


def in_turns(ways: Sequence[Way], size: int, entries: int, sentence: str, limits: Limits, told: Callable[[str], None]) -> list[Cell]:  # fmt: skip
    """Run every way in every round; each round the other way round, so that nobody is always first."""
    cells = {(w.label, step): Cell(w.area, w.label, size, step, note=w.note) for w in ways for step in w.steps}
    failed: set[str] = set()
    for at in range(limits.rounds):
        for way in ways if at % 2 == 0 else reversed(ways):
            mine = [cells[way.label, step] for step in way.steps]
            if way.label in failed or at >= _rounds(mine[0], limits.rounds):
                continue
            over = time.monotonic() + sum(cell.seconds[-1] for cell in mine if cell.seconds) > limits.ends
            if over and (at or not way.always):
                for cell in mine:
                    cell.why = cell.why or ("" if cell.seconds else "the time of the benchmark was over")
                continue
            try:
                if at == 0 and way.settle:
                    attempt(way.command, way.folder, limits.seconds)
                _round(way, mine, entries, sentence, at, limits, told)
            except Failure as failure:
                failed.add(way.label)
                for cell in mine:
                    cell.why = cell.why or ("" if cell.seconds and at else str(failure))
                told(f"{way.label}: {failure}")
    return list(cells.values())


def notices_fault(way: Way) -> None:
    """Plant a fault in the document that is edited. Raises Failure where the tool finds nothing wrong with it."""
    if way.fault is None or way.change is None:
        return
    if way.settle:
        attempt(way.command, way.folder, 300)
    with changed(way.change, *way.fault):
        code, _, _ = attempt(way.command, way.folder, 300)
    if code == 0:
        raise Failure("did not notice a fault that was planted to see whether it works")


def _round(way: Way, cells: Sequence[Cell], entries: int, sentence: str, at: int, limits: Limits, told: Callable[[str], None]) -> None:  # fmt: skip
    for cell in cells:
        if cell.step == COLD:
            for old in way.cold:
                _put_aside(old, limits.aside)
        if cell.step == CHANGED and way.change is not None:
            with changed(way.change, sentence, f"{sentence} Seen again in round {at + 1}."), committed(way):
                took = run(way.command, way.folder, limits.seconds)
        else:
            took = run(way.command, way.folder, limits.seconds)
        if way.made and way.output:
            made = way.made(way.output) if way.output.exists() else 0
            if made < entries:
                raise Failure(f"made {made} of {entries}")
        cell.add(took)
        if way.output and cell.step == COLD:
            sizes = [file.stat().st_size for file in way.output.rglob("*") if file.is_file()]
            cell.bytes, cell.files = sum(sizes), len(sizes)
        told(f"{way.label}, {cell.step}: {took.seconds:.2f} s")


@contextmanager
def changed(file: Path, old: str, new: str) -> Iterator[None]:
    """Change a file for a while. Raises Failure where the text is not there."""
    before = file.read_bytes()
    if old.encode() not in before:
        raise Failure(f"{file.name} does not hold the text that is to be changed")
    file.write_bytes(before.replace(old.encode(), new.encode(), 1))
    try:
        yield
    finally:
        file.write_bytes(before)


@contextmanager
def committed(way: Way) -> Iterator[None]:
    """Commit the change while it lasts, where the way is about history."""
    if not way.commits:
        yield
        return
    git = ("git", "-C", str(way.folder), "-c", "user.name=Ada Brook", "-c", "user.email=ada.brook@works.example")
    environment = clean(os.environ)
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "Change one document"], check=True, env=environment)  # fmt: skip
    try:
        yield
    finally:
        subprocess.run([*git, "reset", "--quiet", "HEAD~1"], check=True, env=environment)


def _rounds(first: Cell, most: int) -> int:
    if not first.seconds:
        return most
    return most if first.seconds[0] < QUICK else min(most, 2) if first.seconds[0] < SLOW else 1


def _put_aside(old: Path, aside: Path) -> None:
    if old.exists() or old.is_symlink():
        aside.mkdir(parents=True, exist_ok=True)
        old.replace(Path(tempfile.mkdtemp(dir=aside), old.name))


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
