"""Clause numbers: which number stands below which."""

from __future__ import annotations


def above(key: str) -> list[str]:
    """The numbers that a number continues, nearest first: 8.5.1 -> 8.5, 8; 11.10(a) -> 11.10, 11."""
    found = []
    while key := (key.rpartition("(")[0] if key.endswith(")") else key.rpartition(".")[0]):
        found.append(key)
    return found
