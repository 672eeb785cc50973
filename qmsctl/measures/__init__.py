"""KPI values from data sources: definitions, computing, and the judgement of what the values say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qmsctl.loader import Loaded

FOLDER = Path("build") / "measures"


def any_known(loaded: Loaded, folder: Path) -> bool:
    """Tell whether values were ever computed in a folder, or recorded in a system."""
    return folder.is_dir() or any(item.type == "kpi-log" for item in loaded.qms.items.silently())
