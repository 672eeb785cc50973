"""The register of obligations: what it says of each, when the checks speak, and what the reference system shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qmsctl import checks, pages
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.model import Finding
from qmsctl.pages import registers
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of
from tests.conftest import REPOSITORY, TODAY

System = Callable[..., Path]
CHECKS = (
    "obligation-state-contradicted",
    "obligation-unanswered",
    "obligation-unevaluated",
    "obligation-unmet-without-action",
)
KEPT = "applies: wholly\nevaluate_every: 12 months\nevaluated: 2026-03-02\nresult: met\nanswered_by: [boss]\n"
ACTION = "actions:\n  - {key: shield, what: Put up a shield., who: boss, by: 2027-02-26%s}\n"


def write(system: System, text: str) -> Path:
    boss = "id: boss\ntype: role\ntitle: Boss\n"
    obligation = f"id: OBL-001\ntype: obligation\ntitle: Noise limits\nowner: boss\n{text}"
    return system({"roles/boss.yaml": boss, "obligations/OBL-001-noise-limits.yaml": obligation})


def found(root: Path, *only: str, today: str = TODAY) -> list[Finding]:
    report = checks.run(load(root), today, only=only or CHECKS)
    assert [f.message for f in report.findings if f.check == "check-crashed"] == []
    return list(report.findings)


def page_of(root: Path, language: str = "en") -> str:
    """Return the words on the page of the obligation, without markup."""
    loaded = load(root)
    view = View(loaded, checks.Report(()), TODAY, words=words_of(language, root))
    item = view.graph.items["OBL-001"]
    values = {"item": item, "kind": view.types["obligation"], "title": item.title, "page": "obligations/OBL-001"}
    text = pages.environment_of(view).get_template("obligation.md.j2").render(v=view, t=view.t, **values)
    return " ".join(re.sub(r"<[^>]*>|\{#[\w-]+\}", " ", text).split())


# --- checks -------------------------------------------------------------------------------------------


def test_an_obligation_that_is_kept_is_silent(system: System) -> None:
    assert found(write(system, KEPT)) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("applies: wholly\n", ["obligation-unanswered", "obligation-unevaluated"]),
        ("applies: in part\n", ["obligation-unanswered", "obligation-unevaluated"]),
        ("applies: not at all\n", ["obligation-unevaluated"]),
        ("applies: not at all\nevaluated: 2026-03-02\n", []),
        ("status: coming\nfrom: 2027-07-01\napplies: wholly\n", []),
        ("status: ended\napplies: wholly\n", []),
        (KEPT.replace("result: met\n", ""), ["obligation-unevaluated"]),
        (KEPT.replace("evaluated: 2026-03-02\n", ""), ["obligation-unevaluated"]),
        (KEPT.replace(": met", ": partly met"), ["obligation-unmet-without-action"]),
        (KEPT.replace(": met", ": not met"), ["obligation-unmet-without-action"]),
        (KEPT.replace(": met", ": not met") + ACTION % "", []),
        (KEPT.replace(": met", ": not met") + ACTION % ", done: 2026-09-01", ["obligation-unmet-without-action"]),
        (KEPT + ACTION % ", done: 2026-09-01", []),
        (KEPT.replace("2026-03-02", "2099-03-02"), ["obligation-unevaluated"]),
    ],
)
def test_what_is_missing_is_told(system: System, text: str, told: list[str]) -> None:
    assert sorted(f.check for f in found(write(system, text))) == told


@pytest.mark.parametrize(
    ("more", "messages"),
    [
        ("", []),
        ("sample_every: 36 months\n", []),
        ("sample_every: 3 years\n", []),
        ("sample_every: 37 months\n", ["only every 37 months"]),
        ("sample_every: 99999 years\n", ["only every 99999 years"]),
    ],
)
def test_a_record_is_looked_up_often_enough(system: System, more: str, messages: list[str]) -> None:
    clauses = '{key: "8", topic: Reports, documented: record}'
    root = system({
        "catalogues/demo.yaml": f"id: demo\ntype: catalogue\ntitle: Demo\nclauses:\n  - {clauses}\n",
        "standards/STD-001-demo.yaml": "id: STD-001\ntype: standard\ntitle: Demo\ncatalogue: demo\n",
        "record-kinds/REC-001-reports.yaml": "id: REC-001\ntype: record-kind\ntitle: Reports\nclauses: [demo/8]\n"
        f"samples:\n  - {{date: {TODAY}, reference: R-1, result: seen}}\n{more}",
    })  # fmt: skip
    told = [f.message for f in found(root, "record-unseen")]
    assert len(told) == len(messages)
    assert all(text in message for message, text in zip(told, messages, strict=True))
    file = root / "record-kinds/REC-001-reports.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("result: seen", "result: not found"), encoding="utf-8")
    assert any("no record of this kind was seen yet" in f.message for f in found(root, "record-unseen"))


@pytest.mark.parametrize(
    ("text", "today", "count"),
    [
        ("status: coming\nfrom: 2027-07-01\n", "2027-06-30", 0),
        ("status: coming\nfrom: 2027-07-01\n", "2027-07-01", 1),
        ("status: coming\n", "2027-07-01", 0),
        ("from: 2027-07-01\n", "2027-06-30", 1),
        ("from: 2027-07-01\n", "2027-07-01", 0),
        ("status: ended\nuntil: 2026-12-31\n", "2026-12-31", 1),
        ("status: ended\nuntil: 2026-12-31\n", "2027-01-01", 0),
        ("until: 2026-12-31\n", "2027-06-01", 0),
    ],
)
def test_the_state_follows_the_days(system: System, text: str, today: str, count: int) -> None:
    assert len(found(write(system, text), "obligation-state-contradicted", today=today)) == count


def test_the_next_check_and_the_end_fall_due(system: System) -> None:
    root = write(system, KEPT + "until: 2027-01-31\n" + ACTION % "")
    assert [(due.what, due.on, due.who) for due in Graph(load(root)).dues()] == [
        ("renewal or end", "2027-01-31", "boss"),
        ("action: Put up a shield.", "2027-02-26", "boss"),
        ("check of compliance", "2027-03-02", "boss"),
    ]
    late = [f.message for f in found(root, "overdue", today="2027-03-03")]
    assert "check of compliance was due on 2027-03-02 (boss)" in late
    ended = write(system, KEPT + "status: ended\n" + ACTION % "")
    assert Graph(load(ended)).dues() == []


# --- the page -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (KEPT, "● We keep it"),
        (KEPT.replace(": met", ": partly met"), "▲ We keep it in part"),
        (KEPT.replace(": met", ": not met"), "■ We do not keep it"),
        ("applies: wholly\n", "○ Nobody has looked yet"),
        ("applies: not at all\nresult: met\n", "– Does not apply to us"),
        ("status: coming\nresult: met\n", "▲ Not binding yet"),
        ("status: ended\nresult: met\n", "– No longer binding"),
    ],
)
def test_the_page_leads_with_the_answer(system: System, text: str, said: str) -> None:
    text = page_of(write(system, text))
    assert text.index("Do we comply? " + said) < text.index("What it demands")


def test_the_page_says_when_it_was_looked_at_by_whom_and_what_is_open(system: System) -> None:
    actions = ACTION % "" + "  - {key: measure, what: Measure again., who: boss, by: 2027-03-31, done: 2026-09-01}\n"
    text = page_of(write(system, KEPT + "evaluated_by: boss\n" + actions))
    assert "1 action is open" in text
    assert "Last looked at 2 March 2026 Evaluated by Boss Next check 2 March 2027" in text
    german = page_of(write(system, KEPT.replace(": met", ": partly met")), "de")
    assert "Halten wir sie ein? ▲ Wir halten sie teilweise ein" in german
    assert "Nächste Prüfung 2. März 2027" in german


def test_what_is_written_is_escaped(system: System) -> None:
    loaded = load(write(system, 'demands: "<script>alert(1)</script>"\nissued_by: "<b>x</b>"\napplies: "<i>y</i>"\n'))
    view = View(loaded, checks.Report(()), TODAY)
    item = view.graph.items["OBL-001"]
    values = {"item": item, "kind": view.types["obligation"], "title": "T", "page": "obligations/OBL-001"}
    text = pages.environment_of(view).get_template("obligation.md.j2").render(v=view, t=view.t, **values)
    assert not re.search(r"<script>|<b>x|<i>y", text, re.IGNORECASE)


# --- the reference system -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> View:
    return View(load(REPOSITORY), checks.Report(()), TODAY)


def test_the_register_shows_what_is_asked_first(reference: View) -> None:
    table = registers.of_type(reference, "obligation")
    shown = [column.key for column in table.columns if column.shown]
    assert {"kind", "applies", "result", "evaluated", "owner", "status", "next_review"} <= set(shown)
    counted = {column.key for column in table.columns if column.counted}
    assert {"kind", "applies", "result", "owner", "status"} <= counted


def test_the_reference_register_is_believable(reference: View) -> None:
    items = reference.of_type("obligation")
    assert len(items) >= 14
    count: Counter[Any] = Counter(item.get("kind") for item in items)
    assert {"law", "permit", "customer", "agreement"} <= set(count)
    assert [i.id for i in items if i.get("result") == "partly met"] == ["OBL-005"]
    assert [i.id for i in items if i.get("applies") == "not at all"] == ["OBL-014"]
    coming = [i for i in items if i.get("status") == "coming"]
    assert [str(i.get("from"))[:4] for i in coming] == ["2027"]
    assert {place for i in items for place in i.get("locations") or []} == {"westry"}
    for item in items:
        assert len(str(item.get("demands")).split()) > 12, item.id
        assert len(str(item.get("applies_because")).split()) > 8, item.id
        assert item.get("watched"), item.id
        assert item.get("processes"), item.id


def test_the_reference_register_has_no_finding() -> None:
    loaded = load(REPOSITORY)
    told = [f for f in checks.run(loaded, TODAY).findings if f.item.startswith("OBL-")]
    assert [f"{f.position} {f.message}" for f in told] == []
