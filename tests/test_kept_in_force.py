"""Pages of what is in force, and for an audience, kept between builds: they equal those of a clean build, byte for byte."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from benchmarks.generator import generate
from qmsctl import checks, pages
from qmsctl.approvals import votes
from qmsctl.audience import hidden_from, redactor, without
from qmsctl.commands import Trouble, Workspace
from qmsctl.commands._published import published
from qmsctl.history import git
from qmsctl.history.trees import Tree
from qmsctl.loader import load
from tests import shop as shops
from tests.conftest import TODAY
from tests.shop import Shop, sop
from tests.test_kept import edit
from tests.test_kept_pages import different
from tests.test_lived_history import lived  # noqa: F401 -- a fixture

PAGE = "sops/SOP-001.md"


def build(root: Path, base: Path, day: str = "", audiences: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Write the pages of what is in force, with what is kept below a folder; return all files by path."""
    shown = published(Workspace(root), day or None, False, audiences, base / "in-force")
    loaded, target = shown.workspace.loaded, base / "docs"
    pages.write(loaded, shown.report, shown.today, target, None, shown.control, shown.performance, shown.redact)
    return {f.relative_to(target).as_posix(): f.read_bytes() for f in sorted(target.rglob("*")) if f.is_file()}


class Twice:
    """Builds with what is kept, and clean, and compares."""

    def __init__(self, root: Path, base: Path) -> None:
        self.root, self.base, self.round = root, base, 0

    def build(self, day: str, said: object = "") -> dict[str, bytes]:
        found = build(self.root, self.base / "kept", day)
        self.round += 1
        assert different(found, build(self.root, self.base / f"clean-{self.round}", day)) == [], said
        return found


RULES = shops.RULES + "  publish: any\n"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shops.make(tmp_path / "shop", RULES)


def written_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the pages that are written from now on, in this process."""
    found: list[str] = []
    real = pages._write
    monkeypatch.setattr("qmsctl.pages._write", lambda *given: found.append(given[1]) or real(*given))
    monkeypatch.setattr("qmsctl.pages.how_many", lambda _: 1)
    return found


def today(shop: Shop) -> str:
    return shop.clock.date().isoformat()


def test_a_landing_that_touches_no_item_writes_no_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qmsctl.kept._SETTLED", 0)  # a picture written just now is trusted here
    base = shop.root.with_name("kept")
    first = build(shop.root, base, today(shop))
    shop.commit({"README.md": "How we work.\n"})
    written = written_in(monkeypatch)
    assert build(shop.root, base, today(shop)) == first
    assert written == []


def test_what_people_say_of_a_text_changes_its_page_though_the_text_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = Twice(shop.root, shop.root.parent)
    before = twice.build(today(shop))[PAGE]
    assert b"before change control" in before
    shop.commit({"sops/SOP-001-incoming-inspection.md": sop("1.1", "2026-03-01", text="Take eight pieces.")})
    landed = twice.build(today(shop))[PAGE]
    assert b"Not approved." in landed
    assert b"Take eight pieces." in landed
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")
    approved = twice.build(today(shop))[PAGE]
    assert b"Not approved." not in approved
    assert b"Ina Berg" in approved
    shop.at("2026-03-03T08:00:00+01:00")
    shop.sign("SOP-001", "tom", "quality-engineer", votes.PERIODIC, verdict="keep")
    written = written_in(monkeypatch)
    reviewed = build(shop.root, shop.root.parent / "kept", today(shop))
    monkeypatch.undo()
    assert PAGE in written  # a day later all is written once more
    assert reviewed[PAGE] != approved
    assert twice.build(today(shop))[PAGE] == reviewed[PAGE]


def test_an_approval_writes_only_the_pages_that_tell_of_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    base = shop.root.with_name("kept")
    shop.commit({"sops/SOP-001-incoming-inspection.md": sop("1.1", "2026-03-01", text="Take eight pieces.")})
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    build(shop.root, base, today(shop))
    shop.sign("SOP-001", "ina", "quality-manager", "approval")
    written = written_in(monkeypatch)
    build(shop.root, base, today(shop))
    assert PAGE in written
    assert not [path for path in written if path.startswith(("roles/", "people/"))], written


EVENTS: dict[str, Callable[[Shop, random.Random, int], object]] = {
    "text": lambda shop, chance, at: shop.commit(
        {"sops/SOP-001-incoming-inspection.md": sop(f"1.{at}", "2026-03-01", text=f"Take {at} pieces.")},
        chance.choice(["eve", "tom"]),
    ),
    "text, same number": lambda shop, chance, at: shop.commit(
        {"sops/SOP-001-incoming-inspection.md": sop("2.0", "2026-03-01", text=f"Take {at} pieces.")}
    ),
    "announced": lambda shop, chance, at: shop.commit(
        {"sops/SOP-001-incoming-inspection.md": sop(f"3.{at}", "2026-05-01", text=f"Take {at} pieces.")}
    ),
    "second document": lambda shop, chance, at: shop.commit(
        {"sops/SOP-002-second.md": sop("1.0", "2026-03-01").replace("SOP-001", "SOP-002").replace("Incoming", f"No {at}")}
    ),
    "picture": lambda shop, chance, at: shop.commit({"sops/lane.png": b"\x89PNG lane %d" % at}),
    "review": lambda shop, chance, at: shop.sign("SOP-001", "tom", "quality-engineer", "review"),
    "approval": lambda shop, chance, at: shop.sign("SOP-001", "ina", "quality-manager", "approval"),
    "against": lambda shop, chance, at: shop.sign("SOP-001", "zoe", "quality-manager", "rejection"),
    "periodic review": lambda shop, chance, at: shop.sign(
        "SOP-001", "tom", "quality-engineer", votes.PERIODIC, verdict="keep"
    ),
    "person": lambda shop, chance, at: shop.commit(
        {"people/p-001.yaml": shops.person("ina", chance.choice([["quality-manager"], ["inspector"]]))}
    ),
    "name": lambda shop, chance, at: shop.commit(
        {"people/directory.yaml": (shop.root / "people/directory.yaml").read_text().replace("Berg", f"Berg{at}")}
    ),
    "rule": lambda shop, chance, at: shop.commit(
        {"qms.yaml": shops.config(RULES.replace("quality-manager]", chance.choice(["quality-engineer]", "inspector]"])))}
    ),
    "nothing that counts": lambda shop, chance, at: shop.commit({"README.md": f"{at}\n"}),
}  # fmt: skip
SAID = ["approval", "periodic review", "review"]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=4, derandomize=True, deadline=None, phases=[Phase.generate])
def test_after_any_landings_the_pages_are_those_of_a_clean_build(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    place = tmp_path_factory.mktemp("landings")
    shop = shops.make(place / "shop", RULES)
    twice = Twice(shop.root, place)
    EVENTS["text"](shop, chance, 0)  # something to speak about
    done = []
    for at in range(1, 7):
        name = chance.choice(SAID if at % 2 else sorted(EVENTS))
        EVENTS[name](shop, chance, at)
        done.append(name)
        if chance.random() < 0.7:
            twice.build(today(shop), f"seed {seed}: {done}")


@pytest.mark.heavy
def test_landing_by_landing_the_pages_of_the_reference_are_those_of_a_clean_build(
    lived: Path,  # noqa: F811 -- the fixture
    tmp_path: Path,
) -> None:
    root = tmp_path / "qms"
    subprocess.run(["git", "clone", "-q", str(lived), str(root)], check=True)
    line = git.run(root, "rev-list", "--first-parent", "HEAD").split()
    twice = Twice(root, tmp_path)
    for sha in reversed(line[:24]):
        git.run(root, "update-ref", "refs/remotes/origin/main", sha)
        git.run(root, "reset", "-q", "--hard", sha)
        with contextlib.suppress(Trouble):  # something had landed whose approvals came with the next
            twice.build(TODAY, sha)
        if twice.round == 3:
            break
    assert twice.round == 3


def _with_secrets(root: Path) -> Path:
    """A system whose risks are meant for the leadership."""
    root.mkdir()
    generate(root, 50, 3)
    with (root / "qms.yaml").open("a", encoding="utf-8") as file:
        file.write("\naudiences: {risk: [leadership], record: [leadership]}\n")
    return root


def test_after_any_edits_the_pages_for_an_audience_are_those_of_a_clean_build(tmp_path: Path) -> None:
    root = _with_secrets(tmp_path / "qms")
    chance = random.Random(11)
    done: list[str] = []
    for number in range(4):
        done.append(edit(root, chance))
        for audiences in ((), ("leadership",)) if number == 2 else ((),):
            assert different(_for(root, tmp_path / "kept", audiences), _for(root, tmp_path / f"{number}{audiences}", audiences)) == [], done  # fmt: skip


def test_an_audience_is_written_only_as_far_as_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = _with_secrets(tmp_path / "qms")
    first = _for(root, tmp_path / "kept", ())
    assert not [path for path in first if path.startswith("risks/RSK")]
    written = written_in(monkeypatch)
    assert _for(root, tmp_path / "kept", ()) == first
    assert written == []


def _for(root: Path, base: Path, audiences: tuple[str, ...]) -> dict[str, bytes]:
    """Write the pages that an audience may see; what is kept lies beside the system or, for a clean build, nowhere."""
    if base.name != "kept":
        root = Path(shutil.copytree(root, base / "qms", ignore=lambda _, names: {"build"} & set(names)))
    loaded = load(root, keep=True)
    hidden = hidden_from(loaded, audiences)
    target = base / "docs"
    report = checks.run(loaded, TODAY, keep=True)
    pages.write(without(loaded, hidden), report, TODAY, target, redact=redactor(loaded, hidden))
    return {f.relative_to(target).as_posix(): f.read_bytes() for f in sorted(target.rglob("*")) if f.is_file()}


# --- the folder of what is in force ------------------------------------------------------------------


@pytest.fixture
def tree(shop: Shop) -> Callable[..., Tree]:
    def of(**more: str | bytes) -> Tree:
        files = {"a/one.md": "One.\n", "a/two.md": "Two.\n", "b/three.md": "Three.\n", **more}
        shop.write({**files})
        blobs = dict(zip(files, git.run(shop.root, "hash-object", "-w", *files).split(), strict=True))
        return Tree(shop.root, {path: ("100644", blob) for path, blob in blobs.items()})

    return of


def listed(place: Path) -> list[str]:
    return sorted(f.relative_to(place).as_posix() for f in place.rglob("*") if not f.is_dir())


def test_files_that_are_the_same_stay_as_they_are(tree: Callable[..., Tree], tmp_path: Path) -> None:
    place = tmp_path / "in-force"
    tree().into(place)
    before = {path: (place / path).stat().st_ino for path in listed(place)}
    assert listed(place) == ["a/one.md", "a/two.md", "b/three.md"]
    (place / "build" / "cache").mkdir(parents=True)
    (place / "build" / "cache" / "items").write_text("kept")
    (place / "stranger.md").write_text("Not of the system.\n")
    (place / "a" / "two.md").write_text("Somebody wrote here.\n")
    tree(**{"b/three.md": "Three, changed.\n"}).into(place)
    assert listed(place) == ["a/one.md", "a/two.md", "b/three.md", "build/cache/items"]
    assert (place / "a/one.md").stat().st_ino == before["a/one.md"]
    assert (place / "a/two.md").read_text() == "Two.\n"
    assert (place / "b/three.md").read_text() == "Three, changed.\n"


def test_nothing_committed_is_taken_for_something_that_was_made(tree: Callable[..., Tree], tmp_path: Path) -> None:
    place = tmp_path / "in-force"
    tree(**{"build/cache/pages-en": "forged", "Build/cache/items": "forged"}).into(place)
    assert listed(place) == ["a/one.md", "a/two.md", "b/three.md"]


def test_a_file_takes_the_place_of_a_folder_and_the_other_way_round(shop: Shop, tmp_path: Path) -> None:
    place = tmp_path / "in-force"
    blob = git.run(shop.root, "hash-object", "-w", "qms.yaml").strip()
    for files in ({"a/b/c.md", "d"}, {"a", "d/e.md"}, {"a/b", "d"}):
        Tree(shop.root, dict.fromkeys(files, ("100644", blob))).into(place)
        assert listed(place) == sorted(files)


def test_a_link_never_leads_out_and_is_never_written_through(shop: Shop, tmp_path: Path) -> None:
    place, outside = tmp_path / "in-force", tmp_path / "outside.md"
    outside.write_text("Of this machine.\n")
    os.symlink(outside, shop.root / "leak.md")
    target = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=shop.root, input=str(outside), capture_output=True, text=True, check=True
    ).stdout.strip()  # fmt: skip
    text = git.run(shop.root, "hash-object", "-w", "qms.yaml").strip()
    Tree(shop.root, {"leak.md": ("120000", target), "x.md": ("100644", text)}).into(place)
    assert not (place / "leak.md").is_symlink()
    assert (place / "leak.md").read_text() == str(outside)
    (place / "x.md").unlink()
    os.symlink(outside, place / "x.md")
    os.symlink(tmp_path, place / "y")
    Tree(shop.root, {"leak.md": ("100644", text), "x.md": ("100644", text), "y/z.md": ("100644", text)}).into(place)
    assert listed(place) == ["leak.md", "x.md", "y/z.md"]
    assert not (place / "x.md").is_symlink()
    assert outside.read_text() == "Of this machine.\n"
    assert not (tmp_path / "z.md").exists()
