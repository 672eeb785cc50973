"""What the contract of a source warns of, or what was wrong with its data long ago, should be looked at or explained.

Why it matters: A gap of last spring stays in every chart and every yearly figure; in two years nobody remembers what it was.

Example::

    === data-sources/SRC-001-deliveries.yaml
    id: SRC-001
    type: data-source
    title: Deliveries
    system: ERP
    format: csv
    location: deliveries.csv
    time_column: handed_over
    rows_every: month ◀
    contract: ◀
      properties:
        - {name: handed_over, logicalType: date}
        - name: carrier
          logicalType: string
          quality: [{metric: nullValues, mustBe: 0, severity: warning}]
    === kpis/KPI-001-deliveries.yaml
    id: KPI-001
    type: kpi
    title: Deliveries
    frequency: monthly
    compute:
      type: simple
      source: SRC-001
      parts:
        - {name: sent, count: rows}
    === data/deliveries.csv
    handed_over,carrier
    2026-03-05,Nord
    2026-05-06,Nord
    2026-06-04,Nord
    2026-07-08,Nord
    2026-08-06,Nord
    2026-09-04,Nord
    2026-10-05,
    2026-11-04,Nord

How to fix: Have the rows mended, or write into the log of each KPI it touches what happened: `qmsctl kpi explain KPI-001 --period 2026-04 --cause "…"`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods
from qmsctl.model import Finding, add_period

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures
    from qmsctl.measures.model import Breach

LEVEL = "warning"

PLACES = {"stale": "late_after", "gap": "rows_every"}


def check(measures: Measures, today: str) -> Iterator[Finding]:
    lately = add_period(today, "-90 days")
    for name in measures.sources:
        hit = [k for k, d in measures.definitions.items() if any(a.source == name for a in d.aggregates.values())]
        state = measures.source_state(name)
        if not hit or state is None or state.fault or state.health is None:
            continue
        item = measures.graph.items[name]
        for breach in state.health.breaches:
            old = bool(breach.days) and max(breach.days) < lately
            unexplained = [k for k in hit if not _explained(measures, k, breach)]
            if (breach.level == "error" and not old) or (old and not unexplained):
                continue  # the one is told by data-contract-broken, the other is done with
            field = PLACES.get(breach.rule, "contract")
            tip = f"{breach.help}; or explain it: qmsctl kpi explain {unexplained[0]}" if unexplained else breach.help
            yield Finding(
                "data-contract-doubtful",
                f"{breach.message} (touches {', '.join(hit)})",
                item.position(field, key=field == "contract"),
                tip,
                item=name,
            )


def _explained(measures: Measures, kpi: str, breach: Breach) -> bool:
    """Tell whether somebody wrote down what was the matter in each period with bad or missing rows."""
    grain = measures.definitions[kpi].grain
    touched = {periods.of(day, grain).key for day in breach.days}
    mine = [e for e in measures.explanations(kpi) if e.location in ("", breach.location)]
    return bool(touched) and all(any(e.covers(period) for e in mine) for period in touched)
