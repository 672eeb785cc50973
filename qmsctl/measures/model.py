"""The values that measures are made of. All are frozen; nothing here reads or computes.

Numbers are exact where the data is: parts are int, Decimal or float; a value is a float made once, from its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Number = int | Decimal | float
WATCHED = ("on", "watch", "off", "none")
WORDS = {"on": "on target", "watch": "watch", "off": "off target", "none": "no trustworthy value"}
SIGNS = {"on": "●", "watch": "▲", "off": "■", "none": "○"}
TOTAL = ""
"""The location of a series that covers all of them."""


# --- what is written down -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a column: `is`, `is_not`, `in`, `above`, `at_least`, `below`, `at_most`, `empty`.

    ``value`` is a number, text, bool, tuple (for `in`), or, with ``column_of_value``, the name of another column.
    """

    column: str
    op: str
    value: Any
    column_of_value: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A number made of the rows of one source: count, count_distinct, sum, average, min or max."""

    source: str
    agg: str
    column: str = ""
    time: str = ""
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What a value is judged by until a day; the last one has no ``until``."""

    target: float | None
    watch: float | None = None
    off: float | None = None
    low: float | None = None
    high: float | None = None
    until: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a funnel."""

    title: str
    aggregate: Aggregate


@dataclass(frozen=True, slots=True)
class Definition:
    """A KPI as it is computed and judged.

    ``kind`` is simple, ratio, derived, cumulative, or manual where people record the values. ``expression`` puts
    the aggregates together by their names: `numerator / denominator` for a ratio. ``over`` is "" or, for a
    cumulative KPI, `year` (to date) or a number of months.
    """

    kpi: str
    title: str
    kind: str
    unit: str
    direction: str
    grain: str
    aggregates: Mapping[str, Aggregate] = field(default_factory=dict)
    expression: str = ""
    times: Number = 1
    over: str = ""
    dimensions: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    decimals: int = 1
    react_within: int = 0
    funnel: tuple[Stage, ...] = ()
    pareto: str = ""
    outcome: bool = True
    owner: str = ""
    process: str = ""
    objectives: tuple[str, ...] = ()
    digest: str = ""


# --- what was computed ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one period. ``value`` is None where there is none; ``doubt`` says why it is not to be trusted.

    ``parts`` are the aggregates it was made of, ``rows`` how many rows they saw. ``was`` is the value that was
    computed before late data changed it, ``restated`` the day on which that was noticed.
    """

    period: str
    value: float | None
    parts: Mapping[str, Number | None] = field(default_factory=dict)
    rows: int = 0
    doubt: str = ""
    evidence: str = ""
    was: float | None = None
    restated: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one KPI at one location (``TOTAL`` for all), for one member of one dimension at most."""

    kpi: str
    location: str = TOTAL
    dimension: str = ""
    member: str = ""
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule of a data contract that the data does not keep, with figures; ``level`` is error or warning.

    ``days`` are those on which rows are bad, by the time column of the source; none stand for all of it.
    ``other_days`` are the same by other columns that KPIs count by.
    """

    source: str
    rule: str
    message: str
    level: str = "error"
    bad: int = 0
    rows: int = 0
    days: tuple[str, ...] = ()
    location: str = TOTAL
    help: str = ""
    other_days: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def days_by(self, column: str) -> tuple[str, ...]:
        """Return the days on which rows are bad, told by another time column than that of the source."""
        return self.other_days.get(column, self.days)


# --- what it says ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule of process behaviour that a point broke: `Western Electric 1`, with the periods it spans."""

    rule: str
    period: str
    periods: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Phase:
    """The natural process limits of a stretch of periods, and what they were computed from.

    ``sigma`` is the mean moving range divided by 1.128; ``baseline`` are the periods whose values made the limits.
    Where there are fewer than eight values, mean and limits are None.
    """

    first: str
    last: str
    mean: float | None
    lower: float | None
    upper: float | None
    sigma: float | None
    baseline: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an XmR chart says about a series."""

    phases: tuple[Phase, ...] = ()
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedPoint:
    """A point beside the target in force in its period. ``status`` is on, watch, off or none."""

    point: Point
    target: Target
    status: str
    words: str
    signals: tuple[Signal, ...] = ()
    explanation: str = ""

    @property
    def period(self) -> str:
        return self.point.period

    @property
    def value(self) -> float | None:
        """The value, if it can be trusted."""
        return None if self.point.doubt else self.point.value


@dataclass(frozen=True, slots=True)
class Judged:
    """A series judged as of a day: every complete period, gaps included, oldest first.

    ``trend`` is improving, worsening, steady or unknown. ``year_to_date``, ``rolling`` (twelve months),
    ``year_before`` (the latest period a year earlier) and ``year_before_to_date`` are made of parts, never of
    percentages; None where parts are missing.
    """

    definition: Definition
    location: str
    points: tuple[JudgedPoint, ...]
    behaviour: Behaviour
    trend: str
    year_to_date: float | None = None
    rolling: float | None = None
    year_before: float | None = None
    year_before_to_date: float | None = None

    @property
    def latest(self) -> JudgedPoint | None:
        """The last complete period."""
        return self.points[-1] if self.points else None

    @property
    def status(self) -> str:
        return self.points[-1].status if self.points else "none"
