"""Days as an iCalendar feed (RFC 5545), which any calendar can subscribe to."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qmsctl.printable import encodable, without_steering

WIDTH = 75
"""How many octets a line may have, by RFC 5545."""

_FIRST = datetime.date(2000, 1, 1)
_BREAK = re.compile("\r\n|[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_ESCAPED = re.compile(r"[\\;,]")

# An empty calendar breaks the grammar of RFC 5545, and some programs refuse it; a time zone that nothing uses fills it.
_NOTHING = (
    "BEGIN:VTIMEZONE",
    "TZID:UTC",
    "BEGIN:STANDARD",
    "DTSTART:19700101T000000",
    "TZOFFSETFROM:+0000",
    "TZOFFSETTO:+0000",
    "END:STANDARD",
    "END:VTIMEZONE",
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something on a whole day. ``uid`` must stay the same when the day or the title changes."""

    uid: str
    day: str
    summary: str
    description: str = ""
    url: str = ""
    category: str = ""


def feed(name: str, events: Iterable[Event], today: str) -> bytes:
    """Return a calendar as of a day. The same events on the same day give the same bytes."""
    head = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//qmsctl//calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{text(name)}",
        f"X-WR-CALNAME:{text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
        "X-PUBLISHED-TTL:P1D",
    ]
    body = [line for event in events for line in _event(event, today)]
    lines = [*head, *(body or _NOTHING), "END:VCALENDAR"]
    return b"".join(folded(line) for line in lines)


def sequence(today: str) -> int:
    """Return a number that is higher on every later day, so that a day that moved replaces the one known before."""
    return max(0, (datetime.date.fromisoformat(today) - _FIRST).days)


def text(value: str) -> str:
    """Write a value of type TEXT: nothing in it can end its line."""
    lines = [without_steering(encodable(line)) for line in _BREAK.split(value.strip())]
    return "\\n".join(_ESCAPED.sub(r"\\\g<0>", line) for line in lines)


def folded(line: str) -> bytes:
    """Break a line into pieces of at most 75 octets, never inside a character."""
    if len(line) <= WIDTH and line.isascii():
        return line.encode() + b"\r\n"
    pieces: list[bytes] = []
    piece = b""
    for character in line:
        octets = character.encode()
        if len(piece) + len(octets) > WIDTH:
            pieces.append(piece)
            piece = b" "
        piece += octets
    return b"\r\n".join([*pieces, piece]) + b"\r\n"


def _event(event: Event, today: str) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{text(event.uid)}"
    yield f"DTSTAMP:{today.replace('-', '')}T000000Z"
    yield f"SEQUENCE:{sequence(today)}"
    yield f"DTSTART;VALUE=DATE:{event.day.replace('-', '')}"
    yield f"SUMMARY:{text(event.summary)}"
    if event.description:
        yield f"DESCRIPTION:{text(event.description)}"
    if event.url:
        yield f"URL:{_BREAK.sub('', event.url)}"
    if event.category:
        yield f"CATEGORIES:{text(event.category)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"
