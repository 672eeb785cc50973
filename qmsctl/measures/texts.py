"""Rows that carry no types, CSV and SQLite, brought into DuckDB as their contract says.

Nothing is guessed: delimiter, decimal sign and encoding are those of the contract, and what does not fit the type of
its column becomes empty and is named in the column BAD, so that it is counted and told.
"""

from __future__ import annotations

import contextlib
import csv
import re
import tempfile
from pathlib import Path
from typing import Any

from qmsctl.measures.sources import NUMBERS, Column, Source, SourceFault

BAD = "qms:bad"
"""No contract can have a column of this name."""
_ENCODINGS = {"utf-8": "utf-8-sig", "windows-1252": "cp1252", "iso-8859-1": "latin-1", "utf-16": "utf-16"}
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ZONE = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_TIME = "([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?"


def stage(backend: Any, source: Source, files: tuple[Path, ...], name: str, stack: contextlib.ExitStack) -> None:
    """Make a table of the rows of files. Raises SourceFault."""
    rows = _csv(source, files, stack) if source.format == "csv" else _sqlite(backend, source, files)
    casts, bad = [], []
    for column in source.contract:
        made = _from_text(source, column)
        casts.append(f"{made} AS {sql_name(column.name)}")
        if column.kind != "string":
            text = f"nullif(trim({sql_name(column.name)}), '')"
            bad.append(f"CASE WHEN {text} IS NOT NULL AND {made} IS NULL THEN {sql_text(column.name)} END")
    listed = f"concat_ws(',', {', '.join(bad)})" if bad else "''"
    backend.raw_sql(f"CREATE TABLE {name} AS SELECT {', '.join(casts)}, {listed} AS {sql_name(BAD)} FROM ({rows})")


def sql_text(value: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def sql_name(value: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + value.replace('"', '""') + '"'


def _from_text(source: Source, column: Column) -> str:
    text = f"nullif(trim({sql_name(column.name)}), '')"
    if column.kind == "string":
        return text
    if column.kind in NUMBERS:
        return _number(source, column, text)
    if column.kind == "boolean":
        return f"TRY_CAST({text} AS BOOLEAN)"
    form = source.csv.get("date_format", "")
    if form:
        moment = f"try_strptime({text}, {sql_text(form)})"
    else:
        moment = f"CASE WHEN regexp_full_match({text}, '{_DAY}{_TIME}') THEN TRY_CAST({text} AS TIMESTAMP) END"
    if column.kind == "date":
        return f"CAST({moment} AS DATE)"
    zoned = f"CASE WHEN regexp_full_match({text}, '{_DAY}{_TIME}{_ZONE}') THEN TRY_CAST({text} AS TIMESTAMPTZ)"
    return f"{zoned} ELSE timezone({sql_text(source.time_zone)}, {moment}) END"


def _number(source: Source, column: Column, text: str) -> str:
    """Return the SQL that reads a number in the notation of its source, and gives nothing for any other notation."""
    point, thousands = source.csv.get("decimal", "."), source.csv.get("thousands", "")
    scale = re.fullmatch(r"DECIMAL\(\d+,\s*(\d+)\)", column.physical.upper())
    digits = f"{{1,{scale[1]}}}0*" if scale and scale[1] != "0" else "+"
    groups = f"|[0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+" if thousands else ""
    fraction = "" if column.kind == "integer" else f"({re.escape(point)}[0-9]{digits})?([eE][+-]?[0-9]+)?"
    shape = f"[+-]?([0-9]+{groups}){fraction}"
    plain = f"replace({text}, {sql_text(thousands)}, '')" if thousands else text
    plain = f"replace({plain}, {sql_text(point)}, '.')" if point != "." else plain
    kind = "BIGINT" if column.kind == "integer" else column.physical if scale else "DOUBLE"
    cast = f"TRY_CAST({plain} AS {kind})"
    fits = f"regexp_full_match({text}, {sql_text(shape)})" + (f" AND isfinite({cast})" if kind == "DOUBLE" else "")
    return f"CASE WHEN {fits} THEN {cast} END"


# --- CSV ------------------------------------------------------------------------------------------


def _csv(source: Source, files: tuple[Path, ...], stack: contextlib.ExitStack) -> str:
    encoding = source.csv.get("encoding", "utf-8")
    delimiter = {"tab": "\t"}.get(source.csv.get("delimiter", ","), source.csv.get("delimiter", ","))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qmsctl-")))
    wanted = ", ".join(sql_name(c.name) for c in source.contract)
    queries = []
    for number, file in enumerate(files):
        _decodes(file, encoding)
        header = _header(source, file, encoding, delimiter)
        if encoding != "utf-8":
            file = _recoded(file, _ENCODINGS[encoding], folder / f"{number}.csv")
        columns = ", ".join(f"{sql_text(name)}: 'VARCHAR'" for name in header)
        said = (
            f"auto_detect=false, header=true, delim={sql_text(delimiter)}, quote='\"', escape='\"', comment='', "
            f"strict_mode=true, null_padding=false, allow_quoted_nulls=false, columns={{{columns}}}"
        )
        queries.append(f"SELECT {wanted} FROM read_csv({sql_text(str(file))}, {said})")
    return " UNION ALL ".join(queries)


def _header(source: Source, file: Path, encoding: str, delimiter: str) -> list[str]:
    """Return the names of the columns of a file. Raises SourceFault where one is missing or there twice."""
    with file.open(encoding=_ENCODINGS[encoding], newline="") as handle:
        header = next(csv.reader(handle, delimiter=delimiter), [])
    names = [name.strip() for name in header]
    if not any(names):
        raise SourceFault(f"{file.name} is empty", "see why the export gave nothing", "empty")
    twice = [c.name for c in source.contract if names.count(c.name) > 1]
    if twice:
        raise SourceFault(
            f"{file.name} has the column {', '.join(twice)} twice", "have the export mended", "type drift"
        )
    missing = [c.name for c in source.contract if c.name not in names]
    if missing:
        raise SourceFault(
            f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing in the head of {file.name}",
            f"there are {', '.join(names[:12])}; have the export mended, or change the contract",
            "missing column",
        )
    # Columns nobody asked for may have any name, or the same; they only keep their place.
    known = set(source.columns)
    return [name if name in known else f"qms_{at}" for at, name in enumerate(names)]


def _decodes(file: Path, encoding: str) -> None:
    """Refuse a file with bytes that its encoding does not have, and say where."""
    try:
        if encoding == "utf-16":
            with file.open(encoding="utf-16") as handle:
                while handle.read(1 << 20):
                    pass
            return
        with file.open("rb") as raw:
            for line, text in enumerate(raw, 1):
                try:
                    text.decode(_ENCODINGS[encoding])
                except UnicodeError as error:
                    raise SourceFault(
                        f"{file.name} is not all {encoding}: line {line} holds bytes that {encoding} does not have",
                        "export it in one encoding, or name the right one under `csv: {encoding: ...}`",
                        "encoding",
                    ) from error
    except UnicodeError as error:
        raise SourceFault(
            f"{file.name} is not {encoding}", "name its encoding under `csv: {encoding: ...}`", "encoding"
        ) from error


def _recoded(file: Path, encoding: str, target: Path) -> Path:
    with file.open(encoding=encoding, newline="") as old, target.open("w", encoding="utf-8", newline="") as new:
        for block in iter(lambda: old.read(1 << 20), ""):
            new.write(block)
    return target


# --- SQLite ---------------------------------------------------------------------------------------


def _sqlite(backend: Any, source: Source, files: tuple[Path, ...]) -> str:
    """Copy a table of SQLite as texts: its columns hold any type, whatever they were declared as."""
    import sqlite3

    import pyarrow as pa

    names = [c.name for c in source.contract]
    schema = pa.schema([(name, pa.string()) for name in names])
    backend.raw_sql(f"CREATE TABLE qms_texts ({', '.join(f'{sql_name(n)} VARCHAR' for n in names)})")
    table = ".".join(sql_name(part) for part in source.table.split("."))
    for file in files:
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "replace")
            try:
                have = [row[1] for row in database.execute(f"PRAGMA table_info({sql_name(source.table)})")]
                missing = [name for name in names if name not in have]
                if have and missing:
                    raise SourceFault(
                        f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing in {file.name}",
                        f"there are {', '.join(have[:12])}; have the export mended, or change the contract",
                        "missing column",
                    )
                found = database.execute(f"SELECT {', '.join(map(sql_name, names))} FROM {table}")
                while rows := found.fetchmany(50_000):
                    columns = [[None if v is None else str(v) for v in column] for column in zip(*rows, strict=True)]
                    backend.con.register("qms_batch", pa.table(columns, schema=schema))
                    backend.raw_sql("INSERT INTO qms_texts SELECT * FROM qms_batch")
                    backend.con.unregister("qms_batch")
            except sqlite3.Error as error:
                raise SourceFault(f"{file.name} cannot be read: {error}", "see whether the file is whole") from error
    return "SELECT * FROM qms_texts"
