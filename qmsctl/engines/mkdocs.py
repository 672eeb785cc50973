"""Material for MkDocs: the reference engine."""

from __future__ import annotations

import sys
from pathlib import Path


def command(configuration: Path) -> list[str]:
    """The command that builds; strict, so that a warning fails it. Never quiet: then broken links pass."""
    return [sys.executable, "-P", "-m", "mkdocs", "build", "--strict", "--clean", "--config-file", str(configuration)]
