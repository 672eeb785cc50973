"""What values say: status by the target of their period, signals, trend, and the same figures over longer times.

Status comes from what people promised (target and limits), signals from what the process does (its natural
limits). They are told apart: a process may be in control and off target, or on target and out of control.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from qmsctl.measures import parts, periods
from qmsctl.measures.behaviour import behaviour, trend
from qmsctl.measures.compute import first_of_year, window
from qmsctl.measures.definitions import target_on
from qmsctl.measures.log import Explanation
from qmsctl.measures.model import TOTAL, WORDS, Definition, Judged, JudgedPoint, Point, Series, Target

LIMIT = "Western Electric 1"
"""The rule of one value beyond the natural limits."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def judge(
    definition: Definition, series: Series, explanations: Sequence[Explanation], today: str, doubt: str = ""
) -> Judged:
    """Judge a series as of a day: its complete periods, the missing ones shown as gaps.

    ``doubt`` says why the newest value is not to be trusted whatever it is, "" if it may be.
    """
    points = _with_doubts_of_window(definition, _complete(definition, series, today))
    if points and doubt and not points[-1].doubt:
        points[-1] = dataclasses.replace(points[-1], doubt=doubt)
    # What happened at one plant explains what is seen over all of them, but makes no new level there.
    mine = [e for e in explanations if series.location in (TOTAL, e.location) or not e.location]
    values = [(p.period, None if p.doubt else p.value) for p in points]
    starts = {e.period: e.cause for e in mine if e.new_level and e.location in (TOTAL, series.location)}
    told = behaviour(values, starts)
    # A value far out with a cause that was found is no part of the process; in its limits it would hide the next one.
    known = {s.period for s in told.signals if LIMIT in s.rule and any(e.covers(s.period) for e in mine)}
    if known:
        told = behaviour(values, starts, known)
    signals = {p.period: tuple(s for s in told.signals if s.period == p.period) for p in points}
    judged = tuple(
        _point(definition, p, signals[p.period], next((e.cause for e in reversed(mine) if e.covers(p.period)), ""))
        for p in points
    )
    target = judged[-1].target.target if judged else None
    return Judged(
        definition,
        series.location,
        judged,
        told,
        trend([v for _, v in values], definition.direction, target),
        year_to_date=to_date(definition, points),
        rolling=over_months(definition, points, 12),
        year_before=_year_before(points),
        year_before_to_date=to_date(definition, _ending_a_year_before(points)),
    )


def status(direction: str, target: Target, value: float | None) -> str:
    """Return on, watch, off or none for a value judged by a target and its limits."""
    if value is None or not math.isfinite(value):
        return "none"
    if direction == "within":
        if target.low is None and target.high is None:
            return "none"
        low = target.low if target.low is not None else float("-inf")
        high = target.high if target.high is not None else float("inf")
        return "on" if low <= value <= high else "off"
    if target.target is None:
        return "none"
    sign = 1 if direction == "higher" else -1

    def beyond(edge: float | None) -> bool:
        return edge is not None and sign * value < sign * edge

    if target.off is None and target.watch is None:
        return "off" if beyond(target.target) else "on"
    if beyond(target.off):
        return "off"
    edge = target.watch if target.watch is not None else target.target
    return "watch" if beyond(edge) else "on"


def reached(direction: str, target: Target, value: float) -> bool:
    """Tell whether a value reaches the target itself, not only its limits."""
    if direction == "within" or target.target is None:
        return status(direction, target, value) == "on"
    return value >= target.target if direction == "higher" else value <= target.target


def over(definition: Definition, points: Sequence[Point], span: str) -> float | None:
    """Return the value over `last period`, `3 months`, `12 months` or `year to date`."""
    if span == "year to date":
        return to_date(definition, points)
    if span.endswith("months"):
        return over_months(definition, points, int(span.split(maxsplit=1)[0]))
    return points[-1].value if points and not points[-1].doubt else None


def to_date(definition: Definition, points: Sequence[Point]) -> float | None:
    """Return the value of the year so far, made of the parts of its trusted periods."""
    if not points or definition.over:
        return points[-1].value if points and definition.over == "year" and not points[-1].doubt else None
    first = first_of_year(periods.parse(points[-1].period)).key
    mine = [p for p in points if p.period >= first]
    return _rolled(definition, mine) if mine and mine[0].period == first else None


def over_months(definition: Definition, points: Sequence[Point], months: int) -> float | None:
    """Return the value over so many months up to the last period, made of the parts of its trusted periods."""
    if definition.over or definition.grain == "year":
        return points[-1].value if points and definition.over == f"{months} months" and not points[-1].doubt else None
    count = {"day": 365 * months // 12, "week": 52 * months // 12}.get(definition.grain) or max(
        1, months // MONTHS[definition.grain]
    )
    return _rolled(definition, points[-count:]) if len(points) >= count else None


def _rolled(definition: Definition, points: Sequence[Point]) -> float | None:
    trusted = [p for p in points if not p.doubt and p.value is not None]
    if not trusted:
        return None
    if len(points) == 1:
        return trusted[0].value
    return parts.value(definition, parts.merged(definition, [p.parts for p in trusted]))


def _complete(definition: Definition, series: Series, today: str) -> list[Point]:
    """Return a point for every period from the first one to the last complete one."""
    last = periods.last_complete(today, definition.grain)
    known = {p.period: p for p in series.points if p.period <= last.key}
    if not known:
        return []
    first = periods.parse(min(known))
    return [known.get(p.key, Point(p.key, None)) for p in periods.between(first.first, last.last, definition.grain)]


def _with_doubts_of_window(definition: Definition, points: list[Point]) -> list[Point]:
    """Return the points of a longer time with the doubts of all periods they are made of."""
    if not definition.over:
        return points
    spans = [periods.parse(p.period) for p in points]
    doubts = {p.period: p.doubt for p in points}
    found = []
    for at, point in enumerate(points):
        every = (doubts[p.key] for p in window(definition, spans, at))
        found.append(dataclasses.replace(point, doubt=point.doubt or next((d for d in every if d), "")))
    return found


def _point(definition: Definition, point: Point, signals: tuple[object, ...], explanation: str) -> JudgedPoint:
    target = target_on(definition, periods.parse(point.period).last)
    value = None if point.doubt else point.value
    found = status(definition.direction, target, value)
    words = WORDS[found]
    if found == "none" and value is not None:
        words = "no target to judge it by"
    elif found == "none" and not point.doubt:
        words = "no value"
    elif found == "on" and value is not None and not reached(definition.direction, target, value):
        words = "within limits"
    return JudgedPoint(point, target, found, words, signals, explanation)  # type: ignore[arg-type]  # signals of one period


def _year_before(points: Sequence[Point]) -> float | None:
    before = _ending_a_year_before(points)
    return before[-1].value if before and not before[-1].doubt else None


def _ending_a_year_before(points: Sequence[Point]) -> list[Point]:
    if not points:
        return []
    key = periods.year_before(periods.parse(points[-1].period)).key
    found = [p for p in points if p.period <= key]
    return found if found and found[-1].period == key else []
