"""The KPIs of the reference system: what qmsctl computes is what SQL written by hand computes from the same files."""

from __future__ import annotations

import importlib.util
import math
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from qmsctl.graph import Graph
from qmsctl.loader import Loaded, load
from qmsctl.measures.board import Measures
from qmsctl.measures.compute import Job, compute
from qmsctl.measures.definitions import faults
from tests.conftest import REPOSITORY, TODAY

ORACLE = REPOSITORY / "tests" / "data" / "measures" / "oracle"
KPIS = [f"KPI-{n:03d}" for n in range(1, 28)]
BY_HAND = ["KPI-028", "KPI-029"]
PLACES = ("", "aldern", "westry")

Cells = dict[tuple[str, str], float | None]

# What the SQL gives and qmsctl does not: the period that still runs, and the one in which the data begins on its third day.
RUNNING = {"week": {"2026-W47"}, "month": {"2026-11"}, "quarter": {"2026-Q4"}}
CUT = {"week": {"2023-W44"}, "month": set[str](), "quarter": {"2023-Q4"}}
WHOLE_FROM_THE_START = {
    "KPI-003": "delivered once a quarter, so that the first delivery covers the quarter",
    "KPI-009": "dated by the Monday of the planned week, the first one before the data begins",
    "KPI-021": "one snapshot at the end of each quarter",
}

CLOSED = {("2023-W52", place) for place in PLACES}
"""25 to 31 December 2023: both plants were closed the whole week, and there is nothing to divide by."""

OUTAGE = {("2026-W28", "westry"), ("2026-W29", "westry")}
"""The MES of Westry delivered nothing from 6 to 17 July 2026."""

SHORT = {(f"2024-Q{n}", place) for n in (1, 2, 3) for place in PLACES}
"""Twelve months are not there before the end of 2024."""

NO_ANSWER_YET = {("2023-11", place) for place in PLACES}
"""Complaints of the first month with data were answered in the second one; there is nothing to take a mean of."""

# What qmsctl lists and the SQL does not, since no row belongs to it: periods without a value.
WITHOUT_VALUE: Mapping[str, set[tuple[str, str]]] = {
    "KPI-002": NO_ANSWER_YET,
    "KPI-004": CLOSED,
    "KPI-009": CLOSED | OUTAGE,
    "KPI-010": SHORT,
    "KPI-014": CLOSED,
    "KPI-015": CLOSED | OUTAGE,
    "KPI-019": CLOSED | OUTAGE,
    "KPI-022": SHORT,
}
# Where nothing was found, a count is 0; the SQL has no row for it.
NOTHING_COUNTED = {"KPI-017": {("2026-Q3", "westry")}}

# Values that are computed, equal to the SQL where it has one, and not trusted, because rows are known to be missing.
TOTAL_TOO = OUTAGE | {(period, "") for period, _ in OUTAGE}
DOUBTED: Mapping[str, set[tuple[str, str]]] = {
    "KPI-009": TOTAL_TOO,
    "KPI-013": {("2026-07", ""), ("2026-07", "westry")},
    "KPI-015": TOTAL_TOO,
    "KPI-019": TOTAL_TOO,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of the reference system, made anew."""
    spec = importlib.util.spec_from_file_location("reference_data", REPOSITORY / "scripts" / "reference_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("reference") / "data"
    assert module.main([str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(REPOSITORY)


@pytest.fixture(scope="module")
def measures(data: Path, loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Measures:
    """All KPIs, computed once."""
    folder, graph = tmp_path_factory.mktemp("measures"), Graph(loaded)
    before = Measures(loaded, graph, folder, TODAY)
    wanted = list(before.definitions.values())
    job = Job(wanted, before.sources, data, loaded.config.time_zone, TODAY, f"{TODAY}T08:00:00+01:00")
    outcome = compute(job, before.store)
    assert outcome.failed == ()
    assert sorted(outcome.computed) == KPIS
    return Measures(loaded, graph, folder, TODAY)


@pytest.fixture(scope="module")
def database(data: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB with the one table that it cannot read from a file without an extension."""
    found = duckdb.connect()
    found.execute("CREATE TABLE energy (month_end TEXT, plant TEXT, carrier TEXT, kwh BIGINT, machine_hours DOUBLE)")
    rows = sqlite3.connect(data / "cmms" / "cmms.sqlite").execute(
        "SELECT month_end, plant, carrier, kwh, machine_hours FROM energy"
    )
    found.executemany("INSERT INTO energy VALUES (?, ?, ?, ?, ?)", rows.fetchall())
    return found


def test_every_definition_can_be_computed(measures: Measures, loaded: Loaded) -> None:
    found = {name: list(faults(loaded.qms.items[name], measures.sources)) for name in measures.definitions}
    assert {name: rows for name, rows in found.items() if rows} == {}
    assert sorted(found) == [*KPIS, *BY_HAND]
    assert sorted(f.stem for f in ORACLE.glob("*.sql")) == KPIS


@pytest.mark.parametrize("kpi", KPIS)
def test_the_values_are_those_of_sql_written_by_hand(
    measures: Measures, database: duckdb.DuckDBPyConnection, data: Path, kpi: str
) -> None:
    sql = (ORACLE / f"{kpi}.sql").read_text(encoding="utf-8").replace("{data}", data.as_posix())
    wanted: Cells = {(period, place): float(value) for period, place, value in database.execute(sql).fetchall()}
    series = [measures.series(kpi, place) for place in ("", *measures.locations(kpi))]
    points = {(point.period, one.location): point for one in series if one is not None for point in one.points}

    grain = measures.definitions[kpi].grain
    left_out = RUNNING[grain] | (set() if kpi in WHOLE_FROM_THE_START else CUT[grain])
    assert {key for key in wanted if key not in points} == {key for key in wanted if key[0] in left_out}

    without, zero = WITHOUT_VALUE.get(kpi, set()), NOTHING_COUNTED.get(kpi, set())
    assert {key for key in points if key not in wanted} == without | zero
    assert {key for key, point in points.items() if point.value is None} == without
    assert {points[key].value for key in zero} <= {0.0}

    both = [key for key in points if key in wanted]
    assert len(both) >= 11
    differ = {
        key: (points[key].value, wanted[key])
        for key in both
        if not math.isclose(points[key].value or 0.0, wanted[key] or 0.0, rel_tol=1e-9)
    }
    assert differ == {}
    assert {key for key, point in points.items() if point.doubt} == DOUBTED.get(kpi, set())


def test_only_the_outage_breaks_a_contract(measures: Measures) -> None:
    told = {}
    for name in measures.sources:
        state = measures.source_state(name)
        assert state is not None, name
        assert state.health is not None, f"{name}: {state.fault}"
        assert state.health.duplicates == 0, name
        for breach in state.health.breaches:
            told[name] = (breach.rule, breach.location, breach.days[0], breach.days[-1])
    assert told == {
        "SRC-007": ("gap", "westry", "2026-07-06", "2026-07-19"),
        "SRC-010": ("gap", "westry", "2026-07-06", "2026-07-17"),
        "SRC-012": ("gap", "westry", "2026-07-06", "2026-07-17"),
    }


def test_six_of_eight_objectives_are_on_course(measures: Measures) -> None:
    """As the change of February 2026 and KPI-027 say: first articles and critical stations are not."""
    found = {name: measures.attainment(name).state for name in (f"OBJ-{n:03d}" for n in range(1, 9))}
    assert [name for name, state in found.items() if state != "on"] == ["OBJ-004", "OBJ-006"]
    assert [found["OBJ-004"], found["OBJ-006"]] == ["off", "off"]
    judged = measures.judged("KPI-027")
    assert judged is not None
    assert judged.latest is not None
    assert judged.latest.value == 75


def test_people_recorded_what_no_system_has(measures: Measures) -> None:
    """The figures by hand begin where the objectives that they measure say that they began."""
    for kpi, objective, before in (("KPI-028", "OBJ-002", 0.0), ("KPI-029", "OBJ-008", 46.0)):
        series = measures.series(kpi)
        assert series is not None
        assert series.points[0].period == "2025-Q4"
        assert round(series.points[0].value or 0) == before
        assert measures.graph.items[objective].get("baseline")["value"] == before
        assert all(point.evidence for point in series.points)


def found_signals(measures: Measures, kpi: str, location: str = "") -> set[str]:
    """Return the periods on which a single value stands beyond its natural limits."""
    judged = measures.judged(kpi, location)
    assert judged is not None
    return {s.period for s in judged.behaviour.signals if "Western Electric 1" in s.rule}


def test_the_supplier_crisis_shows(measures: Measures) -> None:
    crisis = {"2025-03", "2025-04", "2025-05", "2025-06"}
    for kpi in ("KPI-011", "KPI-012"):
        assert crisis <= found_signals(measures, kpi), kpi
    judged = measures.judged("KPI-012")
    assert judged is not None
    assert {p.status for p in judged.points if p.period in crisis} == {"off"}
    late = measures.judged("KPI-004")
    assert late is not None
    assert any("2025-W15" <= s.period <= "2025-W32" and "below" in s.words for s in late.behaviour.signals)


def test_the_furnace_shows_in_its_month_and_place(measures: Measures) -> None:
    assert "2026-05" in found_signals(measures, "KPI-013", "westry")
    assert "2026-05" in found_signals(measures, "KPI-013")
    assert "2026-05" not in found_signals(measures, "KPI-013", "aldern")
    causes = dict(measures.breakdown("KPI-013", "machine"))
    assert max(causes, key=lambda name: causes[name]) == "VF-2"


def test_the_outage_is_a_gap_and_never_green(measures: Measures) -> None:
    for place in ("", "westry"):
        judged = measures.judged("KPI-015", place)
        assert judged is not None
        weeks = {p.period: p for p in judged.points if p.period in ("2026-W28", "2026-W29")}
        assert {p.status for p in weeks.values()} == {"none"}
        assert all("no rows for westry from 2026-07-06 to 2026-07-17" in p.point.doubt for p in weeks.values())
    aldern = measures.judged("KPI-015", "aldern")
    assert aldern is not None
    assert all(p.status != "none" for p in aldern.points if p.period in ("2026-W28", "2026-W29"))
