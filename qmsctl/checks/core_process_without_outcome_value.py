"""Of every core process it is known what the customer gets from it.

Why it matters: A core process nobody can see the results of is led by opinion.

Example::

    === processes/PRC-001-deliver.md
    ---
    id: PRC-001 ◀
    type: process
    title: Deliver
    class: core
    ---
    === kpis/KPI-001-on-time.yaml
    id: KPI-001
    type: kpi
    title: Deliveries on time
    kind: outcome
    process: PRC-001
    frequency: monthly
    react_within: 10 days
    compute: {type: manual}
    === kpi-logs/LOG-001-on-time.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2026-08, value: 93, recorded: 2026-09-02}

How to fix: Bring the values of one of its outcome KPIs up to date; the findings at those KPIs say what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods
from qmsctl.model import Finding, add_period

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures

LEVEL = "warning"


def check(measures: Measures, today: str) -> Iterator[Finding]:
    for item in measures.graph.of_type("process"):
        if item.get("class") != "core":
            continue
        outcomes = [k for k in measures.of_process(item.id) if measures.definitions[k].outcome]
        if outcomes and not any(_fresh(measures, k, today) for k in outcomes):
            yield Finding(
                "core-process-without-outcome-value",
                f"nobody knows how this core process is doing: no trustworthy value of {', '.join(outcomes)}",
                item.position("id"),
                f"bring one of them up to date: qmsctl kpi show {outcomes[0]}",
                item=item.id,
            )


def _fresh(measures: Measures, kpi: str, today: str) -> bool:
    """Tell whether there is a trustworthy value, and the next one is not due yet."""
    found, judged = measures.definitions[kpi], measures.judged(kpi)
    known = [p for p in judged.points if p.value is not None] if judged is not None else []
    if not known:
        return False
    following = periods.shift(periods.parse(known[-1].period), 1)
    return add_period(following.last, f"{found.react_within if found.kind == 'manual' else 0} days") >= today
