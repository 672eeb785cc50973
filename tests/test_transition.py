"""The way to a new edition: what carries over, what is missing, who does what by when; on the terminal and as a page."""

from __future__ import annotations

import datetime
import io
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qmsctl import checks
from qmsctl import pages as all_pages
from qmsctl.cli import app
from qmsctl.coverage import UnknownStandard
from qmsctl.coverage.transition import CHANGES, OUTCOMES, Move, NoTransition, Transition, transition
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.pages import transition as pages
from qmsctl.pages import transition_words as words
from qmsctl.pages.view import View
from qmsctl.pages.wording import Words, words_of
from tests.conftest import REPOSITORY, TODAY

CONTROLLED = {
    "revision": "1.0", "effective": "2026-03-02", "owner": "inspector", "review_every": "24 months", "change": "First issue.",
}  # fmt: skip
FOLDERS = {
    "role": "roles", "catalogue": "catalogues", "standard": "standards", "record-kind": "record-kinds", "sop": "sops",
    "policy": "policies", "location": "locations", "clause-mapping": "clause-mappings", "opportunity": "opportunities",
    "external-document": "external-documents", "audit": "audits", "risk": "risks",
}  # fmt: skip


def role(name: str) -> dict[str, Any]:
    return {"id": name, "type": "role", "title": name.title(), **CONTROLLED, "purpose": "Looks.", "function": "Quality"}


def clause(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "topic": f"Topic {key}", **more}


def catalogue(name: str, *clauses: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    rows = [clause(c) if isinstance(c, str) else c for c in clauses]
    return {
        "id": name, "type": "catalogue", "title": name.replace("-", " ").title(), "issuer": "Us", "edition": name[-1],
        "complete": True, "confidence": "primary source", "clauses": rows, **more,
    }  # fmt: skip


def row(
    before: list[str], after: list[str], relation: str = "equal", change: str = "unchanged", note: str = ""
) -> dict[str, Any]:
    return {"from": before, "to": after, "relation": relation, "change": change, **({"note": note} if note else {})}


def mapping(*rows: dict[str, Any], one: str = "demo-1", other: str = "demo-2", **more: Any) -> dict[str, Any]:
    return {
        "id": f"{one}-to-{other}", "type": "clause-mapping", "title": "Old to new", "from": one, "to": other,
        "confidence": "primary source", "source": "Both texts", "rows": list(rows), **more,
    }  # fmt: skip


def sop(number: int, *clauses: str, **more: Any) -> dict[str, Any]:
    fields = {"id": f"SOP-00{number}", "type": "sop", "title": f"Work {number}", **CONTROLLED, "purpose": "Done alike."}
    return {**fields, "clauses": list(clauses), **more} if clauses else {**fields, **more}


def standard(number: int, of: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"STD-00{number}",
        "type": "standard",
        "title": f"Demo {of[-1]}",
        **CONTROLLED,
        "catalogue": of,
        "scope": "All.",
        **more,
    }


def write(root: Path, *items: dict[str, Any]) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "qms.yaml").write_text("organisation: Small\nas_of: 2026-11-16\nlanguages: [en, de]\n", encoding="utf-8")
    for item in (role("inspector"), *items):
        markdown = item["type"] in ("sop", "policy")
        file = root / FOLDERS[item["type"]] / f"{item['id']}.{'md' if markdown else 'yaml'}"
        file.parent.mkdir(exist_ok=True)
        text = yaml.safe_dump(item, allow_unicode=True, sort_keys=False)
        file.write_text(f"---\n{text}---\n" if markdown else text, encoding="utf-8")
    return root


def way(
    root: Path, *items: dict[str, Any], old: str = "demo-1", new: str = "demo-2", today: str = TODAY, location: str = ""
) -> Transition:
    return transition(Graph(load(write(root, *items))), old, new, today, location)


def moved(found: Transition, key: str) -> Move:
    """The change that holds a number, in either edition."""
    (move,) = [m for m in found.moves if any(c.key == key for c in (*m.after, *m.before))]
    return move


def kinds(found: Transition, key: str) -> list[str]:
    return [found.task(number).kind for number in moved(found, key).tasks]


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *arguments])


# --- what becomes of a clause -------------------------------------------------------------------------


def test_what_is_equal_and_answered_carries_over_without_a_task(tmp_path: Path) -> None:
    found = way(
        tmp_path,
        catalogue("demo-1", "4.1"),
        catalogue("demo-2", "4.1"),
        mapping(row(["4.1"], ["4.1"])),
        sop(1, "demo-1/4.1"),
    )
    move = moved(found, "4.1")
    assert (move.change, move.outcome, move.tasks, move.more) == ("unchanged", "carries", (), False)
    assert (found.ready, found.total) == (1, 1)


def test_what_asks_for_more_is_to_do_and_names_the_document_that_is_most_about_it(tmp_path: Path) -> None:
    found = way(
        tmp_path, role("planner"), catalogue("demo-1", "4.1", "4.2"), catalogue("demo-2", "4.1", "4.2"),
        mapping(row(["4.1"], ["4.1"], "subset", "reworded", "Photographs are asked for."), row(["4.2"], ["4.2"])),
        sop(1, "demo-1/4.1", "demo-1/4.2"), sop(2, "demo-1/4.1", owner="planner"),
    )  # fmt: skip
    move = moved(found, "4.1")
    assert (move.outcome, move.more) == ("open", True)
    # The note says what is added; that the old clause asks for less need not be said besides.
    assert move.after[0].reasons
    assert found.missing(move) == ()
    (task,) = [found.task(n) for n in move.tasks]
    assert (task.kind, task.refs, task.owner, task.note) == (
        "extend",
        ("SOP-002", "SOP-001"),
        "planner",
        "Photographs are asked for.",
    )
    assert words.task_words(task, found, Words(), str) == "Extend SOP-002 SOP-002 by what is added in 4.1"


def test_what_was_made_for_the_new_edition_counts_as_done(tmp_path: Path) -> None:
    found = way(
        tmp_path, catalogue("demo-1", "4.1"), catalogue("demo-2", "4.1"), mapping(row(["4.1"], ["4.1"], "subset", "reworded")),
        sop(1, "demo-1/4.1"), sop(2, "demo-2/4.1"),
    )  # fmt: skip
    assert moved(found, "4.1").outcome == "done"
    assert [(t.kind, t.state) for t in found.tasks if t.phase == "change"] == [("made", "done")]
    half = way(
        tmp_path, sop(2, claims=[{"clause": "demo-2/4.1", "how": "implements", "missing": "The pictures."}]),
    )  # fmt: skip
    assert moved(half, "4.1").outcome == "open"
    assert [str(reason) for reason in half.missing(moved(half, "4.1"))] == [
        "SOP-002 leaves something open: The pictures."
    ]


def test_what_is_planned_is_shown_as_such_once_for_all_its_clauses(tmp_path: Path) -> None:
    plan = {"what": "Two registers.", "who": "inspector", "by": "2027-02-01"}
    found = way(
        tmp_path, catalogue("demo-1", "6.1"), catalogue("demo-2", "6.1", "6.2"), mapping(row(["6.1"], ["6.1", "6.2"], "subset", "split")),
        sop(1, "demo-1/6.1"),
        standard(2, "demo-2", plans=[{"clause": f"demo-2/{key}", **plan} for key in ("6.1", "6.2")], switch="2027-06-01"),
    )  # fmt: skip
    move = moved(found, "6.2")
    assert (move.outcome, [c.key for c in move.after]) == ("planned", ["6.1", "6.2"])
    (task,) = [found.task(n) for n in move.tasks]
    assert (task.kind, task.state, task.said, task.by, task.late) == (
        "plan",
        "planned",
        "Two registers.",
        "2027-02-01",
        False,
    )
    assert task.clauses == ("demo-2/6.1", "demo-2/6.2")
    assert found.counts["planned"] == 2


def test_a_plan_half_the_clauses_leaves_the_other_half_to_do(tmp_path: Path) -> None:
    found = way(
        tmp_path, catalogue("demo-1", "6.1"), catalogue("demo-2", "6.1", "6.2"), mapping(row(["6.1"], ["6.1", "6.2"], "subset", "split")),
        sop(1, "demo-1/6.1"), standard(2, "demo-2", plans=[{"clause": "demo-2/6.1", "what": "Soon.", "who": "inspector", "by": "2027-02-01"}]),
    )  # fmt: skip
    assert moved(found, "6.2").outcome == "open"
    assert sorted(kinds(found, "6.2")) == ["extend", "plan"]
    (task,) = [t for t in found.tasks if t.kind == "extend"]
    assert task.clauses == ("demo-2/6.2",)
    assert found.counts == {"open": 2}
    half = way(tmp_path, sop(2, "demo-2/6.1"))
    assert half.counts == {"done": 1, "open": 1}


def test_a_plan_that_is_done_is_kept_as_done_and_one_after_the_switch_is_late(tmp_path: Path) -> None:
    plans = [
        {"clause": "demo-2/4.1", "what": "Was made.", "who": "inspector", "by": "2026-10-01", "done": "2026-10-05"},
        {"clause": "demo-2/4.2", "what": "Comes late.", "who": "inspector", "by": "2027-09-01"},
    ]
    found = way(
        tmp_path, catalogue("demo-1"), catalogue("demo-2", "4.1", "4.2"), mapping(row([], ["4.1"], "none", "new"), row([], ["4.2"], "none", "new")),
        sop(1, "demo-2/4.1"), standard(2, "demo-2", plans=plans, switch="2027-06-01"),
    )  # fmt: skip
    by_state = {(t.said, t.state): t for t in found.tasks if t.kind == "plan"}
    assert by_state["Was made.", "done"].by == "2026-10-05"
    assert by_state["Comes late.", "planned"].late
    assert any("overdue or end after the switch" in text for text in words.warnings(found, Words()))


def test_a_new_clause_without_an_answer_is_decided_from_nothing(tmp_path: Path) -> None:
    found = way(tmp_path, catalogue("demo-1", "4.1"), catalogue("demo-2", "4.1", "4.2"), sop(1, "demo-1/4.1"), mapping(row(["4.1"], ["4.1"]), row([], ["4.2"], "none", "new")), standard(1, "demo-1"))  # fmt: skip
    assert (moved(found, "4.2").change, moved(found, "4.2").outcome) == ("new", "open")
    (task,) = [t for t in found.tasks if t.kind == "answer"]
    assert (task.owner, task.effort, task.refs) == ("inspector", "weeks", ())
    assert "Nothing is there yet for 4.2." in " ".join(words.summary(found, Words(), str))


def test_a_clause_that_ends_leaves_its_answers_to_be_decided_on(tmp_path: Path) -> None:
    found = way(
        tmp_path, catalogue("demo-1", "4.1", "4.2"), catalogue("demo-2", "4.1"),
        mapping(row(["4.1"], ["4.1"]), row(["4.2"], [], "none", "withdrawn", "No longer asked for.")), sop(1, "demo-1/4.1"), sop(2, "demo-1/4.2"),
    )  # fmt: skip
    move = moved(found, "4.2")
    assert (move.change, move.outcome, move.after) == ("withdrawn", "ended", ())
    (task,) = [t for t in found.tasks if t.kind == "ended"]
    assert (task.refs, task.phase, task.note) == (("SOP-002",), "align", "No longer asked for.")
    nobody = way(tmp_path / "other", catalogue("demo-1", "4.1", "4.2"), catalogue("demo-2", "4.1"), mapping(row(["4.1"], ["4.1"]), row(["4.2"], [], "none", "withdrawn")))  # fmt: skip
    assert [t for t in nobody.tasks if t.kind == "ended"] == []


def test_a_number_that_moves_warns_of_the_one_that_takes_its_place(tmp_path: Path) -> None:
    found = way(
        tmp_path, catalogue("demo-1", "6.4"), catalogue("demo-2", "6.4", "6.5"),
        mapping(row(["6.4"], ["6.5"], "equal", "moved"), row([], ["6.4"], "none", "new")), sop(1, "demo-1/6.4"),
    )  # fmt: skip
    (move,) = found.of("moved")
    assert (move.outcome, move.reused) == ("carries", ("6.4",))
    assert "These numbers mean something else in Demo 2; do not carry them over: 6.4." in words.warnings(found, Words())
    (task,) = [t for t in found.tasks if t.kind == "renumber"]
    assert (task.refs, task.clauses) == (("SOP-001",), ("demo-1/6.4",))


def test_a_number_given_anew_is_told_also_where_its_old_clause_ends(tmp_path: Path) -> None:
    items = [catalogue("demo-1", "4.1", "4.2"), catalogue("demo-2", "4.1", "4.2")]
    found = way(
        tmp_path,
        *items,
        mapping(row(["4.1"], ["4.1"]), row(["4.2"], [], "none", "withdrawn"), row([], ["4.2"], "none", "new")),
    )
    assert [move.reused for move in found.of("withdrawn")] == [("4.2",)]
    unmapped = way(tmp_path / "other", *items, mapping(row(["4.1"], ["4.1"])))
    assert [move.reused for move in unmapped.of("unmapped")] == [(), ()]


def test_several_into_several_become_one_change(tmp_path: Path) -> None:
    found = way(
        tmp_path, catalogue("demo-1", "4.1", "4.2", "4.3"), catalogue("demo-2", "4.1", "4.2"),
        mapping(row(["4.1"], ["4.1", "4.2"], "equal", "split"), row(["4.2", "4.3"], ["4.2"], "subset", "merged", "More.")),
        sop(1, "demo-1/4.1", "demo-1/4.2", "demo-1/4.3"),
    )  # fmt: skip
    (move,) = found.moves
    assert ([c.key for c in move.before], [c.key for c in move.after]) == (["4.1", "4.2", "4.3"], ["4.1", "4.2"])
    assert (move.change, move.relation, move.note) == ("merged", "subset", "More.")


@pytest.mark.parametrize(
    ("before", "after", "relation", "expected"),
    [
        (["4.1"], ["4.1"], "equal", "unchanged"), (["4.1"], ["4.1"], "subset", "reworded"), (["4.1"], ["4.2"], "equal", "moved"),
        (["4.1"], ["4.1", "4.2"], "equal", "split"), (["4.1", "4.2"], ["4.1"], "equal", "merged"),
    ],
)  # fmt: skip
def test_a_row_that_does_not_say_what_became_of_a_clause_shows_it_all_the_same(
    tmp_path: Path, before: list[str], after: list[str], relation: str, expected: str
) -> None:
    said = {"from": before, "to": after, "relation": relation}
    found = way(
        tmp_path,
        catalogue("demo-1", "4.1", "4.2", "9"),
        catalogue("demo-2", "4.1", "4.2", "9"),
        mapping(said, row(["9"], ["9"])),
    )
    assert expected in {move.change for move in found.moves if any(c.key in before for c in move.before)}


def test_a_row_for_a_heading_stands_for_the_clauses_below_it(tmp_path: Path) -> None:
    parts = (clause("4", heading=True), "4.1", "4.2")
    found = way(
        tmp_path,
        catalogue("demo-1", *parts),
        catalogue("demo-2", *parts),
        mapping(row(["4"], ["4"]), row(["4.2"], ["4.2"])),
    )
    assert [([c.key for c in m.before], [c.key for c in m.after]) for m in found.moves] == [
        (["4.1"], ["4.1"]),
        (["4.2"], ["4.2"]),
    ]


def test_what_the_mapping_leaves_out_or_names_in_vain_is_said(tmp_path: Path) -> None:
    found = way(
        tmp_path,
        catalogue("demo-1", "4.1", "4.2"),
        catalogue("demo-2", "4.1", "4.3"),
        mapping(row(["4.1", "7.7"], ["4.1"])),
    )
    assert [(m.key, m.change) for m in found.moves if m.change == "unmapped"] == [
        ("4.2", "unmapped"),
        ("4.3", "unmapped"),
    ]
    said = " ".join(words.warnings(found, Words()))
    assert "Demo 1 4.2" in said
    assert "Demo 2 4.3" in said
    assert "demo-1/7.7" in said


# --- what was open before -----------------------------------------------------------------------------


def test_what_is_open_already_is_told_apart_and_falls_to_its_owner(tmp_path: Path) -> None:
    overdue = sop(1, "demo-1/4.1", effective="2020-01-06", review_every="12 months")
    found = way(
        tmp_path, catalogue("demo-1", "4.1"), catalogue("demo-2", "4.1"), mapping(row(["4.1"], ["4.1"])), overdue
    )
    move = moved(found, "4.1")
    assert (move.outcome, kinds(found, "4.1")) == ("behind", ["close"])
    assert [str(r) for r in found.missing(move)] == ["the review of SOP-001 is overdue since 2021-01-06"]
    assert "1 that are open already today, whatever the edition" in " ".join(words.summary(found, Words(), str))


def test_a_plan_for_the_old_edition_counts_where_the_demand_is_the_same(tmp_path: Path) -> None:
    plans = [{"clause": "demo-1/4.1", "what": "Write it.", "who": "inspector", "by": "2027-01-15"}, {"clause": "demo-1/4.2", "what": "Write more.", "who": "inspector", "by": "2027-01-15"}]  # fmt: skip
    found = way(
        tmp_path, catalogue("demo-1", "4.1", "4.2"), catalogue("demo-2", "4.1", "4.2"),
        mapping(row(["4.1"], ["4.1"]), row(["4.2"], ["4.2"], "subset", "reworded")), standard(1, "demo-1", plans=plans),
    )  # fmt: skip
    assert (moved(found, "4.1").outcome, moved(found, "4.2").outcome) == ("planned", "open")


def test_an_exclusion_has_to_be_said_again(tmp_path: Path) -> None:
    out = {"clause": "demo-1/8.3", "reason": "Customers own the design."}
    items = [
        catalogue("demo-1", clause("8.3", heading=True), "8.3.1", "8.3.2"), catalogue("demo-2", clause("8.3", heading=True), "8.3.1", "8.3.2"),
        mapping(row(["8.3.1"], ["8.3.1"]), row(["8.3.2"], ["8.3.2"])), standard(1, "demo-1", exclusions=[out]),
    ]  # fmt: skip
    found = way(tmp_path, *items)
    assert {m.outcome for m in found.moves} == {"restate"}
    (task,) = [t for t in found.tasks if t.kind == "exclusions"]
    assert task.clauses == ("demo-2/8.3.1", "demo-2/8.3.2")
    again = way(tmp_path, standard(2, "demo-2", exclusions=[{**out, "clause": "demo-2/8.3"}]))
    assert {m.outcome for m in again.moves} == {"excluded"}
    assert [t for t in again.tasks if t.kind in ("exclusions", "audit", "brief")] == []


def test_what_did_not_apply_and_is_answered_in_part_now_is_no_exclusion(tmp_path: Path) -> None:
    found = way(
        tmp_path, catalogue("demo-1", "8.3"), catalogue("demo-2", "8.3"), mapping(row(["8.3"], ["8.3"])),
        standard(1, "demo-1", exclusions=[{"clause": "demo-1/8.3", "reason": "Customers own the design."}]),
        sop(1, claims=[{"clause": "demo-2/8.3", "how": "implements", "missing": "Validation."}]),
    )  # fmt: skip
    assert (moved(found, "8.3").outcome, kinds(found, "8.3")) == ("behind", ["close"])


# --- days ---------------------------------------------------------------------------------------------

EDITIONS = (
    catalogue("demo-1", "4.1", withdrawn="2026-09-16", transition={"until": "2029-09-30", "note": "As reported."}),
    catalogue("demo-2", "4.1"),
    mapping(row(["4.1"], ["4.1"], "subset", "reworded", "More.")),
    sop(1, "demo-1/4.1"),
)


def test_the_switch_is_suggested_before_the_certificate_ends(tmp_path: Path) -> None:
    held = standard(1, "demo-1", certificate={"number": "4711", "body": "Brannock", "until": "2028-05-14"})
    found = way(tmp_path, *EDITIONS, held)
    assert (found.days.last, found.days.suggested) == ("2028-05-14", True)
    assert "2027-11" in found.days.switch
    text = " ".join(words.summary(found, Words(), str))
    assert "No day is set for the switch yet" in text
    assert "the audit that renews it should be to Demo 2" in text
    assert any(t.kind == "book" and t.name == "Brannock" for t in found.tasks)


def test_no_day_is_made_up_where_none_is_known(tmp_path: Path) -> None:
    found = way(tmp_path, catalogue("demo-1", "4.1"), *EDITIONS[1:])
    assert (found.days.switch, found.days.last) == ("", "")
    assert {task.by for task in found.tasks} == {""}
    assert "nobody can plan towards it yet" in " ".join(words.summary(found, Words(), str))


def test_days_lie_between_today_and_the_switch_on_working_days_in_the_order_of_the_phases(tmp_path: Path) -> None:
    found = way(
        tmp_path, *EDITIONS, standard(1, "demo-1"), standard(2, "demo-2", replaces="STD-001", switch="2027-11-01")
    )
    days = [datetime.date.fromisoformat(task.by) for task in found.tasks]
    assert days == sorted(days)
    assert days[-1] == datetime.date(2027, 11, 1)
    assert days[0] > datetime.date(2026, 11, 16)
    assert all(day.weekday() < 5 for day in days)
    assert [task.number for task in found.tasks] == list(range(1, len(days) + 1))
    assert found.days.until("2027-11-01") == 350


@pytest.mark.parametrize("switch", ["2027-03-01", "2027-05-18", "2027-08-21", "2028-01-02", "2029-04-30"])
def test_no_task_but_the_switch_falls_on_a_weekend_and_no_role_writes_two_things_at_once(
    tmp_path: Path, switch: str
) -> None:
    keys = ["4.1", "4.2", "4.3", "4.4"]
    found = way(
        tmp_path, catalogue("demo-1", *keys), catalogue("demo-2", *keys), mapping(*(row([k], [k], "subset", "reworded") for k in keys)),
        *(sop(n, f"demo-1/{key}") for n, key in enumerate(keys, 1)), standard(2, "demo-2", switch=switch),
    )  # fmt: skip
    assert all(datetime.date.fromisoformat(task.by).weekday() < 5 for task in found.tasks if task.kind != "switch")
    written = [task.by for task in found.tasks if task.kind == "extend"]
    assert len({*written}) == len(written) == 4


HELD = {"certificate": {"number": "4711", "body": "Brannock", "until": "2028-05-14"}}


@pytest.mark.parametrize("switch", ["2026-12-18", "2027-03-01", "2027-11-01", "2028-03-30"])
def test_the_certificate_moves_before_the_old_edition_becomes_obsolete(tmp_path: Path, switch: str) -> None:
    one, other = standard(1, "demo-1", **HELD), standard(2, "demo-2", replaces="STD-001", switch=switch)
    found = way(tmp_path, *EDITIONS, one, other)
    task, last = found.tasks[-2:]
    assert (task.kind, task.owner, last.kind) == ("certify", "inspector", "switch")
    assert words.task_words(task, found, Words(), str) == "Audit by Brannock to Demo 2"
    said = words.task_words(last, found, Words(), str)
    assert said == "Switch, once the new certificate is there: Demo 2 counts and STD-001 becomes obsolete"
    review = next(t.by for t in found.tasks if t.kind == "review")
    assert review <= task.by <= switch
    days = [t.by for t in found.tasks]
    assert days == sorted(days)
    if switch == "2027-11-01":
        assert task.by == "2027-10-14", "after the review"
    moved_ = way(tmp_path / "held", *EDITIONS, one, {**other, **HELD})
    assert moved_.task(len(moved_.tasks)).kind == "certify"
    assert moved_.tasks[-1].state == "done"
    assert "once the new certificate" not in words.task_words(moved_.tasks[-2], moved_, Words(), str)
    without = way(tmp_path / "none", *EDITIONS, standard(1, "demo-1"), other)
    assert "certify" not in {t.kind for t in without.tasks}


def test_what_is_changed_runs_for_three_months_before_it_is_audited_where_that_fits(tmp_path: Path) -> None:
    def days(by: str) -> dict[str, str]:
        plan = {"clause": "demo-2/4.1", "what": "More.", "who": "inspector", "by": by}
        other = standard(2, "demo-2", replaces="STD-001", switch="2027-11-01", plans=[plan])
        found = way(tmp_path / by, *EDITIONS, standard(1, "demo-1", **HELD), other)
        return {task.kind: task.by for task in found.tasks}

    usual, late, too_late = days("2027-02-01"), days("2027-07-10"), days("2027-09-01")
    assert usual["audit"] == too_late["audit"] == "2027-08-30"
    assert late["audit"] == "2027-10-11", "the first working day after three months"
    assert late["audit"] < late["review"] < late["certify"] < late["switch"]


def test_what_comes_first_is_told_by_day(tmp_path: Path) -> None:
    plan = {"clause": "demo-2/4.1", "what": "Soon.", "who": "inspector", "by": "2026-11-20"}
    other = standard(2, "demo-2", replaces="STD-001", switch="2027-11-01", plans=[plan])
    found = way(tmp_path, *EDITIONS, standard(1, "demo-1", **HELD), other)
    first = words.first_tasks(found)
    assert first[0].kind == "plan"
    assert [task.by for task in first] == sorted(task.by for task in first)


def test_a_switch_too_late_is_said(tmp_path: Path) -> None:
    found = way(tmp_path, *EDITIONS, standard(1, "demo-1"), standard(2, "demo-2", switch="2029-10-01"))
    assert any("is too late" in text for text in words.warnings(found, Words()))


def test_after_the_switch_what_is_left_is_late(tmp_path: Path) -> None:
    found = way(
        tmp_path, *EDITIONS, standard(1, "demo-1"), standard(2, "demo-2", replaces="STD-001", switch="2026-11-02")
    )
    assert found.days.switched
    assert all(task.late for task in found.left())
    assert words.verdict(found, Words()) == "Demo 2 counts here since 2 November 2026."
    assert "tasks of the transition are still open" in words.summary(found, Words(), str)[0]


# --- what else is touched -----------------------------------------------------------------------------


def test_registers_of_shared_numbers_are_counted_with_what_has_no_action(tmp_path: Path) -> None:
    shared = ("4.2", "6.1", "9.2", "9.3", "10.2")
    opportunity = {
        "id": "OPP-001", "type": "opportunity", "title": "Night shift", "owner": "inspector", "situation": "Two lathes.",
        "benefit": "Hours.", "decision": "pursue", "processes": [], "reviewed": "2026-05-11", "review_every": "12 months",
    }  # fmt: skip
    rows = [
        row([k], [k], "subset" if k == "6.1" else "equal", "reworded" if k == "6.1" else "unchanged") for k in shared
    ]
    found = way(
        tmp_path,
        catalogue("demo-1", *shared),
        catalogue("demo-2", *shared),
        mapping(*rows),
        opportunity,
        sop(1, "demo-1/6.1"),
    )
    assert [(r.type, r.count, r.idle) for r in moved(found, "6.1").registers] == [("opportunity", 1, 1)]
    other = way(tmp_path / "other", catalogue("demo-1", "6.1"), catalogue("demo-2", "6.1"), mapping(row(["6.1"], ["6.1"], "subset", "reworded")), opportunity)  # fmt: skip
    assert moved(other, "6.1").registers == ()


@pytest.mark.parametrize(
    ("fields", "idle"),
    [
        ({"type": "risk", "status": "open", "treatment": "reduce"}, 1), ({"type": "risk", "treatment": "reduce"}, 1),
        ({"type": "risk", "status": "treated", "treatment": "reduce"}, 0), ({"type": "risk", "status": "accepted", "treatment": "reduce"}, 0),
        ({"type": "risk", "status": "open", "treatment": "accept"}, 0), ({"type": "opportunity", "decision": "study"}, 0),
        ({"type": "opportunity", "decision": "pursue"}, 1), ({"type": "opportunity", "decision": "study", "status": "pursued"}, 1),
        ({"type": "opportunity", "decision": "decline"}, 0),
    ],
)  # fmt: skip
def test_only_what_wants_an_action_is_said_to_have_none(tmp_path: Path, fields: dict[str, Any], idle: int) -> None:
    shared = ("4.2", "6.1", "9.2", "9.3", "10.2")
    rows = [row([k], [k], "subset", "reworded") for k in shared]
    item = {"id": "X-001", "title": "Night shift", "owner": "inspector", **fields}
    found = way(tmp_path, catalogue("demo-1", *shared), catalogue("demo-2", *shared), mapping(*rows), item)
    assert [(r.count, r.idle) for r in moved(found, "6.1").registers] == [(1, idle)]


def test_clauses_of_their_own_subject_name_no_general_register() -> None:
    found = transition(Graph(load(REPOSITORY, also=("iso14001-2026",))), "iso14001-2015", "iso14001-2026", TODAY)
    assert moved(found, "6.1.2").more
    assert moved(found, "6.1.2").registers == ()
    (split,) = [move for move in found.moves if "6.1.1" in [c.key for c in move.after]]
    assert {register.type for register in split.registers} == {"risk", "opportunity"}


def test_what_answers_over_another_standard_is_not_lost_where_the_demand_is_the_same(tmp_path: Path) -> None:
    other = {**mapping({"from": ["7"], "to": ["4.1"], "relation": "intersect"}, {"from": ["7"], "to": ["4.2"], "relation": "equal"}, {"from": ["7"], "to": ["4.3"], "relation": "equal"}, one="other-1", other="demo-1")}  # fmt: skip
    items = [
        catalogue("other-1", "7"), catalogue("demo-1", "4.1", "4.2", "4.3"), catalogue("demo-2", "4.1", "4.2", "4.3"), other,
        mapping(row(["4.1"], ["4.1"]), row(["4.2"], ["4.2"]), row(["4.3"], ["4.3"], "subset", "reworded")), sop(1, "other-1/7"),
    ]  # fmt: skip
    found = way(tmp_path, *items)
    assert [clause.state for clause in found.new.clauses] == ["gap", "gap", "gap"]
    assert [found.stand(clause).state for clause in found.new.clauses] == ["partly", "covered", "gap"]
    assert [move.outcome for move in found.moves] == ["behind", "carries", "open"]
    assert [str(reason) for reason in found.missing(moved(found, "4.1"))] == [
        "other-1/7, which is answered, overlaps with it only in part"
    ]
    assert found.ready == 1


def test_texts_that_name_the_old_edition_are_found_as_a_whole_word(tmp_path: Path) -> None:
    found = way(tmp_path, *EDITIONS, sop(2, purpose="As Demo 1 asks."), sop(3, purpose="As Demo 12 asks."))
    (task,) = [t for t in found.tasks if t.kind == "naming"]
    assert task.refs == ("SOP-002",)


def test_a_place_has_its_own_states(tmp_path: Path) -> None:
    places = [
        {"id": name, "type": "location", "title": name.title(), "kind": "plant", "activities": ["Milling"]}
        for name in ("east", "west")
    ]
    items = [
        catalogue("demo-1", "4.1"),
        catalogue("demo-2", "4.1"),
        mapping(row(["4.1"], ["4.1"])),
        sop(1, "demo-1/4.1", locations=["east"]),
        *places,
    ]
    assert way(tmp_path, *items, location="east").counts["carries"] == 1
    assert way(tmp_path, *items, location="west").counts["behind"] == 1
    with pytest.raises(NoTransition, match="does not apply at `north`"):
        way(tmp_path, *items, location="north")


def test_the_new_edition_applies_where_the_old_one_does_until_somebody_says_otherwise(tmp_path: Path) -> None:
    places = [
        {"id": name, "type": "location", "title": name.title(), "kind": "plant", "activities": ["Milling"]}
        for name in ("east", "west")
    ]
    here = standard(1, "demo-1", locations=["west"])
    items = [
        catalogue("demo-1", "4.1"),
        catalogue("demo-2", "4.1"),
        mapping(row(["4.1"], ["4.1"])),
        sop(1, "demo-1/4.1", locations=["west"]),
        *places,
    ]
    found = way(tmp_path, *items, here)
    assert (found.places, moved(found, "4.1").outcome) == (("west",), "carries")
    everywhere = way(tmp_path, *items, here, standard(2, "demo-2", replaces="STD-001"))
    assert (everywhere.places, moved(everywhere, "4.1").outcome) == ((), "behind")


def test_a_new_clause_is_helped_by_what_answers_its_number_in_another_standard(tmp_path: Path) -> None:
    shared = ("4.2", "6.1", "9.2", "9.3", "10.2")
    rows = [row([k], [k]) for k in shared]
    items = [
        catalogue("demo-1", *shared),
        catalogue("demo-2", *shared, "6.3", "8.1"),
        catalogue("other-1", "6.3", "8.1"),
        sop(1, "other-1/6.3"),
        sop(2, "other-1/8.1"),
    ]
    found = way(tmp_path, *items, mapping(*rows, row([], ["6.3"], "none", "new"), row([], ["8.1"], "none", "new")))
    helped = {task.clauses: task for task in found.tasks if task.kind == "answer"}
    assert helped["demo-2/6.3",].refs == ("SOP-001",)
    assert "SOP-001 may help" in words.task_more(helped["demo-2/6.3",], Words())
    assert helped["demo-2/8.1",].refs == ()
    said = " ".join(words.summary(found, Words(), str))
    assert "Nothing is there yet for 8.1." in said
    assert "For 6.3 build on what answers the same number of another standard: SOP-001." in said


def test_a_heading_that_stays_is_no_number_with_another_meaning(tmp_path: Path) -> None:
    found = way(
        tmp_path, catalogue("demo-1", "9.3"), catalogue("demo-2", clause("9.3", heading=True), "9.3.1", "9.3.2"),
        mapping(row(["9.3"], ["9.3.1", "9.3.2"], "equal", "split")),
    )  # fmt: skip
    assert [move.reused for move in found.moves] == [()]


def test_much_time_does_not_put_off_what_comes_first(tmp_path: Path) -> None:
    late = catalogue("demo-1", "4.1", transition={"until": "2033-09-30"})
    found = way(tmp_path, late, *EDITIONS[1:])
    assert found.days.until(found.days.switch) > 2000
    assert {task.by[:4] for task in found.tasks if task.phase == "prepare"} == {"2026"}


# --- finding the way ----------------------------------------------------------------------------------


def test_the_wrong_way_round_says_which_way_is_right(tmp_path: Path) -> None:
    with pytest.raises(NoTransition, match="Demo 2 is the newer of the two editions") as fault:
        way(tmp_path, *EDITIONS, old="demo-2", new="demo-1")
    assert "qmsctl transition demo-1 demo-2" in fault.value.help


def test_one_edition_twice_and_editions_without_a_mapping_name_the_ways_there_are(tmp_path: Path) -> None:
    for pair, text in (
        (("demo-1", "demo-1"), "was named twice"),
        (("demo-1", "demo-3"), "no clause mapping leads from Demo 1 to Demo 3"),
    ):
        with pytest.raises(NoTransition, match=text) as fault:
            way(tmp_path, *EDITIONS, catalogue("demo-3", "4.1"), old=pair[0], new=pair[1])
        assert "demo-1 demo-2" in fault.value.help
        assert "iso9001-2015 iso9001-2026" in fault.value.help
    with pytest.raises(UnknownStandard):
        way(tmp_path, old="demo-1", new="nothing-9")


def test_a_mapping_of_two_standards_is_no_transition(tmp_path: Path) -> None:
    with pytest.raises(NoTransition, match="maps two standards, not two editions of one") as fault:
        way(tmp_path, *EDITIONS[:2], mapping({"from": ["4.1"], "to": ["4.1"], "relation": "equal"}))
    assert "qmsctl coverage demo-2" in fault.value.help


def test_a_mapping_of_your_own_counts_before_a_shipped_one(tmp_path: Path) -> None:
    own = mapping(row(["6.3"], ["6.3"], "equal", "unchanged"), one="iso9001-2015", other="iso9001-2026", id="z-own")
    graph = Graph(load(write(tmp_path, own), also=("iso9001-2015", "iso9001-2026")))
    assert transition(graph, "iso9001-2015", "iso9001-2026", TODAY).mapping.id == "z-own"


# --- every clause once --------------------------------------------------------------------------------

KEYS = ["4.1", "4.2", "4.3", "5.1", "5.2"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "from": st.lists(st.sampled_from([*KEYS, "9.9"]), max_size=3, unique=True),
            "to": st.lists(st.sampled_from([*KEYS, "9.9"]), max_size=3, unique=True),
            "relation": st.sampled_from(["equal", "subset", "superset", "intersect", "none"]),
            "change": st.sampled_from(["new", "split", "merged", "moved", "reworded", "withdrawn", "unchanged"]),
        }
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS, answered=st.sets(st.sampled_from(KEYS)), out=st.sets(st.sampled_from(KEYS), max_size=2))
def test_every_clause_of_both_editions_stands_in_exactly_one_change(
    rows: list[dict[str, Any]], answered: set[str], out: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        items = [
            catalogue("demo-1", *KEYS), catalogue("demo-2", *KEYS), mapping(*rows),
            standard(1, "demo-1", exclusions=[{"clause": f"demo-1/{key}", "reason": "No."} for key in sorted(out)]),
            standard(2, "demo-2", replaces="STD-001", switch="2027-11-01"),
            *([sop(1, *(f"demo-1/{key}" for key in sorted(answered)))] if answered else []),
        ]  # fmt: skip
        found = way(Path(folder), *items)
        again = way(Path(folder))
    for edition, side in (("before", found.old), ("after", found.new)):
        seen = [c.key for move in found.moves for c in getattr(move, edition)]
        assert sorted(seen) == sorted(c.key for c in side.clauses)
    named = {side: {key for r in rows for key in r[side]} for side in ("from", "to")}
    for move in found.moves:
        assert move.change in CHANGES
        assert move.outcome in OUTCOMES
        assert move.before or move.after
        unmapped = [c.key for c in move.before if c.key not in named["from"]] + [
            c.key for c in move.after if c.key not in named["to"]
        ]
        assert (move.change == "unmapped") == bool(unmapped)
        # What is left to do has a task, and only what is left to do.
        if move.work:
            assert any(found.task(number).state != "done" for number in move.tasks)
    assert found.total == len(KEYS)
    assert found.tasks == again.tasks
    assert all(task.owner for task in found.tasks)


@pytest.mark.parametrize(
    "broken",
    [
        mapping(row([], ["4.1"]), {"from": 4, "to": "4.1", "relation": 3, "change": "new"}, rows_=1),
        mapping(row(["4.1"], ["4.1"]), confidence=7, source=["x"]),
        standard(
            2,
            "demo-2",
            replaces="STD-001",
            switch="soon",
            owner=["inspector"],
            plans=[{"clause": 4, "by": "never", "done": 3}, "x"],
        ),
        standard(1, "demo-1", certificate="none", exclusions={"clause": "demo-1/4.1"}),
        standard(
            2,
            "demo-2",
            replaces="STD-001",
            switch="2027-11-01",
            plans=[{"clause": "demo-2/4.1", "what": 3, "by": "never"}],
        ),
        standard(
            2,
            "demo-2",
            replaces="STD-001",
            switch="9999-12-31",
            plans=[{"clause": "demo-2/4.1", "what": 3, "by": "9999-12-30"}],
        ),
        standard(
            2,
            "demo-2",
            replaces="STD-001",
            switch="0001-01-01",
            certificate=4,
            plans=[{"clause": "demo-2/4.1", "by": "0001-01-01"}],
        ),
        standard(1, "demo-1", certificate={"number": 4711, "until": 3, "body": ["x"]}),
        {"id": "X-1", "type": "risk", "title": "R", "status": ["open"], "treatment": {}, "decision": 3},
        catalogue("demo-1", "4.1", {"key": 5, "topic": 6}, transition="2027", confidence="rumour"),
        sop(1, "demo-1/4.1", "demo-1/9.9", owner="nobody", locations="east"),
    ],
)
def test_what_is_written_wrongly_is_left_to_the_checks(tmp_path: Path, broken: dict[str, Any]) -> None:
    root = write(tmp_path, *EDITIONS, standard(1, "demo-1"), standard(2, "demo-2", replaces="STD-001"), broken)
    for form in ("text", "markdown", "json", "csv"):
        assert run(root, "transition", "demo-1", "demo-2", "--format", form).exit_code == 0
    assert "Demo 2" in page_of(root)


# --- what is shipped, and the reference ---------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> Transition:
    return transition(Graph(load(REPOSITORY, also=("iso9001-2026",))), "iso9001-2015", "iso9001-2026", TODAY)


@pytest.mark.parametrize(("one", "other"), [("iso9001-2015", "iso9001-2026"), ("iso14001-2015", "iso14001-2026")])
def test_the_shipped_mappings_of_editions_leave_no_clause_out(one: str, other: str) -> None:
    found = transition(Graph(load(REPOSITORY, also=(one, other))), one, other, TODAY)
    assert found.of("unmapped") == ()
    assert found.unknown == ()
    for edition, side in (("before", found.old), ("after", found.new)):
        seen = [c.key for move in found.moves for c in getattr(move, edition)]
        assert sorted(seen) == sorted(c.key for c in side.clauses if not c.heading)
    assert all(move.note for move in found.moves if move.change != "unchanged")


def test_the_reference_knows_who_does_what_for_each_thing_that_is_added(reference: Transition) -> None:
    added = {move.key for move in reference.moves if move.more}
    assert added == {"5.1.1", "5.2.1", "6.1.2", "6.3", "7.3", "9.3.2"}
    for key in added:
        tasks = [reference.task(number) for number in moved(reference, key).tasks]
        assert tasks, key
        assert all(task.owner and task.by for task in tasks), key
    touched = {one.item for one in moved(reference, "6.3").touched}
    assert {"SOP-004", "PRC-002"} <= touched
    registers = {register.type for register in moved(reference, "6.1.2").registers}
    assert registers == {"risk", "opportunity"}
    assert (moved(reference, "10.1").change, moved(reference, "10.1").outcome) == ("merged", "carries")
    assert reference.confidence == "secondary sources"
    assert "secondary sources" in words.rests_on(reference, Words())


# --- the command --------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    held = standard(1, "demo-1", certificate={"number": "4711", "body": "Brannock", "until": "2028-05-14"})
    return write(
        tmp_path / "small", catalogue("demo-1", "4.1", "4.2", transition={"until": "2029-09-30"}), catalogue("demo-2", "4.1", "4.2"), held,
        standard(2, "demo-2", replaces="STD-001", switch="2027-11-01", plans=[{"clause": "demo-2/4.1", "what": "Take <b>pictures</b> & | more.", "who": "inspector", "by": "2027-02-01"}]),
        mapping(row(["4.1"], ["4.1"], "subset", "reworded", "Photographs <script>alert(1)</script>."), row(["4.2"], ["4.2"])),
        sop(1, "demo-1/4.1", "demo-1/4.2"),
    )  # fmt: skip


def test_the_report_says_the_deadline_the_state_and_the_tasks(small: Path) -> None:
    result = run(small, "transition", "STD-001", "STD-002")
    assert result.exit_code == 0, result.output
    for text in (
        "From Demo 1 to Demo 2", "Demo 2 takes the place of Demo 1 here on 1 November 2027, in 350 days", "Do first",
        "Where Demo 2 asks for more", "Touches: SOP-001 Work 1", "2027-02-01", "Unchanged, and nothing to do", "What this rests on",
    ):  # fmt: skip
        assert text in re.sub(r"\s+", " ", result.output), text
    tasks = run(small, "transition", "demo-1", "demo-2", "--tasks")
    assert "Where Demo 2 asks for more" not in tasks.output
    assert "4.1: Take <b>pictures</b>" in re.sub(r"\s+", " ", tasks.output)


def test_nothing_of_a_user_means_something_in_markdown(small: Path) -> None:
    said = run(small, "transition", "demo-1", "demo-2", "--format", "markdown").output
    assert "<script>" not in said
    assert "<b>" not in said
    assert "&lt;b&gt;pictures" in said
    assert "&amp; \\| more" in said


def test_csv_json_and_a_workbook_hold_the_same(small: Path, tmp_path: Path) -> None:
    data = json.loads(run(small, "transition", "demo-1", "demo-2", "--format", "json").output)
    assert (data["old"], data["new"], data["standards"], data["switch"]) == (
        "demo-1",
        "demo-2",
        ["STD-001", "STD-002"],
        "2027-11-01",
    )
    assert data["outcomes"] == {
        "open": 0,
        "behind": 0,
        "restate": 0,
        "planned": 1,
        "done": 0,
        "carries": 1,
        "excluded": 0,
    }
    lines = run(small, "transition", "demo-1", "demo-2", "--format", "csv").output.splitlines()
    assert lines[0].startswith("old,old_topic,old_state,change,new")
    assert len(lines) == 1 + len(data["moves"])
    tasks = run(small, "transition", "demo-1", "demo-2", "--format", "csv", "--tasks").output.splitlines()
    assert len(tasks) == 1 + len(data["tasks"])
    file = tmp_path / "way.xlsx"
    assert run(small, "transition", "demo-1", "demo-2", "--format", "xlsx", "--out", str(file)).exit_code == 0
    first = file.read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(first))
    assert book.sheetnames == ["In short", "Tasks", "Clauses"]
    assert book["Tasks"].max_row == 1 + len(data["tasks"])
    run(small, "transition", "demo-1", "demo-2", "--format", "xlsx", "--out", str(file))
    assert file.read_bytes() == first
    assert "name it: --out" in run(small, "transition", "demo-1", "demo-2", "--format", "xlsx").output


def test_what_cannot_be_said_exits_with_2_and_a_way_out(small: Path) -> None:
    for arguments, text in (
        (("demo-2", "demo-1"), "the older one comes first: qmsctl transition demo-1 demo-2"),
        (("demo-1", "demo-1"), "was named twice"),
        (("demo-1", "iso9001-2026"), "no clause mapping leads from Demo 1 to ISO 9001:2026"),
        (("demo-1", "demo-9"), "demo-9 is neither a catalogue nor an item of type standard"),
        (("demo-1", "demo-2", "--location", "north"), "does not apply at `north`"),
    ):
        result = run(small, "transition", *arguments)
        assert (result.exit_code, text in result.output) == (2, True), result.output


def test_a_shipped_edition_that_is_not_in_scope_is_read_for_the_report(tmp_path: Path) -> None:
    write(tmp_path, sop(1, "iso9001-2015/6.3"))
    (tmp_path / "qms.yaml").write_text(
        "organisation: Small\nas_of: 2026-11-16\nstandards: [iso9001-2015]\n", encoding="utf-8"
    )
    data = json.loads(run(tmp_path, "transition", "iso9001-2015", "iso9001-2026", "--format", "json").output)
    assert [
        m["touched"][0]["at"] for m in data["moves"] if m["new"][:1] and m["new"][0]["clause"] == "iso9001-2026/6.3"
    ] == ["SOP-001"]


# --- the page -----------------------------------------------------------------------------------------


def page_of(root: Path, language: str = "en", today: str = TODAY) -> str:
    loaded = load(root)
    view = View(loaded, checks.run(loaded, today, only=("id-duplicate",)), today, words=words_of(language, root))
    ((path, template, values),) = pages.pages(view)
    assert path == "compliance/STD-002-transition.md"
    page = view.prefix + path.removesuffix(".md")
    return str(all_pages.environment_of(view).get_template(template).render(page=page, **values))


def test_the_page_shows_both_editions_and_escapes_what_it_shows(small: Path) -> None:
    said = page_of(small)
    assert "<script>" not in said
    assert "&lt;script&gt;alert(1)" in said
    assert "Take &lt;b&gt;pictures&lt;/b&gt; &amp; | more." in said
    assert said.count('class="qms-clause qms-move ') == 2
    assert 'href="../compliance/STD-001.html#c-4-1"' in said
    assert 'href="../compliance/STD-002.html#c-4-1"' in said
    assert "1 November 2027" in said
    for line in said.split("\n"):
        if line.startswith("<"):
            assert line.count("<div") == line.count("</div") or "qms-clause" in line, line[:80]


def test_no_anchor_of_the_page_is_given_twice(tmp_path: Path) -> None:
    root = write(
        tmp_path, catalogue("demo-1", "4.1", "4.2"), catalogue("demo-2", "4.1", "4.2"), standard(1, "demo-1"), standard(2, "demo-2", replaces="STD-001"),
        mapping(row(["4.1"], ["4.1"]), row(["4.2"], [], "none", "withdrawn"), row([], ["4.2"], "none", "new")), sop(1, "demo-1/4.2"),
    )  # fmt: skip
    ids = re.findall(r'(?: id="|\{#)([^"}]+)', page_of(root))
    assert {"m-4-2", "ended-4-2", "chapter-4"} <= {*ids}
    assert len(ids) == len({*ids})


def test_every_outcome_that_is_counted_finds_a_change(tmp_path: Path) -> None:
    root = write(
        tmp_path, catalogue("demo-1", "6.1"), catalogue("demo-2", "6.1", "6.2"), mapping(row(["6.1"], ["6.1", "6.2"], "subset", "split")),
        sop(1, "demo-1/6.1"), sop(2, "demo-2/6.1"), standard(1, "demo-1"), standard(2, "demo-2", replaces="STD-001"),
    )  # fmt: skip
    said = page_of(root)
    offered = re.findall(r'<input type="checkbox" value="([a-z]+)">', said)
    assert offered == ["more", "done", "open"]
    (classes,) = re.findall(r'<details class="(qms-clause qms-move [^"]*)"', said)
    assert {f"qms-clause-{name}" for name in offered} <= {*classes.split()}


def test_the_page_says_when_the_switch_is_over(small: Path) -> None:
    assert "The switch is over." not in page_of(small)
    assert "The switch is over." in page_of(small, today="2027-11-01")


def test_the_page_speaks_the_language_of_the_reader_and_marks_what_is_english(small: Path) -> None:
    said = page_of(small, "de")
    assert "Beide Ausgaben nebeneinander" in said
    assert "1. November 2027" in said
    assert 'lang="en">Photographs' in said
    assert "Do first" not in said


def test_there_is_a_page_only_where_one_edition_replaces_another(tmp_path: Path) -> None:
    for items in (
        (standard(1, "demo-1"), standard(2, "demo-2")),
        (standard(1, "demo-1"), standard(3, "demo-3", replaces="STD-001")),
    ):
        root = write(tmp_path / items[-1]["id"], *EDITIONS, catalogue("demo-3", "4.1"), *items)
        loaded = load(root)
        assert [*pages.pages(View(loaded, checks.run(loaded, TODAY, only=("id-duplicate",)), TODAY))] == []
