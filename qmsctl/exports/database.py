"""The whole system as one database file, SQLite or DuckDB: what anyone's reporting tool can ask.

The names of people are left out: persons appear under their ids only.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qmsctl import __version__
from qmsctl.checks import Report
from qmsctl.exports import values
from qmsctl.exports.openmetrics import trustworthy
from qmsctl.exports.values import ExportFault
from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.measures import periods
from qmsctl.measures.board import Measures
from qmsctl.model import Item
from qmsctl.printable import encodable

FORMAT = "1"
ENDINGS = (".sqlite", ".duckdb")
OPEN_OF_PERSON = ("id", "type", "status", "roles", "deputy", "locations")
"""What is told of a person: a login, an address or a key would say who it is."""

Row = Mapping[str, Any]
Filler = Callable[["System"], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class System:
    """What is exported: a loaded system with its measures and findings as of a day; ``made`` is a moment."""

    loaded: Loaded
    graph: Graph
    measures: Measures
    report: Report
    made: str

    @property
    def today(self) -> str:
        return self.measures.today


@dataclass(frozen=True, slots=True)
class Column:
    """A column; ``to`` names the table whose key it holds, ``type`` is text, integer, real, boolean, date or json."""

    name: str
    type: str
    meaning: str
    unit: str = ""
    to: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its key, the indices besides it, and what fills it; a view has its SQL instead."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()
    fill: Filler = lambda _: iter(())
    view: str = ""


def write(system: System, file: Path) -> dict[str, int]:
    """Write a system into a database file as a whole and return the number of rows by table. Raises ExportFault."""
    allowed(file)
    engine = _sqlite if file.suffix.lower() == ENDINGS[0] else _duckdb
    clean = _without_names(system.loaded.qms.names)
    rows = {t.name: [_row(t, row, clean) for row in t.fill(system)] for t in TABLES if not t.view}
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.part")
    temporary.unlink(missing_ok=True)
    try:
        engine(temporary, rows)
        temporary.replace(file)
    finally:
        for left in (temporary, temporary.with_name(temporary.name + ".wal")):
            left.unlink(missing_ok=True)
    return {name: len(found) for name, found in rows.items()}


def allowed(file: Path) -> None:
    """Refuse a file that says neither SQLite nor DuckDB. Raises ExportFault."""
    if file.is_dir():
        raise ExportFault(f"{file} is a folder", f"name a file in it: {file / 'qms.sqlite'}")
    if file.suffix.lower() not in ENDINGS:
        tip = f"give it the ending {' or '.join(ENDINGS)}: {file.with_suffix(ENDINGS[0]).name}"
        raise ExportFault(f"the ending of `{file.name}` says neither SQLite nor DuckDB", tip)


# --- the two engines ------------------------------------------------------------------------------

_SQLITE = {"text": "TEXT", "integer": "INTEGER", "real": "REAL", "boolean": "BOOLEAN", "date": "DATE", "json": "TEXT"}
_DUCKDB = {
    "text": "VARCHAR", "integer": "BIGINT", "real": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "json": "JSON",
}  # fmt: skip


def _sqlite(file: Path, rows: Mapping[str, list[tuple[Any, ...]]]) -> None:
    with contextlib.closing(sqlite3.connect(file)) as base:
        base.execute("PRAGMA foreign_keys = ON")
        for table in TABLES:
            base.execute(_ddl(table, _SQLITE))
            marks = ", ".join("?" * len(table.columns))
            if not table.view:
                base.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows[table.name])
        for statement in _indices():
            base.execute(statement)
        base.commit()


def _duckdb(file: Path, rows: Mapping[str, list[tuple[Any, ...]]]) -> None:
    try:
        import duckdb
        import pyarrow
    except ImportError as error:
        raise ExportFault("DuckDB needs an extra", "pip install 'qmsctl[measures]', or write FILE.sqlite") from error
    kinds = {
        "text": pyarrow.string(), "integer": pyarrow.int64(), "real": pyarrow.float64(), "boolean": pyarrow.bool_(),
        "date": pyarrow.date32(), "json": pyarrow.string(),
    }  # fmt: skip
    quiet: Any = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    with contextlib.closing(duckdb.connect(str(file), config=quiet)) as base:
        for table in TABLES:
            base.execute(_ddl(table, _DUCKDB))
            if table.view or not rows[table.name]:
                continue
            cells = zip(*rows[table.name], strict=True)
            arrays = [
                pyarrow.array([values.typed(cell, column.type) for cell in column_cells], kinds[column.type])
                for column, column_cells in zip(table.columns, cells, strict=True)
            ]
            base.register("qms_rows", pyarrow.table(arrays, names=[c.name for c in table.columns]))
            base.execute(f"INSERT INTO {table.name} SELECT * FROM qms_rows")
            base.unregister("qms_rows")
        for statement in _indices():
            base.execute(statement)


def _ddl(table: Table, types: Mapping[str, str]) -> str:
    if table.view:
        return f"CREATE VIEW {table.name} AS {table.view}"
    keys = {t.name: t.key for t in TABLES}
    lines = [f"{c.name} {types[c.type]}{' NOT NULL' if c.needed or c.name in table.key else ''}" for c in table.columns]
    lines.append(f"PRIMARY KEY ({', '.join(table.key)})")
    for name in dict.fromkeys(c.to for c in table.columns if c.to):
        own = [c.name for c in table.columns if c.to == name]
        groups = [own] if len(keys[name]) > 1 else [[column] for column in own]
        lines += [f"FOREIGN KEY ({', '.join(g)}) REFERENCES {name} ({', '.join(keys[name])})" for g in groups]
    return f"CREATE TABLE {table.name} ({', '.join(lines)})"


def _indices() -> Iterator[str]:
    for table in TABLES:
        for column in table.indices:
            yield f"CREATE INDEX {table.name}_by_{column} ON {table.name} ({column})"


# --- cells ----------------------------------------------------------------------------------------


def _row(table: Table, row: Row, clean: Callable[[str], str]) -> tuple[Any, ...]:
    return tuple(_cell(row.get(c.name), c, clean) for c in table.columns)


def _cell(value: Any, column: Column, clean: Callable[[str], str]) -> Any:
    if value is None:
        return None
    if column.type == "date":
        return _day(value)
    if column.type == "json":
        return clean(encodable(json.dumps(value, ensure_ascii=False, default=str)))
    if column.type == "text":
        text = encodable(str(value))
        # What joins tables is never altered.
        return text if column.to or column.needed else clean(text)
    return value


def _day(value: Any) -> str | None:
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return None  # told by value-not-allowed


def _without_names(names: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that puts the id of a person where a text names the person in full."""
    ids = {name: person for person, name in names.items() if name.strip()}
    if not ids:
        return lambda text: text
    known = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(ids, key=len, reverse=True)))})(?!\w)")
    return lambda text: known.sub(lambda match: ids[match.group()], text)


# --- what fills the tables ------------------------------------------------------------------------


def _meta(system: System) -> Iterator[Row]:
    made = {
        "format": FORMAT,
        "organisation": system.loaded.config.organisation,
        "as_of": system.today,
        "version": __version__,
        "made": system.made,
    }
    for name, value in made.items():
        yield {"name": name, "value": value}


def _dictionary(_: System) -> Iterator[Row]:
    for table in TABLES:
        for at, column in enumerate(table.columns, 1):
            yield {
                "table_name": table.name,
                "column_name": column.name,
                "position": at,
                "type": column.type,
                "unit": column.unit,
                "meaning": column.meaning,
            }


def _items(system: System) -> Iterator[Row]:
    for item in system.loaded.qms.items.values():
        kind = system.loaded.types[item.type]
        fields = _fields(item)
        yield {
            **{name: fields.get(name) for name in ("owner", "revision", "effective", "review_every", "change")},
            "id": item.id,
            "type": item.type,
            "title": str(fields.get("title") or item.id),
            "path": item.path,
            "status": item.get("status") or kind.initial,
            "in_use": system.graph.is_current(item.id),
            "controlled": kind.controlled,
            "shipped": item.shipped,
            "fields": fields,
        }


def _fields(item: Item) -> Row:
    if item.type != "person":
        return dict(item.fields)
    return {name: value for name, value in item.fields.items() if name in OPEN_OF_PERSON}


def _parts(system: System) -> Iterator[Row]:
    for part in system.graph.parts.values():
        yield {
            "ref": part.ref,
            "item": part.item,
            "field": part.field,
            "part_key": part.key,
            "title": part.title,
            "position": part.index + 1,
            "fields": part.data,
        }


def _links(system: System) -> Iterator[Row]:
    graph = system.graph
    open_links = [
        link for link in graph.links
        if graph.items[link.source].type != "person" or link.field.split(".", 1)[0] in (*OPEN_OF_PERSON, "mentions")
    ]  # fmt: skip
    for number, link in enumerate(open_links, 1):
        spec = graph.spec_of(link)
        yield {
            "number": number,
            "source": link.source,
            "source_part": link.source_part if link.source_part in graph.parts else None,
            "field": link.field,
            "relation": link.field.rsplit(".", 1)[-1],
            "inverse": spec.inverse or None if spec else "mentioned by",
            "written": link.target,
            "target": link.to or None,
            "target_part": link.part if link.part in graph.parts else None,
            "problem": link.problem or None,
            "line": link.position.line,
        }


def _values(system: System) -> Iterator[Row]:
    for judged in values.series(system.measures):
        for point in judged.points:
            yield values.row(judged, point) | {"latest": point is judged.latest}


def _targets(system: System) -> Iterator[Row]:
    for kpi, found in system.measures.definitions.items():
        for number, target in enumerate(found.targets, 1):
            yield {
                "kpi": kpi,
                "number": number,
                "valid_until": target.until or None,
                "unit": found.unit,
                **{name: getattr(target, name) for name in ("target", "watch", "off", "low", "high")},
                "basis": target.basis,
            }


def _signals(system: System) -> Iterator[Row]:
    for judged in values.series(system.measures):
        for point in judged.points:
            for number, signal in enumerate(point.signals, 1):
                yield {
                    "kpi": judged.definition.kpi,
                    "location": judged.location,
                    "period": point.period,
                    "number": number,
                    "rule": signal.rule,
                    "words": signal.words,
                    "spans": list(signal.periods),
                }


def _explanations(system: System) -> Iterator[Row]:
    for kpi in system.measures.definitions:
        for number, found in enumerate(system.measures.explanations(kpi), 1):
            yield {
                "kpi": kpi,
                "number": number,
                "location": found.location,
                "period": found.period,
                "until": found.until,
                "first_day": _edge(found.period, "first"),
                "last_day": _edge(found.until, "last"),
                "cause": found.cause,
                "action": found.action,
                "new_level": found.new_level,
                "written": found.written or None,
                "log": found.item,
            }


def _edge(period: str, name: str) -> str | None:
    try:
        return str(getattr(periods.parse(period), name))
    except periods.PeriodFault:
        return None


def _attainments(system: System) -> Iterator[Row]:
    for item in system.graph.of_type("objective"):
        found = system.measures.attainment(item.id)
        theme = str(item.get("theme") or "")
        yield {
            "objective": item.id,
            "title": item.title,
            "theme": theme if theme in system.graph.parts else None,
            "weight": found.weight,
            "reached": found.reached,
            "time_passed": found.due,
            "state": found.state,
            "reach_by": item.get("by"),
        }


def _shares(system: System) -> Iterator[Row]:
    for item in system.graph.of_type("objective"):
        for number, share in enumerate(system.measures.attainment(item.id).shares, 1):
            yield {
                "objective": item.id,
                "number": number,
                "kpi": share.kpi if share.kpi in system.graph.items else None,
                "weight": share.weight,
                "from_value": share.start,
                "to_value": share.goal,
                "taken_over": share.over,
                "value": share.value,
                "share": share.share,
            }


def _sources(system: System) -> Iterator[Row]:
    for name, source in system.measures.sources.items():
        state = system.measures.source_state(name)
        health = state.health if state is not None else None
        row: dict[str, Any] = {
            "source": name,
            "title": source.title,
            "owner": source.owner or None,
            "system": source.system,
            "format": source.format,
            "location": source.location,
            "arrives": source.arrives or None,
            "late_after": source.late_after or None,
        }
        if state is not None:
            row |= {"checked": state.checked or None, "fault": state.fault or None}
            row |= {"trustworthy": trustworthy(state) if state.fault or health else None}
        if health is not None:
            row |= {"rows": health.rows, "duplicates": health.duplicates}
            row |= {"first_day": health.first or None, "newest_day": health.newest or None}
        yield row


def _breaches(system: System) -> Iterator[Row]:
    for name in system.measures.sources:
        state = system.measures.source_state(name)
        for number, found in enumerate(state.health.breaches if state and state.health else (), 1):
            yield {
                "source": name,
                "number": number,
                "rule": found.rule,
                "level": found.level,
                "message": found.message,
                "help": found.help,
                "location": found.location,
                "bad": found.bad,
                "rows": found.rows,
                "days": len(found.days),
                "first_day": min(found.days, default=None),
                "last_day": max(found.days, default=None),
            }


def _dues(system: System) -> Iterator[Row]:
    for number, due in enumerate(system.graph.dues(), 1):
        yield {
            "number": number,
            "item": due.item,
            "what": due.what,
            "due": due.on,
            "who": due.who or None,
            "overdue": due.on < system.today,
            "path": due.position.path,
            "line": due.position.line,
        }


def _findings(system: System) -> Iterator[Row]:
    every = [(found, False) for found in system.report.findings] + [(f, True) for f, _ in system.report.waived]
    for number, (found, waived) in enumerate(every, 1):
        yield {
            "number": number,
            "check_name": found.check,
            "level": found.level,
            "message": found.message,
            "help": found.help,
            "item": found.item if found.item in system.graph.items else None,
            "path": found.position.path,
            "line": found.position.line,
            "waived": waived,
        }


# --- the tables -----------------------------------------------------------------------------------

_C = Column
_KPI = _C("kpi", "text", "The KPI.", to="items", needed=True)
_SERIES = (
    _C("kpi", "text", "The KPI.", to="kpi_values", needed=True),
    _C("location", "text", "The location; empty for all together.", to="kpi_values", needed=True),
    _C("period", "text", "The period, such as 2026-10, 2026-Q3, 2026-W47.", to="kpi_values", needed=True),
)
_NUMBER = _C("number", "integer", "Counts from 1.", needed=True)
_LIMITS = (
    _C("target", "real", "The value aimed at.", "that of the KPI"),
    _C("watch", "real", "Beyond it, it is watched.", "that of the KPI"),
    _C("off", "real", "Beyond it, it is off target.", "that of the KPI"),
    _C("low", "real", "The lower edge, where a band is aimed at.", "that of the KPI"),
    _C("high", "real", "The upper edge, where a band is aimed at.", "that of the KPI"),
)

TABLES: tuple[Table, ...] = (
    Table(
        "meta",
        "What this file is: one row for `format`, `organisation`, `as_of`, `version` and `made`.",
        (
            _C("name", "text", "What is told.", needed=True),
            _C("value", "text", "Its value. `as_of` is the day everything is judged on, `made` the moment of writing."),
        ),
        ("name",),
        fill=_meta,
    ),
    Table(
        "dictionary",
        "This page as a table: every column of every table.",
        (
            _C("table_name", "text", "The table or view.", needed=True),
            _C("column_name", "text", "The column.", needed=True),
            _C("position", "integer", "Its place in the table, from 1."),
            _C("type", "text", "text, integer, real, boolean, date or json."),
            _C("unit", "text", "The unit, where there is one."),
            _C("meaning", "text", "What it means."),
        ),
        ("table_name", "column_name"),
        fill=_dictionary,
    ),
    Table(
        "items",
        "Everything that has a file of its own: processes, documents, KPIs, risks, roles, and catalogues of clauses.",
        (
            _C("id", "text", "The stable name.", needed=True),
            _C("type", "text", "The item type: sop, kpi, process, role and so on.", needed=True),
            _C("title", "text", "What readers call it. Persons appear under their id."),
            _C("path", "text", "The file, from the root of the system.", needed=True),
            _C("status", "text", "Where it stands in its lifecycle; the usual state where nothing is written."),
            _C("in_use", "boolean", "Whether it counts: no draft, not obsolete, not closed."),
            _C("controlled", "boolean", "Whether it is a controlled document with a revision."),
            _C("shipped", "boolean", "Whether it came with the tool, as catalogues of clauses do."),
            _C("owner", "text", "The role that answers for it."),
            _C("revision", "text", "The revision, such as 2.1."),
            _C("effective", "date", "The day from which this revision is in force."),
            _C("review_every", "text", "How long it may stay unreviewed, such as 12 months."),
            _C("change", "text", "What changed in this revision, and why."),
            _C("fields", "json", "All fields as they are written. Of persons: roles, deputy, locations and state only."),
        ),
        ("id",),
        ("type", "owner"),
        _items,
    ),
    Table(
        "parts",
        "Parts of items that have an address: steps, clauses, themes, planned actions.",
        (
            _C("ref", "text", "The address: PRC-003#inspect-lot, iso9001-2015/8.5.1.", needed=True),
            _C("item", "text", "The item it belongs to.", to="items", needed=True),
            _C("field", "text", "The list it stands in: steps, clauses, themes.", needed=True),
            _C("part_key", "text", "Its key inside the item.", needed=True),
            _C("title", "text", "What readers call it."),
            _C("position", "integer", "Its place in the list, from 1."),
            _C("fields", "json", "All its fields as they are written."),
        ),
        ("ref",),
        ("item",),
        _parts,
    ),
    Table(
        "links",
        "References as they are written, the broken ones too. To follow them both ways, use `related`.",
        (
            _NUMBER,
            _C("source", "text", "The item it is written in.", to="items", needed=True),
            _C("source_part", "text", "The part it is written in.", to="parts"),
            _C("field", "text", "The whole name of the field: steps.who.", needed=True),
            _C("relation", "text", "The last part of that name: who. `mentions` where an id stands in prose.", needed=True),
            _C("inverse", "text", "The same relation seen from the other end."),
            _C("written", "text", "What is written."),
            _C("target", "text", "The item it leads to; empty where there is none.", to="items"),
            _C("target_part", "text", "The part it leads to.", to="parts"),
            _C("problem", "text", "missing, part or type where it leads nowhere or to what is not allowed; else empty."),
            _C("line", "integer", "The line in the file of the source."),
        ),
        ("number",),
        ("source", "target", "relation"),
        _links,
    ),
    Table(
        "related",
        "Links from both ends: each good link once as it is written, and once turned round under its inverse name. "
        "`kpis` of an objective are all here, whether they are written in the objective or in the KPI.",
        (
            _C("item", "text", "The item.", to="items"),
            _C("item_part", "text", "The part of it that is concerned.", to="parts"),
            _C("relation", "text", "The name of the relation, seen from the item."),
            _C("other", "text", "The item at the other end.", to="items"),
            _C("other_part", "text", "The part of it that is concerned.", to="parts"),
        ),
        view="SELECT source AS item, source_part AS item_part, relation, target AS other, target_part AS other_part "
        "FROM links WHERE target IS NOT NULL AND problem IS NULL "
        "UNION SELECT target, target_part, inverse, source, source_part "
        "FROM links WHERE target IS NOT NULL AND problem IS NULL AND inverse IS NOT NULL",
    ),
    Table(
        "kpi_values",
        "One row for each KPI, location and complete period. Empty values are gaps, or not to be trusted.",
        (
            _KPI,
            _C("title", "text", "The title of the KPI."),
            _C("location", "text", "The location; empty for all together. Never add the two up.", needed=True),
            _C("period", "text", "The period, such as 2026-10, 2026-Q3, 2026-W47.", needed=True),
            _C("period_first", "date", "Its first day."),
            _C("period_last", "date", "Its last day."),
            _C("value", "real", "The value, if it is to be trusted; else empty, never 0.", "`unit`"),
            _C("unit", "text", "The unit of the KPI: %, ppm, days."),
            *_LIMITS,
            _C("status", "text", "on, watch, off or none, by the target in force on the last day of the period."),
            _C("words", "text", "The status in words."),
            _C("signals", "text", "Signals of process behaviour, in words."),
            _C("explanation", "text", "What was written down about it."),
            _C("doubt", "text", "Why it is not to be trusted; empty if it may be."),
            _C("was", "real", "The value before late data changed it.", "`unit`"),
            _C("restated", "date", "The day on which that was noticed."),
            _C("rows", "integer", "How many rows it was made of.", "rows"),
            _C("numerator", "real", "What is above the line, where the KPI is a ratio.", "that of the source"),
            _C("denominator", "real", "What is below the line. Roll up the two, never the values.", "that of the source"),
            _C("latest", "boolean", "Whether it is the last complete period of its series."),
        ),
        ("kpi", "location", "period"),
        ("status",),
        _values,
    ),
    Table(
        "kpi_targets",
        "What values are judged by, now and before.",
        (
            _KPI,
            _NUMBER,
            _C("valid_until", "date", "The last day on which it was valid; empty for what is valid now."),
            _C("unit", "text", "The unit of the KPI."),
            *_LIMITS,
            _C("basis", "text", "Where the target comes from."),
        ),
        ("kpi", "number"),
        fill=_targets,
    ),
    Table(
        "kpi_signals",
        "Rules of process behaviour that a value broke.",
        (
            *_SERIES,
            _NUMBER,
            _C("rule", "text", "The rule: Western Electric 1."),
            _C("words", "text", "What it says."),
            _C("spans", "json", "The periods it spans."),
        ),
        ("kpi", "location", "period", "number"),
        fill=_signals,
    ),
    Table(
        "kpi_explanations",
        "What people wrote down about values, and what was done.",
        (
            _KPI,
            _NUMBER,
            _C("location", "text", "The location; empty for all."),
            _C("period", "text", "The first period it explains."),
            _C("until", "text", "The last period it explains."),
            _C("first_day", "date", "The first day of the first period."),
            _C("last_day", "date", "The last day of the last period."),
            _C("cause", "text", "Why the values are what they are."),
            _C("action", "text", "What was done."),
            _C("new_level", "boolean", "Whether limits are computed anew from there."),
            _C("written", "date", "The day it was written down."),
            _C("log", "text", "The log it stands in.", to="items"),
        ),
        ("kpi", "number"),
        fill=_explanations,
    ),
    Table(
        "objective_attainment",
        "How far each objective is.",
        (
            _C("objective", "text", "The objective.", to="items", needed=True),
            _C("title", "text", "Its title."),
            _C("theme", "text", "The strategic theme it serves.", to="parts"),
            _C("weight", "real", "How much it counts in its theme."),
            _C("reached", "real", "The share that is reached; empty where a value is missing.", "0 to 1"),
            _C("time_passed", "real", "The share of its time that has passed.", "0 to 1"),
            _C("state", "text", "on where at least nine tenths of what is due by now are reached, else off; none where unknown."),
            _C("reach_by", "date", "The day by which it is to be reached."),
        ),
        ("objective",),
        fill=_attainments,
    ),
    Table(
        "objective_shares",
        "The KPIs that the attainment of an objective is made of.",
        (
            _C("objective", "text", "The objective.", to="objective_attainment", needed=True),
            _NUMBER,
            _C("kpi", "text", "The KPI.", to="items"),
            _C("weight", "real", "How much it counts."),
            _C("from_value", "real", "Where it stood.", "that of the KPI"),
            _C("to_value", "real", "Where it shall be.", "that of the KPI"),
            _C("taken_over", "text", "The time its value is taken over."),
            _C("value", "real", "Its value over that time.", "that of the KPI"),
            _C("share", "real", "The share of the way from the one to the other.", "0 to 1"),
        ),
        ("objective", "number"),
        fill=_shares,
    ),
    Table(
        "data_sources",
        "Where the rows behind the KPIs come from, and what the last look at them said.",
        (
            _C("source", "text", "The data source.", to="items", needed=True),
            _C("title", "text", "Its title."),
            _C("owner", "text", "The role that answers for it."),
            _C("system", "text", "The system of record."),
            _C("format", "text", "parquet, csv, sqlite, postgres or ibis."),
            _C("location", "text", "The path below the data folder, or the name of the variable with the address."),
            _C("arrives", "text", "How often new rows arrive."),
            _C("late_after", "text", "How old the newest row may be."),
            _C("checked", "date", "The day of the last look; empty where nobody has looked."),
            _C("trustworthy", "boolean", "Whether it could be read and no rule of its contract is broken."),
            _C("fault", "text", "Why it could not be read."),
            _C("rows", "integer", "How many rows there are.", "rows"),
            _C("duplicates", "integer", "How many were delivered more than once and counted once.", "rows"),
            _C("first_day", "date", "The day of the oldest row."),
            _C("newest_day", "date", "The day of the newest row."),
        ),
        ("source",),
        fill=_sources,
    ),
    Table(
        "data_breaches",
        "Rules of data contracts that the data does not keep.",
        (
            _C("source", "text", "The data source.", to="data_sources", needed=True),
            _NUMBER,
            _C("rule", "text", "The rule: empty value, duplicate key, stale, gap."),
            _C("level", "text", "error or warning."),
            _C("message", "text", "What is broken, with figures."),
            _C("help", "text", "What to do."),
            _C("location", "text", "The location it concerns; empty for all."),
            _C("bad", "integer", "How many rows are bad; for a gap, how many days.", "rows or days"),
            _C("rows", "integer", "How many rows were looked at.", "rows"),
            _C("days", "integer", "On how many days; 0 where it concerns the whole source.", "days"),
            _C("first_day", "date", "The first of these days."),
            _C("last_day", "date", "The last of these days."),
        ),
        ("source", "number"),
        fill=_breaches,
    ),
    Table(
        "dues",
        "Everything that is due some day.",
        (
            _NUMBER,
            _C("item", "text", "The item that says so.", to="items", needed=True),
            _C("what", "text", "What is due."),
            _C("due", "date", "The day."),
            _C("who", "text", "The role that has to see to it."),
            _C("overdue", "boolean", "Whether the day has passed."),
            _C("path", "text", "The file.", needed=True),
            _C("line", "integer", "The line in it."),
        ),
        ("number",),
        ("item", "who"),
        _dues,
    ),
    Table(
        "findings",
        "What `qmsctl check` says.",
        (
            _NUMBER,
            _C("check_name", "text", "The check; `qmsctl explain` tells more.", needed=True),
            _C("level", "text", "error, warning or note."),
            _C("message", "text", "What is wrong."),
            _C("help", "text", "What to do."),
            _C("item", "text", "The item it concerns, where it concerns one.", to="items"),
            _C("path", "text", "The file.", needed=True),
            _C("line", "integer", "The line in it."),
            _C("waived", "boolean", "Whether qms.yaml waives it, with a reason and an end."),
        ),
        ("number",),
        ("item",),
        _findings,
    ),
)  # fmt: skip
