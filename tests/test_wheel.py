"""The wheel works on its own: in an empty folder, without this repository."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


def run(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.heavy
def test_wheel_in_an_empty_folder(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path / "dist"), str(REPOSITORY), cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "qmsctl/item_types/sop.schema.yaml" in names
    assert "qmsctl/standards/iso9001-2015.yaml" in names
    assert not [name for name in names if name.startswith(("tests/", "processes/", "sops/"))]
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"), cwd=tmp_path)
    place = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    run(
        str(place / "python"),
        "-m",
        "pip",
        "install",
        "-q",
        "-c",
        str(REPOSITORY / "constraints.txt"),
        str(wheel),
        cwd=tmp_path,
    )
    for profile in ("micro", "small", "multi-site", "regulated"):
        home = tmp_path / profile
        home.mkdir()
        qmsctl = str(place / "qmsctl")
        run(qmsctl, "init", "--profile", profile, "--organisation", "Example", cwd=home)
        run(qmsctl, "check", "--strict", cwd=home)
    run(qmsctl, "site", "build", cwd=home)
    assert (home / "build/site/index.html").is_file()
