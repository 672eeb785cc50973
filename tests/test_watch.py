"""`qmsctl check --watch`: what is told after each save, and that it is what a check from the start would find."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qmsctl import checks, saves, shelf
from qmsctl.cli import app
from qmsctl.commands._watch import Round, difference
from qmsctl.commands.check import Wanted
from qmsctl.loader import load
from qmsctl.model import Finding, Position
from qmsctl.saves import Change, change_between, look
from tests.conftest import TODAY
from tests.test_cli import SYSTEM
from tests.test_kept import copy_of_the_reference, edit

Made = Callable[..., Path]
Fed = Callable[..., Result]
SOP = "sops/SOP-001-s.md"


@pytest.fixture
def root(system: Made) -> Path:
    found = system({**SYSTEM, "qms.yaml": f"organisation: Example\nas_of: {TODAY}\n"})
    os.remove(found / "people" / "directory.yaml")
    return found


@pytest.fixture
def watched(root: Path, monkeypatch: pytest.MonkeyPatch) -> Fed:
    """Return a function that runs the command while steps are taken, each of them a save, and ends it."""

    def run(*steps: Callable[[], object], options: tuple[str, ...] = (), landed: bool = False) -> Result:
        def changes(place: Path) -> Iterator[Change]:
            seen = look(place)
            for step in steps:
                step()
                now = look(place)
                change = change_between(seen, now)
                yield Change(change.saved, change.deleted, landed)
                seen = now
            raise KeyboardInterrupt

        monkeypatch.setattr(saves, "changes", changes)
        return CliRunner().invoke(app, ["-C", str(root), "check", "--watch", *options])

    return run


def replaced(file: Path, old: str, new: str) -> Callable[[], None]:
    def write() -> None:
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return write


def rounds(result: Result) -> list[str]:
    """What was told after each save."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return re.split(r"(?m)^\d\d:\d\d:\d\d  ", result.output)[1:]


# --- what is told -------------------------------------------------------------------------------


def test_it_begins_with_what_a_check_prints(root: Path, watched: Fed) -> None:
    plain = CliRunner().invoke(app, ["-C", str(root), "check"])
    told = watched()
    without_time = re.sub(r"in \d+\.\d\d s", "", plain.output).rstrip()
    assert re.sub(r"in \d+\.\d\d s", "", told.output).startswith(without_time)
    assert told.output.rstrip().endswith("Ctrl-C ends it.")
    assert told.exit_code == plain.exit_code == 1


def test_a_save_tells_what_came_and_what_is_gone(root: Path, watched: Fed) -> None:
    owner = replaced(root / SOP, "owner: buyer", "owner: byer")
    back = replaced(root / SOP, "owner: byer", "owner: buyer")
    came, gone = rounds(watched(owner, back))
    assert came.startswith(f"{SOP} saved\n\n")
    assert f"\n\n{SOP}\n\n  5:8   error" in came
    assert "5 │ owner: byer" in came, "the line it stands in"
    assert "did you mean `buyer`" in came
    assert came.count("link-target-missing") == 1
    assert re.search(r"\n\n\d+ files, .* · 8 items checked in ", came), "the summary is that of all findings"
    assert "Reminding" not in came
    assert gone.startswith(f"{SOP} saved\n\n")
    assert re.search(rf"\ngone  {SOP}  link-target-missing: .*byer.*\n", gone)
    assert SOP not in gone.split("gone", 1)[0].split("saved", 1)[1], "only what it was not told before"


def test_a_sentence_changes_nothing_and_says_so(root: Path, watched: Fed) -> None:
    told = rounds(watched(replaced(root / SOP, "State the", "A line more.\n\nState the")))
    assert [text.split("\n")[2] for text in told] == ["no findings came or went"]


def test_findings_that_only_move_are_not_news(root: Path, watched: Fed) -> None:
    wrong = replaced(root / SOP, "owner: buyer", "owner: byer")
    moved = replaced(root / SOP, "type: sop\n", "type: sop\n# a line more\n\n")
    assert "no findings came or went" in rounds(watched(wrong, moved))[1]


def test_one_of_two_that_read_alike_is_gone() -> None:
    one, other = (Finding("some-check", "alike", Position("a.md", line), item="A") for line in (3, 7))
    assert difference([one, other], [one, other]) == []
    assert difference([one, other], [other]) == [other]
    assert difference([other], [one, other]) == []


def test_many_files_are_one_round_and_a_deleted_file_is_named(root: Path, watched: Fed) -> None:
    def many() -> None:
        for number in range(5):
            (root / "roles" / f"role-{number}.yaml").write_text(
                f"id: role-{number}\ntype: role\ntitle: Role {number}\n"
            )

    many_told, deleted = rounds(watched(many, (root / "roles" / "role-0.yaml").unlink))
    assert many_told.startswith("5 files saved\n")
    assert " 13 items checked" in many_told
    assert deleted.startswith("roles/role-0.yaml deleted\n")
    assert " 12 items checked" in deleted


def test_names_of_files_do_not_steer_the_terminal(root: Path, watched: Fed) -> None:
    told = watched(lambda: (root / "roles" / "a\x1b[2Jb.yaml").write_text("id: [", encoding="utf-8"))
    assert "\x1b" not in told.output
    assert len(rounds(told)) == 1


# --- faults ---------------------------------------------------------------------------------------


def test_without_a_configuration_it_says_so_and_goes_on(root: Path, watched: Fed) -> None:
    text = (root / "qms.yaml").read_text()
    gone, there, owner = rounds(
        watched(
            (root / "qms.yaml").unlink,
            lambda: (root / "qms.yaml").write_text(text),
            replaced(root / SOP, "owner: buyer", "owner: byer"),
        )
    )
    assert gone.startswith("qms.yaml deleted")
    assert "there is no qms.yaml" in gone
    assert "no findings came or went" in there
    assert "did you mean `buyer`" in owner


def test_how_it_stands_at_the_end_is_the_exit_code(root: Path, watched: Fed) -> None:
    only = ("--only", "link-target-missing")
    wrong = replaced(root / SOP, "owner: buyer", "owner: byer")
    back = replaced(root / SOP, "owner: byer", "owner: buyer")
    assert watched(options=only).exit_code == 0
    assert watched(wrong, options=only).exit_code == 1
    assert watched(back, options=only).exit_code == 0
    assert watched((root / "qms.yaml").unlink, options=only).exit_code == 2


def test_a_file_that_goes_while_it_is_read_ends_nothing(
    root: Path, watched: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, faults = Round.run_checks, [FileNotFoundError(2, "No such file", "sops/gone.md")]

    def once(self: Round, *arguments: object) -> checks.Report:
        if self._known and faults:
            raise faults.pop()
        return run(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Round, "run_checks", once)
    touched = replaced(root / SOP, "State", "Say")
    fault, after = rounds(watched(touched, replaced(root / SOP, "Say", "State")))
    assert "sops/gone.md cannot be read: No such file" in fault
    assert "no findings came or went" in after


@pytest.mark.parametrize(
    "options", [("--format", "json"), ("--output", "x.txt"), ("--write-baseline", "known.json")], ids=lambda o: o[0]
)
def test_what_does_not_go_with_it_is_refused(root: Path, options: tuple[str, str]) -> None:
    done = CliRunner().invoke(app, ["-C", str(root), "check", "--watch", *options])
    assert done.exit_code == 2
    assert f"does not go with {options[0]}" in done.output
    assert not Path("x.txt").exists()


def test_a_first_check_that_cannot_be_made_ends_it(root: Path, watched: Fed) -> None:
    told = watched(options=("--only", "no-such-check"))
    assert told.exit_code == 2
    assert "there is no check `no-such-check`" in told.output


# --- options and settings ---------------------------------------------------------------------------


def test_options_choose_as_they_do_without(root: Path, watched: Fed, tmp_path: Path) -> None:
    wrong = replaced(root / SOP, "owner: buyer", "owner: byer")
    back = replaced(root / SOP, "owner: byer", "owner: buyer")
    assert "no findings came or went" in rounds(watched(wrong, options=("--only", "document-unused")))[0]
    assert "link-target-missing" not in watched(back, options=("--skip", "link-target-missing")).output
    known = tmp_path / "known.json"
    CliRunner().invoke(app, ["-C", str(root), "check", "--write-baseline", str(known)])
    told = watched(wrong, options=("--baseline", str(known)))
    assert told.output.startswith("no findings · ")
    assert "did you mean `buyer`" in rounds(told)[0]
    assert "known before" in rounds(told)[0]
    assert watched(options=("--as-of", "2027-06-01")).exit_code == 1


def test_only_what_differs_from_a_revision(root: Path, watched: Fed) -> None:
    git = ("git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "begin")):
        subprocess.run([*git, *command], check=True)
    told = watched(replaced(root / SOP, "owner: buyer", "owner: byer"), options=("--changed-since", "main"))
    assert told.output.startswith("no findings · ")
    assert "did you mean `buyer`" in rounds(told)[0]


def test_qms_yaml_and_item_types_may_change(root: Path, watched: Fed) -> None:
    kind = root / "item_types" / "visit.schema.yaml"

    def new_type() -> None:
        kind.parent.mkdir()
        kind.write_text("type: [", encoding="utf-8")

    config = root / "qms.yaml"
    levels, broken = rounds(
        watched(
            lambda: config.write_text(config.read_text() + "checks:\n  levels:\n    document-unused: error\n"),
            new_type,
        )
    )
    assert re.search(r"error +no process or document uses", levels)
    assert "gone  sops/SOP-002-s.md  document-unused" in levels, "the same at another level"
    assert "item-type-broken" in broken


# --- history ------------------------------------------------------------------------------------------


def test_control_is_opened_anew_only_where_it_may_be_another(
    root: Path, watched: Fed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qmsctl.approvals import control

    opened: list[str] = []
    real = control.open_control

    def noted(*arguments: object) -> control.Control:
        opened.append("again")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(control, "open_control", noted)
    sentence = replaced(root / SOP, "State", "Say")
    back = replaced(root / SOP, "Say", "State")
    assert len(rounds(watched(sentence, back))) == 2
    assert len(opened) == 1
    assert "Git has other commits or branches" in rounds(watched(sentence, landed=True))[0]
    assert len(opened) == 3
    watched(replaced(root / "qms.yaml", "Example", "Another"))
    assert len(opened) == 5


def test_what_is_in_force_is_checked_once_for_a_history_and_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Finding("some-check", "wrong", Position("a.md"))
    made: list[str] = []

    def errors(_: Wanted, workspace: object, history: object, today: str) -> list[tuple[str, Finding]]:
        made.append(today)
        return [(today, wrong), ("2027-01-01", wrong)]

    monkeypatch.setattr(Wanted, "_errors_in_force", errors)
    wanted, one, other = Wanted(), standing(), standing()
    for _ in range(2):
        told = wanted._with_pending(one, checks.Report(()), TODAY)
        assert [finding.message for finding in told.findings] == ["in what is in force today: wrong"]
        assert wanted._with_pending(one, checks.Report((wrong,)), TODAY).findings == (wrong,)
    assert len(made) == 1
    wanted._with_pending(other, checks.Report(()), TODAY)
    wanted._with_pending(other, checks.Report(()), "2026-11-17")
    assert len(made) == 3


def standing() -> Any:
    """A workspace with a history of its own."""
    return SimpleNamespace(control=SimpleNamespace(history=object()))


def test_commits_and_branches_are_a_change(root: Path) -> None:
    git = ("git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    places = saves._places_of_git(root)
    before = look(root, places)
    subprocess.run([*git, "add", "-A"], check=True)
    assert not change_between(before, look(root, places)).landed, "only commits count"
    subprocess.run([*git, "commit", "-q", "-m", "begin"], check=True)
    after = look(root, places)
    assert change_between(before, after) == Change(landed=True)
    subprocess.run([*git, "pack-refs", "--all"], check=True)
    subprocess.run([*git, "checkout", "-q", "-b", "other"], check=True)
    assert change_between(after, look(root, places)).landed


# --- what is seen --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [".SOP-001-s.md.swp", "4913", "SOP-001-s.md~", "#SOP-001-s.md#", ".#SOP-001-s.md", "SOP-001-s.md___jb_tmp___", "SOP-001-s.md.tmp"],
)  # fmt: skip
def test_what_an_editor_writes_for_a_moment_is_no_change(root: Path, name: str) -> None:
    before = look(root)
    (root / "sops" / name).write_text("half of it", encoding="utf-8")
    assert look(root) == before


def test_what_is_built_is_no_change_and_what_is_measured_is(root: Path) -> None:
    before = look(root)
    for name in ("build/cache/items", "node_modules/x.md", ".venv/x.md", ".github/workflows/x.tmp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", encoding="utf-8")
    assert look(root) == before
    for name in ("build/measures/values.csv", ".github/CODEOWNERS", "pictures/2026/gauge.svg"):
        before = look(root)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", encoding="utf-8")
        assert change_between(before, look(root)).saved == (name,)


def asleep(monkeypatch: pytest.MonkeyPatch, *meanwhile: Callable[[], object]) -> Iterator[Callable[[], object]]:
    """Do something each time the watch sleeps, instead of sleeping; return what is left to do."""
    left = iter(meanwhile)
    clock = SimpleNamespace(sleep=lambda _: next(left)(), perf_counter=lambda: 0.0)
    monkeypatch.setattr(saves, "time", clock)
    return left


def test_several_saves_are_one_change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes only where it sleeps: each sleep is followed by what somebody does meanwhile."""
    file, other = root / SOP, root / "roles" / "buyer.yaml"
    swap = file.with_name("moved.md")
    meanwhile: list[Callable[[], object]] = [
        lambda: None,  # nothing yet
        lambda: file.rename(swap),
        lambda: file.write_text(swap.read_text() + "half"),
        lambda: (swap.unlink(), other.write_text(other.read_text() + "# x\n")),
        lambda: None,  # settled
        lambda: swap.write_text("---\n"),
        swap.unlink,  # and gone before it settled
        lambda: None,
        other.unlink,
        lambda: None,
    ]
    left = asleep(monkeypatch, *meanwhile)
    found = saves.changes(root)
    assert next(found) == Change(("roles/buyer.yaml", SOP))
    assert next(found) == Change(deleted=("roles/buyer.yaml",))
    assert next(left, None) is None


def test_a_file_that_never_rests_holds_nothing_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = root / "log.txt"
    asleep(monkeypatch, *[lambda: log.open("a").write("x")] * 100)
    assert next(saves.changes(root)) == Change(("log.txt",))


# --- the result is never another -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in range(1, 9))])
def test_each_round_finds_what_a_first_check_finds(tmp_path: Path, seed: int) -> None:
    root, chance = copy_of_the_reference(tmp_path), random.Random(seed)
    done = ["nothing"]
    with shelf.in_memory(root):
        before: Round | None = None
        for number in range(8):
            workspace = Round(root, before)
            told = checks.run(workspace.loaded, TODAY, keep=True)
            assert told == checks.run(load(root), TODAY), done
            # After a round that broke off half-way, as with a file that went meanwhile.
            before = workspace if number % 3 else None
            done += [edit(root, chance) for _ in range(chance.choice((1, 1, 1, 4)))]
    fresh = checks.run(load(root, keep=True), TODAY, keep=True)
    assert fresh == checks.run(load(root), TODAY), "what was written at the end"


def test_a_round_that_broke_off_leaves_nothing_behind(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (root / SOP).read_text()
    with shelf.in_memory(root):
        first = checks.run(load(root, keep=True), TODAY, keep=True)
        (root / SOP).write_text(text.replace("owner: buyer", "owner: byer"))
        with monkeypatch.context() as patch:
            patch.setattr("qmsctl.kept.Kept.save", interrupted)
            with pytest.raises(KeyboardInterrupt):
                checks.run(load(root, keep=True), TODAY, keep=True)
        (root / SOP).write_text(text)
        assert checks.run(load(root, keep=True), TODAY, keep=True) == first


def interrupted(_: object) -> None:
    raise KeyboardInterrupt


def test_items_of_files_that_are_the_same_are_taken_over(root: Path) -> None:
    with shelf.in_memory(root):
        one = Round(root)
        before = dict(one.loaded.qms.items)
        replaced(root / SOP, "State", "Say")()
        after = Round(root, one).loaded.qms.items
    assert [id for id in before if after[id] is not before[id]] == ["SOP-001"]
    assert "Say the drawing" in after["SOP-001"].body


# --- what is held in memory -----------------------------------------------------------------------------


def test_values_are_held_and_written_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / shelf.FOLDER / "values"
    with shelf.in_memory(tmp_path):
        assert shelf.read(file, b"k" * 32) is None
        shelf.write(file, b"k" * 32, ({"a": 1},))
        first = file.read_bytes()
        shelf.read(file, b"k" * 32)[0]["b"] = 2
        assert shelf.read(file, b"k" * 32) == ({"a": 1},), "what one reader adds is its own"
        assert shelf.read(file, b"l" * 32) is None
        shelf.write(file, b"l" * 32, {"c": 3})
        assert file.read_bytes() == first
        assert shelf.read(file, b"l" * 32) == {"c": 3}
    assert shelf.read(file, b"l" * 32) == {"c": 3}
    file.unlink()
    assert shelf.read(file, b"l" * 32) is None


def test_other_folders_are_read_and_written_as_ever(tmp_path: Path) -> None:
    file = tmp_path / "git" / "qmsctl" / "history"
    with shelf.in_memory(tmp_path):
        for value in ([1], [2]):
            shelf.write(file, b"k" * 32, value)
            assert shelf.read(file, b"k" * 32) == value
        file.unlink()
        assert shelf.read(file, b"k" * 32) is None


# --- a real process ---------------------------------------------------------------------------------------


def test_a_process_sees_a_save_and_ends_with_ctrl_c(root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "qmsctl", "-C", str(root), "check", "--watch", "--only", "link-target-missing"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell have the signal ignored, and what they start too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    guard = threading.Timer(120, process.kill)  # else a fault here would hold up all tests
    guard.start()
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        until(process.stdout, "Ctrl-C ends it")
        replaced(root / SOP, "owner: buyer", "owner: byer")()
        assert any("did you mean `buyer`" in line for line in until(process.stdout, "items checked in"))
        process.send_signal(signal.SIGINT)
        assert process.wait() == 1
        assert process.stderr.read() == ""
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


def until(lines: Iterator[str], text: str) -> list[str]:
    """Read lines up to the one with a text."""
    found = []
    for line in lines:
        found.append(line)
        if text in line:
            return found
    raise AssertionError("".join(found))
