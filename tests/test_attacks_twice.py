"""Attacks in two steps: what was approved once, or landed round the gate once, must not carry the next step."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from qmsctl import redline
from qmsctl.approvals import recording, signing, statement
from qmsctl.approvals.control import open_control
from qmsctl.approvals.documents import GOVERNING
from qmsctl.approvals.register import Register
from qmsctl.cli import app
from qmsctl.loader import load
from tests.shop import RULES, Shop, config, keys, make, person, refusals, sop

DOCUMENT = "sops/SOP-001-incoming-inspection.md"
BETTER = sop("1.1", "2026-03-09", "Eight pieces now, after a mix-up.", "Take eight pieces from each lot.")
EVIL = sop("1.1", "2026-03-02", "Eight pieces now, after a mix-up.", "Take no pieces from each lot.")
EVE = "people/p-005.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make(tmp_path / "shop")


def register(shop: Shop, day: str = "2026-03-20") -> Register:
    found = open_control(load(shop.root), day, remember=False).register
    assert found is not None
    return found


def approved(shop: Shop) -> bool:
    found = register(shop)
    return found.verdict(found.history.versions["SOP-001"][-1]).approved


def both_sign(shop: Shop) -> None:
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")


def govern(shop: Shop, name: str, text: str) -> None:
    """Land a change of a person, properly approved."""
    shop.branch(name)
    shop.commit({EVE: text}, "tom")
    shop.sign(GOVERNING, "max", "managing-director", "approval")
    shop.sign(GOVERNING, "ina", "quality-manager", "review")
    shop.push(name)
    decision = shop.judged("tom")
    assert decision.passed, refusals(decision)
    shop.land(name)


def test_old_approval_gives_no_role_back(shop: Shop) -> None:
    more = person("eve", ["quality-manager", "quality-engineer"])
    govern(shop, "given", more)
    govern(shop, "taken", person("eve"))
    assert all(verdict.approved for _, _, verdict in register(shop).governing)
    shop.branch("again")
    shop.commit({EVE: more}, "eve")
    shop.push("again")
    decision = shop.judged("eve")
    assert not decision.passed
    assert "approved, but changed since: it was given before" in refusals(decision)
    shop.land("again")
    assert not register(shop).governing[-1][2].approved


def test_stolen_roles_approve_nothing(shop: Shop) -> None:
    """Neither a document, nor the next change of what governs, nor anything at the gate."""
    roles = ["managing-director", "quality-manager", "quality-engineer"]
    shop.commit({EVE: person("eve", roles), "people/p-006.yaml": person("zoe", roles)}, "max")
    names = (shop.root / "people/directory.yaml").read_text(encoding="utf-8")
    shop.commit({"people/directory.yaml": names + "# x\n"}, "max")
    shop.sign(GOVERNING, "eve", "managing-director", "approval")
    shop.sign(GOVERNING, "zoe", "quality-manager", "review")
    shop.commit({DOCUMENT: EVIL}, "max")
    shop.sign("SOP-001", "eve", "quality-manager", "approval")
    shop.sign("SOP-001", "zoe", "quality-engineer", "review")
    assert not approved(shop)
    assert not any(verdict.approved for _, _, verdict in register(shop).governing)
    shop.branch("next")
    shop.commit({DOCUMENT: sop("1.2", "2026-03-09", "More of it.", "Take one piece.")}, "tom")
    shop.push("next")
    shop.review("eve", body="as quality-manager: approval")
    shop.review("zoe", body="as quality-engineer: review")
    decision = shop.judged("tom")
    assert not decision.passed
    assert "the base is not sound: people/p-005.yaml, people/p-006.yaml" in refusals(decision) or (
        "the base is not sound: people/directory.yaml" in refusals(decision)
    )


def test_what_landed_round_the_gate_is_mended_by_the_old_people(shop: Shop) -> None:
    shop.commit({EVE: person("eve", ["quality-manager"])}, "eve")
    shop.branch("back")
    shop.commit({EVE: person("eve")}, "tom")
    shop.sign(GOVERNING, "max", "managing-director", "approval")
    shop.sign(GOVERNING, "ina", "quality-manager", "review")
    shop.push("back")
    decision = shop.judged("tom")
    assert decision.passed, refusals(decision)
    shop.land("back")
    assert register(shop).governing[-1][2].approved


def test_evidence_alone_may_follow_what_it_proves(shop: Shop) -> None:
    """A change approved on the forge is proven on main only once its record has landed."""
    shop.branch()
    shop.commit({EVE: person("eve", ["quality-manager"])}, "tom")
    shop.push()
    shop.review("max")
    shop.review("ina")
    decision = shop.judged("tom")
    assert decision.passed, refusals(decision)
    landed = shop.land()
    assert not register(shop).governing[-1][2].approved
    pull = dataclasses.replace(shop.pull("tom"), merged_as=landed, merged_by="max", merged_at=shop.clock.isoformat())
    control = open_control(load(shop.root), "2026-03-20", remember=False)
    path, data = recording.record(load(shop.root), control, pull, "robot", shop.clock.isoformat())
    shop.branch("record")
    shop.commit({path: data, path + ".sig": signing.sign(data, keys() / "robot", signing.RECORD)}, "max")
    decision = shop.gate("record")
    assert decision.passed, refusals(decision)
    shop.land("record")
    assert register(shop).governing[-1][2].approved


@pytest.mark.parametrize("day", ["2026-03-03", "2026-03-02"])
def test_beginning_of_change_control_moved(shop: Shop, day: str) -> None:
    text = config().replace("from: 2026-01-01", f"from: {day}")
    shop.commit({"qms.yaml": text, DOCUMENT: EVIL}, "eve", when="2026-03-01T23:00:00+01:00")
    found = register(shop)
    assert found.since == "2026-01-01"
    assert not found.verdict(found.history.versions["SOP-001"][-1]).approved
    assert not found.governing[-1][2].approved


def test_old_picture_needs_a_new_approval(shop: Shop) -> None:
    for name, picture in (("one", b"\x89PNG one"), ("two", b"\x89PNG two")):
        shop.branch(name)
        shop.commit({"sops/lane.png": picture, **({DOCUMENT: BETTER} if name == "one" else {})}, "eve")
        shop.push(name)
        both_sign(shop)
        decision = shop.gate(name)
        assert decision.passed, refusals(decision)
        shop.land(name)
        assert approved(shop)
    shop.branch("three")
    shop.commit({"sops/lane.png": b"\x89PNG one"}, "eve")
    assert not shop.gate("three").passed
    shop.land("three")
    assert not approved(shop)


def test_two_commits_landed_by_rebase_stay_approved(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER.replace("Take eight", "Take 8")}, "eve")
    shop.commit({DOCUMENT: BETTER}, "eve")
    both_sign(shop)
    assert shop.gate().passed
    shop.clock += datetime.timedelta(minutes=30)
    shop.git("rebase", "--force-rebase", "main", who="max")
    shop.go("main")
    shop.git("merge", "--ff-only", "-q", "topic")
    assert approved(shop)


def test_periodic_review_put_into_the_pull_request_of_another(shop: Shop) -> None:
    shop.branch()
    made = shop.statement("SOP-001", "tom", "quality-engineer", "periodic-review", verdict="keep")
    shop.commit({statement.path_of(made): statement.render(made)}, "eve")
    shop.push()
    decision = shop.judged("tom")
    assert not decision.passed
    assert "was not written by Tom Reyes alone" in refusals(decision)


def test_questions_are_not_answered_by_naming_what_does_not_change(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", RULES.replace("change_records: []", "change_records: [minor]"))
    shop.branch()
    record = (
        "id: CHG-2026-001\ntype: change\ntitle: More pieces\nowner: quality-engineer\nkind: minor\nwhy: After a mix-up.\n"
        'documents:\n  - {item: SOP-001, revision: "1.1"}\n  - {item: inspector, revision: "1.0"}\n'
    )
    shop.commit({DOCUMENT: BETTER, "changes/CHG-2026-001-more-pieces.yaml": record}, "eve")
    both_sign(shop)
    assert [question.item for question in shop.gate().open_questions] == ["inspector"]


def test_change_record_deleted_after_it_has_served(shop: Shop) -> None:
    text = "id: CHG-2026-001\ntype: change\ntitle: More pieces\nowner: quality-engineer\nkind: minor\nwhy: After a mix-up.\n"
    shop.commit({"changes/CHG-2026-001-more.yaml": text + "documents: [{item: SOP-001, revision: '1.0'}]\n"}, "max")
    shop.branch()
    shop.commit({"changes/CHG-2026-001-more.yaml": None}, "eve")
    assert "the change record CHG-2026-001 More pieces is deleted" in refusals(shop.gate())


@pytest.mark.parametrize("name", ["mkdocs.py", "yaml.py", "click.py"])
def test_files_of_the_system_are_not_run_when_it_is_built(shop: Shop, name: str) -> None:
    shop.write({name: f"open({str(shop.root / 'ran')!r}, 'w').close()\n"})
    done = CliRunner().invoke(app, ["-C", str(shop.root), "site", "build", "--preview"])
    assert done.exit_code == 0, done.output
    assert not (shop.root / "ran").exists()


@pytest.mark.parametrize(
    "name", ["GNUmakefile", "makefile", "scripts/gate.sh", ".GitHub/workflows/x.yml", "SOPS/x.md", "QMS.yaml"]
)
def test_files_that_could_be_run_or_read_in_the_place_of_others(shop: Shop, name: str) -> None:
    shop.branch()
    shop.commit({name: "x\n"}, "eve")
    assert not shop.gate().passed


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Wear gloves.", "<!-- Wear gloves. -->"),
        ("Wear gloves.", "~~Wear gloves.~~"),
        ("Take sterile pieces", "Take unsterile pieces"),
        ("Tighten the clamp", "Lighten the clamp"),
        ("lock the door", "unlock the door"),
        ("value ≤ limit", "value ≥ limit"),
        ("pH > seven", "pH < seven"),
        ("one million pieces", "one billion pieces"),
        ("on Tuesday morning", "on Thursday morning"),
        ("check weekly", "check biweekly"),
        ("call at once", "call when convenient"),
        ("Stop if hot. Never open it.", "Stop. If hot never open it."),
        ("offset -X here", "offset X here"),
    ],
)
def test_another_meaning_is_not_another_spelling(before: str, after: str) -> None:
    changed = redline.Change(("body", "Steps"), "Steps", "changed", before, after, names=frozenset({"prose"}))
    assert redline.substantive([changed])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Wear gloves", "Wear gloves."),
        ("recieve the lot", "receive the lot"),
        ("work piece", "workpiece"),
        ("The lot, then", "the lot then"),
    ],
)
def test_another_spelling_is_not_another_meaning(before: str, after: str) -> None:
    changed = redline.Change(("body", "Steps"), "Steps", "changed", before, after, names=frozenset({"prose"}))
    assert not redline.substantive([changed])
