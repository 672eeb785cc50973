"""One definition, every engine: what DuckDB computes, a real PostgreSQL server and a real Spark compute as well.

Equal means equal: whole numbers and decimals to the last digit, and values (which are floats made once from exact
parts) to the last bit. Only sums of floating-point columns may differ, in their last digits: see `test_floats`.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from qmsctl.measures import compute, definitions, engine, evidence, parts, periods, sources
from qmsctl.measures import contract as contract_module
from qmsctl.measures.contract import held
from qmsctl.measures.engine import SourceFault
from qmsctl.measures.model import Definition
from qmsctl.measures.sources import Source
from qmsctl.measures.store import Store
from qmsctl.model import Item
from tests.conftest import in_ci

ibis = pytest.importorskip("ibis")
duckdb = pytest.importorskip("duckdb")
pa = pytest.importorskip("pyarrow")

ZONE = "Europe/Berlin"
TODAY = "2026-11-16"
SECRET = "geheim/p@ß wort%7"
ENCODED = "geheim%2Fp%40%C3%9F%20wort%257"
UNLOCKED = "QMSCTL_TEST_DATABASE"
Row = dict[str, Any]

# --- the data -------------------------------------------------------------------------------------

COLUMNS: dict[str, tuple[str, str]] = {
    # name: (logical type, type in SQL)
    "delivery": ("string", "VARCHAR"),
    "plant": ("string", "VARCHAR"),
    "customer": ("string", "VARCHAR"),
    "promised": ("date", "DATE"),
    "shipped": ("date", "DATE"),
    "handed_over": ("timestamp", "TIMESTAMP WITH TIME ZONE"),
    "booked": ("timestamp", "TIMESTAMP"),
    "pieces": ("integer", "BIGINT"),
    "scrap": ("integer", "INTEGER"),
    "amount": ("number", "DECIMAL(14,2)"),
    "cost": ("number", "DECIMAL(14,4)"),
    "hours": ("number", "DOUBLE PRECISION"),
    "express": ("boolean", "BOOLEAN"),
    "reason": ("string", "VARCHAR"),
}
CUSTOMERS = ("Müller & Söhne", 'O\'Neil "Tools"', "Café; Noir, SA", "50 € Shop", "müller & söhne", "NULL", None)
REASONS = ("material", "machine", "Prüfung", "-", None, None)
CHANGES = (
    # summer time begins and ends, midnights in winter and in summer, the turn of the year
    *(f"2026-03-29T0{h}:{m}:00+00:00" for h in (0, 1, 2) for m in ("00", "30", "59")),
    *(f"2026-10-25T0{h}:{m}:00+00:00" for h in (0, 1, 2) for m in ("00", "30", "59")),
    *("2026-03-28T22:59:59+00:00", "2026-03-28T23:00:00+00:00", "2026-03-29T21:59:59+00:00"),
    *("2026-03-29T22:00:00+00:00", "2026-10-24T21:59:59+00:00", "2026-10-24T22:00:00+00:00"),
    *("2026-10-25T22:59:59+00:00", "2026-10-25T23:00:00+00:00", "2025-12-31T22:59:59+00:00"),
    *("2025-12-31T23:00:00+00:00", "2026-01-31T23:00:00+00:00", "2026-06-30T22:00:00+00:00"),
)


def made(count: int = 3000) -> list[Row]:
    """Return the rows all engines are given."""
    rnd = random.Random(2026)
    begin = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    rows = []
    for n in range(count):
        moment = begin + datetime.timedelta(seconds=rnd.randrange(682 * 86_400))
        if n < len(CHANGES) * 3:
            moment = datetime.datetime.fromisoformat(CHANGES[n % len(CHANGES)])
        day = moment.astimezone(ZoneInfo(ZONE)).date()
        pieces = rnd.choice((None, 0, 1, 7, rnd.randrange(5_000), 2**40 + rnd.randrange(99)))
        # No clock was put forward or back at noon: `booked` is a wall clock's time, which is not always one moment.
        wall = datetime.datetime.combine(day, datetime.time(12)) + datetime.timedelta(hours=rnd.choice((-11, 0, 11)))
        rows.append(
            {
                "delivery": f"D-{n:05}",
                "plant": rnd.choice(("aldern", "westry", "brandt")),
                "customer": rnd.choice(CUSTOMERS),
                "promised": rnd.choice((None, day + datetime.timedelta(days=rnd.randrange(-9, 9)))),
                "shipped": day,
                "handed_over": moment,
                "booked": wall + datetime.timedelta(minutes=rnd.randrange(59)),
                "pieces": pieces,
                "scrap": rnd.choice((None, 0, 0, 3, rnd.randrange(400))),
                "amount": rnd.choice((None, Decimal(rnd.randrange(-(10**7), 10**11)) / 100)),
                "cost": rnd.choice((Decimal("50000.1"), Decimal(rnd.randrange(10**9)) / 10_000)),
                "hours": rnd.choice((None, rnd.randrange(-400, 4_000) / 8)),
                "express": rnd.choice((True, False, None)),
                "reason": rnd.choice(REASONS),
            }
        )
    return rows


# --- the definitions ------------------------------------------------------------------------------

COUNT = {"count": "rows"}
KPIS: dict[str, dict[str, Any]] = {
    "count by month": {"type": "simple", "parts": [{"name": "n", **COUNT}]},
    "count by day": {"frequency": "daily", "type": "simple", "parts": [{"name": "n", **COUNT}]},
    "sum by week": {"frequency": "weekly", "type": "simple", "parts": [{"name": "n", "sum": "amount"}]},
    "sum by quarter": {"frequency": "quarterly", "type": "simple", "parts": [{"name": "n", "sum": "cost"}]},
    "sum by year": {
        "frequency": "yearly",
        "type": "simple",
        "dimensions": ["promised", "scrap"],
        "parts": [{"name": "n", "sum": "pieces"}],
    },
    "average of whole numbers": {"type": "simple", "parts": [{"name": "n", "average": "scrap"}]},
    "average of decimals": {"frequency": "weekly", "type": "simple", "parts": [{"name": "n", "average": "cost"}]},
    "average of floats": {"type": "simple", "parts": [{"name": "n", "average": "hours"}]},
    "smallest and greatest": {
        "type": "derived",
        "expression": "high - low + most - least",
        "parts": [
            {"name": "low", "min": "amount"},
            {"name": "high", "max": "amount"},
            {"name": "least", "min": "pieces"},
            {"name": "most", "max": "hours"},
        ],
    },
    "different values": {
        "frequency": "quarterly",
        "type": "derived",
        "expression": "customers * 1000000 + pieces * 10000 + days + amounts / 8",
        "parts": [
            {"name": "customers", "count_distinct": "customer"},
            {"name": "pieces", "count_distinct": "pieces"},
            {"name": "days", "count_distinct": "promised"},
            {"name": "amounts", "count_distinct": "amount"},
        ],
    },
    "by the day promised": {"time": "promised", "type": "simple", "parts": [{"name": "n", "sum": "amount"}]},
    "by the day booked": {"frequency": "daily", "time": "booked", "type": "simple", "parts": [{"name": "n", **COUNT}]},
    "share": {
        "frequency": "quarterly",
        "type": "ratio",
        "times": 100,
        "dimensions": ["customer", "express"],
        "pareto": "reason",
        "parts": [
            {
                "name": "numerator",
                **COUNT,
                "where": [
                    {"column": "promised", "empty": False},
                    {"column": "shipped", "at_most": {"column": "promised"}},
                ],
            },
            {"name": "denominator", **COUNT, "where": [{"column": "promised", "empty": False}]},
        ],
    },
    "parts per million": {
        "frequency": "quarterly",
        "type": "derived",
        "expression": "(scrap + 1) / pieces * 1000000 - 0.5 * hours",
        "parts": [
            {"name": "scrap", "sum": "scrap", "where": [{"column": "scrap", "below": {"column": "pieces"}}]},
            {"name": "pieces", "sum": "pieces"},
            {"name": "hours", "sum": "hours"},
        ],
    },
    "year to date": {
        "type": "cumulative",
        "over": "year",
        "parts": [{"name": "numerator", "sum": "amount"}, {"name": "denominator", "average": "cost"}],
    },
    "twelve months": {"type": "cumulative", "over": "12 months", "parts": [{"name": "n", "max": "amount"}]},
}
CONDITIONS: dict[str, list[dict[str, Any]]] = {
    "is text": [{"column": "customer", "is": "Müller & Söhne"}],
    "is text with signs": [{"column": "customer", "is": 'O\'Neil "Tools"'}],
    "is the word NULL": [{"column": "customer", "is": "NULL"}],
    "is number": [{"column": "pieces", "is": 7}],
    "is decimal": [{"column": "hours", "is": 12.5}],
    "is true": [{"column": "express", "is": True}],
    "is date": [{"column": "promised", "is": "2026-03-29"}],
    "is day of a moment": [{"column": "handed_over", "is": "2026-10-25"}],
    "is not text": [{"column": "customer", "is_not": "50 € Shop"}],
    "is not number": [{"column": "pieces", "is_not": 0}],
    "is not true": [{"column": "express", "is_not": True}],
    "is not day": [{"column": "handed_over", "is_not": "2026-10-25"}],
    "in texts": [{"column": "reason", "in": ["Prüfung", "-"]}],
    "in numbers": [{"column": "scrap", "in": [0, 3]}],
    "above": [{"column": "amount", "above": 1000.25}],
    "above by 0.1": [{"column": "cost", "above": 50000.1}],
    "at least": [{"column": "pieces", "at_least": 7}],
    "below": [{"column": "hours", "below": 0}],
    "at most": [{"column": "scrap", "at_most": 3}],
    "date above": [{"column": "promised", "above": "2026-03-28"}],
    "date at most": [{"column": "promised", "at_most": "2026-03-29"}],
    "moment at least": [{"column": "handed_over", "at_least": "2026-03-29"}],
    "moment at most": [{"column": "handed_over", "at_most": "2026-10-25"}],
    "wall clock below": [{"column": "booked", "below": "2026-03-29"}],
    "empty": [{"column": "reason", "empty": True}],
    "not empty": [{"column": "promised", "empty": False}],
    "column above column": [{"column": "amount", "above": {"column": "cost"}}],
    "whole number below float": [{"column": "scrap", "below": {"column": "hours"}}],
    "date is date": [{"column": "shipped", "is": {"column": "promised"}}],
    "text is not text": [{"column": "customer", "is_not": {"column": "reason"}}],
    "moment above moment": [{"column": "handed_over", "above": {"column": "booked"}}],
    "all at once": [
        {"column": "plant", "in": ["aldern", "westry"]},
        {"column": "pieces", "above": 0, "at_most": 5000},
        {"column": "express", "is_not": False},
    ],
}
KPIS |= {
    f"where {name}": {
        "frequency": "quarterly",
        "type": "simple",
        "parts": [{"name": "n", "sum": "amount", "where": where}, {"name": "rows_left", **COUNT, "where": where}],
    }
    for name, where in CONDITIONS.items()
}
REFERENCE: dict[str, Item] = {
    f"KPI-{n:03}": Item(
        f"KPI-{n:03}",
        "kpi",
        f"kpis/{n}.yaml",
        {
            "title": name,
            "kind": "outcome",
            "unit": "1",
            "direction": "higher",
            "frequency": row.get("frequency", "monthly"),
            "compute": {"source": "SRC-001", **{k: v for k, v in row.items() if k != "frequency"}},
        },
    )
    for n, (name, row) in enumerate(KPIS.items(), 1)
}
DEFINITIONS = [definitions.definition(item) for item in REFERENCE.values()]


def described(form: str, location: str, **more: Any) -> Source:
    """Return the data source all definitions speak of, kept in one way or another."""
    options: dict[str, dict[str, Any]] = {"delivery": {"primaryKey": True, "required": True}}
    columns = [
        {
            "name": name,
            "logicalType": kind,
            **({"physicalType": sql} if kind == "number" else {}),
            **options.get(name, {}),
        }
        for name, (kind, sql) in COLUMNS.items()
    ]
    fields = {
        "title": "Deliveries",
        "system": "ERP",
        "format": form,
        "location": location,
        "time_column": "handed_over",
        "time_zone": "Europe/Lisbon",
        "location_column": "plant",
        "contract": {"properties": columns},
        "time_limit": 300,
    }
    return sources.source(Item("SRC-001", "data-source", "data-sources/1.yaml", fields | more), ZONE)


# --- where the data lies --------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """One way to keep rows: ``put`` writes them and returns the source, and the address it is asked at."""

    name: str
    put: Callable[[Path, list[Row], str], tuple[Source, str]]


def arrow(rows: list[Row]) -> Any:
    types = {
        "string": pa.string(),
        "date": pa.date32(),
        "boolean": pa.bool_(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "DOUBLE PRECISION": pa.float64(),
        "DECIMAL(14,2)": pa.decimal128(14, 2),
        "DECIMAL(14,4)": pa.decimal128(14, 4),
        "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
        "TIMESTAMP": pa.timestamp("us"),
    }
    fields = [(name, types.get(kind) or types[sql]) for name, (kind, sql) in COLUMNS.items()]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def in_parquet(folder: Path, rows: list[Row], name: str) -> tuple[Source, str]:
    import pyarrow.parquet as pq

    (folder / name).mkdir()
    table, half = arrow(rows), len(rows) // 2
    pq.write_table(table.slice(0, half), folder / name / "1.parquet")
    pq.write_table(table.slice(half), folder / name / "2.parquet")
    return described("parquet", f"{name}/*.parquet"), ""


def in_csv(folder: Path, rows: list[Row], name: str) -> tuple[Source, str]:
    """As a German spreadsheet writes it."""

    def cell(value: Any) -> str:
        if isinstance(value, (Decimal, float)):
            return (f"{value:f}" if isinstance(value, Decimal) else repr(value)).replace(".", ",")
        if isinstance(value, datetime.datetime):
            return value.astimezone(ZoneInfo(ZONE)).isoformat() if value.tzinfo else value.isoformat(" ")
        return "" if value is None else str(value)

    with (folder / f"{name}.csv").open("w", encoding="windows-1252", newline="") as handle:
        writer = csv.writer(handle, delimiter=";", lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows([cell(row[column]) for column in COLUMNS] for row in rows)
    return described("csv", f"{name}.csv", csv={"delimiter": ";", "decimal": ",", "encoding": "windows-1252"}), ""


def in_sqlite(folder: Path, rows: list[Row], name: str) -> tuple[Source, str]:
    def cell(value: Any) -> Any:
        if isinstance(value, Decimal):
            return str(value)
        return value.isoformat() if isinstance(value, datetime.date) else value

    with contextlib.closing(sqlite3.connect(folder / f"{name}.sqlite")) as database, database:
        # Decimals are kept as text: SQLite's own numbers are floating-point.
        kinds = {"number": "TEXT", "date": "TEXT", "timestamp": "TEXT"}
        columns = ", ".join(f"{c} {kinds.get(kind, sql)}" for c, (kind, sql) in COLUMNS.items())
        database.execute(f"CREATE TABLE deliveries ({columns})")
        marks = ", ".join("?" * len(COLUMNS))
        database.executemany(f"INSERT INTO deliveries VALUES ({marks})", [[cell(r[c]) for c in COLUMNS] for r in rows])
    return described("sqlite", f"{name}.sqlite", table="deliveries"), ""


def in_duckdb(folder: Path, rows: list[Row], name: str) -> tuple[Source, str]:
    with duckdb.connect(str(folder / f"{name}.duckdb")) as database:
        database.execute("CREATE SCHEMA erp")
        database.register("given", arrow(rows))
        database.execute("CREATE TABLE erp.deliveries AS SELECT * FROM given")
    return described("ibis", f"env:{UNLOCKED}", table="erp.deliveries"), f"duckdb://{folder / name}.duckdb"


FILES = [
    Place("parquet", in_parquet),
    Place("csv", in_csv),
    Place("sqlite", in_sqlite),
    Place("duckdb through ibis", in_duckdb),
]


def lacking(what: str) -> None:
    """Skip for want of a system package; on the machines of CI that install them nothing is skipped."""
    if in_ci() and sys.platform == "linux":
        pytest.fail(f"{what} is missing, and in CI nothing is skipped; run scripts/system-packages.sh")
    pytest.skip(f"{what} is not installed")


class Postgres:
    """A PostgreSQL server of our own, in a temporary folder, that only answers to a password."""

    def __init__(self, folder: Path) -> None:
        found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name)), *_on_path()]
        if not found:
            lacking("PostgreSQL")
        self.bin = found[-1]
        self.folder = folder
        self.port = free_port()
        self.prefix: list[str] = []
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # the server refuses to run as root
            self.prefix = ["runuser", "-u", "postgres", "--"]
            shutil.chown(folder, "postgres")
        secret = folder / "secret"
        secret.write_text(SECRET, encoding="utf-8")
        if self.prefix:
            shutil.chown(secret, "postgres")
        self.call(
            *("initdb", "-D", str(folder / "data"), "-U", "owner", "-A", "scram-sha-256", f"--pwfile={secret}"),
            *("-E", "UTF8", "--locale=C", "--no-sync"),
        )
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{folder}' -c fsync=off"
        # The server's own zone is another one, as it is in most data centres.
        options += " -c timezone=America/New_York"
        self.call("pg_ctl", "-D", str(folder / "data"), "-o", options, "-l", str(folder / "log"), "-w", "start")
        self.address = f"postgres://owner:{ENCODED}@127.0.0.1:{self.port}/postgres"

    def call(self, name: str, *arguments: str) -> None:
        command = [*self.prefix, str(self.bin / name), *arguments]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.folder, check=False, timeout=120, close_fds=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stdout}"

    def run(self, *statements: str) -> None:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="owner", password=SECRET, dbname="postgres", autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[call-overload]

    def put(self, folder: Path, rows: list[Row], name: str) -> tuple[Source, str]:
        import psycopg

        columns = ", ".join(f"{column} {sql}" for column, (_, sql) in COLUMNS.items())
        self.run("CREATE SCHEMA IF NOT EXISTS erp", f"CREATE TABLE erp.{name} ({columns})")
        with (
            psycopg.connect(
                host="127.0.0.1", port=self.port, user="owner", password=SECRET, dbname="postgres"
            ) as connection,
            connection.cursor() as cursor,
            cursor.copy(f"COPY erp.{name} FROM STDIN") as copy,  # type: ignore[arg-type]
        ):
            for row in rows:
                copy.write_row([row[column] for column in COLUMNS])
        return described("postgres", f"env:{UNLOCKED}", table=f"erp.{name}"), self.address

    def stop(self) -> None:
        self.call("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


def _on_path() -> list[Path]:
    found = shutil.which("initdb")
    return [Path(found).resolve().parent] if found else []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not below pytest's own folder, which nobody but its owner may enter: the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="qmsctl-postgres-") as folder:
        server = Postgres(Path(folder))
        try:
            yield server
        finally:
            server.stop()


class Spark:
    """A Spark session on two cores of this machine; the address `pyspark://` means the session that runs."""

    def __init__(self, folder: Path) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError:
            lacking("PySpark")
        if shutil.which("java") is None:
            lacking("Java")
        settings = {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder} -Duser.timezone=America/New_York",
        }
        builder = SparkSession.builder.master("local[2]").appName("qmsctl")
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()

    def put(self, folder: Path, rows: list[Row], name: str) -> tuple[Source, str]:
        import pyarrow.parquet as pq

        pq.write_table(arrow(rows), folder / f"{name}.parquet")
        self.session.read.parquet(str(folder / f"{name}.parquet")).createOrReplaceTempView(name)
        return described("ibis", f"env:{UNLOCKED}", table=name), "pyspark://"

    def stop(self) -> None:
        self.session.stop()


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    engine_there = Spark(tmp_path_factory.mktemp("spark"))
    try:
        yield engine_there
    finally:
        engine_there.stop()


# --- computing ------------------------------------------------------------------------------------

Answer = dict[str, Any]


def job(source: Source, data: Path, found: list[Definition] | None = None) -> compute.Job:
    return compute.Job(
        DEFINITIONS if found is None else found, {"SRC-001": source}, data, ZONE, TODAY, f"{TODAY}T06:00:00", again=True
    )


def computed(source: Source, data: Path, store: Store, found: list[Definition] | None = None) -> Answer:
    """Return every point of every series, and what the contract said."""
    outcome = compute.compute(job(source, data, found), store)
    assert not outcome.failed, outcome.failed
    answer: Answer = {}
    for definition in DEFINITIONS if found is None else found:
        run = store.run(definition.kpi)
        assert run is not None
        for place in ("", *run.locations):
            series = store.series(definition.kpi, place)
            assert series is not None
            for one in (series, *store.members(definition.kpi, place)):
                where = (definition.title, place, one.dimension, one.member)
                for p in one.points:
                    answer[(*where, p.period)] = (p.value, exact(p.parts), p.rows, p.doubt)
    state = store.source("SRC-001")
    assert state is not None
    answer["health"] = state.health
    return answer


def exact(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return parts as fractions: 1.5 and 1.50 are the same number, 1.5 and 1.5000000001 are not."""
    return {k: None if v is None else (type(v) is float, Fraction(v)) for k, v in values.items()}


def differences(one: Answer, other: Answer) -> list[str]:
    keys = sorted({*one, *other}, key=str)
    return [f"{k}: {one.get(k)} / {other.get(k)}" for k in keys if one.get(k) != other.get(k)]


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return made()


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> Answer:
    """What DuckDB computes from Parquet."""
    folder = tmp_path_factory.mktemp("truth")
    source, _ = in_parquet(folder, rows, "deliveries")
    return computed(source, folder, Store(folder / "store"))


def test_every_definition_is_within_the_vocabulary() -> None:
    source = described("parquet", "x.parquet")
    for item in REFERENCE.values():
        assert list(definitions.faults(item, {"SRC-001": source})) == [], item.title
    said = {a.agg for d in DEFINITIONS for a in d.aggregates.values()}
    ops = {c.op for d in DEFINITIONS for a in d.aggregates.values() for c in a.where}
    assert said == set(definitions.AGGREGATES)
    assert ops == set(definitions.OPS)
    assert {d.grain for d in DEFINITIONS} == set(periods.GRAINS)
    assert {d.kind for d in DEFINITIONS} == {"simple", "ratio", "derived", "cumulative"}


# --- against plain Python -------------------------------------------------------------------------


def holds(row: Row, where: dict[str, Any]) -> bool:
    """Say whether a row meets one condition, as the vocabulary means it."""
    left = row[where["column"]]
    for op, given in where.items():
        if op == "column":
            continue
        right = row[given["column"]] if isinstance(given, Mapping) else given
        if op == "empty":
            if (left is None) != right:
                return False
            continue
        if op == "is_not" and left is None:
            continue
        if left is None or right is None:
            return False
        a, b = left, right
        if isinstance(given, Mapping):
            a, b = (moment(v) for v in (a, b))
        elif isinstance(left, datetime.date):
            a, b = local_day(left), datetime.date.fromisoformat(right)
        elif isinstance(left, (Decimal, float)):
            a, b = Fraction(left), Fraction(str(right))
        tests: dict[str, Callable[[], bool]] = {
            "is": lambda a=a, b=b: a == b,
            "is_not": lambda a=a, b=b: a != b,
            "in": lambda a=a, b=b: a in b,
            "above": lambda a=a, b=b: a > b,
            "at_least": lambda a=a, b=b: a >= b,
            "below": lambda a=a, b=b: a < b,
            "at_most": lambda a=a, b=b: a <= b,
        }
        if not tests[op]():
            return False
    return True


def moment(value: Any) -> Any:
    if isinstance(value, datetime.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=ZoneInfo("Europe/Lisbon"))
    return value


def local_day(value: datetime.date) -> datetime.date:
    return moment(value).astimezone(ZoneInfo(ZONE)).date() if isinstance(value, datetime.datetime) else value


def oracle(rows: list[Row], item: Item, place: str, period: periods.Period) -> dict[str, Any]:
    """Return the parts of one period, counted row by row."""
    said, found = item.fields["compute"], {}
    for part in said["parts"]:
        agg = next(a for a in definitions.AGGREGATES if a in part)
        column = said.get("time") or "handed_over"
        mine = [
            row
            for row in rows
            if (not place or row["plant"] == place)
            and row[column] is not None
            and period.first <= local_day(row[column]).isoformat() <= period.last
            and all(holds(row, where) for where in part.get("where", ()))
        ]
        values = [row[part[agg]] for row in mine if row[part[agg]] is not None] if agg != "count" else []
        total = sum((Fraction(v) for v in values), Fraction(0)) if agg in ("sum", "average") else 0
        known = {
            "count": {"": len(mine)},
            "count_distinct": {"": len(set(values))},
            "sum": {"": total},
            "average": {parts.SUM: total, parts.COUNT: len(values)},
            "min": {"": min(values, default=None)},
            "max": {"": max(values, default=None)},
        }[agg]
        found.update({part["name"] + ending: value for ending, value in known.items()})
    return {k: None if v is None else Fraction(v) for k, v in found.items()}


@pytest.mark.parametrize("item", REFERENCE.values(), ids=lambda item: item.title)
def test_duckdb_computes_what_counting_by_hand_gives(truth: Answer, rows: list[Row], item: Item) -> None:
    grain = periods.BY_FREQUENCY[item.fields["frequency"]]
    points = {k: v for k, v in truth.items() if k[0] == item.title and k[2] == ""}
    # Days are many; those on which clocks are changed are among the chosen.
    days = {"2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26", "2026-01-01"}
    assert points
    for (_, place, _, _, key), (_, parts_there, _, _) in points.items():
        if grain == "day" and key not in days:
            continue
        by_hand = oracle(rows, item, place, periods.parse(key))
        assert {k: None if v is None else v[1] for k, v in parts_there.items()} == by_hand, (place, key)


# --- engine against engine ------------------------------------------------------------------------

ENGINES = [
    *(pytest.param(place, id=place.name) for place in FILES),
    pytest.param("postgres", id="postgres"),
    pytest.param("spark", id="spark", marks=pytest.mark.heavy),
]
Put = Callable[[list[Row], str], Source]


@pytest.fixture(params=ENGINES)
def put(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Return what puts rows where one engine holds them."""
    where = request.param if isinstance(request.param, Place) else request.getfixturevalue(request.param)

    def work(rows: list[Row], name: str) -> Source:
        source, address = where.put(tmp_path, rows, name)
        monkeypatch.setenv(UNLOCKED, address)
        return source

    return work


def test_all_engines_give_equal_points(put: Put, truth: Answer, rows: list[Row], tmp_path: Path) -> None:
    source = put(rows, "deliveries")
    assert differences(truth, computed(source, tmp_path, Store(tmp_path / "store"))) == []


def broken() -> list[Row]:
    """Return rows that break every rule of the strict contract, with a gap and repeated deliveries."""
    rows = [{**row, "customer": row["customer"] or "?"} for row in made(600)]
    for n, row in enumerate(rows):
        noon = datetime.datetime(2026, 7, 1, 10, tzinfo=datetime.UTC) + datetime.timedelta(days=n // 6)
        row.update(plant=("aldern", "westry")[n % 2], handed_over=noon, reason=None, pieces=5, scrap=0)
    rows[10].update(pieces=-1)
    rows[20].update(pieces=10**6)
    rows[30].update(amount=None, hours=None)
    rows[31].update(amount=None)
    rows[40].update(plant="nowhere")
    rows[50].update(reason="x" * 40)
    rows[51].update(reason="y")
    rows[60].update(customer=None)
    rows[61].update(customer="   ")
    rows[70].update(promised=None)
    # A gap of two working days at one plant, and of four at both.
    gone = {"2026-07-20", "2026-07-21", "2026-07-22", "2026-07-23"}
    rows = [
        row
        for row in rows
        if str(row["handed_over"])[:10] not in gone
        and not (row["plant"] == "westry" and str(row["handed_over"])[:10] in {"2026-08-12", "2026-08-13"})
    ]
    again, other = rows[100:140], [{**row, "scrap": 9} for row in rows[200:203]]
    return rows + [dict(row) for row in again] + other


def strict(source: Source) -> Source:
    """Return the source with rules of every sort."""
    rules: dict[str, dict[str, Any]] = {
        "customer": {"required": True},
        "pieces": {"options": {"minimum": 0, "maximum": 5000}},
        "reason": {"options": {"minLength": 2, "maxLength": 20}},
        "plant": {"quality": ({"metric": "invalidValues", "arguments": {"validValues": ["aldern", "westry"]}},)},
        "amount": {"quality": ({"metric": "nullValues", "mustBeLessThan": 2, "severity": "warning"},)},
        "hours": {"quality": ({"metric": "nullValues", "mustBeLessOrEqualTo": 0.01, "unit": "percent"},)},
        "scrap": {"quality": ({"metric": "missingValues", "arguments": {"missingValues": [9, None]}},)},
    }
    columns = tuple(replace(column, **rules.get(column.name, {})) for column in source.contract)
    table = ({"metric": "rowCount", "mustBeGreaterThan": 5000, "severity": "warning"},)
    return replace(
        source, contract=columns, quality=table, late_after="4 days", rows_every="working day", digest="strict"
    )


@pytest.fixture(scope="session")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    folder = tmp_path_factory.mktemp("complaints")
    source, _ = in_parquet(folder, broken(), "broken")
    return computed(strict(source), folder, Store(folder / "store"), DEFINITIONS[:3])


def test_a_broken_contract_is_told_with_figures(complaints: Answer) -> None:
    health = complaints["health"]
    told = {(b.rule, b.level, b.bad, b.location) for b in health.breaches}
    assert {t[0] for t in told} == {
        *("out of range", "invalid value", "empty value", "missing value"),
        *("duplicate key", "row count", "stale", "gap"),
    }
    assert health.duplicates == 40
    assert ("duplicate key", "error", 3, "") in told
    assert sum(bad for rule, _, bad, place in told if (rule, place) == ("gap", "westry")) == 6
    assert ("gap", "error", 4, "aldern") in told
    assert ("row count", "warning", 0, "") in told


def test_all_engines_find_the_same_breaches(put: Put, complaints: Answer, tmp_path: Path) -> None:
    source = strict(put(broken(), "broken"))
    found = computed(source, tmp_path, Store(tmp_path / "store"), DEFINITIONS[:3])
    mine, theirs = complaints.pop("health"), found.pop("health")
    complaints["health"] = mine
    for one, other in zip(mine.breaches, theirs.breaches, strict=True):
        assert one == other
    assert mine == theirs
    assert differences({k: v for k, v in complaints.items() if k != "health"}, found) == []


def test_floats(put: Put, tmp_path: Path) -> None:
    """Sums of floating-point columns depend on the order of adding; fifteen digits are the same everywhere."""
    rows = made(2000)
    rnd = random.Random(1)
    for row in rows:
        row["hours"] = rnd.uniform(-1000, 1000) / 7
    source = put(rows, "floats")
    chosen = [d for d in DEFINITIONS if d.title == "average of floats"]
    store = Store(tmp_path / "store")
    computed(source, tmp_path, store, chosen)
    series = store.series(chosen[0].kpi)
    assert series is not None
    for point in series.points:
        by_hand = oracle(rows, REFERENCE[chosen[0].kpi], "", periods.parse(point.period))
        assert point.value == pytest.approx(float(by_hand["n.sum"] / by_hand["n.n"]), rel=1e-9)
        assert point.parts["n.n"] == by_hand["n.n"]


def test_the_rows_behind_a_value_are_the_same(put: Put, rows: list[Row], tmp_path: Path) -> None:
    share = next(d for d in DEFINITIONS if d.title == "share")
    with engine.opened(put(rows, "behind"), tmp_path, ZONE) as opened:
        single, _ = held(opened, TODAY)
        found = evidence.behind(share, single, "2026-Q1", "aldern", 5000)
    item = REFERENCE[share.kpi]
    by_hand = oracle(rows, item, "aldern", periods.parse("2026-Q1"))
    assert found.total == by_hand["denominator"] - by_hand["numerator"]
    mine = {
        row["delivery"]
        for row in rows
        if row["plant"] == "aldern"
        and "2026-01-01" <= local_day(row["handed_over"]).isoformat() <= "2026-03-31"
        and row["promised"]
        and row["shipped"] > row["promised"]
    }
    assert {row["delivery"] for row in found.rows} == mine


def test_a_column_of_another_type_is_refused_by_name(put: Put, tmp_path: Path) -> None:
    source = put(made(20), "drift")
    columns = tuple(replace(c, kind="integer") if c.name == "customer" else c for c in source.contract)
    lost = (*source.contract, replace(source.contract[0], name="lost", key=False))
    for contract, words in ((columns, "customer"), (lost, "lost")):
        given = replace(source, contract=contract, digest=words)
        with contextlib.ExitStack() as stack:
            if not (source.format in ("csv", "sqlite") and words == "customer"):
                stack.enter_context(pytest.raises(SourceFault, match=words))
            with engine.opened(given, tmp_path, ZONE) as opened:
                # Files without types tell it of every row that does not fit.
                said = [b.message for b in held(opened, TODAY)[1].breaches]
                assert any("hold something in `customer` that is no whole number" in one for one in said)


# --- databases that do not answer, and addresses that must not be told ---------------------------------


def told(folder: Path, *more: str) -> str:
    """Return everything a run wrote and said."""
    return "\n".join([*more, *(f.read_text(encoding="utf-8") for f in folder.rglob("*") if f.is_file())])


def both(source: Source, folder: Path) -> tuple[compute.Outcome, Store]:
    """Compute one KPI from the source, and one from a healthy file."""
    healthy, _ = in_parquet(folder, made(50), "healthy")
    one, other = DEFINITIONS[0], replace(DEFINITIONS[0], kpi="KPI-900", digest="other")
    other = replace(other, aggregates={n: replace(a, source="SRC-002") for n, a in other.aggregates.items()})
    both_of = {"SRC-001": source, "SRC-002": replace(healthy, id="SRC-002")}
    store = Store(folder / "store")
    given = compute.Job([one, other], both_of, folder, ZONE, TODAY, f"{TODAY}T06:00:00", again=True)
    return compute.compute(given, store), store


HOSTILE = {
    "wrong password": "postgres://owner:Sup3r%2Fgeheim@127.0.0.1:{port}/postgres",
    "unknown user": "postgres://nobody:Sup3r%2Fgeheim@127.0.0.1:{port}/postgres",
    "unknown host": "postgres://owner:Sup3r%2Fgeheim@host.invalid:{port}/postgres",
    "refused": "postgres://owner:Sup3r%2Fgeheim@127.0.0.1:{free}/postgres",
    "unknown database": "postgres://owner:{right}@127.0.0.1:{port}/nothing",
    "slash in the password": "postgres://owner:Sup3r/geheim@127.0.0.1:{port}/postgres",
    "question mark in the password": "postgres://owner:Sup3r?geheim@127.0.0.1:{port}/postgres",
    "number sign in the password": "postgres://owner:Sup3r#geheim@127.0.0.1:{port}/postgres",
    "at sign in the password": "postgres://owner:Sup3r@geheim@127.0.0.1:{port}/postgres",
    "bracket in the password": "postgres://owner:Sup3r[geheim@127.0.0.1:{port}/postgres",
    "password as an option": "postgres://owner@127.0.0.1:{port}/postgres?password=Sup3rgeheim&sslmode=disable",
    "unknown option": "postgres://owner:Sup3r%2Fgeheim@127.0.0.1:{port}/postgres?passwort=Sup3rgeheim",
    "another scheme": "Sup3r/geheim",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_password_is_told(
    name: str, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    address = HOSTILE[name].format(port=postgres.port, free=free_port(), right=ENCODED)
    monkeypatch.setenv(UNLOCKED, address)
    source = described("postgres", f"env:{UNLOCKED}", table="erp.deliveries", time_limit=20)
    outcome, store = both(source, tmp_path)
    assert outcome.computed == ("KPI-900",)
    (kpi, why) = outcome.failed[0]
    assert kpi == DEFINITIONS[0].kpi
    out, err = capfd.readouterr()
    everything = told(store.folder, why, str(outcome), out, err)
    for secret in ("Sup3r", "geheim", ENCODED, SECRET, "wort%7"):
        assert secret not in everything
    assert "SRC-001" in why
    assert len(why) > 30


def test_a_password_of_the_healthy_address_is_nowhere(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, address = postgres.put(tmp_path, made(50), "healthy")
    monkeypatch.setenv(UNLOCKED, address)
    outcome, store = both(source, tmp_path)
    assert not outcome.failed
    everything = told(store.folder, str(outcome), str(store.run(DEFINITIONS[0].kpi)))
    assert "erp.healthy" in everything
    for secret in (ENCODED, SECRET, "geheim", "owner", str(postgres.port)):
        assert secret not in everything


def test_a_database_that_hangs_holds_nobody_up(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, address = postgres.put(tmp_path, made(5), "slow")
    postgres.run("CREATE VIEW erp.hangs AS SELECT s.* FROM erp.slow s, LATERAL (SELECT pg_sleep(600)) w")
    monkeypatch.setenv(UNLOCKED, address)
    source = described("postgres", f"env:{UNLOCKED}", table="erp.hangs", time_limit=2)
    begin = time.monotonic()
    outcome, store = both(source, tmp_path)
    assert time.monotonic() - begin < 10
    assert outcome.computed == ("KPI-900",)
    assert "gave no answer within 2 seconds" in outcome.failed[0][1]
    state = store.source("SRC-001")
    assert state is not None
    assert state.rule == "no answer"
    # The server is not left with a question nobody waits for.
    import psycopg

    asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%hangs%' AND pid <> pg_backend_pid() AND state = 'active'"
    with psycopg.connect(
        host="127.0.0.1", port=postgres.port, user="owner", password=SECRET, dbname="postgres", autocommit=True
    ) as connection:
        for _ in range(100):
            (left,) = connection.execute(asked).fetchone() or (0,)
            if not left:
                break
            time.sleep(0.1)
    assert left == 0


def test_a_server_that_says_nothing_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"postgres://owner:{ENCODED}@127.0.0.1:{mute.getsockname()[1]}/postgres"
        monkeypatch.setenv(UNLOCKED, address)
        outcome, _ = both(described("postgres", f"env:{UNLOCKED}", table="x", time_limit=1), tmp_path)
    assert outcome.computed == ("KPI-900",)
    assert "gave no answer within 1 second" in outcome.failed[0][1]


# --- what an engine cannot express ----------------------------------------------------------------

DIALECTS = ("trino", "bigquery", "snowflake", "mssql", "databricks", "clickhouse", "mysql", "oracle", "postgres")
UNSAID = {("mysql", "week")}
"""What Ibis has no words for; nobody is promised MySQL."""

_TYPES = {"string": "string", "integer": "int64", "boolean": "boolean", "date": "date", "timestamp": "timestamp"}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: d.title)
def test_every_question_can_be_said_in_every_dialect(definition: Definition, dialect: str) -> None:
    """Nothing in the vocabulary is refused when it runs: it can be written down for engines nobody has here."""
    source = described("ibis", f"env:{UNLOCKED}", table="deliveries")
    schema = {c.name: _TYPES.get(c.kind, "float64" if c.name == "hours" else "decimal(14, 4)") for c in source.contract}
    table = ibis.table(schema, name="deliveries")
    rows = engine.Rows(source, None, table, dialect, dialect, ZONE)
    by_time: dict[str, dict[str, Any]] = {}
    for name, aggregate in definition.aggregates.items():
        by_time.setdefault(aggregate.time or source.time_column, {})[name] = aggregate
    for column, aggregates in by_time.items():
        for view in ("", *definition.dimensions, *([definition.pareto] if definition.pareto else [])):
            asked = compute.question(rows, column, aggregates, definition.grain, True, view, TODAY)
            if (dialect, definition.grain) in UNSAID:
                with pytest.raises(ibis.common.exceptions.UnsupportedOperationError, match="WEEK"):
                    ibis.to_sql(asked, dialect=dialect)
                continue
            text = str(ibis.to_sql(asked, dialect=dialect))
            assert "deliveries" in text
            assert "GROUP BY" in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_rule_of_a_contract_can_be_said_in_every_dialect(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = strict(described("ibis", f"env:{UNLOCKED}", table="deliveries"))
    schema = {c.name: _TYPES.get(c.kind, "decimal(14, 4)") for c in source.contract}
    asked: list[str] = []

    def ask(rows: engine.Rows, expression: Any) -> list[dict[str, Any]]:
        asked.append(str(ibis.to_sql(expression, dialect=dialect)))
        names = expression.schema().names
        number = 100 - len(asked)  # every rule is broken, so every question is asked
        if names in (("d",), ("d", "l")):
            return [{"d": datetime.date(2026, 7, 1), "l": "aldern"}]
        return [
            {n: datetime.date(2026, 7, 1) if n in ("qms_first", "qms_newest") else number for n in expression.columns}
        ]

    monkeypatch.setattr(contract_module, "ask", ask)
    held(engine.Rows(source, None, ibis.table(schema, name="deliveries"), dialect, dialect, ZONE), TODAY)
    assert len(asked) > 10


@pytest.mark.parametrize(("dialect", "function"), [("trino", "AT_TIMEZONE"), ("postgres", "TIMEZONE")])
def test_the_day_of_a_moment_is_asked_for_in_the_zone_of_the_organisation(dialect: str, function: str) -> None:
    source = described("ibis", f"env:{UNLOCKED}", table="deliveries")
    table = ibis.table({"booked": "timestamp"}, name="deliveries")
    column = next(c for c in source.contract if c.name == "booked")
    made_of = engine._cast(ibis, table.booked, column, False, source, dialect, ZONE)
    assert function in str(ibis.to_sql(table.select(day=made_of.cast("date")), dialect=dialect)).upper()


@pytest.mark.parametrize("dialect", ["snowflake", "mssql", "bigquery", "mysql", "oracle", "clickhouse", "databricks"])
def test_moments_whose_day_an_engine_cannot_tell_are_refused_by_name(dialect: str) -> None:
    source = described("ibis", f"env:{UNLOCKED}", table="deliveries")
    table = ibis.table({"booked": "timestamp", "handed_over": "timestamp('UTC')"}, name="deliveries")
    for name, zoned in (("handed_over", True), ("booked", False)):
        column = next(c for c in source.contract if c.name == name)
        with pytest.raises(SourceFault, match=f"`{name}` holds .*{dialect} cannot be asked which day that is"):
            engine._cast(ibis, table[name], column, zoned, source, dialect, ZONE)
    home = replace(source, time_zone=ZONE)
    column = next(c for c in source.contract if c.name == "booked")
    assert engine._cast(ibis, table.booked, column, False, home, dialect, ZONE) is not None


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "sum of booleans": ({"sum": "express"}, "sum needs numbers; `express` of SRC-001 is a boolean"),
    "average of dates": ({"average": "promised"}, "average needs numbers"),
    "smallest text": ({"min": "customer"}, "min needs numbers; `customer`"),
    "greatest moment": ({"max": "handed_over"}, "max needs numbers"),
    "percentile": ({"percentile": "hours"}, "does not say what it counts"),
    "median": ({"median": "hours"}, "does not say what it counts"),
    "two at once": ({"sum": "hours", "max": "hours"}, "says sum and max"),
    "order of texts": ({"count": "rows", "where": [{"column": "customer", "above": "M"}]}, "has no order on every"),
    "order of booleans": ({"count": "rows", "where": [{"column": "express", "at_least": True}]}, "has no order"),
    "text with number": (
        {"count": "rows", "where": [{"column": "customer", "is": {"column": "pieces"}}]},
        "they do not compare",
    ),
    "number as text": ({"count": "rows", "where": [{"column": "pieces", "is": "7"}]}, "is none"),
    "list of other types": ({"count": "rows", "where": [{"column": "pieces", "in": [7, "8"]}]}, "is none"),
    "no such column": ({"sum": "amuont"}, "has no column `amuont`"),
    "text as time": ({"count": "rows", "time": "customer"}, "is no date"),
}


def test_the_order_of_two_columns_of_text_is_refused() -> None:
    part = {"name": "n", "count": "rows", "where": [{"column": "customer", "above": {"column": "reason"}}]}
    compute_it = {"type": "simple", "source": "SRC-001", "parts": [part]}
    item = Item("KPI-999", "kpi", "kpis/x.yaml", {"frequency": "monthly", "compute": compute_it})
    assert list(definitions.faults(item, {"SRC-001": described("parquet", "x")}))


@pytest.mark.parametrize("name", REFUSED)
def test_what_not_every_engine_computes_alike_is_refused_in_the_definition(name: str) -> None:
    part, words = REFUSED[name]
    compute_it = {"type": "simple", "source": "SRC-001", "parts": [{"name": "n", **part}]}
    item = Item("KPI-999", "kpi", "kpis/x.yaml", {"frequency": "monthly", "compute": compute_it})
    source = described("ibis", f"env:{UNLOCKED}", table="deliveries")
    assert any(words in fault.message for fault in definitions.faults(item, {"SRC-001": source}))


@pytest.mark.parametrize(
    "expression", ["a ** 2", "a // 2", "a % 2", "max(a, 1)", "a if a else 1", "a > 1", "'x'", "a.b"]
)
def test_formulas_that_not_every_engine_computes_alike_are_refused(expression: str) -> None:
    compute_it = {
        "type": "derived",
        "source": "SRC-001",
        "expression": expression,
        "parts": [{"name": "a", "count": "rows"}],
    }
    item = Item("KPI-999", "kpi", "kpis/x.yaml", {"frequency": "monthly", "compute": compute_it})
    faults = list(definitions.faults(item, {"SRC-001": described("parquet", "x")}))
    assert [f.path for f in faults] == [("compute", "expression")]
