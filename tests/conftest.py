"""What tests share: real systems in temporary folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from qmsctl import shelf

REPOSITORY = Path(__file__).resolve().parent.parent
TODAY = "2026-11-16"


@pytest.fixture
def repository() -> Path:
    """The root of this repository, which holds the reference system."""
    return REPOSITORY


@pytest.fixture
def system(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes files into an empty folder with a qms.yaml."""

    def write(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "qms"
        root.mkdir(exist_ok=True)
        (root / "qms.yaml").write_text("organisation: Example\n", encoding="utf-8")
        for name, content in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
        return root

    return write


def own_files(root: Path) -> dict[str, bytes]:
    """All files of a system but those that any command keeps for the next one."""
    files = (f for f in sorted(root.rglob("*")) if f.is_file() and root / shelf.FOLDER not in f.parents)
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in files}


def in_ci() -> bool:
    """In CI nothing may be skipped."""
    return bool(os.environ.get("CI"))
