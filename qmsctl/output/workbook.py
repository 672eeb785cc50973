"""Tables as an XLSX workbook that a spreadsheet opens with heads that stay, filters, and no formula that it would run."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass

from qmsctl.printable import visible

WIDEST = 70


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a workbook: its name, its heads and its rows. Names are cut to the 31 characters XLSX allows."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str | int]]


def workbook(sheets: Sequence[Sheet], title: str, day: str) -> bytes:
    """Return a workbook; the same tables and day give the same bytes."""
    import xlsxwriter

    held = io.BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    created = datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time.min, datetime.UTC)
    book.set_properties({"title": title, "created": created})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    cell = book.add_format({"text_wrap": True, "valign": "top"})
    for sheet in sheets:
        page = book.add_worksheet(_name(sheet.name))
        for column, text in enumerate(sheet.heads):
            page.write_string(0, column, visible(text), head)
            lengths = [len(str(row[column])) for row in sheet.rows]
            page.set_column(column, column, min(WIDEST, max([len(text), *lengths]) + 2))
        for number, row in enumerate(sheet.rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, int):
                    page.write_number(number, column, value, cell)
                else:
                    page.write_string(number, column, visible(value)[:32_000], cell)
        page.freeze_panes(1, 0)
        if sheet.rows:
            page.autofilter(0, 0, len(sheet.rows), len(sheet.heads) - 1)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
    book.close()
    return held.getvalue()


def _name(text: str) -> str:
    """A sheet's name without the characters XLSX refuses."""
    return "".join(" " if sign in "[]:*?/\\'" else sign for sign in text)[:31].strip() or "Sheet"
