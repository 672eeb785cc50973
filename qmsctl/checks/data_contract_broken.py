"""Data arrives as its contract says.

Why it matters: A KPI made of rows that are missing, doubled or wrong looks like any other; whoever decides by it decides by chance.

Example::

    === data-sources/SRC-001-deliveries.yaml
    id: SRC-001
    type: data-source
    title: Deliveries
    system: ERP
    format: csv
    location: deliveries.csv
    time_column: handed_over
    late_after: 5 days ◀
    contract: ◀
      properties:
        - {name: delivery, logicalType: string, required: true}
        - {name: handed_over, logicalType: date}
        - {name: days_late, logicalType: integer, logicalTypeOptions: {minimum: -60}}
    === data-sources/SRC-002-returns.yaml
    id: SRC-002
    type: data-source
    title: Returns
    system: ERP
    format: csv
    location: returns.csv ◀
    time_column: received
    contract:
      properties:
        - {name: received, logicalType: date}
    === kpis/KPI-001-on-time.yaml
    id: KPI-001
    type: kpi
    title: Deliveries on time
    frequency: monthly
    compute:
      type: simple
      source: SRC-001
      parts:
        - {name: late, count: rows, where: [{column: days_late, above: 0}]}
    === kpis/KPI-002-returns.yaml
    id: KPI-002
    type: kpi
    title: Returns
    frequency: monthly
    compute:
      type: simple
      source: SRC-002
      parts:
        - {name: returned, count: rows}
    === data/deliveries.csv
    delivery,handed_over,days_late
    D-1,2026-09-07,0
    D-2,2026-10-05,2
    D-3,2026-11-04,-90

How to fix: Have the rows mended in the system of record, or change the contract where it demands too much; then `qmsctl kpi compute`. A gap that can never be filled is explained in the log of each KPI it touches; until it is 90 days old, a waiver says who accepts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.model import Finding, add_period

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures
    from qmsctl.measures.model import Breach

LEVEL = "error"

PLACES = {"stale": "late_after", "gap": "rows_every"}


def check(measures: Measures, today: str) -> Iterator[Finding]:
    lately = add_period(today, "-90 days")
    for name in measures.sources:
        hit = [k for k, d in measures.definitions.items() if any(a.source == name for a in d.aggregates.values())]
        state = measures.source_state(name)
        if not hit or state is None:
            continue
        item = measures.graph.items[name]
        found: list[tuple[str, str, str]] = []
        if state.fault:
            found = [("location", state.fault, state.help)]
        elif state.health is not None:
            broken = [b for b in state.health.breaches if b.level == "error" and _recent(b, lately)]
            found = [(PLACES.get(b.rule, "contract"), b.message, b.help) for b in broken]
        changed = state.digest != measures.sources[name].digest
        since = "; the contract was changed since this was found" if changed else ""
        for field, message, tip in found:
            yield Finding(
                "data-contract-broken",
                f"{message} (touches {', '.join(hit)}){since}",
                item.position(field, key=field == "contract"),
                f"{tip or 'see what arrived'}; then: qmsctl kpi compute",
                item=name,
            )


def _recent(breach: Breach, since: str) -> bool:
    return not breach.days or max(breach.days) >= since
