"""Data sources as items describe them: where the rows are, how they are written, what their contract demands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qmsctl.model import Item, mapping_of, rows_of

NUMBERS = ("integer", "number")
FILES = ("parquet", "csv")


class SourceFault(RuntimeError):
    """A source gave no rows that can be used; the message says why, ``help`` the way out."""

    def __init__(self, message: str, help: str = "", rule: str = "unreadable") -> None:
        super().__init__(message)
        self.help = help
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its contract has it. Bounds are of values, or of the length of a text."""

    name: str
    kind: str
    physical: str = ""
    required: bool = False
    unique: bool = False
    key: bool = False
    classification: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    quality: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A data source. ``location`` is a path or pattern below the data folder, or `env:NAME`."""

    id: str
    title: str
    owner: str
    system: str
    format: str
    location: str
    contract: tuple[Column, ...]
    quality: tuple[Mapping[str, Any], ...] = ()
    table: str = ""
    csv: Mapping[str, str] = field(default_factory=dict)
    time_column: str = ""
    time_zone: str = ""
    location_column: str = ""
    arrives: str = ""
    late_after: str = ""
    rows_every: str = ""
    pauses: tuple[tuple[str, str], ...] = ()
    time_limit: int = 60
    digest: str = ""

    @property
    def columns(self) -> dict[str, str]:
        """The names of the columns with their types: string, integer, number, boolean, date or timestamp."""
        return {c.name: c.kind for c in self.contract}

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that make a row the same row."""
        return tuple(c.name for c in self.contract if c.key)

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that readers may see."""
        return tuple(c.name for c in self.contract if c.classification not in ("confidential", "restricted"))


def source(item: Item, zone: str) -> Source:
    """Return the data source of an item; ``zone`` is the organisation's time zone."""
    contract = mapping_of(item.get("contract"))
    plain = (
        "system",
        "format",
        "location",
        "table",
        "time_column",
        "location_column",
        "arrives",
        "late_after",
        "rows_every",
    )
    text = json.dumps(
        {k: item.get(k) for k in (*plain, "csv", "contract", "time_zone", "pauses")} | {"zone": zone},
        sort_keys=True,
        default=str,
    )
    return Source(
        id=item.id,
        title=item.title,
        owner=str(item.get("owner") or ""),
        contract=tuple(_column(c) for c in rows_of(contract.get("properties"))),
        quality=tuple(rows_of(contract.get("quality"))),
        csv={str(k): str(v) for k, v in mapping_of(item.get("csv")).items()},
        time_zone=str(item.get("time_zone") or zone),
        pauses=tuple((str(p.get("from")), str(p.get("to"))) for p in rows_of(item.get("pauses"))),
        time_limit=limit if isinstance(limit := item.get("time_limit"), int) and limit > 0 else 60,
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        **{name: str(item.get(name) or "") for name in plain},
    )


def _column(row: Mapping[str, Any]) -> Column:
    return Column(
        name=str(row.get("name")),
        kind=str(row.get("logicalType")),
        physical=str(row.get("physicalType") or ""),
        required=bool(row.get("required")),
        unique=bool(row.get("unique")),
        key=bool(row.get("primaryKey")),
        classification=str(row.get("classification") or ""),
        options=mapping_of(row.get("logicalTypeOptions")),
        quality=tuple(rows_of(row.get("quality"))),
    )
