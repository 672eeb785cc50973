"""Computed values as files below build/measures: one folder for each KPI, one file for each location.

Files are small JSON, written as wholes: a run that is broken off leaves the last good values. Several machines
may compute several locations at the same time, since each writes its own files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from qmsctl.atomic import write_whole
from qmsctl.measures.contract import Health
from qmsctl.measures.model import TOTAL, Breach, Number, Point, Series

FORMAT = 2
PLAIN = ["", None, ""]
"""A point without doubt, never restated."""
ALL = "_all"
RUN = "_kpi"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,80}")


def file_name(name: str) -> str:
    """Return the name of a file for an id or a location: itself, or a mark where it could be anything else."""
    if not name:
        return ALL
    return name if _PLAIN.fullmatch(name) else "_" + hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Run:
    """How the values of a KPI were computed. ``key`` changes when definition, data or the last period change.

    ``fault`` says why it could not be computed this time; the points are then those of the last good run.
    """

    kpi: str
    key: str = ""
    definition: str = ""
    computed: str = ""
    engines: tuple[str, ...] = ()
    sql: tuple[tuple[str, str], ...] = ()
    locations: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source since the last run; ``files`` tells whether they changed."""

    source: str
    digest: str = ""
    fingerprint: str = ""
    checked: str = ""
    health: Health | None = None
    fault: str = ""
    help: str = ""
    rule: str = ""
    files: Mapping[str, list[Any]] = field(default_factory=dict)


class Store:
    """The folder with computed values."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, kpi: str) -> Run | None:
        """Return how a KPI was last computed."""
        return _made(self._read(self._folder(kpi) / f"{RUN}.json"), lambda data: _run(kpi, data))

    def series(self, kpi: str, location: str = TOTAL) -> Series | None:
        """Return the series of a KPI at a location; None where there is none."""
        data = self._read(self._folder(kpi) / f"{file_name(location)}.json")
        return _made(data, lambda found: _series(kpi, location, found["series"][0], found.get("names", ())))

    def definition_of(self, kpi: str, location: str) -> str:
        """Return by which definition the values of a location were computed; "" where there are none."""
        data = self._read(self._folder(kpi) / f"{file_name(location)}.json") or {}
        return str(data.get("definition", ""))

    def members(self, kpi: str, location: str = TOTAL) -> list[Series]:
        """Return the series of a KPI at a location for the members of its dimensions."""
        data = self._read(self._folder(kpi) / f"{file_name(location)}.by.json")
        return _made(data, lambda found: _all_of(kpi, location, found)) or []

    def rows_folder(self, kpi: str) -> Path:
        """Return the folder of the rows behind the values of a KPI."""
        return self._folder(kpi) / "rows"

    def _folder(self, kpi: str) -> Path:
        return self.folder / file_name(kpi)

    def source(self, source: str) -> SourceState | None:
        """Return what is known of a source."""
        return _made(self._read(self.folder / "sources" / f"{file_name(source)}.json"), _state)

    def keep(self, run: Run, series: list[Series]) -> None:
        """Write the values of a KPI for the locations in ``series``, and last how they were computed."""
        for location in sorted({s.location for s in series}):
            mine = [s for s in series if s.location == location]
            for ending, rows in (
                (".by.json", [s for s in mine if s.dimension]),
                (".json", [s for s in mine if not s.dimension]),
            ):
                names = next((list(point.parts) for s in rows for point in s.points), [])
                data = {"definition": run.definition, "names": names, "series": [_plain(s, names) for s in rows]}
                self._write(self._folder(run.kpi) / f"{file_name(location)}{ending}", data)
        self.note(run)

    def note(self, run: Run) -> None:
        """Write how a KPI was computed, or why it could not be."""
        self._write(self._folder(run.kpi) / f"{RUN}.json", asdict(run))

    def keep_source(self, state: SourceState) -> None:
        """Write what is known of a source."""
        self._write(self.folder / "sources" / f"{file_name(state.source)}.json", asdict(state))

    def _read(self, file: Path) -> dict[str, Any] | None:
        try:
            data = json.loads(file.read_text(encoding="utf-8"))
            return data if isinstance(data, dict) and data.get("format") == FORMAT else None
        except (OSError, ValueError):
            return None  # not computed yet, or by another version: it will be computed anew

    def _write(self, file: Path, data: Mapping[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, **data}, ensure_ascii=False, default=str, separators=(",", ":"))
        write_whole(file, text)


_Made = TypeVar("_Made")


def _made(data: dict[str, Any] | None, make: Callable[[dict[str, Any]], _Made]) -> _Made | None:
    """Return what is made of stored data; None where it is damaged, so that it is computed anew."""
    try:
        return make(data) if data is not None else None
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None


def _run(kpi: str, data: Mapping[str, Any]) -> Run:
    return Run(
        kpi,
        data["key"],
        data["definition"],
        data["computed"],
        tuple(data["engines"]),
        tuple((s, q) for s, q in data["sql"]),
        tuple(data["locations"]),
        data["fault"],
    )


def _state(data: dict[str, Any]) -> SourceState:
    fields = {k: v for k, v in data.items() if k not in ("format", "health")}
    health = data["health"]
    if health is not None:
        breaches = tuple(_breach(b) for b in health["breaches"])
        health = Health(**{**health, "breaches": breaches})
    return SourceState(**fields, health=health)


def _breach(data: Mapping[str, Any]) -> Breach:
    others = {name: tuple(days) for name, days in data["other_days"].items()}
    return Breach(**{**data, "days": tuple(data["days"]), "other_days": others})


def _plain(series: Series, names: list[str]) -> dict[str, Any]:
    return {"dimension": series.dimension, "member": series.member, "points": [_row(p, names) for p in series.points]}


def _row(point: Point, names: list[str]) -> list[Any]:
    """A point as a row; what most points have nothing to say about is left out at its end.

    Its parts stand without their names where these are the ones that the file gives once for all.
    """
    parts: Any = {name: _out(value) for name, value in point.parts.items()}
    row = [point.period, point.value, list(parts.values()) if list(parts) == names else parts, point.rows]
    said = [point.doubt, point.was, point.restated]
    return row if said == PLAIN else row + said


def _all_of(kpi: str, location: str, data: Mapping[str, Any]) -> list[Series]:
    return [_series(kpi, location, row, data.get("names", ())) for row in data["series"]]


def _series(kpi: str, location: str, row: Mapping[str, Any], names: Sequence[str]) -> Series:
    points = tuple(
        _point(period, value, _named(parts, names), rows, *(said or PLAIN))
        for period, value, parts, rows, *said in row["points"]
    )
    return Series(kpi, location, row["dimension"], row["member"], points)


def _named(parts: Any, names: Sequence[str]) -> Any:
    return dict(zip(names, parts, strict=True)) if isinstance(parts, list) else parts


def _point(period: str, value: Any, parts: Any, rows: int, doubt: str, was: Any, restated: str) -> Point:
    return Point(period, value, {k: _in(v) for k, v in parts.items()}, rows, doubt, "", was, restated)


def _out(value: Number | None) -> Any:
    return f"d{value}" if isinstance(value, Decimal) else value


def _in(value: Any) -> Number | None:
    return Decimal(value[1:]) if isinstance(value, str) else value
