"""Checks about KPIs and their values, at the edges: when they speak, and above all when they keep silent."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from qmsctl import checks
from qmsctl.graph import Graph
from qmsctl.history import revisions
from qmsctl.loader import load
from qmsctl.measures import FOLDER
from qmsctl.measures.board import Measures
from qmsctl.measures.run import run
from tests.conftest import TODAY

System = Callable[..., Path]
VALUES_CHECKS = (
    "core-process-without-outcome-value",
    "data-contract-broken",
    "data-contract-doubtful",
    "kpi-never-off",
    "kpi-off-without-action",
    "kpi-restated",
    "kpi-signal-unexplained",
    "kpi-value-missing",
    "objective-behind",
    "objective-past-date",
)
MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024, 2025, 2026) for month in range(1, 13)]


def found(root: Path, *only: str, today: str = TODAY, again: bool = True) -> list[str]:
    """Return the messages of some checks; what can be computed is computed before."""
    loaded = load(root)
    measures = Measures(loaded, Graph(loaded), root / FOLDER, today)
    if again and (root / "data").is_dir():
        run(measures, root / "data", f"{today}T06:00:00+01:00")
        measures = Measures(loaded, Graph(loaded), root / FOLDER, today)
    report = checks.run(loaded, today, only=only, measures=measures if measures.known else None)
    assert not [f for f in report.findings if f.check == "check-crashed"], report.findings
    return [f.message for f in report.findings]


def kpi(extra: str = "", **fields: Any) -> str:
    """Return a KPI whose values people record, in percent, where more is better."""
    rows = {"unit": '"%"', "direction": "higher", "target": 90, "frequency": "monthly", "react_within": "10 days"}
    rows |= {"kind": "outcome", "compute": "{type: manual}"} | fields
    text = "".join(f"{name}: {value}\n" for name, value in rows.items() if value is not None)
    return f"id: KPI-001\ntype: kpi\ntitle: Audits held\n{text}{extra}"


def log(values: Iterable[float | None], extra: str = "", last: str = "2026-10") -> str:
    """Return a log with monthly values up to a month, each recorded on the second day of the next one."""
    rows = list(values)
    end = MONTHS.index(last) + 1
    text = "".join(
        f"  - {{period: {MONTHS[at]}, value: {value}, recorded: {MONTHS[at + 1]}-02}}\n"
        for at, value in enumerate(rows, end - len(rows))
        if value is not None
    )
    return f"id: LOG-001\ntype: kpi-log\ntitle: Log\nkpi: KPI-001\nvalues:\n{text}{extra}"


def explained(period: str, written: str, **more: str) -> str:
    rest = "".join(f", {name}: {value}" for name, value in more.items())
    return f"explanations:\n  - {{period: {period}, written: {written}, cause: The auditor was ill.{rest}}}\n"


def written(system: System, *texts: str) -> Path:
    """Write items into a system, each where it belongs."""
    folders = {"kpi": "kpis", "kpi-log": "kpi-logs", "objective": "objectives", "location": "locations"}
    folders |= {"data-source": "data-sources", "process": "processes"}
    files = {}
    for at, text in enumerate(texts):
        kind = next(line for line in text.splitlines() if line.startswith("type: ")).removeprefix("type: ")
        name = text.splitlines()[0].removeprefix("id: ")
        files[f"{folders[kind]}/{name}-{at}.yaml"] = text
    return system(files)


# --- without values -------------------------------------------------------------------------------


def test_nothing_is_said_of_values_where_none_were_ever_computed_or_recorded(system: System) -> None:
    root = written(system, kpi())
    assert found(root, *VALUES_CHECKS) == []


def test_what_is_not_even_a_kpi_breaks_no_check_that_needs_no_values(system: System) -> None:
    text = "id: KPI-001\ntype: kpi\ntitle: Odd\ncompute: 5\nlimits: [1]\nearlier: 3\nreact_within: soon\ndecimals: x\n"
    objective = "id: OBJ-001\ntype: objective\ntitle: Odd\nattainment: [1]\nbaseline: 3\ntarget: x\n"
    source = "id: SRC-001\ntype: data-source\ntitle: Odd\ncontract: [1]\npauses: 3\nlocation: 4\ncsv: 5\n"
    odd_log = "id: LOG-001\ntype: kpi-log\ntitle: Odd\nkpi: [KPI-001]\nvalues: 3\nexplanations: [4]\n"
    root = written(system, text, objective, source, odd_log)
    loaded = load(root)
    report = checks.run(loaded, TODAY)
    assert not [f for f in report.findings if f.check == "check-crashed"], report.findings


@pytest.mark.parametrize(
    "direction, target, limits, count",
    [
        ("higher", 97, '{watch: 97, "off": 93}', 0),
        ("higher", 97, '{"off": 93}', 0),
        ("higher", None, '{watch: 95, "off": 93}', 0),
        ("higher", 97, '{"off": 98}', 1),
        ("higher", 97, "{low: 90}", 1),
        ("lower", 400, '{watch: 500, "off": 800}', 0),
        ("lower", 400, '{watch: 300, "off": 800}', 1),
        ("lower", 400, '{watch: 500, "off": 450}', 1),
        ("within", 6, "{low: 5, high: 7.5}", 0),
        ("within", None, "{low: 5, high: 7.5}", 0),
        ("within", 6, None, 1),
        ("within", 6, "{low: 5}", 1),
        ("within", 8, "{low: 5, high: 7.5}", 1),
        ("within", 6, "{low: 5, high: 7, watch: 6}", 1),
        ("within", None, None, 0),
    ],
)
def test_limits(system: System, direction: str, target: float | None, limits: str | None, count: int) -> None:
    root = written(system, kpi(direction=direction, target=target, limits=limits))
    assert len(found(root, "kpi-limits-contradict")) == count


@pytest.mark.parametrize(
    "location, hit",
    [
        ("erp/deliveries/*.parquet", False),
        ("env:ERP_DATABASE", False),
        ("postgres://erp.example.org/erp", True),
        ("postgres://reader:s3cret@erp.example.org/erp", True),
        ("host=erp password=s3cret", True),
    ],
)
def test_no_password_is_repeated(system: System, location: str, hit: bool) -> None:
    root = written(system, f'id: SRC-001\ntype: data-source\ntitle: Rows\nlocation: "{location}"\n')
    told = found(root, "data-source-with-password")
    assert bool(told) is hit
    assert "s3cret" not in str(told)


def test_the_same_rows_over_another_time_or_with_another_condition_are_another_kpi(system: System) -> None:
    def text(at: int, compute: str) -> str:
        return f"id: KPI-00{at}\ntype: kpi\ntitle: T{at}\ncompute: {compute}\n"

    parts = "parts: [{name: numerator, count: rows, source: SRC-001, where: [{column: a, is: 1}]}, {name: denominator, count: rows, source: SRC-001}]"
    root = written(
        system,
        text(1, f"{{type: ratio, {parts}}}"),
        text(2, f"{{type: cumulative, over: 12 months, {parts}}}"),
        text(3, f"{{type: ratio, {parts.replace('is: 1', 'is: 2')}}}"),
        text(4, "{type: manual}"),
        text(5, "{type: manual}"),
        text(6, f"{{type: ratio, times: 100, {parts}}}"),
    )
    assert found(root, "kpi-defined-twice") == ["this KPI computes the same as KPI-001 T1"]


def test_a_source_in_the_computation_is_a_source(system: System) -> None:
    root = written(
        system,
        kpi(),
        "id: KPI-002\ntype: kpi\ntitle: Rows\ncompute: {type: simple, source: SRC-001, parts: [{name: a, count: rows}]}\n",
        "id: KPI-003\ntype: kpi\ntitle: Rows\ncompute: {type: simple, parts: [{name: a, count: rows, source: SRC-001}]}\n",
        "id: KPI-004\ntype: kpi\ntitle: Rows\ncompute: {type: simple, parts: [{name: a, count: rows}]}\n",
    )
    loaded = load(root)
    report = checks.run(loaded, TODAY, only=["kpi-without-source"])
    assert [f.item for f in report.findings] == ["KPI-004"]


# --- off target -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values, extra, count",
    [
        ([93, 81, 84], "", 1),
        ([93, 81, 95], "", 0),
        ([93, 95, 84], "", 1),
        ([81, None, 84], "", 1),
        ([93, 81, 84], explained("2026-09", "2026-10-03"), 0),
        ([93, 81, 84], explained("2026-10", "2026-11-10"), 0),
        ([81, 93, 84], explained("2026-08", "2026-09-10"), 1),
        ([93, 81, 84], explained("2026-09", "2026-08-20"), 1),
        ([93, 81, 84], explained("2026-09", "2026-12-01"), 1),
    ],
)
def test_off_target(system: System, values: list[float | None], extra: str, count: int) -> None:
    root = written(system, kpi(), log(values, extra))
    assert len(found(root, "kpi-off-without-action")) == count


def test_off_target_within_the_time_to_react(system: System) -> None:
    root = written(system, kpi(), log([93, 95, 84]))
    assert found(root, "kpi-off-without-action", today="2026-11-10") == []
    told = found(root, "kpi-off-without-action", today="2026-11-11")
    assert told == ["84.0 % in October 2026, agreed at least 90 %; nobody wrote down why within 10 days"]


def places(values: dict[str, tuple[int, int]], extra: str = "") -> tuple[str, ...]:
    rows = "".join(
        f"  - {{period: 2026-09, location: {place}, numerator: {over}, denominator: {under}, recorded: 2026-10-02}}\n"
        f"  - {{period: 2026-10, location: {place}, numerator: {over}, denominator: {under}, recorded: 2026-11-02}}\n"
        for place, (over, under) in values.items()
    )
    return (
        kpi(compute="{type: manual, times: 100}"),
        f"id: LOG-001\ntype: kpi-log\ntitle: Log\nkpi: KPI-001\nvalues:\n{rows}{extra}",
        "id: aldern\ntype: location\ntitle: Aldern\n",
        "id: westry\ntype: location\ntitle: Westry\n",
    )


def test_off_target_at_one_location(system: System) -> None:
    root = written(system, *places({"aldern": (980, 1000), "westry": (8, 10)}))
    (told,) = found(root, "kpi-off-without-action")
    assert "80.0 % at Westry in October 2026" in told
    assert "off since September 2026" in told


def test_off_target_together_is_said_once_and_answered_by_a_location(system: System) -> None:
    root = written(system, *places({"aldern": (60, 100), "westry": (80, 100)}))
    (told,) = found(root, "kpi-off-without-action")
    assert told.startswith("70.0 % in October 2026")
    answer = explained("2026-09", "2026-10-03", location="aldern")
    root = written(system, *places({"aldern": (60, 100), "westry": (80, 100)}, answer))
    assert found(root, "kpi-off-without-action") == []


# --- signals --------------------------------------------------------------------------------------

CALM = [96, 94, 94, 95, 94, 95, 95, 94, 94, 95, 96, 94, 95, 97, 94, 94, 97, 93, 96, 93, 94, 97, 96, 94]


@pytest.mark.parametrize(
    "values, extra, count",
    [
        ([*CALM, 95, 96], "", 0),
        ([*CALM, 80, 95], "", 1),
        ([*CALM, 80, 95], explained("2026-09", "2026-10-08"), 0),
        ([*CALM, 80, 95], explained("2026-Q3", "2026-10-08"), 0),
        ([*CALM, 80, 95], explained("2026-08", "2026-10-08"), 1),
        ([*CALM, 80, 95], explained("2026-09", "2026-10-08", location="westry"), 0),
        ([*CALM[:16], 80, *CALM[:14]], "", 0),
    ],
)
def test_signals(system: System, values: list[float | None], extra: str, count: int) -> None:
    root = written(system, kpi(), log(values, extra))
    assert len(found(root, "kpi-signal-unexplained")) == count


def test_signals_that_follow_each_other_are_one_stretch(system: System) -> None:
    root = written(system, kpi(), log([*CALM, 80, 80, 81, 80, 79, 80, 80, 81, 80, 80]))
    (told,) = found(root, "kpi-signal-unexplained")
    assert told.startswith("nobody has explained: ")
    assert " signals December 2025 to October 2026, such as " in told
    report = explained("2026-01", "2026-02-08", until="2026-10", new_level="true")
    assert (
        found(
            written(system, kpi(), log([*CALM, 80, 80, 81, 80, 79, 80, 80, 81, 80, 80], report)),
            "kpi-signal-unexplained",
        )
        == []
    )


# --- targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values, fields, count",
    [
        ([95.0] * 24, {}, 1),
        ([95.0] * 23, {}, 0),
        ([95.0] * 23 + [89.9], {}, 0),
        ([89.0] + [95.0] * 30, {}, 0),
        ([None, *[95.0] * 24], {}, 1),
        ([100.0] * 24, {"target": 100}, 0),
        ([0.0] * 24, {"target": 0, "direction": "lower"}, 0),
        ([95.0] * 24, {"target": None}, 0),
        ([92.0] * 24, {"target": 95, "limits": '{watch: 90, "off": 80}'}, 0),
        ([6.0] * 24, {"target": 6, "direction": "within", "limits": "{low: 5, high: 7}"}, 1),
    ],
)
def test_never_off(system: System, values: list[float | None], fields: dict[str, Any], count: int) -> None:
    root = written(system, kpi(**fields), log(values))
    assert len(found(root, "kpi-never-off")) == count


def versions(root: Path, *states: tuple[str, str]) -> None:
    """Let states of a KPI land, each on a day; the last one, without a day, is in the folder only."""

    def git(moment: str, *arguments: str) -> None:
        name = {"NAME": "Ina", "EMAIL": "ina@example.org", "DATE": moment}
        env = {f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in name.items()}
        subprocess.run(["git", *arguments], cwd=root, env=env, check=True, capture_output=True)

    (root / "kpis").mkdir(exist_ok=True)
    git("", "init", "-q", "-b", "main")
    for day, text in states:
        (root / "kpis" / "KPI-001-audits.yaml").write_text(text, encoding="utf-8")
        if day:
            git(f"{day}T09:00:00+01:00", "add", "-A")
            git(f"{day}T09:00:00+01:00", "commit", "-q", "-m", "change")


FIRST = kpi(revision='"1.0"', effective="2026-01-12")
BEFORE = "earlier: [{until: 2026-06-30, target: 90}]\n"
GREENER = "earlier: [{until: 2026-06-30, target: 80}]\n"


@pytest.mark.parametrize(
    "day, fields, extra, hits",
    [
        ("2026-06-20", {"target": 95}, BEFORE, 0),
        ("2026-06-20", {"target": 95}, GREENER, 1),
        ("2026-06-20", {"target": 95}, "", 1),
        ("2026-06-20", {"target": 95, "compute": None}, "", 0),
        ("2026-06-20", {"target": 90}, "", 0),
        ("2026-06-20", {"target": 0.95, "unit": "share"}, "", 0),
        (
            "2026-06-20",
            {"target": 95},
            "earlier: [{until: 2026-03-31, target: 80}, {until: 2026-06-30, target: 90}]\n",
            1,
        ),
        ("2026-06-20", {"target": 95}, "earlier: [{until: 2026-07-15, target: 90}]\n", 0),
        ("2026-06-20", {"target": 95, "limits": "{watch: 91}"}, BEFORE, 0),
        ("", {"target": 95}, BEFORE, 0),
        ("", {"target": 95, "effective": TODAY}, "earlier: [{until: 2026-11-15, target: 90}]\n", 0),
        ("", {"target": 95, "effective": TODAY}, "earlier: [{until: 2026-11-15, target: 85}]\n", 1),
        ("2026-08-20", {"target": 85}, BEFORE, 1),
    ],
)
def test_targets_of_the_past(system: System, day: str, fields: dict[str, Any], extra: str, hits: int) -> None:
    root = system({})
    second = kpi(extra, **({"revision": '"2.0"', "effective": "2026-07-01"} | fields))
    versions(root, ("2026-01-05", FIRST), (day, second))
    loaded = load(root)
    history = revisions.read(root, loaded.config, loaded.types, today=TODAY)
    report = checks.run(loaded, TODAY, only=["kpi-target-rewritten"], history=history)
    assert len(report.findings) == hits, report.findings


# --- missing and changed values -------------------------------------------------------------------


def test_a_value_is_missing_once_the_time_to_record_it_has_passed(system: System) -> None:
    root = written(system, kpi(), log([93, 91], last="2026-09"))
    assert found(root, "kpi-value-missing", today="2026-11-10") == []
    told = found(root, "kpi-value-missing", today="2026-11-11")
    assert told == ["no value for October 2026; the last one is of September 2026"]


def test_a_new_kpi_has_time_for_its_first_value(system: System) -> None:
    other = "id: LOG-002\ntype: kpi-log\ntitle: Other\nkpi: KPI-009\n"
    assert found(written(system, kpi(effective="2026-10-05"), other), "kpi-value-missing") == []
    assert found(written(system, kpi(effective="2026-09-05"), other), "kpi-value-missing") == [
        "nobody has recorded a value yet"
    ]


def test_a_location_that_recorded_nothing_is_named(system: System) -> None:
    texts = list(places({"aldern": (98, 100), "westry": (97, 100)}))
    texts[1] = texts[1].replace(
        "  - {period: 2026-10, location: westry, numerator: 97, denominator: 100, recorded: 2026-11-02}\n", ""
    )
    told = found(written(system, *texts), "kpi-value-missing")
    assert told == ["no value at Westry for October 2026; the last one is of September 2026"]


@pytest.mark.parametrize(
    "recorded, value, count", [("2026-10-20", 88, 1), ("2026-10-20", 93.001, 0), ("2026-08-01", 88, 0)]
)
def test_restated(system: System, recorded: str, value: float, count: int) -> None:
    rows = "  - {period: 2026-06, value: 93, recorded: 2026-07-02}\n"
    rows += f"  - {{period: 2026-06, value: {value}, recorded: {recorded}}}\n"
    root = written(system, kpi(), f"id: LOG-001\ntype: kpi-log\ntitle: Log\nkpi: KPI-001\nvalues:\n{rows}")
    assert len(found(root, "kpi-restated")) == count


def test_a_core_process_with_a_value_that_is_not_due_yet(system: System) -> None:
    process = "id: PRC-001\ntype: process\ntitle: Audit\nclass: core\n"
    texts = (kpi(process="PRC-001"), log([93, 91], last="2026-09"))
    root = written(system, *texts)
    (root / "processes").mkdir()
    (root / "processes" / "PRC-001-audit.md").write_text(f"---\n{process}---\n", encoding="utf-8")
    assert found(root, "core-process-without-outcome-value", today="2026-11-10") == []
    assert len(found(root, "core-process-without-outcome-value", today="2026-11-11")) == 1


# --- objectives -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "by, value, extra, hits",
    [
        ("2026-11-15", 95, "", []),
        ("2026-11-15", 94.9, "", ["objective-past-date"]),
        ("2026-11-15", None, "", ["objective-past-date"]),
        ("2026-11-15", 94.9, "status: obsolete\n", []),
        ("2026-11-16", 94.9, "", []),
        ("2026-11-16", 85, "", ["objective-behind"]),
        ("2027-11-16", 87, "", []),
        ("2027-11-16", 86, "", ["objective-behind"]),
        ("2027-11-16", None, "", []),
    ],
)
def test_objectives(system: System, by: str, value: float | None, extra: str, hits: list[str]) -> None:
    objective = (
        f'id: OBJ-001\ntype: objective\ntitle: Hold audits\nunit: "%"\nbaseline: {{value: 80, date: 2025-11-16}}\n'
        f"target: 95\nby: {by}\nkpis: [KPI-001]\nattainment: [{{kpi: KPI-001}}]\n{extra}"
    )
    root = written(system, kpi(), log([90, value]), objective)
    told = {c: found(root, c) for c in ("objective-past-date", "objective-behind")}
    assert [c for c, messages in told.items() if messages] == hits


# --- data -----------------------------------------------------------------------------------------

SOURCE = """id: SRC-001
type: data-source
title: Deliveries
system: ERP
format: csv
location: deliveries.csv
time_column: sent
rows_every: month
contract: {properties: [{name: sent, logicalType: date}, {name: late, logicalType: integer, logicalTypeOptions: {minimum: 0}}]}
"""
COUNTED = "{type: simple, source: SRC-001, parts: [{name: late, sum: late}]}"


def delivered(system: System, rows: str, *texts: str) -> Path:
    root = written(system, SOURCE, kpi(compute=COUNTED), *texts)
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / "deliveries.csv").write_text("sent,late\n" + rows, encoding="utf-8")
    return root


def rows_of(**late: int) -> str:
    return "".join(
        f"2026-{month:02d}-05,{late.get(f'm{month}', 1)}\n" for month in range(3, 12) if late.get(f"m{month}") != 99
    )


def silence(extra: str) -> str:
    return f"id: LOG-001\ntype: kpi-log\ntitle: Log\nkpi: KPI-001\n{extra}"


@pytest.mark.parametrize(
    "late, extra, hits",
    [
        ({}, "", []),
        ({"m10": -1}, "", ["data-contract-broken"]),
        ({"m10": -1}, explained("2026-10", "2026-11-08"), ["data-contract-broken"]),
        ({"m5": -1}, "", ["data-contract-doubtful"]),
        ({"m5": -1}, explained("2026-05", "2026-06-08"), []),
        ({"m5": -1, "m6": -1}, explained("2026-05", "2026-06-08"), ["data-contract-doubtful"]),
        ({"m5": -1, "m6": -1}, explained("2026-Q2", "2026-07-08"), []),
        ({"m5": 99}, "", ["data-contract-doubtful"]),
        ({"m5": 99}, explained("2026-05", "2026-06-08"), []),
        ({"m10": 99}, "", ["data-contract-broken"]),
    ],
)
def test_contracts(system: System, late: dict[str, int], extra: str, hits: list[str]) -> None:
    root = delivered(system, rows_of(**late), *([silence(extra)] if extra else []))
    told = {c: found(root, c) for c in ("data-contract-broken", "data-contract-doubtful")}
    assert [c for c, messages in told.items() if messages] == hits, told


def test_computed_values_that_are_missing(system: System) -> None:
    root = delivered(system, rows_of())
    assert found(root, "kpi-value-missing", again=False) == []  # nothing was ever computed
    assert found(root, "kpi-value-missing") == []
    later = found(root, "kpi-value-missing", today="2026-12-02", again=False)
    assert later == ["no trustworthy value for November 2026: it was last computed on 16 November 2026"]
    written(system, kpi(compute=COUNTED.replace("sum: late", "max: late")))
    assert found(root, "kpi-value-missing", again=False) == [
        "no value at all: its definition changed since it was computed"
    ]
    (root / "data" / "deliveries.csv").unlink()
    (told,) = found(root, "kpi-value-missing")
    assert "nothing was delivered" in told
    assert len(found(root, "data-contract-broken", again=False)) == 1


def test_a_source_that_no_kpi_uses_any_more_is_not_spoken_of(system: System) -> None:
    root = delivered(system, rows_of(m10=-1))
    assert len(found(root, "data-contract-broken")) == 1
    (root / "kpis").rename(root / "gone")
    assert found(root, "data-contract-broken", again=False) == []
