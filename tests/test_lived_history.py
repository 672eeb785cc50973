"""The lived history of the reference system: what was in force when, who approved it, and that the gate agrees."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

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


@pytest.mark.heavy
def test_the_same_input_gives_the_same_commits(lived: Path, tmp_path: Path) -> None:
    script().build(tmp_path / "again")
    refs = ["for-each-ref", "--format=%(refname) %(objectname)"]
    assert git(tmp_path / "again", *refs) == git(lived, *refs)


@pytest.mark.heavy
def test_the_gate_would_have_let_every_landing_in(tmp_path: Path) -> None:
    module = script()
    assert list(module.verify(module.build(tmp_path / "judged"))) == []
