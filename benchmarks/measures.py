"""Times computing the reference KPIs over many rows: the product, SQL written by hand, and pandas.

    python benchmarks/measures.py --rows 10e6 --runs 5 --engines qmsctl,sql,sets,pandas
    python benchmarks/measures.py --rows 100e6 --runs 3 --engines qmsctl,sql --memory-limit 2GB

Every engine runs in a process of its own, in turns, so that whatever else the machine does falls on all of them. Their
values must be equal; otherwise the script fails. What counts are the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "build" / "bench"
ENGINES = ("qmsctl", "sql", "sets", "pandas")


def main() -> int:
    """Run what the arguments ask for, print the tables as Markdown, and return 1 where values differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=10e6)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--engines",
        default="qmsctl,sql,sets",
        help="some of qmsctl, sql, sets (the same SQL, all cuts of a KPI in one statement), pandas",
    )
    parser.add_argument("--memory-limit", default="", help="for DuckDB, such as 2GB; left out, its own")
    parser.add_argument("--data", type=Path, default=ROOT / "build" / "data", help="the reference data")
    parser.add_argument("--locations", action="store_true", help="also one location after the other, and side by side")
    parser.add_argument("--no-plans", action="store_true", help="leave out the comparison of plans")
    parser.add_argument("--output", type=Path, help="write the tables into this file as well")
    given = parser.parse_args()
    folder = BENCH / f"{int(given.rows)}"
    counts = worker("data", folder, given, [str(given.data), str(int(given.rows))])
    engines = [e for e in ENGINES if e in given.engines.split(",")]
    for file in folder.rglob("*.parquet"):
        file.read_bytes()  # so that all find the files in the cache, as far as they fit
    runs: dict[str, list[dict[str, Any]]] = {e: [] for e in engines}
    for at in range(given.runs):
        for engine in engines if at % 2 == 0 else reversed(engines):
            runs[engine].append(worker(engine, folder, given))
    lines = [*_facts(given, folder, counts), *_times(runs)]
    sys.stderr.write("\n".join(lines) + "\n")  # a long run should not lose its times to a later fault
    failed = 0
    if {"qmsctl", "sql"} <= set(engines):
        found = worker("compare", folder, given)
        failed += len(found["differences"])
        lines += [
            "",
            f"Values compared: {found['compared']:,}; different: {len(found['differences'])}.",
            *found["differences"][:20],
        ]
        lines += _by_kpi(runs)
        if not given.no_plans:
            lines += _plans(worker("plans", folder, given))
    for engine in {"sets", "pandas"} & set(engines):
        found = worker(f"compare-{engine}", folder, given)
        failed += len(found["differences"])
        lines += [
            "",
            f"Values of {engine} compared: {found['compared']:,}; different: {len(found['differences'])}.",
            *found["differences"][:20],
        ]
    if given.locations:
        text, wrong = _locations(folder, given)
        lines += text
        failed += wrong
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    return 1 if failed else 0


def started(mode: str, folder: Path, given: Any, more: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start a part of the benchmark in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k not in ("QMSCTL_MEMORY", "QMSCTL_DATA")}
    if given.memory_limit:
        environment["QMSCTL_MEMORY"] = given.memory_limit
    command = [sys.executable, str(Path(__file__).with_name("measures_part.py")), mode, str(folder), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def worker(mode: str, folder: Path, given: Any, more: Sequence[str] = ()) -> dict[str, Any]:
    """Run a part of the benchmark in a process of its own and return what it found."""
    return ended(started(mode, folder, given, more), mode)


def ended(process: subprocess.Popen[str], mode: str) -> dict[str, Any]:
    """Wait for a part of the benchmark and return what it found."""
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{mode} failed")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def _facts(given: Any, folder: Path, counts: Mapping[str, int]) -> list[str]:
    from importlib.metadata import version

    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e9
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    names = ("duckdb", "ibis-framework", "pandas", "pyarrow")
    return [
        f"{counts['rows']:,} rows in {size:.1f} GB of Parquet; {given.runs} runs of each engine in turns, medians; "
        f"memory limit of DuckDB: {given.memory_limit or 'its own (80 % of the machine)'}.",
        f"{os.cpu_count()} cores, {memory:.0f} GB; Python {platform.python_version()}, "
        + ", ".join(f"{n} {version(n)}" for n in names)
        + ".",
        "",
    ]


def _times(runs: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    engines = list(runs)
    others = [e for e in engines if e != "sql" and "sql" in runs]
    out = ["| | " + " | ".join(engines) + " | " + " | ".join(f"{e} / sql" for e in others) + " |"]
    out.append("|" + "---|" * (1 + len(engines) + len(others)))
    for kind, unit in (("passed", "by the clock"), ("seconds", "of the processor")):
        for name in ("looking", "opening", "contracts", "questions", "putting together", "all"):
            times = {e: [float(r[kind].get(name, 0)) for r in runs[e]] for e in engines}
            middle = {e: statistics.median(times[e]) for e in engines}
            cells = [f"{middle[e]:.2f} s" if middle[e] else "" for e in engines]
            for engine in others:
                # The median of the ratios of runs that followed each other.
                pairs = [a / b for a, b in zip(times[engine], times["sql"], strict=True) if b]
                cells.append(f"**{statistics.median(pairs):.2f}**" if pairs and middle[engine] else "")
            out.append(f"| {name}, {unit} | " + " | ".join(cells) + " |")
    peaks = [f"{max(r['peak'] for r in runs[e]):,.0f} MB" for e in engines]
    out.append("| peak memory of the process | " + " | ".join(peaks) + " |" + " |" * len(others))
    return out


def _by_kpi(runs: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    out = ["", "| KPI | questions | qmsctl | sql | ratio |", "|---|---|---|---|---|"]
    for kpi in sorted(runs["sql"][0]["kpis"]):
        ours, hand = (statistics.median(r["kpis"].get(kpi, 0) for r in runs[e]) for e in ("qmsctl", "sql"))
        if max(ours, hand) >= 0.02:
            out.append(
                f"| {kpi} | {runs['qmsctl'][0]['asked'].get(kpi, 0)} | {ours:.3f} s | {hand:.3f} s | {ours / hand:.2f} |"
            )
    return out


def _plans(found: Mapping[str, Any]) -> list[str]:
    out = [
        "",
        f"Plans: {found['same']} of {found['questions']} questions scan the same rows with the same operators below the aggregation.",
    ]
    if found["different"]:
        out += ["", "| Question | | rows scanned | operators |", "|---|---|---|---|"]
        for row in found["different"]:
            out.append(f"| {row['question']} | qmsctl | {row['ours'][0]:,} | {row['ours'][1]} |")
            out.append(f"| | sql | {row['hand'][0]:,} | {row['hand'][1]} |")
    return out


def _locations(folder: Path, given: Any) -> tuple[list[str], int]:
    """Return what computing by location costs, and how many values are others than those computed all at once."""
    ways = ("all at once", "one after the other", "side by side, one folder")
    times: dict[str, list[float]] = {name: [] for name in ways}
    peaks: dict[str, list[float]] = {name: [] for name in ways}
    failed: set[str] = set()
    wrong: set[str] = set()
    worker("qmsctl", folder, given)
    places = worker("places", folder, given)["places"]
    for _ in range(given.runs):
        for name in ways:
            shutil.rmtree(folder / "out" / name, ignore_errors=True)
            begun = time.perf_counter()
            if name == "all at once":
                found = [worker("qmsctl", folder, given, ["", name])]
            elif name == "one after the other":
                found = [worker("qmsctl", folder, given, [place, name]) for place in places]
            else:
                going = [started("qmsctl", folder, given, [place, name]) for place in places]
                found = [ended(process, "qmsctl") for process in going]
            times[name].append(time.perf_counter() - begun)
            peaks[name].append((sum if "side" in name else max)(f["peak"] for f in found))
            failed |= {why for f in found for why in f["failed"]}
            differences = worker("compare-stores", folder, given, [name])["differences"]
            wrong |= {f"{name}: {difference}" for difference in differences}
    out = ["", f"| By location ({', '.join(places)}) | time | ratio | peak memory |", "|---|---|---|---|"]
    for name in ways:
        ratio = statistics.median(a / b for a, b in zip(times[name], times["all at once"], strict=True))
        out.append(f"| {name} | {statistics.median(times[name]):.2f} s | {ratio:.2f} | {max(peaks[name]):,.0f} MB |")
    out += ["", f"Series that differ from those computed all at once: {len(wrong)}.", *sorted(wrong)[:20]]
    out += [f"Not computed: {why}." for why in sorted(failed)]
    return out, len(wrong) + len(failed)


if __name__ == "__main__":
    raise SystemExit(main())
