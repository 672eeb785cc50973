"""Makes the reference data as large as one likes: the same tables, columns and places, many times the rows.

Each large table is multiplied: a copy of a row gets a key of its own and lies on another week of its month, so that
contracts hold, working days stay working days and no value of a column leaves its range. Small tables are copied.
Files are written by location and month. The same arguments give the same rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qmsctl.measures import engine
from qmsctl.measures.sources import Source

LARGE = 20_000
DONE = "DONE"
MOMENTS = ("date", "timestamp")


def make(sources: Mapping[str, Source], reference: Path, target: Path, rows: int, zone: str) -> dict[str, int]:
    """Write the data for at least so many rows below ``target``, unless it is there; return rows by data source."""
    import duckdb

    done = target / DONE
    if done.is_file():
        return {line.split()[0]: int(line.split()[1]) for line in done.read_text().splitlines()}
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    connection = duckdb.connect()
    connection.execute("SET memory_limit='4GB'")
    connection.execute(f"SET TimeZone='{zone}'")
    counts = {}
    for source in sources.values():
        if not source.location.startswith("env:") and source.format == "parquet":
            files = engine.files_of(source, reference)
            counts[source.id] = connection.execute(
                f"SELECT count(*) FROM read_parquet({[str(f) for f in files]})"
            ).fetchone()[0]
    # Tables that several sources look at are one table.
    large = {s.location: s for s in sources.values() if counts.get(s.id, 0) >= LARGE and _can_grow(s)}
    factor = max(1, -(-rows // sum(counts[s.id] for s in large.values())))
    written = {}
    for source in sources.values():
        if source.location.startswith("env:"):
            continue
        if source.location in large:
            if large[source.location] is source:
                written[source.location] = _grown(connection, source, reference, target, factor)
            counts[source.id] = written[source.location]
            continue
        for file in engine.files_of(source, reference):
            place = target / file.relative_to(reference.resolve())
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    done.write_text("".join(f"{name} {count}\n" for name, count in sorted(counts.items())))
    return counts


def _can_grow(source: Source) -> bool:
    """Tell whether a copy of a row can have a key of its own: a running number, no name such as that of a machine."""
    keys = [c for c in source.contract if c.key]
    return not keys or (len(keys) == 1 and keys[0].kind in ("string", "integer") and not keys[0].quality)


def _grown(connection: Any, source: Source, reference: Path, target: Path, factor: int) -> int:
    files = [str(f) for f in engine.files_of(source, reference)]
    connection.execute(f"CREATE OR REPLACE TABLE base AS SELECT * FROM read_parquet({files}, union_by_name=true)")
    time, place = f'"{source.time_column}"', f'"{source.location_column}"' if source.location_column else "''"
    moments = [c.name for c in source.contract if c.kind in MOMENTS]
    day = f"CAST({time} AS DATE)"
    newest = connection.execute(f"SELECT max({day}) FROM base").fetchone()[0]
    # Whole weeks back and forth within the month, so that a Monday stays a Monday and the month its own.
    back = f"((day({day}) - 1) // 7)"
    ahead = f"((day(least(last_day({day}), DATE '{newest}')) - day({day})) // 7)"
    weeks = f"CASE WHEN k = 0 OR {time} IS NULL THEN 0 ELSE CAST(hash(rowid, k) % ({back} + {ahead} + 1) AS INTEGER) - {back} END"
    described = connection.execute("DESCRIBE base").fetchall()
    types = {row[0]: row[1] for row in described}
    changed = [f'CAST("{m}" + to_days(7 * weeks) AS {types[m]}) AS "{m}"' for m in moments]
    for column in (c for c in source.contract if c.unique or c.key):
        name = f'"{column.name}"'
        if column.kind == "integer":
            most = connection.execute(f"SELECT max({name}) + 1 FROM base").fetchone()[0]
            changed.append(f"{name} + k * {most} AS {name}")
        else:
            changed.append(f"CASE WHEN k = 0 THEN {name} ELSE {name} || '-' || k END AS {name}")
    parts = connection.execute(f"SELECT DISTINCT {place}, strftime({day}, '%Y-%m') FROM base ORDER BY ALL").fetchall()
    total = 0
    for where, month in parts:
        file = _file(source, target, str(where or "all"), month or "open")
        file.parent.mkdir(parents=True, exist_ok=True)
        chosen = f"strftime({day}, '%Y-%m') IS NOT DISTINCT FROM {_text(month)}"
        if source.location_column:
            chosen += f" AND {place} IS NOT DISTINCT FROM {_text(where)}"
        total += connection.execute(
            f"COPY (SELECT * EXCLUDE (weeks, k) REPLACE ({', '.join(changed)}) FROM "
            f"(SELECT base.*, k, {weeks} AS weeks FROM base CROSS JOIN range({factor}) copies(k) WHERE {chosen}) "
            f"ORDER BY {time}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()[0]
    connection.execute("DROP TABLE base")
    return total


def _text(value: Any) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def _file(source: Source, target: Path, where: str, month: str) -> Path:
    """Return a path that the pattern of the source finds, or, where it names one file, a path in a folder of its name."""
    pattern = Path(source.location)
    folder = pattern.parent if "*" in pattern.name else pattern.with_suffix("")
    return target / folder / f"{where}-{month}.parquet"


def located(source: Source, target: Path) -> str:
    """Return the pattern under which the files of a source lie below ``target``."""
    folder = Path(source.location).with_suffix("")
    grown = source.format == "parquet" and "*" not in source.location and (target / folder).is_dir()
    return f"{folder}/*.parquet" if grown else source.location
