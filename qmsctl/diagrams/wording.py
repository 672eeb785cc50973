"""What charts say in words: numbers with units, periods, the text alternative and the rows of the table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qmsctl.measures.model import SIGNS, WORDS, Judged, JudgedPoint, Signal, Target
from qmsctl.measures.periods import words as period_words

NUMBERED = 6
"""How many signals a figure numbers; the table has all."""
GREAT = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"))
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WAYS = {"higher": "higher is better", "lower": "lower is better", "within": "best within the band"}


def number(value: float, decimals: int = 1, trim: bool = False) -> str:
    """Return a number as people write it: 12,500.0, −0.3, 1.2 × 10⁻⁹; with ``trim`` without idle zeros."""
    size = abs(value)
    if 1e-4 <= size < 0.5 * 10.0**-decimals:
        return f"{value:.2g}".replace("-", "−")
    if size >= 1e15 or 0 < size < min(1e-4, 0.5 * 10.0**-decimals):
        mantissa, _, power = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')} × 10{str(int(power)).translate(_RAISED)}".replace("-", "−")
    text = f"{value:,.{decimals + 2 if trim else decimals}f}"
    if trim and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.removeprefix("-") if not text.strip("-0.") else text.replace("-", "−")


def amount(value: float, unit: str, decimals: int = 1, trim: bool = False) -> str:
    """Return a number with its unit, which a line break does not part."""
    return f"{number(value, decimals, trim)}\u00a0{unit}".rstrip("\u00a0")


def compact(value: float, unit: str, decimals: int) -> str:
    """Return an amount for a label in a figure: great numbers are shortened, long units left out."""
    unit = unit if len(unit) <= 6 else ""
    scale, sign = next(((s, w) for s, w in GREAT if s <= abs(value) < 1e15), (1.0, ""))
    text = number(value / scale, 2, True) if sign else number(value, decimals)
    return " ".join(part for part in (text, sign, unit) if part).replace(" ", "\u00a0")


def way(direction: str, between: str = " · ") -> str:
    """Return which way is better, to stand behind something else."""
    return between + _WAYS[direction] if direction in _WAYS else ""


def ring(nr: int) -> str:
    """Return a number in a ring."""
    return chr(0x2460 + nr - 1) if 1 <= nr <= 20 else f"({nr})"


def heading(judged: Judged) -> str:
    """Return the title of a series: the KPI's, and the location it is for."""
    return judged.definition.title + (f", {judged.location}" if judged.location else "")


def usable(value: float | None) -> bool:
    """Say whether a value can be drawn."""
    return value is not None and math.isfinite(value)


def gap(point: JudgedPoint) -> str:
    """Return why a period has no point: "no data", "not trusted", or "" where it has one."""
    if usable(point.value):
        return ""
    return "not trusted" if point.point.doubt else "no data"


def goal(target: Target, direction: str, unit: str, decimals: int) -> str:
    """Return a target in words: 97 %, or 20 h to 30 h for a band."""
    low, high = (target.low, target.high) if direction == "within" else (None, None)
    if low is not None and high is not None:
        return f"{number(low, decimals, True)} to {amount(high, unit, decimals, True)}"
    if low is not None or high is not None:
        edge = high if low is None else low
        return f"at {'most' if low is None else 'least'} {amount(edge or 0.0, unit, decimals, True)}"
    return "" if target.target is None else amount(target.target, unit, decimals, True)


def status(point: JudgedPoint) -> str:
    """Return the status of a point in words."""
    return gap(point) or point.words or WORDS[point.status]


def numbered(judged: Judged) -> tuple[tuple[int, Signal], ...]:
    """Return the last signals with the numbers they have in the figure."""
    return tuple(enumerate(judged.behaviour.signals[-NUMBERED:], 1))


def notes(judged: Judged) -> tuple[str, ...]:
    """Return a sentence for each signal that the figure numbers."""
    found = (f"{ring(n)} {sentence(s.words or s.rule)}" for n, s in numbered(judged))
    return tuple(found)


def sentence(text: str) -> str:
    """Return a text that starts and ends like a sentence."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ":")) else ".")


def describe(judged: Judged) -> str:
    """Return the text alternative of a series."""
    made = judged.definition
    latest = judged.latest
    if latest is None:
        return f"{sentence(heading(judged))} No complete period yet."
    unit, decimals = made.unit, made.decimals
    parts = [heading(judged)]
    said = gap(latest) or f"{amount(latest.value or 0.0, unit, decimals)}, {status(latest)}"
    doubt = f" ({latest.point.doubt})" if latest.point.doubt else ""
    parts.append(f"{period_words(latest.period)}: {said}{doubt}")
    aim = goal(latest.target, made.direction, unit, decimals)
    parts.append(f"Target: {aim}{way(made.direction, ', ')}" if aim else "No target is set")
    parts.append(f"Trend: {judged.trend}")
    phase = judged.behaviour.phases[-1] if judged.behaviour.phases else None
    if phase is not None and phase.mean is not None and phase.lower is not None and phase.upper is not None:
        parts.append(
            f"Mean {number(phase.mean, decimals)}, natural process limits {number(phase.lower, decimals)}"
            f" to {amount(phase.upper, unit, decimals)}"
        )
    if len(judged.points) > 1:
        first, last = judged.points[0].period, judged.points[-1].period
        parts.append(f"The figure shows {period_words(first)} to {period_words(last)}")
    for why in ("no data", "not trusted"):
        periods = [period_words(p.period) for p in judged.points if gap(p) == why]
        if periods:
            parts.append(f"{sentence(why).rstrip('.')}: {few(periods)}")
    signals = judged.behaviour.signals
    if signals:
        count = "1 signal" if len(signals) == 1 else f"{len(signals)} signals"
        shown = few([(s.words or s.rule).rstrip(".") for s in signals[-3:]], "; ")
        parts.append(f"{count}{', the last' if len(signals) > 3 else ''}: {shown}")
    return " ".join(sentence(part) for part in parts)


def few(texts: Sequence[str], between: str = ", ") -> str:
    """Return the first three texts and how many more there are."""
    return between.join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


def table(judged: Judged) -> list[dict[str, str]]:
    """Return the series as a table, oldest first: period, value, target, status, sign, signals, remarks."""
    made = judged.definition
    found = []
    for point in judged.points:
        value = amount(point.value or 0.0, made.unit, made.decimals) if not gap(point) else gap(point)
        was = amount(point.point.was, made.unit, made.decimals) if point.point.was is not None else ""
        found.append(
            {
                "key": point.period,
                "period": period_words(point.period),
                "value": value,
                "target": goal(point.target, made.direction, made.unit, made.decimals),
                "status": status(point),
                "sign": SIGNS["none"] if gap(point) else SIGNS[point.status],
                "signals": "; ".join(s.words or s.rule for s in point.signals),
                "explanation": point.explanation,
                "doubt": point.point.doubt,
                "restated": f"was {was or 'empty'}, changed {point.point.restated}" if point.point.restated else "",
            }
        )
    return found
