"""Figures as people read them: values with units, sparklines, sentences."""

from __future__ import annotations

from collections.abc import Sequence

from qmsctl.measures import periods
from qmsctl.measures.board import Attainment
from qmsctl.measures.model import SIGNS, Aggregate, Condition, Definition, Judged, JudgedPoint, Target

_BARS = "▁▂▃▄▅▆▇█"
TRENDS = {"improving": "↗ improving", "worsening": "↘ worsening", "steady": "→ steady", "unknown": "trend unknown"}


def number(value: float | None, decimals: int, unit: str = "") -> str:
    """Return a value with its unit: `93.4 %`, `1,240 ppm`; `no value` where there is none."""
    if value is None:
        return "no value"
    text = f"{value:,.{decimals}f}"
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    return f"{text} {unit}".strip()


def shown(definition: Definition, value: float | None, unit: bool = True) -> str:
    """Return a value of a KPI as people read it."""
    return number(value, definition.decimals, definition.unit if unit else "")


def aim(definition: Definition, target: Target, with_unit: bool = True) -> str:
    """Return what a value is judged by, in words: `at least 97 %`, `between 5 and 7.5 turns`."""
    unit = definition.unit if with_unit else ""

    def plain(value: float | None) -> str:
        return (
            ""
            if value is None
            else f"{value:,.{definition.decimals}f}".rstrip("0").rstrip(".")
            if definition.decimals
            else f"{value:,.0f}"
        )

    if definition.direction == "within" and (target.low is not None or target.high is not None):
        return f"between {plain(target.low)} and {plain(target.high)} {unit}".strip()
    if target.target is None:
        return "no target"
    word = {"higher": "at least", "lower": "at most"}.get(definition.direction, "about")
    return f"{word} {plain(target.target)} {unit}".strip()


def sparkline(values: Sequence[float | None], most: int = 24) -> str:
    """Return the last values as a line of bars; a gap is a dot."""
    rows = list(values)[-most:]
    known = [v for v in rows if v is not None]
    if not known:
        return "·" * len(rows)
    low, high = min(known), max(known)
    span = (high - low) or 1
    return "".join("·" if v is None else _BARS[min(7, int((v - low) / span * 7.999))] for v in rows)


def headline(judged: Judged, point: JudgedPoint | None = None) -> str:
    """Return a value in one line: sign, value, words, aim and period; the latest one where none is named."""
    latest = point or judged.latest
    if latest is None:
        return f"{SIGNS['none']} no value"
    found = judged.definition
    value = shown(found, latest.value) if latest.value is not None else latest.words
    said = f" · {latest.words}" if latest.value is not None else ""
    return f"{SIGNS[latest.status]} {value}{said} · {aim(found, latest.target)} · {periods.words(latest.period)}"


_COUNTED = {
    "count": "number of rows",
    "count_distinct": "number of different `{}`",
    "sum": "sum of `{}`",
    "average": "average of `{}`",
    "min": "smallest `{}`",
    "max": "greatest `{}`",
}
_OPS = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "above": "is above",
    "at_least": "is at least",
    "below": "is below",
    "at_most": "is at most",
}


def aggregate(found: Aggregate) -> str:
    """Return a part in words: "number of rows where `days_late` is at most 0"."""
    text = _COUNTED.get(found.agg, found.agg).format(found.column)
    conditions = [_condition(c) for c in found.where]
    return text + (f" where {' and '.join(conditions)}" if conditions else "")


def _condition(one: Condition) -> str:
    if one.op == "empty":
        return f"`{one.column}` is {'' if one.value else 'not '}empty"
    value = ", ".join(map(str, one.value)) if isinstance(one.value, tuple) else str(one.value)
    return f"`{one.column}` {_OPS[one.op]} {'`' + value + '`' if one.column_of_value else value}"


def computation(found: Definition) -> str:
    """Return how the parts are put together: "numerator / denominator x 1,000,000"."""
    times = f" x {found.times:,}" if found.times != 1 else ""
    over = {"": "", "year": ", from the beginning of the year"}.get(found.over, f", over {found.over}")
    return f"{found.expression}{times}{over}" if found.kind != "manual" else "recorded by people"


def attained(found: Attainment) -> str:
    """Return how far an objective or a theme is: "● 62 % of the way, 47 % of the time"."""
    if found.reached is None:
        return f"{SIGNS['none']} not known how far"
    due = f", {found.due * 100:.0f} % of the time" if found.due is not None else ""
    return f"{SIGNS[found.state]} {found.reached * 100:.0f} % of the way{due}"
