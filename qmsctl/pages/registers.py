"""Registers: every list of items as a table that can be sorted, filtered, counted, shared and taken along as CSV.

What a register shows comes from the item type: the fields it names in ``x-register``, then what every item of its
kind has (owner, state, revision, dates, locations, approval). A page carries the first rows; all of them lie in a
script beside it, so that a page stays light however many items there are.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qmsctl.model import Finding, Item, mapping_of
from qmsctl.pages.view import View
from qmsctl.printable import no_formula, without_steering
from qmsctl.schema import ItemType

Page = tuple[str, str, dict[str, Any]]

SHOWN = 100
"""How many rows stand on the page itself."""

LONGEST = 240
"""How many characters of a text a table shows; the CSV and the item have them all."""

VISIBLE = 8
"""How many columns are shown at first where a type has many."""

FEW = 40
"""Up to how many different values a column gets counts."""

FEW_NAMES = 4
"""How many names one cell shows."""

INLINE = ("status", "type", "level", "measure")
"""The columns whose counts stand above the table; those of others open from a button."""

GROUPS = ("strategy", "processes", "documents", "people", "risks", "compliance", "records")
LEVELS = {"error": "off", "warning": "watch", "note": "none"}
APPROVED = {"approved": "on", "changed": "off", "missing": "off", "exempt": "none"}
GENERAL = ("owner", "status", "revision", "effective", "next_review", "locations", "approved")
SHOWN_ANYWAY = ("owner", "status", "next_review", "approved")
SIGNS = {"on": "●", "watch": "▲", "off": "■", "none": "○"}
_PERIOD = re.compile(r"([1-9][0-9]{0,5}) (day|week|month|year)s")
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


@dataclass(frozen=True, slots=True)
class Name:
    """A value that rows share: an item with its address, a state with its sign, a word from a list."""

    key: str
    text: str
    ref: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure as it is shown, and what it is sorted by."""

    value: float
    text: str


Cell = str | Number | tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``kind`` says how it is sorted: text, title, date, number, period, revision or names."""

    key: str
    title: str
    kind: str
    shown: bool = True
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line; ``ref`` is the item it opens, "" if there is none."""

    ref: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A register as data. ``page`` is its page without ending; the files beside it bear the same name."""

    page: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def file(self) -> str:
        return self.page.rsplit("/", 1)[-1]

    @property
    def first(self) -> tuple[Row, ...]:
        return self.rows[:SHOWN]

    @property
    def days(self) -> str:
        """How many reviews are due on each day, as `2026-11-30=2`; a day left empty counts rows without one."""
        at = next((n for n, column in enumerate(self.columns) if column.key == "next_review"), None)
        found = Counter(str(row.cells[at]) for row in self.rows) if at is not None else {}
        return " ".join(f"{day}={count}" for day, count in sorted(found.items()))

    def counts(self, key: str) -> list[tuple[Name, int]]:
        """How many rows have each value of a column, signs that want attention first."""
        at = next(n for n, column in enumerate(self.columns) if column.key == key)
        found: dict[Name, int] = {}
        for row in self.rows:
            for name in dict.fromkeys(names_in(row.cells[at])):
                found[name] = found.get(name, 0) + 1
        rank = ["off", "watch", "none", "on", ""]
        return sorted(found.items(), key=lambda pair: (rank.index(pair[0].sign), pair[0].text.casefold(), pair[0].key))


def names_in(cell: Cell) -> tuple[Name, ...]:
    return cell if isinstance(cell, tuple) else ()


def _own() -> dict[str, Any]:
    """What all pages of registers are given."""
    return {"plain": True, "signs": SIGNS, "inline": INLINE, "few": FEW_NAMES, "clip": clipped, "names": names_in}


# --- pages and files --------------------------------------------------------------------------------


def pages(view: View) -> Iterator[Page]:
    """Yield (path, template, values) of the registers and the lists made of them, but for that of findings."""
    t = view.t
    yield "registers.md", "registers/overview.md.j2", {**_own(), "title": t("Registers"), "groups": _overview(view)}
    for name, kind in view.types.items():
        values = {"title": t(kind.plural), "kind": kind, "table": of_type(view, name)}
        yield f"registers/{name}.md", "registers/register.md.j2", {**_own(), **values}
    yield (
        "documents.md",
        "registers/documents.md.j2",
        {**_own(), "title": t("Controlled documents"), "table": documents(view)},
    )
    yield "risks.md", "registers/risks.md.j2", {**_own(), "title": t("Risks and opportunities"), **_risks(view)}


def pages_of_findings(view: View) -> Iterator[Page]:
    """Yield the page of what the checks found: by itself, since it changes most often."""
    values = {"title": view.t("Open findings"), "table": findings(view), "levels": _levels(view), "quiet": True}
    yield "findings.md", "registers/findings.md.j2", {**_own(), **values}


def files(view: View) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of what lies beside the pages: each register as CSV and as rows for the browser."""
    tables = [of_type(view, name) for name in view.types]
    tables += [documents(view), findings(view)]
    if "risk" in view.types:
        tables.append(risks(view))
    for table in tables:
        yield f"{view.prefix}{table.page}.csv", csv_bytes(table)
        yield f"{view.prefix}{table.page}.rows.js", rows_script(view, table)


def csv_bytes(table: Table) -> bytes:
    """Return all rows and columns as CSV that a spreadsheet opens as it is and never carries out."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([no_formula(without_steering(column.title)) for column in table.columns])
    for row in table.rows:
        texts = (plain(cell, column.kind) for cell, column in zip(row.cells, table.columns, strict=True))
        writer.writerow([no_formula(without_steering(text)) for text in texts])
    return out.getvalue().encode("utf-8-sig", "replace")


def plain(cell: Cell, kind: str) -> str:
    """Return a cell as text; figures without separators and units, so that they can be computed with."""
    if isinstance(cell, Number):
        return cell.text if kind == "period" else repr(cell.value)
    return cell if isinstance(cell, str) else "; ".join(name.text for name in cell)


def rows_script(view: View, table: Table) -> bytes:
    """Return the rows as a script that hands them to the page; nothing in them can end it or run."""
    page = f"{view.prefix}{table.page}"
    names: dict[Name, int] = {}
    rows = []
    for row in table.rows:
        cells: list[Any] = [view.url(row.ref, page) if row.ref else ""]
        for cell in row.cells:
            if isinstance(cell, tuple):
                cells.append([names.setdefault(name, len(names)) for name in cell])
            elif isinstance(cell, Number):
                cells.append([cell.value, cell.text])
            else:
                cells.append(clipped(cell))
        rows.append(cells)
    data = {
        "columns": [[c.key, c.title, c.kind] for c in table.columns],
        "names": [[n.key, clipped(n.text), view.url(n.ref, page) if n.ref else "", n.sign] for n in names],
        "rows": rows,
    }
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f"qmsRows({text});\n".encode("ascii")


def clipped(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


# --- tables -----------------------------------------------------------------------------------------


def of_type(view: View, name: str) -> Table:
    """Return the register of an item type."""
    items = [item for item in view.loaded.qms.items.values() if item.type == name]
    return _table(view, f"registers/{name}", items, _columns(view, view.types[name]))


def documents(view: View) -> Table:
    """Return the master list: everything that needs revision, approval and effective date."""
    kinds = [name for name, kind in view.types.items() if kind.controlled]
    order = {name: (_group_of(view.types[name]) not in ("documents", "processes"), GROUPS.index(_group_of(view.types[name])), name) for name in kinds}  # fmt: skip
    items = sorted((i for i in view.loaded.qms.items.values() if i.type in order), key=lambda i: (order[i.type], i.id))
    t = view.t
    columns = [
        Column("id", t("Id"), "text"),
        Column("title", t("Title"), "title"),
        Column("type", t("Type"), "names"),
        *(_general(view, key) for key in GENERAL),
    ]
    return _table(view, "documents", items, [replace(c, shown=c.key != "effective") for c in columns])


def risks(view: View) -> Table:
    """Return the risks with what likelihood and severity make together, greatest first."""
    items = sorted(view.of_type("risk"), key=lambda item: (-(score(item) or 0), item.id))
    columns = _columns(view, view.types["risk"])
    columns.insert(2, Column("score", view.t("Score"), "number"))
    return _table(view, "risks", items, columns)


def score(item: Item) -> int | None:
    """Return likelihood times severity; None where they are not numbers from 1 to 5."""
    both = (item.get("likelihood"), item.get("severity"))
    known = all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= 5 for n in both)
    return int(both[0]) * int(both[1]) if known else None


def findings(view: View) -> Table:
    """Return what checks have to say, what blocks first."""
    t = view.t
    columns = (
        Column("level", t("Level"), "names", counted=True),
        Column("item", t("Item"), "names"),
        Column("message", t("What is wrong"), "text"),
        Column("help", t("What to do"), "text"),
        Column("type", t("Type"), "names", counted=True),
        Column("check", t("Check"), "names", counted=True),
    )
    order = list(LEVELS)
    found = sorted(view.report.findings, key=lambda f: order.index(f.level) if f.level in order else len(order))
    return Table("findings", columns, tuple(_finding(view, finding) for finding in found))


def _finding(view: View, finding: Finding) -> Row:
    words = {"error": view.t("Error"), "warning": view.t("Warning"), "note": view.t("Note")}
    item = view.item(finding.item)
    where = Name(item.id, item.title, item.id) if item else Name("", str(finding.position))
    kind = view.types[item.type] if item else None
    cells: tuple[Cell, ...] = (
        (Name(finding.level, words.get(finding.level, finding.level), "", LEVELS.get(finding.level, "")),),
        (where,),
        _line(finding.message),
        _line(finding.help),
        (Name(kind.name, view.t(kind.title)),) if kind else (),
        (Name(finding.check, finding.check),),
    )
    return Row(item.id if item else "", cells)


def _columns(view: View, kind: ItemType) -> list[Column]:
    """The columns of a type: its own, those it names, and those of every item of its sort."""
    t = view.t
    named = [str(key) for key in kind.schema.get("x-register", []) if str(key) not in ("id", "title")]
    columns = [Column("id", t("Id"), "text"), Column("title", t("Title"), "title")]
    if view.performance is not None and kind.name in ("kpi", "process"):
        columns.append(Column("measure", t("Performance"), "names"))
    if view.performance is not None and kind.name == "kpi":
        columns += [Column("value", t("Last value"), "number"), Column("aim", t("Target"), "text")]
        named = [key for key in named if key != "target"]
    columns += [_field(view, kind, key) for key in named if key not in GENERAL]
    for key in GENERAL:
        if key in named or key in ("next_review", "approved") or key in kind.properties:
            columns.append(replace(_general(view, key), shown=key in named or key in SHOWN_ANYWAY))
    return columns


def _general(view: View, key: str) -> Column:
    """A column that means the same in every register."""
    t = view.t
    titles = {
        "owner": (t("Owner"), "names"),
        "status": (t("State"), "names"),
        "revision": (t("Revision"), "revision"),
        "effective": (t("Effective"), "date"),
        "next_review": (t("Next review"), "date"),
        "locations": (t("Applies at"), "names"),
        "approved": (t("Approval"), "names"),
    }
    return Column(key, *titles[key])


def _field(view: View, kind: ItemType, key: str) -> Column:
    """A column for a field, by what its declaration says about it."""
    prop = mapping_of(kind.properties.get(key))
    element = mapping_of(prop.get("items"))
    title = view.t(str(prop.get("title", key)))
    if "x-link" in prop or "x-link" in element or "enum" in prop or "enum" in element or prop.get("type") == "boolean":
        return Column(key, title, "names")
    if prop.get("type") in ("integer", "number"):
        return Column(key, title, "number")
    if prop.get("format") == "date":
        return Column(key, title, "date")
    if "days|weeks|months|years" in str(prop.get("pattern")):
        return Column(key, title, "period")
    return Column(key, title, "text")


def _table(view: View, page: str, items: list[Item], columns: list[Column]) -> Table:
    """Fill the columns, leave out what no item has, and say which values are worth counting."""
    read = _Reader(view)
    rows = [Row(item.id, tuple(read.cell(item, column) for column in columns)) for item in items]
    used = [n for n, column in enumerate(columns) if n < 2 or any(row.cells[n] not in ("", ()) for row in rows)]
    kept = [(column, [row.cells[n] for row in rows]) for n, column in enumerate(columns) if n in used]
    shown = 0
    final = []
    for column, cells in kept:
        visible = column.shown and (shown < VISIBLE or column.key in SHOWN_ANYWAY)
        shown += visible
        final.append(replace(column, shown=visible, counted=column.kind == "names" and _worth_counting(column, cells)))
    return Table(page, tuple(final), tuple(Row(r.ref, tuple(r.cells[n] for n in used)) for r in rows))


def _worth_counting(column: Column, cells: list[Cell]) -> bool:
    """Whether counts by value tell anything: several values, few of them, and fewer than there are rows."""
    values = {name.key for cell in cells for name in names_in(cell)}
    usual = column.key in ("status", "type", "owner", "locations", "approved", "measure")
    return 2 <= len(values) <= FEW and (usual or len(values) <= len(cells) / 2)


class _Reader:
    """Reads cells of items."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.reviews: dict[str, str] = {}
        for due in view.dues():  # by day, so the first one is the next one
            if "review" in due.what or "check" in due.what:
                self.reviews.setdefault(due.item, due.on)
        special: dict[str, Callable[[Item], Cell]] = {
            "id": lambda item: item.id,
            "title": lambda item: _line(view.title(item.id)),
            "type": lambda item: (Name(item.type, view.t(view.types[item.type].title)),),
            "status": self.state,
            "next_review": lambda item: self.reviews.get(item.id, ""),
            "locations": self.locations,
            "approved": self.approved,
            "measure": self.measure,
            "value": self.value,
            "aim": self.aim,
            "score": lambda item: Number(found, str(found)) if (found := score(item)) else "",
        }
        self.special = special

    def cell(self, item: Item, column: Column) -> Cell:
        found = self.special.get(column.key)
        if found is not None and (column.key not in ("value", "aim", "score") or column.key not in item.fields):
            return found(item)
        return self.field(item, column)

    def field(self, item: Item, column: Column) -> Cell:
        value = item.get(column.key)
        if value is None or value == [] or value == "":
            return ""
        if column.kind == "names":
            return tuple(self.name(v) for v in (value if isinstance(value, list) else [value]))
        if column.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
            return Number(value, f"{value:,}" if isinstance(value, int) else f"{value:,g}")
        period = _PERIOD.fullmatch(str(value)) if column.kind == "period" else None
        if period:
            return Number(int(period[1]) * _DAYS[period[2]], str(value))
        if column.kind in ("date", "revision"):
            return _line(value)
        return "; ".join(_line(text) for text in self.view.cell(item, column.key))

    def name(self, value: Any) -> Name:
        """A value from a list, or the item that it names."""
        if isinstance(value, bool):
            return Name("yes", self.view.t("yes")) if value else Name("no", self.view.t("no"))
        ref = str(value)
        if self.view.url(ref, ""):
            return Name(ref, _line(self.view.title(ref)), ref)
        return Name(_line(ref), self.view.t(_line(ref)))

    def state(self, item: Item) -> Cell:
        """In force, taking effect later, or the state of the lifecycle; signs for documents only."""
        kind, t = self.view.types[item.type], self.view.t
        status = str(item.get("status") or kind.initial)
        if not kind.states:
            return ()
        effective = str(item.get("effective") or "")
        if kind.controlled and status == "released" and effective:
            if effective <= self.view.today:
                return (Name("in-force", t("In force"), "", "on"),)
            return (Name("later", t("Takes effect later"), "", "watch"),)
        label = t(str(kind.states.get(status, {}).get("label", status)))
        sign = {"draft": "none", "obsolete": "off"}.get(status, "") if kind.controlled else ""
        return (Name(_line(status), _line(label), "", sign),)

    def locations(self, item: Item) -> Cell:
        value = item.get("locations")
        if isinstance(value, list) and value:
            return tuple(self.name(v) for v in value)
        return (Name("*", self.view.t("Everywhere")),) if self.view.of_type("location") else ()

    def approved(self, item: Item) -> Cell:
        control, t = self.view.control, self.view.t
        state = control.state(item) if control is not None else ""
        words = {
            "approved": t("Approved"),
            "changed": t("Changed since"),
            "missing": t("Not approved"),
            "exempt": t("Before change control"),
        }
        return (Name(state, words[state], "", APPROVED[state]),) if state in APPROVED else ()

    def measure(self, item: Item) -> Cell:
        shown = self.view.performance
        if shown is None:
            return ()
        if item.type == "process":
            status = shown.process_status(item.id)
            return (Name(status, self.view.t(shown.process_words(item.id)), "", status),) if status else ()
        if item.id not in shown.measures.definitions:
            return ()
        from qmsctl.measures import scorecards  # where there is something to compute

        line = scorecards.line(shown.measures, item.id)
        return (Name(f"{line.status} {line.words}", self.view.t(line.words), "", line.status),)

    def value(self, item: Item) -> Cell:
        judged = self.view.performance.judged(item.id) if self.view.performance else None
        if self.view.performance is None or judged is None or judged.latest is None or judged.latest.value is None:
            return ""
        return Number(judged.latest.value, self.view.performance.shown(judged, judged.latest.value))

    def aim(self, item: Item) -> Cell:
        judged = self.view.performance.judged(item.id) if self.view.performance else None
        return self.view.performance.aim(judged) if self.view.performance and judged else ""


def _line(value: object) -> str:
    return " ".join(str(value).split())


# --- the pages around them ---------------------------------------------------------------------------


def _group_of(kind: ItemType) -> str:
    return str(kind.schema.get("x-group", "documents"))


def _overview(view: View) -> list[tuple[str, str, list[tuple[ItemType, int]]]]:
    """The registers by part of the intranet: (group, its name, its types with the number in use)."""
    t = view.t
    names = {
        "strategy": t("Strategy"),
        "processes": t("Processes"),
        "documents": t("Documents"),
        "people": t("People and places"),
        "risks": t("Risks and opportunities"),
        "compliance": t("Compliance"),
        "records": t("Records"),
    }
    kinds = {group: [kind for kind in view.types.values() if _group_of(kind) == group] for group in GROUPS}
    return [(group, names[group], [(k, len(view.of_type(k.name))) for k in kinds[group]]) for group in GROUPS]


def _risks(view: View) -> Mapping[str, Any]:
    cells: dict[tuple[int, int], list[Item]] = {}
    for item in view.of_type("risk"):
        if score(item):
            cells.setdefault((item.get("likelihood"), item.get("severity")), []).append(item)
    table = risks(view) if "risk" in view.types else None
    return {"cells": cells, "table": table, "opportunities": view.of_type("opportunity")}


def _levels(view: View) -> list[tuple[str, str, int]]:
    """The levels of findings as (sign, word, count)."""
    names = {"error": view.t("errors"), "warning": view.t("warnings"), "note": view.t("notes")}
    return [
        (LEVELS[level], name, sum(1 for f in view.report.findings if f.level == level)) for level, name in names.items()
    ]
