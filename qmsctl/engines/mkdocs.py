"""Material for MkDocs: the reference engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FAULT = 3
"""How the quick command ends if the site has a fault; Python itself ends with 1 and 2, as when a part is missing."""


def command(configuration: Path) -> list[str]:
    """The command that builds; strict, so that a warning fails it. Never quiet: then broken links pass."""
    return [sys.executable, "-P", "-m", "mkdocs", "build", "--strict", "--clean", "--config-file", str(configuration)]


def quick_command() -> list[str]:
    """The command that makes the same site in less time; what to build it is told on its input: see `_drive`."""
    return [sys.executable, "-P", "-m", "qmsctl.engines._drive"]


def answer(code: int, output: str) -> dict[str, Any]:
    """What the quick command did: how many pages were `rendered` and `stayed`, or why the `plain` one has to build.

    Empty if it found a fault.
    """
    try:
        said = json.loads(output.strip().rpartition("\n")[2])
    except ValueError:
        said = None
    if isinstance(said, dict):
        return said
    return {} if code == FAULT else {"plain": f"it ended with {code}"}
