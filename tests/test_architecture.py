"""The promises of the architecture, held."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

SOURCES = sorted((REPOSITORY / "qmsctl").rglob("*.py"))


def test_the_staircase() -> None:
    code = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_reference_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/reference.py", "--check"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: f.relative_to(REPOSITORY).as_posix())
def test_module_keeps_to_its_room(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    place = file.relative_to(REPOSITORY / "qmsctl").as_posix()
    assert ast.get_docstring(tree), "a module says in its first line what it is for"
    imports = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.add(node.module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            pytest.fail(f"{place}:{node.lineno} prints")
        clock = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func)
        if clock and clock.endswith(("date.today", "datetime.now", "datetime.utcnow", "time.time")):
            assert place.startswith("commands/"), f"{place}:{node.lineno} asks for the date"
    if imports & {"subprocess", "git"}:
        assert place.startswith(("history/git", "approvals/signing", "engines/")), f"{place} starts other programs"
    if imports & {"socket", "http.server", "http.client", "urllib.request", "httpx", "requests"}:
        adapters = ("engines/", "approvals/forges/client", "approvals/timestamps")
        assert place.startswith(adapters), f"{place} reaches for the network"


def test_no_type_is_named_in_the_core() -> None:
    """A new item type needs no Python: reading, schemas and types know none by name."""
    for name in ("frontmatter.py", "schema.py", "body.py", "model.py"):
        text = (REPOSITORY / "qmsctl" / name).read_text(encoding="utf-8")
        for kind in ('"sop"', '"process"', '"kpi"', '"role"', '"risk"'):
            assert kind not in text, f"{name} names {kind}"
