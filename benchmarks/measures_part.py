"""The parts of benchmarks/measures.py that run in processes of their own; each prints one line of JSON.

python benchmarks/measures_part.py qmsctl build/bench/10000000
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import math
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
ROOT = Path(__file__).resolve().parent.parent

import big_data  # noqa: E402  # after the path to this folder is set
import by_hand  # noqa: E402  # after the path to this folder is set

from qmsctl.graph import Graph  # noqa: E402  # after the path to this folder is set
from qmsctl.loader import load  # noqa: E402  # after the path to this folder is set
from qmsctl.measures import compute, contract, engine, parts, periods  # noqa: E402  # after the path to this folder is set
from qmsctl.measures.board import Measures  # noqa: E402  # after the path to this folder is set
from qmsctl.measures.model import TOTAL, Definition  # noqa: E402  # after the path to this folder is set
from qmsctl.measures.sources import Source  # noqa: E402  # after the path to this folder is set
from qmsctl.measures.store import Store  # noqa: E402  # after the path to this folder is set

LONG = 3600


@functools.cache
def system() -> Measures:
    """Return the reference system, as of the day on which it stands still."""
    loaded = load(ROOT)
    return Measures(loaded, Graph(loaded), ROOT / "build" / "none", loaded.config.as_of)


def sources(folder: Path) -> dict[str, Source]:
    """Return the data sources with the files of the benchmark and no time limit to speak of."""
    return {
        s.id: dataclasses.replace(s, location=big_data.located(s, folder), time_limit=LONG)
        for s in system().sources.values()
    }


def definitions() -> list[Definition]:
    """Return the KPIs that all engines compute: those whose rows lie in Parquet files and are asked for by hand."""
    hand = {q.kpi for q in by_hand.QUESTIONS}
    return [d for d in system().definitions.values() if d.kpi in hand]


# --- qmsctl ---------------------------------------------------------------------------------------


class Clock:
    """Adds up processor seconds and seconds by the clock, by kind of work and by KPI."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.passed: dict[str, float] = defaultdict(float)
        self.kpis: dict[str, float] = defaultdict(float)
        self.asked: dict[str, int] = defaultdict(int)

    @contextlib.contextmanager
    def on(self, name: str, kpi: str = "") -> Iterator[None]:
        """Add what is done meanwhile to a kind of work."""
        begun, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            spent = time.process_time() - begun
            self.seconds[name] += spent
            self.passed[name] += time.perf_counter() - wall
            if kpi:
                self.kpis[kpi] += spent

    def rest(self, name: str) -> None:
        """Say that what no other name stands for is of this kind."""
        for times in (self.seconds, self.passed):
            times[name] = times["all"] - sum(v for k, v in times.items() if k != "all")

    def result(self) -> dict[str, Any]:
        """Return what was measured, with the greatest memory the process ever held, in MB."""
        status = Path("/proc/self/status").read_text(encoding="ascii")
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
        times = {"seconds": dict(self.seconds), "passed": dict(self.passed)}
        return {**times, "peak": peak * 1.024 / 1e3, "kpis": dict(self.kpis), "asked": dict(self.asked)}

    def timed(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function with its time added to a kind of work."""

        @functools.wraps(work)
        def call(*given: Any, **named: Any) -> Any:
            with self.on(name, given[0].kpi if name == "questions" else ""):
                return work(*given, **named)

        return call

    def opened(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the opening of sources with the time for opening and closing added."""

        @contextlib.contextmanager
        def call(*given: Any) -> Iterator[Any]:
            with self.on("opening"):
                manager = work(*given)
                found = manager.__enter__()
            try:
                yield found
            finally:
                with self.on("opening"):
                    manager.__exit__(None, None, None)

        return call


def job(folder: Path, only: str = "") -> compute.Job:
    """Return the job of computing everything anew."""
    config = system().loaded.config
    return compute.Job(
        definitions(), sources(folder), folder, config.time_zone, config.as_of, f"{config.as_of}T06:00:00Z", only
    )


def run_qmsctl(folder: Path, only: str = "", name: str = "store") -> dict[str, Any]:
    """Compute into an empty store; one location into a store that others may have written to."""
    import ibis  # noqa: F401  # importing is no part of computing

    place = folder / "out" / name
    if not only:
        shutil.rmtree(place, ignore_errors=True)
    wanted, clock = job(folder, only), Clock()
    compute._look = clock.timed("looking", compute._look)
    compute._ask = clock.timed("questions", compute._ask)
    contract.held = clock.timed("contracts", contract.held)
    engine.opened = clock.opened(engine.opened)
    collect = compute._collect

    def collected(definition: Any, rows: Any, expression: Any, facts: Any, view: str, location: str = "") -> None:
        clock.asked[clock_kpi[0]] += 1
        collect(definition, rows, expression, facts, view, location)

    clock_kpi = [""]
    asked = compute._ask

    def ask(definition: Definition, *given: Any) -> None:
        clock_kpi[0] = definition.kpi
        asked(definition, *given)

    compute._collect, compute._ask = collected, ask
    with clock.on("all"):
        outcome = compute.compute(wanted, Store(place))
    if outcome.failed and not only:
        raise SystemExit(f"not computed: {outcome.failed}")
    clock.rest("putting together")
    return {**clock.result(), "failed": [f"{kpi} at {only}: {why}" for kpi, why in outcome.failed]}


# --- SQL by hand ----------------------------------------------------------------------------------


def connected() -> Any:
    """Return DuckDB as the product sets it up."""
    import duckdb

    connection = duckdb.connect()
    if os.environ.get(engine.MEMORY):
        connection.execute(f"SET memory_limit='{os.environ[engine.MEMORY]}'")
    connection.execute("SET temp_directory='/tmp'")
    connection.execute(f"SET TimeZone='{system().loaded.config.time_zone}'")
    return connection


def run_sql(folder: Path, way: str = "cuts") -> dict[str, Any]:
    """Ask the questions that stand in by_hand.py, with the checks of the contracts before them.

    ``way`` is `cuts` for a statement for each cut, or `sets` for one statement with grouping sets.
    """
    import duckdb  # noqa: F401  # importing is no part of computing

    clock = Clock()
    known, today = sources(folder), system().today
    cells: dict[str, Any] = {}
    with clock.on("all"):
        with clock.on("opening"):
            connection = connected()
            beside(connection, known, folder)
        for name in sorted({q.source for q in by_hand.QUESTIONS}):
            with clock.on("contracts"):
                for text in by_hand.checks(known[name], folder, today):
                    connection.execute(text).fetchall()
        for question in by_hand.QUESTIONS:
            with clock.on("questions", question.kpi):
                ask = one_by_one if way == "cuts" else all_at_once
                ask(connection, question, known[question.source], folder, today, cells)
        with clock.on("putting together"):
            write(folder, "sql" if way == "cuts" else way, cells)
    return clock.result()


def beside(connection: Any, known: dict[str, Source], folder: Path) -> None:
    """Lay the tables of SQLite beside those that DuckDB reads itself."""
    import sqlite3

    import pyarrow as pa

    for source in known.values():
        if source.format == "sqlite":
            with contextlib.closing(sqlite3.connect(folder / source.location)) as database:
                found = database.execute(f"SELECT * FROM {source.table}")
                names = [d[0] for d in found.description]
                columns = zip(*found.fetchall(), strict=True)
                connection.register("texts", pa.table(dict(zip(names, map(list, columns), strict=True))))
            days = ", ".join(f"CAST({c.name} AS DATE) AS {c.name}" for c in source.contract if c.kind == "date")
            connection.execute(f"CREATE TEMP TABLE {source.table} AS SELECT * REPLACE ({days}) FROM texts")


def one_by_one(connection: Any, question: Any, source: Source, folder: Path, today: str, cells: dict[str, Any]) -> None:
    for view, text in by_hand.texts(question, source, folder, today):
        found = connection.execute(text)
        names = [d[0] for d in found.description][3:]
        for period, place, member, *values in found.fetchall():
            keep(cells, (question.kpi, place, view, member, period), dict(zip(names, values, strict=True)))


def all_at_once(
    connection: Any, question: Any, source: Source, folder: Path, today: str, cells: dict[str, Any]
) -> None:
    found = connection.execute(by_hand.at_once(question, source, folder, today))
    views = [v for v in question.views if v != "*"]
    width = max(1, len(views))
    names = [d[0] for d in found.description][2 : -1 - width]
    # A bit for each column that a row is not grouped by, the location first.
    every = 2 ** len(views) - 1
    of_bits = {every: ""} | {every - 2 ** (len(views) - 1 - n): view for n, view in enumerate(views)}
    for period, place, *values in found.fetchall():
        view = of_bits.get(values[-1], "*")
        member = values[-1 - width :][views.index(view)] if view in views else None
        keep(cells, (question.kpi, place, view, member, period), dict(zip(names, values, strict=False)))


def keep(cells: dict[str, Any], at: tuple[Any, ...], values: dict[str, Any]) -> None:
    kpi, place, view, member, period = at
    if period is None:
        return
    key = "|".join(
        (
            kpi,
            "*" if view == "*" else place or "",
            view.strip("*"),
            str(member or "") if view.strip("*") else "",
            str(period)[:10],
        )
    )
    kept = cells.setdefault(key, {})
    kept["rows"] = kept.get("rows", 0) + values.pop("rows")
    kept.update(values)


def write(folder: Path, name: str, cells: dict[str, Any]) -> None:
    (folder / "out").mkdir(exist_ok=True)
    (folder / "out" / f"{name}.json").write_text(json.dumps(cells, default=str), encoding="utf-8")


# --- pandas ---------------------------------------------------------------------------------------


def run_pandas(folder: Path) -> dict[str, Any]:
    """Compute the same from data frames that hold the columns that are needed and no others."""
    import by_pandas

    clock = Clock()
    with clock.on("all"):
        cells = by_pandas.run(definitions(), sources(folder), folder, system(), clock)
        with clock.on("putting together"):
            write(folder, "pandas", cells)
    return clock.result()


# --- comparing ------------------------------------------------------------------------------------


def run_compare(folder: Path, name: str = "sql") -> dict[str, Any]:
    """Compare what the product keeps with what another way found, cell by cell."""
    cells = json.loads((folder / "out" / f"{name}.json").read_text(encoding="utf-8"))
    store, differences, compared = Store(folder / "out" / "store"), [], 0
    visited: set[str] = set()
    periods_of: dict[str, set[str]] = defaultdict(set)
    for definition in definitions():
        run = store.run(definition.kpi)
        for place in (run.locations if run else ()) or (TOTAL,):
            for series in (store.series(definition.kpi, place), *store.members(definition.kpi, place)):
                if series is None:
                    continue
                for point in series.points:
                    first = periods.parse(point.period).first
                    key = "|".join((definition.kpi, place, series.dimension, series.member, first))
                    visited.add(key)
                    periods_of[definition.kpi].add(first)
                    found = dict(cells.get(key, {}))
                    compared += 1
                    rows = int(found.pop("rows", 0))
                    # Parts of other sources are not broken down everywhere; what is there must be the same.
                    hand = parts.filled(definition, {k: _number(v) for k, v in found.items()})
                    where = f"{definition.kpi} {place} {series.dimension} {series.member} {point.period}"
                    if any(not _same(point.parts.get(k), v) for k, v in hand.items()):
                        differences.append(f"{where}: qmsctl {dict(point.parts)}, {name} {hand}")
                    elif len({a.source for a in definition.aggregates.values()}) == 1 and rows != point.rows:
                        differences.append(f"{where}: qmsctl saw {point.rows} rows, {name} {rows}")
                    elif (
                        not definition.over
                        and not series.dimension
                        and not _same(point.value, parts.value(definition, hand))
                    ):
                        differences.append(f"{where}: qmsctl says {point.value}")
    for key in cells.keys() - visited:
        kpi, place, *_, first = key.split("|")
        # The total over all locations at once is kept under another key; rows without a location belong to none.
        if first in periods_of[kpi] and place and place != "*":
            differences.append(f"{key}: {name} has it, qmsctl does not")
    return {"compared": compared, "differences": differences}


def _number(value: Any) -> Any:
    from decimal import Decimal

    return Decimal(value) if isinstance(value, str) else value


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)


def run_compare_stores(folder: Path, name: str, only: str = "") -> dict[str, Any]:
    """Compare the values of two stores."""
    one, other, differences = Store(folder / "out" / "store"), Store(folder / "out" / name), []
    for definition in definitions():
        run = one.run(definition.kpi)
        for place in [only] if only else [TOTAL, *(run.locations if run else ())]:
            for get in ("series", "members"):
                ours, theirs = (getattr(s, get)(definition.kpi, place) for s in (one, other))
                if _points(ours) != _points(theirs):
                    differences.append(f"{definition.kpi} {place or 'all'} {get}")
    if differences:
        sys.stderr.write("\n".join(differences[:30]) + "\n")
    return {"differences": differences}


def _points(found: Any) -> Any:
    if found is None:
        return None
    rows = found if isinstance(found, list) else [found]
    return {
        (s.dimension, s.member): [(p.period, p.value, dict(p.parts), p.rows, bool(p.doubt)) for p in s.points]
        for s in rows
    }


# --- plans ----------------------------------------------------------------------------------------


def run_plans(folder: Path) -> dict[str, Any]:
    """Let DuckDB say how it answered each question of both: rows scanned, and operators from the scan upwards."""
    import ibis

    ours: dict[str, tuple[int, str]] = {}
    current = [""]
    ask = compute._ask

    def asked(definition: Definition, *given: Any) -> None:
        current[0] = definition.kpi
        ask(definition, *given)

    def collected(definition: Any, rows: Any, expression: Any, facts: Any, view: str, location: str = "") -> None:
        text = ibis.to_sql(expression.limit(compute.MOST_ROWS + 1), dialect="duckdb")
        ours[f"{current[0]} {rows.source.id} {view or '*' * bool(location)}"] = _plan(rows.backend.con, str(text))

    compute._ask, compute._collect = asked, collected
    compute._series = lambda *_: []
    shutil.rmtree(folder / "out" / "plans", ignore_errors=True)
    compute.compute(job(folder), Store(folder / "out" / "plans"))
    hand: dict[str, tuple[int, str]] = {}
    known, connection = sources(folder), connected()
    beside(connection, known, folder)
    for question in by_hand.QUESTIONS:
        for view, text in by_hand.texts(question, known[question.source], folder, system().today):
            hand[f"{question.kpi} {question.source} {view}"] = _plan(connection, text)
    different = [
        {"question": name, "ours": ours.get(name, (0, "none")), "hand": hand.get(name, (0, "none"))}
        for name in sorted({*ours, *hand})
        if ours.get(name) != hand.get(name)
    ]
    return {"questions": len({*ours, *hand}), "same": len({*ours, *hand}) - len(different), "different": different}


def _plan(connection: Any, text: str) -> tuple[int, str]:
    found = json.loads(connection.execute(f"EXPLAIN (ANALYZE, FORMAT json) {text}").fetchall()[0][1])
    chain: list[str] = []
    scanned = 0

    def walk(node: dict[str, Any]) -> None:
        nonlocal scanned
        scanned += int(node.get("rows_scanned") or 0)
        for child in node.get("children", ()):
            walk(child)
        kind = str(node.get("type"))
        # Projections only rename; the limit above stops nothing.
        if kind not in ("RESULT_COLLECTOR", "EXPLAIN_ANALYZE", "PROJECTION", "STREAMING_LIMIT", "LIMIT", "None"):
            chain.append(kind)

    for root in found["operator"]:
        walk(root)
    return scanned, " → ".join(chain)


# --- data -----------------------------------------------------------------------------------------


def run_data(folder: Path, reference: str, rows: str) -> dict[str, Any]:
    """Make the data, unless it is there."""
    counts = big_data.make(system().sources, Path(reference), folder, int(rows), system().loaded.config.time_zone)
    tables = {big_data.located(s, folder): counts.get(s.id, 0) for s in system().sources.values()}
    return {"rows": sum(tables.values()), "tables": tables}


def run_places(folder: Path) -> dict[str, Any]:
    """Return the locations that have values."""
    store = Store(folder / "out" / "store")
    return {"places": sorted({p for d in definitions() for r in [store.run(d.kpi)] if r for p in r.locations})}


MODES = {
    "data": run_data,
    "qmsctl": run_qmsctl,
    "sql": run_sql,
    "sets": lambda folder: run_sql(folder, "sets"),
    "pandas": run_pandas,
    "compare": run_compare,
    "compare-sets": lambda folder: run_compare(folder, "sets"),
    "compare-pandas": lambda folder: run_compare(folder, "pandas"),
    "compare-stores": run_compare_stores,
    "plans": run_plans,
    "places": run_places,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(MODES[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])) + "\n")
