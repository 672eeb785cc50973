"""The rows of a data source as an Ibis table, on the engine that holds them.

Files and SQLite are read by embedded DuckDB; PostgreSQL, Spark, Trino and whatever else Ibis speaks are asked
where they are. Each source has a connection of its own, so that one that hangs holds up no other.
"""

from __future__ import annotations

import atexit
import contextlib
import datetime
import gc
import glob
import hashlib
import os
import re
import tempfile
import threading
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from qmsctl.measures import texts
from qmsctl.measures.sources import FILES, Column, Source, SourceFault
from qmsctl.measures.texts import BAD, sql_name, sql_text

__all__ = ["BAD", "Rows", "SourceFault", "ask", "between", "files_of", "fingerprint", "opened", "within"]

MEMORY = "QMSCTL_MEMORY"
MIDNIGHT = datetime.time.min


@dataclass(frozen=True, slots=True)
class Rows:
    """A source that answers. ``name`` is that of its table there, ``dialect`` that of its SQL."""

    source: Source
    backend: Any
    table: Any
    engine: str
    dialect: str
    zone: str
    files: tuple[Path, ...] = ()


def within(seconds: int, what: str, work: Callable[[], Any], stop: Callable[[], None] = lambda: None) -> Any:
    """Return what ``work`` returns, or raise SourceFault when it takes longer than so many seconds.

    The work is done in a thread that is left behind when it does not end: a file on a dead network drive cannot
    be interrupted by anything.
    """
    result: list[Any] = []
    trouble: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        with contextlib.suppress(Exception):
            stop()
        raise SourceFault(
            f"{what} gave no answer within {seconds} seconds",
            "see whether the system is reachable; `time_limit` of the data source sets the time",
            "no answer",
        )
    if trouble:
        raise trouble[0]
    return result[0]


@contextlib.contextmanager
def opened(source: Source, data: Path, zone: str) -> Iterator[Rows]:
    """Open a source: its files below the data folder, or its database. Raises SourceFault."""
    try:
        import ibis
    except ImportError as error:
        raise SourceFault(
            "computing needs DuckDB and Ibis, which are not installed",
            "pip install 'qmsctl[measures]'",
            "not installed",
        ) from error
    with contextlib.ExitStack() as stack:
        try:
            found = within(source.time_limit, _what(source), lambda: _open(ibis, source, data, zone, stack))
        except SourceFault:
            raise
        except Exception as error:
            raise SourceFault(_said(source, error), _advice(source)) from error
        yield found


def ask(rows: Rows, expression: Any) -> list[dict[str, Any]]:
    """Return the rows of an Ibis expression, within the time limit of the source. Raises SourceFault."""
    source = rows.source

    def work() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
        return found

    def stop() -> None:
        if rows.dialect == "duckdb":
            rows.backend.con.interrupt()

    try:
        return list(within(source.time_limit, _what(source), work, stop))
    except SourceFault:
        raise
    except Exception as error:
        raise SourceFault(_said(source, error), _advice(source)) from error


def between(rows: Rows, column: str, first: str, last: str) -> Any:
    """Return the condition that a day or moment lies between two days, both included, by the organisation's clock.

    DuckDB compares moments as they are stored, so that it need not work out the day of each and can pass over blocks.
    """
    import ibis

    value = rows.table[column]
    if rows.dialect == "duckdb" and value.type().is_timestamp() and value.type().timezone:
        place = zoneinfo.ZoneInfo(rows.zone)
        begin, end = (datetime.date.fromisoformat(d) for d in (first, last))
        low = datetime.datetime.combine(begin, MIDNIGHT, place).astimezone(datetime.UTC)
        high = datetime.datetime.combine(end + datetime.timedelta(days=1), MIDNIGHT, place).astimezone(datetime.UTC)
        return (value >= ibis.literal(low, "timestamp('UTC')")) & (value < ibis.literal(high, "timestamp('UTC')"))
    day = value.cast("date")
    return (day >= ibis.date(first)) & (day <= ibis.date(last))


def fingerprint(source: Source, data: Path, known: Mapping[str, list[Any]]) -> tuple[str, dict[str, list[Any]]]:
    """Return what tells whether the rows of a source changed, and the state of its files to keep; "" if nothing can.

    ``known`` is that state from the last run: a file of the same size and time is not read again.
    """
    if source.format not in (*FILES, "sqlite") or source.location.startswith("env:"):
        return "", {}
    state: dict[str, list[Any]] = {}
    files = files_of(source, data)
    journals = [j for f in files if source.format == "sqlite" and (j := f.with_name(f.name + "-wal")).is_file()]
    for file in (*files, *journals):
        stat = file.stat()
        name = file.relative_to(data.resolve()).as_posix()
        before = known.get(name)
        if before and before[:2] == [stat.st_size, stat.st_mtime_ns]:
            state[name] = before
            continue
        with file.open("rb") as handle:
            state[name] = [stat.st_size, stat.st_mtime_ns, hashlib.file_digest(handle, "sha256").hexdigest()]
    text = "\n".join(f"{name} {row[2]}" for name, row in sorted(state.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16], state


def files_of(source: Source, data: Path) -> list[Path]:
    """Return the files of a source, all of them plain and below the data folder. Raises SourceFault."""
    pattern = source.location
    if pattern.startswith(("/", "~")) or ".." in pattern.split("/") or ":" in pattern or "\\" in pattern:
        raise SourceFault(f"the location `{pattern}` does not lie below the data folder", "write a path inside it")
    root = data.resolve()
    if not root.is_dir():
        raise SourceFault(
            f"there is no data folder {data}", "set `data` in qms.yaml or the variable QMSCTL_DATA to where the data is"
        )
    found = []
    try:
        names = sorted(glob.glob(pattern, root_dir=root, recursive=True))
        places = [(name, (root / name).resolve()) for name in names]
    except (ValueError, RuntimeError, OSError) as error:
        raise SourceFault(f"the location {pattern!r} cannot be followed: {error}", "write a plain path") from error
    for name, file in places:
        if not file.is_relative_to(root):
            raise SourceFault(f"`{name}` is a link out of the data folder", "put the file itself there")
        if file.is_dir():
            continue
        if not file.is_file():
            raise SourceFault(f"`{name}` is no plain file", "put a file there")
        if re.search(r"[*?\[\]]", name):
            raise SourceFault(f"the file name `{name}` holds signs that stand for patterns", "rename the file")
        found.append(file)
    if not found:
        raise SourceFault(
            f"nothing was delivered: no file `{pattern}` in {data}", "see why the export did not run", "empty"
        )
    return found


# --- opening --------------------------------------------------------------------------------------


def _open(ibis: Any, source: Source, data: Path, zone: str, stack: contextlib.ExitStack) -> Rows:
    if source.location.startswith("env:"):
        return _database(ibis, source, zone, stack)
    files = tuple(files_of(source, data))
    backend = _duckdb(ibis, zone)
    stack.callback(_close, backend)
    if source.format == "parquet":
        listed = ", ".join(sql_text(str(file)) for file in files)
        origin = f"read_parquet([{listed}], union_by_name=true)"
        _same_columns(backend, source, files, listed)
        have = {r[0]: r[1] for r in backend.raw_sql(f"DESCRIBE SELECT * FROM {origin}").fetchall()}
        _compare(source, have)
        columns = ", ".join(_typed(source, column, have[column.name]) for column in source.contract)
        backend.raw_sql(f"CREATE VIEW {source_name(source)} AS SELECT {columns} FROM {origin}")
    else:
        texts.stage(backend, source, files, source_name(source), stack)
    table = backend.table(source_name(source))
    import duckdb

    return Rows(source, backend, table, f"DuckDB {duckdb.__version__}", "duckdb", zone, files)


@lru_cache(maxsize=1)
def _cleared_in_the_end() -> None:
    """DuckDB complains if it is not cleared away when a program ends, as what `shelf` passes over would not be."""
    atexit.register(gc.unfreeze)


def _duckdb(ibis: Any, zone: str) -> Any:
    _cleared_in_the_end()
    backend = ibis.duckdb.connect(temp_directory=tempfile.gettempdir())
    limit = os.environ.get(MEMORY, "")
    if limit:
        backend.raw_sql(f"SET memory_limit={sql_text(limit)}")
    # Nothing is fetched from anywhere, whatever a file name looks like.
    backend.raw_sql("SET autoinstall_known_extensions=false")
    backend.raw_sql("SET autoload_known_extensions=false")
    backend.raw_sql(f"SET TimeZone={sql_text(zone)}")
    return backend


def _close(backend: Any) -> None:
    with contextlib.suppress(Exception):
        backend.disconnect()


def _database(ibis: Any, source: Source, zone: str, stack: contextlib.ExitStack) -> Rows:
    name = source.location.removeprefix("env:")
    address = os.environ.get(name, "")
    if not address:
        raise SourceFault(f"the environment variable {name} is not set", "set it to the address of the database")
    if source.format == "postgres" and not address.startswith(("postgres://", "postgresql://")):
        raise SourceFault(f"{name} is no address of a PostgreSQL database", "postgres://user:password@host/database")
    try:
        urlsplit(address).port  # noqa: B018 - reading it is the test
    except ValueError as error:
        raise SourceFault(
            f"{name} is no address: what stands after the host is no port",
            "in a password write %2F for /, %3F for ?, %23 for #, %40 for @ and %25 for %",
        ) from error
    backend = ibis.connect(address)
    dialect = str(backend.name)
    if dialect != "pyspark":  # its session is shared: closing it would take it from under other sources
        stack.callback(_close, backend)
    if dialect == "postgres":
        backend.raw_sql(f"SET TIME ZONE {sql_text(zone)}").close()
        # Soon after nobody waits any longer, the server gives up as well.
        backend.raw_sql(f"SET statement_timeout = {source.time_limit * 1000 + 2000}").close()
    elif dialect == "pyspark":
        backend._session.conf.set("spark.sql.session.timeZone", zone)
    elif dialect == "duckdb":
        backend.raw_sql(f"SET TimeZone={sql_text(zone)}")
    schema, _, table = source.table.rpartition(".")
    found = backend.table(table, database=schema) if schema else backend.table(table)
    types = found.schema()
    _compare(source, {n: str(types[n]) for n in types.names})
    zoned = {n for n in types.names if types[n].is_timestamp() and types[n].timezone is not None}
    if dialect == "pyspark":  # Ibis does not tell Spark's two types apart
        zoned = {n for n, kind in backend._session.table(source.table).dtypes if kind == "timestamp"}
    chosen = {c.name: _cast(ibis, found[c.name], c, c.name in zoned, source, dialect, zone) for c in source.contract}
    return Rows(source, backend, found.select(**chosen), f"{dialect} {_version(backend)}".strip(), dialect, zone)


def _version(backend: Any) -> str:
    with contextlib.suppress(Exception):
        return str(backend.version).split(" ", maxsplit=1)[0]
    return ""


def source_name(source: Source) -> str:
    """Return the name a source has inside DuckDB: src_001."""
    return re.sub(r"[^a-z0-9]", "_", source.id.lower())


def _same_columns(backend: Any, source: Source, files: tuple[Path, ...], listed: str) -> None:
    """Refuse a file that lacks a column which others have: its rows would be taken for empty ones."""
    rows = backend.raw_sql(f"SELECT file_name, name FROM parquet_schema([{listed}])").fetchall()
    names: dict[str, set[str]] = {}
    for file, name in rows:
        names.setdefault(file, set()).add(name)
    for file in files:
        missing = [c.name for c in source.contract if c.name not in names.get(str(file), set())]
        if missing and len(files) > 1:
            raise SourceFault(
                f"{', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing in {file.name}",
                "have the file delivered again",
                "missing column",
            )


def _compare(source: Source, have: Mapping[str, str]) -> None:
    """Refuse a table that lacks columns or has others of another type than its contract says."""
    missing = [c.name for c in source.contract if c.name not in have]
    if missing:
        raise SourceFault(
            f"the column{'s' if len(missing) > 1 else ''} {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing",
            f"there are {', '.join(list(have)[:12])}; have the export mended, or change the contract",
            "missing column",
        )
    for column in source.contract:
        found = _kind(have[column.name])
        fits = found == column.kind or ({found, column.kind} <= {"integer", "number"} and column.kind == "number")
        if not fits and not (found == "timestamp" and column.kind == "date"):
            raise SourceFault(
                f"`{column.name}` was agreed as {column.kind} and arrives as {found}",
                "have the export mended, or change the contract with the KPIs that use it",
                "type drift",
            )


def _kind(type_: str) -> str:
    """Return the logical type of an engine's type."""
    plain = type_.lower().lstrip("!")
    for kind, words in {
        "timestamp": ("timestamp", "datetime"),
        "date": ("date",),
        "boolean": ("bool",),
        "number": ("decimal", "numeric", "double", "float", "real"),
        "integer": ("int", "bigint", "smallint", "tinyint", "hugeint", "uint"),
    }.items():
        if plain.startswith(words):
            return "integer" if plain.startswith("decimal") and plain.endswith(",0)") and kind == "number" else kind
    return "string"


def _typed(source: Source, column: Column, have: str) -> str:
    name = sql_name(column.name)
    if column.kind == "timestamp" and have.upper().startswith("TIMESTAMP"):
        if "ZONE" in have.upper() or "TZ" in have.upper():
            return f"CAST({name} AS TIMESTAMPTZ) AS {name}"  # nanoseconds are a type of their own
        # Written without a zone: it is the clock on the wall where the source stands.
        return f"timezone({sql_text(source.time_zone)}, CAST({name} AS TIMESTAMP)) AS {name}"
    return f"CAST({name} AS DATE) AS {name}" if column.kind == "date" else name


def _cast(ibis: Any, value: Any, column: Column, zoned: bool, source: Source, dialect: str, zone: str) -> Any:
    if column.kind == "date" and not value.type().is_timestamp():
        return value.cast("date")
    if column.kind not in ("date", "timestamp"):
        return value
    moment = _moment(ibis, value, column.name, zoned, source, dialect, zone)
    return moment.cast("date") if column.kind == "date" else moment


def _moment(ibis: Any, value: Any, name: str, zoned: bool, source: Source, dialect: str, zone: str) -> Any:
    """Return a moment whose day is that of the organisation, or refuse it by name where an engine has no such day."""

    def call(function: str, result: str, *given: Any) -> Any:
        # What Ibis has no word for, but the engine has.
        kinds = tuple("string" if isinstance(g, str) else g.type() for g in given)
        shape: Any = (lambda a, b: None) if len(given) == 2 else (lambda a, b, c: None)
        return ibis.udf.scalar.builtin(shape, name=function, signature=(kinds, result))(*given)

    if dialect in ("duckdb", "postgres"):  # a session has a time zone there, and it was set
        return value if zoned else call("timezone", "timestamp('UTC')", source.time_zone, value)
    if dialect == "pyspark":
        if zoned:
            return value
        utc = call("convert_timezone", "timestamp", source.time_zone, "UTC", value)
        return (utc.cast("string") + "Z").cast("timestamp('UTC')")
    if dialect == "trino":  # a moment brings its own zone along there, and its day is the day in that zone
        known = value if zoned else call("with_timezone", "timestamp('UTC')", value, source.time_zone)
        return call("at_timezone", "timestamp('UTC')", known, zone)
    if zoned or source.time_zone != zone:
        have = "moments with a time zone" if zoned else f"times of {source.time_zone}"
        raise SourceFault(
            f"`{name}` holds {have}, and {dialect} cannot be asked which day that is in {zone}",
            f"have a view that gives `{name}` as the time in {zone}, without a zone",
            "time zone",
        )
    return value


def _what(source: Source) -> str:
    return f"{source.id} ({source.system})"


def _advice(source: Source) -> str:
    return (
        "see whether the export is whole" if source.format in (*FILES, "sqlite") else "see whether the database answers"
    )


def _said(source: Source, error: Exception) -> str:
    """Return what an engine said, in one line and without the secrets of an address."""
    text = str(error)
    if source.location.startswith("env:"):
        for secret in _secrets(os.environ.get(source.location.removeprefix("env:"), "")):
            text = text.replace(secret, "***")
    line = re.search(r"CSV Error on Line: (\d+)", text)
    if line:
        # What follows is the row itself, which may hold what is nobody's business.
        why = re.search(r"Expected Number of Columns: \d+ Found: \d+|[Uu]nterminated quote|[Mm]aximum line size", text)
        return f"cannot be read: line {line[1]} is no row of it" + (f" ({why[0]})" if why else "")
    if len(source.shown) < len(source.contract):
        text = re.sub(r"'[^']*'|\"[^\"]*\"", "…", text)
    return f"cannot be read: {' '.join(text.split())[:400]}"


def _secrets(address: str) -> list[str]:
    """Return what of an address must not be told, longest first: as it is written, as it is meant, and its pieces."""
    rest = address.partition("://")[2]
    login = rest.rpartition("@")[0]
    password = login.partition(":")[2]
    query = address.partition("?")[2]
    hidden = [v for k, v in parse_qsl(query) if re.search("pass|pwd|token|secret|key|credential|auth", k, re.I)]
    whole = {address, login, query, password, *hidden}
    whole |= {decode(text) for text in whole for decode in (unquote, unquote_plus)}
    # A sign that should have been written as %2F cuts a password into pieces, and messages name the pieces.
    pieces = {piece for text in (password, *hidden) for piece in re.split(r"[/?#@:&=\[\]\s]", unquote(text))}
    shown = {repr(text)[1:-1] for text in whole | pieces}
    return sorted((s for s in whole | pieces | shown if len(s) > 2), key=len, reverse=True)
