"""What was read of one file, and why not more could be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qmsctl.model import FieldPath

MANY = 20
"""How many times larger a list of clauses taken from elsewhere may be; it takes about 2 µs for each value."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file, or a place in it, could not be taken as it stands. ``check`` is the id of the finding."""

    check: str
    message: str
    line: int = 1
    column: int = 1
    help: str = ""
    fatal: bool = True


@dataclass(slots=True)
class Parsed:
    """What was read of one file; ``fields`` is None if nothing could be read."""

    fields: dict[str, Any] | None = None
    marks: dict[FieldPath, tuple[int, int, int, int, int]] = field(default_factory=dict)
    body: str = ""
    body_line: int = 0
    faults: list[Fault] = field(default_factory=list)
    raw: dict[FieldPath, str] = field(default_factory=dict)
    """Text of plain scalars that were read as something else than text."""
