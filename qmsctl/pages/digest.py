"""The digest: in one short message what an owner has to see to, read and put right."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qmsctl.model import add_period
from qmsctl.pages import agenda, duties
from qmsctl.pages.agenda import Entry
from qmsctl.pages.view import View
from qmsctl.printable import visible

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;color:#1d2733;background:#fff;max-width:40rem;margin:1.5rem auto;padding:0 1rem}"
    "h1{font-size:1.25rem;margin:0 0 .3rem}h2{font-size:1rem;margin:1.4rem 0 .2rem;border-top:1px solid #dde3e8;padding-top:.8rem}"
    "ul{list-style:none;margin:0;padding:0}li{margin:.5rem 0}small{display:block;color:#5b6876}a{color:#0b5f5f}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: what it is, what there is to say about it, and the address of its page ("" if none is known)."""

    item: str
    title: str
    note: str
    url: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Things of one sort; ``name`` is what programs call it."""

    name: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What one owner has to know as of a day, which ``day`` has in words. Without sections there is nothing."""

    owner: str
    title: str
    today: str
    day: str
    until: str
    said: str
    sections: tuple[Section, ...]


def of_role(view: View, role: str, within: str) -> Digest:
    """Return the digest of a role; ``within`` says how far it looks ahead and back, such as "30 days"."""
    return _digest(view, role, view.title(role), [role], within)


def of_person(view: View, person: str, within: str) -> Digest:
    """Return the digest of a person: of all roles that the person holds, each thing once."""
    named = view.graph.items[person].get("roles")
    roles = [str(role) for role in named if role in view.graph.items] if isinstance(named, list) else []
    return _digest(view, person, view.title(person), roles, within)


def _digest(view: View, owner: str, title: str, roles: list[str], within: str) -> Digest:
    t = view.t
    until = add_period(view.today, within)
    every = agenda.entries(view)
    mine = list({entry.name: entry for role in roles for entry in agenda.for_role(view, role, every)}.values())
    mine += [entry for entry in every if entry.who == owner and entry not in mine]
    mine.sort(key=lambda entry: (entry.on, entry.item, entry.name))
    tasks = [entry for entry in mine if entry.kind != agenda.REVISION]
    sections = (
        Section("overdue", str(t("Overdue")), _tasks(view, [e for e in tasks if e.on < view.today])),
        Section("due", str(t("Due soon")), _tasks(view, [e for e in tasks if view.today <= e.on <= until])),
        Section("coming", str(t("Takes effect soon")), _coming(view, [e for e in mine if e.kind == agenda.REVISION])),
        Section("changed", str(t("Changed, to be read")), _changed(view, roles, within)),
        Section("off", str(t("Off target among your figures")), _off(view, roles)),
    )
    found = tuple(section for section in sections if section.lines)
    return Digest(owner, title, view.today, view.long_day(view.today), until, _said(view, found, until), found)


def _said(view: View, sections: Sequence[Section], until: str) -> str:
    """Say in one sentence what there is."""
    t = view.t
    counts = {section.name: len(section.lines) for section in sections}
    late, soon, coming, changed, off = (counts.get(n, 0) for n in ("overdue", "due", "coming", "changed", "off"))
    parts = [
        (late, t("{n} overdue", n=late)),
        (soon, t("{n} due until {day}", n=soon, day=view.long_day(until))),
        (coming, t("{n} soon to take effect", n=coming)),
        (changed, t("{n} changed", n=changed)),
        (off, t("{n} off target", n=off)),
    ]
    named = [str(said) for count, said in parts if count]
    if not named:
        return str(t("Nothing is due until {day}, and nothing changed.", day=view.long_day(until)))
    return ", ".join(named) + "."


def _tasks(view: View, entries: Sequence[Entry]) -> tuple[Line, ...]:
    t = view.t
    found = []
    for entry in entries:
        what = agenda.kind_words(view, entry.kind) + (f": {entry.detail}" if entry.detail else "")
        late = agenda.days_between(entry.on, view.today)
        note = t("Due on {day}: {what}", what=what, day=view.long_day(entry.on))
        if late == 1:
            note = t("Was due on {day}, overdue by 1 day: {what}", what=what, day=view.long_day(entry.on))
        elif late > 1:
            note = t("Was due on {day}, overdue by {n} days: {what}", what=what, day=view.long_day(entry.on), n=late)
        found.append(_line(view, entry.item, str(note), entry.on))
    return tuple(found)


def _coming(view: View, entries: Sequence[Entry]) -> tuple[Line, ...]:
    said = {(row.item, row.revision): row.change for row in agenda.coming(view)}
    rows = []
    for entry in entries:
        when = view.t("Revision {revision} from {day}", revision=entry.detail, day=view.long_day(entry.on))
        rows.append(_line(view, entry.item, _joined(str(when), said.get((entry.item, entry.detail), "")), entry.on))
    return tuple(rows)


def _changed(view: View, roles: list[str], within: str) -> tuple[Line, ...]:
    """Return the documents that must be known and took effect within a period before today."""
    rows = []
    for item in duties.documents(view, roles):
        effective = str(item.get("effective") or "")
        if view.is_day(effective) and effective <= view.today <= add_period(effective, within):
            revision = str(item.get("revision") or "")
            when = view.t("Revision {revision} since {day}", revision=revision, day=view.long_day(effective))
            rows.append(_line(view, item.id, _joined(str(when), str(item.get("change") or "")), effective))
    return tuple(sorted(rows, key=lambda line: (line.on, line.item)))


def _off(view: View, roles: list[str]) -> tuple[Line, ...]:
    if view.performance is None:
        return ()
    found = {}
    for role in roles:
        for group in view.performance.card("role", role).groups:
            for row in group.lines:
                if row.status == "off":
                    value = f"{row.value} {row.unit}".strip()
                    note = view.t("{value}, target {target}", value=value, target=row.target)
                    found[row.kpi] = _line(view, row.kpi, str(note), "")
    return tuple(found[kpi] for kpi in sorted(found))


def _line(view: View, item: str, note: str, on: str) -> Line:
    return Line(item, view.title(item), note, agenda.public_address(view, item), on)


def _joined(first: str, then: str) -> str:
    said = " ".join(then.split())
    return f"{first}: {said}" if said else first


# --- as text, mail and data -------------------------------------------------------------------------


def as_text(found: Digest) -> str:
    """Return a digest as plain text; no title can pass for a line of its own."""
    return "\n".join(_text_lines(found)) + "\n"


def _text_lines(found: Digest) -> Iterator[str]:
    yield visible(f"{found.title}, {found.day}")
    yield visible(found.said)
    for section in found.sections:
        yield ""
        yield f"{section.title} ({len(section.lines)})"
        for line in section.lines:
            yield visible(f"  {line.item} {line.title}")
            yield visible(f"    {line.note}")
            if line.url:
                yield visible(f"    {line.url}")


def as_html(found: Digest, language: str) -> str:
    """Return a digest as a page that stands by itself, without script, picture or request."""
    parts = [
        f'<!doctype html>\n<html lang="{html.escape(language)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(found.title)}</title><style>{STYLE}</style></head>\n<body>",
        f"<h1>{html.escape(found.title)}, {html.escape(found.day)}</h1><p>{html.escape(found.said)}</p>",
    ]
    for section in found.sections:
        rows = "".join(f"<li>{_linked(line)}<small>{html.escape(line.note)}</small></li>" for line in section.lines)
        parts.append(f"<h2>{html.escape(section.title)}</h2><ul>{rows}</ul>")
    return "\n".join(parts) + "</body></html>\n"


def _linked(line: Line) -> str:
    said = html.escape(f"{line.item} {line.title}")
    return f'<a href="{html.escape(line.url)}">{said}</a>' if line.url else f"<strong>{said}</strong>"


def as_data(found: Digest) -> dict[str, Any]:
    """Return a digest as data for other programs."""
    return {
        "owner": found.owner,
        "title": found.title,
        "as_of": found.today,
        "until": found.until,
        "summary": found.said,
        **{
            section.name: [
                {"item": x.item, "title": x.title, "note": x.note, "on": x.on, "url": x.url} for x in section.lines
            ]
            for section in found.sections
        },
    }
