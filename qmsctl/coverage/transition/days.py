"""The days that count: when the old edition and its certificate end, when to switch, and the days between."""

from __future__ import annotations

import datetime

from qmsctl.coverage import Coverage
from qmsctl.coverage.transition.model import Days
from qmsctl.model import mapping_of

MARGIN = 180
"""How many days before the last day a switch is suggested where none is set."""


def days_of(old: Coverage, new: Coverage, today: str) -> Days:
    """Return the days that count: when the switch is, when the old edition and its certificate end."""
    catalogue, standard = old.catalogue, old.standard
    about = mapping_of(catalogue.get("transition"))
    certificate = mapping_of(standard.get("certificate")) if standard else {}
    ends = day_of(about.get("until"))
    until = day_of(certificate.get("until"))
    switch = day_of(new.standard.get("switch")) if new.standard else ""
    last = min((day for day in (ends, until) if day), default="")
    suggested = not switch and bool(last)
    if suggested:
        # Where less than the margin is left, half of what is left.
        early = datetime.date.fromisoformat(last) - datetime.timedelta(days=MARGIN)
        switch = max(early.isoformat(), between(today, last, 0.5))
    return Days(
        today, switch, suggested, ends, str(about.get("note") or ""), until,
        str(certificate.get("number") or ""), str(certificate.get("body") or ""),
    )  # fmt: skip


def day_of(value: object) -> str:
    try:
        return datetime.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return ""


def between(start: str, end: str, share: float) -> str:
    """The working day at a share of the time between two days; the first one where the second is past."""
    one, other = datetime.date.fromisoformat(start), datetime.date.fromisoformat(end)
    if other <= one:
        return start
    day = one + datetime.timedelta(days=round((other - one).days * share))
    if day != other:
        day = max(one, day - datetime.timedelta(days=max(0, day.weekday() - 4)))
    return day.isoformat()
