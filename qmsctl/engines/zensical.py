"""Zensical: the successor of Material for MkDocs, fed the same sources."""

from __future__ import annotations

import sys
from pathlib import Path


def command(configuration: Path) -> list[str]:
    """The command that builds."""
    return [sys.executable, "-P", "-m", "zensical", "build", "--clean", "--config-file", str(configuration)]
