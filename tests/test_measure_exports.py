"""Values, databases, OpenMetrics and data contracts leave the system as others expect them."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result
from open_data_contract_standard.model import OpenDataContractStandard
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pyarrow import parquet

from qmsctl import checks
from qmsctl.cli import app
from qmsctl.exports import database, odcs, openmetrics, values
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.measures import FOLDER, run
from qmsctl.measures.board import Measures
from tests.conftest import REPOSITORY, TODAY

HOSTILE = 'Returns "of\nall" \\n parts\\'
MADE = f"{TODAY}T08:00:00+01:00"
COLUMNS = """\
      - {name: lot, logicalType: string, primaryKey: true, required: true}
      - {name: plant, logicalType: string, required: true, quality: [{metric: invalidValues, arguments: {validValues: [east, west]}, mustBe: 0}]}
      - {name: day, logicalType: date, required: true}
      - {name: parts, logicalType: integer, logicalTypeOptions: {minimum: 0}}
      - {name: bad, logicalType: integer, classification: internal, description: Parts that came back.}
"""
HEAD = 'revision: "1.0"\neffective: 2026-01-05\nowner: boss\nreview_every: 6 months\nchange: First issue of it.\n'
SYSTEM: dict[str, str | bytes] = {
    "qms.yaml": "organisation: Small Works\nstandards: [iso9001-2015]\ndata: data\ndirectory: people/directory.yaml\n",
    "people/directory.yaml": "p-001: Ada Sample\n",
    "people/p-001.yaml": "id: p-001\ntype: person\ntitle: Ada Sample\nroles: [boss]\nforge: ada-login\ncommits_as: [ada@small.example]\n",
    "roles/boss.yaml": f"id: boss\ntype: role\ntitle: Boss\n{HEAD}purpose: Ada Sample answers for it.\nauthority: [All]\ncompetence: [{{need: Sense}}]\n",
    "locations/east.yaml": "id: east\ntype: location\ntitle: East\n",
    "locations/west.yaml": "id: west\ntype: location\ntitle: West\n",
    "strategy/STR-001-s.md": f"---\nid: STR-001\ntype: strategy\ntitle: Strategy\n{HEAD}purpose: x\nthemes:\n  - {{key: grow, title: Grow well, why: x}}\n---\n",
    "objectives/OBJ-001-o.yaml": f"id: OBJ-001\ntype: objective\ntitle: Return less\n{HEAD}theme: STR-001#grow\nunit: ppm\n"
    "baseline: {value: 30000, date: 2026-01-01}\ntarget: 10000\nby: 2026-12-31\nattainment: [{kpi: KPI-001, over: 12 months}]\n",
    "processes/PRC-001-p.md": f"---\nid: PRC-001\ntype: process\ntitle: Make\n{HEAD}clauses: [iso9001-2015/8.5.1]\n"
    "steps:\n  - {key: turn, what: Turn the part, who: boss}\n---\n",
    "sops/SOP-001-s.md": f"---\nid: SOP-001\ntype: sop\ntitle: Lonely\n{HEAD}---\n\nFor nobody.\n",
    "kpis/KPI-001-k.yaml": f"id: KPI-001\ntype: kpi\ntitle: {json.dumps(HOSTILE)}\n{HEAD}objectives: [OBJ-001]\nprocess: PRC-001\nkind: outcome\n"
    'formula: x\nunit: ppm\ndirection: lower\ntarget: 10000\nlimits: {watch: 10000, "off": 15000}\nfrequency: monthly\n'
    "earlier:\n  - {until: 2026-03-31, target: 30000}\n"
    "compute:\n  type: ratio\n  times: 1000000\n  source: SRC-001\n  parts:\n    - {name: numerator, sum: bad}\n    - {name: denominator, sum: parts}\n",
    "kpis/KPI-002-k.yaml": f"id: KPI-002\ntype: kpi\ntitle: Margin\n{HEAD}kind: outcome\nformula: x\nunit: '%'\ndirection: higher\n"
    "target: 2\nfrequency: quarterly\ncompute: {type: manual}\n",
    "kpis/KPI-003-k.yaml": f"id: KPI-003\ntype: kpi\ntitle: Not computed\n{HEAD}kind: activity\nformula: x\nunit: h\ndirection: lower\n"
    "target: 5\nfrequency: monthly\ncompute: {type: simple, source: SRC-001, parts: [{name: n, count: rows}]}\n",
    "kpi-logs/LOG-001-l.yaml": "id: LOG-001\ntype: kpi-log\ntitle: Log\nkpi: KPI-002\nvalues:\n"
    "  - {period: 2026-Q2, value: -3.5, evidence: Ledger, by: p-001, recorded: 2026-07-02}\n"
    "explanations:\n  - {period: 2026-Q2, cause: '=Ada Sample bought a machine', written: 2026-07-03}\n",
    "data-sources/SRC-001-d.yaml": f"id: SRC-001\ntype: data-source\ntitle: Lots\n{HEAD}system: ERP\nformat: csv\nlocation: lots.csv\ntime_column: day\n"
    "location_column: plant\narrives: working days\nlate_after: 20 days\npauses: [{from: 2026-08-03, to: 2026-08-14, why: Holidays}]\n"
    f"contract:\n  properties:\n{COLUMNS.replace('      -', '    -')}  quality:\n    - {{metric: rowCount, mustBeGreaterThan: 3, mustBeLessThan: 10000}}\n",
    "data-sources/SRC-002-d.yaml": f"id: SRC-002\ntype: data-source\ntitle: Hours\n{HEAD}system: MES\nformat: postgres\nlocation: env:MES_ADDRESS\ntable: mes.hours\n"
    "contract:\n  properties:\n    - {name: a, logicalType: string, primaryKey: true}\n    - {name: b, logicalType: date, primaryKey: true, logicalTypeOptions: {minimum: 3}}\n"
    "    - {name: c, logicalType: string, quality: [{metric: nullValues}]}\n",
}  # fmt: skip


def lots() -> str:
    """A year of lots at two plants; one lot of September 2026 has no day's plant and makes that month doubtful."""
    rows = ["lot,plant,day,parts,bad"]
    months = [(2025, 10), (2025, 11), (2025, 12), *((2026, month) for month in range(1, 12))]
    for number, (year, month) in enumerate(months):
        for plant, bad in (("east", 1), ("west", 2 if number < 12 else 9)):
            rows.append(f"L{number}{plant[0]},{plant},{year}-{month:02d}-10,{100 + number},{bad}")
    rows.append("L99,,2026-09-11,100,1")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("small")
    for name, content in {**SYSTEM, "data/lots.csv": lots()}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(content), encoding="utf-8")
    outcome = run.run(measures(root), root / "data", MADE, ["KPI-001"])
    assert outcome.computed == ("KPI-001",)
    return root


def measures(root: Path, today: str = TODAY) -> Measures:
    loaded = load(root)
    return Measures(loaded, Graph(loaded), root / FOLDER, today)


def system(root: Path) -> database.System:
    board = measures(root)
    report = checks.run(board.loaded, TODAY, measures=board)
    return database.System(board.loaded, board.graph, board, report, MADE)


def qmsctl(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *arguments, "--as-of", TODAY])


# --- values ---------------------------------------------------------------------------------------


def test_values_as_csv(small: Path) -> None:
    result = qmsctl(small, "kpi", "export")
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.output)))
    assert list(rows[0]) == list(values.COLUMNS)
    assert {r["location"] for r in rows} == {"", "east", "west"}
    by_key = {(r["kpi"], r["location"], r["period"]): r for r in rows}
    october = by_key["KPI-001", "", "2026-10"]
    assert float(october["value"]) == pytest.approx(10 / 224 * 1e6)
    assert (october["numerator"], october["denominator"], october["rows"]) == ("10.0", "224.0", "2")
    assert (october["status"], october["target"], october["period_last"]) == ("off", "10000.0", "2026-10-31")
    assert by_key["KPI-001", "", "2026-03"]["target"] == "30000.0"
    doubtful = by_key["KPI-001", "", "2026-09"]
    assert doubtful["doubt"]
    assert (doubtful["value"], doubtful["numerator"], doubtful["denominator"], doubtful["status"]) == (
        "",
        "",
        "",
        "none",
    )
    assert ("KPI-001", "east", "2026-11") not in by_key
    margin = by_key["KPI-002", "", "2026-Q2"]
    assert float(margin["value"]) == -3.5
    assert margin["explanation"].startswith("'=")


def test_values_of_one_kpi_and_place(small: Path) -> None:
    rows = json.loads(qmsctl(small, "kpi", "export", "kpi-001", "--location", "WEST", "--format", "json").output)
    assert (rows["organisation"], rows["as_of"]) == ("Small Works", TODAY)
    assert {(r["kpi"], r["location"]) for r in rows["values"]} == {("KPI-001", "west")}
    assert rows["values"][0]["title"] == HOSTILE
    assert rows["values"][0]["restated"] is None
    assert qmsctl(small, "kpi", "export", "KPI-077").exit_code == 2
    earlier = qmsctl(small, "kpi", "export", "KPI-002", "--format", "json")
    assert [r["period"] for r in json.loads(earlier.output)["values"]] == ["2026-Q2", "2026-Q3"]


def test_values_as_parquet(small: Path, tmp_path: Path) -> None:
    assert qmsctl(small, "kpi", "export", "--format", "parquet").exit_code == 2
    file = tmp_path / "new" / "kpis.parquet"
    assert qmsctl(small, "kpi", "export", "--format", "parquet", "-o", str(file)).exit_code == 0
    first = file.read_bytes()
    table = parquet.read_table(file)
    kinds = {"text": "string", "real": "double", "integer": "int64", "date": "date32[day]"}
    assert {f.name: str(f.type) for f in table.schema} == {n: kinds[k] for n, k in values.COLUMNS.items()}
    board = measures(small)
    plain = [
        {n: v.isoformat() if isinstance(v, datetime.date) else v for n, v in row.items()} for row in table.to_pylist()
    ]
    assert plain == values.rows(board)
    assert table.schema.metadata[b"as_of"] == TODAY.encode()
    assert qmsctl(small, "kpi", "export", "--format", "parquet", "-o", str(file)).exit_code == 0
    assert file.read_bytes() == first
    assert [f.name for f in file.parent.iterdir()] == ["kpis.parquet"]


def test_parquet_without_the_extra(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    result = qmsctl(small, "kpi", "export", "--format", "parquet", "-o", str(tmp_path / "k.parquet"))
    assert result.exit_code == 2
    assert "qmsctl[measures]" in result.output
    result = qmsctl(small, "export", "database", str(tmp_path / "k.duckdb"))
    assert result.exit_code == 2
    assert "qmsctl[measures]" in result.output
    assert list(tmp_path.iterdir()) == []


# --- OpenMetrics ----------------------------------------------------------------------------------


def families(text: str) -> dict[str, Any]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_openmetrics_is_read_by_another(small: Path) -> None:
    result = qmsctl(small, "kpi", "export", "--format", "openmetrics")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("# EOF\n")
    assert result.output == openmetrics.text(measures(small))
    found = families(result.output)
    by_place = {(s.labels["kpi"], s.labels["location"]): s for s in found["qms_kpi_value"].samples}
    assert set(by_place) == {("KPI-001", ""), ("KPI-001", "east"), ("KPI-001", "west")}
    assert by_place["KPI-001", ""].value == pytest.approx(10 / 224 * 1e6)
    assert by_place["KPI-001", ""].labels["title"] == HOSTILE
    assert by_place["KPI-001", ""].labels["unit"] == "ppm"
    assert found["qms_kpi_status"].type == "stateset"
    on = {
        (s.labels["kpi"], s.labels["location"]): s.labels["qms_kpi_status"]
        for s in found["qms_kpi_status"].samples
        if s.value == 1
    }
    assert on["KPI-001", ""] == "off"
    assert on["KPI-002", ""] == on["KPI-003", ""] == "none"
    targets = {s.labels["kpi"]: s.value for s in found["qms_kpi_target"].samples}
    assert targets == {"KPI-001": 10000, "KPI-002": 2, "KPI-003": 5}
    ends = {s.labels["kpi"]: s.value for s in found["qms_kpi_newest_value_timestamp_seconds"].samples}
    assert found["qms_kpi_newest_value_timestamp_seconds"].unit == "seconds"
    assert ends["KPI-002"] == datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC).timestamp()
    rows = {s.labels["source"]: s.value for s in found["qms_data_source_rows"].samples}
    assert rows == {"SRC-001": 29}
    assert {s.labels["source"]: s.value for s in found["qms_data_source_trustworthy"].samples} == {"SRC-001": 0}
    (attained,) = found["qms_objective_attainment"].samples
    assert 0 < attained.value < 1


def test_openmetrics_of_part_of_the_system(small: Path) -> None:
    board = measures(small)
    found = families(openmetrics.text(board, ["KPI-001"], "east"))
    assert {s.labels["location"] for s in found["qms_kpi_value"].samples} == {"east"}
    assert "qms_data_source_rows" not in found
    assert families(openmetrics.text(board, ["KPI-002"]))["qms_kpi_value"].samples == []


@pytest.mark.parametrize(
    "title", ['"', "\\", "\\n", "a\rb", "\x1b[31m", "\u202e", "\ud800", "}", "# EOF", 'ü, {x="y"}']
)
def test_openmetrics_with_any_label(title: str) -> None:
    lines = [*openmetrics._family("qms_x", "x", [({"title": f"{title}\n{title}"}, 1.0)]), "# EOF"]
    (sample,) = families("\n".join(lines) + "\n")["qms_x"].samples
    clean = sample.labels["title"]
    assert clean.count("\n") == 1
    if title.isprintable():
        assert clean == f"{title}\n{title}"
    "\n".join(lines).encode()


def test_openmetrics_without_values(system_of: Callable[[dict[str, str]], Path]) -> None:
    root = system_of({"roles/boss.yaml": "id: boss\ntype: role\ntitle: Boss\n"})
    assert families(openmetrics.text(measures(root)))["qms_kpi_value"].samples == []
    assert values.csv_text(values.rows(measures(root))).splitlines() == [",".join(values.COLUMNS)]


@pytest.fixture
def system_of(system: Callable[..., Path]) -> Callable[..., Path]:
    return system


# --- database -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bases(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    """The small and the reference system, each in both kinds of file."""
    folder = tmp_path_factory.mktemp("bases")
    made: dict[str, dict[str, Path]] = {}
    for name, root in (("small", small), ("reference", REPOSITORY)):
        found = system(root)
        made[name] = {}
        for ending in ("sqlite", "duckdb"):
            made[name][ending] = folder / f"{name}.{ending}"
            database.write(found, made[name][ending])
    assert len(list(folder.iterdir())) == 4
    return made


def ask(file: Path, query: str) -> list[tuple[Any, ...]]:
    if file.suffix == ".sqlite":
        base: Any = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    else:
        base = duckdb.connect(str(file), read_only=True)
    try:
        return [tuple(row) for row in base.execute(query).fetchall()]
    finally:
        base.close()


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows without what the two engines write differently: dates, booleans, whole numbers."""

    def cell(value: Any) -> Any:
        if isinstance(value, (datetime.date, datetime.datetime)):
            return value.isoformat()
        return round(float(value), 9) if isinstance(value, (bool, int, float)) else value

    return [tuple(cell(value) for value in row) for row in rows]


@pytest.mark.parametrize("name", ["small", "reference"])
def test_both_engines_hold_the_same(bases: dict[str, dict[str, Path]], name: str) -> None:
    both = bases[name]
    for table in database.TABLES:
        order = ", ".join(table.key or [c.name for c in table.columns])
        query = f"SELECT * FROM {table.name} ORDER BY {order}"
        if not table.key:
            query = f"SELECT item, relation, other, count(*) FROM {table.name} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        first, second = (plain(ask(file, query)) for file in both.values())
        assert first == second, table.name
    assert ask(both["sqlite"], "PRAGMA foreign_key_check") == []
    assert ask(both["sqlite"], "PRAGMA integrity_check") == [("ok",)]


def test_types_keys_and_indices(bases: dict[str, dict[str, Path]]) -> None:
    file = bases["small"]["duckdb"]
    kinds = dict(
        ask(file, "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'kpi_values'")
    )
    assert (kinds["value"], kinds["period_last"], kinds["rows"], kinds["latest"]) == (
        "DOUBLE",
        "DATE",
        "BIGINT",
        "BOOLEAN",
    )
    assert ask(file, "SELECT fields ->> '$.unit' FROM items WHERE id = 'KPI-001'") == [("ppm",)]
    assert ask(bases["small"]["sqlite"], "SELECT fields ->> '$.unit' FROM items WHERE id = 'KPI-001'") == [("ppm",)]
    counts = dict(ask(file, "SELECT constraint_type, count(*) FROM duckdb_constraints() GROUP BY 1"))
    assert counts["PRIMARY KEY"] == sum(1 for t in database.TABLES if t.key)
    assert counts["FOREIGN KEY"] > 15
    indices = {n for (n,) in ask(file, "SELECT index_name FROM duckdb_indexes()")}
    assert indices == {f"{t.name}_by_{c}" for t in database.TABLES for c in t.indices}
    with pytest.raises(duckdb.ConstraintException):
        duckdb.connect(str(shutil_copy(file))).execute("INSERT INTO parts VALUES ('x#y', 'x', 'f', 'y', 't', 1, '{}')")


def shutil_copy(file: Path) -> Path:
    copy = file.with_name("copy.duckdb")
    copy.write_bytes(file.read_bytes())
    return copy


def test_what_is_in_it(bases: dict[str, dict[str, Path]]) -> None:
    file = bases["small"]["sqlite"]
    assert dict(ask(file, "SELECT name, value FROM meta"))["organisation"] == "Small Works"
    assert dict(ask(file, "SELECT name, value FROM meta"))["as_of"] == TODAY
    values_there = ask(file, "SELECT kpi, location, period FROM kpi_values WHERE latest ORDER BY 1, 2")
    assert values_there[:3] == [("KPI-001", place, "2026-10") for place in ("", "east", "west")]
    assert ask(file, "SELECT title FROM kpi_values WHERE kpi = 'KPI-001' LIMIT 1") == [(HOSTILE,)]
    targets = ask(file, "SELECT valid_until, target, watch FROM kpi_targets WHERE kpi = 'KPI-001' ORDER BY number")
    assert targets == [("2026-03-31", 30000, None), (None, 10000, 10000)]
    assert ask(file, "SELECT first_day, last_day, log FROM kpi_explanations") == [
        ("2026-04-01", "2026-06-30", "LOG-001")
    ]
    assert ask(file, "SELECT count(*) FROM kpi_signals")[0][0] > 0
    ((reached, passed, state),) = ask(file, "SELECT reached, time_passed, state FROM objective_attainment")
    assert 0 < reached < 1
    assert 0.8 < passed < 0.9
    assert state == "off"
    assert ask(file, "SELECT kpi, from_value, to_value FROM objective_shares") == [("KPI-001", 30000, 10000)]
    assert ask(file, "SELECT rows, trustworthy FROM data_sources ORDER BY source") == [(29, 0), (None, None)]
    assert ask(file, "SELECT rule, first_day FROM data_breaches") == [("empty value", "2026-09-11")]
    assert ask(file, "SELECT who, overdue FROM dues WHERE item = 'SOP-001'") == [("boss", 1)]
    kpis = "SELECT other FROM related WHERE item = 'OBJ-001' AND relation = 'kpis'"
    assert ask(file, kpis) == [("KPI-001",)]
    broken = ask(file, "SELECT check_name FROM findings WHERE item = 'SOP-001'")
    assert ("overdue",) in broken


@pytest.mark.parametrize("ending", ["sqlite", "duckdb"])
def test_nobody_is_named(bases: dict[str, dict[str, Path]], ending: str) -> None:
    for name, secrets in (("small", ["Ada", "ada-login", "ada@small"]), ("reference", ["Halloway", "mdir-001", "@"])):
        file = bases[name][ending]
        told = "\n".join(str(row) for t in database.TABLES for row in ask(file, f"SELECT * FROM {t.name}"))
        for secret in secrets:
            if secret == "@":
                assert not re.search(
                    r"[\w.]+@[\w.]+\.\w+",
                    "\n".join(str(r) for r in ask(file, "SELECT * FROM items WHERE type = 'person'")),
                )
            else:
                assert secret not in told, f"{name} tells {secret}"
    assert ask(bases["small"][ending], "SELECT cause FROM kpi_explanations") == [("=p-001 bought a machine",)]
    assert ask(bases["small"][ending], "SELECT title, owner FROM items WHERE id = 'p-001'") == [("p-001", None)]


def test_written_as_a_whole(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = system(small)
    for ending in database.ENDINGS:
        file = tmp_path / f"deep/er/qms{ending.upper()}"
        database.write(found, file)
        before = file.read_bytes()
        database.write(found, file)
        assert ending == ".duckdb" or file.read_bytes() == before, "the same system gives the same file"
        before = file.read_bytes()
        monkeypatch.setattr(database, "_indices", broken)
        with pytest.raises(ZeroDivisionError):
            database.write(found, file)
        assert file.read_bytes() == before
        monkeypatch.undo()
    assert sorted(f.name for f in (tmp_path / "deep/er").iterdir()) == ["qms.DUCKDB", "qms.SQLITE"]


def broken() -> Iterator[str]:
    raise ZeroDivisionError


def test_only_the_two_endings(small: Path, tmp_path: Path) -> None:
    for name in ("qms.db", "qms", ".sqlite", "qms.sqlite.txt"):
        result = qmsctl(small, "export", "database", str(tmp_path / name))
        assert result.exit_code == 2, name
        assert ".sqlite or .duckdb" in result.output
    (tmp_path / "a.sqlite").mkdir()
    assert qmsctl(small, "export", "database", str(tmp_path / "a.sqlite")).exit_code == 2
    assert [f.name for f in tmp_path.iterdir()] == ["a.sqlite"]
    result = qmsctl(small, "export", "database", str(tmp_path / "b.sqlite"))
    assert result.exit_code == 0, result.output
    assert "kpi values" in result.output


def test_hostile_items_in_both(system_of: Callable[..., Path], tmp_path: Path) -> None:
    odd = "x'); DROP TABLE items; -- \" \\ \U0001f600"
    root = system_of(
        {
            "roles/boss.yaml": f"id: boss\ntype: role\ntitle: {json.dumps(odd, ensure_ascii=False)}\neffective: 2026-02-31\nowner: nobody\n",
            "sops/SOP-001-s.md": "---\nid: SOP-001\ntype: sop\ntitle: Half\nowner: [a, b]\neffective: {a: 1}\n---\nSee SOP-099.\n",
        }
    )
    for ending in database.ENDINGS:
        file = tmp_path / f"x{ending}"
        database.write(system(root), file)
        assert ask(file, "SELECT title, effective, owner FROM items WHERE id = 'boss'") == [(odd, None, "nobody")]
        assert ask(file, "SELECT written, target, problem FROM links WHERE relation = 'mentions'") == [
            ("SOP-099", None, "missing")
        ]


# --- the page about it ----------------------------------------------------------------------------

PAGE = (REPOSITORY / "docs" / "data-model.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^### (.+?)\n.*?^```sql\n(.*?)^```", PAGE.split("\n## Questions\n")[1], re.MULTILINE | re.DOTALL)


def test_the_page_tells_every_table_and_column(bases: dict[str, dict[str, Path]]) -> None:
    sections = PAGE.split("\n## Questions\n")[0].split("\n## Tables\n")[1].split("\n### ")[1:]
    told = {}
    for section in sections:
        name, _, text = section.partition("\n")
        rows = [
            [c.strip() for c in line.strip("|").split(" |")] for line in text.splitlines() if line.startswith("| `")
        ]
        told[name] = [(r[0].strip("`"), *r[1:]) for r in rows]
        table = next(t for t in database.TABLES if t.name == name)
        assert text.strip().startswith(table.meaning)
        assert not table.key or f"Key: {', '.join(f'`{k}`' for k in table.key)}." in text
    assert told == {
        t.name: [(c.name, c.type, c.unit, c.meaning + (f" Leads to `{c.to}`." if c.to else "")) for c in t.columns]
        for t in database.TABLES
    }
    for file in bases["small"].values():
        if file.suffix == ".sqlite":
            names = ask(file, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            there = {n: [c[1] for c in ask(file, f"PRAGMA table_info({n})")] for (n,) in names}
        else:
            rows = ask(file, "SELECT table_name, column_name FROM information_schema.columns ORDER BY ordinal_position")
            there = {n: [c for t, c in rows if t == n] for n, _ in rows}
        assert there == {name: [r[0] for r in rows] for name, rows in told.items()}


def test_there_are_questions() -> None:
    assert len(QUERIES) >= 8


@pytest.mark.parametrize("title, query", QUERIES, ids=[title for title, _ in QUERIES])
def test_every_question_is_answered(bases: dict[str, dict[str, Path]], title: str, query: str) -> None:
    answers = {}
    for name, both in bases.items():
        first, second = (plain(ask(file, query)) for file in both.values())
        assert sorted(map(str, first)) == sorted(map(str, second)), f"the engines differ on {title} of {name}"
        answers[name] = first
    assert answers["small"], f"nothing answers {title}"
    # Items are all there in the reference system; its values depend on what has been computed.
    if not re.search(r"kpi_(values|signals)|dues|nobody", query + title) or "LEFT JOIN kpi_values" in query:
        assert answers["reference"], f"nothing in the reference system answers {title}"


def test_answers_are_right(bases: dict[str, dict[str, Path]]) -> None:
    queries = dict(QUERIES)
    file = bases["small"]["duckdb"]
    ((theme, objective, kpi, _, period, _, unit, status),) = ask(file, queries["From strategy to value"])
    assert (theme, objective, kpi, period, unit, status) == (
        "Grow well",
        "Return less",
        "KPI-001",
        "2026-10",
        "ppm",
        "off",
    )
    ((*_, owner, process, _),) = ask(file, queries["KPIs that are off target"])
    assert (owner, process) == ("boss", "PRC-001")
    assert ("SOP-001",) in [row[:1] for row in ask(file, queries["Documents that nobody links"])]
    rolled = {row[2]: row for row in ask(file, queries["Twelve months made of parts"])}
    assert rolled[""][3] == 11
    covered = {row[0]: row[2] for row in ask(file, queries["Clauses and the processes that answer them"])}
    assert covered["8.5.1"] == "PRC-001"


# --- data contracts -------------------------------------------------------------------------------


def contract(root: Path, name: str) -> dict[str, Any]:
    board = measures(root)
    text = odcs.text(odcs.document(board, board.graph.items[name]))
    found = yaml.load(text, Loader=yaml.BaseLoader)
    assert isinstance(found, dict)
    validate(text)
    return dict(yaml.safe_load(text))


def validate(text: str) -> None:
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    found = yaml.safe_load(text)
    jsonschema.validators.validator_for(schema)(schema).validate(found)
    parsed = OpenDataContractStandard.from_string(text)
    assert parsed.apiVersion == "v3.1.0"
    assert yaml.safe_load(parsed.to_yaml()) == found
    json.dumps(found)  # a date would not be JSON


def back(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what our items say, from the schema part of a contract."""

    def rules(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        merged: dict[str, dict[str, Any]] = {}
        for row in rows:
            assert row["type"] == "library"
            merged.setdefault(row["metric"], {}).update({k: v for k, v in row.items() if k != "type"})
        return list(merged.values())

    found: dict[str, Any] = {"properties": []}
    for row in schema["properties"]:
        column = {k: v for k, v in row.items() if k != "primaryKeyPosition"}
        found["properties"].append(column | ({"quality": rules(column["quality"])} if "quality" in column else {}))
    return found | ({"quality": rules(schema["quality"])} if "quality" in schema else {})


def test_contract_of_files(small: Path) -> None:
    found = contract(small, "SRC-001")
    assert (found["kind"], found["id"], found["version"], found["status"]) == (
        "DataContract",
        "small-works-SRC-001",
        "1.0",
        "active",
    )
    assert "KPI-001" in found["description"]["purpose"]
    (server,) = found["servers"]
    assert (server["type"], server["path"], server["format"], server["encoding"]) == (
        "local",
        "lots.csv",
        "csv",
        "UTF-8",
    )
    sla = {row["property"]: (row["value"], row["unit"]) for row in found["slaProperties"]}
    assert sla == {"frequency": (1, "d"), "latency": (20, "d")}
    assert found["slaProperties"][1]["element"] == "src_001.day"
    assert found["team"]["name"] == "Boss"
    custom = {row["property"]: row["value"] for row in found["customProperties"]}
    assert custom["effective"] == "2026-01-05"
    assert custom["pauses"][0]["from"] == "2026-08-03"
    (schema,) = found["schema"]
    assert schema["quality"] == [
        {"type": "library", "metric": "rowCount", "mustBeLessThan": 10000},
        {"type": "library", "metric": "rowCount", "mustBeGreaterThan": 3},
    ]
    assert back(schema) == load(small).qms.items["SRC-001"].get("contract")


def test_contract_of_a_database_tells_no_secret(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MES_ADDRESS", "postgres://reader:hunter2@mes/plant")
    found = contract(small, "SRC-002")
    assert "hunter2" not in str(found)
    assert "MES_ADDRESS" in found["servers"][0]["description"]
    (schema,) = found["schema"]
    assert (schema["physicalName"], schema["physicalType"], found["servers"][0]["schema"]) == ("hours", "table", "mes")
    first, second, third = schema["properties"]
    assert (first["primaryKeyPosition"], second["primaryKeyPosition"]) == (1, 2)
    assert "logicalTypeOptions" not in second, "the standard wants dates there, not numbers"
    assert third["quality"] == [{"type": "library", "metric": "nullValues", "mustBe": 0}]


@pytest.mark.parametrize(
    "lines, status",
    [
        ("status: draft", "draft"),
        ("status: obsolete", "retired"),
        ("effective: 2027-01-01", "proposed"),
        ("", "active"),
    ],
)
def test_status_of_a_contract(system_of: Callable[..., Path], lines: str, status: str) -> None:
    text = "id: SRC-001\ntype: data-source\ntitle: T\nsystem: S\nformat: sqlite\nlocation: a/b.db\ntable: t\ncontract: {properties: [{name: a, logicalType: string}]}\n"
    root = system_of({"data-sources/SRC-001-t.yaml": text + lines})
    found = contract(root, "SRC-001")
    assert found["status"] == status
    assert found["servers"][0]["type"] == "custom"
    assert found["servers"][0]["path"] == "a/b.db"


def test_contracts_of_the_examples_of_the_type(small: Path) -> None:
    kind = load(small).types["data-source"]
    for example in kind.schema["examples"]:
        item = load(small).qms.items["SRC-001"]
        board = measures(small)
        found = item.saying(example, item.body)
        made = odcs.document(board, found)
        validate(odcs.text(made))
        assert back(made["schema"][0]) == example["contract"]


def test_contracts_command(small: Path, tmp_path: Path) -> None:
    result = qmsctl(small, "export", "contracts", "-o", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    written = sorted(f.name for f in (tmp_path / "out").iterdir())
    assert written == ["SRC-001.odcs.yaml", "SRC-002.odcs.yaml"]
    for file in (tmp_path / "out").iterdir():
        validate(file.read_text(encoding="utf-8"))
    one = qmsctl(small, "export", "contracts", "src-002", "-o", str(tmp_path / "one"))
    assert one.exit_code == 0
    assert [f.name for f in (tmp_path / "one").iterdir()] == ["SRC-002.odcs.yaml"]
    wrong = qmsctl(small, "export", "contracts", "KPI-001", "-o", str(tmp_path / "no"))
    assert wrong.exit_code == 2
    assert not (tmp_path / "no").exists()


def test_contracts_where_there_are_none(system_of: Callable[..., Path], tmp_path: Path) -> None:
    root = system_of({"roles/boss.yaml": "id: boss\ntype: role\ntitle: Boss\n"})
    result = qmsctl(root, "export", "contracts", "-o", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "qmsctl new data-source" in result.output


def test_contracts_of_the_reference_system() -> None:
    board = measures(REPOSITORY)
    for name in board.sources:
        item = board.graph.items[name]
        made = odcs.document(board, item)
        validate(odcs.text(made))
        if item.get("contract", {}).get("properties"):
            assert [c["name"] for c in back(made["schema"][0])["properties"]] == list(board.sources[name].columns)
