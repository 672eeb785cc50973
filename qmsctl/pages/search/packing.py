"""Numbers and rows as short texts that the browser reads without a parser of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"


def number(value: int) -> str:
    """Return a number in signs of five bits; a sign above 31 says that more follow."""
    out = ""
    while value > 31:
        out += SIGNS[32 + value % 32]
        value //= 32
    return out + SIGNS[value]


def postings(rows: Iterable[tuple[int, int]]) -> str:
    """Return (entry, level) in order of entries as steps from one to the next, each with its level."""
    out, last = [], -1
    for entry, level in rows:
        out.append(number(entry - last) + SIGNS[level])
        last = entry
    return "".join(out)


def runs(values: Sequence[int]) -> str:
    """Return a row of numbers as (how often, which)."""
    out, start = [], 0
    for at in range(1, len(values) + 1):
        if at == len(values) or values[at] != values[start]:
            out.append(number(at - start) + number(values[start]))
            start = at
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


def script(name: str, value: Any) -> bytes:
    """Return a script that hands a value over under a name; it can do nothing else."""
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    said = said.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"qmsSearchLoad({json.dumps(name)},{said});\n".encode()
