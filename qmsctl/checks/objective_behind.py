"""An objective should be as far as its time has passed.

Why it matters: In the month before the date it is too late to act; half a year before it is not.

Example::

    === objectives/OBJ-001-audits.yaml
    id: OBJ-001
    type: objective
    title: Hold the audits we plan
    unit: "%"
    baseline: {value: 80, date: 2025-11-16}
    target: 95
    by: 2027-11-16
    kpis: [KPI-001]
    attainment: ◀
      - {kpi: KPI-001}
    === kpis/KPI-001-audits.yaml
    id: KPI-001
    type: kpi
    title: Audits held as planned
    unit: "%"
    direction: higher
    frequency: monthly
    compute: {type: manual}
    === kpi-logs/LOG-001-audits.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2026-10, value: 83, recorded: 2026-11-02}

How to fix: Look at the plan of the objective: which action is late, which one did not work, what else would? Its owner tells it in the next review.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods, words
from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures, Share

LEVEL = "warning"


def check(measures: Measures, today: str) -> Iterator[Finding]:
    for item in measures.graph.of_type("objective"):
        if not isinstance(item.get("by"), str) or item.get("by") < today:
            continue  # told by objective-past-date
        found = measures.attainment(item.id)
        if found.state != "off" or found.reached is None or found.due is None:
            continue
        late = sum(1 for row in item.get("actions") or () if str(row.get("by") or "9") < today and not row.get("done"))
        tip = (
            f"{late} of its actions {'is' if late == 1 else 'are'} overdue"
            if late
            else "look at its plan: what else would help?"
        )
        yield Finding(
            "objective-behind",
            f"{round(100 * found.reached)} % of the way, where {round(100 * found.due)} % of the time to "
            f"{periods.words(item.get('by'))} has passed: {'; '.join(_words(measures, s) for s in found.shares)}",
            item.position("attainment", key=True),
            tip,
            item=item.id,
        )


def _words(measures: Measures, share: Share) -> str:
    found = measures.definitions[share.kpi]
    over = f" over {share.over}" if share.over != "last period" else ""
    way = f"{words.shown(found, share.start, False)} to {words.shown(found, share.goal)}"
    return f"{share.kpi} {words.shown(found, share.value)}{over}, on the way from {way}"
