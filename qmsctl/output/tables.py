"""Lists as an aligned table, as CSV for spreadsheets, or as JSON."""

from __future__ import annotations

import csv
import io
import json

import click

from qmsctl.output.text import cells, encodable, harmless_in_logs, pad, visible, wrap
from qmsctl.printable import no_formula

FORMATS: tuple[str, ...] = ("table", "csv", "json")
_GAP = 2
_NARROWEST = 10


def render_table(
    rows: list[dict[str, str]], columns: list[str], format: str, colour: bool = False, width: int = 100
) -> str:
    """Return rows as text, without a line end at its end. A missing cell is empty; no rows give no table.

    ``width`` is in columns and concerns the table only. Raises ValueError for an unknown format.
    """
    table = [[row.get(column, "") for column in columns] for row in rows]
    if format == "table":
        return _table(table, columns, colour, width)
    if format == "csv":
        return _csv(table, columns)
    if format == "json":
        named = [dict(zip(columns, map(encodable, row), strict=True)) for row in table]
        return json.dumps(named, ensure_ascii=False, indent=2)
    raise ValueError(f"there is no format `{format}`; there are {', '.join(FORMATS)}")


def _csv(table: list[list[str]], columns: list[str]) -> str:
    """Write CSV in which no cell is a formula: a spreadsheet would carry it out on opening."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in (columns, *table):
        writer.writerow([visible(no_formula(cell)) for cell in row])
    return out.getvalue().removesuffix("\n")


def _table(table: list[list[str]], columns: list[str], colour: bool, width: int) -> str:
    if not table:
        return ""
    heads = [visible(column.replace("_", " ")) for column in columns]
    shown = [[visible(cell) for cell in row] for row in table]
    widths = _fit([max(map(cells, column)) for column in zip(heads, *shown, strict=True)], width)
    bold = [click.style(line, bold=True) if colour else line for line in _lines(heads, widths)]
    lines = [*bold, *(line for row in shown for line in _lines(row, widths))]
    return harmless_in_logs("\n".join(lines))


def _fit(widths: list[int], width: int) -> list[int]:
    """Narrow the widest columns until all fit; none gets narrower than ten columns of the terminal."""
    fitted = list(widths)
    spare = width - _GAP * (len(widths) - 1)
    while sum(fitted) > spare and max(fitted) > _NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _lines(row: list[str], widths: list[int]) -> list[str]:
    """Return one row as lines; a cell too long for its column goes on beneath."""
    wrapped = [wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
    height = max(len(lines) for lines in wrapped)
    return [
        (" " * _GAP)
        .join(
            pad(lines[number] if number < len(lines) else "", width)
            for lines, width in zip(wrapped, widths, strict=True)
        )
        .rstrip()
        for number in range(height)
    ]
