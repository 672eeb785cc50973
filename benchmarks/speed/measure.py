"""Runs a program and measures it as a whole: time by the clock, processor time, peak memory of all its processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

LAUNCHER = Path(__file__).with_name("launch.py")
PAUSE = 0.2
"""Seconds between two looks at the memory of all processes; rare enough to cost nothing that shows."""


class Failure(Exception):
    """A program did not do its work; the message says so in one line."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: seconds by the clock, seconds of processor, bytes of memory."""

    seconds: float
    processor: float
    memory: int


def run(command: Sequence[str], folder: Path, limit: float) -> Run:
    """Run a program to its end. Raises Failure where it fails or takes longer than ``limit`` seconds."""
    code, said, measured = attempt(command, folder, limit)
    if code != 0:
        raise Failure(f"ended with {code}: {last_line(said)}")
    return measured


def attempt(command: Sequence[str], folder: Path, limit: float) -> tuple[int, str, Run]:
    """Run a program; return its exit code, what it said, and what it took. Raises Failure where it takes too long."""
    with tempfile.TemporaryDirectory() as place:
        report, said = Path(place, "report"), Path(place, "said")
        with said.open("wb") as writing:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(report), *command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
                env=clean(os.environ),
                start_new_session=True,
            )
        watch = Watch(process.pid, limit)
        watch.start()
        try:
            code = process.wait()
        except BaseException:
            _end(process.pid)
            process.wait()
            raise
        finally:
            watch.done.set()
            watch.join()
        if watch.late:
            raise Failure(f"stopped after {limit:.0f} s")
        text = said.read_text(encoding="utf-8", errors="replace")
        if not report.is_file():
            raise Failure(last_line(text))
        seconds, processor, memory = (float(part) for part in report.read_text().split())
    # The system knows the largest process; what several hold at the same time is only seen by looking.
    return code, text, Run(seconds, processor, max(int(memory), watch.most))


class Watch(Thread):
    """Looks now and then at how much memory a process and its children hold, and ends them when time is up."""

    def __init__(self, process: int, limit: float) -> None:
        super().__init__(daemon=True)
        self.process, self.limit = process, limit
        self.done, self.most, self.late = Event(), 0, False

    def run(self) -> None:
        ends = time.monotonic() + self.limit
        while not self.done.wait(PAUSE):
            self.most = max(self.most, held(self.process))
            if time.monotonic() > ends:
                self.late = True
                _end(self.process)
                return


def held(process: int) -> int:
    """Return the bytes that all below a process hold, shared ones counted once; 0 where /proc cannot tell."""
    total = 0
    for one in family(process)[1:]:
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.MULTILINE)
        except OSError:
            continue  # it has ended meanwhile
        total += int(found.group(1)) * 1024 if found else 0
    return total


def family(process: int) -> list[int]:
    """Return a process and all below it."""
    out = [process]
    for one in out:
        try:
            for file in Path(f"/proc/{one}/task").glob("*/children"):
                out += [int(child) for child in file.read_text().split()]
        except OSError:
            continue  # it has ended meanwhile
    return out


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which neither colours nor settings of the person who measures play a part."""
    kept = {k: v for k, v in environment.items() if not k.startswith(("GIT_", "PYTHON", "QMSCTL_"))}
    return {**kept, "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def last_line(said: str) -> str:
    """The last line that says something; paths of this machine are cut to their last name."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return re.sub(r"(?<![\w.])/(?:[\w.+-]+/)+", "", lines[-1])[:200] if lines else "it said nothing"


def _end(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:
        return
