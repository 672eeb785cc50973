"""A data contract, held against the rows that arrived: what is broken, how often, and on which days.

One query asks for all figures of a source. Only where a rule is broken are the days asked for, so that the
periods it touches are doubted and no others.
"""

from __future__ import annotations

import dataclasses
import datetime
import operator
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qmsctl.measures import definitions
from qmsctl.measures.engine import BAD, Rows, SourceFault, ask, between
from qmsctl.measures.model import TOTAL, Breach
from qmsctl.measures.sources import NUMBERS, Column, Source

MOST_DAYS = 400
OLDEST = "1990-01-01"
"""A row of an earlier day, or of one in ten years, is a slip of somebody's finger."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a source after a run. ``first`` and ``newest`` are the days of its oldest and newest row."""

    source: str
    rows: int = 0
    first: str = ""
    newest: str = ""
    breaches: tuple[Breach, ...] = ()
    duplicates: int = 0

    @property
    def broken(self) -> Breach | None:
        """The breach that makes the whole source useless, if there is one."""
        return next((b for b in self.breaches if b.level == "error" and not b.days), None)


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    bad: Any
    words: str
    level: str = "error"
    allowed: float = 0
    percent: bool = False


def held(rows: Rows, today: str, times: Collection[str] = ()) -> tuple[Rows, Health]:
    """Return the rows with repeated deliveries taken out, and what the contract says of them. Raises SourceFault."""
    source, table = rows.source, rows.table
    rules = list(_rules(rows, today))
    day = table[source.time_column].cast("date") if source.time_column in source.columns else None
    figures: dict[str, Any] = {"qms_rows": table.count()}
    figures.update({f"r{n}": rule.bad.sum() for n, rule in enumerate(rules)})
    if day is not None:
        moment, sane = table[source.time_column], between(rows, source.time_column, OLDEST, today)
        figures["qms_first"] = moment.min(where=sane).cast("date")
        figures["qms_newest"] = moment.max(where=sane).cast("date")
    found = ask(rows, table.aggregate(**figures))[0]
    count = int(found["qms_rows"])
    if not count:
        raise SourceFault("the delivery is empty: no rows", "see why the export gave nothing", "empty")
    breaches: list[Breach] = []
    for n, rule in enumerate(rules):
        bad = int(found[f"r{n}"] or 0)
        if (100 * bad / count if rule.percent else bad) > rule.allowed:
            breaches.append(_breach(rows, rule, bad, count, times))
    rows, repeated, clashes = _single(rows, count, times)
    breaches.extend(clashes)
    breaches.extend(_volume(source, count))
    first, newest = _day(found.get("qms_first")), _day(found.get("qms_newest"))
    breaches.extend(_stale(source, newest, today, count))
    if day is not None:
        breaches.extend(_gaps(rows, first, min(newest, today)))
    return rows, Health(source.id, count, first, newest, tuple(breaches), repeated)


def first_day(rows: Rows, today: str) -> str:
    """Return the day of the oldest row; "" where rows have no days."""
    if rows.source.time_column not in rows.source.columns:
        return ""
    day = rows.table[rows.source.time_column].cast("date")
    found = ask(rows, rows.table.aggregate(d=day.min(where=(day >= OLDEST) & (day <= today))))
    return _day(found[0]["d"])


def _day(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, datetime.date) else ""


def _rules(rows: Rows, today: str) -> Iterator[_Rule]:
    """Yield the row-wise rules of a contract; ``bad`` is 1 for a row that breaks the rule."""
    import ibis

    source, table = rows.source, rows.table

    def one(condition: Any) -> Any:
        return ibis.ifelse(condition, 1, 0)

    required = {c.name for c in source.contract if c.required}
    if source.time_column in source.columns:
        moment = table[source.time_column]
        if source.time_column not in required:
            yield _Rule(
                "no day", one(moment.isnull()), f"have no `{source.time_column}` and count in no period", "warning"
            )
        far = f"{int(today[:4]) + 10}{today[4:8]}01"
        known = between(rows, source.time_column, OLDEST, far)
        later = known & ~between(rows, source.time_column, OLDEST, today)
        yield _Rule("far off", one(moment.notnull() & ~known), f"have a `{source.time_column}` far off")
        yield _Rule("in the future", one(later), f"are of a day after {today}", "warning")
    if source.location_column in source.columns and source.location_column not in required:
        place = table[source.location_column].cast("string")
        yield _Rule(
            "no location", one(place.isnull() | (place == "")), f"have no `{source.location_column}`", "warning"
        )
    for column in source.contract:
        value = table[column.name]
        if BAD in table.columns and column.kind != "string":
            hit = (ibis.literal(",") + table[BAD] + ",").contains(f",{column.name},")
            yield _Rule("wrong type", one(hit), f"hold something in `{column.name}` that is no {_kind_words(column)}")
        if column.required:
            lacking = value.isnull() | (value.strip() == "") if column.kind == "string" else value.isnull()
            yield _Rule("empty value", one(lacking), f"have no `{column.name}`")
        options = column.options
        measured = value.length() if column.kind == "string" else value
        low = options.get("minLength" if column.kind == "string" else "minimum")
        high = options.get("maxLength" if column.kind == "string" else "maximum")
        noun = f"the length of `{column.name}`" if column.kind == "string" else f"`{column.name}`"
        if column.kind not in ("string", *NUMBERS):
            low = high = None
        if low is not None:
            yield _Rule("out of range", one(measured < low), f"have {noun} below {low:g}")
        if high is not None:
            yield _Rule("out of range", one(measured > high), f"have {noun} above {high:g}")
        for rule in column.quality:
            yield from _library(rule, column, value, one)


def _library(rule: Mapping[str, Any], column: Column, value: Any, one: Any) -> Iterator[_Rule]:
    arguments = rule.get("arguments") or {}
    bounds: dict[str, Any] = {"level": str(rule.get("severity") or "error"), "percent": rule.get("unit") == "percent"}
    bounds["allowed"] = _allowed(rule)
    metric = rule.get("metric")
    if metric == "nullValues":
        yield _Rule("empty value", one(value.isnull()), f"have no `{column.name}`", **bounds)
    elif metric == "missingValues":
        marks = [m for m in arguments.get("missingValues", ()) if m is not None]
        lacking = value.isnull() | value.isin(marks) if marks else value.isnull()
        yield _Rule("missing value", one(lacking), f"miss `{column.name}`", **bounds)
    elif metric == "invalidValues":
        valid = list(arguments.get("validValues", ()))
        words = f"have another `{column.name}` than {', '.join(map(str, valid[:8]))}"
        yield _Rule("invalid value", one(value.notnull() & ~value.isin(valid)), words, **bounds)


def _allowed(rule: Mapping[str, Any]) -> float:
    if "mustBeLessThan" in rule:
        return float(rule["mustBeLessThan"]) - 1e-9
    return float(rule.get("mustBeLessOrEqualTo", rule.get("mustBe", 0)))


def _kind_words(column: Column) -> str:
    return {"integer": "whole number", "timestamp": "moment", "boolean": "yes or no"}.get(column.kind, column.kind)


def _breach(rows: Rows, rule: _Rule, bad: int, count: int, times: Collection[str]) -> Breach:
    days, others = _days(rows, rows.table.filter(rule.bad == 1), times)
    return Breach(
        rows.source.id,
        rule.name,
        f"{bad:,} of {count:,} rows {rule.words}",
        "warning" if rule.level == "warning" else "error",
        bad,
        count,
        days,
        help="have the rows mended in the system of record; the next run takes them up",
        other_days=others,
    )


def _days(rows: Rows, bad: Any, times: Collection[str]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the days of bad rows by the time column of the source, and by the others that KPIs count by."""

    def by(column: str) -> tuple[str, ...]:
        if column not in rows.source.columns:
            return ()
        found = bad.group_by(d=bad[column].cast("date")).aggregate(qms_n=bad.count()).order_by("d")
        listed = [_day(row["d"]) for row in ask(rows, found.limit(MOST_DAYS + 1))]
        # A bad row without a day, or bad rows all over the place, make everything doubtful.
        return () if "" in listed or len(listed) > MOST_DAYS else tuple(listed)

    return by(rows.source.time_column), {column: by(column) for column in sorted(times)}


@dataclass(frozen=True, slots=True)
class _Key:
    """Columns that must not have the same values twice; ``nulls`` says whether empty ones count."""

    columns: tuple[str, ...]
    nulls: bool = True
    allowed: float = 0
    level: str = "error"


def _keys(source: Source) -> list[_Key]:
    found = [_Key(source.key)]
    found += [_Key((c.name,), nulls=False) for c in source.contract if c.unique and source.key != (c.name,)]
    for column in source.contract:
        found += [
            _Key((column.name,), False, _allowed(q), str(q.get("severity") or "error"))
            for q in column.quality
            if q.get("metric") == "duplicateValues"
        ]
    for rule in source.quality:
        if rule.get("metric") == "duplicateValues":
            columns = tuple(str(c) for c in (rule.get("arguments") or {}).get("properties", ()))
            found.append(_Key(columns, True, _allowed(rule), str(rule.get("severity") or "error")))
    return [k for k in dict.fromkeys(found) if k.columns and all(c in source.columns for c in k.columns)]


def _single(rows: Rows, count: int, times: Collection[str]) -> tuple[Rows, int, list[Breach]]:
    """Return the rows without those that were delivered twice; keys with contradicting rows are breaches."""
    source = rows.source
    repeated = 0
    breaches: list[Breach] = []
    for at, key in enumerate(_keys(source)):
        clash = _clash(rows, key)
        if clash and at == 0 and key.columns == source.key:
            single = rows.table.distinct()
            repeated = count - int(ask(rows, single.aggregate(n=single.count()))[0]["n"])
            if repeated:
                rows = dataclasses.replace(rows, table=single)
                clash = _clash(rows, key)
        if clash > key.allowed:
            breaches.append(_contradiction(rows, key, clash, count, times))
    return rows, repeated, breaches


def _clash(rows: Rows, key: _Key) -> int:
    """Return how many rows have a key that another row has as well."""
    table = rows.table if key.nulls else rows.table.filter(rows.table[key.columns[0]].notnull())
    total = int(ask(rows, table.aggregate(n=table.count()))[0]["n"])
    return total - _distinct(rows, table, key.columns)


def _contradiction(rows: Rows, key: _Key, clash: int, count: int, times: Collection[str]) -> Breach:
    source, table = rows.source, rows.table
    columns = list(key.columns)
    many = table.group_by(columns).aggregate(qms_n=table.count()).filter(lambda t: t.qms_n > 1)
    some = ""
    if all(c in source.shown for c in columns):
        listed = ask(rows, many.order_by(columns).limit(3))
        some = ", such as " + "; ".join(", ".join(str(v) for k, v in r.items() if k != "qms_n") for r in listed)
    named = " and ".join(f"`{name}`" for name in columns)
    days, others = _days(rows, table.semi_join(many, columns), times)
    return Breach(
        source.id,
        "duplicate key",
        f"{clash:,} of {count:,} rows have the same {named} as another row and say something else{some}",
        "warning" if key.level == "warning" else "error",
        bad=clash,
        rows=count,
        days=days,
        help="which of the rows counts is for the owner to say; have the other ones removed",
        other_days=others,
    )


def _distinct(rows: Rows, table: Any, columns: tuple[str, ...]) -> int:
    chosen = table.select(*columns).distinct()
    return int(ask(rows, chosen.aggregate(n=chosen.count()))[0]["n"])


def _volume(source: Source, count: int) -> Iterator[Breach]:
    for rule in source.quality:
        if rule.get("metric") != "rowCount":
            continue
        bounds = {
            "mustBe": operator.eq,
            "mustBeLessThan": operator.lt,
            "mustBeLessOrEqualTo": operator.le,
            "mustBeGreaterThan": operator.gt,
            "mustBeGreaterOrEqualTo": operator.ge,
        }
        for name, holds in bounds.items():
            if name in rule and not holds(count, rule[name]):
                level = "warning" if rule.get("severity") == "warning" else "error"
                words = {"mustBe": "exactly", "mustBeLessThan": "fewer than", "mustBeLessOrEqualTo": "at most"}
                words |= {"mustBeGreaterThan": "more than", "mustBeGreaterOrEqualTo": "at least"}
                message = f"{count:,} rows arrived; agreed are {words[name]} {rule[name]:,}"
                yield Breach(source.id, "row count", message, level, rows=count, help="see whether the export is whole")


def _stale(source: Source, newest: str, today: str, count: int) -> Iterator[Breach]:
    if not source.late_after or not newest:
        return
    age = (datetime.date.fromisoformat(today) - datetime.date.fromisoformat(newest)).days
    if age > definitions.days(source.late_after):
        after = datetime.date.fromisoformat(newest) + datetime.timedelta(days=1)
        days = [(after + datetime.timedelta(days=n)).isoformat() for n in range(age)]
        message = f"the newest row is of {newest}, {age} days old; agreed are {source.late_after}"
        yield Breach(
            source.id, "stale", message, rows=count, days=tuple(days), help="see why nothing has arrived since then"
        )


def _gaps(rows: Rows, first: str, last: str) -> Iterator[Breach]:
    """Yield the days on which a location that delivers otherwise delivered nothing."""
    source = rows.source
    every = source.rows_every
    if not every or not first:
        return
    day = rows.table[source.time_column].cast("date")
    chosen = {"d": day}
    if source.location_column:
        chosen["l"] = rows.table[source.location_column]
    have: dict[str, set[str]] = defaultdict(set)
    for row in ask(rows, rows.table.select(**chosen).distinct()):
        if row["d"] is not None:
            have[str(row.get("l") or TOTAL)].add(_day(row["d"]))
    for location, seen in sorted(have.items()):
        empty = _empty(every, seen, max(first, min(seen)), last, source.pauses)
        for stretch in _stretches(list(empty)):
            where = f" for {location}" if location else ""
            span = (
                f"from {stretch[0]} to {stretch[-1]} ({len(stretch)} days)" if len(stretch) > 1 else f"on {stretch[0]}"
            )
            message = f"no rows{where} {span}; agreed are rows every {every}"
            help = "find out what was lost; periods without their rows are shown without a value"
            yield Breach(source.id, "gap", message, bad=len(stretch), days=tuple(stretch), location=location, help=help)


def _empty(every: str, seen: set[str], first: str, last: str, pauses: tuple[tuple[str, str], ...]) -> Iterator[str]:
    begin, end = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    span: list[str] = []
    missed = True
    for n in range((end - begin).days + 1):
        date = begin + datetime.timedelta(days=n)
        if n and _begins(date, every):
            if missed:
                yield from span
            span, missed = [], True
        day = date.isoformat()
        if not _paused(day, pauses) and not (every == "working day" and date.weekday() > 4):
            span.append(day)
        missed = missed and day not in seen
    after = end + datetime.timedelta(days=1)
    if missed and _begins(after, every):  # a week or month that is not over may still get its rows
        yield from span


def _begins(date: datetime.date, every: str) -> bool:
    """Tell whether a date is the first of its day, week, month or quarter."""
    if every in ("day", "working day"):
        return True
    if every == "week":
        return date.weekday() == 0
    return date.day == 1 and (every == "month" or date.month % 3 == 1)


def _paused(day: str, pauses: tuple[tuple[str, str], ...]) -> bool:
    return any(first <= day <= last for first, last in pauses)


def _stretches(days: list[str]) -> list[list[str]]:
    """Return days in groups that follow each other, a weekend between them allowed."""
    groups: list[list[str]] = []
    for day in days:
        if groups and (datetime.date.fromisoformat(day) - datetime.date.fromisoformat(groups[-1][-1])).days <= 4:
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups
