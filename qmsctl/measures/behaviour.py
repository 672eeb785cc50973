"""Tells signal from noise: natural process limits of an XmR chart, the run rules, and the trend of the last values.

Sources: Wheeler, Understanding Variation (limits from the mean moving range); Western Electric, Statistical Quality
Control Handbook, 1956; Nelson, The Shewhart Control Chart: Tests for Special Causes, Journal of Quality Technology 16,
1984; Mann 1945 and Kendall 1975 (trend).

Three choices where the sources are silent:

- A gap says nothing about what happened in it. No moving range is taken across it, and no run goes over it.
- Two beyond of three, and four of five, are complete with the second and the fourth point, also when fewer than
  three or five points have been seen: the points to come cannot undo it. The completing point is itself beyond.
- Where all values of the baseline are equal, sigma is 0 and there are no zones: a different value is beyond the
  limits, runs and slopes are judged as ever, and the rules about a third or two thirds of the way say nothing.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from qmsctl.measures import periods
from qmsctl.measures.model import Behaviour, Phase, Signal

D2 = 2 / math.sqrt(math.pi)
"""The mean range of two values of a normal distribution with sigma 1: 1.128."""

BASELINE = 24
LEAST = 8
LEAST_RANGES = 4
"""Of eight values with gaps between them, at least so many must have a value right before them."""

RECENT = 12
LEAST_TREND = 6
LEVEL = 0.05

_NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
)
_UP, _DOWN, _BOTH = 1, -1, 0

Values = Sequence[float | None]
_N = TypeVar("_N", float, Fraction)
Span = tuple[int, int, int]
"""First and last index of a pattern, and its side: 1 above or rising, -1 below or falling, 0 either."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A run rule: ``need`` of ``of`` values in a row make a pattern.

    Patterns: `beyond` (so many sigmas from the mean, on one side), `slope` (each higher, or each lower, than the one
    before), `alternating` (up and down in turn), `near` (within so many sigmas) and `far` (none within so many
    sigmas, and some on each side). ``words`` may use {n}, {way}, {end}, {from} and {than}.
    """

    name: str
    pattern: str
    need: int
    of: int
    sigmas: int
    words: str


_LIMIT = "{way} the {end} natural limit"
_TWO = "{n} more than two thirds of the way from the mean to the {end} natural limit"
_ONE = "{n} more than a third of the way from the mean to the {end} natural limit"
_SIDE = "{n} {way} the mean"
_SLOPE = "{n}, each {than} than the one before"
_TURNS = "{n} that go up and down in turn"
_NEAR = "{n} close to the mean, less spread than the limits let expect"
_FAR = "{n} far from the mean, on both sides of it"

WESTERN_ELECTRIC = (
    Rule("Western Electric 1", "beyond", 1, 1, 3, _LIMIT),
    Rule("Western Electric 2", "beyond", 2, 3, 2, _TWO),
    Rule("Western Electric 3", "beyond", 4, 5, 1, _ONE),
    Rule("Western Electric 4", "beyond", 8, 8, 0, _SIDE),
)
NELSON = (
    Rule("Nelson 1", "beyond", 1, 1, 3, _LIMIT),
    Rule("Nelson 2", "beyond", 9, 9, 0, _SIDE),
    Rule("Nelson 3", "slope", 6, 6, 0, _SLOPE),
    Rule("Nelson 4", "alternating", 14, 14, 0, _TURNS),
    Rule("Nelson 5", "beyond", 2, 3, 2, _TWO),
    Rule("Nelson 6", "beyond", 4, 5, 1, _ONE),
    Rule("Nelson 7", "near", 15, 15, 1, _NEAR),
    Rule("Nelson 8", "far", 8, 8, 1, _FAR),
)
RULES = (*WESTERN_ELECTRIC, *NELSON)


# --- the chart ------------------------------------------------------------------------------------


def behaviour(
    values: Sequence[tuple[str, float | None]],
    starts: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> Behaviour:
    """Return the natural process limits of a series and the signals in it.

    ``values`` are (period key, value in the unit of the KPI), oldest first, every period listed and None where there
    is no value; values that are not finite count as None. ``starts`` are period keys from which limits are computed
    anew, with the reason; a key between two periods stands for the later one, one after the last is left out.
    ``known`` are periods whose values have a known cause outside the process: they are judged, but make no limits.
    Signals are ordered by the period that completes them. Raises PeriodFault for a key that is no period.
    """
    if not values:
        return Behaviour()
    keys = [key for key, _ in values]
    numbers = [_finite(value) for _, value in values]
    reasons = {0: ""}
    for key in sorted(starts or {}):
        at = bisect_left(keys, key)
        if at < len(keys):
            reasons[at] = (starts or {})[key]
    firsts = sorted(reasons)
    phases: list[Phase] = []
    signals: list[Signal] = []
    for first, end in zip(firsts, [*firsts[1:], len(keys)], strict=True):
        phase = _phase(keys[first:end], numbers[first:end], reasons[first], known)
        phases.append(phase)
        if phase.mean is not None and phase.sigma is not None:
            signals.extend(_signals(keys[first:end], numbers[first:end], phase.mean, phase.sigma))
    return Behaviour(tuple(phases), tuple(signals))


def limits(values: Values) -> tuple[float, float, float, float] | None:
    """Return mean, lower limit, upper limit and sigma of values in order, in their unit; None marks a gap.

    Sigma is the mean moving range of neighbours divided by 1.128. Returns None for fewer than eight values, fewer
    than four moving ranges, or values too large to compute with.
    """
    exact = [None if (v := _finite(value)) is None else Fraction(v) for value in values]
    present = [v for v in exact if v is not None]
    ranges = [abs(b - a) for a, b in pairwise(exact) if a is not None and b is not None]
    if len(present) < LEAST or len(ranges) < LEAST_RANGES:
        return None
    try:
        # Fractions, for the mean of equal values must be that value: one bit beside it, and each would be a signal.
        mean, sigma = float(sum(present) / len(present)), float(sum(ranges) / len(ranges)) / D2
    except OverflowError:
        return None
    found = (mean, mean - 3 * sigma, mean + 3 * sigma, sigma)
    return found if all(map(math.isfinite, found)) else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _phase(keys: Sequence[str], values: Values, reason: str, known: Collection[str]) -> Phase:
    values = [None if key in known else value for key, value in zip(keys, values, strict=True)]
    present = [i for i, value in enumerate(values) if value is not None][:BASELINE]
    found = limits(values[: present[-1] + 1]) if present else None
    if found is None:
        return Phase(keys[0], keys[-1], None, None, None, None, (), reason)
    mean, lower, upper, sigma = found
    return Phase(keys[0], keys[-1], mean, lower, upper, sigma, tuple(keys[i] for i in present), reason)


def sigma_words(phase: Phase) -> str:
    """Return one sentence: what the limits of a phase were computed from, with the sigma that was used."""
    if phase.sigma is None or not phase.baseline:
        since = periods.words(phase.first)
        return f"No limits: fewer than eight values since {since}, or too few without a gap between them"
    return (
        f"Limits from the mean moving range of {len(phase.baseline)} values, {periods.words(phase.baseline[0])}"
        f" to {periods.words(phase.baseline[-1])} (sigma = mean moving range / {D2:.3f})"
    )


# --- the rules ------------------------------------------------------------------------------------


def violations(values: Values, mean: float, sigma: float, rules: Sequence[Rule] = RULES) -> dict[str, list[int]]:
    """Return for each rule, by its name, the indexes of the values that complete its pattern.

    Nothing is merged: nine values on one side complete `Western Electric 4` twice. ``mean`` and ``sigma`` are in the
    unit of the values, sigma not below 0; None among the values is a gap.
    """
    return {rule.name: sorted({last for _, last, _ in _spans(values, mean, sigma, rule)}) for rule in rules}


def _spans(values: Values, mean: float, sigma: float, rule: Rule) -> Iterator[Span]:
    if sigma == 0 and rule.sigmas in (1, 2):
        return
    if rule.pattern == "beyond":
        upper, lower = mean + rule.sigmas * sigma, mean - rule.sigmas * sigma
        yield from _marked([v is not None and v > upper for v in values], values, rule, _UP)
        yield from _marked([v is not None and v < lower for v in values], values, rule, _DOWN)
    elif rule.pattern == "slope":
        steps = _steps(values)
        # Six values have five steps; a span of steps starts with the value before it.
        yield from _all([s == 1 for s in steps], rule.of - 1, _UP, 1)
        yield from _all([s == -1 for s in steps], rule.of - 1, _DOWN, 1)
    elif rule.pattern == "alternating":
        steps = _steps(values)
        turns = [False, *(a * b == -1 for a, b in pairwise(steps))]
        yield from _all(turns, rule.of - 2, _BOTH, 2)
    else:
        reach = rule.sigmas * sigma
        above = [v is not None and v > mean + reach for v in values]
        below = [v is not None and v < mean - reach for v in values]
        if rule.pattern == "near":
            near = [v is not None and not a and not b for v, a, b in zip(values, above, below, strict=True)]
            yield from _all(near, rule.of, _BOTH)
        else:
            for first, last, side in _all([a or b for a, b in zip(above, below, strict=True)], rule.of, _BOTH):
                if any(above[first : last + 1]) and any(below[first : last + 1]):
                    yield first, last, side


def _steps(values: Values) -> list[int]:
    """Return for each value 1 or -1 where it is above or below the one before; 0 where equal, at gaps and first."""
    return [0, *(0 if a is None or b is None else (b > a) - (b < a) for a, b in pairwise(values))]


def _all(flags: Sequence[bool], count: int, side: int, before: int = 0) -> Iterator[Span]:
    """Yield a span for each index that ends ``count`` flags in a row; it starts ``before`` values earlier."""
    run = 0
    for last, flag in enumerate(flags):
        run = run + 1 if flag else 0
        if run >= count:
            yield last - count + 1 - before, last, side


def _marked(flags: Sequence[bool], values: Values, rule: Rule, side: int) -> Iterator[Span]:
    """Yield a span for each flagged index with enough flags among the last values; from the first flag to it."""
    recent: list[int] = []
    for last, flag in enumerate(flags):
        if values[last] is None:
            recent = []
        elif flag:
            recent = [*(i for i in recent if i > last - rule.of), last]
            if len(recent) >= rule.need:
                yield recent[0], last, side


def _signals(keys: Sequence[str], values: Values, mean: float, sigma: float) -> Iterator[Signal]:
    """Yield the signals of one phase; what several rules say of the same periods is said once."""
    same: dict[tuple[int, int, int, str, int], list[Rule]] = {}
    for rule in RULES:
        for first, last, side in _merged(_spans(values, mean, sigma, rule)):
            same.setdefault((last, first, side, rule.pattern, rule.sigmas), []).append(rule)
    for (last, first, side, _, sigmas), rules in sorted(same.items(), key=lambda row: row[0][:2]):
        span = values[first : last + 1]
        reach = sigmas * sigma
        hits = sum(v is not None and (v - mean > reach, mean - v > reach)[side == _DOWN] for v in span)
        text = rules[0].words.format(
            n=_count(hits if rules[0].need < rules[0].of else len(span), len(span)),
            way="below" if side == _DOWN else "above",
            end="lower" if side == _DOWN else "upper",
            than="lower" if side == _DOWN else "higher",
        )
        names = ", ".join(rule.name for rule in rules)
        covered = tuple(keys[first : last + 1])
        yield Signal(names, keys[last], covered, f"{_between(covered[0], covered[-1])}: {text} ({names})")


def _merged(spans: Iterator[Span]) -> list[Span]:
    """Return patterns of the same side that overlap as one; single values stay apart, each asks for its own cause."""
    found: dict[int, list[Span]] = {}
    for first, last, side in spans:
        kept = found.setdefault(side, [])
        if kept and first <= kept[-1][1]:
            kept[-1] = (min(first, kept[-1][0]), last, side)
        else:
            kept.append((first, last, side))
    return [span for kept in found.values() for span in kept]


def _count(hits: int, total: int) -> str:
    if hits < total:
        return f"{_number(hits)} of {_number(total)} values"
    return f"{_number(total)} values in a row"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def _between(first: str, last: str) -> str:
    """Return a span of periods as people write it: June to September 2025."""
    start, end = periods.words(first).split(), periods.words(last).split()
    if start == end:
        return " ".join(end)
    shared = 0
    while start[-1 - shared :] == end[-1 - shared :]:
        shared += 1
    return f"{' '.join(start[: len(start) - shared])} to {' '.join(end)}"


# --- the trend ------------------------------------------------------------------------------------


def trend(values: Values, direction: str, target: float | None = None) -> str:
    """Return improving, worsening, steady or unknown for the last twelve values there are, oldest first.

    It is a Mann-Kendall test, two-sided at 5 %; gaps are skipped, since only the order of the values counts.
    ``direction`` is higher, lower or within; for within the distance to ``target`` is tested, in the unit of both.
    Fewer than six values, or within without a target, is unknown. Raises ValueError for another direction.
    """
    if direction not in ("higher", "lower", "within"):
        raise ValueError(f"`{direction}` is no direction; it is higher, lower or within")
    recent = [v for value in values if (v := _finite(value)) is not None][-RECENT:]
    if len(recent) < LEAST_TREND or (direction == "within" and _finite(target) is None):
        return "unknown"
    if direction == "within" and target is not None:
        # Fractions, for 97.3 and 97.5 are equally far from 97.4, which floats deny.
        middle = Fraction(str(target))
        score, _, chance = mann_kendall([abs(Fraction(str(v)) - middle) for v in recent])
    else:
        score, _, chance = mann_kendall(recent)
    if chance >= LEVEL:
        return "steady"
    return "improving" if (score > 0) == (direction == "higher") else "worsening"


def mann_kendall(values: Sequence[_N]) -> tuple[int, float, float]:
    """Return S, its variance and the two-sided p of the Mann-Kendall test of finite values, oldest first.

    The normal approximation, corrected for ties and continuity. At 5 % it decides for six to twelve values without
    ties as the exact distribution of S does, and it covers ties, which the exact one does not.
    """
    count = len(values)
    score = sum((b > a) - (b < a) for i, a in enumerate(values) for b in values[i + 1 :])
    ties = Counter(values).values()
    # In whole numbers, for the variance of equal values must be 0.
    variance = (count * (count - 1) * (2 * count + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if score == 0:
        return 0, variance, 1.0
    return score, variance, math.erfc((abs(score) - 1) / math.sqrt(2 * variance))
