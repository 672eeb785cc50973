"""The gate on real repositories: what is properly approved lands, everything else does not, and is told why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shop import Shop, make, refusals, sop

DOCUMENT = "sops/SOP-001-incoming-inspection.md"
BETTER = sop("1.1", "2026-03-09", "Eight pieces now, after a mix-up.", "Take eight pieces from each lot.")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make(tmp_path / "shop")


def change(shop: Shop, text: str = BETTER, who: str = "eve") -> None:
    """Propose another text on a branch."""
    shop.branch()
    shop.commit({DOCUMENT: text}, who)


def test_two_reviews_on_the_forge_let_it_land(shop: Shop) -> None:
    change(shop)
    shop.push()
    shop.review("tom")
    shop.review("ina")
    decision = shop.judged()
    assert decision.passed, refusals(decision)
    assert [place.vote.name for place in decision.documents[0].verdict.places if place.vote] == [
        "Tom Reyes",
        "Ina Berg",
    ]


def test_two_signatures_let_it_land(shop: Shop) -> None:
    change(shop)
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")
    decision = shop.gate()
    assert decision.passed, refusals(decision)


def test_nothing_changed_lands(shop: Shop) -> None:
    assert shop.gate("main").passed


def test_without_approvals_it_is_refused(shop: Shop) -> None:
    change(shop)
    decision = shop.gate()
    assert not decision.passed
    assert "the review by Quality engineer is missing" in refusals(decision)
    assert "the approval by Quality manager is missing" in refusals(decision)
