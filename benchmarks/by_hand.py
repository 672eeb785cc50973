"""The questions behind the reference KPIs as SQL for DuckDB, written by hand straight against the files.

One statement for each cut: period by location, and the same for each dimension. `checks` is what a careful engineer
asks of a table before trusting it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qmsctl.measures import periods
from qmsctl.measures.sources import Column, Source


@dataclass(frozen=True, slots=True)
class Question:
    """Some numbers of one table. ``views`` are the cuts besides the location; `*` is over all locations at once."""

    kpi: str
    source: str
    time: str
    grain: str
    numbers: str
    views: tuple[str, ...] = ()


QUESTIONS = (
    Question("KPI-001", "SRC-001", "handed_over", "month", "sum(parts) AS denominator", ("family", "customer")),
    Question("KPI-001", "SRC-002", "received", "month", "sum(parts_confirmed) AS numerator", ("family", "customer", "defect")),
    Question(
        "KPI-002", "SRC-003", "answered", "month",
        'sum(working_days) AS "days.sum", count(working_days) AS "days.n"',
        ("kind", "family", "customer"),
    ),
    Question("KPI-003", "SRC-023", "called", "quarter", "sum(weighted_score) AS numerator, sum(weight) AS denominator"),
    Question(
        "KPI-004", "SRC-001", "handed_over", "week",
        "count(*) FILTER (WHERE days_late BETWEEN -2 AND 0) AS numerator, count(*) AS denominator",
        ("family", "customer"),
    ),
    Question(
        "KPI-005", "SRC-004", "received", "month",
        'sum(working_days_to_confirm) AS "days.sum", count(working_days_to_confirm) AS "days.n"',
        ("family", "customer"),
    ),
    Question(
        "KPI-006", "SRC-005", "asked", "quarter",
        "sum(won_value_eur) AS numerator, sum(value_eur) FILTER (WHERE stage IN ('ordered', 'lost')) AS denominator, "
        "count(*) AS asked, count(quoted) AS quoted, count(*) FILTER (WHERE stage = 'ordered') AS ordered",
        ("family", "customer"),
    ),
    Question(
        "KPI-007", "SRC-006", "presented", "month",
        "count(*) FILTER (WHERE accepted_at_once) AS numerator, count(*) AS denominator",
        ("family",),
    ),
    Question(
        "KPI-008", "SRC-006", "accepted", "month",
        'sum(working_days_from_order) AS "days.sum", count(working_days_from_order) AS "days.n"',
        ("family",),
    ),
    Question(
        "KPI-009", "SRC-007", "planned_week_start", "week",
        "count(*) FILTER (WHERE in_week) AS numerator, count(*) AS denominator",
        ("family", "machine"),
    ),
    Question("KPI-010", "SRC-008", "month_end", "quarter", "sum(cost_of_goods_sold_eur) AS sold, sum(stock_value_eur) AS stock"),
    Question(
        "KPI-011", "SRC-009", "received", "month",
        "sum(rejected) AS numerator, sum(quantity) AS denominator",
        ("material", "supplier"),
    ),
    Question(
        "KPI-012", "SRC-009", "due", "month",
        "count(*) FILTER (WHERE days_late BETWEEN -1 AND 0) AS numerator, count(*) AS denominator",
        ("supplier", "material"),
    ),
    Question(
        "KPI-013", "SRC-010", "ended", "month",
        "sum(scrap_cost_eur) AS scrap, sum(rework_cost_eur) AS rework, sum(production_cost_eur) AS production",
        ("family", "machine", "cause"),
    ),
    Question(
        "KPI-014", "SRC-011", "inspected", "week",
        "count(*) FILTER (WHERE accepted_first) AS numerator, count(*) AS denominator",
        ("family",),
    ),
    Question(
        "KPI-015", "SRC-012", "day", "week",
        "sum(ideal_h_good) FILTER (WHERE machine_group IN ('lathe', 'mill', 'grinder', 'honing')) AS numerator, "
        "sum(planned_h) FILTER (WHERE machine_group IN ('lathe', 'mill', 'grinder', 'honing')) AS denominator",
        ("machine_group", "machine"),
    ),
    Question(
        "KPI-016", "SRC-013", "month_end", "month",
        "sum(kwh) FILTER (WHERE carrier IN ('electricity', 'gas')) AS numerator, sum(machine_hours) AS denominator",
    ),
    Question("KPI-017", "SRC-014", "found", "quarter", "count(DISTINCT lot) FILTER (WHERE after_release) AS lots", ("family", "*")),
    Question(
        "KPI-018", "SRC-003", "received", "month",
        "count(*) FILTER (WHERE kind IN ('shipping', 'paper')) AS numerator",
        ("customer", "kind"),
    ),
    Question("KPI-018", "SRC-001", "handed_over", "month", "count(*) AS denominator", ("customer",)),
    Question(
        "KPI-019", "SRC-012", "day", "week",
        "sum(fault_h) AS numerator, sum(planned_h) AS denominator",
        ("machine_group", "machine"),
    ),
    Question(
        "KPI-020", "SRC-015", "due", "month",
        "count(*) FILTER (WHERE calibrated <= due) AS numerator, count(*) AS denominator",
    ),
    Question(
        "KPI-021", "SRC-016", "snapshot", "quarter",
        "count(*) FILTER (WHERE critical AND qualified_level_3 >= 3) AS numerator, count(*) FILTER (WHERE critical) AS denominator",
        ("station",),
    ),
    Question("KPI-022", "SRC-017", "month_end", "quarter", 'sum(left_by_own_wish) AS "left", sum(headcount) AS headcount'),
    Question("KPI-023", "SRC-018", "check_made", "quarter", "count(*) FILTER (WHERE worked) AS numerator, count(*) AS denominator"),
    Question("KPI-024", "SRC-019", "planned_month", "quarter", "count(*) FILTER (WHERE in_time) AS kept, count(*) AS planned"),
    Question("KPI-025", "SRC-020", "due", "quarter", "count(*) FILTER (WHERE in_time) AS numerator, count(*) AS denominator"),
    Question("KPI-026", "SRC-021", "due", "quarter", "count(*) FILTER (WHERE in_time) AS numerator, count(*) AS denominator"),
    Question("KPI-027", "SRC-022", "quarter_end", "quarter", "count(*) FILTER (WHERE on_course) AS numerator, count(*) AS denominator"),
)  # fmt: skip

OLDEST = "1990-01-01"
GERMAN = "delim=';', decimal_separator=',', dateformat='%d.%m.%Y', encoding='latin-1'"


def files(source: Source, data: Path) -> str:
    """Return a table as DuckDB reads it. Tables of SQLite are laid beside the question under their names."""
    if source.format == "sqlite":
        return source.table
    if source.format == "csv":
        return f"read_csv('{data}/{source.location}', header=true{', ' + GERMAN if source.csv else ''})"
    return f"read_parquet('{data}/{source.location}')"


def texts(question: Question, source: Source, data: Path, today: str) -> Iterator[tuple[str, str]]:
    """Yield the statements of a question with the name of the cut."""
    for view in ("", *question.views):
        place = "NULL" if view == "*" else source.location_column or "NULL"
        yield (
            view,
            f"SELECT date_trunc('{question.grain}', {_day(question.time, source)}) AS period, {place} AS location, "
            f"{view if view.strip('*') else 'NULL'} AS member, count(*) AS rows, {question.numbers} "
            f"FROM {files(source, data)} WHERE {_before(question, source, today)} GROUP BY ALL",
        )


def at_once(question: Question, source: Source, data: Path, today: str) -> str:
    """Return one statement for all cuts of a question; its last columns are the members and which cut a row is of."""
    views = [v for v in question.views if v != "*"]
    place = source.location_column
    sets = [", ".join(filter(None, ["period", place, view])) for view in ("", *views)]
    sets += ["period"] if "*" in question.views else []
    day, by = f"date_trunc('{question.grain}', {_day(question.time, source)})", ", ".join(filter(None, [place, *views]))
    return (
        f"SELECT period, {place or 'NULL'} AS location, count(*) AS rows, {question.numbers}, "
        f"{', '.join(views) or 'NULL'}, {f'GROUPING({by})' if by else '0'} "
        f"FROM (SELECT *, {day} AS period FROM {files(source, data)} WHERE {_before(question, source, today)}) "
        f"GROUP BY GROUPING SETS ({', '.join(f'({s})' for s in sets)})"
    )


def _day(time: str, source: Source) -> str:
    return time if source.columns[time] == "date" else f"CAST({time} AS DATE)"


def _before(question: Question, source: Source, today: str) -> str:
    """Return the condition for rows of periods that are over; a moment is compared as it lies in the file."""
    kind = "DATE" if source.columns[question.time] == "date" else "TIMESTAMPTZ"
    first = periods.of(today, question.grain).first
    return f"{question.time} >= {kind} '{OLDEST}' AND {question.time} < {kind} '{first}'"


def checks(source: Source, data: Path, today: str) -> Iterator[str]:
    """Yield the statements that hold a table against its contract."""
    asked, bad, day = ["count(*)"], [b for column in source.contract for b in _bad(column)], ""
    if source.time_column:
        time, kind = source.time_column, "DATE" if source.columns[source.time_column] == "date" else "TIMESTAMPTZ"
        day = _day(time, source)
        tomorrow = datetime.date.fromisoformat(today) + datetime.timedelta(days=1)
        far = f"{int(today[:4]) + 10}{today[4:]}"
        asked += [f"CAST(min({time}) AS DATE)", f"CAST(max({time}) AS DATE)"]
        bad += [
            f"{time} < {kind} '{OLDEST}' OR {time} >= {kind} '{far}'",
            f"{time} >= {kind} '{tomorrow}' AND {time} < {kind} '{far}'",
        ]
    # FILTER would say it more simply, but takes a third longer.
    asked += [f"sum(CASE WHEN {b} THEN 1 ELSE 0 END)" for b in bad]
    yield f"SELECT {', '.join(asked)} FROM {files(source, data)}"
    keys = [", ".join(source.key)] if source.key else []
    for key in dict.fromkeys([*keys, *(c.name for c in source.contract if c.unique)]):
        yield f"SELECT count(*) FROM (SELECT DISTINCT {key} FROM {files(source, data)})"
    if day and source.rows_every:
        place = f", {source.location_column}" if source.location_column else ""
        yield f"SELECT DISTINCT {day}{place} FROM {files(source, data)}"


def _bad(column: Column) -> Iterator[str]:
    name, text = column.name, column.kind == "string"
    if column.required:
        yield f"{name} IS NULL OR trim({name}) = ''" if text else f"{name} IS NULL"
    measured = f"length({name})" if text else name
    for option, sign in (("minLength" if text else "minimum", "<"), ("maxLength" if text else "maximum", ">")):
        if option in column.options:
            yield f"{measured} {sign} {column.options[option]}"
    for rule in column.quality:
        valid = (rule.get("arguments") or {}).get("validValues")
        if rule["metric"] == "invalidValues":
            yield f"{name} NOT IN ({', '.join(repr(v) for v in valid)})"
        elif rule["metric"] in ("nullValues", "missingValues"):
            yield f"{name} IS NULL"
