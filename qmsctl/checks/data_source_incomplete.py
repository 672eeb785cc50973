"""A data source says all that is needed to read it, and nothing that contradicts itself.

Why it matters: A source that cannot be read is found out on the first of the month, when the figures are wanted.

Example::

    === data-sources/SRC-001-deliveries.yaml
    id: SRC-001
    type: data-source
    title: Deliveries
    system: ERP
    format: parquet
    location: deliveries.parquet
    csv: {delimiter: ";"} ◀
    time_column: handed ◀
    contract:
      properties:
        - {name: handed_over, logicalType: date}
    === data-sources/SRC-002-complaints.yaml
    id: SRC-002
    type: data-source
    title: Complaints
    system: CAQ
    format: postgres ◀
    location: caq/complaints ◀
    late_after: 4 days ◀
    contract:
      properties:
        - {name: closed, logicalType: date}
      quality:
        - {metric: duplicateValues, arguments: {properties: [number]}, mustBe: 0} ◀

How to fix: Name columns of the contract; write files as paths below the data folder and databases as `env:NAME` with a `table`.
"""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from qmsctl.graph import Graph
from qmsctl.measures.sources import FILES
from qmsctl.model import FieldPath, Finding, Item, nearest

LEVEL = "error"

Lack = tuple[FieldPath, str, str]


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("data-source"):
        for path, message, tip in (*_columns(item), *_place(item), *_times(item)):
            yield Finding("data-source-incomplete", message, item.position(*path), tip, item=item.id)


def _columns(item: Item) -> Iterator[Lack]:
    contract = _group(item.get("contract"))
    rows = [r for r in _list(contract.get("properties")) if isinstance(r, Mapping)]
    names = [str(r.get("name")) for r in rows]
    if not names:
        return
    for field in ("time_column", "location_column"):
        if item.get(field) and item.get(field) not in names:
            yield (field,), f"the contract has no column `{item.get(field)}`", _near(str(item.get(field)), names)
    for name, count in Counter(names).items():
        if count > 1:
            at = len(names) - 1 - names[::-1].index(name)
            path: FieldPath = ("contract", "properties", at, "name")
            yield path, f"the contract has the column `{name}` {count} times", "leave one of them"
    for at, rule in enumerate(_list(contract.get("quality"))):
        for number, name in enumerate(_list(_group(_group(rule).get("arguments")).get("properties"))):
            if name not in names:
                path = ("contract", "quality", at, "arguments", "properties", number)
                yield path, f"the rule names the column `{name}`, which the contract has not", _near(str(name), names)


def _place(item: Item) -> Iterator[Lack]:
    kind, location = item.get("format"), str(item.get("location") or "")
    database = location.startswith("env:")
    if item.get("csv") is not None and kind != "csv":
        yield ("csv",), f"this says how CSV is written, but the format is {kind}", "remove it, or take format: csv"
    if kind in FILES and database:
        yield ("location",), f"{kind} is read from files, not from a database", "write a path below the data folder"
    if kind in FILES and item.get("table"):
        yield ("table",), f"a {kind} file has no tables", "remove it"
    if kind in ("postgres", "ibis") and location and not database:
        tip = "write env:NAME and set the variable of that name to the address of the database"
        yield ("location",), "the location of a database is the name of an environment variable", tip
    if kind in ("postgres", "ibis", "sqlite") and not item.get("table"):
        yield ("format",), "nothing says which table of the database is meant", "add `table`"
    if location == "env:":
        yield ("location",), "the name of the environment variable is missing", "such as env:ERP_DATABASE"
    if kind in (*FILES, "sqlite") and not database and _outside(location):
        yield ("location",), "this path does not lie below the data folder", "write a path inside it, with / between"


def _outside(location: str) -> bool:
    return location.startswith(("/", "~")) or ".." in location.split("/") or ":" in location or "\\" in location


def _times(item: Item) -> Iterator[Lack]:
    for field, what in (("late_after", "how old the newest row is"), ("rows_every", "on which days there are rows")):
        if item.get(field) and not item.get("time_column"):
            yield (field,), f"without a time column nobody can tell {what}", "add `time_column`"
    for at, row in enumerate(_list(item.get("pauses"))):
        if str(_group(row).get("to")) < str(_group(row).get("from")):
            yield ("pauses", at, "to"), "this pause ends before it begins", "exchange the two days, or mend one"
    zone = item.get("time_zone")
    if zone and not _is_zone(zone):
        yield ("time_zone",), f"there is no time zone `{zone}`", "such as Europe/Berlin"


def _is_zone(name: Any) -> bool:
    try:
        return bool(zoneinfo.ZoneInfo(str(name)))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _near(name: str, known: list[str]) -> str:
    found = nearest(name, known)
    return f"did you mean {' or '.join(found)}?" if found else f"there are {', '.join(known[:12])}"


def _group(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
