"""The history costs by what is new, and what is kept of it between runs changes nothing but the time."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qmsctl import shelf
from qmsctl.approvals.content import _named_in, showable
from qmsctl.approvals.control import Control, open_control
from qmsctl.exports import trail
from qmsctl.graph import Graph
from qmsctl.history import git, kept, revisions
from qmsctl.history.revisions import History
from qmsctl.loader import load
from tests.shop import Shop, make, sop

TODAY = "2026-06-01"
DOCUMENT = "sops/SOP-001-incoming-inspection.md"
numbers = itertools.count(2)


def opened(shop: Shop, remember: bool = True) -> Control:
    """Change control of what lies there."""
    control = open_control(load(shop.root), TODAY, remember=remember)
    assert control.history is not None, control.hidden
    return control


def history(shop: Shop, remember: bool = True) -> History:
    """Its history."""
    found = opened(shop, remember).history
    assert found is not None
    return found


def told(shop: Shop, remember: bool) -> str:
    """The audit trail of everything, as it is written to a file."""
    loaded, control = load(shop.root), opened(shop, remember)
    assert control.history is not None
    names = [*sorted(control.history.versions), trail.SETTINGS]
    return trail.csv_text(trail.rows(control.history, control.register, Graph(loaded), names, TODAY))


def same(shop: Shop) -> None:
    """What is read with the state kept is what is read without."""
    warm, cold = history(shop), history(shop, remember=False)
    assert warm.mainline == cold.mainline
    assert warm.facts == cold.facts
    assert warm.versions == cold.versions
    assert told(shop, True) == told(shop, False)


def edited(revision: str) -> str:
    """The document in another revision."""
    return sop(revision=revision, change=f"What revision {revision} says of the lane.")


# --- what can happen to a branch ------------------------------------------------------------------------


def edit(shop: Shop) -> None:
    shop.commit({DOCUMENT: edited(f"{next(numbers)}.0")})


def amend(shop: Shop) -> None:
    shop.write({DOCUMENT: edited(f"{next(numbers)}.1")})
    shop.git("commit", "-q", "-a", "--amend", "-m", "sop: another try")


def move(shop: Shop) -> None:
    """The document gets another name and comes back to its own."""
    shop.git("mv", DOCUMENT, f"sops/SOP-001-{next(numbers)}.md")
    shop.commit({})
    shop.git("mv", shop.git("ls-files", "sops/SOP-001*"), DOCUMENT)
    shop.commit({})


def land(shop: Shop) -> None:
    """A side branch lands."""
    name = f"side{next(numbers)}"
    shop.branch(name)
    shop.commit({DOCUMENT: edited(f"{next(numbers)}.3")})
    shop.commit({f"notes/{name}.txt": "said"}, "max")
    shop.land(name)


def merge(shop: Shop) -> None:
    """Two side branches land, one of which was forked itself."""
    one, two = f"side{next(numbers)}", f"side{next(numbers)}"
    shop.branch(one)
    shop.commit({DOCUMENT: edited(f"{next(numbers)}.2"), "sops/lane.png": f"\x89PNG {next(numbers)}".encode()})
    shop.branch(two, one)
    shop.commit({f"notes/{two}.txt": "two"}, "max")
    shop.go(one)
    shop.commit({f"notes/{one}.txt": "one"}, "max")
    shop.git("merge", "-q", "--no-ff", "-m", "both", two)
    shop.land(one)


def back(shop: Shop) -> None:
    """The branch is set back by a commit, as far as there is one."""
    if subprocess.run(["git", "rev-parse", "-q", "--verify", "main~1"], cwd=shop.root, capture_output=True, check=False).returncode == 0:  # fmt: skip
        shop.git("reset", "-q", "--hard", "main~1")


def rewrite(shop: Shop) -> None:
    """The branch is another one from its beginning."""
    shop.git("checkout", "-q", "--orphan", f"new{next(numbers)}")
    shop.commit({}, "max", "Begin anew")
    shop.git("branch", "-q", "-M", "main")


def same_bytes_elsewhere(shop: Shop) -> None:
    """One content, as Markdown and as YAML: what is told of it may not depend on which came first in this run."""
    text = f"id: boss{next(numbers)}\ntype: role\ntitle: Boss\n"
    shop.commit({f"roles/r{next(numbers)}.yaml": text})
    history(shop)
    shop.git("reset", "-q", "--hard", "HEAD~1")
    shop.commit({f"roles/r{next(numbers)}.md": text})


STEPS: list[Callable[[Shop], None]] = [edit, land, amend, move, merge, back, rewrite, same_bytes_elsewhere]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@example([edit, amend, merge, back, edit])
@example([merge, same_bytes_elsewhere, rewrite, edit])
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4))
def test_kept_state_changes_nothing_but_the_time(steps: list[Callable[[Shop], None]]) -> None:
    place = Path(tempfile.mkdtemp())
    try:
        shop = make(place)
        same(shop)
        for step in steps:
            step(shop)
            same(shop)
    finally:
        shutil.rmtree(place)


def test_every_state_and_every_landing_is_as_git_tells_it(tmp_path: Path) -> None:
    """What is worked out from one pass is what asking Git for each commit gives."""
    shop = make(tmp_path / "shop")
    for step in (edit, merge, move, land, edit):
        step(shop)
    found = history(shop)
    assert sum(1 for commit in found.mainline if len(commit.parents) > 1) == 2
    for at, commit in enumerate(found.mainline):
        assert dict(found.timeline.at(at)) == git.tree(shop.root, commit.sha)
        since = commit.parents[0] if commit.parents else ""
        assert found.brought(commit.sha) == git.log(shop.root, commit.sha, since=since)


# --- what can happen to what is kept --------------------------------------------------------------------


def files_of(shop: Shop) -> tuple[Path, Path]:
    own = shop.root / ".git" / "qmsctl"
    return own / kept.EARLIER, own / kept.LATER


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("harm", [cut, flip, empty, folder, Path.unlink])
def test_harmed_state_is_not_relied_on(tmp_path: Path, which: int, harm: Callable[[Path], None]) -> None:
    shop = make(tmp_path / "shop")
    history(shop)
    edit(shop)
    history(shop)
    assert all(file.is_file() for file in files_of(shop))
    harm(files_of(shop)[which])
    same(shop)


def test_state_of_another_version_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make(tmp_path / "shop")
    history(shop)
    assert kept.load(shop.root / ".git" / "qmsctl").mainline
    monkeypatch.setattr(shelf, "tool_key", lambda: b"another")
    assert not kept.load(shop.root / ".git" / "qmsctl").mainline
    same(shop)


def test_two_processes_write_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second file of the one beside the first file of the other: it follows another, so it does not count."""
    shop = make(tmp_path / "shop")
    history(shop)
    edit(shop)
    history(shop)
    later = files_of(shop)[1].read_bytes()
    monkeypatch.setattr(kept, "GROWN", 1)
    edit(shop)
    history(shop)  # another process puts all into the first file
    files_of(shop)[1].write_bytes(later)
    same(shop)


def test_shallow_clone_is_not_taken_for_the_history_later(tmp_path: Path) -> None:
    shop = make(tmp_path / "whole")
    edit(shop)
    edit(shop)
    near = tmp_path / "near"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{shop.root}", str(near)], check=True)
    assert open_control(load(near), TODAY).hidden
    subprocess.run(["git", "fetch", "-q", "--unshallow"], cwd=near, check=True)
    assert history(Shop(near)).versions == history(shop).versions


def test_whether_change_control_was_ended_is_remembered_by_the_tip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make(tmp_path / "shop")
    store = shop.root / ".git" / "qmsctl" / "switched-off"

    def ended(root: Path = shop.root, remember: bool = True) -> str:
        return open_control(load(root), TODAY, remember=remember).switched_off

    off = {"qms.yaml": "organisation: Shop\n"}
    on = {"qms.yaml": (shop.root / "qms.yaml").read_bytes()}
    shop.commit(off, "eve")
    first = shop.sha("main")
    assert ended(remember=False) == first
    assert not store.exists()
    assert ended() == first
    asked = Asked(monkeypatch)
    assert ended() == first
    assert "log" not in asked.commands
    monkeypatch.undo()

    shop.commit(on, "eve")
    assert ended() == ""
    shop.commit(off, "eve")
    second = shop.sha("main")
    assert ended() == second
    edit(shop)
    assert ended() == second
    store.write_bytes(store.read_bytes()[:-1] + b"x")
    assert ended() == second

    near = tmp_path / "near"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{shop.root}", str(near)], check=True)
    assert ended(near) == ""
    subprocess.run(["git", "fetch", "-q", "--unshallow"], cwd=near, check=True)
    assert ended(near) == second, "the tip is the same, what lies before it is not"


# --- what is asked of Git -------------------------------------------------------------------------------


class Asked:
    """Counts what is asked of Git and what is read of contents."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[str] = []
        self.parsed = 0
        run, facts_of = git.run_bytes, revisions.facts_of

        def counted(root: Path, *arguments: str, **more: object) -> bytes:
            self.commands.append(arguments[0])
            return run(root, *arguments, **more)  # type: ignore[arg-type]  # handed on as given

        def parsed(data: bytes, markdown: bool) -> dict[str, str]:
            self.parsed += 1
            return facts_of(data, markdown)

        monkeypatch.setattr(git, "run_bytes", counted)
        monkeypatch.setattr(revisions, "facts_of", parsed)

    def of(self, work: Callable[[], object]) -> tuple[int, int]:
        """Return how many Git processes some work starts, and how many contents it reads for the history."""
        self.commands.clear()
        self.parsed = 0
        work()
        return len(self.commands), self.parsed


def test_second_run_reads_nothing_and_a_new_commit_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make(tmp_path / "shop")
    for _ in range(12):
        edit(shop)
    loaded, asked = load(shop.root), Asked(monkeypatch)

    def read() -> None:
        cache = shop.root / ".git" / "qmsctl"
        revisions.read(shop.root, loaded.config, loaded.types, cache=cache, today=TODAY)

    first, contents = asked.of(read)
    assert contents > 12
    assert first <= 11, asked.commands
    assert asked.of(read)[1] == 0
    assert asked.commands.count("cat-file") == 0
    earlier = files_of(shop)[0].stat()
    edit(shop)
    processes, contents = asked.of(read)
    assert contents == 1
    assert processes <= first + 2, asked.commands
    assert files_of(shop)[0].stat().st_ino == earlier.st_ino, "what was kept before is written anew for one commit"
    assert files_of(shop)[1].stat().st_size < earlier.st_size / 2


@pytest.mark.parametrize("step", [edit, land])
def test_audit_trail_starts_as_many_processes_for_long_histories_as_for_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[[Shop], None]
) -> None:
    """Contents are read together, and commits in one pass."""
    started = []
    for name, landings in (("short", 2), ("long", 8)):
        shop = make(tmp_path / name)
        for _ in range(landings):
            step(shop)
        history(shop)
        with monkeypatch.context() as patch:
            asked = Asked(patch)
            started.append((asked.of(lambda shop=shop: told(shop, True)), list(asked.commands)))  # type: ignore[misc]  # bound here
    assert started[1][0][0] == started[0][0][0], started
    assert started[1][0][1] == 0


def test_long_chain_of_texts_nobody_approved_can_be_judged(tmp_path: Path) -> None:
    """Each is judged on top of the one before; a thousand of them are no deeper than two."""
    shop = make(tmp_path / "shop")
    lines = []
    for at in range(400):
        text = edited(f"2.{at}").encode()
        who = f"Eve <eve@shop.example> {1_772_500_000 + at * 60} +0000"
        lines.append(b"commit refs/heads/main\ncommitter %s\ndata 3\nsop\n" % who.encode())
        if at == 0:
            lines.append(b"from refs/heads/main^0\n")
        lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (DOCUMENT.encode(), len(text), text))
    subprocess.run(["git", "fast-import", "--quiet"], input=b"".join(lines), cwd=shop.root, check=True)
    shop.git("reset", "-q", "--hard", "main")
    control = opened(shop)
    assert control.history is not None
    assert control.register is not None
    rows = control.history.versions["SOP-001"]
    assert len(rows) == 401
    assert not control.register.verdict(rows[-1]).approved


# --- which files a text names -----------------------------------------------------------------------------

WORD = st.text("ab.-m\\", max_size=12)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORD.filter(lambda word: word and "/" not in word), max_size=6), st.lists(WORD, max_size=8))
def test_name_counts_wherever_it_stands_in_a_text(names: list[str], words: list[str]) -> None:
    paths = [f"sops/{name}" for name in dict.fromkeys(names)]
    text = "".join([*words, *names[:2], *words[:1]])
    expected = {path for path in paths if (name := path[5:]) in text and not name.startswith(".")}
    assert set(_named_in(text, showable(paths))) == expected
