"""Where the time goes: stages, counts and profiles. No test asserts how long something takes."""

from __future__ import annotations

import contextlib
import itertools
import json
import marshal
import pstats
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qmsctl import timing
from qmsctl.cli import COMMANDS, _for_all_first, app
from tests.conftest import TODAY

ROLE = "id: buyer\ntype: role\ntitle: Buyer\n"
SIMPLE = ("list role", "show buyer", "find buyer", "due", "check", "explain overdue", "schema --list")


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *arguments])


def rows(text: str) -> dict[str, list[str]]:
    """The rows of a table by their stage, indented as it is."""
    lines = text[text.index("stage ") :].splitlines()
    return {(split := re.split(r"(?<=\S)  +", line))[0]: split[1:] for line in lines}


@pytest.fixture
def small(system: Callable[..., Path]) -> Path:
    return system({"roles/buyer.yaml": ROLE, "qms.yaml": f"organisation: Example\nas_of: {TODAY}\n"})


def test_check_says_where_the_time_went_and_its_result_stays_clean(small: Path) -> None:
    plain = run(small, "check", "--format", "json")
    timed = run(small, "check", "--format", "json", "--timings")
    seconds = re.compile(r'"seconds": [\d.]+')
    assert seconds.sub("", timed.stdout) == seconds.sub("", plain.stdout)
    assert plain.stderr == ""
    assert timed.exit_code == plain.exit_code
    shown = rows(timed.stderr)
    order = [name for name in shown if not name.startswith(" ")]
    assert order == sorted(
        order,
        key=["stage", "loading the command", "reading", "reading the history", "linking", "reading measures", "checking", "writing", "other work", "in all"].index,
    )  # fmt: skip
    assert shown["reading"][-1].endswith("1 files")
    assert re.fullmatch(r"[1-9]\d* cache hits, 0 cache misses, \d+ checks", shown["checking"][-1])
    lines = timed.stderr[timed.stderr.index("\nchecking ") + 1 :].splitlines()[1:]
    inside = itertools.takewhile(lambda line: line.startswith("  "), lines)
    named = [re.split(r"(?<=\S)  +", line)[0] for line in inside if line[2] != " "]
    assert len(named) == timing.MOST + 1
    assert re.fullmatch(r"  \d+ more", named[-1])
    for row in list(shown.values())[1:]:
        assert re.fullmatch(r"\d+\.\d{3}", row[0])
        assert re.fullmatch(r"\d+%", row[1])
    assert shown["in all"][1] == "100%"


def test_what_was_kept_and_what_was_made_anew_is_counted(small: Path) -> None:
    first = rows(run(small, "check", "--timings").stderr)["reading"][-1]
    assert "0 cache hits, 1 cache misses" in first


@pytest.mark.parametrize("command", SIMPLE)
def test_the_options_stand_before_or_after_the_command(small: Path, command: str, tmp_path: Path) -> None:
    before = run(small, "--timings", *command.split())
    file = tmp_path / "after.json"
    after = run(small, *command.split(), "--timings", "--profile", str(file))
    assert before.stdout == after.stdout or command == "check"
    assert before.exit_code == after.exit_code
    assert [*rows(before.stderr)][-1] == [*rows(after.stderr)][-1] == "in all"
    assert json.loads(file.read_text())["traceEvents"][0]["name"] == "in all"


def test_options_for_all_are_told_from_what_is_meant_for_a_command() -> None:
    assert _for_all_first(["check", "--timings", "-f", "json"]) == ["--timings", "check", "-f", "json"]
    assert _for_all_first(["check", "--profile", "a.prof", "x"]) == ["--profile", "a.prof", "check", "x"]
    assert _for_all_first(["check", "--profile=a.prof"]) == ["--profile=a.prof", "check"]
    assert _for_all_first(["find", "--", "--timings"]) == ["find", "--", "--timings"]
    assert _for_all_first(["init", "--profile", "small"]) == ["init", "--profile", "small"]
    assert _for_all_first(["init", "--profile=small"]) == ["init", "--profile=small"]
    assert _for_all_first(["--profile", "a.prof", "init", "--profile", "small"])[:2] == ["--profile", "a.prof"]
    assert _for_all_first(["check", "--profile"]) == ["--profile"]


def test_only_init_has_an_option_that_looks_like_one_for_all() -> None:
    import click

    def options(command: click.Command) -> set[str]:
        own = {name for parameter in command.params for name in parameter.opts}
        below = command.commands.values() if isinstance(command, click.Group) else ()
        return own.union(*(options(one) for one in below))

    assert isinstance(app, click.Group)
    found = {name: app.get_command(click.Context(app), name) for name in COMMANDS}
    clash = {name for name, command in found.items() if command and options(command) & {"--timings", "--profile"}}
    assert clash == {"init"}


def test_a_run_that_fails_says_where_the_time_went(small: Path) -> None:
    done = run(small, "show", "SOP-999", "--timings")
    assert done.exit_code == 2
    assert "in all" in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].startswith(" help:")


def test_nothing_of_one_run_is_left_in_the_next(small: Path) -> None:
    run(small, "check", "--timings")
    second = rows(run(small, "list", "role", "--timings").stderr)
    assert "checking" not in second
    assert second["reading"][3] == "1"
    assert timing._recording.get() is None
    assert "in all" not in run(small, "check").stderr


def test_a_profile_of_calls_opens_with_pstats(small: Path, tmp_path: Path) -> None:
    for name in ("a.prof", "b.pstats"):
        file = tmp_path / name
        assert run(small, "list", "role", "--profile", str(file)).exit_code == 0
        called = {function for _, _, function in pstats.Stats(str(file)).stats}  # type: ignore[attr-defined]
        assert "load" in called


def test_a_profile_of_stages_is_a_trace(small: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    assert run(small, "check", "--profile", str(file)).exit_code == run(small, "check").exit_code
    events = json.loads(file.read_text())["traceEvents"]
    whole = events[0]
    assert whole["ts"] == 0
    for event in events:
        assert event["ph"] == "X"
        assert {"name", "ph", "ts", "dur", "pid", "tid", "args"} == set(event)
        assert event["ts"] >= 0
        assert event["ts"] + event["dur"] <= whole["dur"] + 2  # each is rounded to a microsecond
    assert [e["ts"] for e in events] == sorted(e["ts"] for e in events)
    assert next(e for e in events if e["name"] == "reading")["args"]["files"] == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.txt", "says no kind of profile"),
        ("--format", "says no kind of profile"),
        ("none/a.prof", "there is no folder"),
        (".git/a.prof", "Git's own folder"),
        ("there.prof", "is there already"),
        ("dangling.json", "is there already"),
    ],
)
def test_a_profile_that_cannot_be_written_is_refused_first(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    place = tmp_path / "place"
    (place / ".git").mkdir(parents=True)
    (place / "there.prof").write_text("kept")
    (place / "dangling.json").symlink_to(place / "nowhere")
    monkeypatch.chdir(place)
    done = run(small, "list", "role", "--profile", name)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert (place / "there.prof").read_text() == "kept"
    assert not (place / "nowhere").exists()


def test_a_profile_that_fails_in_the_end_is_said(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("qmsctl.profiling.write_whole", full)
    for name in ("a.prof", "a.json"):
        done = run(small, "list", "role", "--profile", str(tmp_path / name))
        assert done.exit_code == 2
        assert "No space left on device" in done.stderr
        assert not (tmp_path / name).exists()


def test_stages_nest_and_count() -> None:
    with timing.recording() as times:
        for _ in range(2):
            with timing.stage("outer"):
                timing.count("files", 3)
                with timing.stage("inner"):
                    timing.count("cache hits")
                    timing.count("cache hits", 2)
                    timing.count("cache misses", 0)
        timing.count("runs")
    assert [span.path for span in times.spans] == [("outer", "inner"), ("outer",)] * 2 + [()]
    shown = rows(timing.table(times))
    assert shown["outer"][3:] == ["2", "6 files"]
    assert shown["  inner"][3:] == ["2", "6 cache hits, 0 cache misses"]
    assert shown["in all"][3:] == ["1", "1 runs"]


def test_a_stage_ends_also_where_something_fails_or_is_left_open() -> None:
    with timing.recording() as times:
        with contextlib.suppress(ValueError), timing.stage("failing"):
            timing.stage("left open").__enter__()
            raise ValueError
        with timing.stage("after"):
            pass
    assert {span.path for span in times.spans} == {("failing", "left open"), ("failing",), ("after",), ()}


def test_without_recording_nothing_is_kept() -> None:
    with timing.stage("unseen"), timing.in_child() as packed:
        timing.count("files", 3)
    timing.merge([])
    assert packed == []


@pytest.mark.parametrize(
    "carry", [lambda plain: marshal.loads(marshal.dumps(plain)), lambda plain: json.loads(json.dumps(plain))]
)
def test_what_a_child_recorded_counts_as_processor_time(carry: Callable[[object], list[list[object]]]) -> None:
    with timing.recording() as times, timing.stage("checking"):
        with timing.in_child() as packed, timing.stage("overdue"):
            timing.count("items", 5)
        # As if another process had done it, and had worked for 100 seconds.
        foreign = [(path, start, seconds, 100.0, -1, counts) for path, start, seconds, _, _, counts in packed]
        timing.merge(carry(foreign))  # type: ignore[arg-type]
    shown = rows(timing.table(times))
    assert shown["  overdue"] == ["-", "-", "100.000", "1", "5 items"]
    for name in ("checking", "in all"):
        assert float(shown[name][0]) < 100 <= float(shown[name][2])
    assert {event["pid"] for event in timing.trace(times)["traceEvents"]} == {-1, times.spans[-1].process}
