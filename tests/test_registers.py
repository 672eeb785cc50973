"""Registers as data: right columns, right counts, files that nothing hostile can break."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from qmsctl import checks
from qmsctl.loader import load
from qmsctl.pages import compliance, registers
from qmsctl.pages.registers import Name, Number, Table
from qmsctl.pages.view import View, clause_anchor
from tests.conftest import REPOSITORY, TODAY

SOP = {"type": "sop", "revision": "1.0", "effective": "2026-01-05", "owner": "chief", "review_every": "12 months",
       "change": "Written for the first time.", "purpose": "It is done alike."}  # fmt: skip


def view_of(root: Path, today: str = TODAY) -> View:
    loaded = load(root)
    return View(loaded, checks.run(loaded, today), today)


@pytest.fixture(scope="module")
def reference() -> View:
    return view_of(REPOSITORY)


def small(root: Path, *items: dict[str, Any]) -> Path:
    """Write a small system with the items."""
    folders = {"sop": "sops", "location": "locations", "risk": "risks", "role": "roles"}
    (root / "qms.yaml").parent.mkdir(parents=True, exist_ok=True)
    (root / "qms.yaml").write_text("organisation: Small\nas_of: 2026-11-16\n", encoding="utf-8")
    for item in items:
        kind = item["type"]
        file = root / folders.get(kind, f"{kind}s") / f"{item['id']}.{'md' if kind == 'sop' else 'yaml'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(item)
        file.write_text(f"---\n{text}---\n" if kind == "sop" else text, encoding="utf-8")
    return root


def column(table: Table, key: str) -> list[Any]:
    at = [c.key for c in table.columns].index(key)
    return [row.cells[at] for row in table.rows]


def data(script: bytes) -> dict[str, Any]:
    text = script.decode("ascii")
    assert text.startswith("qmsRows(")
    assert text.endswith(");\n")
    found: dict[str, Any] = json.loads(text[len("qmsRows(") : -3])
    return found


def test_every_type_has_a_register_with_all_its_items(reference: View) -> None:
    pages = {path: values for path, _, values in registers.pages(reference)}
    for name in reference.types:
        table = pages[f"registers/{name}.md"]["table"]
        assert [row.ref for row in table.rows] == [i.id for i in reference.loaded.qms.items.values() if i.type == name]


def test_columns_come_from_the_type_and_from_what_every_item_has(reference: View) -> None:
    table = registers.of_type(reference, "sop")
    kinds = {c.key: c.kind for c in table.columns}
    assert list(kinds)[:2] == ["id", "title"]
    assert kinds["owner"] == kinds["status"] == kinds["locations"] == "names"
    assert kinds["effective"] == kinds["next_review"] == "date"
    assert kinds["revision"] == "revision"
    assert kinds["review_every"] == "period"
    assert column(table, "next_review")[0] == "2027-07-06"


def test_an_own_type_gets_its_register(tmp_path: Path) -> None:
    root = small(tmp_path, {"id": "GAU-001", "type": "gauge", "title": "Calliper", "range": 150, "checked": "2026-01-02", "place": "room 2"})  # fmt: skip
    kind = {
        "title": "Gauge", "description": "What we measure with.", "x-plural": "Gauges", "x-folder": "gauges", "x-id": "GAU-###",
        "x-file": "yaml", "x-group": "records", "x-controlled": False, "x-register": ["range", "checked", "place", "no such field"],
        "properties": {"range": {"title": "Range", "type": "number"}, "checked": {"title": "Checked", "type": "string", "format": "date"}, "place": {"title": "Place", "enum": ["room 1", "room 2"]}},
        "examples": [{"id": "GAU-001", "type": "gauge", "title": "Calliper"}],
    }  # fmt: skip
    (root / "item_types").mkdir()
    (root / "item_types" / "gauge.schema.yaml").write_text(yaml.safe_dump(kind), encoding="utf-8")
    table = registers.of_type(view_of(root), "gauge")
    assert {c.key: c.kind for c in table.columns} == {
        "id": "text", "title": "title", "range": "number", "checked": "date", "place": "names",
    }  # fmt: skip
    assert table.rows[0].cells[2:] == (Number(150, "150"), "2026-01-02", (Name("room 2", "room 2"),))


def test_states_have_a_sign_and_a_word(tmp_path: Path) -> None:
    root = small(
        tmp_path,
        {**SOP, "id": "SOP-001", "title": "Now"},
        {**SOP, "id": "SOP-002", "title": "Soon", "effective": "2026-12-01"},
        {**SOP, "id": "SOP-003", "title": "Written", "status": "draft"},
        {**SOP, "id": "SOP-004", "title": "Gone", "status": "obsolete"},
    )
    states = column(registers.of_type(view_of(root), "sop"), "status")
    assert [(cell[0].sign, cell[0].text) for cell in states] == [
        ("on", "In force"), ("watch", "Takes effect later"), ("none", "Draft"), ("off", "Obsolete"),
    ]  # fmt: skip


def test_the_master_list_has_everything_controlled_and_nothing_else(reference: View) -> None:
    table = registers.documents(reference)
    controlled = {i.id for i in reference.loaded.qms.items.values() if reference.types[i.type].controlled}
    assert {row.ref for row in table.rows} == controlled
    wanted = {"type", "status", "owner", "revision", "effective", "next_review", "locations"}
    assert wanted <= {c.key for c in table.columns}
    assert {name.key: count for name, count in table.counts("type")}["sop"] == len(reference.of_type("sop"))


def test_counts_follow_the_rows(reference: View) -> None:
    table = registers.of_type(reference, "risk")
    assert sum(count for _, count in table.counts("status")) == len(table.rows)
    days = dict(pair.split("=") for pair in table.days.split())
    assert sum(map(int, days.values())) == len(table.rows)


def test_risks_stand_by_what_they_weigh(reference: View) -> None:
    scores = [cell.value for cell in column(registers.risks(reference), "score")]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 16


@pytest.mark.parametrize("bad", ["3", None, True, 0, 6, 2.5, [3]])
def test_a_risk_that_cannot_be_weighed_has_no_score(tmp_path: Path, bad: Any) -> None:
    root = small(tmp_path, {"id": "RSK-001", "type": "risk", "title": "Odd", "likelihood": bad, "severity": 3})
    view = view_of(root)
    assert registers.score(view.of_type("risk")[0]) is None
    assert registers.risks(view).rows[0].ref == "RSK-001"


HOSTILE = [
    '=HYPERLINK("http://evil.example","x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "＝1+1",
    "</script><script>alert(1)</script>", "<!--<script>", "a\u2028b\u2029c", "\u202egnirts", "مرحبا بالعالم", "x" * 10_000, '","',
]  # fmt: skip


def test_no_title_runs_in_a_spreadsheet_or_in_the_page(tmp_path: Path) -> None:
    items = [{**SOP, "id": f"SOP-{n:03}", "title": text, "owner": text} for n, text in enumerate(HOSTILE, 1)]
    view = view_of(small(tmp_path, *items))
    made = dict(registers.files(view))
    rows = list(csv.reader(io.StringIO(made["registers/sop.csv"].decode("utf-8-sig"))))
    assert len(rows) == len(HOSTILE) + 1
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "＝")), cell
    assert rows[12][1] == "x" * 10_000
    script = made["registers/sop.rows.js"]
    assert b"<" not in script
    found = data(script)
    titles = [row[2] for row in found["rows"]]
    assert titles[6] == HOSTILE[6]
    assert len(titles[11]) == registers.LONGEST
    assert titles[11].endswith("…")


def test_rows_point_at_names_and_pages(reference: View) -> None:
    found = data(dict(registers.files(reference))["registers/sop.rows.js"])
    keys = [column[0] for column in found["columns"]]
    row = next(row for row in found["rows"] if row[1] == "SOP-014")
    assert row[0] == "../sops/SOP-014.html"
    owner = found["names"][row[1 + keys.index("owner")][0]]
    assert owner == ["quality-engineer", "Quality Engineer", "../roles/quality-engineer.html", ""]


def test_a_page_carries_the_first_rows_and_stays_light(tmp_path: Path) -> None:
    items = [{**SOP, "id": f"SOP-{n:04}", "title": f"How to do thing number {n}"} for n in range(1, 2001)]
    view = view_of(small(tmp_path, *items))
    table = registers.of_type(view, "sop")
    assert len(table.rows) == 2000
    assert len(table.first) == registers.SHOWN
    assert len(registers.rows_script(view, table)) < 300_000


def test_same_input_same_files(reference: View) -> None:
    assert dict(registers.files(reference)) == dict(registers.files(reference))


# --- compliance -------------------------------------------------------------------------------------


def test_what_is_open_comes_first_and_every_clause_has_its_place(reference: View) -> None:
    shown = {path: values for path, _, values in compliance.pages(reference)}
    values = shown["compliance/STD-001.md"]
    assert [clause.key for clause in values["coverage"].top] == ["4", "5", "6", "7", "8", "9", "10"]
    assert all(clause.state in compliance.WORST for clause in values["open"])
    assert len(values["open"]) == sum(values["count"][state] for state in compliance.WORST)
    assert clause_anchor("8.5.1") == "c-8-5-1"


def test_a_statement_of_applicability_is_shown_where_there_are_controls(tmp_path: Path) -> None:
    standard = {**SOP, "id": "STD-001", "type": "standard", "title": "Annex A", "catalogue": "iso27001-2022-annex-a", "scope": "All."}  # fmt: skip
    left = {"clause": "iso27001-2022-annex-a/A.8.30", "reason": "Nothing is developed for us."}
    root = small(tmp_path, {**standard, "exclusions": [left]})
    (root / "qms.yaml").write_text("organisation: Small\nas_of: 2026-11-16\nstandards: [iso27001-2022-annex-a]\n")
    rows = compliance.controls(view_of(root).coverage("STD-001"))
    assert len(rows) == 93
    assert [(row.clause.key, row.why) for row in rows if not row.chosen] == [("A.8.30", "Nothing is developed for us.")]
