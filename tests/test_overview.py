"""Where the organisation stands, and who works into whose hands: every sentence is held against the data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from qmsctl import checks, pages
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.measures import scorecards
from qmsctl.measures.board import Measures
from qmsctl.pages import overview
from qmsctl.pages.performance import Performance
from qmsctl.pages.view import View
from tests.conftest import REPOSITORY, TODAY

ROLE = {"type": "role", "revision": "1.0", "effective": "2026-01-05", "owner": "chief", "review_every": "48 months",
        "change": "Written for the first time.", "purpose": "Answers for it."}  # fmt: skip
PROCESS = {"type": "process", "revision": "1.0", "effective": "2026-01-05", "owner": "chief",
           "review_every": "24 months", "change": "Written for the first time.", "purpose": "Makes things.",
           "class": "core"}  # fmt: skip
PARTY = {"type": "interested-party", "kind": "customer", "owner": "chief", "reviewed": "2026-01-05",
         "review_every": "24 months"}  # fmt: skip
KPI = {"type": "kpi", "revision": "1.0", "effective": "2026-01-05", "owner": "chief", "review_every": "24 months",
       "change": "Written for the first time.", "kind": "outcome", "formula": "Counted by hand.", "unit": "parts",
       "direction": "lower", "target": 5, "limits": {"watch": 7, "off": 9}, "frequency": "monthly",
       "compute": {"type": "manual"}, "decimals": 0}  # fmt: skip
FOLDERS = {"role": "roles", "process": "processes", "interested-party": "interested-parties", "kpi": "kpis",
           "kpi-log": "kpi-logs", "risk": "risks", "person": "people"}  # fmt: skip


def system(root: Path, *items: dict[str, Any]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "qms.yaml").write_text("organisation: Small\nas_of: 2026-11-16\n", encoding="utf-8")
    for item in items:
        file = root / FOLDERS[item["type"]] / f"{item['id']}.{'md' if item['type'] == 'process' else 'yaml'}"
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(item, allow_unicode=True)
        file.write_text(f"---\n{text}---\n" if file.suffix == ".md" else text, encoding="utf-8")
    return root


def view_of(root: Path, measures: Path | None = None, today: str = TODAY) -> View:
    loaded = load(root)
    board = Measures(loaded, Graph(loaded), measures, today) if measures is not None else None
    performance = Performance(board) if board is not None and board.known else None
    return View(loaded, checks.run(loaded, today), today, performance=performance)


def page(view: View, name: str) -> str:
    template, values = next((t, v) for path, t, v in overview.pages(view) if path == f"{name}.md")
    return str(pages.environment_of(view).get_template(template).render(page=name, **values))


def process(number: int, **more: Any) -> dict[str, Any]:
    return {**PROCESS, "id": f"PRC-{number:03d}", "title": f"Process {number}", "chain": number, **more}


CHIEF = {**ROLE, "id": "chief", "title": "Chief"}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> View:
    # No figure is computed; those that people recorded are there.
    return view_of(REPOSITORY, tmp_path_factory.mktemp("none"))


# --- where we stand -----------------------------------------------------------------------------------


def test_the_figures_of_the_headline_are_those_of_the_scorecard(reference: View) -> None:
    assert reference.performance is not None
    counts = scorecards.counts(reference.performance.executive)
    sentence = overview.headline(reference)[0]
    numbers = [int(n) for n in re.findall(r"\d+", sentence)]
    assert numbers[0] == sum(count for *_, count in counts)
    assert sorted(numbers[1:]) == sorted(count for *_, count in counts if count)


def recorded(values: dict[str, float], **explained: Any) -> dict[str, Any]:
    rows = [
        {"period": p, "value": v, "evidence": "Counted twice, by two people.", "recorded": "2026-11-10"}
        for p, v in values.items()
    ]
    log = {"id": "LOG-001", "type": "kpi-log", "title": "Log", "kpi": "KPI-001", "values": rows}
    return {**log, "explanations": [explained]} if explained else log


def off_box(tmp_path: Path, **explained: Any) -> Any:
    values = {f"2026-{m:02d}": v for m, v in ((6, 3), (7, 12), (8, 4), (9, 12), (10, 12))}
    kpi = {**KPI, "id": "KPI-001", "title": "Parts lost"}
    root = system(tmp_path / "q", CHIEF, kpi, recorded(values, **explained))
    view = view_of(root, tmp_path / "m")
    assert view.performance is not None
    return overview.off(view), view


def test_off_target_says_since_when_and_what_is_being_done(tmp_path: Path) -> None:
    box, _ = off_box(tmp_path, period="2026-10", cause="A worn seal leaks.", action="New seals", who="chief",
                     by="2026-12-05", written="2026-11-12")  # fmt: skip
    assert box.said == "1 figure is off target."
    ((row, since),) = box.rows
    assert (row.title, row.value, since) == ("Parts lost", "12 parts", "since September 2026")
    assert row.done == "New seals. Chief, by 5 December 2026."


def test_what_was_done_before_it_went_off_again_is_no_answer(tmp_path: Path) -> None:
    box, view = off_box(tmp_path, period="2026-07", cause="A worn seal leaked.", action="New seals", who="chief",
                        by="2026-08-05", done="2026-08-01", written="2026-08-12")  # fmt: skip
    assert box.rows[0][0].done == ""
    assert "Nothing is written down about it yet." in page(view, "executive")


def test_without_figures_nothing_is_called_good(tmp_path: Path) -> None:
    view = view_of(system(tmp_path / "q", CHIEF))
    text = page(view, "executive")
    assert "No figures yet: nobody knows whether the aims are reached." in text
    assert "Nothing is off target." not in text
    assert "No theme is behind its time." not in text


def test_figures_without_a_value_are_never_counted_as_good(reference: View) -> None:
    said = overview.off(reference).said
    assert "no value to trust" in said
    assert "Nothing is off target." not in said
    assert "nobody knows" in " ".join(overview.headline(reference))


def test_risks_come_by_their_points_with_the_next_action(tmp_path: Path) -> None:
    def risk(number: int, likelihood: int, *actions: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"RSK-{number:03d}", "type": "risk", "title": f"Risk {number}", "status": "open",
                "owner": "chief", "cause": "A cause.", "event": "An event.", "effect": "An effect.",
                "likelihood": likelihood, "severity": 4, "reviewed": "2026-10-01", "review_every": "12 months",
                "actions": list(actions)}  # fmt: skip

    late = {"key": "b", "what": "Second", "who": "chief", "by": "2027-03-01"}
    soon = {"key": "a", "what": "First!", "who": "chief", "by": "2027-01-01"}
    done = {"key": "c", "what": "Zeroth", "who": "chief", "by": "2026-01-01", "done": "2026-01-01"}
    box = overview.risks(view_of(system(tmp_path / "q", CHIEF, risk(1, 1), risk(2, 4, late, soon, done), risk(3, 2))))
    assert [(r.risk, r.score, r.state) for r in box.rows] == [("RSK-002", 16, "off"), ("RSK-003", 8, "watch"), ("RSK-001", 4, "on")]  # fmt: skip
    assert box.rows[0].action == "First! By 1 January 2027."
    assert box.said == "1 of 3 risks is high."


def test_roles_that_nobody_holds(tmp_path: Path) -> None:
    person = {"id": "p-001", "type": "person", "roles": ["chief"]}
    empty = {**ROLE, "id": "clerk", "title": "Clerk"}
    box = overview.people(view_of(system(tmp_path / "q", CHIEF, empty, person)))
    assert (box.said, [r.id for r in box.rows]) == ("1 role is held by nobody.", ["clerk"])
    assert overview.people(view_of(system(tmp_path / "none", CHIEF, empty))).said == ""


@pytest.mark.parametrize(
    ("parts", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_parts_of_a_sentence(reference: View, parts: list[str], said: str) -> None:
    assert overview.listed(reference, parts) == said


# --- how processes work together ----------------------------------------------------------------------


def test_the_matrix_has_every_hand_over_of_the_reference(reference: View) -> None:
    cells = overview.handovers(reference)
    inner = {(h.giver, h.taker, h.ref) for found in cells.values() for h in found if h.giver and h.taker}
    links = {
        (link.to, link.source, link.part)
        for process in reference.of_type("process")
        for link in reference.graph.links_from(process.id)
        if link.field == "inputs.from" and link.part
    }
    assert inner == links
    text = page(reference, "interactions")
    for giver, taker in cells:
        name = f"h-{giver or 'outside'}-{taker or 'outside'}"
        assert f'href="#{name}"' in text
        assert text.count(f'id="{name}"') == 1


def test_what_nobody_takes_and_nobody_gives_is_told(tmp_path: Path) -> None:
    first = process(1, outputs=[{"key": "taken", "name": "Taken"}, {"key": "left", "name": "Left over"}])
    second = process(2, inputs=[{"key": "a", "name": "A", "from": ["PRC-001#taken"]}, {"key": "b", "name": "Wanted"}])
    view = view_of(system(tmp_path / "q", CHIEF, first, second))
    found = overview.gaps(view)
    assert (found.untaken, found.ungiven) == (["PRC-001#left"], ["PRC-002#b"])
    text = page(view, "interactions")
    assert "Left over" in text
    assert "Wanted" in text


def test_a_customer_sees_by_which_figures_a_need_is_met(tmp_path: Path) -> None:
    needs = [
        {"key": "right", "what": "No bad part", "answered_by": ["PRC-001"]},
        {"key": "kind", "what": "A kind word"},
    ]
    party = {**PARTY, "id": "PTY-001", "title": "Buyers", "needs": needs}
    work = process(1, customers=["PTY-001"], inputs=[{"key": "order", "name": "Order", "from": ["PTY-001"]}])
    kpi = {**KPI, "id": "KPI-001", "title": "Bad parts", "process": "PRC-001"}
    view = view_of(system(tmp_path / "q", CHIEF, party, work, kpi))
    chain = overview.end_to_end(view)
    assert chain.suppliers == [("PTY-001", ["Order"])]
    ((who, met),) = chain.customers
    assert (who, [(n.what, n.kpis) for n in met]) == ("PTY-001", [("No bad part", ["KPI-001"]), ("A kind word", [])])
    assert "no figure says so" in page(view, "interactions")


def test_many_processes_stay_readable_and_light(tmp_path: Path) -> None:
    every = [process(n, outputs=[{"key": "out", "name": f"Thing {n}"}],
                     **({"inputs": [{"key": "in", "name": "It", "from": [f"PRC-{n - 1:03d}#out"]}]} if n > 1 else {}))
             for n in range(1, 121)]  # fmt: skip
    text = page(view_of(system(tmp_path / "q", CHIEF, *every)), "interactions")
    assert "<table" not in text
    assert 'id="h-PRC-001-PRC-002"' in text
    assert len(text.encode()) < 120_000
    sixty = page(view_of(system(tmp_path / "r", CHIEF, *every[:60])), "interactions")
    assert "<table" in sixty
    assert len(sixty.encode()) < 150_000


def test_nothing_hostile_gets_through(tmp_path: Path) -> None:
    evil = "</a><script>alert(1)</script>\n\n# Head **b** `c`"
    work = process(1, title=evil, customers=["PTY-001"], outputs=[{"key": "x", "name": evil, "to": ["PTY-001"]}])
    party = {**PARTY, "id": "PTY-001", "title": evil, "needs": [{"key": "n", "what": evil}]}
    view = view_of(system(tmp_path / "q", {**CHIEF, "title": evil}, work, party))
    for name in ("executive", "interactions"):
        text = page(view, name)
        assert "<script" not in text
        blocks = [block for block in re.split(r"\n\n+", text.strip()) if not block.startswith("#")]
        assert all(block.startswith("<") and block.endswith(">") for block in blocks), name


def test_empty_pages_teach(tmp_path: Path) -> None:
    view = view_of(system(tmp_path / "q"))
    assert "No processes yet." in page(view, "interactions")
    assert "No strategy is written down yet." in page(view, "executive")
    assert "No standard is in scope yet." in page(view, "executive")
