"""Attacks on change control, each on a real repository: every one is refused, and the reason says what was tried.

Where it makes sense the honest variant of the same steps is asked too, so that a refusal is for the attack.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from qmsctl.approvals import signing, snapshots, statement
from qmsctl.approvals.register import Register
from qmsctl.approvals.snapshots import Said, Snapshot
from qmsctl.gate import Decision, GateFault
from qmsctl.history import git, revisions
from qmsctl.loader import load
from tests.shop import PEOPLE, RULES, Shop, config, keys, make, person, public, refusals, role, sop

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
    shop.commit({DOCUMENT: BETTER.replace("1.1", "1.2")})
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
