"""The lived history of the reference system: what was in force when, who approved it, and that the gate agrees."""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import yaml

from qmsctl import checks
from qmsctl.approvals.register import Register
from qmsctl.history import revisions
from qmsctl.history.revisions import History
from qmsctl.history.trees import Tree
from qmsctl.loader import Loaded, load
from tests.conftest import REPOSITORY, TODAY

START = "2024-11-18"
IN_FORCE = {
    "2025-03-01": {"SOP-014": "1.3", "SOP-015": "1.2", "SOP-017": "2.3", "KPI-013": "1.0"},
    "2025-12-01": {"SOP-014": "2.0", "SOP-015": "1.3", "SOP-018": "2.3", "KPI-013": "1.1"},
    "2026-07-10": {"SOP-014": "2.1", "SOP-017": "2.4", "SOP-018": "2.3", "WI-010": "1.0"},
    TODAY: {"SOP-014": "2.1", "SOP-015": "1.4", "SOP-017": "3.0", "WI-010": "1.1"},
    "2026-12-07": {"SOP-014": "3.0", "SOP-017": "3.0"},
}


def script() -> ModuleType:
    """Load the script as a module."""
    if "lived_history" not in sys.modules:
        spec = importlib.util.spec_from_file_location("lived_history", REPOSITORY / "scripts" / "lived_history.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["lived_history"] = module
        spec.loader.exec_module(module)
    return sys.modules["lived_history"]


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, built once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (shared / "lived.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "lived-built").exists():
            script().build(shared / "lived")
            (shared / "lived-built").touch()
    return shared / "lived"


@pytest.fixture(scope="session")
def opened(lived: Path) -> tuple[Loaded, History]:
    loaded = load(lived)
    return loaded, revisions.read(lived, loaded.config, loaded.types)


def view(history: History, loaded: Loaded, day: str) -> Tree:
    """Return the files in force on a day, as known today."""
    return Tree(history.root, history.files_on(day, loaded.types, TODAY))


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("day", sorted(IN_FORCE))
def test_in_force_on_a_day(opened: tuple[Loaded, History], day: str) -> None:
    loaded, history = opened
    with view(history, loaded, day).folder() as place:
        then = load(place)
        found = checks.run(then, day, skip=["due-soon", "overdue"]).findings
        assert [f for f in found if f.level == "error"] == []
        revisions_then = {name: str(then.qms.items[name].get("revision")) for name in IN_FORCE[day]}
    assert revisions_then == IN_FORCE[day]


def test_what_is_in_force_today_is_what_stands_at_the_root(opened: tuple[Loaded, History]) -> None:
    loaded, history = opened
    reference = load(REPOSITORY)
    tree = view(history, loaded, TODAY)
    differ = [
        item.id
        for item in reference.qms.items.values()
        if reference.types[item.type].controlled
        and not item.shipped
        and (item.path not in tree.files or tree.read(item.path) != (REPOSITORY / item.path).read_bytes())
    ]
    assert differ == []


def test_everything_since_change_control_began_is_approved(opened: tuple[Loaded, History]) -> None:
    loaded, history = opened
    register = Register(history, loaded)
    judged = open_ones = 0
    for rows in history.versions.values():
        kind = loaded.types.get(rows[-1].facts.get("type", ""))
        for version in rows if kind is not None and kind.controlled else []:
            verdict = register.verdict(version)
            judged += not verdict.exempt
            open_ones += not (verdict.exempt or verdict.approved)
    assert judged > 130
    assert open_ones == 0
    report = checks.run(loaded, TODAY, history=history, approvals=register)
    assert [f for f in report.findings if f.level == "error"] == []


def test_what_comes_and_what_is_open(opened: tuple[Loaded, History]) -> None:
    loaded, history = opened
    assert [v.revision for v in history.pending("SOP-014", TODAY)] == ["3.0"]
    assert loaded.qms.items["SOP-014"].get("revision") == "3.0"
    root = history.root
    assert git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads").split() == [
        "change/five-points-on-small-parts",
        "main",
    ]
    assert git(root, "status", "--porcelain") == ""


def test_the_history_has_seen_life(opened: tuple[Loaded, History]) -> None:
    loaded, _ = opened
    records = [item for item in loaded.qms.items.values() if item.type == "change"]
    assert {"refused", "closed", "in-effect"} <= {str(item.get("status")) for item in records}
    assert {"emergency", "temporary", "major"} <= {str(item.get("kind")) for item in records}
    assert loaded.qms.items["WI-010"].get("status") == "obsolete"
    assert loaded.qms.items["p-040"].get("status") == "left"
    assert loaded.qms.items["p-041"].get("external")
    assert any(key.get("revoked") for key in loaded.qms.items["p-005"].get("keys"))


MONTHS = [f"{datetime.date(2024, month, 1):%B}" for month in range(1, 13)]
NAMED = re.compile(rf"(\w+ )?\b(?:(\d{{4}}-\d\d-\d\d)|(\d\d?) ({'|'.join(MONTHS)})(?: (\d{{4}}))?)\b")
TO_COME = ("until ", "by ", "before ", "from ")


def told(text: str, signed: str) -> list[str]:
    """Return the dates that a text names as past; without a year they are of the year in which it was signed."""
    found = []
    for before, iso, day, month, year in NAMED.findall(text):
        on = iso or f"{year or signed[:4]}-{MONTHS.index(month) + 1:02d}-{int(day):02d}"
        if not (iso or year) and on[5:7] >= "09" and signed[5:7] <= "03":  # said in winter of the autumn before
            on = f"{int(on[:4]) - 1}{on[4:]}"
        if before.lower() not in TO_COME:
            found.append(on)
    return found


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def signings(history: History) -> dict[str, list[tuple[str, str, str]]]:
    """Return who signed which text of a change record: id -> [(time, digest, where)]."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for file in sorted((history.root / "approvals").rglob("*.txt")):
        text = file.read_text(encoding="utf-8")
        named = re.search(r"^# change-record: (\S+) sha256:(\w+)$", text, re.MULTILINE)
        time = re.search(r"^# time: (\S+)$", text, re.MULTILINE)
        if named and time:
            found.setdefault(named[1], []).append((time[1], named[2], file.name))
    for file in sorted((history.root / "approvals" / "records").glob("*.json")):
        for vote in json.loads(file.read_bytes())["votes"]:
            if vote["record"]:
                found.setdefault(vote["record"], []).append((vote["at"], vote["record_digest"], file.name))
    return found


def test_nobody_signs_what_has_not_happened_yet(opened: tuple[Loaded, History]) -> None:
    _, history = opened
    names = git(history.root, "rev-list", "--objects", "--no-object-names", "main", "--", "changes").split()
    texts: dict[str, str] = {}
    for name in names:
        if git(history.root, "cat-file", "-t", name) == "blob":
            raw = subprocess.run(["git", "cat-file", "blob", name], cwd=history.root, capture_output=True, check=True)
            texts[hashlib.sha256(raw.stdout).hexdigest()] = raw.stdout.decode()
    found = signings(history)
    assert len(found) >= 30
    late, dates = [], 0
    for record, rows in found.items():
        first = min((time for time, _, _ in rows), key=moment)
        for digest in {digest for _, digest, _ in rows}:
            fields = yaml.load(texts[digest], Loader=yaml.BaseLoader)
            notes = [fields["why"], *(row.get("note", "") for row in fields.get("impact", []))]
            for note in notes:
                named = told(note, first)
                dates += len(named)
                late += [f"{record}, signed {first[:10]}: {note}" for on in named if on >= first[:10]]
            assert "done:" not in texts[digest], f"{record} tells of actions done before anybody signed"
    assert late == []
    assert dates > 100


def test_records_tell_of_the_past_and_end_as_they_stand_at_the_root(opened: tuple[Loaded, History]) -> None:
    loaded, history = opened
    folders = [loaded.types[name].folder for name in script().RECORDS]
    told = 0
    for line in git(history.root, "log", "--format=%H %cs", "main", "--", *folders).splitlines():
        sha, on = line.split()
        for path in git(history.root, "show", "--format=", "--name-only", sha, "--", *folders).splitlines():
            text = git(history.root, "show", f"{sha}:{path}")
            past = re.findall(
                r"\b(?:carried_out|found_on|corrected_on|closed_on|opened|held|done): (\d{4}-\d\d-\d\d)", text
            )
            told += len(past)
            assert [day for day in past if day > on] == [], f"{path} on {on}"
    assert told > 60
    for folder in folders:
        root = {p.name: p.read_bytes() for p in (REPOSITORY / folder).glob("*.yaml")}
        assert {p.name: p.read_bytes() for p in (history.root / folder).glob("*.yaml")} == root


def test_who_is_trained_is_answered(opened: tuple[Loaded, History]) -> None:
    loaded, _ = opened
    asked = 0
    for item in loaded.qms.items.values():
        for row in item.get("impact") or [] if item.type == "change" else []:
            if not str(row["question"]).startswith("Who in the role"):
                continue
            asked += 1
            assert row["answer"] in ("action", "no action"), f"{item.id}: {row}"
            assert row["note"], f"{item.id}: {row}"
            limit = re.search(r"before (\d\d? \w+ \d{4})", row["note"])
            assert (row["answer"] == "action") == bool(limit), f"{item.id}: {row}"
            if limit:
                by = datetime.datetime.strptime(limit[1], "%d %B %Y").date().isoformat()
                assert by < str(item.get("effective")), f"{item.id}: {row}"
    assert asked > 50


def test_the_recorder_tells_of_the_past(opened: tuple[Loaded, History]) -> None:
    _, history = opened
    root = history.root
    for file in sorted((root / "approvals" / "records").glob("*.json")):
        record = json.loads(file.read_bytes())
        landed = git(root, "log", "--format=%cI", "--diff-filter=A", "--", file.relative_to(root).as_posix())
        steps = [*sorted((vote["at"] for vote in record["votes"]), key=moment), record["merged_at"], record["recorded"]]
        steps.append(landed)
        assert steps == sorted(steps, key=moment), file.name
        for path, digest in record["statements"].items():
            assert hashlib.sha256((root / path).read_bytes()).hexdigest() == digest
            assert path.endswith(".sig") or not (root / f"{path}.sig").exists()


def test_what_governs_is_approved_at_every_landing(opened: tuple[Loaded, History]) -> None:
    loaded, history = opened
    landings = Register(history, loaded).governing
    assert len(landings) > 10
    assert [(commit.sha, paths) for commit, paths, verdict in landings if not verdict.approved] == []
    alone = [commit.sha for commit, _, _ in landings if len(commit.parents) < 2]
    assert alone == [], "a direct commit on main touches what governs"


PAGE = REPOSITORY / "docs" / "verify-by-hand.md"
STEP = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def test_the_page_on_verifying_by_hand_can_be_followed(lived: Path, tmp_path: Path) -> None:
    """Runs what stands behind each `$` in one shell, on a copy, and compares with what the page shows."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    steps = [step for block in blocks for step in STEP.findall(block)]
    assert len(steps) > 30
    git(tmp_path, "clone", "-q", str(lived), "demo")
    mark = "@@ the next step @@"
    lines = [f"{command}\nlast=$?; printf '\\n%s\\n' '{mark}'; (exit $last)\n" for command, _ in steps]
    done = subprocess.run(
        ["bash"],
        input="exec 2>&1\n" + "".join(lines),
        cwd=tmp_path / "demo",
        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    outputs = done.stdout.split(f"\n{mark}\n")
    assert len(outputs) == len(steps) + 1
    for (command, shown), output in zip(steps, outputs, strict=False):
        pattern = ".*".join(re.escape(part) for part in shown.strip().split("…"))
        assert re.fullmatch(pattern, output.strip()), f"$ {command}\nis shown as\n{shown}\nbut gives\n{output}"


@pytest.mark.heavy
def test_the_same_input_gives_the_same_commits(lived: Path, tmp_path: Path) -> None:
    script().build(tmp_path / "again")
    refs = ["for-each-ref", "--format=%(refname) %(objectname)"]
    assert git(tmp_path / "again", *refs) == git(lived, *refs)


@pytest.mark.heavy
def test_the_gate_would_have_let_them_in(tmp_path: Path) -> None:
    module = script()
    lived = module.build(tmp_path / "judged")
    assert list(module.verify(lived, module.sample(lived.landings))) == []
    said = next(landing for landing in lived.landings if landing.pull and landing.pull.reviews)
    unsaid = list(module.verify(lived, [dataclasses.replace(said, pull=None)]))
    assert len(unsaid) == 1, "without what was said on the forge it must be refused"
    assert said.name in unsaid[0]


def test_a_refusal_ends_with_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = script()
    built = SimpleNamespace(tip="0" * 40, landings=[], records={})
    monkeypatch.setattr(module, "build", lambda *_: built)
    monkeypatch.setattr(sys, "argv", ["lived_history.py", str(tmp_path / "lived"), "--verify"])
    assert module.main() == 0
    monkeypatch.setattr(module, "verify", lambda *_: iter(["a landing\n    the reason"]))
    assert module.main() == 1
    assert "The gate would have refused: a landing\n    the reason" in capsys.readouterr().err
