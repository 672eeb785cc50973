"""HTML that the Nu checker finds no error in, on every kind of page and in every language."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, in_ci
from tests.sites import kinds, proof, site_of

__all__ = ["proof"]
CHECKER = REPOSITORY / "tests" / "npm" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


def checked(files: list[Path]) -> list[str]:
    """Return what the checker calls an error, one line each; all files in one run, for to start it costs most."""
    if not CHECKER.exists() or shutil.which("java") is None:
        if in_ci():
            pytest.fail("The Nu checker or Java is missing, and in CI nothing is skipped")
        pytest.skip("The Nu checker or Java is not installed; scripts/system-packages.sh installs them")
    command = ["java", "-Xss8m", "-jar", str(CHECKER), "--format", "json", "--exit-zero-always", "--stdout"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=True)
    messages = json.loads(done.stdout)["messages"]
    return [
        f"{m['url'].rsplit('/site/')[-1]}:{m.get('lastLine')}: {m['message']} {m.get('extract', '')!r}"
        for m in messages
        if m["type"] != "info"
    ]


def test_every_kind_of_page_is_valid(proof: Path) -> None:
    site = site_of(proof)
    pages = [*kinds(site), *kinds(site, "de"), "sops/SOP-914.html"]
    assert checked([site / page for page in pages]) == []


def test_the_checker_sees_a_fault(tmp_path: Path) -> None:
    page = tmp_path / "site" / "page.html"
    page.parent.mkdir()
    page.write_text("<!doctype html><html lang=en><title>Page</title><p id=a><p id=a>", encoding="utf-8")
    assert any("Duplicate ID" in line for line in checked([page]))
