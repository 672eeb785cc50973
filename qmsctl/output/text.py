"""Text for terminals and files: control characters made visible, widths in columns, lines wrapped."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from qmsctl.printable import encodable, harmless_in_logs, shown, visible

__all__ = ["cells", "encodable", "harmless_in_logs", "pad", "shown", "take", "visible", "wrap"]


def cells(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """Return the text filled up with spaces to a width in columns."""
    return text + " " * (width - cells(text))


def take(pieces: Iterable[str], room: int) -> list[str]:
    """Return the first pieces that fit into a room in columns."""
    taken: list[str] = []
    for piece in pieces:
        room -= cells(piece)
        if room < 0:
            break
        taken.append(piece)
    return taken


def wrap(text: str, width: int) -> list[str]:
    """Return the text as lines no wider than ``width`` columns, broken at spaces where possible."""
    width = max(width, 2)
    words = text.split()
    line = " ".join(words)
    if cells(line) <= width:
        return [line]
    lines: list[str] = []
    line = ""
    for word in words:
        longer = f"{line} {word}" if line else word
        if cells(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _cut(word, width)
        lines += full
    return [*lines, line]


def _cut(word: str, width: int) -> list[str]:
    pieces = [""]
    room = width
    for character in word:
        need = _cells(character)
        if need > room:
            pieces.append("")
            room = width
        room -= need
        pieces[-1] += character
    return pieces


def count(number: int, noun: str) -> str:
    """Return a number with its noun: "1 file", "2 files"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
