"""Where a process behaved unusually, somebody should have found out why.

Why it matters: A signal is the process saying that something changed. Its cause is easy to find in the same month and lost after a year, whether it made things worse or better.

Example::

    === kpis/KPI-001-scrap.yaml
    id: KPI-001 ◀
    type: kpi
    title: Scrap
    unit: "%"
    direction: lower
    frequency: monthly
    compute: {type: manual}
    === kpi-logs/LOG-001-scrap.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2025-12, value: 2.0, recorded: 2026-01-05}
      - {period: 2026-01, value: 2.1, recorded: 2026-02-05}
      - {period: 2026-02, value: 1.9, recorded: 2026-03-05}
      - {period: 2026-03, value: 2.0, recorded: 2026-04-05}
      - {period: 2026-04, value: 2.1, recorded: 2026-05-05}
      - {period: 2026-05, value: 2.0, recorded: 2026-06-05}
      - {period: 2026-06, value: 1.9, recorded: 2026-07-05}
      - {period: 2026-07, value: 2.0, recorded: 2026-08-05}
      - {period: 2026-08, value: 4.0, recorded: 2026-09-05}
      - {period: 2026-09, value: 2.1, recorded: 2026-10-05}
      - {period: 2026-10, value: 2.0, recorded: 2026-11-05}

How to fix: Ask those who were there, and write the cause down: `qmsctl kpi explain KPI-001 --period 2026-08 --cause "…"`. Where the process was changed on purpose, say that a new level begins, and limits are computed anew from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods
from qmsctl.measures.model import TOTAL
from qmsctl.model import Finding, add_period

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures
    from qmsctl.measures.model import Signal

LEVEL = "warning"

MOST = 3
LASTING = 8
"""A stretch of so many periods may be a new level."""


def check(measures: Measures, today: str) -> Iterator[Finding]:
    since = add_period(today, "-12 months")
    for kpi in measures.definitions:
        total = _signals(measures, kpi, TOTAL, since)
        covered = {period for signal in total for period in signal.periods}
        for place in (TOTAL, *measures.locations(kpi)):
            signals = total if place == TOTAL else _signals(measures, kpi, place, since)
            if place != TOTAL:
                signals = [s for s in signals if not covered.intersection(s.periods)]
            silent = [s for s in signals if not _explained(measures, kpi, place, s)]
            if silent:
                yield _finding(measures, kpi, place, silent)


def _signals(measures: Measures, kpi: str, place: str, since: str) -> list[Signal]:
    judged = measures.judged(kpi, place)
    every = judged.behaviour.signals if judged is not None else ()
    return [s for s in every if periods.parse(s.period).last >= since]


def _explained(measures: Measures, kpi: str, place: str, signal: Signal) -> bool:
    """Tell whether something is written about the period that completes it; for the total, also about a location."""
    every = (e for e in measures.explanations(kpi) if not e.location or place in (TOTAL, e.location))
    return any(e.covers(signal.period) for e in every)


def _finding(measures: Measures, kpi: str, place: str, signals: list[Signal]) -> Finding:
    where = f" at {measures.graph.title(place)}" if place else ""
    option = f" --location {place}" if place else ""
    found = _stretches(signals)
    more = f"{len(found) - MOST} earlier ones; " if len(found) > MOST else ""
    newest = max(found[-1], key=lambda s: len(s.periods))
    lasting = any(len({p for s in rows for p in s.periods}) >= LASTING for rows in found)
    level = "; --new-level where the process was changed on purpose" if lasting else ""
    return Finding(
        "kpi-signal-unexplained",
        f"nobody has explained{where}: {more}{'; '.join(_words(rows) for rows in found[-MOST:])}",
        measures.graph.items[kpi].position("id"),
        f"find out what was different: qmsctl kpi explain {kpi}{option} --period {newest.periods[0]} --cause …{level}",
        item=kpi,
    )


def _stretches(signals: list[Signal]) -> list[list[Signal]]:
    """Return signals that overlap or follow each other at once as one stretch: it takes one answer."""
    found: list[list[Signal]] = []
    end = ""
    for signal in sorted(signals, key=lambda s: (s.periods[0], s.period)):
        if found and signal.periods[0] <= periods.shift(periods.parse(end), 1).key:
            found[-1].append(signal)
        else:
            found.append([signal])
        end = max(end, signal.periods[-1])
    return found


def _words(rows: list[Signal]) -> str:
    longest = max(rows, key=lambda s: len(s.periods))
    if len(rows) == 1:
        return longest.words
    first, last = rows[0].periods[0], max(s.periods[-1] for s in rows)
    span = periods.words(first) if first == last else f"{periods.words(first)} to {periods.words(last)}"
    return f"{len(rows)} signals {span}, such as {longest.words}"
