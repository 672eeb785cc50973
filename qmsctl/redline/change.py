"""The value that a comparison is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

from qmsctl.model import FieldPath

Words = tuple[tuple[str, str], ...]
"""Runs of a word diff: (" ", kept), ("-", removed), ("+", added), in reading order."""

_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"<!--|-->|~~|[<>≤≥≠±=+−~%×÷°]|(?<!\w)-(?=\w)|(?<=\w)-(?!\w)")
_STARTS = re.compile(r"[.!?;:]\s+\W*(\w)")
"""Signs that mean something by themselves, and the first letters of sentences."""
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
    """Return the changes that do more than mend spelling, punctuation, layout and metadata.

    Other words may mean something else, and only people can tell: "at once" and "when convenient" are both prose.
    """
    return [c for c in changes if c.names - EDITORIAL or ("metadata" not in c.names and not _respelt(c))]


def _respelt(change: Change) -> bool:
    """Tell whether the words of a change are the same ones, spelt or set in another way."""
    if change.kind == "moved":
        return True
    one, two = change.before.casefold(), change.after.casefold()
    if _SIGNS.findall(one) != _SIGNS.findall(two) or _STARTS.findall(one) != _STARTS.findall(two):
        return False
    before, after = (_WORD.findall(text.casefold()) for text in (change.before, change.after))
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        slips = b - a == d - c and all(_like(x, y) for x, y in zip(before[a:b], after[c:d], strict=True))
        apart = "".join(before[a:b]) == "".join(after[c:d])  # written apart or together, still the same word
        if not slips and not apart:
            return False
    return True


def _like(before: str, after: str) -> bool:
    """Tell whether a word looks like a slip of another: long enough to be known, and nearly the same."""
    if min(len(before), len(after)) < 4 or any(c.isdigit() for c in before + after):
        return False
    if before[0] != after[0]:
        return False  # tighten and lighten, million and billion, lock and unlock
    if sorted(before) == sorted(after):
        return True  # letters in another order
    return abs(len(before) - len(after)) <= 2 and SequenceMatcher(None, before, after, autojunk=False).ratio() >= 0.88
