"""Catch a loss of speed where no clock can be trusted: python -m benchmarks.ci [--renew]

Two things are looked at, in about a minute, and one line is said about each:

- the ratio: `qmsctl check`, cold, beside check-jsonschema on the same 1,000 items, in turns, by processor time. It may
  fall to a third of what was measured when it was last renewed.
- the calls: how many functions Python calls to load, link and check 300, 600 and 900 items in one process. An item more
  must not cost more the more there are, nor more than was stored, with a margin. The figures are nearly the same on every machine.

`--renew` stores today's figures in `benchmarks/ci.json`: after a change that costs more on purpose, or that saved much.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks import generator
from benchmarks.peers import checkjsonschema, ours
from benchmarks.peers.content import read, sample
from benchmarks.speed.measure import clean, run

STORED = Path(__file__).with_suffix(".json")
ITEMS = 1000
TURNS = 3
SECONDS = 120
"""The longest that one run may take."""
LEAST_SHARE = 1 / 3
"""What has to be left of the stored ratio."""
SIZES = (300, 600, 900)
TODAY = "2026-11-02"
MARGIN = 1.3
"""How many times the stored calls an item may cost."""
BEND = 1.2
"""How many times the calls of an item among the first may one among the last cost; twice as many would be quadratic."""
SLACK = 10
"""Calls for an item that never count, since one title is longer than another."""

Result = TypeVar("Result")
Calls = Mapping[str, Sequence[int]]
"""The calls of each phase, at each of `SIZES`."""


def ratio(folder: Path) -> float:
    """Return how many times the processor time of qmsctl its peer takes for the same content."""
    system, other = folder / "system", folder / "peer"
    generator.generate(system, ITEMS, seed=1)
    entries = read(system)
    checkjsonschema.PEER.write(entries, other)
    programs = Path(sys.executable).parent
    spent: dict[str, list[float]] = {}
    for _ in range(TURNS):
        for peer, place in ((ours.PEER, system), (checkjsonschema.PEER, other)):
            way = peer.ways(place, programs, sample(entries))[0]
            for left in way.cold:
                shutil.rmtree(left, ignore_errors=True)
            spent.setdefault(peer.name, []).append(run(way.command, way.folder, SECONDS).processor)
    return median(spent[checkjsonschema.PEER.name]) / median(spent[ours.PEER.name])


def calls(folder: Path) -> dict[str, list[int]]:
    """Return the calls of each phase at each size; each size is counted in a fresh process, with nothing kept from before."""
    found: dict[str, list[int]] = {}
    for size in SIZES:
        place = folder / str(size)
        generator.generate(place, size, seed=1)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ci", "--count", str(place)],
            capture_output=True,
            text=True,
            check=True,
            env={**clean(os.environ), "PYTHONHASHSEED": "0"},
        )
        for phase, number in json.loads(done.stdout).items():
            found.setdefault(phase, []).append(number)
    return found


def count(folder: Path) -> dict[str, int]:
    """Count the calls of each phase for a system, in this process alone."""
    from qmsctl import checks
    from qmsctl.graph import Graph
    from qmsctl.loader import load

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # with one core nothing is handed to other processes
    for name in checks.ids():
        checks.module(name)
    counted: dict[str, int] = {}

    def phase(name: str, work: Callable[[], Result]) -> Result:
        profile = cProfile.Profile()
        result = profile.runcall(work)
        counted[name] = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]  # not in the stubs
        return result

    loaded = phase("loading", lambda: load(folder))
    phase("linking", lambda: Graph(loaded).links_from("SOP-001"))
    phase("checking", lambda: checks.run(loaded, TODAY))
    return counted


def per_item(found: Sequence[int]) -> list[float]:
    """Return what an item more costs, between each size and the next."""
    return [(found[i + 1] - found[i]) / (SIZES[i + 1] - SIZES[i]) for i in range(len(SIZES) - 1)]


def faults(stored: Mapping[str, float], measured: float, found: Calls) -> Iterable[str]:
    """Say what has become slower than it may."""
    least = stored["ratio"] * LEAST_SHARE
    if measured < least:
        yield f"qmsctl check is only {measured:.1f} times as fast as check-jsonschema; {least:.1f} is the least"
    for phase, numbers in found.items():
        first, *_, last = per_item(numbers)
        if last > first * BEND + SLACK:
            yield f"{phase} grows faster than the system: an item costs {first:.0f} calls at first, {last:.0f} at the end"
        most = stored[phase] * MARGIN + SLACK
        if last > most:
            yield f"{phase} takes {last:.0f} calls for an item; {most:.0f} is the most"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and compare with what is stored or store it; return the exit code."""
    parser = argparse.ArgumentParser(description="Catch a loss of speed without trusting a clock.")
    parser.add_argument("--renew", action="store_true", help="store today's figures")
    parser.add_argument("--count", type=Path, metavar="FOLDER", help="print the calls for one system and stop")
    given = parser.parse_args(arguments)
    if given.count:
        print(json.dumps(count(given.count)))
        return 0
    with tempfile.TemporaryDirectory() as place:
        found = calls(Path(place))
        measured = ratio(Path(place))
    print(f"ratio to check-jsonschema at {ITEMS} items: {measured:.1f}")
    for phase, numbers in found.items():
        print(f"{phase}: {', '.join(f'{one:.0f}' for one in per_item(numbers))} calls for an item more")
    if given.renew:
        today = {"ratio": round(measured, 1), **{phase: round(per_item(n)[-1]) for phase, n in found.items()}}
        STORED.write_text(json.dumps(today, indent=2) + "\n", encoding="utf-8")
        return 0
    wrong = [*faults(json.loads(STORED.read_text(encoding="utf-8")), measured, found)]
    for fault in wrong:
        print(f"slower than it may be: {fault}", file=sys.stderr)
    if wrong:
        print("on purpose? python -m benchmarks.ci --renew", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
