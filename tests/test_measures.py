"""Measures from rows to values: periods, formulas, parts, targets, runs and what is kept of them.

Organisations in temporary folders, real files, real runs; what is right is told by plain Python beside it.
"""

from __future__ import annotations

import datetime
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qmsctl.cli import app
from qmsctl.measures import compute, judgement, log, parts, periods
from qmsctl.measures.definitions import ExpressionFault, definition, evaluate, names_in, target_on
from qmsctl.measures.model import TOTAL, Definition, Judged, Point, Series, Target
from qmsctl.measures.sources import source
from qmsctl.measures.store import Run, Store
from qmsctl.model import Item
from tests.conftest import TODAY

COLUMNS: list[dict[str, Any]] = [
    {"name": "nr", "logicalType": "string"},
    {"name": "day", "logicalType": "date"},
    {"name": "place", "logicalType": "string"},
    {"name": "shop", "logicalType": "string"},
    {"name": "good", "logicalType": "integer"},
    {"name": "made", "logicalType": "integer"},
]
YIELD = [{"name": "numerator", "sum": "good"}, {"name": "denominator", "sum": "made"}]
HEAD = "nr,day,place,shop,good,made\n"
ROWS = (
    HEAD
    + "1,2026-08-03,aldern,turning,9,10\n2,2026-08-31,westry,milling,1,2\n3,2026-09-01,aldern,milling,5,5\n"
    + "4,2026-09-30,westry,turning,40,50\n5,2026-10-01,aldern,turning,19,20\n6,2026-10-31,westry,milling,30,40\n"
)


@dataclass
class Org:
    """A small organisation with KPIs, data sources and a data folder."""

    root: Path

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True, parents=True)
        self.config()
        for place in ("aldern", "westry"):
            self.item("locations", place, type="location", title=place.capitalize())

    def config(self, today: str = TODAY, zone: str = "Europe/Berlin") -> None:
        text = f"organisation: Example\ntime_zone: {zone}\nas_of: {today}\n"
        (self.root / "qms.yaml").write_text(text, encoding="utf-8")

    def item(self, folder: str, name: str, **fields: Any) -> Path:
        file = self.root / folder / f"{''.join(c for c in name if c.isalnum() or c in '-_')[:60]}.yaml"
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(yaml.safe_dump({"id": name, **fields}, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return file

    def source(self, name: str = "SRC-001", columns: list[dict[str, Any]] | None = None, **fields: Any) -> Path:
        plain: dict[str, Any] = {
            "type": "data-source",
            "title": "Rows",
            "system": "ERP",
            "format": "csv",
            "location": "rows.csv",
            "time_column": "day",
            "location_column": "place",
            "contract": {"properties": columns or COLUMNS},
        }
        plain |= fields
        return self.item("data-sources", name, **{k: v for k, v in plain.items() if v is not None})

    def kpi(
        self, name: str = "KPI-001", parts: list[dict[str, Any]] | None = None, more: Any = None, **fields: Any
    ) -> Path:
        rows = parts if parts is not None else YIELD
        kind = "ratio" if {r.get("name") for r in rows} >= {"numerator", "denominator"} else "simple"
        made = {"type": kind, "source": "SRC-001", "parts": rows} | ({"times": 100} if kind == "ratio" else {})
        plain: dict[str, Any] = {
            "type": "kpi",
            "title": "Yield",
            "kind": "outcome",
            "unit": "%",
            "direction": "higher",
            "target": 90,
            "frequency": "monthly",
            "compute": made | (more or {}),
        }
        return self.item("kpis", name, **{k: v for k, v in (plain | fields).items() if v is not None})

    def manual(self, name: str = "KPI-001", times: int = 1, **fields: Any) -> Path:
        return self.kpi(name, **{"compute": {"type": "manual", "times": times}, **fields})

    def put(self, text: str | bytes, name: str = "rows.csv") -> Path:
        file = self.root / "data" / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def parquet(self, columns: Mapping[str, Any], name: str = "rows.parquet") -> Path:
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = self.root / "data" / name
        file.parent.mkdir(exist_ok=True, parents=True)
        pq.write_table(pa.table(dict(columns)), file)
        return file

    def run(self, *arguments: str) -> Result:
        """Run a command; whatever goes wrong, it does not break down."""
        result = CliRunner().invoke(app, ["-C", str(self.root), *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise AssertionError(f"qmsctl {' '.join(arguments)} broke down") from result.exception
        assert "Traceback" not in result.output
        return result

    def compute(self, *arguments: str) -> Result:
        return self.run("kpi", "compute", *arguments)

    def good(self, *arguments: str) -> Result:
        result = self.compute(*arguments)
        assert result.exit_code == 0, result.output
        return result

    def show(self, kpi: str = "KPI-001", *arguments: str) -> list[dict[str, str]]:
        result = self.run("kpi", "show", kpi, "--format", "json", *arguments)
        assert result.exit_code == 0, result.output
        found: list[dict[str, str]] = json.loads(result.output)
        return found

    def values(self, kpi: str = "KPI-001", *arguments: str) -> dict[str, float | None]:
        return {r["period"]: float(r["value"]) if r["value"] else None for r in self.show(kpi, *arguments)}

    def last(self, kpi: str = "KPI-001", *arguments: str) -> dict[str, str]:
        return self.show(kpi, *arguments)[-1]

    @property
    def kept(self) -> Path:
        return self.root / "build" / "measures"

    def tool(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "qmsctl", "-C", str(self.root), *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def org(tmp_path: Path) -> Org:
    """An organisation with one KPI, the yield by month, and its rows."""
    made = Org(tmp_path / "qms")
    made.source()
    made.kpi()
    made.put(ROWS)
    return made


def item(**fields: Any) -> Item:
    return Item(fields["id"], fields["type"], "x.yaml", fields)


def percent(above: int, below: int) -> float:
    return float(Fraction(100 * above, below))


def counted(outcome: str) -> str:
    """Return the line that says how many were computed."""
    return outcome.strip().splitlines()[-1]


# --- periods --------------------------------------------------------------------------------------

DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31)).map(datetime.date.isoformat)
GRAINS = st.sampled_from(periods.GRAINS)


@given(DAYS, GRAINS)
def test_a_key_leads_back_to_its_period_and_holds_its_day(day: str, grain: str) -> None:
    found = periods.of(day, grain)
    assert periods.parse(found.key) == found
    assert found.first <= day <= found.last
    assert periods.of(found.first, grain) == periods.of(found.last, grain) == found
    assert periods.words(found.key)


@given(DAYS, GRAINS, st.integers(-500, 500))
def test_shifting_there_and_back_comes_home(day: str, grain: str, count: int) -> None:
    found = periods.of(day, grain)
    assert periods.shift(periods.shift(found, count), -count) == found
    assert (periods.shift(found, count).key > found.key) == (count > 0)


@given(DAYS, GRAINS)
def test_periods_follow_each_other_without_gap_or_overlap(day: str, grain: str) -> None:
    found = periods.of(day, grain)
    after = datetime.date.fromisoformat(found.last) + datetime.timedelta(days=1)
    assert periods.shift(found, 1).first == after.isoformat()
    assert periods.last_complete(found.last, grain) == periods.shift(found, -1)
    assert periods.last_complete(after.isoformat(), grain) == found


@given(DAYS, st.integers(0, 800), GRAINS)
def test_between_covers_all_days_once(day: str, length: int, grain: str) -> None:
    last = (datetime.date.fromisoformat(day) + datetime.timedelta(days=length)).isoformat()
    found = list(periods.between(day, last, grain))
    assert found[0] == periods.of(day, grain)
    assert found[-1] == periods.of(last, grain)
    assert [p.key for p in found] == sorted({p.key for p in found})
    assert all(a.last < b.first for a, b in pairwise(found))


@given(DAYS, GRAINS)
def test_the_year_before_is_the_same_period_of_the_year_before(day: str, grain: str) -> None:
    found = periods.of(day, grain)
    before = periods.year_before(found)
    assert before.grain == grain
    assert int(before.key[:4]) == int(found.key[:4]) - 1
    if not found.key.endswith(("W53", "-02-29")):
        assert before.key[4:] == found.key[4:]


def test_week_53_is_compared_with_week_52_and_leap_day_with_the_28th() -> None:
    assert periods.year_before(periods.parse("2026-W53")).key == "2025-W52"
    assert periods.year_before(periods.parse("2028-02-29")).key == "2027-02-28"


@pytest.mark.parametrize(
    ("day", "week"),
    [
        ("2026-12-28", "2026-W53"),
        ("2027-01-03", "2026-W53"),
        ("2027-01-04", "2027-W01"),
        ("2024-12-30", "2025-W01"),
        ("2022-01-02", "2021-W52"),
        ("2021-01-03", "2020-W53"),
    ],
)
def test_weeks_at_the_edge_of_the_year_are_those_of_iso_8601(day: str, week: str) -> None:
    assert periods.of(day, "week").key == week


@pytest.mark.parametrize(
    "text",
    ["2026-13", "2026-00", "2026-Q5", "2026-Q0", "2026-W54", "2025-W53", "2026-W00", "2026-02-30", "26-10", "",
     "2026-1", "2026-10-1", "2026/10", "October", "2026-10-01T00:00", "0000", "0000-01", "9999-W52-1", "-2026"],
)  # fmt: skip
def test_a_text_that_names_no_period_is_refused_with_examples(text: str) -> None:
    with pytest.raises(periods.PeriodFault, match="2026-W47"):
        periods.parse(text)


@pytest.mark.parametrize(
    "text", ["0001", "0001-01", "0001-W01", "9999", "9999-12", "9999-Q4", "9999-12-31", "9999-W52"]
)
def test_the_ends_of_the_calendar_are_periods_or_refused(text: str) -> None:
    try:
        found = periods.parse(text)
    except periods.PeriodFault:
        return
    assert found.first <= found.last


def test_between_ends_at_the_end_of_the_calendar() -> None:
    assert [p.key for p in periods.between("9998-01-01", "9999-12-31", "year")] == ["9998", "9999"]


# --- expressions ----------------------------------------------------------------------------------

WHOLE = st.integers(-(10**20), 10**20)
EXACT = st.one_of(WHOLE, st.decimals(-(10**9), 10**9, places=4, allow_nan=False))


@st.composite
def formulas(draw: Callable[..., Any], depth: int = 4) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return str(draw(st.one_of(st.sampled_from("abc"), st.integers(0, 99).map(str))))
    if draw(st.integers(0, 6)) == 0:
        return f"-({draw(formulas(depth - 1))})"
    return f"({draw(formulas(depth - 1))} {draw(st.sampled_from('+-*/'))} {draw(formulas(depth - 1))})"


def oracle(text: str, known: Mapping[str, Any]) -> Fraction | None:
    """Return what Python's fractions make of a formula."""

    exact = {k: Fraction(v) for k, v in known.items()}
    try:
        return Fraction(eval(re.sub(r"(\d+)", r"F(\1)", text), {"F": Fraction, **exact}))
    except ZeroDivisionError:
        return None


@given(formulas(), EXACT, EXACT, EXACT)
def test_formulas_are_exact_and_nothing_is_divided_by_zero(text: str, a: Any, b: Any, c: Any) -> None:
    assert evaluate(text, {"a": a, "b": b, "c": c}) == oracle(text, {"a": a, "b": b, "c": c})


@given(formulas())
def test_a_missing_part_makes_no_value_not_zero(text: str) -> None:
    if names_in(text):
        assert evaluate(text, dict.fromkeys("abc")) is None


def test_a_decimal_in_a_formula_is_as_exact_as_it_is_written() -> None:
    assert evaluate("a * 0.1", {"a": 3}) == Fraction(3, 10)
    found = evaluate("a * 0.1", {"a": Decimal("0.3")})
    assert found is not None
    assert float(found) == 0.03


@pytest.mark.parametrize(
    "text",
    ["__import__('os').system('id')", "a.__class__", "a[0]", "a ** b", "9 ** 9 ** 9", "a // b", "a % b", "a if b else c",
     "lambda: a", "[a for a in b]", "f'{a}'", "'a'", "a; b", "a = b", "(a := 1)", "a and b", "not a", "~a", "a < b",
     "a @ b", "a << 9999999", "1j", "True", "None", "...", "print(a)", "", "   ", "a +", ")(", "a\x00b", "*a", "a,b",
     "await a", "{a}", "9" * 5000, "(" * 250 + "a" + ")" * 250, "(" * 5000, "yield a", "import os", "a\nb"],
)  # fmt: skip
def test_a_hostile_formula_is_refused_with_words(text: str) -> None:
    with pytest.raises(ExpressionFault) as found:
        names_in(text)
    assert str(found.value).strip("` ") != "is not in the vocabulary"
    with pytest.raises(ExpressionFault):
        evaluate(text, {"a": 1, "b": 1})


@pytest.mark.parametrize("text", ["-" * 3000 + "a", "+".join("a" * 20_000), "-(" * 90 + "a" + ")" * 90, "+a"])
def test_a_very_long_or_deep_formula_is_computed_or_refused(text: str) -> None:
    try:
        found = evaluate(text, {"a": 1})
    except ExpressionFault as error:
        said = str(error)
    else:
        said = ""
        assert found is not None
    assert len(said) < 1000


@pytest.mark.parametrize("values", [(float("inf"), 1.0), (float("nan"), 1.0), (1e308, 1e-308), (1e308, 0.001)])
def test_what_is_no_finite_number_is_no_value(values: tuple[float, float]) -> None:
    made = definition(item(id="KPI-1", type="kpi", compute={"type": "ratio", "times": 100, "parts": YIELD}))
    assert parts.value(made, dict(zip(("numerator", "denominator"), values, strict=True))) is None


@pytest.mark.parametrize("values", [(1e308, 1e308), (float("inf"), float("-inf")), (10**400, 1.5)])
def test_parts_too_great_for_a_number_break_nothing(values: tuple[float, float]) -> None:
    made = definition(item(id="KPI-1", type="kpi", compute={"type": "ratio", "times": 100, "parts": YIELD}))
    raw = parts.merged(made, [{"numerator": v, "denominator": 1} for v in values])
    assert parts.value(made, raw) is None
    huge = definition(
        item(
            id="KPI-1",
            type="kpi",
            compute={"type": "derived", "expression": "numerator * 1.5 + denominator", "parts": YIELD},
        )
    )
    assert parts.value(huge, {"numerator": 10**400, "denominator": 1.5}) is None


# --- parts: rolled up equals computed on all rows at once -------------------------------------------

Row = tuple[str, str, str, int, Decimal]
ROW = st.tuples(
    st.dates(datetime.date(2025, 1, 1), datetime.date(2026, 11, 15)).map(datetime.date.isoformat),
    st.sampled_from(["aldern", "westry", "third"]),
    st.sampled_from(["x", "y"]),
    st.integers(0, 9),
    st.decimals(-5, 5, places=2, allow_nan=False, allow_infinity=False),
)
ROLL = [
    {"name": "numerator", "sum": "good"},
    {"name": "denominator", "sum": "made", "where": [{"column": "good", "at_least": 3}]},
]
ROLL_COLUMNS = [
    {"name": "day", "logicalType": "date"},
    {"name": "place", "logicalType": "string"},
    {"name": "shop", "logicalType": "string"},
    {"name": "good", "logicalType": "integer"},
    {"name": "made", "logicalType": "number", "physicalType": "DECIMAL(12,2)"},
]
KINDS: dict[str, dict[str, Any]] = {
    "ratio": {"type": "ratio", "times": 100, "parts": ROLL},
    "sum": {"type": "simple", "parts": [{"name": "a", "sum": "made"}]},
    "count": {"type": "simple", "parts": [{"name": "a", "count": "rows", "where": [{"column": "shop", "is": "x"}]}]},
    "average": {"type": "simple", "parts": [{"name": "a", "average": "made"}]},
    "min": {"type": "simple", "parts": [{"name": "a", "min": "made"}]},
    "max": {"type": "simple", "parts": [{"name": "a", "max": "made"}]},
    "different": {"type": "simple", "parts": [{"name": "a", "count_distinct": "good"}]},
    "quarter": {"type": "cumulative", "over": "3 months", "times": 100, "parts": ROLL},
    "year": {"type": "cumulative", "over": "year", "expression": "a", "parts": [{"name": "a", "average": "made"}]},
}


def naive(kind: str, rows: Iterable[Row]) -> Fraction | None:
    """Return the value of rows, by hand."""
    mine = list(rows)
    weights = [Fraction(r[4]) for r in mine]
    if kind in ("ratio", "quarter"):
        below = sum((Fraction(r[4]) for r in mine if r[3] >= 3), Fraction(0))
        return 100 * Fraction(sum(r[3] for r in mine)) / below if below else None
    if kind in ("sum", "count"):
        return sum(weights, Fraction(0)) if kind == "sum" else Fraction(sum(r[2] == "x" for r in mine))
    if kind == "different":
        return Fraction(len({r[3] for r in mine}))
    if not mine:
        return None
    return {"min": min(weights), "max": max(weights)}.get(kind, sum(weights, Fraction(0)) / len(weights))


def span_of(kind: str, period: periods.Period) -> tuple[str, str] | None:
    """Return the days whose rows make the value of a period; None where the window began before the data."""
    if kind == "year":
        return period.first[:4] + "-01-01", period.last
    if kind == "quarter":
        first = periods.shift(period, -2).first
        return (first, period.last) if first >= "2025-01-01" else None
    return period.first, period.last


def by_kind(kind: str, frequency: str) -> Definition:
    block = {"source": "SRC-001", "dimensions": ["shop"], **KINDS[kind]}
    return definition(item(id=kind, type="kpi", frequency=frequency, compute=block))


def computed(
    folder: Path, rows: Sequence[Row], kinds: Iterable[str], today: str = TODAY, **more: Any
) -> tuple[Store, compute.Outcome]:
    """Compute some kinds of KPI from rows; return what is kept."""
    (folder / "data").mkdir(exist_ok=True)
    text = "day,place,shop,good,made\n" + "".join(",".join(map(str, r)) + "\n" for r in rows)
    (folder / "data" / "rows.csv").write_text(text, encoding="utf-8")
    made = item(
        id="SRC-001", type="data-source", system="E", format="csv", location="rows.csv", time_column="day",
        location_column="place", contract={"properties": ROLL_COLUMNS},
    )  # fmt: skip
    wanted = [by_kind(kind, more.get("frequency", "monthly")) for kind in kinds]
    store = Store(folder / "kept")
    job = compute.Job(
        wanted,
        {"SRC-001": source(made, "Europe/Berlin")},
        folder / "data",
        "Europe/Berlin",
        today,
        "now",
        more.get("only", ""),
    )
    return store, compute.compute(job, store)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, max_size=60), st.sampled_from(["weekly", "monthly", "quarterly"]))
@example([], "monthly")
def test_what_is_rolled_up_is_what_all_rows_at_once_give(drawn: list[Row], frequency: str) -> None:
    rows = [("2025-01-01", "aldern", "x", 5, Decimal("1.10")), *drawn]
    kinds = [k for k in KINDS if frequency != "weekly" or k != "quarter"]
    with tempfile.TemporaryDirectory() as folder:
        store, outcome = computed(Path(folder), rows, kinds, frequency=frequency)
        assert outcome.failed == ()
        grain = periods.BY_FREQUENCY[frequency]
        over = periods.last_complete(TODAY, grain).last
        for kind in kinds:
            for place in (TOTAL, *sorted({r[1] for r in rows if r[0] <= over})):
                every = [store.series(kind, place), *store.members(kind, place)]
                for series in every:
                    assert series is not None
                    mine = [
                        r for r in rows
                        if place in (TOTAL, r[1]) and series.member in ("", r[2])
                    ]  # fmt: skip
                    for point in series.points:
                        period = periods.parse(point.period)
                        if kind == "year" and frequency == "weekly":
                            continue  # the year of weeks is that of ISO 8601
                        if kind == "quarter" and frequency == "quarterly":
                            span: tuple[str, str] | None = (period.first, period.last)
                        else:
                            span = span_of(kind, period)
                        if span is None:
                            assert point.value is None
                            continue
                        here = [r for r in mine if span[0] <= r[0] <= span[1]]
                        wanted = naive(kind, here)
                        if series.dimension:  # of members the parts of each period are kept, and no value
                            assert point.value is None
                            if span != (period.first, period.last):
                                continue
                            got = parts.value(by_kind(kind, frequency), point.parts)
                        else:
                            got = point.value
                        assert got == (None if wanted is None else float(wanted)), (kind, place, series.member, point)


def test_percentages_are_never_averaged_over_locations(org: Org) -> None:
    org.good()
    assert org.values() == {"2026-08": percent(10, 12), "2026-09": percent(45, 55), "2026-10": percent(49, 60)}
    assert org.values("KPI-001", "--location", "aldern")["2026-10"] == 95


def test_rows_without_a_location_count_in_the_total_or_are_told(org: Org) -> None:
    org.put(ROWS + "7,2026-10-05,,turning,0,100\n")
    org.good()
    last = org.last()
    assert last["value"] == repr(percent(49, 160)) or last["doubt"]


@pytest.mark.parametrize("place", ["*", "all", "kpi", "ALL", "a.by", "-", "rows"])
def test_a_location_of_any_name_keeps_its_values_and_spoils_no_others(org: Org, place: str) -> None:
    org.put(ROWS + f"7,2026-10-05,{place},turning,0,100\n")
    org.item("locations", place, type="location", title="Odd")
    result = org.compute()
    if result.exit_code == 0:
        last = org.last()
        assert last["value"] == repr(percent(49, 160)) or last["doubt"]
        assert org.values("KPI-001", "--location", "aldern")["2026-10"] == 95
    assert counted(org.compute().output).startswith("0 computed") or result.exit_code == 4


def test_a_part_called_rows_is_a_part_like_any_other(org: Org) -> None:
    org.source("SRC-002", location="more.csv")
    org.put(ROWS, "more.csv")
    org.kpi(
        parts=[{"name": "rows", "count": "rows"}, {"name": "other", "sum": "made", "source": "SRC-002"}],
        more={"type": "derived", "expression": "rows / other"},
    )
    org.good()
    assert org.values()["2026-10"] == 2 / 60


@pytest.mark.parametrize("name", ["in", "is", "class", "lambda", "not", "import", "none", "rows", "a_1"])
def test_a_part_may_be_called_by_any_word_or_is_refused_by_name(org: Org, name: str) -> None:
    org.kpi(parts=[{"name": name, "sum": "good"}])
    result = org.compute()
    assert (result.exit_code == 0 and org.values()["2026-10"] == 49) or name in result.output


def test_a_member_called_none_and_no_member_stand_beside_each_other(org: Org) -> None:
    org.kpi(more={"dimensions": ["shop"]})
    org.put(HEAD + "1,2026-10-01,aldern,none,1,2\n2,2026-10-02,aldern,,4,8\n3,2026-10-03,aldern,x,1,1\n")
    org.good()
    members = Store(org.kept).members("KPI-001", "aldern")
    assert sum(m.points[-1].parts["denominator"] or 0 for m in members) == 11


def test_different_values_are_counted_once_over_locations_and_not_at_all_where_they_cannot_be(org: Org) -> None:
    org.kpi(parts=[{"name": "a", "count_distinct": "shop"}], unit="shops")
    org.put(
        HEAD
        + "1,2026-09-01,aldern,x,1,1\n2,2026-10-01,aldern,x,1,1\n3,2026-10-02,westry,x,1,1\n4,2026-10-02,westry,y,1,1\n"
    )
    org.good()
    assert org.values()["2026-10"] == 2
    org.good("--location", "aldern")
    last = org.last()
    assert last["value"] == "2.0" or last["doubt"], "the value over all is gone, and nothing says why"


def test_different_values_of_one_source_over_the_rows_of_another(org: Org) -> None:
    org.source("SRC-002", location="more.csv", location_column=None)
    org.put(ROWS, "more.csv")
    org.kpi(
        parts=[
            {"name": "numerator", "count_distinct": "shop"},
            {"name": "denominator", "sum": "made", "source": "SRC-002"},
        ]
    )
    org.good()
    assert org.values()["2026-10"] == pytest.approx(percent(2, 60))


# --- status, windows, attainment --------------------------------------------------------------------


def judged(values: Mapping[str, float | None], today: str = TODAY, **fields: Any) -> Judged:
    made = definition(
        item(
            id="KPI-001",
            type="kpi",
            **{"direction": "higher", "compute": {"type": "simple", "parts": [{"name": "a", "sum": "x"}]}, **fields},
        )
    )
    points = tuple(Point(p, v, {"a": v}) for p, v in values.items())
    return judgement.judge(made, Series("KPI-001", points=points), [], today)


def test_a_value_is_judged_by_the_target_in_force_on_the_last_day_of_its_period() -> None:
    earlier = [{"until": "2026-08-31", "target": 80}, {"until": "2026-09-29", "target": 85}]
    found = judged({"2026-07": 81, "2026-08": 80, "2026-09": 85, "2026-10": 89}, target=90, earlier=earlier)
    assert [p.target.target for p in found.points] == [80, 80, 90, 90]
    assert [p.status for p in found.points] == ["on", "on", "off", "off"]


@given(st.lists(st.dates(datetime.date(2025, 1, 1), datetime.date(2026, 12, 31)), max_size=6, unique=True), DAYS)
def test_the_order_in_which_earlier_targets_are_written_does_not_matter(days: list[datetime.date], day: str) -> None:
    rows = [{"until": d.isoformat(), "target": n} for n, d in enumerate(days)]
    made = definition(item(id="KPI-001", type="kpi", target=99, earlier=rows))
    wanted = min((r for r in rows if str(r["until"]) >= day), key=lambda r: str(r["until"]), default={"target": 99})
    assert target_on(made, day).target == wanted["target"]


@pytest.mark.parametrize(
    ("direction", "target", "value", "wanted"),
    [
        ("higher", Target(90), 90, "on"),
        ("higher", Target(90), 89.999, "off"),
        ("lower", Target(5), 5, "on"),
        ("lower", Target(5), 5.001, "off"),
        ("lower", Target(0), -0.0, "on"),
        ("higher", Target(90, watch=88, off=80), 89, "on"),
        ("higher", Target(90, watch=88, off=80), 88, "on"),
        ("higher", Target(90, watch=88, off=80), 87.9, "watch"),
        ("higher", Target(90, watch=88, off=80), 80, "watch"),
        ("higher", Target(90, watch=88, off=80), 79.9, "off"),
        ("lower", Target(400, watch=500, off=800), 500, "on"),
        ("lower", Target(400, watch=500, off=800), 800, "watch"),
        ("lower", Target(400, watch=500, off=800), 801, "off"),
        ("lower", Target(400, off=800), 500, "watch"),
        ("within", Target(6, low=5, high=7), 5, "on"),
        ("within", Target(6, low=5, high=7), 7, "on"),
        ("within", Target(6, low=5, high=7), 4.999, "off"),
        ("within", Target(None, low=5, high=7), 7.001, "off"),
        ("within", Target(None, low=5), 1e9, "on"),
        ("higher", Target(None), 1, "none"),
        ("higher", Target(90), None, "none"),
        ("higher", Target(90), float("nan"), "none"),
        ("lower", Target(90), float("nan"), "none"),
        ("within", Target(6, low=5, high=7), float("nan"), "none"),
    ],
)  # fmt: skip
def test_edges_belong_to_the_better_side(direction: str, target: Target, value: float | None, wanted: str) -> None:
    found = judgement.status(direction, target, value)
    assert found == wanted


def test_a_band_without_edges_is_not_kept_by_every_value() -> None:
    assert judgement.status("within", Target(6), 1_000_000) != "on"


MONTHS = [p.key for p in periods.between("2024-06-01", "2026-10-31", "month")]


@given(st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 50), st.integers(0, 50))), min_size=29, max_size=29))
def test_longer_times_are_made_of_parts_and_compared_like_with_like(rows: list[tuple[int, int] | None]) -> None:
    made = definition(item(id="KPI-001", type="kpi", compute={"type": "ratio", "times": 100, "parts": YIELD}))
    raws = {m: dict(zip(("numerator", "denominator"), r, strict=True)) for m, r in zip(MONTHS, rows, strict=True) if r}
    points = tuple(Point(m, parts.value(made, raw), raw) for m, raw in raws.items())
    found = judgement.judge(made, Series("KPI-001", points=points), [], TODAY)

    def over(keys: Iterable[str]) -> float | None:
        mine = [raws[k] for k in keys if k in raws and raws[k]["denominator"]]
        below = sum(r["denominator"] for r in mine)
        return float(Fraction(100 * sum(r["numerator"] for r in mine), below)) if below else None

    begun = min(raws, default="9999")
    assert found.year_to_date == (over(m for m in MONTHS if m[:4] == "2026") if begun <= "2026-01" else None)
    assert found.rolling == (over(MONTHS[-12:]) if begun <= MONTHS[-12] else None)
    assert found.year_before == (over(["2025-10"]) if begun <= "2025-10" else None)
    wanted = over(m for m in MONTHS if "2025-01" <= m <= "2025-10") if begun <= "2025-01" else None
    assert found.year_before_to_date == wanted


def test_missing_months_are_gaps_not_the_last_value() -> None:
    found = judged({"2026-06": 95, "2026-08": 95}, target=90)
    assert [(p.period, p.status) for p in found.points][1:] == [
        ("2026-07", "none"),
        ("2026-08", "on"),
        ("2026-09", "none"),
        ("2026-10", "none"),
    ]
    assert found.status == "none"


def test_an_objective_is_as_far_as_its_kpis_by_their_weights(org: Org) -> None:
    org.item(
        "strategy", "STR-001", type="strategy", title="Aims", themes=[{"key": "grow", "title": "Grow", "why": "x"}]
    )
    org.manual("KPI-002", title="Turns", unit="x", target=8)
    org.item(
        "kpi-logs",
        "LOG-001",
        type="kpi-log",
        title="L",
        kpi="KPI-002",
        values=[{"period": "2026-10", "value": 6, "recorded": "2026-11-02"}],
    )
    rows = [{"kpi": "KPI-001", "weight": 3, "from": 0, "to": 100}, {"kpi": "KPI-002", "from": 10, "to": 5}]
    plain = {
        "type": "objective",
        "title": "More",
        "theme": "STR-001#grow",
        "baseline": {"value": 0, "date": "2026-01-01"},
        "target": 1,
        "by": "2026-12-31",
    }
    org.item("objectives", "OBJ-001", **plain, attainment=rows)
    org.good()
    card = json.loads(org.run("scorecard", "--objective", "OBJ-001", "--format", "json").output)
    assert card["groups"][0]["attainment"]["reached"] == pytest.approx((3 * 49 / 60 + 0.8) / 4)
    org.put(HEAD)
    org.compute()
    card = json.loads(org.run("scorecard", "--objective", "OBJ-001", "--format", "json").output)
    assert card["groups"][0]["attainment"]["reached"] is None
    assert card["groups"][0]["attainment"]["state"] == "none"


def test_a_process_is_as_good_as_its_worst_outcome_and_a_missing_value_is_no_green(org: Org) -> None:
    org.item("processes", "PRC-001", type="process", title="Make", steps=[])
    for name, target in (("KPI-001", 50), ("KPI-002", 99)):
        org.kpi(name, target=target, process="PRC-001")
    org.kpi("KPI-003", target=99, process="PRC-001", kind="activity")
    org.good()

    def states() -> dict[str, str]:
        card = json.loads(org.run("scorecard", "--process", "PRC-001", "--format", "json").output)
        return {g["title"]: g["status"] for g in card["groups"]}

    assert states()["Outcome"] == "off"
    org.kpi("KPI-002", target=50, process="PRC-001")
    assert states()["Outcome"] == "on"
    assert states()["Activity"] == "off"
    org.kpi(
        "KPI-002",
        target=50,
        process="PRC-001",
        parts=[{"name": "numerator", "sum": "made"}, {"name": "denominator", "sum": "good"}],
    )
    assert states()["Outcome"] == "none"


# --- incremental --------------------------------------------------------------------------------------


def test_a_second_run_computes_nothing_and_keeps_every_byte(org: Org) -> None:
    org.good()
    before = {f: f.read_bytes() for f in org.kept.rglob("*") if f.is_file()}
    assert counted(org.good().output) == "0 computed, 1 unchanged, 0 not computed"
    assert {f: f.read_bytes() for f in org.kept.rglob("*") if f.is_file()} == before


def test_a_file_touched_without_change_computes_nothing(org: Org) -> None:
    org.good()
    os.utime(org.root / "data" / "rows.csv", (1, 1))
    assert counted(org.good().output).startswith("0 computed")


def test_only_the_kpis_of_a_changed_source_are_computed(org: Org) -> None:
    org.source("SRC-002", location="other.csv")
    org.put(ROWS, "other.csv")
    org.kpi("KPI-002", more={"source": "SRC-002"})
    assert counted(org.good().output).startswith("2 computed")
    org.put(ROWS + "7,2026-10-03,aldern,x,1,1\n", "other.csv")
    assert counted(org.good().output) == "1 computed, 1 unchanged, 0 not computed"


def test_a_changed_definition_is_computed_and_a_changed_target_is_only_judged(org: Org) -> None:
    org.good()
    org.kpi(target=70)
    assert counted(org.good().output).startswith("0 computed")
    assert org.last()["status"] == "on"
    org.kpi(more={"times": 1})
    assert counted(org.good().output).startswith("1 computed")
    assert org.values()["2026-10"] == 49 / 60


@pytest.mark.parametrize(
    "change",
    [{"pauses": [{"from": "2026-10-02", "to": "2026-10-30", "why": "Works holiday"}]}, {"rows_every": "month"}, {"late_after": "90 days"}],
)  # fmt: skip
def test_a_changed_data_source_is_asked_again(org: Org, change: dict[str, Any]) -> None:
    plain = {"rows_every": "working day", "late_after": "30 days", "location_column": None}
    org.source(**plain)
    org.good()
    assert org.last()["doubt"]
    org.source(**(plain | change))
    assert counted(org.good().output).startswith("1 computed")


def test_values_of_a_changed_definition_are_not_shown_as_those_of_the_new_one(org: Org) -> None:
    org.good()
    org.kpi(more={"times": 1})
    result = org.run("kpi", "show", "KPI-001")
    assert result.exit_code == 1
    assert "definition changed" in result.output


def test_when_the_day_moves_on_the_next_period_is_judged(org: Org) -> None:
    org.good()
    org.put(ROWS + "7,2026-11-03,aldern,x,1,1\n")
    org.good()
    assert max(org.values()) == "2026-10"
    org.config("2026-12-01")
    assert org.last()["period"] == "2026-11"
    assert org.last()["status"] == "none"
    org.good()
    assert org.values()["2026-11"] == 100


# --- location by location -----------------------------------------------------------------------------


def both(org: Org) -> tuple[dict[str, float | None], ...]:
    return tuple(org.values("KPI-001", *more) for more in ((), ("--location", "aldern"), ("--location", "westry")))


def test_locations_computed_one_by_one_give_what_one_run_gives(org: Org) -> None:
    org.kpi(more={"dimensions": ["shop"]})
    org.good()
    wanted = both(org)
    members = Store(org.kept).members("KPI-001")
    shutil.rmtree(org.kept)
    org.good("--location", "aldern")
    org.good("--location", "westry")
    assert both(org) == wanted
    assert sorted(map(repr, Store(org.kept).members("KPI-001"))) == sorted(map(repr, members))


def test_a_location_computed_anew_renews_the_total_and_leaves_the_other(org: Org) -> None:
    org.good("--location", "aldern")
    org.good("--location", "westry")
    org.put(ROWS.replace("westry,milling,30,40", "westry,milling,40,40"))
    org.good("--location", "westry")
    assert org.values()["2026-10"] == percent(59, 60)
    assert org.values("KPI-001", "--location", "aldern")["2026-10"] == 95


def test_a_younger_location_computed_last_takes_nothing_from_the_total(org: Org) -> None:
    org.put("\n".join(row for row in ROWS.splitlines() if "2026-08-31" not in row) + "\n")
    org.good()
    wanted = both(org)
    org.good("--location", "aldern")
    org.good("--location", "westry")
    assert org.values() == wanted[0]


def test_a_location_not_computed_yet_for_a_period_makes_its_total_doubtful(org: Org) -> None:
    org.put(ROWS + "7,2026-11-03,aldern,x,0,90\n8,2026-11-03,westry,x,10,10\n")
    org.good("--location", "aldern")
    org.good("--location", "westry")
    org.config("2026-12-01")
    org.good("--location", "westry")
    last = org.last()
    assert last["period"] == "2026-11"
    assert last["status"] == "none", f"the total of one plant is shown as that of two: {last['value']}"


def test_a_definition_changed_between_two_locations_mixes_no_old_parts_into_the_total(org: Org) -> None:
    org.good()
    org.kpi(parts=[{"name": "numerator", "sum": "made"}, {"name": "denominator", "sum": "made"}])
    org.good("--location", "aldern")
    result = org.run("kpi", "show", "KPI-001", "--format", "json")
    if result.exit_code == 0:
        last = json.loads(result.output)[-1]
        assert last["value"] == "100.0" or last["doubt"], "half of the total is of the old definition"


def test_a_location_without_rows_is_told_and_spoils_nothing(org: Org) -> None:
    org.put(ROWS.replace("westry", "aldern"))
    org.good()
    org.compute("--location", "westry")
    assert org.last()["value"] == repr(percent(49, 60))
    assert org.last()["status"] == "off"


@pytest.mark.heavy
def test_locations_computed_at_the_same_time_lose_nothing(org: Org) -> None:
    org.good()
    wanted = both(org)
    for _ in range(4):
        shutil.rmtree(org.kept)
        running = [org.tool("kpi", "compute", "--location", place) for place in ("aldern", "westry")]
        said = [process.communicate(timeout=60) for process in running]
        assert [process.returncode for process in running] == [0, 0], said
        assert both(org) == wanted


# --- a run that is broken off -------------------------------------------------------------------------


def broken_off(org: Org, delay: float, how: int) -> None:
    """Start a run that would change the values, and end it after a moment."""
    process = org.tool("kpi", "compute", "--again")
    time.sleep(delay)
    process.send_signal(how)
    _, error = process.communicate(timeout=30)
    assert "qmsctl/measures" not in error, error
    for file in org.kept.rglob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))


def breaking(org: Org, delays: Iterable[float], how: int) -> None:
    org.kpi("KPI-002", parts=[{"name": "a", "sum": "made"}], more={"dimensions": ["shop"]})
    org.good()
    old = org.values()
    org.put(ROWS.replace("19,20", "20,20"))
    new = {**old, "2026-10": percent(50, 60)}
    for delay in delays:
        broken_off(org, delay, how)
        assert org.values() in (old, new)
    org.compute()
    assert org.values() == new
    assert org.last()["was"] == repr(old["2026-10"])


def test_a_run_that_is_killed_leaves_the_last_good_values(org: Org) -> None:
    breaking(org, (1.0, 1.6), signal.SIGKILL)


def test_a_run_that_is_cancelled_leaves_the_last_good_values(org: Org) -> None:
    breaking(org, (0.9, 1.4), signal.SIGINT)


@pytest.mark.heavy
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_broken_off_at_any_moment_leaves_the_last_good_values(org: Org, how: int) -> None:
    breaking(org, [random.uniform(0.3, 2.2) for _ in range(15)], how)


# --- late, repeated and mended rows -------------------------------------------------------------------


def test_late_rows_restate_a_value_and_say_what_it_was(org: Org) -> None:
    org.good()
    org.put(ROWS + "7,2026-09-15,aldern,turning,0,45\n")
    org.config("2026-11-17")
    org.good()
    rows = {r["period"]: r for r in org.show()}
    assert (rows["2026-09"]["value"], rows["2026-09"]["was"], rows["2026-09"]["restated"]) == (
        "45.0",
        repr(percent(45, 55)),
        "2026-11-17",
    )
    assert rows["2026-10"]["was"] == ""
    assert "restated on 2026-11-17, was 81.8 %" in org.run("kpi", "show", "KPI-001").output
    org.config("2026-11-18")
    org.good("--again")
    assert {r["period"]: r for r in org.show()}["2026-09"] == rows["2026-09"]


def test_rows_that_were_taken_back_are_told_like_those_that_came_late(org: Org) -> None:
    org.good()
    org.put(HEAD + "".join(line + "\n" for line in ROWS.splitlines()[1:] if "2026-09" not in line))
    org.good()
    assert {r["period"]: r for r in org.show()}["2026-09"]["was"] == repr(percent(45, 55))


def test_the_same_delivery_again_counts_once(org: Org) -> None:
    keyed = [{**COLUMNS[0], "primaryKey": True, "required": True}, *COLUMNS[1:]]
    org.source(columns=keyed, location="in/*.csv")
    org.put(ROWS, "in/1.csv")
    org.good()
    wanted = org.values()
    org.put(ROWS, "in/2.csv")
    org.put(HEAD + ROWS.splitlines()[-1] + "\n", "in/3.csv")
    org.good()
    assert org.values() == wanted
    assert all(r["doubt"] == r["was"] == "" for r in org.show())


def test_rows_that_contradict_each_other_make_their_periods_doubtful_and_no_others(org: Org) -> None:
    keyed = [{**COLUMNS[0], "primaryKey": True, "required": True}, *COLUMNS[1:]]
    org.source(columns=keyed)
    org.put(ROWS + "4,2026-09-30,westry,turning,41,50\n")
    org.good()
    found = {r["period"]: r for r in org.show()}
    assert "`nr`" in found["2026-09"]["doubt"]
    assert found["2026-09"]["status"] == "none"
    assert found["2026-08"]["doubt"] == found["2026-10"]["doubt"] == ""


def test_a_doubt_falls_on_the_period_in_which_the_kpi_counts_the_row(org: Org) -> None:
    columns = [
        *COLUMNS[:5],
        {**COLUMNS[5], "logicalTypeOptions": {"maximum": 100}},
        {"name": "shipped", "logicalType": "date"},
    ]
    org.source(columns=columns)
    org.put(
        "nr,day,place,shop,good,made,shipped\n1,2026-08-01,aldern,x,9,9,2026-08-02\n2,2026-09-30,aldern,x,999,999,2026-10-02\n"
        "3,2026-09-01,aldern,x,5,5,2026-09-02\n"
    )
    org.kpi(more={"time": "shipped"})
    org.good()
    found = {r["period"]: r for r in org.show()}
    assert found["2026-10"]["status"] == "none", "a row out of range makes a value that is shown as good"
    assert found["2026-09"]["doubt"] == ""


def test_a_doubt_of_one_location_leaves_the_other_alone(org: Org) -> None:
    org.source(rows_every="month")
    org.put(ROWS.replace("4,2026-09-30,westry,turning,40,50\n", ""))
    org.good()
    assert {r["period"]: bool(r["doubt"]) for r in org.show("KPI-001", "--location", "westry")} == {
        "2026-08": False,
        "2026-09": True,
        "2026-10": False,
    }
    assert not any(r["doubt"] for r in org.show("KPI-001", "--location", "aldern"))
    assert {r["period"]: r["status"] for r in org.show()}["2026-09"] == "none"


def test_a_doubt_in_a_window_is_a_doubt_of_all_values_made_of_it(org: Org) -> None:
    org.source(columns=[*COLUMNS[:5], {**COLUMNS[5], "logicalTypeOptions": {"maximum": 45}}])
    org.kpi(more={"type": "cumulative", "over": "2 months"})
    org.put(ROWS + "7,2026-11-02,aldern,x,1,1\n8,2026-12-02,aldern,x,1,1\n")
    org.config("2027-01-04")
    org.good()
    assert {r["period"]: r["status"] for r in org.show()} == {
        "2026-08": "none",
        "2026-09": "none",
        "2026-10": "none",
        "2026-11": "off",
        "2026-12": "on",
    }


def test_a_stale_source_has_no_trustworthy_value_and_the_old_ones_stay(org: Org) -> None:
    org.source(late_after="4 days")
    org.put(ROWS.replace("2026-10-31", "2026-10-20"))
    org.good()
    last = org.last()
    assert last["status"] == "none"
    assert "2026-10-20" in last["doubt"]
    assert org.values()["2026-08"] == pytest.approx(percent(10, 12))
    assert "no trustworthy value" in org.run("kpi", "show", "KPI-001").output


def test_one_row_of_the_future_does_not_make_a_stale_source_fresh(org: Org) -> None:
    org.source(late_after="4 days")
    org.put(ROWS.replace("2026-10-31", "2026-10-20") + "7,2062-10-31,westry,milling,1,1\n")
    org.good()
    assert org.last()["status"] == "none"


def test_a_breakdown_is_doubted_like_its_value(org: Org) -> None:
    org.source(columns=[*COLUMNS[:5], {**COLUMNS[5], "logicalTypeOptions": {"maximum": 45}}])
    org.kpi(more={"dimensions": ["shop"]})
    org.good()
    for one in Store(org.kept).members("KPI-001"):
        assert {p.period for p in one.points if p.doubt} == {"2026-09"}


def test_pauses_are_no_gaps(org: Org) -> None:
    org.source(
        rows_every="working day",
        location_column=None,
        pauses=[{"from": "2026-08-01", "to": "2026-11-16", "why": "Works holiday"}],
    )
    org.good()
    assert not any(r["doubt"] for r in org.show())


# --- values that people record ------------------------------------------------------------------------

LOG = (
    "# Kept by hand; do not sort.\r\nid: LOG-001\r\ntype: kpi-log\r\ntitle: 'Log  of it'   # two blanks\r\nkpi: KPI-001\r\nvalues:\r\n"
    "  - {period: 2026-08, value: 7.50, recorded: 2026-09-02}\r\n\r\n  # a remark\r\n\r\nexplanations:\r\n"
    "- period: 2026-08\r\n  cause: |\r\n    values:\r\n      Ünder — all   \r\n  written: 2026-09-03\r\n# the end\r\n"
)  # fmt: skip


def write_log(org: Org, text: str) -> Path:
    file = org.root / "kpi-logs" / "LOG-001-log.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text.encode())
    return file


def record(org: Org, *more: str, period: str = "2026-10", evidence: str = "Order book, page 2") -> Result:
    return org.run("kpi", "record", "KPI-001", "--period", period, "--evidence", evidence, *more)


@pytest.mark.parametrize(
    "text", [LOG, LOG.replace("\r\n", "\n"), LOG.rstrip(), LOG.replace("values:\r\n  - {", "values:\r\n- {", 1)]
)
def test_recording_and_explaining_keep_every_byte_of_the_log(org: Org, text: str) -> None:
    org.manual(unit="x")
    file = write_log(org, text)
    assert record(org, "--value", "8").exit_code == 0
    result = org.run("kpi", "explain", "KPI-001", "--period", "2026-10", "--cause", "Fixtures of VF-2 were worn.")
    assert result.exit_code == 0, result.output
    lines = file.read_bytes().decode().split("\r\n" if "\r\n" in text else "\n")
    old = [line for line in text.split("\r\n" if "\r\n" in text else "\n") if line]
    assert [line for line in lines if line in old] == old
    assert len([line for line in lines if line and line not in old]) == 2
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert (len(data["values"]), len(data["explanations"])) == (2, 2)
    assert org.values() == {"2026-08": 7.5, "2026-09": None, "2026-10": 8}
    assert "worn" in org.last()["explanation"]


def test_a_later_entry_counts_and_the_earlier_one_stays_beside_it(org: Org) -> None:
    org.manual(unit="x")
    assert record(org, "--value", "8").exit_code == 0
    org.config("2026-11-17")
    assert record(org, "--value", "9").exit_code == 0
    last = org.last()
    assert (last["value"], last["was"], last["restated"]) == ("9.0", "8.0", "2026-11-17")
    assert org.run("kpi", "show", "KPI-001", "--as-of", "2026-11-16", "--format", "json").output.count('"8.0"') == 1


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--value", "nan"),
        ("--value", "inf"),
        ("--value=-inf",),
        ("--value", "1e999"),
        ("--value", "8,5"),
        ("--value", "8 ppm"),
        ("--value", "8", "--unit", "ppm"),
        ("--value", "8", "--numerator", "1"),
        ("--value", "8", "--numerator", "1", "--denominator", "2"),
        ("--numerator", "1"),
        ("--numerator", "1", "--denominator", "0"),
        ("--numerator", "nan", "--denominator", "1"),
        ("--numerator", "1", "--denominator", "inf"),
        ("--value", "8", "--location", "nowhere"),
        ("--value", "8", "--by", "nobody"),
        ("--value", "8", "--evidence", " "),
        ("--value", "8", "--period", "2026-11"),
        ("--value", "8", "--period", "2027-01"),
        ("--value", "8", "--period", "2026-Q3"),
        ("--value", "8", "--period", "2026-W00"),
        ("--value", "8", "--period", "0001"),
        ("--value", "8", "--period", "9999-W52"),
        ("--value", "8", "--period", "yesterday"),
    ],
)
def test_recording_nonsense_is_refused_and_nothing_is_written(org: Org, more: tuple[str, ...]) -> None:
    org.manual(unit="x")
    before = write_log(org, LOG).read_bytes()
    result = record(org, *more)
    assert result.exit_code == 2, result.output
    assert (org.root / "kpi-logs" / "LOG-001-log.yaml").read_bytes() == before


@pytest.mark.parametrize(
    "more",
    [
        ("--period", "2026-13"),
        ("--period", "2026-10", "--until", "2026-09"),
        ("--period", "2026-10", "--until", "later"),
        ("--period", "2026-10", "--cause", "x"),
        ("--period", "2026-10", "--by", "tomorrow"),
        ("--period", "2026-10", "--by", "2026-02-30"),
        ("--period", "2026-10", "--who", "nobody"),
        ("--period", "2026-10", "--who", "KPI-001"),
        ("--period", "2026-10", "--location", "nowhere"),
    ],
)
def test_explaining_nonsense_is_refused_and_nothing_is_written(org: Org, more: tuple[str, ...]) -> None:
    before = write_log(org, LOG).read_bytes()
    result = org.run("kpi", "explain", "KPI-001", "--cause", "Fixtures were worn.", *more)
    assert result.exit_code == 2, result.output
    assert (org.root / "kpi-logs" / "LOG-001-log.yaml").read_bytes() == before


TEXTS = ["a\x7fb", "a\x85b", "a\u2028b", "a\ufeffb", "a\x00b", "a\x1b[31mb", "a: b # c", "- x", "}{][", "'\"\\", "a\nb\r\nc", "\U0001f600", "\ufffe", "%TAG", "...", "---\n", "a\u202eb"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_whatever_is_typed_the_log_stays_readable(org: Org, text: str) -> None:
    org.manual(unit="x")
    write_log(org, LOG)
    result = record(org, "--value", "8", evidence=f"See {text} there")
    assert org.values()["2026-08"] == 7.5
    if result.exit_code == 0:
        assert org.values()["2026-10"] == 8
        found = yaml.safe_load((org.root / "kpi-logs" / "LOG-001-log.yaml").read_bytes().decode())
        assert found["values"][-1]["evidence"] == f"See {text} there"


def test_bytes_that_are_no_text_leave_the_log_readable(org: Org) -> None:
    org.manual(unit="x")
    write_log(org, LOG)
    command = [sys.executable, "-m", "qmsctl", "-C", str(org.root), "kpi", "record", "KPI-001", "--period", "2026-10"]
    done = subprocess.run([*command, "--value", "8", "--evidence", b"See \xff there"], capture_output=True, check=False)
    assert done.returncode in (0, 2), ascii(done.stderr)
    assert org.values()["2026-08"] == 7.5


def test_a_value_computed_from_data_cannot_be_recorded_over(org: Org) -> None:
    result = record(org, "--value", "99")
    assert result.exit_code == 2
    assert "computed from data" in result.output


def test_a_recorded_ratio_is_as_exact_as_a_computed_one(org: Org) -> None:
    org.manual(times=100, direction="lower", target=7)
    assert record(org, "--numerator", "7", "--denominator", "100").exit_code == 0
    assert (org.last()["value"], org.last()["status"]) == ("7.0", "on")


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "1e999", "'12'", "true", "[1]", "null"])
@pytest.mark.parametrize("direction", ["higher", "lower", "within"])
def test_what_is_no_number_in_a_log_is_never_on_target(org: Org, value: str, direction: str) -> None:
    org.manual(unit="x", direction=direction, target=5, limits={"low": 4, "high": 6} if direction == "within" else None)
    write_log(
        org,
        f"id: LOG-001\ntype: kpi-log\ntitle: L\nkpi: KPI-001\nvalues:\n  - {{period: 2026-10, value: {value}, recorded: 2026-11-02}}\n",
    )
    result = org.run("kpi", "show", "KPI-001", "--format", "json")
    assert result.exit_code == 1 or json.loads(result.output)[-1]["status"] == "none"


def manual_places(org: Org, *rows: dict[str, Any]) -> None:
    org.manual(times=100)
    org.item(
        "kpi-logs",
        "LOG-001",
        type="kpi-log",
        title="L",
        kpi="KPI-001",
        values=[{"period": "2026-10", "recorded": "2026-11-02", **r} for r in rows],
    )


def test_recorded_values_of_locations_make_a_total_of_their_parts(org: Org) -> None:
    manual_places(
        org,
        {"location": "aldern", "numerator": 1, "denominator": 2},
        {"location": "westry", "numerator": 8, "denominator": 8},
    )
    assert org.values()["2026-10"] == 90
    manual_places(org, {"location": "aldern", "value": 50}, {"location": "westry", "value": 100})
    assert org.values()["2026-10"] is None


@pytest.mark.parametrize("first", ["aldern", "westry"])
def test_a_total_of_recorded_values_is_doubted_when_one_of_them_is(org: Org, first: str) -> None:
    rows = [
        {"location": "aldern", "numerator": 1, "denominator": 2},
        {"location": "westry", "numerator": 8, "denominator": 8},
    ]
    manual_places(org, *(r | ({"unit": "ppm"} if r["location"] == first else {}) for r in rows))
    assert org.last()["status"] == "none"


def test_a_total_of_recorded_values_waits_for_the_location_that_has_not_recorded_yet(org: Org) -> None:
    rows = [
        {"location": "aldern", "numerator": 1, "denominator": 2},
        {"location": "westry", "numerator": 8, "denominator": 8},
    ]
    manual_places(org, *({"period": "2026-09", **r} for r in rows), rows[1])
    assert org.last()["status"] == "none", org.last()


# --- what is kept -------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.none(), st.integers(-(10**25), 10**25), st.decimals(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
POINTS = st.builds(
    Point,
    st.dates().map(lambda d: d.isoformat()),
    st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    st.dictionaries(st.text(min_size=1, max_size=5), NUMBERS, max_size=3),
    st.integers(0, 10**12),
    st.text(max_size=20),
    st.just(""),
    st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    st.text(max_size=10),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(POINTS, max_size=4), st.text(min_size=1, max_size=8))
def test_what_is_kept_is_read_as_it_was(points: list[Point], member: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        total = Series("KPI-001", TOTAL, points=tuple(points))
        one = Series("KPI-001", "aldern", "shop", member, tuple(points))
        run = Run("KPI-001", "k", "d", "now", ("DuckDB",), (("SRC-001", "SELECT"),), ("aldern",))
        store.keep(run, [total, one])
        assert store.series("KPI-001") == total
        assert store.members("KPI-001", "aldern") == [one]
        assert store.run("KPI-001") == run


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": 1}', '{"format": 99}', "\x00\x00", '{"format": 1, "series": 5}', '{"format": 1, "series": [{"points": [[1]]}]}'])  # fmt: skip
def test_a_file_of_values_that_is_damaged_is_computed_anew(org: Org, text: str) -> None:
    org.good()
    wanted = org.values()
    for file in (
        org.kept / "KPI-001" / "_kpi.json",
        org.kept / "KPI-001" / "_all.json",
        org.kept / "sources" / "SRC-001.json",
    ):
        file.write_text(text, encoding="utf-8")
    org.run("kpi", "show", "KPI-001")
    org.run("scorecard")
    org.good("--again")
    assert org.values() == wanted


def test_values_that_were_lost_are_computed_without_being_asked_twice(org: Org) -> None:
    org.good()
    wanted = org.values()
    (org.kept / "KPI-001" / "_all.json").unlink()
    org.good()
    assert org.values() == wanted


def test_explanations_cover_periods_of_other_grains() -> None:
    row = {"period": "2026-Q3", "cause": "A worn drill", "written": "2026-10-01"}
    (found,) = log.explanations(item(id="LOG-1", type="kpi-log", explanations=[row]))
    assert [m for m in MONTHS if found.covers(m)] == ["2026-07", "2026-08", "2026-09"]
