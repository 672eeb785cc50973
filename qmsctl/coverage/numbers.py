"""Clause numbers: which number stands below which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def above(key: str) -> list[str]:
    """The numbers that a number continues, nearest first: 8.5.1 -> 8.5, 8; 11.10(a) -> 11.10, 11."""
    found = []
    while key := (key.rpartition("(")[0] if key.endswith(")") else key.rpartition(".")[0]):
        found.append(key)
    return found


def lines(clauses: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The clauses that each clause stands below, nearest first: what `under` says, else what its number continues.

    A clause never stands below itself or below one that is listed after it.
    """
    found: dict[str, tuple[str, ...]] = {}
    for key, data in clauses.items():
        natural = next((name for name in above(key) if name in clauses), "")
        parent = str(data.get("under", natural))
        found[key] = (parent, *found[parent]) if parent in found else ()
    return found
