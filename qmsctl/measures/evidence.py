"""The rows behind a value: what an auditor asks for when a point is red."""

from __future__ import annotations

import contextlib
import datetime
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qmsctl.measures import compute, engine, periods
from qmsctl.measures.engine import Rows
from qmsctl.measures.model import Aggregate, Definition
from qmsctl.measures.sources import NUMBERS, Source

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Behind:
    """Rows behind a value. ``what`` says in words which rows they are; ``total`` how many there are in all."""

    kpi: str
    period: str
    location: str
    source: str
    what: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    total: int


def part_behind(definition: Definition) -> tuple[str, Aggregate, tuple[Aggregate, ...]]:
    """Return the name of the part whose rows tell most, the part, and parts whose rows are to be left out.

    Where more is better, these are the rows that are counted below but not above: the misses.
    """
    above, below = definition.aggregates.get("numerator"), definition.aggregates.get("denominator")
    if definition.direction == "higher" and above and below and _same_rows(above, below):
        extra = tuple(c for c in above.where if c not in below.where)
        return "misses", below, (replace(above, where=extra),)
    if above is not None:
        return "numerator", above, ()
    name = next(iter(definition.aggregates))
    return name, definition.aggregates[name], ()


def _same_rows(above: Aggregate, below: Aggregate) -> bool:
    known = (above.source, above.time, above.agg) == (below.source, below.time, below.agg)
    return known and above.agg == "count" and set(below.where) < set(above.where)


def behind(
    definition: Definition, rows: Rows, period: str, location: str = "", most: int = MOST, counted: bool = True
) -> Behind:
    """Return the rows behind a value, those that weigh most first. Raises SourceFault and PeriodFault.

    ``rows`` are those of the source of `part_behind`; without ``counted`` the total is that of the rows returned.
    """
    span = periods.parse(period)
    name, aggregate, without = part_behind(definition)
    source, table = rows.source, rows.table
    time = aggregate.time or source.time_column
    day = table[time].cast("date")
    table = table.filter((day >= _date(span.first)) & (day <= _date(span.last)))
    if location and source.location_column:
        table = table.filter(table[source.location_column].cast("string") == location)
    kept = compute.condition(table, aggregate)
    table = table.filter(kept) if kept is not None else table
    for one in without:
        out = compute.condition(table, one)
        table = table.filter(~out.fill_null(False)) if out is not None else table
    columns = [c for c in source.shown if c in table.columns]
    weigh = aggregate.column if aggregate.agg in ("sum", "average", "max", "min") else ""
    if weigh and source.columns.get(weigh) in NUMBERS:
        table = table.filter(table[weigh] != 0) if aggregate.agg == "sum" else table
        table = table.order_by([_down(table[weigh], aggregate.agg), *[table[k] for k in source.key]])
    else:
        table = table.order_by([table[k] for k in (source.key or (time,))])
    found = [_local(row, rows.zone) for row in engine.ask(rows, table.select(*columns).limit(most))]
    total = int(engine.ask(rows, table.aggregate(n=table.count()))[0]["n"]) if counted else len(found)
    words = {"misses": f"counted in the denominator, not in the numerator of {definition.kpi}"}
    what = words.get(name, f"counted in `{name}` of {definition.kpi}")
    return Behind(definition.kpi, span.key, location, source.id, what, tuple(columns), tuple(found), total)


@contextlib.contextmanager
def rows_of(source: Source, data: Path, zone: str, duplicates: int = 0) -> Iterator[Rows]:
    """Open a source whose contract was checked before; rows that were delivered twice are taken out again."""
    with engine.opened(source, data, zone) as rows:
        yield replace(rows, table=rows.table.distinct()) if duplicates else rows


def _local(row: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Return a row with its moments as the clock on the wall had them."""
    place = zoneinfo.ZoneInfo(zone)
    return {
        k: v.astimezone(place).strftime("%Y-%m-%d %H:%M") if isinstance(v, datetime.datetime) and v.tzinfo else v
        for k, v in row.items()
    }


def _down(column: Any, agg: str) -> Any:
    return column.asc() if agg == "min" else column.desc()


def _date(day: str) -> Any:
    import ibis

    return ibis.date(day)
