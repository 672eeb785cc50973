"""The value that a comparison is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qmsctl.model import FieldPath

Words = tuple[tuple[str, str], ...]
"""Runs of a word diff: (" ", kept), ("-", removed), ("+", added), in reading order."""

EDITORIAL = frozenset({"metadata", "prose", "title"})


@dataclass(frozen=True)
class Change:
    """One change between two versions of an item."""

    path: FieldPath
    """Where it stands in the later version, or in the earlier one if it is gone; text begins with ``body``."""
    what: str
    """Where it is, in the reader's words: ``Step "Draw the sample"``, ``Target``."""
    kind: str
    """One of added, removed, changed, moved."""
    before: str
    after: str
    label: str = ""
    """What of it changed: the title of the field, a cell of a table; empty for the whole."""
    words: Words = ()
    names: frozenset[str] = frozenset()
    """What is touched: step, limit, role, link, prose, title, table, field, metadata."""


def substantive(changes: Iterable[Change]) -> list[Change]:
    """Return the changes that touch more than wording, titles and metadata."""
    return [change for change in changes if change.names - EDITORIAL]
