"""Text for terminals and files: control characters made visible, widths in columns, lines wrapped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_NO_CHARACTER = "\ufffe\uffff"
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_COMMAND_AT_START = re.compile(r"^((?:[^\S\n]|\x1b\[[0-9;]*m)*)::", re.MULTILINE)
_COMMAND_ANYWHERE = re.compile(r"##(\w*)\[")


def visible(text: str) -> str:
    r"""Return the text on one line, with what cannot be seen written as an escape such as ``\x1b``.

    That covers control and bidirectional characters, line separators and halves of surrogate pairs, so
    the result can be printed, encoded as UTF-8 and put into XML.
    """
    return text if text.isprintable() else "".join(shown(character) for character in text)


def shown(character: str) -> str:
    """Return one character, or its escape where it cannot be seen."""
    if unicodedata.category(character) in _HIDDEN or character in _NO_CHARACTER:
        return character.encode("unicode_escape").decode("ascii")
    return character


def encodable(text: str) -> str:
    """Return the text with halves of surrogate pairs (bytes of a name that is not UTF-8) as escapes."""
    return _SURROGATE.sub(lambda match: shown(match.group()), text)


def harmless_in_logs(text: str) -> str:
    """Break up what GitHub, Azure and TeamCity would carry out as a command if they read it in a log."""
    return _COMMAND_ANYWHERE.sub(r"##\1 [", _COMMAND_AT_START.sub(r"\1: :", text))


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
    lines: list[str] = []
    line = ""
    for word in text.split():
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
