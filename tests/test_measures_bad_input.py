"""Hostile rows and hostile definitions: a clear error, no value lost, and never the old green.

Whatever arrives, the run does not break down, the last good values stay readable, and a KPI that cannot be
computed says that it has no trustworthy value.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from qmsctl.measures.store import Store
from tests.test_measures import COLUMNS, HEAD, ROWS, Org, counted, percent

KEYED = [{**COLUMNS[0], "primaryKey": True, "required": True}, *COLUMNS[1:]]
TYPED = [{"name": "day", "logicalType": "date"}, {"name": "x", "logicalType": "number"}]
SUM = [{"name": "a", "sum": "x"}]


@pytest.fixture(scope="session")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An organisation whose KPI was on target when it was last computed."""
    made = Org(tmp_path_factory.mktemp("well") / "qms")
    made.source()
    made.kpi(target=50)
    made.put(ROWS)
    made.good()
    assert made.last()["status"] == "on"
    return made.root


@pytest.fixture
def org(well: Path, tmp_path: Path) -> Org:
    """A copy of it to spoil."""
    return Org(shutil.copytree(well, tmp_path / "qms"))


def heavy(value: Any) -> Any:
    """Return a value of a parameter with which a test is slow."""
    return pytest.param(value, marks=pytest.mark.heavy)


def bare(
    tmp_path: Path,
    text: str | bytes,
    columns: Any = None,
    csv: dict[str, str] | None = None,
    parts: Any = None,
    **more: Any,
) -> Org:
    """Return an organisation with one column `x` added up by month."""
    made = Org(tmp_path / "bare")
    made.source(columns=columns or TYPED, csv=csv, location_column=None, **more)
    made.kpi(parts=parts or SUM, target=1, unit="pieces")
    made.put(text)
    return made


def refused(org: Org, *words: str) -> str:
    """Compute, and see that it is told, that the last good values stay, and that none of them is green any more."""
    result = org.compute()
    assert result.exit_code == 4, result.output
    line = next(row for row in result.output.splitlines() if row.startswith("KPI-001  "))
    for word in ("SRC-001", *words):
        assert word.lower() in line.lower(), line
    assert "1 not computed" in result.output
    last = org.last()
    assert (last["status"], last["value"]) == ("none", "")
    assert "no trustworthy value" in org.run("kpi", "show", "KPI-001").output
    assert "1 no trustworthy value" in org.run("scorecard").output
    assert org.values()["2026-09"] == percent(45, 55)
    return line


def doubted(org: Org, *words: str, period: str = "2026-10") -> str:
    """Compute, and see that the period is doubted with figures and others are not."""
    org.good()
    found = {r["period"]: r for r in org.show()}
    assert found[period]["status"] == "none", found[period]
    for word in words:
        assert word.lower() in found[period]["doubt"].lower(), found[period]["doubt"]
    return found[period]["doubt"]


def told(org: Org, *words: str) -> str:
    """Compute, and see that the newest value is refused or doubted, with these words."""
    result = org.compute()
    assert result.exit_code in (0, 4), result.output
    seen = org.run("kpi", "show", "KPI-001")
    text = result.output + seen.output
    if seen.exit_code == 0:
        assert org.last()["status"] == "none", text
    for word in words:
        assert word.lower() in text.lower(), text
    return text


# --- files ------------------------------------------------------------------------------------------


def test_a_missing_file_is_told(org: Org) -> None:
    (org.root / "data" / "rows.csv").unlink()
    refused(org, "nothing was delivered", "rows.csv")


def test_a_good_delivery_after_a_bad_one_is_trusted_again(org: Org) -> None:
    org.put("")
    org.compute()
    org.put(ROWS)
    org.good()
    assert org.last()["status"] == "on"


@pytest.mark.parametrize("content", [HEAD, HEAD.strip(), "", "\n", "\n\n\n", "\ufeff", "\ufeff" + HEAD], ids=ascii)
def test_an_empty_delivery_is_told(org: Org, content: str) -> None:
    org.put(content)
    refused(org)


def test_rows_without_a_head_are_not_taken_for_one(org: Org) -> None:
    org.put(ROWS.removeprefix(HEAD))
    refused(org, "missing", "made")


def test_a_missing_column_is_named_with_what_there_is(org: Org) -> None:
    org.put(ROWS.replace("made", "produced"))
    line = refused(org, "missing", "made")
    assert "SRC-001" in line
    state = Store(org.kept).source("SRC-001")
    assert state is not None
    assert "produced" in state.help
    assert state.rule == "missing column"


def test_columns_in_another_order_and_more_columns_change_nothing(org: Org) -> None:
    rows = [line.split(",") for line in ROWS.splitlines()]
    org.put(
        "".join(",".join(["x", *reversed(row), "y"]) + "\n" for row in rows)
        .replace("x,made", "extra,made")
        .replace("nr,y", "nr,other")
    )
    wanted = org.values()
    org.good()
    assert org.values() == wanted


def test_a_column_that_is_there_twice_is_not_chosen_from(org: Org) -> None:
    lines = ROWS.splitlines()
    org.put("\n".join([lines[0] + ",good", *(line + ",0" for line in lines[1:])]) + "\n")
    told(org, "good")


@pytest.mark.parametrize("head", ["NR,DAY,PLACE,SHOP,GOOD,MADE\n", " nr, day, place, shop, good, made\n"])
def test_columns_written_otherwise_are_read_or_told(org: Org, head: str) -> None:
    wanted = org.values()
    org.put(ROWS.replace(HEAD, head))
    if org.compute().exit_code == 0:
        assert org.values() == wanted
    else:
        refused(org, "missing")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_one_file_of_several_that_lacks_a_column_is_told(org: Org, form: str) -> None:
    org.source(format=form, location=f"in/*.{form}")
    if form == "csv":
        org.put(ROWS, "in/1.csv")
        org.put("nr,day,place,shop,good\n9,2026-10-05,aldern,x,0\n", "in/2.csv")
    else:
        import datetime

        plain = {"nr": ["1"], "day": [datetime.date(2026, 10, 1)], "place": ["aldern"], "shop": ["x"], "good": [9]}
        org.parquet(plain | {"made": [10]}, "in/1.parquet")
        org.parquet(plain | {"nr": ["2"]}, "in/2.parquet")
    told(org, "made")


def test_windows_line_ends_quotes_and_a_byte_order_mark_are_read(org: Org) -> None:
    wanted = org.values()
    text = ROWS.replace("turning", '"tur""n\r\ning, \u00fc"').replace("\n", "\r\n").replace("\r\r", "\r")
    org.put("\ufeff" + text)
    org.good()
    assert org.values() == wanted


@pytest.mark.parametrize("row", ["#7,2026-10-05,aldern,x,0,100\n", "//7,2026-10-05,aldern,x,0,100\n", ";7,2026-10-05,aldern,x,0,100\n", "NULL,2026-10-05,aldern,x,0,100\n"])  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_no_row_is_taken_for_a_remark(org: Org, row: str, first: bool) -> None:
    org.put(HEAD + (row if first else "") + ROWS.removeprefix(HEAD) + ("" if first else row))
    org.good()
    assert org.values()["2026-10"] == percent(49, 160)


@pytest.mark.parametrize(
    "text",
    ["Report of October\n\n" + ROWS, "\n" + ROWS, ROWS + "\n\n", ROWS.replace("\n", "\r"), ROWS.rstrip("\n")],
    ids=range(5),
)
def test_lines_around_the_rows_lose_no_rows(org: Org, text: str) -> None:
    wanted = org.values()
    org.put(text)
    if org.compute().exit_code == 0:
        assert org.values() == wanted
    else:
        refused(org)


@pytest.mark.parametrize("row", ["7,2026-10-05,aldern,x,1\n", "7,2026-10-05,aldern,x,1,2,3\n", '7,2026-10-05,"aldern,x,1,2\n', '7,2026-10-05,al"dern,x,1,2\n', '7,2026-10-05,"al"dern,x,1,2\n'])  # fmt: skip
def test_a_broken_row_is_told_with_its_line(org: Org, row: str) -> None:
    org.put(ROWS + row + "8,2026-10-06,aldern,x,1,2\n" * 3)
    result = org.compute()
    if result.exit_code == 0:
        assert org.values()["2026-10"] == percent(49 + 4, 60 + 8) or org.last()["doubt"]
    else:
        line = refused(org)
        assert "8" in line


def test_a_nul_byte_loses_no_row(org: Org) -> None:
    org.put(ROWS.encode() + b"7,2026-10-05,aldern,x\x00y,0,100\n8,2026-10-05,ald\x00ern,x,0,100\n")
    if org.compute().exit_code == 0:
        assert org.values()["2026-10"] == percent(49, 260)
    else:
        refused(org)


def test_bytes_of_another_encoding_are_told_with_file_and_line(org: Org) -> None:
    org.put(ROWS.encode() + "7,2026-10-05,aldern,fräsen,1,2\n".encode("latin-1"))
    refused(org, "rows.csv", "line 8", "utf-8")


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_that_was_not_agreed_is_told(org: Org, name: str) -> None:
    org.put(ROWS.encode(name))
    refused(org)


@pytest.mark.parametrize("name,codec", [("utf-16", "utf-16"), ("windows-1252", "cp1252"), ("iso-8859-1", "latin-1"), ("utf-8", "utf-8")])  # fmt: skip
def test_agreed_encodings_are_read(org: Org, name: str, codec: str) -> None:
    org.source(csv={"encoding": name})
    org.kpi(more={"dimensions": ["shop"]})
    org.put(ROWS.replace("milling", "fräsen").encode(codec))
    org.good()
    assert org.values()["2026-10"] == percent(49, 60)
    assert {s.member for s in Store(org.kept).members("KPI-001")} == {"fräsen", "turning"}


PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.mark.parametrize("kind", ["empty", "png", "cut", "csv", "folder"])
@pytest.mark.parametrize("form", ["parquet", "sqlite"])
def test_a_file_that_is_no_table_is_told(org: Org, kind: str, form: str) -> None:
    org.source(format=form, location=f"rows.{form}", table="rows")
    if kind == "cut":
        whole = (
            org.parquet({"x": list(range(5000))}, "whole").read_bytes()
            if form == "parquet"
            else b"SQLite format 3\x00" + bytes(200)
        )
        org.put(whole[: len(whole) // 2], f"rows.{form}")
    elif kind == "folder":
        (org.root / "data" / f"rows.{form}").mkdir()
    else:
        org.put({"empty": b"", "png": PNG, "csv": ROWS.encode()}[kind], f"rows.{form}")
    result = org.compute()
    assert result.exit_code == 4
    assert "SRC-001" in result.output
    last = org.last()
    assert last["status"] == "none"


def test_a_parquet_file_of_another_type_is_told(org: Org) -> None:
    import datetime

    org.source(format="parquet", location="rows.parquet")
    plain = {"nr": ["1"], "day": [datetime.date(2026, 10, 1)], "place": ["aldern"], "shop": ["x"], "good": [9]}
    org.parquet(plain | {"made": ["ten"]})
    refused(org, "made", "integer", "string")
    org.parquet(plain | {"made": [10.5]})
    refused(org, "made", "integer", "number")


def test_texts_in_a_column_of_numbers_of_sqlite_are_told(org: Org) -> None:
    org.source(format="sqlite", location="rows.sqlite", table="deliveries")
    with sqlite3.connect(org.root / "data" / "rows.sqlite") as base:
        base.execute("CREATE TABLE deliveries (nr, day DATE, place TEXT, shop TEXT, good INTEGER, made INTEGER)")
        rows = [
            ("1", "2026-09-01", "aldern", "x", 45, 55),
            ("2", "2026-10-01", "aldern", "x", "nine", 10),
            ("3", "2026-10-02", "aldern", "x", 1, 2),
        ]
        base.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?)", rows)
    base.close()
    doubted(org, "1 of 3", "`good`")
    assert {r["period"]: r["status"] for r in org.show()}["2026-09"] == "on"


def test_rows_of_sqlite_that_are_still_in_its_journal_count_and_are_noticed(org: Org) -> None:
    org.source(format="sqlite", location="rows.sqlite", table="deliveries")
    base = sqlite3.connect(org.root / "data" / "rows.sqlite", isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA wal_autocheckpoint=0")
    base.execute("CREATE TABLE deliveries (nr, day, place, shop, good, made)")
    base.execute("INSERT INTO deliveries VALUES ('1', '2026-10-01', 'aldern', 'x', 1, 2)")
    org.good()
    assert org.values()["2026-10"] == 50
    base.execute("INSERT INTO deliveries VALUES ('2', '2026-10-01', 'aldern', 'x', 2, 2)")
    org.good()
    assert org.values()["2026-10"] == 75
    base.close()


def test_all_files_of_sqlite_are_read_or_the_source_is_refused(org: Org) -> None:
    org.source(format="sqlite", location="*.sqlite", table="t")
    for name, made in (("a", 2), ("b", 8)):
        with sqlite3.connect(org.root / "data" / f"{name}.sqlite") as base:
            base.execute("CREATE TABLE t (nr, day, place, shop, good, made)")
            base.execute("INSERT INTO t VALUES (?, '2026-10-01', 'aldern', 'x', 1, ?)", (name, made))
        base.close()
    if org.compute().exit_code == 0:
        assert org.values()["2026-10"] == 20


@pytest.mark.parametrize("name", ["a%41.sqlite", "a#b.sqlite", "a&mode=rwc.sqlite", "a b'c.sqlite"])
def test_a_file_name_with_signs_opens_that_file(org: Org, name: str) -> None:
    org.source(format="sqlite", location=name, table="t")
    with sqlite3.connect(org.root / "data" / name) as base:
        base.execute("CREATE TABLE t (nr, day, place, shop, good, made)")
        base.execute("INSERT INTO t VALUES ('1', '2026-10-01', 'aldern', 'x', 1, 2)")
    base.close()
    org.good()
    assert org.values()["2026-10"] == 50


# --- places -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    ["../rows.csv", "x/../../rows.csv", "/etc/passwd", "~/rows.csv", "http://example.org/rows.csv", "s3://bucket/rows.csv",
     "https://example.org/*.csv", "file:///etc/passwd", "C:\\rows.csv", "x\\..\\rows.csv", "", ".", "*", "**", "[", "rows.csv\x00.txt", "x" * 5000, "a/" * 3000],
    ids=lambda v: ascii(v[:24]),
)  # fmt: skip
def test_a_location_outside_the_data_folder_is_refused(org: Org, location: str) -> None:
    (org.root / "rows.csv").write_text(ROWS, encoding="utf-8")
    (org.root / "data" / "rows.csv").unlink()
    org.source(location=location)
    refused(org)


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/passwd", "../qms.yaml", "/dev/stdin", "rows.csv", "nowhere"])
def test_a_link_out_of_the_data_folder_is_refused(org: Org, target: str) -> None:
    (org.root / "data" / "rows.csv").unlink()
    os.symlink(target, org.root / "data" / "rows.csv")
    refused(org)


def test_a_linked_folder_out_of_the_data_folder_is_refused(org: Org) -> None:
    (org.root / "outside").mkdir()
    (org.root / "outside" / "rows.csv").write_text(ROWS, encoding="utf-8")
    os.symlink("../outside", org.root / "data" / "in")
    org.source(location="in/*.csv")
    refused(org, "link out of the data folder")


def test_a_pipe_does_not_hold_up_the_run(org: Org) -> None:
    (org.root / "data" / "rows.csv").unlink()
    os.mkfifo(org.root / "data" / "rows.csv")
    refused(org, "no plain file")


@pytest.mark.parametrize(
    "name", ["a[b].csv", "a'b.csv", 'a"b.csv', "a;b.csv", "a b.csv", "ü.csv", "a{b,c}.csv", "--x.csv"]
)
def test_file_names_with_signs_are_read_or_refused(org: Org, name: str) -> None:
    (org.root / "data" / "rows.csv").rename(org.root / "data" / name)
    org.source(location="*.csv")
    wanted = org.values()
    if org.compute().exit_code == 0:
        assert org.values() == wanted
    else:
        refused(org, name)


def test_a_slow_source_ends_at_its_time_limit_and_holds_up_no_other(org: Org) -> None:
    org.source("SRC-002", location="slow.csv", time_limit=1)
    org.kpi(
        "KPI-002",
        parts=[{"name": "a", "count_distinct": "nr", "source": "SRC-002"}],
        more={"dimensions": ["shop", "nr"]},
    )
    with (org.root / "data" / "slow.csv").open("wb") as file:
        file.truncate(40 * 2**30)  # a hole; to read it through takes longer than anybody waits
    process = org.tool("kpi", "compute")
    output, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (4, "")
    assert "within 1 seconds" in output
    assert org.last()["status"] == "on"


# --- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("csv", "text", "wanted"),
    [
        ({}, "1.5", 1.5),
        ({}, "1,5", None),
        ({}, "1,234", None),
        ({}, "1 234", None),
        ({}, "1'234", None),
        ({}, "1.234.567", None),
        ({"thousands": ","}, "1,234.5", 1234.5),
        ({"thousands": ","}, "1,234,567", 1234567),
        ({"thousands": ","}, "1,5", None),
        ({"thousands": ","}, "1,23", None),
        ({"thousands": ","}, "12,34,567", None),
        ({"decimal": ","}, "1,5", 1.5),
        ({"decimal": ","}, "1.234", None),
        ({"decimal": ",", "thousands": "."}, "1.234,5", 1234.5),
        ({"decimal": ",", "thousands": "."}, "1.5", None),
        ({"decimal": ",", "thousands": "."}, "12.50", None),
        ({"decimal": ",", "thousands": "."}, "1,234.5", None),
        ({"thousands": "'"}, "1'234.5", 1234.5),
        ({"thousands": " "}, "1 234.5", 1234.5),
        ({"thousands": " "}, "1 5", None),
        ({}, "NaN", None),
        ({}, "inf", None),
        ({}, "-Infinity", None),
        ({}, "1e400", None),
        ({}, "0x10", None),
        ({}, "1_000", None),
        ({}, "12 %", None),
        ({}, "3,50 €", None),
        ({}, "n/a", None),
        ({}, "-", None),
        ({}, ".", None),
        ({}, "e5", None),
        ({}, "\u0661\u0662", None),
        ({}, "\uff11\uff12", None),
        ({}, "−5", None),
        ({}, "-0", 0.0),
        ({}, "1e3", 1000.0),
        ({}, "  7  ", 7.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["number", heavy("integer")])
def test_a_figure_is_read_as_it_was_agreed_or_told(
    tmp_path: Path, csv: dict[str, str], text: str, wanted: float | None, kind: str
) -> None:
    columns = [TYPED[0], {"name": "x", "logicalType": kind}]
    if kind == "integer" and wanted is not None and (wanted != int(wanted) or "e" in text):
        wanted = None
    org = bare(tmp_path, f'day,x\n2026-09-01,3\n2026-10-01,"{text}"\n', columns, csv)
    org.good()
    last = org.last()
    if wanted is None:
        assert last["status"] == "none", last
        assert "1 of 2 rows" in last["doubt"]
        assert "`x`" in last["doubt"]
    else:
        assert (float(last["value"]), last["doubt"]) == (wanted, "")


def test_great_whole_numbers_are_exact(tmp_path: Path) -> None:
    whole = 10**18 + 1
    columns = [TYPED[0], {"name": "x", "logicalType": "integer"}]
    org = bare(tmp_path, "day,x\n" + f"2026-10-01,{whole}\n" * 30, columns)
    org.good()
    point = Store(org.kept).series("KPI-001")
    assert point is not None
    assert point.points[-1].parts["a"] == 30 * whole


def test_a_whole_number_too_great_for_the_engine_is_told(tmp_path: Path) -> None:
    columns = [TYPED[0], {"name": "x", "logicalType": "integer"}]
    told(bare(tmp_path, f"day,x\n2026-10-01,{10**19}\n", columns), "1 of 1")


def test_decimals_are_added_exactly(tmp_path: Path) -> None:
    columns = [TYPED[0], {"name": "x", "logicalType": "number", "physicalType": "DECIMAL(12,2)"}]
    org = bare(tmp_path, "day,x\n" + "2026-10-01,0.10\n" * 30, columns)
    org.good()
    series = Store(org.kept).series("KPI-001")
    assert series is not None
    assert series.points[-1].parts["a"] == Decimal("3.00")
    assert org.last()["value"] == "3.0"


def test_digits_that_the_agreed_type_would_cut_off_are_told(tmp_path: Path) -> None:
    columns = [TYPED[0], {"name": "x", "logicalType": "number", "physicalType": "DECIMAL(12,2)"}]
    told(bare(tmp_path, "day,x\n2026-10-01,0.004\n2026-10-01,1.00\n", columns), "1 of 2")


@pytest.mark.parametrize(
    "values", [[1e308] * 30, [float("nan"), 1.0], [float("inf"), 1.0], [float("inf"), float("-inf")]]
)
@pytest.mark.parametrize("places", [["a", "b"], ["a", "a"]])
def test_a_sum_that_is_no_number_is_no_value_and_says_why(
    tmp_path: Path, values: list[float], places: list[str]
) -> None:
    import datetime

    org = Org(tmp_path / "bare")
    org.source(columns=[*TYPED, {"name": "place", "logicalType": "string"}], format="parquet", location="rows.parquet")
    org.kpi(parts=SUM, target=1, unit="x")
    days = [datetime.date(2026, 10, 1)] * len(values)
    org.parquet({"day": days, "x": values, "place": (places * len(values))[: len(values)]})
    org.compute()
    last = org.last()
    assert last["value"] == ""
    assert last["doubt"], "no value, and nothing says why"


def test_nothing_is_divided_by_zero_and_no_value_is_green(org: Org) -> None:
    org.kpi(direction="lower", target=99)
    org.put(ROWS + "7,2026-11-03,aldern,x,0,0\n")
    org.config("2026-12-01")
    org.good()
    assert (org.last()["value"], org.last()["status"]) == ("", "none")


def test_a_month_without_any_row_is_not_on_target(org: Org) -> None:
    org.kpi(parts=[{"name": "a", "sum": "made"}], direction="lower", target=100, unit="pieces")
    org.config("2027-01-04")
    org.good()
    assert org.last()["period"] == "2026-12"
    assert org.last()["status"] == "none", "a source that fell silent is shown as on target"


# --- days and moments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["31.02.2026", "2026-02-31", "2026-13-01", "20261001", "01/10/2026", "10/01/2026", "October", "46000", "infinity", "-infinity",
     "epoch", "today", "2026-10-01 BC", "2026-10-01 (BC)", "0000-00-00", "99999-01-01", "-0044-03-15", "2026-10-1", "26-10-01"],
)  # fmt: skip
def test_a_text_that_is_no_day_is_told(org: Org, text: str) -> None:
    org.put(ROWS + f"7,{text},aldern,x,0,100\n")
    result = org.compute()
    assert result.exit_code in (0, 4)
    last = org.last()
    assert last["status"] == "none" or float(last["value"]) == percent(49, 160), last
    assert len(org.show()) <= 4


@pytest.mark.parametrize(
    "text",
    ["0001-01-01", "0026-10-01", "1899-12-30", "1900-01-01", "1969-12-31", "9999-12-31", "2062-10-01", "2026-11-17"],
)
@pytest.mark.parametrize("frequency", [heavy("daily"), heavy("weekly"), "monthly"])
def test_a_day_far_off_is_told_and_does_not_make_thousands_of_periods(org: Org, text: str, frequency: str) -> None:
    org.kpi(frequency=frequency)
    org.put(ROWS + f"7,{text},aldern,x,0,100\n")
    assert org.compute().exit_code in (0, 4)
    state = Store(org.kept).source("SRC-001")
    assert state is not None
    assert state.fault or (state.health and state.health.breaches), "nothing says that there is such a row"
    seen = org.run("kpi", "show", "KPI-001", "--format", "json")
    assert seen.exit_code == 1 or len(json.loads(seen.output)) < 1500


def test_a_row_without_a_day_is_told(org: Org) -> None:
    org.put(ROWS + "7,,aldern,x,0,100\n")
    org.good()
    state = Store(org.kept).source("SRC-001")
    assert state is not None
    assert state.health is not None
    assert state.health.breaches, "100 pieces are in no period, and nothing says so"


MOMENTS = [{"name": "at", "logicalType": "timestamp"}, {"name": "x", "logicalType": "integer"}]


@pytest.mark.parametrize(
    ("zone", "moment", "month"),
    [
        ("Europe/Berlin", "2026-09-30 23:59:59", "2026-09"),
        ("Europe/Berlin", "2026-10-01 00:00:00", "2026-10"),
        ("America/New_York", "2026-09-30 17:59:59", "2026-09"),
        ("America/New_York", "2026-09-30 18:00:00", "2026-10"),
        ("America/New_York", "2026-09-30T22:30:00Z", "2026-10"),
        ("America/New_York", "2026-09-30T21:30:00Z", "2026-09"),
        ("Asia/Tokyo", "2026-10-01 06:59:00", "2026-09"),
        ("Asia/Tokyo", "2026-10-01 00:30:00+02:00", "2026-10"),
        ("Europe/Berlin", "2026-10-01T00:00:00.000+0200", "2026-10"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["csv", heavy("parquet us"), "parquet ns", heavy("parquet ms"), heavy("sqlite")])
def test_a_moment_falls_on_the_day_of_the_organisation(
    tmp_path: Path, zone: str, moment: str, month: str, form: str
) -> None:
    import datetime

    import pyarrow as pa

    org = Org(tmp_path / "bare")
    kind = form.split(maxsplit=1)[0]
    org.source(
        columns=MOMENTS,
        time_column="at",
        location_column=None,
        time_zone=zone,
        format=kind,
        location=f"rows.{kind}",
        table="t",
    )
    org.kpi(parts=SUM, unit="x", target=1)
    rows = ["2026-08-01 12:00:00", moment]
    if kind == "csv":
        org.put("at,x\n" + "".join(f"{m},7\n" for m in rows))
    elif kind == "sqlite":
        (org.root / "data").mkdir()
        with sqlite3.connect(org.root / "data" / "rows.sqlite") as base:
            base.execute("CREATE TABLE t (at, x)")
            base.executemany("INSERT INTO t VALUES (?, 7)", [(m,) for m in rows])
        base.close()
    else:
        # A column of Parquet has a zone for all its moments, or for none.
        zone_of_column = "UTC" if "Z" in moment or "+" in moment else None
        found = [datetime.datetime.fromisoformat(m + ("Z" if zone_of_column and m is rows[0] else "")) for m in rows]
        org.parquet({"at": pa.array(found, pa.timestamp(form.split()[1], zone_of_column)), "x": [7, 7]})
    org.good()
    assert org.values()[month] == 7


def test_moments_in_the_hour_that_does_not_exist_or_comes_twice_are_not_lost(tmp_path: Path) -> None:
    rows = [
        "2026-03-01 12:00:00",
        "2026-03-29 01:59:59",
        "2026-03-29 02:30:00",
        "2026-03-29 03:00:00",
        "2026-10-25 02:30:00",
        "2026-10-25 03:00:00",
    ]
    org = bare(tmp_path, "at,x\n" + "".join(f"{m},1\n" for m in rows), MOMENTS, time_column="at")
    org.good()
    assert (org.values()["2026-03"], org.values()["2026-10"]) == (4, 2)


# --- hostile texts ----------------------------------------------------------------------------------

NASTY = ["../../../evil", "/absolute/evil", "..", ".", "a/b", "a\\b", "con", "x" * 300, "a\nb", "a'; DROP TABLE src_001; --", 'a"b', "\x1b[31mred", "\u202eevil", "=cmd|'/c calc'!A1", "$(id)", "*", "all", "kpi", "_kpi.json", "<script>", "\U0001f600", "ALDERN"]  # fmt: skip


@pytest.mark.parametrize("text", NASTY, ids=lambda v: ascii(v[:20]))
def test_a_location_in_the_rows_writes_nothing_elsewhere_and_spoils_nothing(org: Org, text: str) -> None:
    outside = {f for f in org.root.parent.rglob("*") if org.kept not in f.parents}
    kept = set(org.kept.iterdir())
    text = text.replace("/absolute", str(org.root.parent))
    quoted = '"' + text.replace('"', '""') + '"'
    org.put(ROWS + f"7,2026-10-05,{quoted},x,0,100\n")
    result = org.compute()
    assert result.exit_code in (0, 4), result.output
    assert {f for f in org.root.parent.rglob("*") if org.kept not in f.parents} == outside
    assert set(org.kept.iterdir()) == kept
    last = org.last()
    assert last["status"] == "none" or float(last["value"]) == percent(49, 160), last
    assert "\x1b[31m" not in result.output
    seen = org.last("KPI-001", "--location", "aldern")
    assert seen["status"] == "none" or float(seen["value"]) == percent(19, 20), seen


def test_a_member_of_a_dimension_is_a_text_and_nothing_else(org: Org) -> None:
    org.kpi(more={"dimensions": ["shop"]})
    quoted = ['"' + text.replace('"', '""') + '"' for text in NASTY]
    org.put(ROWS + "".join(f"{n + 7},2026-10-05,aldern,{text},1,100\n" for n, text in enumerate(quoted)))
    org.good()
    assert set(NASTY) <= {s.member for s in Store(org.kept).members("KPI-001")}


@pytest.mark.parametrize("field", ["kpi", "source"])
@pytest.mark.parametrize(
    "name", ["../../../evil", "sources", "a/b", "x" * 300, "SRC-001'; DROP", "a\nb", ".."], ids=ascii
)
def test_an_id_that_is_a_path_writes_nothing_elsewhere(org: Org, field: str, name: str) -> None:
    if field == "kpi":
        org.kpi(name)
    else:
        org.source(name)
        org.kpi("KPI-002", more={"source": name})
    outside = {f for f in org.root.parent.rglob("*") if org.kept not in f.parents}
    result = org.compute()
    assert result.exit_code in (0, 2, 4), result.output
    assert {f for f in org.root.parent.rglob("*") if org.kept not in f.parents} == outside
    assert org.last()["status"] == "on"


@pytest.mark.parametrize(
    "name",
    ['x"; DROP TABLE src_001; --', "x' OR 1=1", "select", "x y", "qms_rows", "qms_period", "qms_bad", "d", "rows", "X"],
)
def test_a_column_of_any_name_is_a_column(tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    columns = [TYPED[0], {"name": name, "logicalType": "integer"}]
    org = bare(tmp_path, f"day,{quoted}\n2026-10-01,7\n", columns, parts=[{"name": "a", "sum": name}], more=None)
    org.good()
    assert org.values()["2026-10"] == 7


@pytest.mark.parametrize(
    "table", ["t; DROP TABLE t", 't" --', "main.t", "sqlite_master", "", "nowhere", "t' OR '1'='1"]
)
def test_a_table_of_any_name_is_a_table_or_told(org: Org, table: str) -> None:
    org.source(format="sqlite", location="rows.sqlite", table=table)
    with sqlite3.connect(org.root / "data" / "rows.sqlite") as base:
        base.execute("CREATE TABLE t (nr, day, place, shop, good, made)")
        base.execute("INSERT INTO t VALUES ('1', '2026-10-01', 'aldern', 'x', 9, 10)")
    base.close()
    result = org.compute()
    assert result.exit_code == (0 if table == "main.t" else 4), result.output
    with sqlite3.connect(org.root / "data" / "rows.sqlite") as base:
        assert base.execute("SELECT count(*) FROM t").fetchone() == (1,)
    base.close()


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '=HYPERLINK("x")'], ids=ascii
)
def test_no_cell_of_exported_rows_is_a_formula(org: Org, text: str) -> None:
    import csv
    import io

    quoted = '"' + text.replace('"', '""') + '"'
    org.put(ROWS + f"7,2026-10-05,aldern,{quoted},99,99\n")
    org.good()
    shown = org.run("kpi", "show", "KPI-001", "--rows", "--format", "csv").output
    for row in csv.reader(io.StringIO(shown)):
        mine = [cell.lstrip(" \t\r\n") for cell in row]
        assert not any(cell.startswith(("=", "+", "-", "@")) and not cell[1:].isdigit() for cell in mine), row


def test_no_cell_of_exported_values_is_a_formula(org: Org) -> None:
    cause = "=HYPERLINK(1) were worn"
    assert org.run("kpi", "explain", "KPI-001", "--period", "2026-10", "--cause", cause).exit_code == 0
    shown = org.run("kpi", "show", "KPI-001", "--format", "csv").output
    assert ",=HYPERLINK" not in shown
    assert "HYPERLINK(1)" in shown


def test_data_does_not_steer_the_terminal(org: Org) -> None:
    org.kpi(more={"dimensions": ["shop"]})
    org.put(ROWS.encode() + "7,2026-10-05,aldern,\x1b]0;evil\x07\x1b[2J\u202e,99,99\n".encode())
    org.good()
    for more in ((), ("--rows",), ("--rows", "--format", "csv"), ("--rows", "--format", "json"), ("--sql",)):
        shown = org.run("kpi", "show", "KPI-001", *more).output
        assert not any(c in shown for c in "\x1b\x07\u202e")


# --- personal data ----------------------------------------------------------------------------------

SECRET = "Erika Geheim"
PERSONAL = [*KEYED[:3], {"name": "shop", "logicalType": "string", "classification": "confidential"}, *COLUMNS[4:]]


def everything(org: Org) -> str:
    """Return all that readers could see."""
    texts = [org.run("kpi", "show", "KPI-001", *more).output for more in ((), ("--rows",), ("--rows", "--format", "csv"), ("--rows", "--format", "json"), ("--sql",))]  # fmt: skip
    texts += [org.compute("--again").output, org.run("scorecard").output, org.run("check", "--format", "json").output]
    texts += [f.read_text(encoding="utf-8") + str(f) for f in org.kept.rglob("*") if f.is_file()]
    return "\n".join(texts)


def test_confidential_columns_are_never_shown(org: Org) -> None:
    org.source(columns=PERSONAL)
    org.kpi(target=99)
    org.put(ROWS.replace("milling", SECRET))
    org.good()
    assert list((org.kept / "KPI-001" / "rows").iterdir())
    assert SECRET not in everything(org)


def test_a_broken_row_is_told_without_what_is_confidential_in_it(org: Org) -> None:
    org.source(columns=PERSONAL)
    org.put(ROWS + f"7,2026-10-05,aldern,{SECRET},1,1,1,1\n")
    org.compute()
    assert SECRET not in everything(org)


def test_contradicting_rows_are_told_without_their_key_where_it_is_confidential(org: Org) -> None:
    columns = [*COLUMNS[:3], {**PERSONAL[3], "primaryKey": True}, *COLUMNS[4:]]
    org.source(columns=columns)
    org.put(ROWS.replace("milling", SECRET))
    org.compute()
    assert SECRET not in everything(org)


@pytest.mark.parametrize("view", [{"dimensions": ["shop"]}, {"pareto": "shop"}])
def test_nothing_is_broken_down_by_a_confidential_column(org: Org, view: dict[str, Any]) -> None:
    org.source(columns=PERSONAL)
    org.kpi(more=view)
    org.put(ROWS.replace("milling", SECRET))
    org.compute()
    assert SECRET not in everything(org)


def test_a_password_in_an_address_is_never_shown(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DB", "postgres://ada:geheim%21x@127.0.0.1:9/shop?sslmode=disable")
    org.source(format="postgres", location="env:SHOP_DB", table="t", time_limit=5)
    org.compute()
    text = everything(org)
    assert "geheim" not in text
    assert "no trustworthy value" in text


# --- hostile definitions ----------------------------------------------------------------------------

DEFINITIONS: dict[str, dict[str, Any]] = {
    "unknown column": {"parts": [{"name": "a", "sum": "nowhere"}]},
    "text summed": {"parts": [{"name": "a", "sum": "shop"}]},
    "no aggregate": {"parts": [{"name": "a"}]},
    "two aggregates": {"parts": [{"name": "a", "sum": "good", "max": "made"}]},
    "unknown source": {"parts": [{"name": "a", "sum": "good", "source": "SRC-009"}]},
    "no source": {"source": None},
    "source is a KPI": {"source": "KPI-001"},
    "unknown time": {"time": "nowhen"},
    "text as time": {"time": "shop"},
    "hostile formula": {"type": "derived", "expression": "__import__('os').system('touch evil')"},
    "power": {"type": "derived", "expression": "9**9**9**9"},
    "deep": {"type": "derived", "expression": "(" * 500},
    "long": {"type": "derived", "expression": "+".join(["numerator"] * 30_000)},
    "empty formula": {"type": "derived", "expression": ""},
    "no formula": {"type": "derived"},
    "ratio without parts": {"type": "ratio", "parts": []},
    "parts a text": {"parts": "sum(good)"},
    "parts a map": {"parts": {"numerator": "good"}},
    "part a text": {"parts": ["sum(good)"]},
    "same name": {
        "type": "derived",
        "expression": "a",
        "parts": [{"name": "a", "sum": "good"}, {"name": "a", "sum": "made"}],
    },
    "unknown dimension": {"dimensions": ["nowhere"]},
    "dimension with SQL": {"dimensions": ['shop" FROM x; --']},
    "unknown pareto": {"pareto": "nowhere"},
    "unknown funnel": {"funnel": ["x", "y"]},
    "text where a number is due": {
        "parts": [{"name": "a", "count": "rows", "where": [{"column": "good", "is": "many"}]}]
    },
    "number where a text is due": {"parts": [{"name": "a", "count": "rows", "where": [{"column": "shop", "is": 5}]}]},
    "list of texts on numbers": {"parts": [{"name": "a", "count": "rows", "where": [{"column": "good", "in": ["x"]}]}]},
    "order of texts": {"parts": [{"name": "a", "count": "rows", "where": [{"column": "good", "above": "x"}]}]},
    "unknown where": {"parts": [{"name": "a", "count": "rows", "where": [{"column": "nowhere", "is": 1}]}]},
    "unknown other column": {
        "parts": [{"name": "a", "count": "rows", "where": [{"column": "good", "above": {"column": "x"}}]}]
    },
    "day that is none": {
        "parts": [{"name": "a", "count": "rows", "where": [{"column": "day", "above": "2026-02-31"}]}]
    },
    "where a text": {"parts": [{"name": "a", "count": "rows", "where": "good > 5"}]},
    "over nothing": {"type": "cumulative"},
    "over nonsense": {"type": "cumulative", "over": "ages"},
    "over zero": {"type": "cumulative", "over": "0 months"},
    "times a text": {"times": "hundred"},
    "times endless": {"times": float("inf")},
    "times no number": {"times": float("nan")},
    "type unknown": {"type": "magic"},
}
FIELDS: dict[str, dict[str, Any]] = {
    "decimals a text": {"decimals": "two"},
    "decimals many": {"decimals": 10**9},
    "decimals below zero": {"decimals": -1},
    "frequency unknown": {"frequency": "hourly"},
    "react soon": {"react_within": "soon"},
    "target a text": {"target": "ninety"},
    "target no number": {"target": float("nan")},
    "target endless": {"target": float("-inf")},
    "target huge": {"target": 10**400},
    "limits a list": {"limits": [1, 2]},
    "earlier a text": {"earlier": "none"},
    "earlier without day": {"earlier": [{"target": 1}]},
    "compute a list": {"compute": ["sum"]},
    "compute a text": {"compute": "good / made"},
    "direction unknown": {"direction": "sideways"},
    "unit a map": {"unit": {"a": 1}},
}


def other_kpi_is_well(org: Org) -> None:
    """See that a faulty definition or source is told and holds up no other."""
    result = org.compute("--again")
    assert result.exit_code in (0, 4), result.output
    assert org.last()["status"] == "on"
    org.run("kpi", "show", "KPI-002")
    org.run("kpi", "show", "KPI-002", "--rows")
    org.run("scorecard")
    card = org.run("scorecard", "--format", "csv").output
    assert not any(",KPI-002," in f",{row}" and ",on," in row for row in card.splitlines()), card
    assert not list(org.root.rglob("evil"))


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_that_cannot_be_computed_holds_up_no_other(org: Org, name: str) -> None:
    org.kpi("KPI-002", target=-5, more=DEFINITIONS[name])
    other_kpi_is_well(org)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_a_kpi_that_is_nonsense_holds_up_no_other(org: Org, name: str) -> None:
    org.kpi("KPI-002", **{"direction": "higher", "target": 99, **FIELDS[name]})
    other_kpi_is_well(org)


SOURCES: dict[str, dict[str, Any]] = {
    "contract a list": {"contract": []},
    "contract empty": {"contract": {}},
    "columns a text": {"contract": {"properties": "all"}},
    "column without a name": {"columns": [{"logicalType": "string"}, *COLUMNS]},
    "column twice": {"columns": [*COLUMNS, COLUMNS[4]]},
    "type unknown": {"columns": [*COLUMNS[:5], {"name": "made", "logicalType": "money"}]},
    "physical SQL": {
        "columns": [
            *COLUMNS[:5],
            {"name": "made", "logicalType": "number", "physicalType": "DECIMAL(2,1)); DROP TABLE x; --"},
        ]
    },
    "physical too wide": {
        "columns": [*COLUMNS[:5], {"name": "made", "logicalType": "number", "physicalType": "DECIMAL(99,2)"}]
    },
    "bound a text": {"columns": [*COLUMNS[:5], {**COLUMNS[5], "logicalTypeOptions": {"minimum": "x"}}]},
    "bound of days": {"columns": [COLUMNS[0], {**COLUMNS[1], "logicalTypeOptions": {"minimum": 5}}, *COLUMNS[2:]]},
    "values of another type": {
        "columns": [
            *COLUMNS[:5],
            {**COLUMNS[5], "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["x"]}}]},
        ]
    },
    "values a text": {
        "columns": [
            *COLUMNS[:5],
            {**COLUMNS[5], "quality": [{"metric": "invalidValues", "arguments": {"validValues": "x"}}]},
        ]
    },
    "mark of another type": {
        "columns": [
            *COLUMNS[:5],
            {**COLUMNS[5], "quality": [{"metric": "missingValues", "arguments": {"missingValues": ["x"]}}]},
        ]
    },
    "no valid values": {"columns": [*COLUMNS[:5], {**COLUMNS[5], "quality": [{"metric": "invalidValues"}]}]},
    "rule a text": {"columns": [*COLUMNS[:5], {**COLUMNS[5], "quality": "good"}]},
    "key of unknown columns": {
        "contract": {
            "properties": COLUMNS,
            "quality": [{"metric": "duplicateValues", "arguments": {"properties": ["nowhere"]}}],
        }
    },
    "count a text": {"contract": {"properties": COLUMNS, "quality": [{"metric": "rowCount", "mustBe": "many"}]}},
    "time column unknown": {"time_column": "nowhen"},
    "time column a text": {"time_column": "shop"},
    "no time column": {"time_column": None},
    "location column unknown": {"location_column": "nowhere"},
    "location column a number": {"location_column": "good"},
    "zone unknown": {
        "time_zone": "Mars/Olympus",
        "columns": [COLUMNS[0], {"name": "day", "logicalType": "timestamp"}, *COLUMNS[2:]],
    },
    "zone with SQL": {
        "time_zone": "UTC'); DROP TABLE x; --",
        "columns": [COLUMNS[0], {"name": "day", "logicalType": "timestamp"}, *COLUMNS[2:]],
    },
    "late nonsense": {"late_after": "soon"},
    "late endless": {"late_after": "99999999999 years"},
    "rows every blue moon": {"rows_every": "blue moon"},
    "arrives never": {"arrives": "never"},
    "pauses a text": {"pauses": "August"},
    "pauses without days": {"pauses": [{"why": "x"}], "rows_every": "day"},
    "limit a text": {"time_limit": "long"},
    "limit below zero": {"time_limit": -1},
    "csv a text": {"csv": "semicolon"},
    "delimiter long": {"csv": {"delimiter": "', sep='"}},
    "encoding unknown": {"csv": {"encoding": "ebcdic"}},
    "date format nonsense": {"csv": {"date_format": "%Q%%%"}},
    "date format with SQL": {"csv": {"date_format": "'); DROP TABLE x; --"}},
    "format unknown": {"format": "excel"},
    "format missing": {"format": None},
    "location missing": {"location": None},
    "location a list": {"location": ["rows.csv"]},
    "variable unset": {"format": "postgres", "location": "env:NOT_SET_ANYWHERE", "table": "t"},
    "variable of a file": {"format": "ibis", "location": "env:PATH", "table": "t"},
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_data_source_that_is_nonsense_holds_up_no_other(org: Org, name: str) -> None:
    org.source("SRC-002", **SOURCES[name])
    org.kpi("KPI-002", direction="higher", target=99, more={"source": "SRC-002"})
    other_kpi_is_well(org)


def test_a_data_source_that_was_removed_is_told(org: Org) -> None:
    (org.root / "data-sources" / "SRC-001.yaml").unlink()
    for more in ((), ("--rows",)):
        result = org.run("kpi", "show", "KPI-001", *more)
        assert result.exit_code in (0, 1, 2, 4)
    org.compute()
    assert org.last()["status"] == "none"


def test_too_many_values_of_one_kpi_hold_up_no_other_kpi_of_the_source(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qmsctl.measures import compute

    org.kpi("KPI-002", parts=[{"name": "a", "sum": "good"}], more={"dimensions": ["nr"]}, target=1)
    org.kpi("KPI-003", parts=[{"name": "a", "sum": "good"}], target=1, frequency="yearly")
    monkeypatch.setattr(compute, "MOST_ROWS", 6)
    org.put(ROWS + "7,2026-10-05,aldern,turning,1,1\n")
    result = org.compute()
    assert "KPI-002  not computed" in result.output
    assert "KPI-001  not computed" not in result.output


@pytest.mark.heavy
def test_two_hundred_thousand_members_are_computed_and_kept_small(org: Org) -> None:
    org.kpi(more={"dimensions": ["nr"]})
    org.put(ROWS + "".join(f"m{n},2026-10-05,aldern,x,1,1\n" for n in range(200_000)))
    assert org.compute().exit_code in (0, 4)
    assert sum(f.stat().st_size for f in org.kept.rglob("*") if f.is_file()) < 100_000_000


# --- contracts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "row", "words"),
    [
        ([*COLUMNS[:5], {**COLUMNS[5], "logicalTypeOptions": {"minimum": 0}}], "7,2026-10-05,aldern,x,1,-1", ("1 of 7", "`made`", "below 0")),
        ([*COLUMNS[:5], {**COLUMNS[5], "logicalTypeOptions": {"maximum": 90}}], "7,2026-10-05,aldern,x,1,91", ("1 of 7", "`made`", "above 90")),
        ([*COLUMNS[:5], {**COLUMNS[5], "required": True}], "7,2026-10-05,aldern,x,1,", ("1 of 7", "`made`")),
        ([*COLUMNS[:3], {**COLUMNS[3], "logicalTypeOptions": {"maxLength": 8}}, *COLUMNS[4:]], "7,2026-10-05,aldern,xxxxxxxxx,1,1", ("1 of 7", "length", "`shop`")),
        ([*COLUMNS[:3], {**COLUMNS[3], "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["turning", "milling"]}}]}, *COLUMNS[4:]], "7,2026-10-05,aldern,x,1,1", ("1 of 7", "turning")),
        (KEYED, "6,2026-10-05,aldern,x,1,1", ("1 of 7", "`nr`", "6")),
        ([*COLUMNS[:5], {**COLUMNS[5], "logicalType": "integer"}], "7,2026-10-05,aldern,x,1,ten", ("1 of 7", "`made`", "whole number")),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told_with_figures_and_doubts_its_period_only(
    org: Org, columns: Any, row: str, words: tuple[str, ...]
) -> None:
    org.source(columns=columns)
    org.put(ROWS + row + "\n")
    doubted(org, *words)
    assert {r["period"]: r["status"] for r in org.show()} == {"2026-08": "on", "2026-09": "on", "2026-10": "none"}
    assert "Data quality" in org.run("kpi", "show", "KPI-001").output


def test_a_warning_is_told_and_doubts_nothing(org: Org) -> None:
    rule = {"metric": "invalidValues", "arguments": {"validValues": ["turning"]}, "severity": "warning"}
    org.source(columns=[*COLUMNS[:3], {**COLUMNS[3], "quality": [rule]}, *COLUMNS[4:]])
    org.good()
    assert org.last()["status"] == "on"
    assert "3 of 6 rows" in org.run("kpi", "show", "KPI-001").output


@pytest.mark.parametrize(("bound", "broken"), [({"mustBeLessOrEqualTo": 50, "unit": "percent"}, False), ({"mustBeLessThan": 50, "unit": "percent"}, True), ({"mustBeLessThan": 3}, True), ({"mustBeLessThan": 4}, False), ({"mustBe": 3}, False), ({"mustBe": 0}, True)])  # fmt: skip
def test_a_rule_allows_what_was_agreed(org: Org, bound: dict[str, Any], broken: bool) -> None:
    rule = {"metric": "invalidValues", "arguments": {"validValues": ["turning"]}, **bound}
    org.source(columns=[*COLUMNS[:3], {**COLUMNS[3], "quality": [rule]}, *COLUMNS[4:]])
    org.good()
    assert (org.last()["status"] == "none") == broken


@pytest.mark.parametrize(("bound", "broken"), [({"mustBe": 6}, False), ({"mustBe": 7}, True), ({"mustBeGreaterThan": 6}, True), ({"mustBeGreaterOrEqualTo": 6}, False), ({"mustBeLessThan": 6}, True), ({"mustBeLessOrEqualTo": 6}, False)])  # fmt: skip
def test_a_delivery_of_the_wrong_size_is_told(org: Org, bound: dict[str, Any], broken: bool) -> None:
    org.source(contract={"properties": COLUMNS, "quality": [{"metric": "rowCount", **bound}]})
    if broken:
        refused(org, "6 rows arrived")
    else:
        org.good()


def test_empty_values_of_a_unique_column_are_not_the_same_value(org: Org) -> None:
    org.source(columns=[{**COLUMNS[0], "unique": True}, *COLUMNS[1:]])
    org.put(ROWS + ",2026-10-05,aldern,x,1,1\n,2026-10-06,aldern,x,1,1\n")
    org.good()
    assert org.last()["doubt"] == ""


def test_a_rule_on_duplicates_allows_what_was_agreed(org: Org) -> None:
    rule = {
        "metric": "duplicateValues",
        "arguments": {"properties": ["nr"]},
        "mustBeLessOrEqualTo": 1,
        "severity": "warning",
    }
    org.source(contract={"properties": COLUMNS, "quality": [rule]})
    org.put(ROWS + "6,2026-10-05,aldern,x,1,1\n")
    org.good()
    assert org.last()["doubt"] == ""


def test_days_in_a_condition_compare_as_days(org: Org) -> None:
    for where, wanted in (
        ({"in": ["2026-10-01", "2026-10-02"]}, 20),
        ({"is": "2026-10-01"}, 20),
        ({"is_not": "2026-10-01"}, 40),
        ({"above": "2026-10-01"}, 40),
        ({"at_most": "2026-10-01"}, 20),
    ):
        org.kpi(parts=[{"name": "a", "sum": "made", "where": [{"column": "day", **where}]}])
        org.good()
        assert org.values()["2026-10"] == wanted, where


def test_one_location_computed_alone_does_not_hide_what_is_wrong_at_another(org: Org) -> None:
    org.source(columns=[*COLUMNS[:5], {**COLUMNS[5], "logicalTypeOptions": {"maximum": 39}}])
    org.good()
    assert org.last()["status"] == "none"
    org.good("--location", "aldern")
    assert org.last()["status"] == "none"
    assert "above 39" in org.run("kpi", "show", "KPI-001").output


def test_what_failed_is_tried_again_and_what_was_well_is_left_alone(org: Org) -> None:
    org.source("SRC-002", location="other.csv")
    org.kpi("KPI-002", more={"source": "SRC-002"})
    assert counted(org.compute().output) == "0 computed, 1 unchanged, 1 not computed"
    assert counted(org.compute().output) == "0 computed, 1 unchanged, 1 not computed"
    org.put(ROWS, "other.csv")
    assert counted(org.compute().output) == "1 computed, 1 unchanged, 0 not computed"


def test_a_log_that_cannot_be_read_is_told(org: Org) -> None:
    org.manual("KPI-002", unit="x")
    file = org.root / "kpi-logs" / "LOG-001.yaml"
    file.parent.mkdir()
    file.write_text("id: LOG-001\ntype: kpi-log\nkpi: KPI-002\nvalues: [", encoding="utf-8")
    assert org.run("check").exit_code == 1
    before = file.read_bytes()
    result = org.run("kpi", "record", "KPI-002", "--period", "2026-10", "--value", "1", "--evidence", "Page 2")
    assert file.read_bytes() == before
    assert result.exit_code in (0, 2)


LOGS = [5, "text", [1], [None], [{"period": 5}], [{"period": "2026-10", "value": 1}], [{"period": None, "value": 1, "recorded": "2026-11-01"}], [{"period": "2026-10", "numerator": 1, "denominator": 10**400, "recorded": "2026-11-01"}], [{"period": "2026-10", "value": 10**400, "recorded": "2026-11-01"}], [{"period": "9999-W52", "value": 1, "recorded": "2026-11-01"}], [{"period": "2026-W00", "value": 1, "recorded": "2026-11-01"}]]  # fmt: skip


@pytest.mark.parametrize("rows", LOGS, ids=lambda v: ascii(str(v)[:30]))
@pytest.mark.parametrize("field", ["values", "explanations"])
def test_a_log_full_of_nonsense_breaks_nothing(org: Org, rows: Any, field: str) -> None:
    org.manual("KPI-002", unit="x", frequency="yearly")
    file = org.root / "kpi-logs" / "LOG-001.yaml"
    file.parent.mkdir()
    data = {"id": "LOG-001", "type": "kpi-log", "title": "L", "kpi": "KPI-002", field: rows}
    file.write_text(yaml.safe_dump(data), encoding="utf-8")
    seen = org.run("kpi", "show", "KPI-002", "--format", "json")
    assert seen.exit_code == 1 or not any(row["value"] for row in json.loads(seen.output))
    org.run("scorecard")
    org.good()
