"""Periods: days, ISO weeks, months, quarters and years, written so that their keys sort by time.

A key is `2026-11-16`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`; `as_of` and all days are ISO dates.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

GRAINS = ("day", "week", "month", "quarter", "year")
BY_FREQUENCY = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
PER_YEAR = {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}
END = "9999-12-01"
"""The calendar of the machine ends with the year 9999."""
_KEY = re.compile(r"^(\d{4})(?:-(?:W(\d\d)|Q([1-4])|(\d\d)(?:-(\d\d))?))?$")


class PeriodFault(ValueError):
    """A text names no period that exists; the message says what would."""


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, both ends included."""

    key: str
    grain: str
    first: str
    last: str


def parse(key: str) -> Period:
    """Return the period a key names. Raises PeriodFault."""
    found = _KEY.match(key.strip().upper().replace("−", "-"))
    try:
        if found is None:
            raise ValueError
        year = int(found[1])
        if found[2]:
            return of(datetime.date.fromisocalendar(year, int(found[2]), 1).isoformat(), "week")
        if found[3]:
            return of(datetime.date(year, int(found[3]) * 3 - 2, 1).isoformat(), "quarter")
        if found[4]:
            date = datetime.date(year, int(found[4]), int(found[5] or 1))
            return of(date.isoformat(), "day" if found[5] else "month")
        return of(datetime.date(year, 1, 1).isoformat(), "year")
    except (ValueError, OverflowError) as error:
        raise PeriodFault(
            f"`{key}` is no period that exists; write 2026, 2026-Q4, 2026-11, 2026-W47 or 2026-11-16"
        ) from error


def of(day: str, grain: str) -> Period:
    """Return the period of a grain in which a day lies."""
    date = datetime.date.fromisoformat(day)
    if grain == "day":
        return Period(date.isoformat(), grain, date.isoformat(), date.isoformat())
    if grain == "week":
        year, week, weekday = date.isocalendar()
        first = date - datetime.timedelta(days=weekday - 1)
        return Period(
            f"{year:04d}-W{week:02d}", grain, first.isoformat(), (first + datetime.timedelta(days=6)).isoformat()
        )
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    start = (date.month - 1) // months * months + 1
    end = start + months - 1
    key = {
        "month": f"{date.year:04d}-{start:02d}",
        "quarter": f"{date.year:04d}-Q{end // 3}",
        "year": f"{date.year:04d}",
    }
    return Period(
        key[grain],
        grain,
        datetime.date(date.year, start, 1).isoformat(),
        datetime.date(date.year, end, calendar.monthrange(date.year, end)[1]).isoformat(),
    )


def shift(period: Period, count: int) -> Period:
    """Return the period so many periods later, or earlier."""
    first = datetime.date.fromisoformat(period.first)
    if period.grain in ("day", "week"):
        days = count * (7 if period.grain == "week" else 1)
        return of((first + datetime.timedelta(days=days)).isoformat(), period.grain)
    months = first.year * 12 + first.month - 1 + count * {"month": 1, "quarter": 3, "year": 12}[period.grain]
    return of(datetime.date(months // 12, months % 12 + 1, 1).isoformat(), period.grain)


def between(first: str, last: str, grain: str) -> Iterator[Period]:
    """Yield the periods of a grain from the one with the first day to the one with the last."""
    period = of(first, grain)
    while period.first <= last:
        yield period
        if period.last >= END:
            return
        period = shift(period, 1)


def last_complete(day: str, grain: str) -> Period:
    """Return the last period that had ended before a day began."""
    return shift(of(day, grain), -1)


def year_before(period: Period) -> Period:
    """Return the same period one year earlier; week 53 is compared with week 52."""
    if period.grain == "week":
        year, week = int(period.key[:4]) - 1, int(period.key[6:])
        weeks = datetime.date(year, 12, 28).isocalendar().week
        return of(datetime.date.fromisocalendar(year, min(week, weeks), 1).isoformat(), "week")
    if period.grain == "day":
        date = datetime.date.fromisoformat(period.first)
        day = min(date.day, calendar.monthrange(date.year - 1, date.month)[1])
        return of(date.replace(year=date.year - 1, day=day).isoformat(), "day")
    return shift(period, -PER_YEAR[period.grain])


def words(key: str) -> str:
    """Return a period as people write it: October 2026, week 47 of 2026."""
    period = parse(key)
    date = datetime.date.fromisoformat(period.first)
    return {
        "day": f"{date.day} {date:%B %Y}",
        "week": f"week {key[6:].lstrip('0')} of {key[:4]}",
        "month": f"{date:%B %Y}",
        "quarter": f"quarter {key[-1]} of {date.year}",
        "year": key,
    }[period.grain]
