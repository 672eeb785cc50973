"""Numbers and rows as short texts that the browser reads without a parser of ours, and the files that hold them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, product
from typing import Any

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
ROOM = 32
"""Numbers of entries that one unit takes up, so that an entry more in one unit does not move the others."""

NAME = 8
"""Signs of the name of a file."""
Pieces = Mapping[str, bytes]
"""Files of the index by name."""

UNIT = re.compile("([W-Za-z_-]*[0-9A-V])((?:[0-9A-V].)*[W-Za-z_-].)")
"""The step to a unit, and the fragment of it, in postings."""


@lru_cache(maxsize=65536)
def number(value: int) -> str:
    """Return a number in signs of five bits; a sign above 31 says that more follow."""
    out = ""
    while value > 31:
        out += SIGNS[32 + value % 32]
        value //= 32
    return out + SIGNS[value]


MORE, LAST = ([[SIGNS[place] + level for level in SIGNS] for place in range(at, at + ROOM)] for at in (0, ROOM))
"""By place and level the two signs of an entry in a unit: of one that others follow, and of the last."""


def fragment(rows: Sequence[tuple[int, int]]) -> str:
    """Return (place, level) of the entries of one unit, in order."""
    place, level = rows[-1]
    return "".join([MORE[place][level] for place, level in rows[:-1]]) + LAST[place][level]


def places(text: str) -> list[tuple[int, int]]:
    """Return what `fragment` was given."""
    return [(SIGNS.index(text[at]) % ROOM, SIGNS.index(text[at + 1])) for at in range(0, len(text), 2)]


@lru_cache(maxsize=4096)
def value(text: str) -> int:
    """Return what `number` was given."""
    return sum(SIGNS.index(sign) % 32 << 5 * at for at, sign in enumerate(text))


_PAIRS = {one + two: at for at, (one, two) in enumerate(product(SIGNS, SIGNS))}
_PAIR = list(_PAIRS)


def row(first: int, last: int, text: str) -> str:
    """Return postings without their first step, behind the first and the last unit, counted from where a bundle begins."""
    return _PAIR[first] + _PAIR[last] + text


def joined(rows: Iterable[tuple[int, str]]) -> str:
    """Return postings from (where a bundle begins, what `row` gave for it)."""
    out: list[str] = []
    before = -1
    for start, text in rows:
        out += number(start + _PAIRS[text[:2]] - before), text[4:]
        before = start + _PAIRS[text[2:4]]
    return "".join(out)


_AS_LAST = dict(zip(SIGNS[:ROOM], SIGNS[ROOM:], strict=True))


def strong(text: str, levels: frozenset[str]) -> str:
    """Return a fragment without what has other levels, given by their signs; nothing if nothing is left."""
    if levels.issuperset(text[1::2]):
        return text
    rows = [text[at : at + 2] for at in range(0, len(text), 2) if text[at + 1] in levels]
    if rows and rows[-1][0] in _AS_LAST:
        rows[-1] = _AS_LAST[rows[-1][0]] + rows[-1][1]
    return "".join(rows)


def first(text: str, most: int) -> str:
    """Return the first entries of postings."""
    out: list[str] = []
    for step, found in UNIT.findall(text):
        if len(found) >= 2 * most:
            place, level = found[2 * most - 2 : 2 * most]
            out += step, found[: 2 * most - 2], _AS_LAST.get(place, place), level
            break
        out += step, found
        most -= len(found) // 2
    return "".join(out)


def runs(values: Sequence[int]) -> str:
    """Return a row of numbers: twice each, one more where the number of its repetitions follows."""
    out = []
    for which, same in groupby(values):
        often = sum(1 for _ in same)
        out.append(number(2 * which + 1) + number(often) if often > 1 else number(2 * which))
    return "".join(out)


def shared(words: Sequence[str]) -> str:
    """Return sorted words, each as the number of letters it shares with the one before and the rest."""
    out, last = [], ""
    for word in words:
        same = 0
        while same < min(len(word), len(last), 31) and word[same] == last[same]:
            same += 1
        out.append(SIGNS[same] + word[same:])
        last = word
    return " ".join(out)


def said(value: Any) -> str:
    """Return a value as JSON that a script can hold, whatever texts are in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def script(name: str, value: str) -> bytes:
    """Return a script that hands a value, as `said`, over under a name; it can do nothing else."""
    return f'qmsSearchLoad("{name}",{value});\n'.encode()


class Files:
    """Pieces of the index, each named after its content, with something ``before`` that which is not said each time."""

    def __init__(self, before: str = "") -> None:
        self._before = before
        self.named: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def add(self, value: str) -> str:
        """Take a piece in, as JSON; return its name."""
        if value not in self._names:
            name, more = _name(value), ""
            while name in self.named:
                more += " "
                name = _name(value + more)
            self._names[value], self.named[name] = name, value
        return self._names[value]

    def pieces(self) -> Pieces:
        """Return all of them as files."""
        full = ((self._before + name, value) for name, value in self.named.items())
        return {f"{name}.js": script(name, value) for name, value in full}


def _name(value: str) -> str:
    return base64.b32encode(hashlib.blake2b(value.encode(), digest_size=NAME * 5 // 8).digest()).decode().lower()
