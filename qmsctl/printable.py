"""Text that can be shown anywhere: nothing in it steers a terminal, a log or a reader's eye."""

from __future__ import annotations

import re
import unicodedata

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
    if "::" in text:  # told much sooner than where it stands
        text = _COMMAND_AT_START.sub(r"\1: :", text)
    return _COMMAND_ANYWHERE.sub(r"##\1 [", text) if "##" in text else text


_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def printable(text: str, colour: bool = False) -> str:
    """Return the text with what steers written as an escape; with ``colour``, colours stay."""
    if not _STEERING.search(text):
        return text
    parts = _COLOUR.split(text)
    marks = _COLOUR.findall(text) if colour else [""] * (len(parts) - 1)
    if not colour:
        parts, marks = [text], []
    clean = [_STEERING.sub(lambda m: f"\\u{ord(m[0]):04x}", part) for part in parts]
    return "".join(part + mark for part, mark in zip(clean, [*marks, ""], strict=True))


def without_steering(text: str) -> str:
    """Return the text with a sign for what is missing in place of what steers."""
    return _STEERING.sub("\ufffd", text)


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def no_formula(text: str) -> str:
    """Return the text of a cell of CSV so that no spreadsheet carries it out on opening; numbers stay numbers."""
    return "'" + text if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text
