"""What a command imports: starting costs more than most commands do, so nothing comes in without need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import generator

PROGRAM = """
import sys
from qmsctl.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    sys.stderr.write(f"ended with {end.code}")
sys.stderr.write("\\n" + " ".join(sys.modules))
"""
FOREIGN = (
    "bs4", "cProfile", "duckdb", "git", "html5lib", "httpx", "ibis", "jinja2", "markdown", "material", "mkdocs", "multiprocessing",
    "networkx", "nh3", "openpyxl", "pkg_resources", "pstats", "pyarrow", "requests", "segno", "setuptools", "sqlite3", "ssl",
    "unittest", "vl_convert", "weasyprint", "xlsxwriter", "zensical",
)  # fmt: skip
FOR_HELP = ("asyncio", "concurrent", "csv", "json", "jsonschema", "jsonschema_rs", "logging", "subprocess", "tempfile", "yaml", "zoneinfo")  # fmt: skip
OWN_FOR_HELP = {"qmsctl", "qmsctl.cli"}
FOR_CHECK = ("asyncio", "concurrent", "http", "jsonschema", "qmsctl.approvals.documents", "qmsctl.approvals.register", "qmsctl.redline")  # fmt: skip
FOR_SITE = ("asyncio", "concurrent", "http", "mkdocs", "markdown", "qmsctl.commands.kpi", "qmsctl.engines.serve", "ssl", "urllib.request", "vl_convert")  # fmt: skip


def imported(root: Path, *arguments: str, **environment: str) -> set[str]:
    """The modules that a fresh interpreter holds after a command."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, **environment},
    )
    return set(done.stderr.rsplit("\n", 1)[-1].split())


def unwanted(found: set[str], *names: str) -> set[str]:
    return {module for module in found if module.split(".")[0] in names or module in names}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system without errors: what explains them may be slow to import."""
    root = tmp_path_factory.mktemp("made") / "qms"
    generator.generate(root, 30, seed=1)
    return root


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["--help"], {}),
        (["--version"], {}),
        ([], {"_QMSCTL_COMPLETE": "bash_complete", "COMP_WORDS": "qmsctl ", "COMP_CWORD": "1"}),
        ([], {"_QMSCTL_COMPLETE": "bash_complete", "COMP_WORDS": "qmsctl --pro", "COMP_CWORD": "1"}),
    ],
)
def test_help_imports_no_command(tmp_path: Path, arguments: list[str], environment: dict[str, str]) -> None:
    found = imported(tmp_path, *arguments, **environment)
    assert unwanted(found, *FOREIGN, *FOR_HELP) == set()
    assert {module for module in found if module.split(".")[0] == "qmsctl"} == OWN_FOR_HELP
    assert len(found) < 145


@pytest.mark.parametrize("command", [["check"], ["list", "sop"], ["show", "SOP-001"], ["check", "--timings"]])
def test_a_command_imports_what_it_needs(small: Path, command: list[str]) -> None:
    found = imported(small, *command)
    assert "qmsctl.loader" in found
    assert unwanted(found, *FOREIGN, *FOR_CHECK) == set()


def test_check_does_not_grow_unnoticed(small: Path) -> None:
    found = {module for module in imported(small, "check") if not module.startswith("qmsctl.checks.")}
    assert len(found) < 310


def test_the_guard_sees_what_is_imported(small: Path, tmp_path: Path) -> None:
    found = imported(small, "list", "sop", "--profile", str(tmp_path / "a.prof"))
    assert unwanted(found, *FOREIGN) >= {"cProfile"}


def test_a_build_imports_what_it_needs(small: Path) -> None:
    imported(small, "site", "build", "--preview")
    again = imported(small, "site", "build", "--preview")
    assert "qmsctl.pages" in again
    assert unwanted(again, *FOR_SITE) == set()
