"""Times qmsctl beside its peers: checking, building the site, history, search, on the same made-up systems.

    python -m benchmarks.speed                      about half an hour on two idle cores (make bench)
    python -m benchmarks.speed --setting small      three minutes, to try (make bench BENCH=small)
    python -m benchmarks.speed --areas check --sizes 1000,5000 --peers doorstop,strictdoc --rounds 3
    python -m benchmarks.speed --report             tables and charts of the last run once more
    python -m benchmarks.speed --report --publish   and put them into docs/benchmarks.md

Each peer gets an environment of its own below build/bench/peers, made once. All run in turns, round by round. Results
lie in build/bench/speed: results.json, speed.md and a chart for each area. A peer that fails is told and left out.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers import PEERS
from benchmarks.peers.peer import CHANGED, COLD, WARM, Way
from benchmarks.speed import browser, plan
from benchmarks.speed.charts import chart
from benchmarks.speed.environments import environment, machine
from benchmarks.speed.measure import Failure
from benchmarks.speed.plan import AREAS, OWN, ROOT, SETTINGS, System
from benchmarks.speed.report import report
from benchmarks.speed.rounds import Cell, Limits, in_turns, notices_fault, reason_not_to
from qmsctl.atomic import write_whole

ASIDE = "aside"
"""The folder for what earlier runs left, while a benchmark runs."""


@dataclass
class Bench:
    """A benchmark that runs: where its files lie, what was found so far."""

    folder: Path
    seed: int
    minutes: float
    facts: dict[str, Any]
    began: float = 0.0
    cells: list[Cell] = field(default_factory=list)
    asked: list[browser.Asked] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    working: set[str] = field(default_factory=set)

    def say(self, line: str) -> None:
        """Tell how far it is and what was done."""
        gone = int(time.monotonic() - self.began)
        where = f"{gone // 60}:{gone % 60:02} of {self.minutes:.0f}:00" if self.began else "preparing"
        sys.stderr.write(f"[{where}] {line}\n")
        sys.stderr.flush()

    def system(self, size: int) -> System:
        """Make the system of a size, or find it."""
        self.say(f"making a system of {size:,} items")
        return plan.system(self.folder, size, self.seed)

    def programs(self, peer: str) -> Path:
        """Where the programs of a peer lie."""
        return Path(sys.executable).parent if peer == OWN else self.folder / "peers" / peer / "bin"

    def keep(self) -> None:
        """Write what was found so far, so that a long run that is ended loses nothing."""
        data = {"facts": self.facts, "cells": [c.data() for c in self.cells], "browser": [a.data() for a in self.asked]}
        target = self.folder / "speed"
        target.mkdir(parents=True, exist_ok=True)
        write_whole(target / "results.json", json.dumps(data, indent=1, ensure_ascii=False))


def main() -> int:
    """Run what the arguments ask for; 130 where it was interrupted."""
    given = _arguments()
    folder = given.folder.resolve()
    try:
        if not given.report:
            _run(given, folder)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; --report shows what was finished\n")
        return 130
    publish(folder / "speed")
    if given.publish:
        into_docs(folder / "speed", ROOT / "docs")
    return 0


def _run(given: argparse.Namespace, folder: Path) -> None:
    setting = SETTINGS[given.setting]
    peers = [OWN, *(peer for peer in PEERS if peer != OWN and peer in given.peers.split(","))]
    areas = [area for area in AREAS if area in given.areas.split(",")]
    facts = {"day": datetime.date.today().isoformat(), "command": _command(), "machine": machine(), "versions": {}}
    bench = Bench(folder, given.seed, given.minutes or setting.minutes, facts)
    shutil.rmtree(folder / ASIDE, ignore_errors=True)
    _note_load(bench)
    _prepare(bench, peers, areas)
    systems = {size: bench.system(size) for size in sorted({s for area in areas for s in _sizes(given, area)})}
    # Installing and making content, which is done once, does not count.
    bench.began = time.monotonic()
    rounds, seconds = given.rounds or setting.rounds, given.seconds or setting.seconds
    for at, area in enumerate(areas):
        left = bench.began + bench.minutes * 60 - time.monotonic()
        share = plan.SHARES[area] / sum(plan.SHARES[one] for one in areas[at:])
        limits = Limits(rounds, seconds, time.monotonic() + left * share, folder / ASIDE)
        for size in _sizes(given, area):
            _area(bench, area, systems[size], peers, limits)
            bench.keep()
    shutil.rmtree(folder / ASIDE, ignore_errors=True)


def _sizes(given: argparse.Namespace, area: str) -> tuple[int, ...]:
    return given.sizes or SETTINGS[given.setting].sizes[area]


def _prepare(bench: Bench, peers: Sequence[str], areas: Sequence[str]) -> None:
    bench.facts["versions"]["qmsctl"] = plan.own_version(bench.programs(OWN))
    for peer in [*peers[1:], *(["gitpython"] if "history" in areas else [])]:
        try:
            found = environment(bench.folder / "peers" / peer, plan.environment_of(peer), bench.say)
            bench.facts["versions"].update(found)
        except Failure as failure:
            bench.broken[peer] = str(failure)
            bench.say(f"{peer}: {failure}")


def _note_load(bench: Bench) -> None:
    load = os.getloadavg()[0]
    if load > 0.7:
        bench.facts["busy"] = f"load {load:.1f} before the first run"
        bench.say(f"the machine has other work (load {load:.1f}): ratios will be rough")


def _area(bench: Bench, area: str, made: System, peers: Sequence[str], limits: Limits) -> None:
    """Run an area at a size: first see who can, then all in turns."""
    ready: list[Way] = []
    for peer, way in _ways(bench, area, made, peers):
        earlier = [cell for cell in bench.cells if cell.area == area and cell.label == way.label]
        why = bench.broken.get(peer) or reason_not_to(way, made.size, earlier, limits)
        if not why:
            why = _made_ready(bench, peer, way, made)
        if why:
            bench.cells += [Cell(area, way.label, made.size, step, why=why, note=way.note) for step in way.steps]
            bench.say(f"{AREAS[area]}, {made.size:,} items: {way.label} is left out: {why}")
        else:
            ready.append(way)

    def told(line: str) -> None:
        bench.say(f"{AREAS[area]}, {made.size:,} items: {line}")

    found = in_turns(ready, made.size, made.items, made.edited.sentence, limits, told)
    bench.cells += found
    if area == "site":
        built = {cell.label for cell in found if cell.step == COLD and cell.seconds}
        sites = {way.label: way.output for way in ready if way.label in built & browser.BOXES.keys() and way.output}
        bench.asked += browser.all_sites(sites, made.size, browser.words_of(made.edited.title), bench.say)


def _ways(bench: Bench, area: str, made: System, peers: Sequence[str]) -> list[tuple[str, Way]]:
    if area == "limits":
        return list(plan.limit_ways(made))
    if area == "history":
        return list(plan.history_ways(made, bench.programs))

    def folder(peer: str) -> Path:
        return plan.content_of(bench.folder, peer, made)

    return list(plan.peer_ways(area, peers, folder, bench.programs, made.edited))


def _made_ready(bench: Bench, peer: str, way: Way, made: System) -> str:
    """Write what a way needs, and see once that it does notice a fault; say why it cannot be run, or ""."""
    try:
        if way.area in ("check", "site"):
            plan.written(bench.folder, peer, made)
        if way.label not in bench.working:
            notices_fault(way)
            bench.working.add(way.label)
    except Failure as failure:
        return str(failure)
    return ""


def publish(folder: Path) -> None:
    """Write tables and charts of the last results."""
    file = folder / "results.json"
    if not file.is_file():
        raise SystemExit("there are no results yet; run `make bench` first")
    data = json.loads(file.read_text(encoding="utf-8"))
    cells = [Cell(**cell) for cell in data["cells"]]
    pictures = {}
    for area, title in AREAS.items():
        for step in (COLD, WARM, CHANGED):
            name = f"{area}-{step}"
            mine = [cell for cell in cells if cell.area == area and cell.step == step]
            limits = [cell for cell in cells if cell.area == "limits" and cell.label in plan.BESIDE.get(name, ())]
            drawn = chart(f"{title}, {step}", mine, limits)
            if drawn:
                pictures[name] = f"{name}.svg"
                write_whole(folder / pictures[name], drawn)
    text = report(data["facts"], cells, [browser.Asked(**one) for one in data["browser"]], pictures)
    write_whole(folder / "speed.md", text)
    sys.stdout.write(text)
    sys.stderr.write(f"tables, charts and all results lie in {folder}\n")


BEGIN, END = "<!-- made by python -m benchmarks.speed --publish -->", "<!-- end of what is made -->"


def into_docs(folder: Path, docs: Path) -> None:
    """Put the report of a run into docs/benchmarks.md, a level deeper, with its charts beside the other pictures."""
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    lines = (folder / "speed.md").read_text(encoding="utf-8").split("\n")
    text = "\n".join(f"#{line}" if line.startswith("#") else line for line in lines)
    for file in sorted(folder.glob("*.svg")):
        if f"({file.name})" in text:
            write_whole(docs / "pictures" / f"speed-{file.name}", file.read_bytes())
            text = text.replace(f"({file.name})", f"(pictures/speed-{file.name})")
    write_whole(page, f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{rest.partition(END)[2]}")


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part.replace("_", "")) for part in text.split(",")}))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} are no numbers of items; write such as 100,1000") from error


def _some_of(known: Sequence[str]) -> Callable[[str], str]:
    def checked(text: str) -> str:
        wrong = [part for part in text.split(",") if part not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"there is no {wrong[0]!r}; there are {', '.join(known)}")
        return text

    return checked


def _command() -> str:
    """The command that was given, without the folder, which is of no interest to others."""
    given = sys.argv[1:]
    where = given.index("--folder") if "--folder" in given else len(given)
    return " ".join(["python -m benchmarks.speed", *given[:where], *given[where + 2 :]])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    everybody, areas = list(PEERS), list(AREAS)
    parser.add_argument("--setting", choices=list(SETTINGS), default="full")
    parser.add_argument("--areas", type=_some_of(areas), default=",".join(areas), help=f"some of {', '.join(areas)}")
    parser.add_argument("--peers", type=_some_of(everybody), default=",".join(everybody), help=f"some of {', '.join(everybody)}; qmsctl always runs")  # fmt: skip
    parser.add_argument("--sizes", type=_numbers, default=(), help="numbers of items, such as 100,1000; for all areas")
    parser.add_argument("--rounds", type=int, default=0, help="rounds; slow ways get fewer")
    parser.add_argument("--seconds", type=float, default=0, help="how long a single run may take")
    parser.add_argument("--minutes", type=float, default=0, help="when no further run begins")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up content")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="where everything is kept")
    parser.add_argument("--report", action="store_true", help="only write tables and charts of the last run again")
    parser.add_argument("--publish", action="store_true", help="put the report into docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
