"""Audits, nonconformities, corrective actions and management reviews: their pages, their dates, and those of the reference."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qmsctl import checks, pages
from qmsctl.graph import Graph
from qmsctl.itemfile import parse_yaml_bytes
from qmsctl.loader import Loaded, load
from qmsctl.model import Item, rows_of
from tests.conftest import REPOSITORY, TODAY
from tests.test_lived_history import script

RECORDS = ("audit", "nonconformity", "corrective-action", "management-review")
PAST = ("carried_out", "found_on", "corrected_on", "closed_on", "opened", "held", "done")
"""Fields that tell of something that has happened."""
ROLE = (
    'id: {id}\ntype: role\ntitle: {title}\nrevision: "1.0"\neffective: 2026-01-05\nowner: boss\nreview_every: 24 months\n'
    "change: First issue.\npurpose: Sees to it.\nfunction: Quality\nauthority: [Decide.]\ncompetence:\n  - {{need: Care}}\n"
)
ROLES = {f"roles/{name}.yaml": ROLE.format(id=name, title=name.title()) for name in ("boss", "auditor")}
AUDIT = """\
id: AUD-2026-001
type: audit
title: Buying
status: done
owner: boss
planned: 2026-03-09
carried_out: 2026-03-10
clauses_seen: [iso9001-2015/8.4.1]
summary: "<script>alert(1)</script> Lots are tested."
findings:
  - {key: one, what: The sample is too small., grade: major, clause: iso9001-2015/8.4.2, nonconformity: NC-2026-001}
  - {key: two, what: "Nobody <b onclick=x>looked</b> at it.", grade: minor}
  - {key: three, what: A list would help., grade: observation}
  - {key: four, what: Every lot has its card., grade: good}
  - {key: five, what: Every rack has its name., grade: good}
"""
NC = """\
id: NC-2026-001
type: nonconformity
title: Sample too small
owner: boss
found_on: 2026-03-10
source: audit
what: Five pieces of 90 were measured.
grade: major
"""
CAPA = """\
id: CAPA-2026-001
type: corrective-action
title: The sample follows the lot
owner: boss
opened: 2026-03-12
nonconformities: [NC-2026-001]
cause: The table hung at the desk.
actions:
  - {key: form, what: The form asks for the lot., who: boss, by: 2026-04-01, done: 2026-03-30}
  - {key: table, what: The table hangs at the rack., who: auditor, by: 2026-05-01}
effectiveness: {check: No wrong sample among 40., who: auditor, by: 2026-12-01}
"""
FAILED = CAPA.replace("by: 2026-05-01}", "by: 2026-05-01, done: 2026-04-20}").replace(
    "by: 2026-12-01}", "by: 2026-09-01, done: 2026-09-02, result: not effective, found: Three of 40.}"
)
AGAIN = """\
id: CAPA-2026-002
type: corrective-action
title: The rack shows the sample
owner: auditor
opened: 2026-09-03
follows: CAPA-2026-001
"""
REVIEW = """\
id: MR-2026-001
type: management-review
title: Review of 2025
owner: boss
kind: full review
held: 2026-02-04
period: "2025"
participants: [boss]
inputs:
  - {key: returns, input: customers, said: Returns have fallen.}
decisions:
  - {key: first-answer, what: The first answer within a day., who: boss, by: 2026-03-01, done: 2026-02-20}
  - {key: second-source, what: A second source., who: auditor, by: 2026-10-01}
"""
FILES = {
    **ROLES,
    "audits/AUD-2026-001-buying.yaml": AUDIT,
    "nonconformities/NC-2026-001-sample-too-small.yaml": NC,
    "corrective-actions/CAPA-2026-001-the-sample-follows-the-lot.yaml": CAPA,
    "management-reviews/MR-2026-001-review-of-2025.yaml": REVIEW,
}


def shown(root: Path, page: str) -> str:
    """Write the pages of a system and return what one of them says, without its marks."""
    loaded = load(root)
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs")
    return words((root / "build" / "docs" / page).read_text(encoding="utf-8"))


def words(text: str) -> str:
    """Return the text of a page as one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


# --- pages ------------------------------------------------------------------------------------------


def test_an_audit_leads_with_its_verdict(system: Callable[..., Path]) -> None:
    root = system({"qms.yaml": "organisation: Example\nstandards: [iso9001-2015]\n", **FILES})
    text = shown(root, "audits/AUD-2026-001.md")
    verdict = "■ 1 major finding ▲ 1 minor finding ○ 1 observation ● 2 strengths"
    assert verdict in text
    assert text.index(verdict) < text.index("Lots are tested.") < text.index("Carried out on 10 March 2026")
    rows = [text.index(said) for said in ("■ Major", "▲ Minor", "○ Observation", "● Strength")]
    assert rows == sorted(rows)
    assert "NC-2026-001 Sample too small ■ open" in text
    assert text.count("✗ nothing yet") == 1, "only the minor finding is followed up by nothing"


def test_what_people_write_is_never_markup(system: Callable[..., Path]) -> None:
    root = system(FILES)
    shown(root, "audits/AUD-2026-001.md")
    page = (root / "build/docs/audits/AUD-2026-001.md").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "onclick" not in page


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-12-17", "17 December 2026 planned for this day"),
        ("2026-11-02", "was planned for this day and is overdue"),
    ],
)
def test_a_planned_audit_says_when(system: Callable[..., Path], day: str, said: str) -> None:
    audit = f"id: AUD-2026-002\ntype: audit\ntitle: Night shift\nowner: boss\nplanned: {day}\n"
    text = shown(system({**ROLES, "audits/AUD-2026-002-night-shift.yaml": audit}), "audits/AUD-2026-002.md")
    assert said in text
    assert "finding" not in text.lower().replace("report", "")


def test_a_nonconformity_says_what_became_of_it(system: Callable[..., Path]) -> None:
    text = shown(system(FILES), "nonconformities/NC-2026-001.md")
    assert "Found 10 March 2026 AUD-2026-001 Buying" in text
    assert "Put right ✗ not yet" in text
    assert "CAPA-2026-001 The sample follows the lot ■ 1 thing is overdue" in text
    assert "The table hangs at the rack. ✗ overdue since 1 May 2026" in text


def test_a_nonconformity_without_a_cause(system: Callable[..., Path]) -> None:
    closed = NC.replace("owner: boss", "status: closed\nowner: boss") + "closed_on: 2026-04-01\n"
    path = "nonconformities/NC-2026-001-sample-too-small.yaml"
    assert "▲ no corrective action yet" in shown(system({**ROLES, path: NC}), "nonconformities/NC-2026-001.md")
    text = shown(system({**ROLES, path: closed}), "nonconformities/NC-2026-001.md")
    assert "The correction is enough." in text
    assert "Closed on 1 April 2026" in text


def test_a_corrective_action_says_how_far_it_is(system: Callable[..., Path]) -> None:
    text = shown(system(FILES), "corrective-actions/CAPA-2026-001.md")
    assert "1 of 2 actions done its effect is checked on 1 December 2026 ■ 1 thing is overdue" in text
    assert "It worked if No wrong sample among 40." in text


def test_what_did_not_work_leads_to_what_took_its_place(system: Callable[..., Path]) -> None:
    files = {**FILES, "corrective-actions/CAPA-2026-001-the-sample-follows-the-lot.yaml": FAILED}
    root = system({**files, "corrective-actions/CAPA-2026-002-the-rack-shows-the-sample.yaml": AGAIN})
    text = shown(root, "corrective-actions/CAPA-2026-001.md")
    assert "Not effective checked on 2 September 2026" in text
    assert "It did not work and was taken up again: CAPA-2026-002 The rack shows the sample ○ open" in text
    again = words((root / "build/docs/corrective-actions/CAPA-2026-002.md").read_text(encoding="utf-8"))
    assert "Takes up again: CAPA-2026-001 The sample follows the lot ✗ not effective" in again
    assert "Not proven yet." in again
    assert "Nobody has said yet how we will know that it worked." in again


def test_a_full_review_shows_what_was_left_out_and_a_look_does_not(system: Callable[..., Path]) -> None:
    text = shown(system(FILES), "management-reviews/MR-2026-001.md")
    assert "1 of 2 decisions carried out held on 4 February 2026 ■ 1 thing is overdue" in text
    assert "Customers Returns have fallen. c 1" in text
    assert text.count("✗ not looked at") == 12
    look = REVIEW.replace("full review", "quarterly look")
    files = {**FILES, "management-reviews/MR-2026-001-review-of-2025.yaml": look}
    assert "not looked at" not in shown(system(files), "management-reviews/MR-2026-001.md")


def test_broken_records_still_have_a_page(system: Callable[..., Path]) -> None:
    root = system(
        {
            "audits/AUD-2026-001-x.yaml": "id: AUD-2026-001\ntype: audit\ntitle: X\ncarried_out: 2026-03-09\n"
            "findings:\n  - {key: a}\n  - text\n  - {what: Without a key., grade: major}\n",
            "nonconformities/NC-2026-001-x.yaml": "id: NC-2026-001\ntype: nonconformity\ntitle: X\nactions: [CAPA-2026-009]\n",
            "corrective-actions/CAPA-2026-001-x.yaml": "id: CAPA-2026-001\ntype: corrective-action\ntitle: X\n"
            "effectiveness: soon\nactions: [{key: a}]\n",
            "management-reviews/MR-2026-001-x.yaml": "id: MR-2026-001\ntype: management-review\ntitle: X\ninputs: none\n",
        }
    )
    for page in ("audits/AUD-2026-001", "nonconformities/NC-2026-001", "corrective-actions/CAPA-2026-001"):
        assert "X" in shown(root, f"{page}.md")
    assert "What was looked at" in shown(root, "management-reviews/MR-2026-001.md")


# --- what is due ------------------------------------------------------------------------------------


def test_what_is_due_and_of_whom(system: Callable[..., Path]) -> None:
    planned = "id: AUD-2026-002\ntype: audit\ntitle: Night shift\nowner: auditor\nplanned: 2026-12-17\n"
    root = system({**FILES, "audits/AUD-2026-002-night-shift.yaml": planned})
    found = [
        (d.item, d.what, d.on, d.who) for d in Graph(load(root)).dues() if d.item[:3] in ("AUD", "NC-", "CAP", "MR-")
    ]
    assert found == [
        ("CAPA-2026-001", "action: The table hangs at the rack.", "2026-05-01", "auditor"),
        ("MR-2026-001", "decision of the review: A second source.", "2026-10-01", "auditor"),
        ("CAPA-2026-001", "effectiveness check", "2026-12-01", "auditor"),
        ("AUD-2026-002", "audit", "2026-12-17", "auditor"),
    ]


@pytest.mark.parametrize("both", [True, False])
def test_fault_and_action_find_each_other_whichever_names_the_other(system: Callable[..., Path], both: bool) -> None:
    nonconformity = NC + ("actions: [CAPA-2026-001]\n" if both else "")
    graph = Graph(load(system({**FILES, "nonconformities/NC-2026-001-sample-too-small.yaml": nonconformity})))
    assert graph.related("NC-2026-001", "actions") == ["CAPA-2026-001"]
    assert graph.related("CAPA-2026-001", "nonconformities") == ["NC-2026-001"]
    assert graph.related("NC-2026-001", "found in") == ["AUD-2026-001"]


def test_a_record_asks_nothing_of_a_change(system: Callable[..., Path]) -> None:
    """What was found stays true when the document it is about changes."""
    nonconformity = NC + "item: boss\n"
    graph = Graph(load(system({**FILES, "nonconformities/NC-2026-001-sample-too-small.yaml": nonconformity})))
    assert not {
        item for rows in graph.reach("boss").values() for item, _ in rows if item[:3] in ("AUD", "NC-", "CAP", "MR-")
    }


# --- the reference ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> Loaded:
    return load(REPOSITORY)


def of_type(loaded: Loaded, name: str) -> list[Item]:
    return [item for item in loaded.qms.items.values() if item.type == name]


def dates(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield (field, day) for everything in a record that tells of the past."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from dates(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from dates(inner, name)
    elif name in PAST:
        yield name, str(value)


def test_the_records_of_the_reference_have_only_one_thing_late(reference: Loaded) -> None:
    report = checks.run(reference, TODAY)
    own = [f for f in report.findings if f.item in {item.id for name in RECORDS for item in of_type(reference, name)}]
    assert [(f.check, f.item) for f in own] == [("overdue", "CAPA-2026-004")]


def test_nothing_is_told_that_has_not_happened(reference: Loaded) -> None:
    told = [
        (item.id, *row) for name in RECORDS for item in of_type(reference, name) for row in dates(dict(item.fields))
    ]
    assert len(told) > 60
    assert [row for row in told if row[2] > TODAY] == []


def test_the_audit_programme_keeps_its_own_rules(reference: Loaded) -> None:
    items = reference.qms.items
    audits = of_type(reference, "audit")
    seen = Counter(process for audit in audits for process in audit.get("processes") or [])
    core = [item.id for item in of_type(reference, "process") if item.get("class") == "core"]
    assert [name for name in core if not seen[name]] == []
    assert all(seen[item.id] for item in of_type(reference, "process"))
    for audit in audits:
        owners = {str(items[name].get("owner")) for name in audit.get("processes") or []}
        for who in audit.get("auditors"):
            held = set(items[who].get("roles") or [])
            assert not held & owners, f"{who} audits own work in {audit.id}"
        assert (audit.get("status") == "planned") == (audit.get("carried_out") is None), audit.id
    assert {place for audit in audits for place in audit.get("locations")} == {"aldern", "westry"}
    assert [a.id for a in audits if "PTY-009" in a.get("auditors")] == ["AUD-2026-007"]


def test_every_finding_is_followed_up_and_every_fault_of_an_audit_was_found_in_one(reference: Loaded) -> None:
    items, found_in = reference.qms.items, {}
    for audit in of_type(reference, "audit"):
        for finding in rows_of(audit.get("findings")):
            name = str(finding.get("nonconformity") or "")
            assert bool(name) == (finding["grade"] in ("major", "minor")), f"{audit.id}#{finding['key']}"
            if name:
                found_in[name] = audit.id
                assert items[name].get("found_on") == audit.get("carried_out")
                assert items[name].get("grade") == finding["grade"]
                assert items[name].get("clause") == finding["clause"]
                assert audit.get("status") != "closed" or items[name].get("status") == "closed", audit.id
    told = {item.id for item in of_type(reference, "nonconformity") if item.get("source") == "audit"}
    assert told <= set(found_in)


def test_faults_and_actions_agree(reference: Loaded) -> None:
    items = reference.qms.items
    graph = Graph(reference)
    for fault in of_type(reference, "nonconformity"):
        actions = [items[name] for name in graph.related(fault.id, "actions")]
        assert fault.get("actions", []) == sorted(action.id for action in actions), fault.id
        assert bool(fault.get("closed_on")) == (fault.get("status") == "closed"), fault.id
        if fault.get("status") == "closed" and actions:
            assert actions[-1].get("effectiveness")["result"] == "effective", fault.id
        assert fault.get("grade") == "minor" or actions, f"{fault.id} is major and has no corrective action"
    for action in of_type(reference, "corrective-action"):
        result = action.get("effectiveness").get("result", "")
        open_ones = [row for row in rows_of(action.get("actions")) if not row.get("done")]
        state = "closed" if result else "open" if open_ones else "done"
        assert action.get("status") == state, action.id
        assert bool(graph.related(action.id, "taken up again by")) == (result == "not effective"), action.id


def test_the_full_review_looked_at_everything(reference: Loaded) -> None:
    allowed = set(reference.types["management-review"].properties["inputs"]["items"]["properties"]["input"]["enum"])
    reviews = {item.get("kind"): item for item in of_type(reference, "management-review")}
    assert {row["input"] for row in reviews["full review"].get("inputs")} == allowed - {"other matters"}
    assert set(reviews) == {"full review", "quarterly look"}


# --- its history ------------------------------------------------------------------------------------


def test_the_history_tells_of_a_record_only_what_was_known(reference: Loaded) -> None:
    states = 0
    for name in RECORDS:
        for item in of_type(reference, name):
            text = (REPOSITORY / item.path).read_text(encoding="utf-8")
            rows = script().states_of(reference, item, text)
            assert [since for since, _ in rows] == sorted(since for since, _ in rows), item.id
            for since, state in rows:
                fields = load_text(state)
                assert [p.message for p in reference.types[name].problems(fields, {})] == [], f"{item.id} on {since}"
                assert [row for row in dates(fields) if row[1] > since] == [], f"{item.id} on {since}"
                states += 1
            assert rows[-1][1] == text, item.id
    assert states > 80


def load_text(text: str) -> dict[str, Any]:
    fields, reason = parse_yaml_bytes(text.encode())
    assert fields is not None, reason
    return dict(fields)
