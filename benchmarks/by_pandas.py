"""The same KPIs with pandas: the columns that are needed, read once for each table, and a group-by for each question."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from qmsctl.measures import contract, engine, parts, periods
from qmsctl.measures.board import Measures
from qmsctl.measures.model import Aggregate, Definition
from qmsctl.measures.sources import Source

FREQUENCY = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
Cells = dict[str, dict[str, Any]]


def run(
    definitions: Sequence[Definition], sources: Mapping[str, Source], data: Path, system: Measures, clock: Any
) -> Cells:
    """Return the cells of all KPIs; the clock keeps the time."""
    cells: Cells = {}
    for name in sorted({a.source for d in definitions for a in d.aggregates.values()}):
        source = sources[name]
        users = [d for d in definitions if any(a.source == name for a in d.aggregates.values())]
        with clock.on("opening"):
            # The contract looks at every column of the table; what it alone needs is let go before the questions.
            frame = _read(source, data)
        with clock.on("contracts"):
            _checks(frame, source)
        frame = frame[sorted(_needed(source, users))]
        made: dict[tuple[str, str], Any] = {}
        for definition in users:
            with clock.on("questions", definition.kpi):
                _ask(definition, source, frame, cells, made, system)
        del frame, made
    return cells


def _read(source: Source, data: Path) -> Any:
    columns = [c.name for c in source.contract]
    if source.format == "parquet":
        paths = [str(file) for file in engine.files_of(source, data)]
        return _quick(pd.read_parquet(paths, columns=columns, dtype_backend="pyarrow"), source)
    days = [c.name for c in source.contract if c.kind == "date"]
    if source.format == "sqlite":
        with contextlib.closing(sqlite3.connect(data / source.location)) as database:
            found = pd.read_sql(f"SELECT {', '.join(columns)} FROM {source.table}", database, dtype_backend="pyarrow")
    else:
        named = {
            "sep": source.csv.get("delimiter", ","),
            "decimal": source.csv.get("decimal", "."),
            "encoding": source.csv.get("encoding", "utf-8"),
        }
        found = pd.read_csv(data / source.location, usecols=columns, dtype_backend="pyarrow", **named)
    for name in days:
        found[name] = pd.to_datetime(found[name].astype("object"), format=source.csv.get("date_format", "%Y-%m-%d"))
    return found


def _quick(frame: Any, source: Source) -> Any:
    """Give columns the types that pandas groups fast: repeated texts as categories, decimals as floats."""
    for column in source.contract:
        values = frame[column.name]
        if column.kind == "string" and not column.key:
            frame[column.name] = values.astype("category")
        elif column.kind in ("integer", "number"):
            whole = column.kind == "integer" and not values.hasnans
            frame[column.name] = values.astype("int64" if whole else "float64")
        elif column.kind == "boolean" and not values.hasnans:
            frame[column.name] = values.astype(bool)
    return frame


def _needed(source: Source, users: Sequence[Definition]) -> set[str]:
    found = {source.location_column} - {""}
    for definition in users:
        found |= {v for v in (*definition.dimensions, definition.pareto) if v in source.columns}
        for aggregate in definition.aggregates.values():
            if aggregate.source == source.id:
                found |= {aggregate.column, aggregate.time or source.time_column} - {""}
                found |= {c.column for c in aggregate.where} | {c.value for c in aggregate.where if c.column_of_value}
    return found


def _checks(frame: pd.DataFrame, source: Source) -> list[int]:
    found = [len(frame)]
    for column in source.contract:
        values = frame[column.name]
        text = column.kind == "string"
        if column.required:
            found.append(int((values.isna() | (values.str.strip() == "")).sum() if text else values.isna().sum()))
        measured = values.str.len() if text else values
        low, high = (column.options.get(n) for n in (("minLength", "maxLength") if text else ("minimum", "maximum")))
        found += [int((measured < low).sum())] if low is not None else []
        found += [int((measured > high).sum())] if high is not None else []
        for rule in column.quality:
            if rule["metric"] == "invalidValues":
                found.append(int((~values.isin(rule["arguments"]["validValues"]) & values.notna()).sum()))
    keys = [list(source.key)] if source.key else []
    for key in [*keys, *([c.name] for c in source.contract if c.unique)]:
        found.append(int(frame.duplicated(key).sum()))
    if source.time_column:
        day = _day(frame[source.time_column], source)
        found += [len(day.min().isoformat()), len(day.max().isoformat())]
        if source.rows_every:
            by = [day, *([frame[source.location_column]] if source.location_column else [])]
            found.append(int(frame.groupby(by, observed=True).ngroups))
    return found


def _day(values: Any, source: Source) -> Any:
    zoned = pd.to_datetime(
        values.astype("datetime64[us, UTC]") if "tz" in str(values.dtype) else values.astype("datetime64[us]")
    )
    if getattr(zoned.dtype, "tz", None) is not None:
        zoned = zoned.dt.tz_convert(source.time_zone).dt.tz_localize(None)
    return zoned.dt.normalize()


def _ask(
    definition: Definition, source: Source, frame: Any, cells: Cells, made: dict[Any, Any], system: Measures
) -> None:
    last = pd.Timestamp(periods.last_complete(system.today, definition.grain).last)
    by_time: dict[str, dict[str, Aggregate]] = defaultdict(dict)
    for name, aggregate in definition.aggregates.items():
        if aggregate.source == source.id:
            by_time[aggregate.time or source.time_column][name] = aggregate
    views = dict.fromkeys(
        ["", *definition.dimensions, *([definition.pareto] if definition.pareto in source.columns else [])]
    )
    for column, aggregates in by_time.items():
        if (column, "") not in made:
            made[column, ""] = _day(frame[column], source)
        day = made[column, ""]
        if (column, definition.grain) not in made:
            made[column, definition.grain] = day.dt.to_period(FREQUENCY[definition.grain]).dt.start_time
        period = made[column, definition.grain]
        kept = (day <= last) & (day >= pd.Timestamp(contract.OLDEST))
        masks = {name: kept & _where(frame, a, source) for name, a in aggregates.items()}
        cuts = [(view, True) for view in views]
        if source.location_column and not parts.additive(definition):
            cuts.append(("*", False))
        for view, by_place in cuts:
            by = {"period": period}
            if by_place and source.location_column:
                by["place"] = frame[source.location_column]
            if view.strip("*"):
                by["member"] = _named(frame[view])
            found = {"rows": _grouped(frame, by, kept, Aggregate("", "count"))}
            for name, aggregate in aggregates.items():
                if aggregate.agg == "average":
                    some = masks[name] & frame[aggregate.column].notna()
                    found[name + parts.SUM] = _grouped(frame, by, some, Aggregate("", "sum", aggregate.column))
                    found[name + parts.COUNT] = _grouped(frame, by, some, Aggregate("", "count"))
                else:
                    found[name] = _grouped(frame, by, masks[name], aggregate)
            for name, values in found.items():
                for key, value in values.items():
                    at = dict(zip(by, key if isinstance(key, tuple) else (key,), strict=True))
                    cell = "|".join(
                        (
                            definition.kpi,
                            str(at.get("place", "") if by_place else "*").strip("*"),
                            view,
                            str(at.get("member", "")),
                            str(at["period"])[:10],
                        )
                    )
                    cells.setdefault(cell, {})[name] = value if isinstance(value, (int, float)) else str(value)


def _named(values: Any) -> Any:
    if values.dtype == "category":
        return values.cat.add_categories("").fillna("") if values.hasnans else values
    return values.astype("string[pyarrow]").fillna("")


def _where(frame: Any, aggregate: Aggregate, source: Source) -> Any:
    found: Any = True
    for row in aggregate.where:
        column, value = frame[row.column], frame[row.value] if row.column_of_value else row.value
        if (
            isinstance(row.value, str)
            and not row.column_of_value
            and source.columns[row.column] in ("date", "timestamp")
        ):
            column, value = _day(column, source), pd.Timestamp(row.value)
        one = {
            "is": lambda c, v: c == v,
            "is_not": lambda c, v: (c != v) | c.isna(),
            "in": lambda c, v: c.isin(list(v)),
            "above": lambda c, v: c > v,
            "at_least": lambda c, v: c >= v,
            "below": lambda c, v: c < v,
            "at_most": lambda c, v: c <= v,
            "empty": lambda c, v: c.isna() if v else c.notna(),
        }[row.op](column, value)
        found = found & one.fillna(False).astype(bool)
    return found


def _grouped(frame: Any, by: Mapping[str, Any], mask: Any, aggregate: Aggregate) -> dict[Any, Any]:
    keys = [values[mask] for values in by.values()]
    if aggregate.agg == "count":
        return dict(keys[0].groupby(keys, observed=True).size())
    groups = frame.loc[mask, aggregate.column].groupby(keys, observed=True)
    made = {"sum": groups.sum, "min": groups.min, "max": groups.max, "count_distinct": groups.nunique}[aggregate.agg]
    return dict(made())
