"""All judged values of KPIs as one flat table: CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qmsctl.measures import periods
from qmsctl.measures.board import Measures
from qmsctl.measures.model import TOTAL, Judged, JudgedPoint
from qmsctl.printable import encodable, no_formula, visible

COLUMNS = {
    "kpi": "text", "title": "text", "location": "text", "period": "text", "period_first": "date", "period_last": "date",
    "value": "real", "unit": "text", "target": "real", "watch": "real", "off": "real", "low": "real", "high": "real",
    "status": "text", "words": "text", "signals": "text", "explanation": "text", "doubt": "text", "was": "real",
    "restated": "date", "rows": "integer", "numerator": "real", "denominator": "real",
}  # fmt: skip
"""The columns in their order, each with its type: text, real, integer or date."""


class ExportFault(RuntimeError):
    """Something could not be exported; the message says why, ``help`` the way out."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


def series(measures: Measures, kpis: Sequence[str] = (), location: str | None = None) -> Iterator[Judged]:
    """Yield the judged series of KPIs: all together and each location, or one location only."""
    for kpi in kpis or measures.definitions:
        for place in (TOTAL, *measures.locations(kpi)) if location is None else (location,):
            judged = measures.judged(kpi, place)
            if judged is not None:
                yield judged


def rows(measures: Measures, kpis: Sequence[str] = (), location: str | None = None) -> list[dict[str, Any]]:
    """Return one row for each KPI, location and complete period, with the columns of COLUMNS.

    A value that is not to be trusted is None, and so are its parts; ``doubt`` says why. Dates are ISO texts.
    """
    return [row(judged, point) for judged in series(measures, kpis, location) for point in judged.points]


def row(judged: Judged, point: JudgedPoint) -> dict[str, Any]:
    """Return one judged value as a row."""
    span = periods.parse(point.period)
    parts = {} if point.point.doubt else point.point.parts
    return {
        "kpi": judged.definition.kpi,
        "title": encodable(judged.definition.title),
        "location": judged.location,
        "period": point.period,
        "period_first": span.first,
        "period_last": span.last,
        "value": _real(point.value),
        "unit": encodable(judged.definition.unit),
        **{name: _real(getattr(point.target, name)) for name in ("target", "watch", "off", "low", "high")},
        "status": point.status,
        "words": point.words,
        "signals": "; ".join(signal.words for signal in point.signals),
        "explanation": encodable(point.explanation),
        "doubt": encodable(point.point.doubt),
        "was": _real(point.point.was),
        "restated": point.point.restated or None,
        "rows": point.point.rows,
        **{name: _real(parts.get(name)) for name in ("numerator", "denominator")},
    }


def _real(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def csv_text(found: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as CSV. Text that a spreadsheet would take for a formula is quoted; numbers stay numbers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        writer.writerow([_cell(one[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return "" if value is None else repr(value)
    return no_formula(visible(value))


def json_text(measures: Measures, found: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as JSON, with what is missing as null."""
    head = {
        "format": "qmsctl KPI values, format 1",
        "organisation": measures.loaded.config.organisation,
        "as_of": measures.today,
    }
    return json.dumps({**head, "values": list(found)}, ensure_ascii=False, indent=2)


def write_parquet(measures: Measures, found: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Write rows as Parquet with real types, as a whole. Raises ExportFault."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ExportFault("Parquet needs an extra", "pip install 'qmsctl[measures]'") from error
    kinds = {"text": pyarrow.string(), "real": pyarrow.float64(), "integer": pyarrow.int64(), "date": pyarrow.date32()}
    about = {"organisation": measures.loaded.config.organisation, "as_of": measures.today}
    fields = [pyarrow.field(name, kinds[kind]) for name, kind in COLUMNS.items()]
    columns = [pyarrow.array([typed(r[name], kind) for r in found], kinds[kind]) for name, kind in COLUMNS.items()]
    table = pyarrow.table(columns, schema=pyarrow.schema(fields, metadata=about))
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(file.name + ".part")
    try:
        parquet.write_table(table, temporary)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def typed(value: Any, kind: str) -> Any:
    """Return a cell as typed formats want it: a date as a date."""
    return datetime.date.fromisoformat(value) if kind == "date" and value else value
