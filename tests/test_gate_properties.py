"""No sequence of edits, pushes, reviews, signatures, merges and rebases passes without every approval it needs.

The model keeps for each yes the bytes that were looked at, and lands the change for real to see what it brings.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qmsctl.history.git import MergeConflict
from tests.shop import Shop, make, refusals, sop

DOCUMENT = "sops/SOP-001-incoming-inspection.md"
PICTURE = "sops/lane.png"
RULES_BETWEEN = "\n\n".join(f"Rule {n} of the trade." for n in range(8))
MAY = {"tom": ["review"], "ada": ["review"], "ina": ["approval"], "zoe": ["review", "approval"]}
ROLE = {"review": "quality-engineer", "approval": "quality-manager"}
Action = tuple[str, str, int]


def text(pieces: int, label: int = 0, revision: str = "1.1") -> str:
    """Return the document; how many pieces are taken and how they are labelled stand far apart."""
    body = f"Take {pieces} pieces.\n\n{RULES_BETWEEN}\n\nLabel them {label} times."
    return sop(revision, "2026-03-09" if revision == "1.1" else "2025-12-01", f"Issue {revision} of it.", body)


@dataclass
class World:
    """A shop, and beside it what the model remembers."""

    shop: Shop
    hands: set[str] = field(default_factory=lambda: {"eve"})
    reviewed: list[tuple[str, str, tuple[bytes, bytes]]] = field(default_factory=list)
    signed: list[tuple[str, str, tuple[bytes, bytes]]] = field(default_factory=list)
    objecting: set[str] = field(default_factory=set)

    def seen(self, revision: str) -> tuple[bytes, bytes]:
        """Return document and picture at a revision."""
        show = [["git", "show", f"{revision}:{path}"] for path in (DOCUMENT, PICTURE)]
        done = [subprocess.run(c, cwd=self.shop.root, capture_output=True, check=True).stdout for c in show]
        return done[0], done[1]

    # --- what people do ---------------------------------------------------------------------------

    def edit(self, who: str, number: int) -> None:
        old = (self.shop.root / DOCUMENT).read_text(encoding="utf-8")
        label = int(old.split("Label them ")[1].split()[0])
        self._write({DOCUMENT: text(6 + number, label)}, who)

    def picture(self, who: str, number: int) -> None:
        self._write({PICTURE: f"picture {number}"}, who)

    def _write(self, files: dict[str, str | bytes | None], who: str) -> None:
        before = self.seen("HEAD")
        self.shop.commit(files, who)
        if self.seen("HEAD") != before:
            self.hands.add(who)

    def push(self, who: str, number: int) -> None:
        self.shop.push()

    def approve(self, who: str, number: int) -> None:
        meaning = MAY[who][number % len(MAY[who])]
        self.shop.review(who, body=f"as {ROLE[meaning]}: {meaning}")
        self.reviewed.append((who, meaning, self.seen(self.shop.pushes[-1].sha)))
        self.objecting.discard(who)

    def object(self, who: str, number: int) -> None:
        self.shop.review(who, "objected")
        self.objecting.add(who)

    def dismiss(self, who: str, number: int) -> None:
        """Take somebody's last review away: he himself, or else the author, who may not lift objections."""
        own = [at for at, review in enumerate(self.shop.reviews) if review.login == who]
        if not own or self.shop.reviews[own[-1]].state == "dismissed":
            return
        last = self.shop.reviews[own[-1]]
        by = who if number % 2 else "eve"
        self.shop.reviews[own[-1]] = replace(last, state="dismissed", was=last.state, dismissed_by=by)
        if last.state == "approved":
            self.reviewed = [row for row in self.reviewed if row[0] != who]
        elif number % 2:
            self.objecting.discard(who)

    def sign(self, who: str, number: int) -> None:
        meaning = MAY[who][number % len(MAY[who])]
        self.signed.append((who, meaning, self.seen("HEAD")))
        self.shop.sign("SOP-001", who, ROLE[meaning], meaning)
        self.objecting.discard(who)

    def rebase(self, who: str, number: int) -> None:
        self.shop.git("rebase", "-q", "main", who="eve")

    def merge(self, who: str, number: int) -> None:
        self.shop.git("merge", "-q", "--no-edit", "main", who=who)

    def rebind(self, who: str, number: int) -> None:
        self.shop.rebind()

    def main(self, who: str, number: int) -> None:
        """Let something land beside the change, every other time in the same document and approved by nobody."""
        self.shop.go("main")
        if number % 2:
            self._write({DOCUMENT: text(5, number, "1.0")}, who)
        else:
            self._write({"notes.txt": f"{number}\n"}, who)
        self.shop.go("topic")

    # --- what must hold -----------------------------------------------------------------------------

    def landing(self) -> tuple[bytes, bytes]:
        """Return what main would hold; the change is landed for real, and taken back."""
        self.shop.git("checkout", "-q", "--detach", "main")
        self.shop.git("merge", "-q", "--no-edit", self.shop.pushes[-1].sha)
        found = self.seen("HEAD")
        self.shop.go("topic")
        return found

    def approved(self) -> bool:
        """Tell whether two persons without a hand in it said yes to these bytes, and nobody says no."""
        bytes_ = self.landing()
        yes = {(who, meaning) for who, meaning, looked_at in [*self.reviewed, *self.signed] if looked_at == bytes_}
        pairs = itertools.permutations(MAY.keys() - self.hands, 2)
        return not self.objecting and any((r, "review") in yes and (a, "approval") in yes for r, a in pairs)


NAMES = "edit picture push approve approve approve object dismiss sign rebase merge rebind main"
ACTIONS = st.tuples(st.sampled_from(NAMES.split()), st.sampled_from(sorted(MAY)), st.integers(0, 3))
AGREED: list[Action] = [("push", "", 0), ("approve", "tom", 0), ("approve", "ina", 0)]
SIGNED: list[Action] = [("sign", "ada", 0), ("sign", "zoe", 1), ("push", "", 0)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "shop"
    make(root, files={DOCUMENT: text(5, revision="1.0")})
    return root


def run(template: Path, actions: list[Action]) -> tuple[bool, bool]:
    """Return (whether the gate lets it pass, whether the model would); a conflict never passes."""
    with tempfile.TemporaryDirectory(prefix="gate-") as place:
        world = World(Shop(Path(shutil.copytree(template, Path(place) / "shop"))))
        world.shop.at("2026-03-02T08:00:00+01:00")
        world.shop.branch()
        world.shop.commit({DOCUMENT: text(6)}, "eve")
        world.shop.push()
        for name, who, number in actions:
            getattr(world, name)(who, number)
        try:
            decision = world.shop.judged()
        except MergeConflict:
            return False, False
        assert decision.passed or refusals(decision), "a refusal without a reason"
        return decision.passed, world.approved()


def check(template: Path, actions: list[Action], end: list[Action]) -> None:
    passed, approved = run(template, actions + end)
    assert approved or not passed


ENDS = st.sampled_from([[], AGREED, SIGNED])


@given(st.lists(ACTIONS, max_size=8), ENDS)
@example([("edit", "tom", 1)], AGREED)
@example([*AGREED, ("main", "ada", 1)], [])
@example([*AGREED, ("edit", "zoe", 2), ("push", "", 0), ("rebind", "", 0)], [])
@settings(max_examples=25, deadline=None, derandomize=True, database=None)
def test_whatever_passes_was_approved(template: Path, actions: list[Action], end: list[Action]) -> None:
    check(template, actions, end)


@pytest.mark.heavy
@given(st.lists(ACTIONS, max_size=14), ENDS)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_whatever_passes_was_approved_in_long_histories(
    template: Path, actions: list[Action], end: list[Action]
) -> None:
    check(template, actions, end)


@pytest.mark.parametrize(
    "actions",
    [
        AGREED,
        SIGNED,
        [*AGREED, ("main", "ada", 2), ("rebase", "", 0), ("push", "", 0), ("rebind", "", 0)],
        [*AGREED, ("main", "ada", 2), ("merge", "tom", 0), ("push", "", 0)],
        [("object", "zoe", 0), ("edit", "ada", 1), *AGREED, ("approve", "zoe", 1)],
        [("main", "ada", 1), ("merge", "eve", 0), *AGREED],
    ],
)
def test_what_is_approved_passes(template: Path, actions: list[Action]) -> None:
    assert run(template, actions) == (True, True)
