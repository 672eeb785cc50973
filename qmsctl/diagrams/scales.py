"""Where things go: ranges of values, round steps, labels of periods, labels that keep clear of each other."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from functools import lru_cache

from qmsctl.diagrams.wording import GREAT, number
from qmsctl.measures.periods import parse

_STEPS = {"day": (1, 2, 7, 14), "week": (1, 2, 4, 8, 13, 26), "month": (1, 2, 3, 6, 12), "quarter": (1, 2, 4),
          "year": (1, 2, 5, 10)}  # fmt: skip
_NARROW = set("iljtfrI.,:;'|!()[] \u00a0")
_WIDE = set("mwMW%@—→")


def measure(text: str, size: float = 12) -> float:
    """Return about how wide a text is, rather more than less."""
    return size * _units(text)


@lru_cache(maxsize=8192)
def _units(text: str) -> float:
    return sum(0.38 if c in _NARROW else 0.96 if c in _WIDE else 0.7 if c.isupper() else 0.62 for c in text)


def fitted(text: str, room: float, size: float = 12) -> str:
    """Return a text cut to a width, with … where something is missing."""
    if measure(text, size) <= room:
        return text
    while text and measure(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def domain(core: Sequence[float], edges: Sequence[float], unit: str) -> tuple[float, float]:
    """Return the range of an axis: all of ``core``, and those of ``edges`` that do not squeeze it."""
    if not core:
        core = edges or (0.0, 1.0)
    low, high = min(core), max(core)
    span = high - low
    near = [e for e in edges if low - 0.8 * span <= e <= high + 0.8 * span]
    low, high = min([low, *near]), max([high, *near])
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    floor = 0.0 if min(core) >= 0 else -math.inf
    roof = 100.0 if unit == "%" and max(core) <= 100 else math.inf
    return max(low - pad, floor), min(high + pad, roof)


def ticks(low: float, high: float, count: int = 5) -> list[tuple[float, str]]:
    """Return at most so many round values in a range, with their labels."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [n * step for n in range(first, last + 1)]
    size = max(abs(low), abs(high))
    scale, sign = next(((s, w) for s, w in GREAT if s <= size < 1e15), (1.0, ""))
    decimals = max(0, -math.floor(math.log10(step / scale) + 1e-9) + (1 if round(step / power, 1) == 2.5 else 0))
    if decimals > 6:
        return [(v, number(v, 1) if v else "0") for v in values]
    return [(v, number(v / scale, decimals) + (f" {sign}" if sign and v else "")) for v in values]


def period_labels(keys: Sequence[str], slot: float) -> list[tuple[int, str, str]]:
    """Return which periods are named on the axis: index, label, and the year where it is said."""
    periods = [parse(key) for key in keys]
    if not periods:
        return []
    grain = periods[0].grain
    room = {"day": 46.0, "year": 38.0}.get(grain, 32.0)
    step = next((s for s in _STEPS[grain] if s * slot >= room), _STEPS[grain][-1])
    if grain == "day" and step * slot < room:
        months = next((m for m in (1, 2, 3, 6, 12) if m * 30 * slot >= 32), 12)
        chosen = [i for i, k in enumerate(keys) if k[8:] == "01" and (int(k[5:7]) - 1) % months == 0]
    elif grain == "day":
        chosen = [i for i in range(len(keys)) if (len(keys) - 1 - i) % step == 0]
    else:
        chosen = [i for i, key in enumerate(keys) if (_place(key, grain)) % step == 0]
    found, year = [], ""
    for index in chosen or [0]:
        key, date = keys[index], datetime.date.fromisoformat(periods[index].first)
        short = {"day": f"{date.day} {date:%b}" if step * slot >= room else f"{date:%b}", "week": key[5:],
                 "month": f"{date:%b}", "quarter": key[5:], "year": key}[grain]  # fmt: skip
        found.append((index, short, key[:4] if key[:4] != year and grain != "year" else ""))
        year = key[:4]
    return found


def _place(key: str, grain: str) -> int:
    return int(key[:4]) if grain == "year" else int(key[6:] if grain != "month" else key[5:]) - 1


def spread(wanted: Sequence[float], top: float, bottom: float, gap: float = 14) -> list[float]:
    """Return places near the wanted ones, in the same order, that keep a distance and stay inside."""

    def start(group: Sequence[int]) -> float:
        """Return where a group begins when its middle is where its labels would like to be."""
        length = (len(group) - 1) * gap
        return max(top, min(sum(wanted[i] for i in group) / len(group) - length / 2, bottom - length))

    groups: list[list[int]] = []
    for index in sorted(range(len(wanted)), key=lambda i: (wanted[i], i)):
        group = [index]
        while groups and start(groups[-1]) + len(groups[-1]) * gap > start(group):
            group = groups.pop() + group
        groups.append(group)
    places = [0.0] * len(wanted)
    for group in groups:
        for nr, index in enumerate(group):
            places[index] = start(group) + nr * gap
    return places
