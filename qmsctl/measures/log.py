"""KPI logs: values that people recorded, and explanations of what a chart shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from qmsctl.measures import parts, periods
from qmsctl.measures.model import TOTAL, Definition, Number, Point, Series
from qmsctl.model import FieldPath, Item, rows_of


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the values of some periods are what they are; ``location`` is "" for all."""

    item: str
    period: str
    until: str
    location: str
    cause: str
    action: str
    new_level: bool
    written: str
    who: str = ""
    by: str = ""
    done: str = ""
    author: str = ""

    def covers(self, period: str) -> bool:
        """Tell whether it explains a period, also one of another grain that lies in its time.

        Nobody can explain what is not over: of periods that ended after it was written it says nothing.
        """
        first, last = _span(self.period)[0], _span(self.until)[1]
        begin, end = _span(period)
        return bool(first and last and begin) and first <= end and begin <= last and end <= self.written


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value as it was written down; ``path`` is where it stands in its item."""

    item: Item
    path: FieldPath
    period: str
    location: str
    value: float | None
    parts: Mapping[str, Number]
    evidence: str
    recorded: str
    unit: str


@lru_cache(maxsize=4096)
def _span(period: str) -> tuple[str, str]:
    try:
        found = periods.parse(period)
    except periods.PeriodFault:
        return "", ""
    return found.first, found.last


def explanations(item: Item) -> Iterator[Explanation]:
    """Yield the explanations of a KPI log."""
    for row in rows_of(item.get("explanations")):
        yield Explanation(
            item.id,
            str(row.get("period")),
            str(row.get("until") or row.get("period")),
            str(row.get("location") or ""),
            str(row.get("cause") or ""),
            str(row.get("action") or ""),
            bool(row.get("new_level")),
            str(row.get("written") or ""),
            *(str(row.get(name) or "") for name in ("who", "by", "done", "author")),
        )


def recorded(item: Item) -> Iterator[Recorded]:
    """Yield the values of a KPI log in the order in which they were written down."""
    rows = list(enumerate(rows_of(item.get("values"))))
    for at, row in sorted(rows, key=lambda pair: str(pair[1].get("recorded"))):
        numbers = {k: _exact(row[k]) for k in ("numerator", "denominator") if _number(row.get(k))}
        yield Recorded(
            item,
            ("values", at),
            str(row.get("period")),
            str(row.get("location") or TOTAL),
            float(row["value"]) if _number(row.get("value")) else None,
            numbers if len(numbers) == 2 else {},
            str(row.get("evidence") or ""),
            str(row.get("recorded") or ""),
            str(row.get("unit") or ""),
        )


def series(definition: Definition, rows: list[Recorded], today: str) -> dict[str, Series]:
    """Return the series of a manual KPI by location; a later entry for a period replaces the earlier one."""
    points: dict[str, dict[str, Point]] = {}
    for row in rows:
        if row.recorded > today:
            continue
        try:
            key = periods.parse(row.period)
        except periods.PeriodFault:
            continue  # told by the check kpi-value-invalid
        if key.grain != definition.grain:
            continue
        value = row.value
        if row.parts:
            value = parts.value(definition, row.parts)
        doubt = "" if row.unit in ("", definition.unit) else f"recorded in {row.unit}, not in {definition.unit}"
        before = points.setdefault(row.location, {}).get(key.key)
        changed = before is not None and before.value != value
        points[row.location][key.key] = Point(
            key.key,
            value,
            row.parts,
            1,
            doubt,
            row.evidence,
            before.value if before is not None and changed else None,
            row.recorded if changed else "",
        )
    return {
        place: Series(definition.kpi, place, points=tuple(p for _, p in sorted(found.items())))
        for place, found in points.items()
    }


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _exact(value: int | float) -> Number:
    return Decimal(repr(value)) if isinstance(value, float) else value
