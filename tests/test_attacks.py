"""Attacks on change control, each on a real repository: every one is refused, and the reason says what was tried.

Where it makes sense the honest variant of the same steps is asked too, so that a refusal is for the attack.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from qmsctl.approvals import signing, snapshots
from qmsctl.approvals.register import Register
from qmsctl.approvals.snapshots import Said, Snapshot
from qmsctl.approvals.statement import StatementFault
from qmsctl.gate import Decision, GateFault
from qmsctl.history import git, revisions
from qmsctl.loader import load
from tests.shop import RULES, Shop, config, keys, make, person, public, refusals, role, sop

DOCUMENT = "sops/SOP-001-incoming-inspection.md"
BETTER = sop("1.1", "2026-03-09", "Eight pieces now, after a mix-up.", "Take eight pieces from each lot.")
WORSE = BETTER.replace("eight pieces from", "one piece from")
Files = dict[str, str | bytes | None]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make(tmp_path / "shop")


def change(shop: Shop, text: str = BETTER, who: str = "eve", **more: str) -> None:
    """Propose another text on a branch."""
    shop.branch()
    shop.commit({DOCUMENT: text}, who, **more)


def propose(shop: Shop, files: Files, who: str = "eve") -> None:
    """Propose files on a branch, push them, and let the usual two agree."""
    shop.branch()
    shop.commit(files, who)
    agree(shop)


def agree(shop: Shop) -> None:
    """Push, and let a quality engineer and a quality manager approve."""
    shop.push()
    shop.review("tom")
    shop.review("ina")


def both_sign(shop: Shop) -> None:
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")


def refused(decision: Decision, *reasons: str) -> None:
    """Assert that a change is refused, and that it is said why."""
    said = refusals(decision)
    assert not decision.passed
    for reason in reasons:
        assert reason in said, said


def passes(decision: Decision) -> None:
    assert decision.passed, refusals(decision)


# --- approving one's own work --------------------------------------------------------------------------


def test_the_authors_own_review(shop: Shop) -> None:
    change(shop, who="tom")
    shop.push()
    shop.review("tom")
    shop.review("ina")
    refused(shop.judged("tom"), "Tom Reyes had a hand in this text", "the review by Quality engineer is missing")
    shop.review("ada")
    passes(shop.judged("tom"))


def test_the_authors_own_signature(shop: Shop) -> None:
    change(shop, who="tom")
    both_sign(shop)
    refused(shop.gate(), "Tom Reyes had a hand in this text")
    shop.sign("SOP-001", "ada", "quality-engineer", "review")
    passes(shop.gate())


def test_who_opened_the_pull_request_approves_a_text_committed_by_another(shop: Shop) -> None:
    change(shop)
    agree(shop)
    refused(shop.judged("tom"), "Tom Reyes had a hand in this text")
    passes(shop.judged("eve"))


def test_second_account_as_co_author(shop: Shop) -> None:
    change(shop, message="sop: change\n\nCo-authored-by: Tom Reyes <Tom@Shop.example>")
    agree(shop)
    refused(shop.judged(), "Tom Reyes had a hand in this text")


def test_second_account_as_committer(shop: Shop) -> None:
    change(shop, committer="tom")
    agree(shop)
    refused(shop.judged(), "Tom Reyes had a hand in this text")


def test_author_known_only_by_the_address_the_forge_makes_up(shop: Shop) -> None:
    change(shop, who="4711+Tom@users.noreply.github.com")
    agree(shop)
    refused(shop.judged(), "Tom Reyes had a hand in this text")


def test_author_hides_behind_an_address_nobody_knows(shop: Shop) -> None:
    change(shop, who="somebody@elsewhere.example")
    agree(shop)
    refused(shop.judged(), "nobody knows who `somebody@elsewhere.example` on the commit")


def test_two_logins_claimed_by_one_address(shop: Shop) -> None:
    change(shop, who="ｔom@shop.example")
    agree(shop)
    refused(shop.judged(), "nobody knows who `ｔom@shop.example`")


def test_wrote_what_landed_unapproved_and_approves_what_another_builds_on_it(shop: Shop) -> None:
    change(shop, WORSE, "tom")
    shop.land()
    shop.branch("again")
    shop.commit({DOCUMENT: sop("1.2", "2026-03-10", "Back to eight pieces.", "Take eight pieces from each lot.")})
    shop.push("again")
    shop.review("tom")
    shop.review("ina")
    refused(shop.judged(), "Tom Reyes had a hand in this text")
    shop.review("ada")
    passes(shop.judged())


def test_adding_only_approvals_is_no_hand_in_the_text(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    passes(shop.gate())


# --- what was approved is not what would land -------------------------------------------------------------


def test_approve_then_push(shop: Shop) -> None:
    change(shop)
    agree(shop)
    passes(shop.judged())
    shop.commit({DOCUMENT: WORSE})
    shop.push()
    refused(shop.judged(), "approved, but changed since", "was given for another text")


def test_sign_then_edit(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    shop.commit({DOCUMENT: WORSE})
    refused(shop.gate(), "approved, but changed since")


@pytest.mark.parametrize("rebound", [False, True])
def test_rebase_with_the_same_content_stays_approved(shop: Shop, rebound: bool) -> None:
    change(shop)
    agree(shop)
    shop.go("main")
    shop.commit({"notes.txt": "Main moves on.\n"}, "max")
    shop.go("topic")
    shop.git("rebase", "-q", "main", who="eve")
    shop.push()
    if rebound:
        shop.rebind()
    passes(shop.judged())


@pytest.mark.parametrize("rebound", [False, True])
def test_rebase_with_another_content(shop: Shop, rebound: bool) -> None:
    change(shop)
    agree(shop)
    shop.go("main")
    shop.commit({"notes.txt": "Main moves on.\n"}, "max")
    shop.go("topic")
    shop.git("rebase", "-q", "main", who="eve")
    shop.write({DOCUMENT: WORSE})
    shop.git("commit", "-q", "-a", "--amend", "--no-edit", who="eve")
    shop.push()
    if rebound:
        shop.rebind()
    refused(shop.judged(), "approved, but changed since")


@pytest.mark.parametrize("rebound", [False, True])
def test_force_push_after_approval(shop: Shop, rebound: bool) -> None:
    change(shop)
    agree(shop)
    shop.git("reset", "-q", "--hard", "main")
    shop.commit({DOCUMENT: WORSE})
    shop.push()
    if rebound:
        shop.rebind()
    refused(shop.judged(), "approved, but changed since")


def test_forge_binds_a_review_to_a_head_and_forgets_the_earlier_ones(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.commit({DOCUMENT: WORSE})
    shop.push()
    shop.rebind()
    del shop.pushes[0]
    refused(shop.judged(), "the forge does not say which text was there when it was given")


def test_white_space_edit_that_moves_a_yaml_key_into_a_text(shop: Shop) -> None:
    """A patch id, and a redline that ignores white space, see no difference."""
    honest = BETTER.replace("purpose: ", "purpose: |\n  ").replace("\n---\n\n!", "\nneeds: [Caliper]\n---\n\n!")
    change(shop, honest)
    agree(shop)
    passes(shop.judged())
    shop.commit({DOCUMENT: honest.replace("\nneeds:", "\n  needs:")})
    assert not shop.git("diff", "-w", "HEAD~1", "HEAD")
    shop.push()
    refused(shop.judged(), "approved, but changed since")


@pytest.mark.parametrize("variant", [b"\xef\xbb\xbf" + BETTER.encode(), BETTER.replace("\n", "\r\n").encode()])
def test_byte_order_mark_or_other_line_ends_after_approval(shop: Shop, variant: bytes) -> None:
    change(shop)
    agree(shop)
    shop.commit({DOCUMENT: variant})
    shop.push()
    refused(shop.judged(), "approved, but changed since")


def test_clean_merge_of_two_approved_edits_that_nobody_approved(tmp_path: Path) -> None:
    parts = ["Take five pieces.", *(f"Rule {n} of the trade." for n in range(12)), "Label the lot."]
    shop = make(tmp_path / "shop", files={DOCUMENT: sop(text="\n\n".join(parts))})
    first = sop("1.1", "2026-03-09", "After a mix-up.", "\n\n".join(["Take eight pieces.", *parts[1:]]))
    last = sop("1.1", "2026-03-09", "After a mix-up.", "\n\n".join([*parts[:-1], "Label every piece."]))
    change(shop, first)
    agree(shop)
    passes(shop.judged())
    shop.branch("other")
    shop.commit({DOCUMENT: last})
    both_sign(shop)
    shop.land("other")
    refused(shop.judged(), "approved, but changed since")


def test_merge_commit_that_smuggles_content(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.go("main")
    shop.commit({"notes.txt": "Main moves on.\n"}, "max")
    shop.go("topic")
    shop.git("merge", "-q", "--no-commit", "--no-ff", "main", who="eve")
    shop.commit({DOCUMENT: WORSE}, message="Merge main")
    shop.push()
    refused(shop.judged(), "approved, but changed since")


@pytest.mark.parametrize("text", ["", WORSE])
def test_who_smuggles_content_into_a_merge_wrote_it(shop: Shop, text: str) -> None:
    """A merge that leaves the document as it was is no hand in it."""
    change(shop)
    shop.go("main")
    shop.commit({"notes.txt": "Main moves on.\n"}, "max")
    shop.go("topic")
    shop.git("merge", "-q", "--no-commit", "--no-ff", "main", who="tom")
    shop.commit({DOCUMENT: text} if text else {}, "tom", message="Merge main")
    agree(shop)
    if text:
        refused(shop.judged(), "Tom Reyes had a hand in this text")
    else:
        passes(shop.judged())


def test_merge_that_takes_back_what_others_landed(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    shop.branch("other")
    shop.commit({"notes.txt": "Harmless.\n"})
    shop.land()
    shop.go("other")
    shop.git("merge", "-q", "-s", "ours", "-m", "Merge main", "main", who="eve")
    refused(shop.gate("other"), "the approval by Quality manager", "only ever added")


@pytest.mark.parametrize("day", ["2026-03-03", "2026-03-12"])
def test_old_approval_does_not_bring_a_superseded_revision_back(shop: Shop, day: str) -> None:
    """Neither while the later revision is pending, nor when it is in force."""
    change(shop)
    both_sign(shop)
    shop.land()
    shop.branch("next")
    shop.commit({DOCUMENT: sop("1.2", "2026-03-10", "Ten pieces now.", "Take ten pieces.")})
    both_sign(shop)
    passes(shop.gate("next"))
    shop.land("next")
    shop.at(f"{day}T08:00:00+01:00")
    shop.branch("back")
    shop.commit({DOCUMENT: BETTER})
    refused(shop.gate("back"), "1.1")


def standing(shop: Shop) -> tuple[bool, str]:
    """Return whether what main holds of the document is approved, and what was refused."""
    loaded = load(shop.root)
    history = revisions.read(shop.root, loaded.config, loaded.types, "main")
    verdict = Register(history, loaded).verdict(history.versions["SOP-001"][-1])
    return verdict.approved, "\n".join(reason for _, reason in verdict.refused)


def test_squash_with_an_edit_slipped_in(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    passes(shop.gate())
    shop.go("main")
    shop.git("merge", "-q", "--squash", "topic")
    shop.commit({DOCUMENT: WORSE}, "max", message="Squash topic")
    assert standing(shop) == (False, "approved, but changed since\napproved, but changed since")


def test_squash_as_approved_stays_approved(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    shop.land(how="squash")
    assert standing(shop) == (True, "")


@pytest.mark.parametrize("time", ["claimed", "proven"])
def test_landing_dated_before_change_control_began(tmp_path: Path, time: str) -> None:
    """A later landing shows the date to be wrong; without one, only rules that ask for proof do not believe it."""
    shop = make(tmp_path / "shop", RULES.replace("  change_records", f"  time: {time}\n  change_records"))
    shop.commit({DOCUMENT: WORSE}, "max", when="2025-12-15T08:00:00+01:00")
    assert standing(shop)[0] == (time == "claimed")
    change(shop)
    both_sign(shop)
    shop.land()
    shop.commit({DOCUMENT: WORSE}, "max", when="2025-12-15T08:00:00+01:00")
    assert not standing(shop)[0]


# --- pictures ----------------------------------------------------------------------------------------------


def test_picture_swapped_behind_an_approved_document(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.commit({"sops/lane.png": b"\x89PNG red lane"})
    shop.push()
    refused(shop.judged(), "approved, but changed since")


def test_picture_alone_is_a_change_of_its_document(shop: Shop) -> None:
    shop.branch()
    shop.commit({"sops/lane.png": b"\x89PNG red lane"})
    refused(shop.gate(), "the approval by Quality manager is missing")


@pytest.mark.parametrize(
    "shown",
    [
        "![Lane][lane]\n\n[lane]: lane.png",
        "![Lane](<lane.png>)",
        '![Lane](./lane.png "Yellow")',
        "![Lane [1]](lane.png)",
        "[![Lane](lane.png)](https://shop.example)",
        "![The\nlane](lane.png)",
        '<img src="lane.png" alt="Lane">',
        "[Lane](../sops/lane.png)",
    ],
)
def test_picture_shown_in_an_unusual_way_is_swapped(shop: Shop, shown: str) -> None:
    change(shop, BETTER.replace("![Lane](lane.png)", shown))
    agree(shop)
    shop.commit({"sops/lane.png": b"\x89PNG red lane"})
    shop.push()
    refused(shop.judged())


def test_file_handed_out_by_a_document_is_swapped(shop: Shop) -> None:
    change(shop, BETTER.replace("![Lane](lane.png)", "[Settings](../files/settings.yaml)"))
    shop.commit({"files/settings.yaml": "speed: 5\n"})
    agree(shop)
    passes(shop.judged())
    shop.commit({"files/settings.yaml": "speed: 500\n"})
    shop.push()
    refused(shop.judged(), "approved, but changed since")


def test_picture_that_is_a_link(shop: Shop) -> None:
    """What a link shows could change without the link."""
    change(shop, BETTER.replace("(lane.png)", "(../pictures/lane.png)"))
    shop.write({"store/lane.png": b"\x89PNG yellow lane", "pictures/note.txt": "Pictures.\n"})
    (shop.root / "pictures/lane.png").symlink_to("../store/lane.png")
    shop.commit({})
    agree(shop)
    refused(shop.judged(), "pictures/lane.png is a symbolic link")


EDITORIAL = RULES.replace(
    "    - name: Every document\n",
    "    - name: Editorial\n      applies: {kinds: [editorial]}\n      need: [{meaning: review, any_of: [owner]}]\n"
    "    - name: Every document\n      applies: {kinds: [new, minor, major, obsolete]}\n",
)


@pytest.mark.parametrize("what", ["typing error", "text", "picture"])
def test_change_of_meaning_declared_editorial(tmp_path: Path, what: str) -> None:
    shop = make(tmp_path / "shop", EDITORIAL)
    text = sop("1.1", "2026-03-09", "A word corrected.").replace("change:", "change_kind: editorial\nchange:")
    text = text.replace("five", "one") if what == "text" else text.replace("title: Incoming", "title: Incomming")
    shop.branch()
    shop.commit({DOCUMENT: text, "sops/lane.png": b"\x89PNG red lane"} if what == "picture" else {DOCUMENT: text})
    shop.push()
    shop.review("tom")
    if what == "typing error":
        passes(shop.judged())
    else:
        refused(shop.judged(), "the approval by Quality manager is missing")


# --- approvals of something else -----------------------------------------------------------------------------

SECOND = BETTER.replace("SOP-001", "SOP-002").replace("Incoming", "Outgoing")


def test_statement_moved_to_another_document(shop: Shop) -> None:
    change(shop)
    path = shop.sign("SOP-001", "ina", "quality-manager", "approval")
    text, signature = (shop.root / path).read_bytes(), (shop.root / f"{path}.sig").read_bytes()
    other = path.replace("SOP-001", "SOP-002")
    shop.commit({"sops/SOP-002-outgoing-inspection.md": SECOND, other: text, f"{other}.sig": signature})
    refused(shop.gate(), f"{other}: a statement like this is kept at {path}")


def test_statement_rewritten_for_another_document(shop: Shop) -> None:
    change(shop)
    path = shop.sign("SOP-001", "ina", "quality-manager", "approval")
    text, signature = (shop.root / path).read_bytes(), (shop.root / f"{path}.sig").read_bytes()
    other = path.replace("SOP-001", "SOP-002")
    forged = text.replace(b"# item: SOP-001", b"# item: SOP-002")
    shop.commit({"sops/SOP-002-outgoing-inspection.md": SECOND, other: forged, f"{other}.sig": signature})
    refused(shop.gate(), f"{other}: the text was changed after it was signed")


def test_approval_of_an_older_revision(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    shop.land()
    shop.branch("next")
    shop.commit({DOCUMENT: sop("1.2", "2026-03-10", "One piece will do.", "Take one piece.")})
    refused(shop.gate("next"), "the approval by Quality manager")


def test_review_of_one_document_is_none_of_another(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.commit({"sops/SOP-002-outgoing-inspection.md": SECOND})
    shop.push()
    refused(
        shop.judged(),
        "the approval by Quality manager is missing",
        "the document was not there when it was given",
    )


# --- a change that gives itself the right to land ---------------------------------------------------------------

LAX = RULES.replace("        - {meaning: approval, any_of: [quality-manager]}\n", "")
WAIVED = 'waivers: [{check: image-missing, reason: The picture is yet to come., until: "2026-12-31"}]\n'
UNCONTROLLED = (
    "$schema: https://json-schema.org/draft/2020-12/schema\ntitle: SOP\nx-plural: SOPs\nx-folder: sops\n"
    "x-id: SOP-###\nx-file: md\nx-group: documents\nx-controlled: false\nproperties:\n"
    + "".join(
        f"  {name}: {{title: {name}, type: string}}\n"
        for name in ("revision", "effective", "owner", "review_every", "change", "purpose")
    )
)
GOVERNING: dict[str, Files] = {
    "a role for its author": {"people/p-005.yaml": person("eve", ["inspector", "quality-manager"])},
    "a key": {"people/p-001.yaml": person("ina", key=public("stranger"))},
    "a person": {"people/p-009.yaml": person("eve", ["quality-manager"]).replace("p-005", "p-009")},
    "a login": {"people/p-001.yaml": person("ina").replace("forge: ina", "forge: mallory")},
    "a printed name": {"people/directory.yaml": "p-005: Ina Berg\n"},
    "a role's description": {"roles/quality-manager.yaml": role("quality-manager").replace("Decides", "Signs")},
    "looser rules": {"qms.yaml": config(LAX)},
    "no rules": {"qms.yaml": config("", False)},
    "a recorder": {"qms.yaml": config(recorder=False)},
    "a waiver": {"qms.yaml": config() + WAIVED},
    "a level": {"qms.yaml": config() + 'checks: {levels: {image-missing: "off"}}\n'},
    "an item type": {"item_types/sop.schema.yaml": UNCONTROLLED},
    "a workflow": {".github/workflows/x.yml": "on: push\n"},
    "a pipeline": {".gitlab-ci.yml": "gate: {script: [true]}\n"},
    "the gate's version": {"requirements.txt": "qmsctl==0.0.1\n"},
    "the gate's dependencies": {"constraints.txt": "PyYAML==1.0\n"},
    "the project file": {"pyproject.toml": "[project]\nname = 'x'\n"},
    "another pipeline": {"Jenkinsfile": "pipeline {}\n"},
    "one more pipeline": {".circleci/config.yml": "version: 2.1\n"},
    "a fourth pipeline": {"bitbucket-pipelines.yml": "pipelines: {}\n"},
    "a lock file": {"uv.lock": "version = 1\n"},
    "code owners": {"docs/CODEOWNERS": "* @eve\n"},
    "attributes": {"sops/.gitattributes": "*.md merge=union\n"},
}


@pytest.mark.parametrize("what", GOVERNING)
def test_change_of_what_governs_the_system(shop: Shop, what: str) -> None:
    propose(shop, GOVERNING[what])
    refused(shop.judged(), "the approval by Managing director is missing")


def test_strictest_rule_lets_a_governing_change_land(shop: Shop) -> None:
    propose(shop, GOVERNING["a role for its author"])
    shop.review("max")
    passes(shop.judged())


def test_harmless_file_beside_a_governing_change_bars_nobody(shop: Shop) -> None:
    shop.branch()
    shop.commit({"README.md": "# Shop\n"}, "max")
    shop.commit(GOVERNING["a role for its author"])
    agree(shop)
    shop.review("max")
    passes(shop.judged())


def test_two_governing_changes_whose_merge_nobody_approved(shop: Shop) -> None:
    propose(shop, GOVERNING["a role for its author"])
    shop.review("max")
    shop.go("main")
    shop.commit({"people/p-003.yaml": person("ada", ["quality-engineer"])}, "max")
    refused(shop.judged(), "the approval by Managing director was given for another")


def test_role_given_in_the_same_change_does_not_count_in_it(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER, "people/p-005.yaml": person("eve", ["inspector", "quality-manager"])}, "tom")
    shop.push()
    for who in ("ada", "eve", "max"):
        shop.review(who)
    refused(shop.judged("tom"), "Eve Stark holds none of the roles that are asked for")


def test_key_added_in_the_same_change_does_not_count_in_it(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER, "people/p-001.yaml": person("ina", key=public("stranger"))})
    shop.sign("SOP-001", "ina", "quality-manager", "approval", key="stranger")
    refused(shop.gate(), "it was made with a key that is not enrolled for p-001")


@pytest.mark.parametrize("what", ["a waiver", "a level"])
def test_waiver_or_level_does_not_count_in_the_change_that_brings_it(shop: Shop, what: str) -> None:
    propose(shop, {DOCUMENT: BETTER.replace("lane.png", "missing.png"), **GOVERNING[what]})
    shop.review("max")
    shop.review("zoe", body="as quality-manager: review")
    refused(shop.judged(), "missing.png")


def test_item_types_brought_in_through_a_link(shop: Shop) -> None:
    shop.branch()
    shop.commit({"types/sop.schema.yaml": UNCONTROLLED})
    (shop.root / "item_types").symlink_to("types")
    shop.commit({})
    refused(shop.gate(), "item_types")


def test_second_system_put_in_front_of_the_one_under_control(shop: Shop) -> None:
    shop.commit({"notes.txt": "Moved.\n"}, "max")
    (shop.root / "quality").mkdir()
    shop.git("mv", "qms.yaml", "people", "roles", "sops", "quality/")
    shop.commit({}, "max")
    shop.branch()
    shop.commit({"qms.yaml": config(LAX)})
    refused(shop.gate(), "qms.yaml")


def test_base_without_rules(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", files={"qms.yaml": config("", False)})
    shop.branch()
    shop.commit({"qms.yaml": config()})
    with pytest.raises(GateFault, match="the base has no approval rules"):
        shop.gate()
    refused(shop.gate(bootstrap=True), "the approval by Managing director is missing")
    shop.push()
    shop.review("max")
    shop.review("ina")
    passes(shop.judged(bootstrap=True))


def test_bootstrap_over_rules_that_are_there(shop: Shop) -> None:
    change(shop)
    with pytest.raises(GateFault, match="the base has approval rules already"):
        shop.gate(bootstrap=True)


# --- keys ------------------------------------------------------------------------------------------------------


def with_key(tmp_path: Path, tom: str) -> Shop:
    """Make a shop that knows something else of Tom, with a change that Ina has signed."""
    shop = make(tmp_path / "shop", files={"people/p-002.yaml": tom})
    change(shop)
    shop.sign("SOP-001", "ina", "quality-manager", "approval")
    return shop


@pytest.mark.parametrize("backdated", [False, True])
def test_expired_key(tmp_path: Path, backdated: bool) -> None:
    shop = with_key(tmp_path, person("tom", until="2026-02-01"))
    if backdated:
        early = "2026-01-15T10:00:00+01:00"
        path = shop.sign("SOP-001", "tom", "quality-engineer", "review", commit=False, time=early)
        shop.commit({}, "tom", when=early)
        assert early in (shop.root / path).read_text(encoding="utf-8")
    else:
        shop.sign("SOP-001", "tom", "quality-engineer", "review")
    refused(shop.gate(), "the key counted from 2025-01-01 to 2026-02-01, not on 2026-03-02")


@pytest.mark.parametrize("time", ["2026-01-15T10:00:00+01:00", "2026-03-02T08:00:00+01:00"])
def test_revoked_key(tmp_path: Path, time: str) -> None:
    shop = with_key(tmp_path, person("tom", extra="    revoked: 2026-02-01T00:00:00+01:00\n"))
    shop.sign("SOP-001", "tom", "quality-engineer", "review", time=time)
    refused(shop.gate(), "the key was revoked from 2026-02-01T00:00:00+01:00 on")


def test_statement_from_the_future(shop: Shop) -> None:
    change(shop)
    shop.sign("SOP-001", "ina", "quality-manager", "approval", time="2026-06-01T10:00:00+01:00")
    refused(shop.gate(), "it is dated 2026-06-01T10:00:00+01:00, which is still to come")


@pytest.mark.parametrize("key", ["stranger", "tom"])
def test_key_of_nobody_or_of_another_that_prints_good_signature(shop: Shop, key: str) -> None:
    change(shop)
    path = shop.root / shop.sign("SOP-001", "ina", "quality-manager", "approval", key=key)
    command = ["ssh-keygen", "-Y", "check-novalidate", "-n", signing.STATEMENT, "-s", f"{path}.sig"]
    assert b"Good" in subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True).stdout
    refused(shop.gate(), "it was made with a key that is not enrolled for p-001")


def test_one_key_enrolled_for_two_persons(tmp_path: Path) -> None:
    shop = with_key(tmp_path, person("tom", key=public("eve")))
    shop.sign("SOP-001", "tom", "quality-engineer", "review", key="eve")
    refused(shop.gate(), "it was made with a key that is not enrolled for p-002")


def test_signature_made_for_another_purpose(shop: Shop) -> None:
    change(shop)
    path = shop.sign("SOP-001", "ina", "quality-manager", "approval", commit=False)
    data = (shop.root / path).read_bytes()
    shop.commit({f"{path}.sig": signing.sign(data, keys() / "ina", "file")})
    refused(shop.gate(), f"{path}: the text was changed after it was signed, or the signature is damaged")


def test_statement_without_signature(shop: Shop) -> None:
    change(shop)
    path = shop.sign("SOP-001", "ina", "quality-manager", "approval", commit=False)
    shop.commit({f"{path}.sig": None})
    refused(shop.gate(), f"{path}: it is not signed")


def test_signatures_only(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", RULES.replace("approvals:\n", "approvals:\n  evidence: signatures\n"))
    change(shop)
    agree(shop)
    refused(shop.judged(), "only signed statements count here")
    both_sign(shop)
    passes(shop.gate())


# --- signed commits ----------------------------------------------------------------------------------------------


def signing_commits(tmp_path: Path, key: str, files: Files | None = None) -> Shop:
    """Make a shop that wants signed commits, on a topic branch where commits are signed with a key."""
    shop = make(tmp_path / "shop", RULES.replace("approvals:\n", "approvals:\n  signed_commits: true\n"), files)
    shop.branch()
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(keys() / key)), ("commit.gpgsign", "true")):
        shop.git("config", name, value)
    return shop


@pytest.mark.parametrize("key", ["eve", "stranger"])
def test_commit_signed_by_nobody_we_know(tmp_path: Path, key: str) -> None:
    shop = signing_commits(tmp_path, key)
    shop.commit({DOCUMENT: BETTER})
    agree(shop)
    if key == "eve":
        passes(shop.judged())
    else:
        refused(shop.judged(), "carries no good signature by an enrolled key")


def test_commit_backdated_for_an_expired_key(tmp_path: Path) -> None:
    shop = signing_commits(tmp_path, "eve", {"people/p-005.yaml": person("eve", until="2026-02-01")})
    shop.commit({DOCUMENT: BETTER}, when="2026-01-15T10:00:00+01:00")
    agree(shop)
    refused(shop.judged(), "carries no good signature by an enrolled key")


def test_commit_signed_by_its_writer_under_the_name_of_another(tmp_path: Path) -> None:
    shop = signing_commits(tmp_path, "tom")
    shop.commit({DOCUMENT: BETTER}, "eve")
    agree(shop)
    refused(shop.judged(), "Tom Reyes had a hand in this text")


def test_unsigned_merge_that_smuggles_content(tmp_path: Path) -> None:
    shop = signing_commits(tmp_path, "eve")
    shop.commit({DOCUMENT: WORSE})
    shop.go("main")
    shop.git("config", "commit.gpgsign", "false")
    shop.commit({"notes.txt": "Main moves on.\n"}, "max")
    shop.go("topic")
    shop.git("merge", "-q", "--no-commit", "--no-ff", "main", who="eve")
    shop.commit({DOCUMENT: BETTER}, message="Merge main")
    agree(shop)
    refused(shop.judged(), "carries no good signature by an enrolled key")


# --- reviews on the forge --------------------------------------------------------------------------------------------


def test_dismissed_review(shop: Shop) -> None:
    change(shop)
    shop.push()
    shop.review("tom")
    shop.review("ina", "dismissed", was="approved", dismissed_by="eve")
    refused(shop.judged(), "Ina Berg: it was taken back or dismissed")
    shop.review("ina")
    passes(shop.judged())


@pytest.mark.parametrize("was", ["objected", ""])
@pytest.mark.parametrize("by", ["eve", "", "mallory", "max"])
def test_objection_dismissed_by_who_may_not(shop: Shop, was: str, by: str) -> None:
    change(shop)
    agree(shop)
    shop.review("ina", "dismissed", was=was, dismissed_by=by)
    shop.review("zoe", body="as quality-manager: approval")
    refused(shop.judged(), "Ina Berg objects since 2026-03-02")


def test_objection_taken_back_by_who_made_it(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.review("ina", "dismissed", was="objected", dismissed_by="ina")
    passes(shop.judged())


def test_objection_outlives_a_push_and_a_new_request(shop: Shop) -> None:
    change(shop, WORSE)
    shop.push()
    shop.review("ina", "objected")
    shop.commit({DOCUMENT: BETTER})
    shop.push()
    shop.review("tom")
    shop.review("zoe", body="as quality-manager: approval")
    shop.review("ina", "commented")
    refused(shop.judged(), "Ina Berg objects since 2026-03-02")
    shop.review("ina")
    passes(shop.judged())


def test_objection_outlives_a_yes_to_another_text(shop: Shop) -> None:
    change(shop)
    older = shop.push()
    shop.commit({DOCUMENT: WORSE})
    agree(shop)
    shop.review("ina", "objected")
    shop.review("ina", sha=older)
    shop.review("zoe", body="as quality-manager: approval")
    refused(shop.judged(), "Ina Berg objects since 2026-03-02")


def test_objection_by_who_had_said_yes(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.review("tom", "objected")
    refused(shop.judged(), "Tom Reyes objects since 2026-03-02")


def test_approval_by_a_program(shop: Shop) -> None:
    change(shop)
    shop.push()
    shop.review("tom")
    shop.review("ina", bot=True)
    refused(shop.judged(), "ina is a program")


@pytest.mark.parametrize("login", ["mallory", "іna", "ｉna", "ina\u200b"])
def test_approval_by_a_stranger_or_under_a_look_alike_login(shop: Shop, login: str) -> None:
    change(shop)
    shop.push()
    shop.review("tom")
    shop.review(login)
    refused(shop.judged(), f"nobody here has the login {login}")


def test_one_login_claimed_by_two_persons(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", files={"people/p-005.yaml": person("eve").replace("forge: eve", "forge: INA")})
    change(shop)
    agree(shop)
    refused(shop.judged("max"), "nobody here has the login ina")


def test_reviewer_who_left(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", files={"people/p-002.yaml": person("tom", extra="status: left\n")})
    change(shop)
    agree(shop)
    refused(shop.judged(), "Tom Reyes does not work here")
    shop.review("ada")
    passes(shop.judged())


def test_signer_who_left(tmp_path: Path) -> None:
    shop = with_key(tmp_path, person("tom", extra="status: left\n"))
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    refused(shop.gate(), "Tom Reyes does not work here")


def test_one_person_in_two_roles(shop: Shop) -> None:
    change(shop)
    shop.push()
    shop.review("zoe", body="as quality-engineer: review")
    shop.review("zoe", body="as quality-manager: approval")
    refused(shop.judged(), "one person fills one place")
    shop.review("tom")
    passes(shop.judged())


def test_one_person_signs_in_two_roles(shop: Shop) -> None:
    change(shop)
    shop.sign("SOP-001", "zoe", "quality-engineer", "review")
    shop.sign("SOP-001", "zoe", "quality-manager", "approval")
    refused(shop.gate(), "one person fills one place")


def test_role_left_open_by_who_holds_several(shop: Shop) -> None:
    change(shop)
    shop.push()
    shop.review("tom")
    shop.review("zoe")
    refused(shop.judged(), "Zoe Lund: it does not say in which role it was given")
    shop.review("zoe", body="as quality-manager: approval")
    passes(shop.judged())


@pytest.mark.parametrize("claim", ["as quality-manager: approval", "as managing-director: approval"])
def test_role_claimed_that_is_not_held(shop: Shop, claim: str) -> None:
    change(shop)
    shop.push()
    shop.review("tom")
    shop.review("ada", body=claim)
    refused(shop.judged(), "Ada Moss does not hold the role " + claim.split()[1].rstrip(":"))


def test_look_alike_role_and_printed_name_in_a_statement(shop: Shop) -> None:
    change(shop)
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    with pytest.raises(StatementFault, match="cannot be the name of a file"):
        shop.sign("SOP-001", "ada", "quality-mаnager", "approval")
    shop.sign("SOP-001", "ina", "quality-manager", "approval", name="Іna Berg")
    refused(shop.gate(), "the printed name `Іna Berg` is not that of p-001")


def test_approval_before_the_review_it_had_to_wait_for(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop", RULES.replace("Every document\n", "Every document\n      review_first: true\n"))
    change(shop)
    shop.push()
    shop.review("ina")
    shop.review("tom")
    refused(shop.judged(), "Ina Berg: it was given before the review it had to wait for")
    shop.review("ina")
    passes(shop.judged())


def test_review_of_a_commit_that_is_gone(shop: Shop) -> None:
    change(shop)
    agree(shop)
    gone = "0123456789" * 4
    shop.pushes = [replace(shop.pushes[0], sha=gone), *shop.pushes]
    shop.reviews[1] = replace(shop.reviews[1], sha=gone)
    refused(shop.judged(), "is not stored here any more")


def test_forge_is_asked_about_another_head(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.commit({DOCUMENT: WORSE})
    with pytest.raises(GateFault, match="the forge says that the head of 7 is"):
        shop.gate("topic", pull=shop.pull())


# --- records of what a forge said, and the evidence as a whole ---------------------------------------------------------


def record(shop: Shop, key: str = "robot", namespace: str = signing.RECORD, **more: object) -> Files:
    """Return a record that says that the usual two approved what is checked out, signed with a key."""
    files = shop.statement("SOP-001", "tom", "quality-engineer", "review").manifest.files
    now = shop.clock.isoformat()
    votes = tuple(Said("SOP-001", "1.1", login, "for", now, files) for login in ("tom", "ina"))
    plain = Snapshot(
        "robot", now, "github", "shop/qms", "7", "eve", shop.sha("main~1"), shop.sha("topic"), shop.sha("main"),
        contributors={"SOP-001": ("p-005",)}, votes=votes,
    )  # fmt: skip
    made = replace(plain, **more)  # type: ignore[arg-type]  # tests name fields by keyword
    path, data = snapshots.path_of(made), snapshots.render(made)
    return {path: data, f"{path}.sig": signing.sign(data, keys() / key, namespace)}


def landed(shop: Shop) -> Shop:
    """Land a change that was approved on the forge, and begin the branch that brings its record."""
    change(shop)
    shop.land()
    shop.branch("record")
    return shop


def test_record_by_the_recorder_lands_and_proves(shop: Shop) -> None:
    landed(shop).commit(record(shop), "max")
    passes(shop.gate("record"))
    shop.land("record")
    assert standing(shop)[0]


@pytest.mark.parametrize(
    ("key", "namespace", "recorder", "reason"),
    [
        ("stranger", signing.RECORD, "robot", "it was made with a key that is not enrolled for robot"),
        ("max", signing.RECORD, "robot", "it was made with a key that is not enrolled for robot"),
        ("max", signing.RECORD, "p-004", "it was made with a key that is not enrolled for p-004"),
        ("robot", signing.STATEMENT, "robot", "the text was changed after it was signed, or the signature is damaged"),
    ],
)
def test_forged_record(shop: Shop, key: str, namespace: str, recorder: str, reason: str) -> None:
    files = record(landed(shop), key, namespace, recorder=recorder)
    shop.commit(files, "max")
    refused(shop.gate("record"), f"{min(files)}: {reason}")


def test_record_without_signature(shop: Shop) -> None:
    files = record(landed(shop))
    del files[max(files)]
    shop.commit(files, "max")
    refused(shop.gate("record"), f"{min(files)}: it is not signed, so it proves nothing")


def test_record_edited_after_it_was_signed(shop: Shop) -> None:
    files = record(landed(shop))
    text = files[min(files)]
    assert isinstance(text, bytes)
    shop.commit({**files, min(files): text.replace(b'"login": "tom"', b'"login": "ada"')}, "max")
    refused(shop.gate("record"), f"{min(files)}: the text was changed after it was signed")


def test_record_backdated_for_an_expired_recorder_key(tmp_path: Path) -> None:
    expired = config().replace("until: 2027-12-31}", "until: 2026-02-01}")
    shop = landed(make(tmp_path / "shop", files={"qms.yaml": expired}))
    shop.commit(record(shop, recorded="2026-01-15T10:00:00+01:00"), "max")
    refused(shop.gate("record"), "the key counted from 2025-01-01 to 2026-02-01")


def test_record_does_not_approve_the_change_that_brings_it(shop: Shop) -> None:
    shop.commit({"notes.txt": "Main moves on.\n"}, "max")
    change(shop)
    shop.commit(record(shop, landed=""), "max")
    refused(shop.gate(), "the approval by Quality manager is missing")


@pytest.fixture
def signed(shop: Shop) -> tuple[Shop, str]:
    """A shop with a signed approval on main, on a fresh branch; and the path of the approval."""
    change(shop)
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    path = shop.sign("SOP-001", "ina", "quality-manager", "approval")
    shop.land()
    shop.branch("later")
    return shop, path


@pytest.mark.parametrize("suffix", ["", ".sig"])
def test_approval_deleted_or_edited(signed: tuple[Shop, str], suffix: str) -> None:
    shop, path = signed
    shop.commit({path + suffix: (shop.root / (path + suffix)).read_bytes() + b"\n"})
    refused(shop.gate("later"), f"the change changes {path}{suffix}; evidence is only ever added")
    shop.commit({path + suffix: None})
    refused(shop.gate("later"), f"the change deletes {path}{suffix}; evidence is only ever added")


def test_worthless_time_stamp_put_beside_a_landed_approval(signed: tuple[Shop, str]) -> None:
    shop, path = signed
    shop.commit({f"{path}.tsr": b"no time stamp"})
    refused(shop.gate("later"), f"{path}.tsr")


def test_foreign_file_named_like_a_time_stamp(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    path = shop.sign("SOP-001", "ada", "quality-engineer", "review")
    shop.commit({f"{path}.sig.tsr": b"Anything at all."})
    refused(shop.gate(), f"{path}.sig.tsr")


@pytest.mark.parametrize(
    "name", ["approvals/note.md", "approvals/SOP-001/x.json", "approvals/x.sig", "approvals/records/x.json.sig"]
)
def test_foreign_file_among_the_evidence(shop: Shop, name: str) -> None:
    propose(shop, {name: b"Approved by all.\n"})
    refused(shop.judged(), f"{name} belongs to no statement")


@pytest.mark.parametrize("name", ["approvals/SOP-001/1.1/x.txt", "approvals/records/x.json"])
def test_free_text_among_the_evidence(shop: Shop, name: str) -> None:
    propose(shop, {name: b"Approved by all.\n"})
    refused(shop.judged(), f"{name}: it ")


def test_link_among_the_evidence(shop: Shop) -> None:
    change(shop)
    path = shop.sign("SOP-001", "ina", "quality-manager", "approval", commit=False)
    (shop.root / path).rename(shop.root / "mine.txt")
    (shop.root / path).symlink_to(shop.root / "mine.txt")
    shop.commit({})
    refused(shop.gate(), f"{path} is a symbolic link")


# --- dodging a rule ---------------------------------------------------------------------------------------------------

BY_KIND = """\
  rules:
    - name: Instructions
      applies: {{{other}}}
      need: [{{meaning: review, any_of: [quality-engineer]}}]
    - name: Procedures
      applies: {{{own}}}
      need: [{{meaning: review, any_of: [owner]}}, {{meaning: approval, any_of: [quality-manager]}}]
"""


@pytest.mark.parametrize(
    ("own", "other"),
    [("folders: [sops]", "folders: [work-instructions]"), ("types: [sop]", "types: [work-instruction]")],
)
def test_moved_or_retyped_to_fall_under_a_laxer_rule(tmp_path: Path, own: str, other: str) -> None:
    rules = RULES.split("  rules:\n")[0] + BY_KIND.format(own=own, other=other)
    shop = make(tmp_path / "shop", rules)
    text = BETTER if own.startswith("folders") else BETTER.replace("type: sop", "type: work-instruction")
    shop.branch()
    shop.commit({DOCUMENT: None, "work-instructions/SOP-001-incoming-inspection.md": text})
    shop.push()
    shop.review("tom")
    refused(shop.judged(), "the approval by Quality manager is missing")


def test_document_made_a_kind_of_item_that_nobody_approves(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: None, "glossary/SOP-001.yaml": "id: SOP-001\ntype: term\ntitle: Lot\ndefinition: A lot.\n"})
    refused(shop.gate(), "SOP-001", "the approval by Quality manager is missing")


def test_owner_changed_to_choose_the_reviewer(shop: Shop) -> None:
    change(shop, BETTER.replace("owner: quality-engineer", "owner: managing-director"))
    shop.push()
    shop.review("max")
    shop.review("ina")
    refused(shop.judged(), "the review by Quality engineer is missing")


def test_approved_item_type_leaves_documents_under_the_rules_of_the_base(shop: Shop) -> None:
    propose(shop, {DOCUMENT: BETTER, **GOVERNING["an item type"]}, "tom")
    shop.review("max")
    refused(shop.judged("tom"), "the review by Quality engineer is missing")


def test_deleted_document(shop: Shop) -> None:
    propose(shop, {DOCUMENT: None})
    refused(shop.judged(), "SOP-001 Incoming inspection is deleted")


def test_document_given_another_id(shop: Shop) -> None:
    propose(shop, {DOCUMENT: BETTER.replace("SOP-001", "SOP-009")})
    refused(shop.judged(), "SOP-001 Incoming inspection is deleted")


def test_document_taken_out_of_sight(shop: Shop) -> None:
    propose(shop, {DOCUMENT: None, "archive/SOP-001.md": BETTER})
    refused(shop.judged(), "SOP-001 Incoming inspection is deleted")


@pytest.mark.parametrize("name", ["sops/SOP-000-a.md", "sops/SOP-001-inсoming-inspection.md"])
def test_second_file_with_the_same_id(shop: Shop, name: str) -> None:
    shop.branch()
    shop.commit({name: WORSE})
    refused(shop.gate(), "the id `SOP-001` is taken by")


@pytest.mark.parametrize("broken", ["Not a document any more.\n", "---\nid: [\n---\n", b"\xff\xfe", ""])
def test_document_made_unreadable(shop: Shop, broken: str | bytes) -> None:
    propose(shop, {DOCUMENT: broken})
    refused(shop.judged(), "SOP-001 Incoming inspection cannot be read any more")


@pytest.mark.parametrize("target", ["../notes/draft.md", "/etc/passwd"])
def test_document_that_is_a_link(shop: Shop, target: str) -> None:
    shop.branch()
    shop.commit({"notes/draft.md": BETTER, DOCUMENT: None})
    (shop.root / DOCUMENT).symlink_to(target)
    shop.commit({})
    agree(shop)
    refused(shop.judged(), f"{DOCUMENT} is a symbolic link")


def test_folder_of_documents_that_is_a_link(shop: Shop) -> None:
    shop.branch()
    shop.git("mv", "sops", "drafts")
    (shop.root / "sops").symlink_to("drafts")
    shop.commit({})
    agree(shop)
    refused(shop.judged(), "sops is a symbolic link")


def test_new_folder_that_is_a_link_to_files_of_this_machine(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/lot.yaml").write_text("id: term-lot\ntype: term\ntitle: Lot\ndefinition: Our secret.\n")
    shop.branch()
    (shop.root / "glossary").symlink_to(tmp_path / "secret")
    shop.commit({})
    refused(shop.gate(), "glossary is a symbolic link")


def test_submodule_among_the_documents(shop: Shop) -> None:
    shop.branch()
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{shop.sha('main')},sops/more")
    shop.git("commit", "-q", "-m", "more", who="eve")
    agree(shop)
    refused(shop.judged(), "sops/more is a submodule")


# --- names that look like something else ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["--upload-pack=x", "-n", "--output=x"])
def test_branch_name_that_looks_like_an_option(shop: Shop, name: str) -> None:
    change(shop)
    shop.git("update-ref", f"refs/heads/{name}", "topic")
    refused(shop.gate(name), "the approval by Quality manager is missing")
    with pytest.raises(git.GitFault, match="there is no revision"):
        shop.gate(f"{name}y")


@pytest.mark.parametrize("name", ["-n.md", "--upload-pack=x.md", "two\nlines.md", "a\tb:c.md", ":(glob)x.md", "ünï.md"])
def test_file_name_that_looks_like_an_option_or_a_list(shop: Shop, name: str) -> None:
    shop.branch()
    shop.commit({f"sops/{name}": SECOND})
    refused(shop.gate(), "the approval by Quality manager is missing")


def test_file_name_that_is_no_text(shop: Shop) -> None:
    shop.branch()
    Path(f"{shop.root}/sops/SOP-002-\udcff.md").write_text(SECOND, encoding="utf-8")
    shop.commit({})
    refused(shop.gate(), "the approval by Quality manager is missing")


@pytest.mark.parametrize("name", ["..", ".git"])
def test_file_name_that_leads_out_of_its_folder(shop: Shop, name: str) -> None:
    inner = shop.sha("main:sops")
    made = subprocess.run(
        ["git", "mktree"],
        cwd=shop.root,
        input=f"040000 tree {inner}\t{name}\n",
        text=True,
        capture_output=True,
        check=True,
    )
    tree = made.stdout.strip()
    evil = shop.git("commit-tree", tree, "-p", "main", "-m", "evil", who="eve")
    with pytest.raises(git.GitFault, match="leads out of its folder"):
        shop.gate(evil)


# --- a repository that does not show everything ---------------------------------------------------------------------------------


def test_shallow_clone(shop: Shop, tmp_path: Path) -> None:
    change(shop)
    shop.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{shop.root}", str(tmp_path / "clone"))
    with pytest.raises(GateFault, match="this is a shallow clone"):
        Shop(tmp_path / "clone", shop.clock).gate("origin/topic", "origin/main")


def test_grafted_history(shop: Shop) -> None:
    change(shop, who="tom")
    (shop.root / ".git/info").mkdir(exist_ok=True)
    (shop.root / ".git/info/grafts").write_text(shop.sha("topic") + "\n", encoding="utf-8")
    with pytest.raises(GateFault, match="rewrites the history"):
        shop.gate()


def test_replaced_commit(shop: Shop) -> None:
    change(shop)
    both_sign(shop)
    shop.branch("evil")
    shop.commit({DOCUMENT: WORSE})
    shop.git("replace", shop.sha("evil"), shop.sha("topic"))
    passes(shop.gate("topic"))
    refused(shop.gate("evil"), "the approval by Quality manager is missing")


def test_conflict_with_the_base(shop: Shop) -> None:
    change(shop)
    agree(shop)
    shop.go("main")
    shop.commit({DOCUMENT: WORSE}, "max")
    with pytest.raises(git.MergeConflict, match=DOCUMENT):
        shop.judged()


def test_history_that_has_nothing_to_do_with_the_base(shop: Shop) -> None:
    shop.git("checkout", "-q", "--orphan", "alien")
    shop.commit({DOCUMENT: BETTER})
    shop.push("alien")
    with pytest.raises(git.GitFault):
        shop.judged()
