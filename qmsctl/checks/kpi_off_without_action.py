"""Where a KPI is off target, somebody says why and what is done, within the time that was agreed.

Why it matters: A target that may be missed without anybody saying a word is no target.

Example::

    === kpis/KPI-001-audits.yaml
    id: KPI-001
    type: kpi
    title: Audits held as planned
    owner: quality-manager
    unit: "%"
    direction: higher
    target: 90 ◀
    frequency: monthly
    react_within: 10 days
    compute: {type: manual}
    === kpi-logs/LOG-001-audits.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2026-08, value: 93, recorded: 2026-09-02}
      - {period: 2026-09, value: 81, recorded: 2026-10-02}
      - {period: 2026-10, value: 84, recorded: 2026-11-02}

How to fix: Find the cause and write it down with the action: `qmsctl kpi explain KPI-001 --period 2026-09 --cause "…" --action "…"`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods, words
from qmsctl.measures.model import TOTAL
from qmsctl.model import Finding, add_period

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures
    from qmsctl.measures.model import Judged, JudgedPoint

LEVEL = "warning"


def check(measures: Measures, today: str) -> Iterator[Finding]:
    for kpi in measures.definitions:
        places = [TOTAL] if measures.status(kpi) == "off" else measures.locations(kpi)
        for place in places:
            judged = measures.judged(kpi, place)
            run = _off_run(judged) if judged is not None else []
            if judged is not None and run and not _answered(measures, judged, run):
                finding = _late(measures, judged, run, today)
                if finding is not None:
                    yield finding


def _off_run(judged: Judged) -> list[JudgedPoint]:
    """Return the points that have been off target up to the latest one, oldest first; gaps do not end it."""
    run: list[JudgedPoint] = []
    for point in reversed(judged.points):
        if point.status not in ("off", "none") or (point.status == "none" and not run):
            break
        if point.status == "off":
            run.insert(0, point)
    return run


def _answered(measures: Measures, judged: Judged, run: list[JudgedPoint]) -> bool:
    """Tell whether somebody wrote about one of the periods since it began; for the total, also about a location."""
    began = periods.parse(run[0].period).first
    return any(
        e.written >= began and any(e.covers(p.period) for p in run)
        for e in measures.explanations(judged.definition.kpi)
        if not e.location or judged.location in (TOTAL, e.location)
    )


def _late(measures: Measures, judged: Judged, run: list[JudgedPoint], today: str) -> Finding | None:
    found, latest = judged.definition, run[-1]
    due = add_period(periods.parse(run[0].period).last, f"{found.react_within} days")
    if due >= today:
        return None
    item = measures.graph.items[found.kpi]
    where = f" at {measures.graph.title(judged.location)}" if judged.location else ""
    since = f", off since {periods.words(run[0].period)}" if len(run) > 1 else ""
    option = f" --location {judged.location}" if judged.location else ""
    return Finding(
        "kpi-off-without-action",
        f"{words.shown(found, latest.value)}{where} in {periods.words(latest.period)}, agreed {words.aim(found, latest.target)}"
        f"{since}; nobody wrote down why within {found.react_within} days",
        item.position("target" if item.get("target") is not None else "limits", key=item.get("target") is None),
        f"{_who(measures, found.owner)}: qmsctl kpi explain {found.kpi}{option} --period {run[0].period} --cause … --action …",
        item=found.kpi,
    )


def _who(measures: Measures, owner: str) -> str:
    return measures.graph.title(owner) if owner else "find the cause and act"
