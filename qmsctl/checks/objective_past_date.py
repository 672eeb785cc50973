"""An objective is reached by its date, or there is a word about it.

Why it matters: An objective whose date passes in silence teaches everybody that the next one need not be taken seriously either.

Example::

    === objectives/OBJ-001-audits.yaml
    id: OBJ-001
    type: objective
    title: Hold the audits we plan
    unit: "%"
    baseline: {value: 80, date: 2025-06-30}
    target: 95
    by: 2026-10-31 ◀
    kpis: [KPI-001]
    attainment: [{kpi: KPI-001}]
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
      - {period: 2026-10, value: 89, recorded: 2026-11-02}

How to fix: Decide in the management review: a new date with the reason in `change`, another aim, or `status: obsolete` with what was learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods
from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.measures.board import Attainment, Measures

LEVEL = "warning"


def check(measures: Measures, today: str) -> Iterator[Finding]:
    for item in measures.graph.of_type("objective"):
        by = item.get("by")
        if not isinstance(by, str) or by >= today:
            continue
        found = measures.attainment(item.id)
        if found.reached is not None and found.reached >= 1:
            continue
        yield Finding(
            "objective-past-date",
            f"this was to be reached by {periods.words(by)}, and {_state(found)}",
            item.position("by"),
            "decide on it: another date with the reason, another aim, or status: obsolete",
            item=item.id,
        )


def _state(found: Attainment) -> str:
    if found.reached is not None:
        return f"it is {int(100 * found.reached)} % of the way"
    lacking = [s.kpi for s in found.shares if s.share is None]
    if lacking:
        return f"nobody knows how far it is: {', '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} no trustworthy value"
    return "nobody can say how far it is: it names no `attainment`"
