"""The calendar: what is due and what takes effect by month, and a feed of it for everyone and for each role."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qmsctl.model import slug
from qmsctl.pages import agenda, icalendar
from qmsctl.pages.agenda import Entry
from qmsctl.pages.view import View
from qmsctl.pages.wording import MONTHS

SHOWN = 250
"""How many entries stand on the page; the others lie in a script beside it, so that the page stays light."""

ROWS = "calendar-rows.js"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in the words of the page."""

    on: str
    item: str
    title: str
    url: str
    kind: str
    kind_words: str
    detail: str
    who: str
    who_words: str


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day."""

    on: str
    number: int
    weekday: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Month:
    """A month, or what is overdue; ``key`` is 2026-12 or overdue. Days are empty where all lies beside the page."""

    key: str
    title: str
    count: int
    days: list[Day]


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that the calendar can be narrowed to, and how many entries it has."""

    value: str
    words: str
    count: int
    feed: str = ""


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the calendar."""
    page = f"{view.prefix}calendar"
    rows = ordered(view, page)
    shown = months(view, rows[:SHOWN])
    values = {
        "title": view.t("Calendar"),
        "months": shown,
        "shown": {month.key for month in shown},
        "year": year(view, rows),
        "roles": roles(view, rows, page),
        "kinds": kinds(rows),
        "overdue": sum(1 for row in rows if row.on < view.today),
        "soon": sum(1 for row in rows if view.today <= row.on <= agenda.horizon(view)),
        "until": view.long_day(agenda.horizon(view)),
        "total": len(rows),
        "rest": ROWS if len(rows) > SHOWN else "",
        "feed": "calendar.ics",
        "plain": True,
    }
    yield "calendar.md", "calendar.md.j2", values


def files(view: View) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of the feeds, and of the entries that do not stand on the page."""
    page = f"{view.prefix}calendar"
    every = agenda.entries(view)
    yield f"{page}.ics", _feed(view, view.organisation, every)
    for role in view.of_type("role"):
        name = f"{view.organisation}: {view.title(role.id)}"
        yield f"{view.prefix}{view.page_of(role.id)}.ics", _feed(view, name, agenda.for_role(view, role.id, every))
    rest = ordered(view, page)[SHOWN:]
    if rest:
        rows = [[r.on, r.item, r.title, r.url, r.kind, r.kind_words, r.detail, r.who, r.who_words] for r in rest]
        yield f"{view.prefix}{ROWS}", f"qmsCalendarRows({json.dumps(rows, separators=(',', ':'))});\n".encode()


def ordered(view: View, page: str) -> list[Row]:
    """Return the entries as rows, by day, so that what is overdue comes first."""
    return [row_of(view, entry, page) for entry in agenda.entries(view)]


def row_of(view: View, entry: Entry, page: str) -> Row:
    """Return an entry in the words of a page."""
    return Row(
        entry.on,
        entry.item,
        view.title(entry.item),
        view.url(entry.item, page),
        slug(entry.kind),
        agenda.kind_words(view, entry.kind),
        entry.detail,
        entry.who,
        view.title(entry.who) if entry.who else "",
    )


def months(view: View, rows: Sequence[Row]) -> list[Month]:
    """Return rows by month and day; those of the past come first, as overdue."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault("overdue" if row.on < view.today else row.on[:7], []).append(row)
    return [Month(key, _month_title(view, key), len(found), _days(view, found)) for key, found in groups.items()]


def year(view: View, rows: Sequence[Row]) -> list[Month]:
    """Return how many entries each of the next twelve months has."""
    counts = Counter(row.on[:7] for row in rows if row.on >= view.today)
    first = int(view.today[:4]) * 12 + int(view.today[5:7]) - 1
    keys = [f"{at // 12:04d}-{at % 12 + 1:02d}" for at in range(first, first + 12)]
    return [Month(key, _month_title(view, key), counts[key], []) for key in keys]


def roles(view: View, rows: Sequence[Row], page: str) -> list[Choice]:
    """Return who has something in the calendar, by name; roles with the address of their feed."""
    counts = Counter(row.who for row in rows if row.who)
    found = []
    for who in counts:
        item = view.item(who)
        feed = view.file(who, "ics", page) if item is not None and item.type == "role" else ""
        found.append(Choice(who, view.title(who), counts[who], feed))
    return sorted(found, key=lambda choice: (choice.words.casefold(), choice.value))


def kinds(rows: Sequence[Row]) -> list[Choice]:
    """Return what there is to be done, the most frequent first."""
    counts = Counter((row.kind, row.kind_words) for row in rows)
    return [Choice(kind, words, count) for (kind, words), count in sorted(counts.items(), key=lambda x: (-x[1], x[0]))]


def _days(view: View, rows: Sequence[Row]) -> list[Day]:
    import datetime

    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.on, []).append(row)
    return [
        Day(on, int(on[8:]), str(view.t(WEEKDAYS[datetime.date.fromisoformat(on).weekday()])), found)
        for on, found in groups.items()
    ]


def _month_title(view: View, key: str) -> str:
    if key == "overdue":
        return str(view.t("Overdue"))
    return f"{view.t(MONTHS[int(key[5:]) - 1])} {key[:4]}"


def _feed(view: View, name: str, entries: Sequence[Entry]) -> bytes:
    return icalendar.feed(name, [_event(view, entry) for entry in entries], view.today)


def _event(view: View, entry: Entry) -> icalendar.Event:
    url = agenda.public_address(view, entry.item)
    what = agenda.kind_words(view, entry.kind)
    detail = f"{what}: {entry.detail}" if entry.detail else what
    # A feed is read without a log-in, so it names roles and never people.
    role = view.item(entry.who)
    named = role is not None and role.type == "role"
    who = str(view.t("To be done by: {who}", who=view.title(entry.who))) if named else ""
    return icalendar.Event(
        uid=f"{entry.name}@{slug(view.organisation) or 'qms'}.qmsctl",
        day=entry.on,
        summary=f"{what}: {entry.item} {view.title(entry.item)}",
        description="\n".join(said for said in (detail, who, url) if said),
        url=url,
        category=what,
    )
