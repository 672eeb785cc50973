"""Checks on standards, claims and mappings, at the edges: when they speak, and above all when they keep silent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qmsctl import checks
from qmsctl.coverage import Coverage, coverage_of
from qmsctl.coverage.baseline import BaselineFault, fallen, snapshot
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.model import Finding
from tests.conftest import REPOSITORY, TODAY

System = Callable[..., Path]
CATALOGUE = """id: demo-1
type: catalogue
title: Demo, issue 1
issuer: Demo
edition: "1"
complete: true
clauses:
  - {key: "4", topic: Context, heading: true}
  - {key: "4.1", topic: Situation, cannot_be_excluded: true}
  - {key: "4.2", topic: Interested parties}
  - {key: "8", topic: Operation, heading: true}
  - {key: "8.1", topic: Planning}
  - {key: "8.2", topic: Reports, documented: record}
"""
COMPLIANCE = (
    "catalogue-base-missing", "catalogue-text-not-public", "claim-not-in-force", "claim-section-missing",
    "clause-heading-claimed", "clause-of-other-standard", "clause-on-one-unreviewed", "clause-partly-covered",
    "clause-uncovered", "clause-unknown", "clause-without-record", "edition-ended", "edition-ending",
    "exclusion-not-allowed", "exclusion-without-reason", "mapping-conflict", "mapping-row-unknown-clause",
    "record-unseen", "audit-finding-without-action",
)  # fmt: skip


def found(root: Path, *only: str, today: str = TODAY) -> list[Finding]:
    report = checks.run(load(root), today, only=only)
    assert [f.message for f in report.findings if f.check == "check-crashed"] == []
    return list(report.findings)


def said(root: Path, *only: str, today: str = TODAY) -> list[tuple[str, str]]:
    """Return (message, help) of what some checks find."""
    return [(f.message, f.help) for f in found(root, *only, today=today)]


def policy(number: int, more: str = "", body: str = "") -> str:
    dates = 'revision: "1.0"\neffective: 2026-01-05\nowner: boss\nreview_every: 24 months\n'
    return f"---\nid: POL-00{number}\ntype: policy\ntitle: Policy {number}\n{dates}{more}---\n{body}"


def standard(more: str = "", number: int = 1, catalogue: str = "demo-1") -> str:
    return f"id: STD-00{number}\ntype: standard\ntitle: Demo\ncatalogue: {catalogue}\n{more}"


def demo(system: System, **files: str) -> Path:
    """Write a system with the demo catalogue; names of files have __ for / and end in their suffix."""
    named = {name.replace("__", "/").replace("_yaml", ".yaml").replace("_md", ".md"): t for name, t in files.items()}
    boss = {"roles/boss.yaml": "id: boss\ntype: role\ntitle: Boss\n"}
    return system({"catalogues/demo-1.yaml": CATALOGUE, **boss, **named})


# --- clauses that do not exist ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "message", "tip"),
    [
        ("demo-1/4.9", "Demo, issue 1 has no clause `4.9`", "did you mean `demo-1/4.2` (Interested parties)? below 4: 4.1, 4.2"),
        ("demo-1/11.4", "Demo, issue 1 has no clause `11.4`", "correct the number"),
        ("demo-2/4.1", "there is no catalogue `demo-2`", "did you mean `demo-1/4.1` (Situation)?"),
        ("demo-2/4.7", "there is no catalogue `demo-2`", "did you mean demo-1? did you mean `demo-1/4.2`"),
        ("iso14001-2015/6.1.3", "the catalogue iso14001-2015 is not in use here", "standards: [iso14001-2015]"),
        ("iso14001-2016/6.1.3", "there is no catalogue `iso14001-2016`", "did you mean iso14001-2015? It comes with qmsctl"),
        ("8.1", "`8.1` names no clause of an edition", "write it with its edition: `demo-1/8.1` (Planning)"),
        ("quality", "`quality` names no clause of an edition", "write edition and number, such as `demo-1/4`"),
    ],
)  # fmt: skip
def test_a_clause_that_does_not_exist_is_told_with_the_nearest(
    system: System, written: str, message: str, tip: str
) -> None:
    root = demo(system, policies__POL_md=policy(1, f'clauses: ["{written}"]\n'))
    ((told, help_),) = said(root, "clause-unknown", "link-target-missing")
    assert told == message
    assert tip in help_


def test_a_clause_missing_from_a_list_that_is_not_complete_may_exist(system: System) -> None:
    incomplete = CATALOGUE.replace("complete: true", "complete: false")
    files = {"catalogues/demo-1.yaml": incomplete, "policies/POL.md": policy(1, 'clauses: ["demo-1/8.4"]\n')}
    ((_, tip),) = said(system(files), "clause-unknown")
    assert tip.endswith("the catalogue is not complete, so check your copy")


def test_unknown_clauses_are_told_wherever_one_is_named(system: System) -> None:
    rows = "exclusions:\n  - {clause: demo-1/9.1, reason: No}\nplans:\n  - {clause: demo-1/9.2, what: x, who: a, by: 2027-01-01}\n"
    kpi = "id: KPI-001\ntype: kpi\ntitle: K\nclaims:\n  - {clause: demo-1/9.3, how: measures}\n"
    root = demo(system, standards__STD_yaml=standard(rows), kpis__KPI_yaml=kpi)
    assert [f.position.line for f in found(root, "clause-unknown")] == [5, 6, 8]


@pytest.mark.parametrize(
    ("catalogue", "message", "tip"),
    [
        ("demo-2", "there is no catalogue `demo-2`", "did you mean `demo-1` (Demo, issue 1)?"),
        ("iso14001-2015", "the catalogue iso14001-2015 is not in use here", "add it in qms.yaml: standards: [iso14001-2015]"),
        ("demo-1/4.7", "`demo-1/4.7` names a clause; a whole catalogue is meant here", "write demo-1"),
        ("quality", "there is no catalogue `quality`", "in use are: demo-1; or write it as one file in catalogues/"),
    ],
)  # fmt: skip
def test_a_standard_of_an_unknown_edition_is_told(system: System, catalogue: str, message: str, tip: str) -> None:
    root = demo(system, standards__STD_yaml=standard(catalogue=catalogue))
    assert said(root, "clause-unknown", "link-target-missing", "link-target-type") == [(message, tip)]


def test_a_misspelt_catalogue_in_the_configuration_is_told_with_one_that_is_shipped(system: System) -> None:
    root = demo(system)
    (root / "qms.yaml").write_text("organisation: E\nstandards: [iso14001-2016]\n", encoding="utf-8")
    (told,) = said(root, "name-unknown-in-configuration")
    assert told[1].startswith("did you mean `iso14001-20")


# --- claims -------------------------------------------------------------------------------------------


def test_a_heading_is_no_clause_to_claim_by_whatever_way(system: System) -> None:
    kind = "id: REC-001\ntype: record-kind\ntitle: R\nclauses: [demo-1/8]\n"
    root = demo(
        system,
        record_kinds__REC_yaml=kind,
        policies__POL_md=policy(1, "claims:\n  - {clause: demo-1/8, how: implements}\n"),
        standards__STD_yaml=standard("exclusions:\n  - {clause: demo-1/8, reason: We make nothing.}\n"),
    )
    root.joinpath("record-kinds").mkdir(exist_ok=True)
    (root / "record_kinds").rename(root / "record-kinds-old")
    (root / "record-kinds" / "REC.yaml").write_text(kind, encoding="utf-8")
    told = said(root, "clause-heading-claimed")
    assert told == [("demo-1/8 is a heading", "name the clauses below 8: 8.1, 8.2")] * 2


@pytest.mark.parametrize("section", ["draw-sample", "Draw the sample", "limits", "Limits", "the-limits"])
def test_a_section_may_be_named_by_key_or_by_heading(system: System, section: str) -> None:
    text = "\n## Limits {#the-limits}\n\nNone.\n\n## Steps\n\n### Draw the sample {#draw-sample}\nWho: a\n\nDo.\n"
    claims = f'claims:\n  - {{clause: demo-1/4.1, how: implements, section: "{section}"}}\n'
    sop = policy(1, claims, text).replace("POL-001", "SOP-001").replace("type: policy", "type: sop")
    assert said(demo(system, sops__SOP_md=sop), "claim-section-missing") == []


def test_a_claim_of_a_draft_is_silent_where_something_in_force_answers(system: System) -> None:
    draft = policy(2, "status: draft\nclauses: [demo-1/4.1]\n")
    alone = demo(system, policies__POL_2_md=draft)
    assert [f.item for f in found(alone, "claim-not-in-force")] == ["POL-002"]
    both = demo(system, policies__POL_2_md=draft, policies__POL_1_md=policy(1, "clauses: [demo-1/4.1]\n"))
    assert found(both, "claim-not-in-force") == []


def test_what_is_obsolete_is_sent_to_its_successor(system: System) -> None:
    old = policy(1, "status: obsolete\nsuperseded_by: POL-002\nclauses: [demo-1/4.1]\n")
    root = demo(system, policies__POL_1_md=old, policies__POL_2_md=policy(2))
    assert said(root, "claim-not-in-force") == [
        ("POL-001 is obsolete, and nothing else in force answers demo-1/4.1", "name demo-1/4.1 in POL-002")
    ]


def test_two_documents_carry_a_clause_even_if_one_is_not_reviewed(system: System) -> None:
    old = policy(1, "clauses: [demo-1/4.1]\n").replace("2026-01-05", "2023-01-05")
    alone = demo(system, standards__STD_yaml=standard(), policies__POL_1_md=old)
    assert said(alone, "clause-on-one-unreviewed") == [
        (
            "demo-1/4.1 rests on POL-001 alone, whose review was due on 2025-01-05",
            "review it, or let a second document answer the clause as well",
        )
    ]
    assert found(alone, "clause-on-one-unreviewed", today="2025-01-05") == []
    both = demo(system, policies__POL_2_md=policy(2, "clauses: [demo-1/4.1]\n"))
    assert found(both, "clause-on-one-unreviewed") == []


# --- standards ----------------------------------------------------------------------------------------


def test_a_gap_says_why_it_is_one(system: System) -> None:
    soon = policy(1, "clauses: [demo-1/4.1]\n").replace("2026-01-05", "2026-12-01")
    root = demo(system, standards__STD_yaml=standard(), policies__POL_md=soon)
    told = [message for message, _ in said(root, "clause-uncovered")]
    assert told == [
        "clause 4.1, situation: nothing in force answers it; POL-001 takes effect on 2026-12-01",
        "clause 4.2, interested parties: nothing in force answers it",
        "clause 8.1, planning: nothing in force answers it",
        "clause 8.2, reports: nothing in force answers it",
    ]


def test_what_is_planned_or_left_out_is_no_gap(system: System) -> None:
    rows = (
        "exclusions:\n  - {clause: demo-1/8, reason: We make nothing.}\n"
        "plans:\n  - {clause: demo-1/4.1, what: Write it., who: boss, by: 2027-01-15}\n"
        "  - {clause: demo-1/4.2, what: Write it., who: boss, by: 2026-10-01}\n"
    )
    root = demo(system, standards__STD_yaml=standard(rows))
    assert found(root, "clause-uncovered", "exclusion-not-allowed") == []
    late = found(root, "overdue")
    assert [(f.item, f.position.line) for f in late] == [("STD-001", 9)]
    assert "clause to be answered: Write it. was due on 2026-10-01 (boss)" in late[0].message


def test_an_edition_is_judged_from_the_day_it_takes_the_place_of_the_older_one(system: System) -> None:
    root = demo(system, standards__STD_yaml=standard("switch: 2026-11-17\n"))
    assert found(root, "clause-uncovered", today="2026-11-16") == []
    assert len(found(root, "clause-uncovered", today="2026-11-17")) == 4


def test_the_kind_of_record_is_asked_for_first_and_then_a_record(system: System) -> None:
    claim = policy(1, "clauses: [demo-1/8.2]\n")
    root = demo(system, standards__STD_yaml=standard(), policies__POL_md=claim)
    ((message, tip),) = said(root, "clause-without-record")
    assert message == "clause 8.2, reports: it demands records, and no kind of record is named for it"
    assert tip == "name demo-1/8.2 in `clauses` of the record kind that proves it"
    kind = "id: REC-001\ntype: record-kind\ntitle: R\nclauses: [demo-1/8.2]\n"
    (root / "record-kinds").mkdir()
    (root / "record-kinds" / "REC.yaml").write_text(kind, encoding="utf-8")
    assert found(root, "clause-without-record") == []
    ((message, tip),) = said(root, "record-unseen")
    assert message == "no record of this kind was seen yet, and it has to prove demo-1/8.2"
    assert tip == "look a recent one up and add it to `samples`, with its day and its number"
    seen = kind + "samples:\n  - {date: 2026-05-04, reference: R-7}\n"
    (root / "record-kinds" / "REC.yaml").write_text(seen, encoding="utf-8")
    assert found(root, "clause-without-record", "record-unseen", today="2027-05-04") == []
    ((message, _),) = said(root, "record-unseen", today="2027-05-05")
    assert message == "the last record of this kind was seen on 2026-05-04, and one should be seen every 12 months"
    every = seen + "sample_every: 24 months\n"
    (root / "record-kinds" / "REC.yaml").write_text(every, encoding="utf-8")
    assert found(root, "record-unseen", today="2027-05-05") == []


def test_a_record_that_is_an_item_proves_its_kind(system: System) -> None:
    kind = "id: REC-001\ntype: record-kind\ntitle: R\nclauses: [demo-1/8.2]\n"
    audit = "id: AUD-2026-001\ntype: audit\ntitle: A\nrecord_kind: REC-001\ncarried_out: 2026-04-02\nstatus: done\n"
    files = {"record-kinds/REC.yaml": kind, "audits/AUD.yaml": audit, "standards/STD.yaml": standard()}
    root = system({"catalogues/demo-1.yaml": CATALOGUE, **files})
    assert found(root, "record-unseen") == []
    (told,) = found(root, "record-unseen", today="2027-04-03")
    assert told.item == "REC-001"


def test_records_are_looked_for_where_a_clause_demands_them(system: System) -> None:
    kind = "id: REC-001\ntype: record-kind\ntitle: R\nclauses: [demo-1/8.1]\n"
    root = system(
        {"catalogues/demo-1.yaml": CATALOGUE, "record-kinds/REC.yaml": kind, "standards/STD.yaml": standard()}
    )
    assert found(root, "record-unseen") == []


def test_half_an_answer_is_told_once_and_not_where_it_is_planned(system: System) -> None:
    half = policy(1, "claims:\n  - {clause: demo-1/8.1, how: implements, missing: The second plant}\n")
    root = demo(system, standards__STD_yaml=standard(), policies__POL_md=half)
    assert [m for m, _ in said(root, "clause-partly-covered")] == [
        "clause 8.1, planning: POL-001 leaves something open: The second plant"
    ]
    plan = "plans:\n  - {clause: demo-1/8.1, what: Second plant, who: boss, by: 2027-01-15}\n"
    assert found(demo(system, standards__STD_yaml=standard(plan)), "clause-partly-covered") == []


def test_what_cannot_be_left_out_is_told_with_its_numbers(system: System) -> None:
    rows = "exclusions:\n  - {clause: demo-1/4.1, reason: No}\n  - {clause: demo-1/4, reason: No}\n  - {clause: demo-1/4.2, reason: No}\n"
    assert said(demo(system, standards__STD_yaml=standard(rows)), "exclusion-not-allowed") == [
        ("demo-1/4.1 always applies and cannot be left out", "answer it, or plan it with owner and date"),
        ("4.1 always apply and cannot be left out", "exclude single clauses"),
    ]


ENDING = CATALOGUE + "withdrawn: 2024-06-30\ntransition: {until: 2027-06-30}\n"


@pytest.mark.parametrize(
    ("today", "told"),
    [
        ("2026-06-29", []),
        ("2026-06-30", ["edition-ending"]),
        ("2027-06-30", ["edition-ending"]),
        ("2027-07-01", ["edition-ended"]),
    ],
)
def test_an_edition_ends_on_its_day_and_is_told_a_year_before(system: System, today: str, told: list[str]) -> None:
    root = system({"catalogues/demo-1.yaml": ENDING, "standards/STD.yaml": standard()})
    assert [f.check for f in found(root, "edition-ended", "edition-ending", today=today)] == told


def test_an_ending_edition_with_a_successor_is_silent(system: System) -> None:
    newer = standard("replaces: STD-001\nswitch: 2027-05-01\n", 2, "demo-2")
    files = {
        "catalogues/demo-1.yaml": ENDING,
        "catalogues/demo-2.yaml": CATALOGUE.replace("demo-1", "demo-2").replace("issue 1", "issue 2"),
        "standards/STD-1.yaml": standard(),
        "standards/STD-2.yaml": newer,
    }
    assert found(system(files), "edition-ending", today="2026-12-01") == []
    late = newer.replace("2027-05-01", "2027-09-01")
    ((_, tip),) = said(system({"standards/STD-2.yaml": late}), "edition-ending", today="2026-12-01")
    assert tip == "set `switch` in STD-002, to a day before that"
    ((_, tip),) = said(root := system({}), "edition-ended", today="2027-07-01")
    assert tip == "let STD-002 take its place, and set this one to status: obsolete"
    done = standard("status: obsolete\n")
    assert found(system({"standards/STD-1.yaml": done}), "edition-ended", today="2027-07-01") == []
    assert root.is_dir()


def test_a_base_is_in_use_where_an_item_applies_it(system: System) -> None:
    manual = CATALOGUE.replace("demo-1", "acme-7").replace(
        "complete: true", "complete: true\nreferences: [demo-1, demo-9]"
    )
    root = demo(system, catalogues__acme_7_yaml=manual, standards__STD_yaml=standard(catalogue="acme-7"))
    told = said(root, "catalogue-base-missing")
    assert [m for m, _ in told] == [
        "Demo, issue 1 builds on demo-1, and no item says how you stand to that",
        "Demo, issue 1 builds on demo-9, which is not in use here",
    ]
    assert told[1][1].startswith("name demo-9 in `standards` of qms.yaml")
    both = demo(system, standards__STD_2_yaml=standard(number=2))
    assert [m for m, _ in said(both, "catalogue-base-missing")] == [told[1][0]]


def test_public_text_may_be_quoted(system: System) -> None:
    quoted = CATALOGUE.replace("topic: Planning", "topic: Planning, text: Plan it.")
    root = system({"catalogues/demo-1.yaml": quoted})
    assert len(found(root, "catalogue-text-not-public")) == 1
    public = system({"catalogues/demo-1.yaml": quoted + "public_domain: true\n"})
    assert found(public, "catalogue-text-not-public") == []


# --- mappings -----------------------------------------------------------------------------------------


def mapping(rows: str, one: str = "demo-1", other: str = "demo-2") -> str:
    head = (
        f"id: {one}-to-{other}\ntype: clause-mapping\ntitle: M\nfrom: {one}\nto: {other}\nconfidence: primary source\n"
    )
    return f"{head}rows:\n{rows}"


def mapped(system: System, there: str, back: str = "") -> Path:
    second = CATALOGUE.replace("demo-1", "demo-2")
    files = {
        "catalogues/demo-1.yaml": CATALOGUE,
        "catalogues/demo-2.yaml": second,
        "clause-mappings/one.yaml": mapping(there),
    }
    if back:
        files["clause-mappings/two.yaml"] = mapping(back, "demo-2", "demo-1")
    return system(files)


def row(one: str, other: str, relation: str) -> str:
    return f"  - {{from: [{one}], to: [{other}], relation: {relation}}}\n"


@pytest.mark.parametrize(
    ("there", "back", "count"),
    [
        (row('"4.1"', '"4.1"', "equal"), row('"4.1"', '"4.1"', "equal"), 0),
        (row('"4.1"', '"4.1"', "subset"), row('"4.1"', '"4.1"', "superset"), 0),
        (row('"4.1"', '"4.1"', "subset"), row('"4.1"', '"4.1"', "subset"), 1),
        (row('"4.1"', '"4.1"', "superset"), row('"4.1"', '"4.1"', "superset"), 1),
        (row('"4.1"', '"4.1"', "equal"), row('"4.1"', '"4.1"', "intersect"), 1),
        (row('"4.1"', '"4.1"', "equal") + row('"4.1"', '"4.1"', "subset"), "", 1),
        (row('"4.1"', '"4.1"', "equal") + row('"4.1"', '"4.2"', "subset"), "", 0),
        (row('"4.1"', '"4.1", "4.2"', "equal"), row('"4.2", "4.1"', '"4.1"', "equal"), 0),
        (row('"4.1"', "", "none") + row('"4.1"', '"4.2"', "intersect"), "", 1),
        (row('"4.1"', '"4.1"', "none") + row('"4.1"', '"4.2"', "intersect"), "", 0),
        (row('"4.1"', '"4.1"', "none"), row('"4.1"', '"4.1"', "equal"), 1),
        (row('"4.1"', "", "none"), row("", '"4.1"', "none"), 0),
        (row("", '"4.1"', "none"), row('"4.1"', '"4.2"', "intersect"), 1),
        (row('"4.1"', "", "none"), row('"4.1"', '"4.2"', "intersect"), 0),
    ],
)
def test_mappings_that_contradict_each_other(system: System, there: str, back: str, count: int) -> None:
    assert len(found(mapped(system, there, back), "mapping-conflict")) == count


def test_a_mapping_of_a_catalogue_to_itself_breaks_nothing(system: System) -> None:
    root = mapped(system, row('"4.1"', '"4.2"', "equal") + row('"4.2"', '"4.1"', "equal"))
    (root / "clause-mappings" / "loop.yaml").write_text(
        mapping(row('"4.1"', '"4.2"', "subset") + row('"4.2"', '"4.1"', "subset"), "demo-1", "demo-1"), encoding="utf-8"
    )
    found(root, *COMPLIANCE)


def test_a_number_with_its_edition_is_led_to_the_number(system: System) -> None:
    ((message, tip),) = said(mapped(system, row("demo-1/4.1", '"4.1"', "equal")), "mapping-row-unknown-clause")
    assert message == "demo-1 has no clause `demo-1/4.1`"
    assert tip == 'did you mean "4.1"?'


def test_a_mapping_of_an_unknown_catalogue_is_told_once(system: System) -> None:
    root = mapped(system, row('"4.1"', '"4.1"', "equal"))
    (root / "catalogues" / "demo-2.yaml").unlink()
    told = said(root, "mapping-row-unknown-clause", "link-target-missing", "clause-unknown")
    assert told == [("there is no catalogue `demo-2`", "did you mean `demo-1` (Demo, issue 1)?")]


def test_what_is_shipped_agrees_with_itself(system: System) -> None:
    root = system({})
    every = sorted(file.stem for file in (Path(checks.__file__).parent.parent / "standards").glob("*.yaml"))
    (root / "qms.yaml").write_text(f"organisation: E\nstandards: [{', '.join(every)}]\n", encoding="utf-8")
    assert len(every) > 10
    assert found(root, *(name for name in COMPLIANCE if not name.startswith("clause-"))) == []


# --- bad input ----------------------------------------------------------------------------------------


def test_what_is_not_even_a_standard_breaks_no_check(system: System) -> None:
    files = {
        "standards/a.yaml": "id: STD-001\ntype: standard\ncatalogue: [x]\nexclusions: 3\nplans: [4]\ninclusions: [[1]]\nswitch: 5\n",
        "standards/b.yaml": "id: STD-002\ntype: standard\ncatalogue: demo-1\nexclusions: [3, {clause: [1]}]\nswitch: [1]\nreplaces: {a: 1}\n",
        "standards/c.yaml": "id: STD-003\ntype: standard\ncatalogue: POL-001\n",
        "catalogues/demo-1.yaml": CATALOGUE + "references: 3\nwithdrawn: [1]\ntransition: [2]\n",
        "catalogues/demo-2.yaml": "id: demo-2\ntype: catalogue\nclauses: [3, {key: 4}, {key: [1]}]\nreferences: [[1]]\n",
        "clause-mappings/m.yaml": "id: m-a\ntype: clause-mapping\nfrom: [1]\nto: demo-1\nrows: [3, {from: 1, to: [[1]], relation: [x]}, {from: [4.1], to: [{a: 1}]}]\n",
        "clause-mappings/n.yaml": "id: m-b\ntype: clause-mapping\nfrom: demo-1\nto: demo-1\nrows: 3\n",
        "policies/POL-001-x.md": "---\nid: POL-001\ntype: policy\nclauses: 3\nclaims: [4, {clause: 5, how: [x], section: [y]}, {clause: demo-1/4.1, section: 7}]\n---\n",
        "record-kinds/r.yaml": "id: REC-001\ntype: record-kind\nclauses: [demo-1/8.2]\nsample_every: [x]\nsamples: [3, {date: 4}, {date: soon}]\n",
        "audits/a.yaml": "id: AUD-2026-001\ntype: audit\nstatus: done\nfindings: [3, {grade: [x]}, {grade: major}]\n",
        "obligations/o.yaml": "id: OBL-001\ntype: obligation\nstatus: [x]\napplies: [y]\nresult: 3\nactions: 4\nfrom: 5\nuntil: [6]\n",
    }  # fmt: skip
    found(system(files))


# --- the baseline of coverage -------------------------------------------------------------------------


def covered(root: Path, today: str = TODAY) -> Coverage:
    return coverage_of(Graph(load(root)), "STD-001", today)


def test_a_clause_that_fell_is_told_with_the_reason(system: System) -> None:
    root = demo(system, standards__STD_yaml=standard(), policies__POL_md=policy(1, "clauses: [demo-1/8.1]\n"))
    before = snapshot(covered(root))
    assert fallen(before, covered(root)) == []
    (root / "policies" / "POL.md").write_text(policy(1, "status: obsolete\nclauses: [demo-1/8.1]\n"), encoding="utf-8")
    (one,) = fallen(before, covered(root))
    assert (one.key, one.before, one.now, one.location) == ("8.1", "covered", "gap", "")
    assert list(map(str, one.reasons)) == ["nothing in force answers it", "POL-001 is obsolete"]


@pytest.mark.parametrize(
    ("before", "fell"),
    [
        ({"8.1": "covered"}, True),
        ({"8.1": "partly"}, True),
        ({"8.1": "planned"}, True),
        ({"8.1": "excluded"}, True),
        ({"8.1": "gap"}, False),
        ({"8": "covered"}, True),
        ({"9.9": "covered"}, True),
        ({}, False),
    ],
)
def test_only_what_was_better_fell(system: System, before: dict[str, str], fell: bool) -> None:
    now = covered(demo(system, standards__STD_yaml=standard()))
    rows = {key: {"state": state, "places": {}} for key, state in before.items()}
    assert bool(fallen(json.dumps({"catalogue": "demo-1", "clauses": rows}), now)) is fell


def test_leaving_out_what_was_partly_answered_is_no_fall_but_what_was_covered_is(system: System) -> None:
    rows = "exclusions:\n  - {clause: demo-1/8, reason: We make nothing.}\n"
    now = covered(demo(system, standards__STD_yaml=standard(rows)))
    for before, fell in (("partly", []), ("covered", ["8.1"])):
        text = json.dumps({"catalogue": "demo-1", "clauses": {"8.1": {"state": before, "places": {}}}})
        assert [fall.key for fall in fallen(text, now)] == fell


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "3", '{"findings": []}', '{"catalogue": "demo-1", "clauses": {"8.1": "covered"}}',
        '{"catalogue": "demo-2", "clauses": {}}', '{"catalogue": "demo-1", "clauses": []}', "[" * 100_000,
        '{"catalogue": "demo-1", "clauses": {"8.1": {"state": "good", "places": {}}}}',
        '{"catalogue": "demo-1", "clauses": {"8.1": {"state": ["gap"], "places": {}}}}',
    ],
)  # fmt: skip
def test_what_is_no_baseline_is_told(system: System, text: str) -> None:
    now = covered(demo(system, standards__STD_yaml=standard()))
    with pytest.raises(BaselineFault):
        fallen(text, now)


def test_many_gaps_are_one_finding(system: System) -> None:
    rows = "".join(f'  - {{key: "4.{n}", topic: Topic {n}}}\n' for n in range(1, 12))
    catalogue = "id: demo-2\ntype: catalogue\ntitle: Two\nissuer: Us\nedition: '2'\ncomplete: true\nclauses:\n" + rows
    root = demo(system, catalogues__demo_2_yaml=catalogue, standards__STD_yaml=standard(catalogue="demo-2"))
    (message,) = [message for message, _ in said(root, "clause-uncovered")]
    assert message == "nothing answers 11 clauses: 4.1, 4.2, 4.3, 4.4, 4.5, 4.6, 4.7, 4.8 and so on"


def test_the_item_of_a_standard_in_the_documentation_can_be_used(system: System) -> None:
    text = (REPOSITORY / "docs" / "standards.md").read_text(encoding="utf-8")
    example = next(b for b in text.split("```yaml\n") if b.startswith("id: STD-001\n")).split("```")[0]
    role = "id: quality-manager\ntype: role\ntitle: Quality manager\nfunction: Quality\n"
    root = system(
        {
            "qms.yaml": "organisation: Us\nstandards: [iso9001-2015]\n",
            "roles/q.yaml": role,
            "standards/STD-001.yaml": example,
        }
    )
    bad = [f for f in checks.run(load(root), "2026-12-02").findings if f.item == "STD-001" and f.level == "error"]
    assert bad == []
    found = coverage_of(Graph(load(root)), "STD-001", "2026-12-02")
    assert (found.clause("8.3.1").state, found.clause("9.1.2").state) == ("excluded", "planned")
