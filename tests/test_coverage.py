"""How clauses stand: what counts as an answer, why one does not carry, by location, and through mappings."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from qmsctl import checks, pages
from qmsctl.cli import app
from qmsctl.coverage import NAMES, Coverage, UnknownStandard, baseline, coverage_of, roll_up
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.output.workbook import Sheet, workbook
from qmsctl.pages.view import View
from tests.conftest import REPOSITORY, TODAY

CONTROLLED = {
    "revision": "1.0", "effective": "2026-03-02", "owner": "inspector", "review_every": "24 months", "change": "First issue.",
}  # fmt: skip
ROLE = {
    "id": "inspector", "type": "role", "title": "Inspector", **CONTROLLED, "purpose": "Looks.", "function": "Quality",
    "authority": ["Hold a lot."], "competence": [{"need": "Reads drawings"}],
}  # fmt: skip
CATALOGUE = {
    "id": "demo-1", "type": "catalogue", "title": "Demo", "issuer": "Us", "edition": "1", "complete": True,
    "clauses": [
        {"key": "4", "topic": "Context", "heading": True},
        {"key": "4.1", "topic": "Situation"},
        {"key": "4.2", "topic": "Proof", "documented": "record"},
        {"key": "5", "topic": "Rules", "heading": True},
        {"key": "5.1", "topic": "Written rules", "documented": "document"},
        {"key": "5.1.1", "topic": "Below a clause"},
    ],
}  # fmt: skip
STANDARD = {"id": "STD-001", "type": "standard", "title": "Demo", **CONTROLLED, "catalogue": "demo-1", "scope": "All."}
KIND = {
    "id": "REC-001", "type": "record-kind", "title": "Report", "owner": "inspector", "shows": "It was done.", "kept_at": "ERP",
    "keep_for": "10 years", "then": "delete", "clauses": ["demo-1/4.2"],
}  # fmt: skip

FOLDERS = {
    "role": "roles", "catalogue": "catalogues", "standard": "standards", "record-kind": "record-kinds", "sop": "sops",
    "policy": "policies", "location": "locations", "clause-mapping": "clause-mappings", "kpi": "kpis", "person": "people", "nonconformity": "nonconformities",
    "audit": "audits",
}  # fmt: skip


def sop(number: int = 1, *clauses: str, **more: Any) -> dict[str, Any]:
    fields = {"id": f"SOP-00{number}", "type": "sop", "title": f"Work {number}", **CONTROLLED, "purpose": "Done alike."}
    return {**fields, **({"clauses": list(clauses)} if clauses else {}), **more}


def place(name: str) -> dict[str, Any]:
    return {"id": name, "type": "location", "title": name.title(), "kind": "plant", "activities": ["Milling"]}


@pytest.fixture
def stand(tmp_path: Path) -> Callable[..., Coverage]:
    """How a small system stands; the catalogue, a role and the applicability item are there if not given."""

    def made(*items: dict[str, Any], ref: str = "demo-1", today: str = TODAY) -> Coverage:
        write(tmp_path, *items)
        return coverage_of(Graph(load(tmp_path)), ref, today)

    return made


def write(root: Path, *items: dict[str, Any]) -> Path:
    (root / "qms.yaml").write_text("organisation: Small\nas_of: 2026-11-16\n", encoding="utf-8")
    given = {item["id"] for item in items}
    for item in (*items, *(i for i in (ROLE, CATALOGUE, STANDARD) if i["id"] not in given)):
        folder = root / FOLDERS[item["type"]]
        folder.mkdir(exist_ok=True)
        markdown = item["type"] in ("sop", "policy")
        text = yaml.safe_dump(item, sort_keys=False)
        body = (
            f"---\n{text}---\n\n## Records\n\nKept.\n\n## Steps\n\n### Look {{#look}}\nWho: inspector\n\nLook.\n"
            if markdown
            else text
        )
        (folder / f"{item['id']}.{'md' if markdown else 'yaml'}").write_text(body, encoding="utf-8")
    return root


def states(coverage: Coverage) -> dict[str, str]:
    return {clause.key: clause.state for clause in coverage.clauses}


def why(coverage: Coverage, key: str) -> list[str]:
    return [str(reason) for reason in coverage.clause(key).reasons]


# --- one clause ---------------------------------------------------------------------------------------


def test_nothing_answers_nothing(stand: Callable[..., Coverage]) -> None:
    found = stand()
    assert set(states(found).values()) == {"gap"}
    assert why(found, "4.1") == ["nothing in force answers it"]
    assert found.counts() == {"gap": 4}


def test_an_answer_in_force_covers(stand: Callable[..., Coverage]) -> None:
    clause = stand(sop(1, "demo-1/4.1")).clause("4.1")
    assert (clause.state, clause.reasons, clause.owner) == ("covered", (), "inspector")
    assert [claim.at for claim in clause.answers] == ["SOP-001"]


@pytest.mark.parametrize(
    ("more", "state", "reason"),
    [
        ({"status": "draft"}, "gap", "SOP-001 is a draft"),
        ({"status": "obsolete"}, "gap", "SOP-001 is obsolete"),
        ({"effective": "2026-12-01"}, "gap", "SOP-001 takes effect on 2026-12-01"),
        ({"effective": None}, "gap", "SOP-001 has no effective date"),
        ({"owner": "nobody"}, "partly", "nobody answers for SOP-001"),
        ({"effective": "2020-01-06"}, "partly", "the review of SOP-001 is overdue since 2022-01-06"),
    ],
)
def test_an_answer_that_does_not_carry_says_why(
    stand: Callable[..., Coverage], more: dict[str, Any], state: str, reason: str
) -> None:
    fields = sop(1, "demo-1/4.1", **more)
    found = stand({name: value for name, value in fields.items() if value is not None})
    assert states(found)["4.1"] == state
    assert reason in why(found, "4.1")


def test_a_role_that_nobody_holds_answers_for_nothing(stand: Callable[..., Coverage]) -> None:
    person = {"id": "p-001", "type": "person", "title": "p-001", "roles": []}
    found = stand(sop(1, "demo-1/4.1"), person)
    assert why(found, "4.1") == ["nobody holds the role inspector, which answers for SOP-001"]


def test_one_good_answer_is_enough_beside_weak_ones(stand: Callable[..., Coverage]) -> None:
    found = stand(sop(1, "demo-1/4.1", effective="2020-01-06"), sop(2, "demo-1/4.1"))
    assert states(found)["4.1"] == "covered"


# --- documents and records ----------------------------------------------------------------------------


def test_a_clause_that_demands_a_document_is_not_answered_by_a_register(stand: Callable[..., Coverage]) -> None:
    # A kind of record is no document; a claim of it that says how does not make it one.
    kind = {**KIND, "clauses": [], "claims": [{"clause": "demo-1/5.1", "how": "implements"}]}
    found = stand({k: v for k, v in kind.items() if v})
    assert why(found, "5.1") == ["it demands a document, and no document in force answers it"]
    assert states(stand(sop(1, "demo-1/5.1")))["5.1"] == "covered"


@pytest.mark.parametrize(
    ("samples", "state", "reason"),
    [
        ([], "partly", "no record of REC-001 was seen yet"),
        ([{"date": "2026-10-01", "reference": "L-1"}], "covered", ""),
        ([{"date": "2025-08-15", "reference": "L-1"}], "partly", "the last record of REC-001 was seen on 2025-08-15, which is too long ago"),
        ([{"date": "2025-08-16", "reference": "L-1"}], "covered", ""),
        ([{"date": "2027-01-01", "reference": "L-1"}], "partly", "no record of REC-001 was seen yet"),
    ],
)  # fmt: skip
def test_records_must_have_been_seen(
    stand: Callable[..., Coverage], samples: list[dict[str, str]], state: str, reason: str
) -> None:
    found = stand(sop(1, "demo-1/4.2"), {**KIND, **({"samples": samples} if samples else {})})
    assert states(found)["4.2"] == state
    assert why(found, "4.2") == ([reason] if reason else [])


def test_a_procedure_is_no_record_and_a_record_is_no_procedure(stand: Callable[..., Coverage]) -> None:
    assert why(stand(sop(1, "demo-1/4.2")), "4.2") == ["it demands records, and no kind of record is named for it"]


def test_evidence_alone_does_not_say_how(stand: Callable[..., Coverage]) -> None:
    found = stand({**KIND, "samples": [{"date": "2026-10-01", "reference": "L-1"}]})
    assert why(found, "4.2") == ["there is evidence, but nothing in force says how it is done"]


# --- claims in their long form ------------------------------------------------------------------------


def test_a_claim_points_at_a_step_or_a_section_and_may_leave_something_open(stand: Callable[..., Coverage]) -> None:
    rows = [
        {"clause": "demo-1/4.1", "how": "implements", "section": "look"},
        {"clause": "demo-1/5.1", "how": "implements", "section": "Records", "missing": "The annex is not written."},
    ]
    found = stand(sop(1, claims=rows))
    assert [(c.at, c.section) for c in found.clause("4.1").answers] == [("SOP-001#look", "")]
    assert [(c.at, c.section) for c in found.clause("5.1").answers] == [("SOP-001", "Records")]
    assert states(found)["4.1"] == "covered"
    assert why(found, "5.1") == ["SOP-001 leaves something open: The annex is not written."]


# --- exclusions, plans, locations ---------------------------------------------------------------------


def test_exclusions_hold_below_a_number_and_plans_fill_gaps(stand: Callable[..., Coverage]) -> None:
    said = {
        "exclusions": [{"clause": "demo-1/5", "reason": "We write nothing."}],
        "plans": [{"clause": "demo-1/4.1", "what": "Write it.", "who": "inspector", "by": "2027-01-31"}],
    }
    found = stand({**STANDARD, **said})
    assert states(found) == {
        "4": "gap",
        "4.1": "planned",
        "4.2": "gap",
        "5": "excluded",
        "5.1": "excluded",
        "5.1.1": "excluded",
    }
    assert found.clause("5.1").exclusion is not None


def test_a_plan_that_is_late_says_so_and_one_that_is_done_is_none(stand: Callable[..., Coverage]) -> None:
    plan = {"clause": "demo-1/4.1", "what": "Write it.", "who": "inspector", "by": "2026-10-31"}
    late = stand({**STANDARD, "plans": [plan]})
    assert why(late, "4.1") == ["nothing in force answers it", "it was planned for 2026-10-31 and is not done"]
    assert states(stand({**STANDARD, "plans": [{**plan, "done": "2026-10-30"}]}))["4.1"] == "gap"


def test_what_answers_at_one_plant_leaves_it_open_at_the_other(stand: Callable[..., Coverage]) -> None:
    found = stand(place("north"), place("south"), sop(1, "demo-1/4.1", locations=["north"]), sop(2, "demo-1/5.1"))
    clause = found.clause("4.1")
    assert {name: stood.state for name, stood in clause.places.items()} == {"north": "covered", "south": "gap"}
    assert clause.state == "partly"
    assert why(found, "4.1") == ["south: nothing in force answers it"]
    assert {stood.state for stood in found.clause("5.1").places.values()} == {"covered"}


def test_a_standard_applies_where_it_says(stand: Callable[..., Coverage]) -> None:
    found = stand(
        place("north"), place("south"), {**STANDARD, "locations": ["north"]}, sop(1, "demo-1/4.1", locations=["north"])
    )
    assert (found.locations, states(found)["4.1"]) == (("north",), "covered")


def test_records_are_seen_at_a_location(stand: Callable[..., Coverage]) -> None:
    seen = [{"date": "2026-10-01", "reference": "L-1", "location": "north"}]
    found = stand(place("north"), place("south"), sop(1, "demo-1/4.2"), {**KIND, "samples": seen})
    assert {name: stood.state for name, stood in found.clause("4.2").places.items()} == {
        "north": "covered",
        "south": "partly",
    }


def test_an_exclusion_may_hold_at_one_location(stand: Callable[..., Coverage]) -> None:
    out = [{"clause": "demo-1/4.1", "reason": "No such work there.", "locations": ["south"]}]
    found = stand(
        place("north"), place("south"), {**STANDARD, "exclusions": out}, sop(1, "demo-1/4.1", locations=["north"])
    )
    assert {name: stood.state for name, stood in found.clause("4.1").places.items()} == {
        "north": "covered",
        "south": "excluded",
    }
    assert states(found)["4.1"] == "covered"


# --- mappings -----------------------------------------------------------------------------------------

OTHER = {
    "id": "other-2", "type": "catalogue", "title": "Other", "issuer": "They", "edition": "2", "complete": True,
    "clauses": [{"key": "A", "topic": "One"}, {"key": "B", "topic": "Two"}, {"key": "C", "topic": "Three"}],
}  # fmt: skip


def mapping(*rows: tuple[list[str], list[str], str], **more: Any) -> dict[str, Any]:
    return {
        "id": "demo-to-other", "type": "clause-mapping", "title": "Demo to Other", "from": "demo-1", "to": "other-2",
        "confidence": "primary source",
        "rows": [{"from": one, "to": other, "relation": relation} for one, other, relation in rows], **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("relation", "state", "reason"),
    [
        ("equal", "covered", []),
        ("superset", "covered", []),
        ("subset", "partly", ["demo-1/4.1, which is answered, asks for less"]),
        ("intersect", "partly", ["demo-1/4.1, which is answered, overlaps with it only in part"]),
        ("none", "gap", ["nothing in force answers it"]),
    ],
)
def test_an_answer_serves_a_mapped_clause_as_far_as_the_relation_goes(
    stand: Callable[..., Coverage], relation: str, state: str, reason: list[str]
) -> None:
    found = stand(sop(1, "demo-1/4.1"), OTHER, mapping((["4.1"], ["A"], relation)), ref="other-2")
    assert states(found)["A"] == state
    assert why(found, "A") == reason
    assert all(claim.via is not None and claim.via.clause == "demo-1/4.1" for claim in found.clause("A").claims)


def test_a_mapping_is_read_both_ways(stand: Callable[..., Coverage]) -> None:
    items = (sop(1, "other-2/A"), OTHER, mapping((["4.1"], ["A"], "subset")))
    assert states(stand(*items))["4.1"] == "covered"


def test_clauses_that_correspond_together_are_answered_together(stand: Callable[..., Coverage]) -> None:
    row = mapping((["4.1", "5.1.1"], ["A"], "equal"))
    half = stand(sop(1, "demo-1/4.1"), OTHER, row, ref="other-2")
    assert why(half, "A") == ["it corresponds to several clauses, and demo-1/5.1.1 of them is not answered"]
    assert states(stand(sop(1, "demo-1/4.1", "demo-1/5.1.1"), OTHER, row, ref="other-2"))["A"] == "covered"


def test_mappings_that_lead_in_a_circle_are_followed_one_step(stand: Callable[..., Coverage]) -> None:
    back = mapping((["A"], ["4.1"], "equal"), id="other-to-demo", **{"from": "other-2", "to": "demo-1"})
    found = stand(sop(1, "demo-1/4.1"), OTHER, mapping((["4.1"], ["A"], "equal")), back, ref="other-2")
    assert states(found) == {"A": "covered", "B": "gap", "C": "gap"}
    assert len(found.clause("A").claims) == 2  # by either mapping, each named


# --- rolling up ---------------------------------------------------------------------------------------


def test_a_heading_is_no_better_than_what_is_below_it(stand: Callable[..., Coverage]) -> None:
    found = stand(sop(1, "demo-1/4.1", "demo-1/5.1"))
    assert states(found)["4"] == "partly"
    assert states(found)["5"] == "partly"  # 5.1.1 stands below 5.1 and is open
    assert found.clause("5").counts == {"covered": 1, "gap": 1}


@given(st.lists(st.sampled_from(list(NAMES)), max_size=6))
def test_rolled_up_states_promise_nothing_that_is_not_there(given_states: list[str]) -> None:
    state = roll_up(given_states)
    applying = [s for s in given_states if s != "excluded"]
    assert state in NAMES
    assert (state == "covered") == (bool(applying) and set(applying) == {"covered"})
    assert (state == "excluded") == (not applying)
    if state in ("gap", "planned"):
        assert not {"covered", "partly"} & set(applying)
    assert roll_up(reversed(given_states)) == state


# --- the command --------------------------------------------------------------------------------------


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *arguments])


def test_an_unknown_standard_or_clause_names_what_is_near(tmp_path: Path) -> None:
    write(tmp_path, sop(1, "demo-1/4.1"))
    result = run(tmp_path, "coverage", "demo-2")
    assert result.exit_code == 2
    assert "demo-2 is neither a catalogue nor an item of type standard" in result.output
    assert "demo-1" in result.output
    missing = run(tmp_path, "coverage", "demo-1", "--clause", "4.9")
    assert (missing.exit_code, "has no clause 4.9" in missing.output, "4.1" in missing.output) == (2, True, True)
    with pytest.raises(UnknownStandard):
        coverage_of(Graph(load(tmp_path)), "SOP-001", TODAY)


def test_one_clause_is_told_whole(tmp_path: Path) -> None:
    seen = [{"date": "2026-10-01", "reference": "Lot 4711", "found": "Whole."}]
    write(tmp_path, sop(1, "demo-1/4.2"), {**KIND, "samples": seen})
    said = run(tmp_path, "coverage", "demo-1", "--clause", "4.2").output
    assert all(
        word in said
        for word in ("Demo, 4.2 Proof", "● covered; inspector answers for it", "sops/SOP-001.md", "2026-10-01 Lot 4711")
    )


def test_the_open_list_begins_with_the_worst(tmp_path: Path) -> None:
    write(tmp_path, sop(1, "demo-1/4.2"))
    said = run(tmp_path, "coverage", "STD-001", "--open").output
    assert said.index("■ 4.1") < said.index("▲ 4.2")
    assert "Clause by clause" not in said


def test_a_shipped_catalogue_can_be_asked_for_before_it_is_in_scope(tmp_path: Path) -> None:
    write(tmp_path, sop(1, "demo-1/4.1"))
    result = run(tmp_path, "coverage", "iso45001-2018")
    assert result.exit_code == 0
    assert "which no item of type standard applies yet" in result.output


def test_json_csv_and_workbook_say_the_same(tmp_path: Path) -> None:
    write(tmp_path, place("north"), place("south"), sop(1, "demo-1/4.1", title="=1+1 Formula"))
    data = json.loads(run(tmp_path, "coverage", "demo-1", "-f", "json").output)
    assert data["counts"] == {"covered": 1, "partly": 0, "planned": 0, "gap": 3, "excluded": 0}
    lines = run(tmp_path, "coverage", "demo-1", "-f", "csv").output.splitlines()
    assert lines[2].startswith("4.1,Situation,covered,,SOP-001")
    out = tmp_path / "c.xlsx"
    assert run(tmp_path, "coverage", "demo-1", "-f", "xlsx", "--out", str(out)).exit_code == 0
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["Open", "Clauses", "By location"]
    rows = [[cell.value for cell in row] for row in book["Clauses"].iter_rows(min_row=2)]
    assert [row[0] for row in rows] == [row["clause"] for row in data["clauses"]]
    assert [c.value for c in book["By location"][3]] == ["4.1", "Situation", "covered", "covered"]
    again = tmp_path / "d.xlsx"
    run(tmp_path, "coverage", "demo-1", "-f", "xlsx", "--out", str(again))
    assert again.read_bytes() == out.read_bytes()
    assert run(tmp_path, "coverage", "demo-1", "-f", "xlsx").exit_code == 2


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    data = workbook([Sheet("a/b*c" * 20, ["=x"], [["=1+1"], [3]])], "T", TODAY)
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert [(row[0].value, row[0].data_type) for row in sheet.iter_rows()] == [("=x", "s"), ("=1+1", "s"), (3, "n")]


def test_a_fall_against_the_baseline_fails(tmp_path: Path) -> None:
    write(tmp_path, sop(1, "demo-1/4.1"))
    kept = tmp_path / "kept.json"
    assert run(tmp_path, "coverage", "demo-1", "--write-baseline", str(kept)).exit_code == 0
    same = run(tmp_path, "coverage", "demo-1", "--baseline", str(kept))
    assert (same.exit_code, same.output) == (0, "no clause stands worse than in the baseline\n")
    write(tmp_path, sop(1, "demo-1/4.1", effective="2020-01-06"))
    fell = run(tmp_path, "coverage", "demo-1", "--baseline", str(kept))
    assert fell.exit_code == 1
    assert "4.1 was covered and is partly now: the review of SOP-001 is overdue since 2022-01-06" in fell.output
    kept.write_text("{}", encoding="utf-8")
    broken = run(tmp_path, "coverage", "demo-1", "--baseline", str(kept))
    assert (broken.exit_code, "was not written by qmsctl coverage" in broken.output) == (2, True)


def test_a_fall_at_one_location_is_a_fall(stand: Callable[..., Coverage]) -> None:
    one = (place("north"), place("south"), sop(2, "demo-1/4.1", locations=["south"], effective="2020-01-06"))
    before = stand(*one, sop(1, "demo-1/4.1", locations=["north"]))
    assert states(before)["4.1"] == "partly"
    now = stand(*one, sop(1, "demo-1/4.1", locations=["north"], effective="2020-01-06"))
    assert [(f.key, f.location, f.now) for f in baseline.fallen(baseline.snapshot(before), now)] == [
        ("4.1", "north", "partly")
    ]


def test_the_statement_of_applicability_gives_a_reason_for_every_control(tmp_path: Path) -> None:
    controls = {**CATALOGUE, "clauses": [{"key": "A.1", "topic": "Locks", "control": True}, {"key": "A.2", "topic": "Keys", "control": True}, {"key": "A.3", "topic": "Logs", "control": True}]}  # fmt: skip
    said = {
        "exclusions": [{"clause": "demo-1/A.2", "reason": "There are no keys."}],
        "inclusions": [{"clause": "demo-1/A.1", "reason": "RSK of theft."}],
    }
    write(tmp_path, controls, {**STANDARD, **said}, sop(1, "demo-1/A.1"))
    lines = run(tmp_path, "coverage", "demo-1", "--soa").output.splitlines()
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "A.1 Locks yes RSK of theft. covered SOP-001",
        "A.2 Keys no There are no keys. not applicable",
        "A.3 Logs yes no reason is written down gap",
    ]
    write(tmp_path, sop(1, "demo-1/4.1"))
    assert run(tmp_path, "coverage", "iso45001-2018", "--soa").exit_code == 2


def test_every_clause_of_the_reference_says_how_it_stands() -> None:
    graph = Graph(load(REPOSITORY))
    for item in graph.of_type("standard"):
        found = coverage_of(graph, item.id, TODAY)
        for clause in found.clauses:
            if clause.heading:
                continue
            assert clause.state in NAMES
            assert clause.state in ("covered", "excluded") or clause.reasons or clause.plan, clause.ref
            assert clause.owner, clause.ref


def test_reasons_on_pages_are_links_and_nothing_in_them_is_markup(tmp_path: Path) -> None:
    rows = [{"clause": "demo-1/4.1", "how": "implements", "missing": "<script>x</script>\nand more"}]
    write(tmp_path, sop(1, claims=rows), sop(2, "demo-1/5.1", effective="2020-01-06", title="<b>Old</b>"))
    loaded = load(tmp_path)
    view = View(loaded, checks.run(loaded, TODAY), TODAY)
    found = view.coverage("STD-001")
    assert view.say_linked(found.clause("4.1").reasons[0], "compliance/STD-001") == (
        '<a class="qms-ref" href="../sops/SOP-001.html">Work 1</a> leaves something open: '
        "&lt;script&gt;x&lt;/script&gt; and more"
    )
    assert "&lt;b&gt;Old&lt;/b&gt;</a> is overdue since" in view.say_linked(
        found.clause("5.1").reasons[0], "compliance"
    )


def test_what_another_standard_still_misses_leaves_a_good_answer_alone(stand: Callable[..., Coverage]) -> None:
    rows = [{"clause": "other-2/A", "how": "implements", "missing": "What only the other asks for."}]
    items = (sop(1, "demo-1/4.1"), sop(2, claims=rows), OTHER, mapping((["4.1"], ["A"], "subset")))
    assert states(stand(*items))["4.1"] == "covered"
    assert why(stand(*items, ref="other-2"), "A") == ["SOP-002 leaves something open: What only the other asks for."]


def test_showing_a_clause_says_how_it_stands(tmp_path: Path) -> None:
    write(tmp_path, sop(1, "demo-1/4.1", effective="2020-01-06"))
    said = run(tmp_path, "show", "demo-1/4.1").output
    assert "▲ partly; inspector answers for it" in said
    assert "- the review of SOP-001 is overdue since 2022-01-06" in said
    assert "○" not in run(tmp_path, "show", "STD-001").output


def test_a_page_of_a_framework_with_thousands_of_clauses_stays_small(tmp_path: Path) -> None:
    rows = [{"key": f"{n // 100}.{n % 100}", "topic": f"Topic {n}"} for n in range(100, 6_000)]
    write(tmp_path, {**CATALOGUE, "clauses": [{"key": str(n), "topic": "H", "heading": True} for n in range(1, 60)] + rows}, sop(1, "demo-1/7.7"))  # fmt: skip
    loaded = load(tmp_path)
    report = checks.run(loaded, TODAY, only=["link-target-missing"])
    pages.write(loaded, report, TODAY, tmp_path / "build/docs")
    page = (tmp_path / "build/docs/compliance/STD-001.md").read_text(encoding="utf-8")
    assert len(page) < 400_000
    assert 'id="c-7-7"' in page
    assert 'id="c-8-8"' not in page
    assert "60 of 5959 clauses are shown" in page
    assert len((tmp_path / "build/docs/catalogues/demo-1.md").read_text(encoding="utf-8")) < 400_000


def case(number: int, grade: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"NC-2026-00{number}", "type": "nonconformity", "title": f"Case {number}", "owner": "inspector",
        "found_on": "2026-10-01", "source": "audit", "what": "Something is wrong.", "grade": grade, "clause": "demo-1/4.1", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("grade", "status", "state"),
    [("major", "open", "partly"), ("major", "corrected", "partly"), ("major", "closed", "covered"), ("minor", "open", "covered")],
)  # fmt: skip
def test_an_open_major_nonconformity_leaves_no_clause_covered(
    stand: Callable[..., Coverage], grade: str, status: str, state: str
) -> None:
    clause = stand(sop(1, "demo-1/4.1"), case(1, grade, status=status)).clause("4.1")
    assert clause.state == state
    assert [str(reason) for reason in clause.reasons] == (
        ["the nonconformity NC-2026-001 is open"] if state == "partly" else []
    )
    assert [item.id for item in clause.cases] == ([] if status == "closed" else ["NC-2026-001"])


def test_a_nonconformity_against_the_same_demand_in_another_catalogue_counts(stand: Callable[..., Coverage]) -> None:
    items = (sop(1, "demo-1/4.1"), case(1, "major"), OTHER, mapping((["4.1"], ["A"], "equal")))
    assert why(stand(*items, ref="other-2"), "A") == ["the nonconformity NC-2026-001 is open"]


def test_what_always_applies_cannot_be_left_out(stand: Callable[..., Coverage]) -> None:
    fixed = [{**row, "cannot_be_excluded": True} for row in CATALOGUE["clauses"]]
    out = {**STANDARD, "exclusions": [{"clause": "demo-1/4", "reason": "No time for it."}]}
    found = stand({**CATALOGUE, "clauses": fixed}, out, sop(1, "demo-1/4.1"))
    assert (states(found)["4.1"], states(found)["4.2"]) == ("partly", "gap")
    assert why(found, "4.1") == ["it is left out, but it always applies"]


def test_a_record_made_for_a_wider_clause_proves_nothing_here(stand: Callable[..., Coverage]) -> None:
    wide = {**KIND, "clauses": ["other-2/A"], "samples": [{"date": "2026-10-01", "reference": "L-1"}]}
    items = (sop(1, "demo-1/4.2"), wide, OTHER)
    assert states(stand(*items, mapping((["4.2"], ["A"], "subset"))))["4.2"] == "partly"
    assert states(stand(*items, mapping((["4.2"], ["A"], "equal"))))["4.2"] == "covered"


def test_leaving_out_what_was_covered_is_a_fall(stand: Callable[..., Coverage]) -> None:
    before = baseline.snapshot(stand(sop(1, "demo-1/4.1")))
    now = stand(
        sop(1, "demo-1/4.1"), {**STANDARD, "exclusions": [{"clause": "demo-1/4.1", "reason": "Not done any more."}]}
    )
    assert [(fall.key, fall.now) for fall in baseline.fallen(before, now)] == [("4.1", "excluded")]


def test_derived_answers_are_told_only_where_none_of_its_own_carries(stand: Callable[..., Coverage]) -> None:
    items = (sop(1, "demo-1/4.1"), OTHER, mapping((["4.1"], ["A"], "equal")))
    assert [claim.at for claim in stand(*items, sop(2, "other-2/A"), ref="other-2").clause("A").answers] == ["SOP-002"]
    old = sop(2, "other-2/A", effective="2020-01-06")
    assert [claim.at for claim in stand(*items, old, ref="other-2").clause("A").answers] == ["SOP-002", "SOP-001"]


def test_audits_are_told_apart_by_whether_they_were_held(tmp_path: Path) -> None:
    audit = {
        "id": "AUD-2026-001", "type": "audit", "title": "Rules", "owner": "inspector", "planned": "2026-09-01",
        "carried_out": "2026-09-02", "clauses_seen": ["demo-1/4.1"], "status": "done", "standards": ["demo-1"],
    }  # fmt: skip
    later = {**audit, "id": "AUD-2026-002", "planned": "2026-12-01", "status": "planned"}
    del later["carried_out"]
    write(tmp_path, sop(1, "demo-1/4.1"), audit, later)
    said = run(tmp_path, "coverage", "demo-1", "--clause", "4.1").output
    assert said.index("Audited in") < said.index("2026-09-02 AUD-2026-001") < said.index("To be audited in")
    assert "2026-12-01 AUD-2026-002" in said


def test_a_standard_that_is_a_draft_says_so(tmp_path: Path) -> None:
    write(tmp_path, {**STANDARD, "status": "draft"})
    assert "STD-001: not released yet" in run(tmp_path, "coverage").output


@pytest.mark.parametrize("more", [{"status": "obsolete"}, {"status": "draft"}, {"effective": "2099-01-01"}])
def test_a_role_that_is_not_in_force_answers_for_nothing(stand: Callable[..., Coverage], more: dict[str, str]) -> None:
    assert states(stand(sop(1, "demo-1/4.1"), {**ROLE, **more}))["4.1"] == "partly"


def test_when_all_people_have_left_nobody_holds_a_role(stand: Callable[..., Coverage]) -> None:
    gone = {"id": "p-001", "type": "person", "title": "p-001", "roles": ["inspector"], "status": "left"}
    assert states(stand(sop(1, "demo-1/4.1"), gone))["4.1"] == "partly"


def test_a_fresh_record_of_one_plant_does_not_keep_the_other_green(stand: Callable[..., Coverage]) -> None:
    seen = [
        {"date": "2026-10-01", "reference": "L-1", "location": "north"},
        {"date": "2001-10-01", "reference": "L-2", "location": "south"},
    ]
    found = stand(place("north"), place("south"), sop(1, "demo-1/4.2"), {**KIND, "samples": seen})
    assert {name: stood.state for name, stood in found.clause("4.2").places.items()} == {
        "north": "covered",
        "south": "partly",
    }


def test_clauses_that_correspond_together_are_judged_at_each_plant(stand: Callable[..., Coverage]) -> None:
    halves = (sop(1, "demo-1/4.1", locations=["north"]), sop(2, "demo-1/5.1.1", locations=["south"]))
    row = mapping((["4.1", "5.1.1"], ["A"], "equal"))
    found = stand(place("north"), place("south"), *halves, OTHER, row, ref="other-2")
    assert {name: stood.state for name, stood in found.clause("A").places.items()} == {
        "north": "partly",
        "south": "partly",
    }


def test_a_demanded_document_must_be_one_that_carries(stand: Callable[..., Coverage]) -> None:
    register = {**KIND, "claims": [{"clause": "demo-1/5.1", "how": "implements"}]}
    found = stand(sop(1, "demo-1/5.1", effective="2019-01-07"), register)
    assert why(found, "5.1") == ["the review of SOP-001 is overdue since 2021-01-07"]


@pytest.mark.parametrize("more", [{}, {"reason": " "}, {"reason": "Later.", "since": "2099-01-01"}])
def test_what_is_left_out_without_a_reason_or_not_yet_is_not_left_out(
    stand: Callable[..., Coverage], more: dict[str, str]
) -> None:
    assert states(stand({**STANDARD, "exclusions": [{"clause": "demo-1/4.1", **more}]}))["4.1"] == "gap"


def test_an_item_about_a_standard_that_is_not_in_force_leaves_nothing_out(stand: Callable[..., Coverage]) -> None:
    out = [{"clause": "demo-1/4.1", "reason": "Not done."}]
    assert states(stand({**STANDARD, "effective": "2099-01-01", "exclusions": out}))["4.1"] == "gap"
    second = {**STANDARD, "id": "STD-000", "effective": "2099-01-01", "exclusions": out}
    assert states(stand(second, sop(1, "demo-1/4.1")))["4.1"] == "covered"


def test_a_mapping_to_itself_and_claims_on_headings_lead_nowhere(stand: Callable[..., Coverage]) -> None:
    own = mapping((["4.1"], ["4.1", "5.1.1"], "superset"), **{"to": "demo-1"})
    assert states(stand(sop(1, "demo-1/4.1"), own))["5.1.1"] == "gap"
    heading = mapping((["4"], ["A"], "equal"))
    assert states(stand(sop(1, "demo-1/4"), OTHER, heading, ref="other-2"))["A"] == "gap"


def test_a_demand_in_other_words_is_read_as_asking_for_records(stand: Callable[..., Coverage]) -> None:
    odd = {**CATALOGUE, "clauses": [{"key": "4.1", "topic": "Situation", "documented": "records"}]}
    assert states(stand(odd, sop(1, "demo-1/4.1")))["4.1"] == "partly"


def test_what_is_no_longer_asked_has_fallen(stand: Callable[..., Coverage]) -> None:
    before = baseline.snapshot(stand(place("north"), place("south"), sop(1, "demo-1/4.1")))
    fewer = {**CATALOGUE, "clauses": [row for row in CATALOGUE["clauses"] if row["key"] != "4.1"]}
    found = baseline.fallen(before, stand(place("north"), {**STANDARD, "locations": ["north"]}, fewer))
    assert ("4.1", "", "gone") in [(fall.key, fall.location, fall.now) for fall in found]


def test_proof_of_something_that_only_overlaps_is_no_proof(stand: Callable[..., Coverage]) -> None:
    seen = {**KIND, "clauses": ["other-2/A"], "samples": [{"date": "2026-10-01", "reference": "Waste note"}]}
    found = stand(sop(1, "demo-1/4.2"), seen, OTHER, mapping((["4.2"], ["A"], "intersect")))
    assert why(found, "4.2") == ["it demands records, and no kind of record is named for it"]


@pytest.mark.parametrize("option", [["--write-baseline"], ["-f", "json", "--out"]])
@pytest.mark.parametrize("name", ["qms.yaml", "sops/SOP-001.md"])
def test_no_file_of_the_system_is_written_over(tmp_path: Path, option: list[str], name: str) -> None:
    file = write(tmp_path, sop(1, "demo-1/4.1")) / name
    before = file.read_bytes()
    assert run(tmp_path, "coverage", "demo-1", *option, str(file)).exit_code == 2
    assert file.read_bytes() == before
