"""Values that were changed after they were told are pointed out.

Why it matters: Somebody may have decided by the old figure, printed it, or told it to a customer.

Example::

    === kpis/KPI-001-audits.yaml
    id: KPI-001 ◀
    type: kpi
    title: Audits held as planned
    unit: "%"
    frequency: monthly
    compute: {type: manual}
    === kpi-logs/LOG-001-audits.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2026-08, value: 93, recorded: 2026-09-02}
      - {period: 2026-08, value: 89, recorded: 2026-10-20}

How to fix: Tell those who use the figure. It is shown with both values, and the finding goes away after 90 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods, words
from qmsctl.measures.model import TOTAL
from qmsctl.model import Finding, add_period

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures
    from qmsctl.measures.model import Definition, Point

LEVEL = "note"

MOST = 4


def check(measures: Measures, today: str) -> Iterator[Finding]:
    since = add_period(today, "-90 days")
    for kpi, found in measures.definitions.items():
        told: set[str] = set()
        for place in (TOTAL, *measures.locations(kpi)):
            series = measures.series(kpi, place)
            points = [p for p in series.points if _seen(found, p, since, today)] if series is not None else []
            points = [p for p in points if p.period not in told]
            told.update(p.period for p in points if place == TOTAL)
            if not points:
                continue
            where = f" at {measures.graph.title(place)}" if place else ""
            rows = [
                f"{periods.words(p.period)} was {words.shown(found, p.was)} and is {words.shown(found, p.value)} "
                f"since {periods.words(p.restated)}"
                for p in points[-MOST:]
            ]
            more = f"; and {len(points) - MOST} more" if len(points) > MOST else ""
            yield Finding(
                "kpi-restated",
                f"restated{where}: {'; '.join(rows)}{more}",
                measures.graph.items[kpi].position("id"),
                "tell those who use the figure; nothing has to be changed here",
                item=kpi,
            )


def _seen(found: Definition, point: Point, since: str, today: str) -> bool:
    """Tell whether readers can see that a value was changed of late."""
    lately = bool(point.restated) and since <= point.restated[:10] <= today
    return lately and words.shown(found, point.was) != words.shown(found, point.value)
