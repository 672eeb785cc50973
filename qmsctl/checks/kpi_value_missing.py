"""Every KPI that is measured has a trustworthy value of its last period.

Why it matters: A KPI without a value is not green. Whoever looks at the board must see that nobody knows, and why.

Example::

    === kpis/KPI-001-audits.yaml
    id: KPI-001
    type: kpi
    title: Audits held as planned
    frequency: monthly ◀
    react_within: 10 days
    compute: {type: manual}
    === kpi-logs/LOG-001-audits.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2026-07, value: 93, recorded: 2026-08-02}
      - {period: 2026-08, value: 91, recorded: 2026-09-02}
    === kpis/KPI-002-on-time.yaml
    id: KPI-002
    type: kpi
    title: Deliveries on time
    frequency: monthly
    compute: ◀
      type: simple
      parts:
        - {name: late, count: rows, source: SRC-001}

How to fix: Record the value (`qmsctl kpi record`), compute it (`qmsctl kpi compute`), or have the data mended as the finding says. Where the KPI is no longer wanted, make it obsolete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods
from qmsctl.measures.model import TOTAL
from qmsctl.model import Finding, add_period

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures
    from qmsctl.measures.model import Definition

LEVEL = "warning"


def check(measures: Measures, today: str) -> Iterator[Finding]:
    for kpi, found in measures.definitions.items():
        item = measures.graph.items[kpi]
        if found.kind == "manual":
            message, field = _not_recorded(measures, found, today), "frequency"
            tip = f"qmsctl kpi record {kpi} --period {_expected(found, today).key} --value … --evidence …"
        elif found.kind != "none":
            message, field = _not_computed(measures, found), "compute"
            tip = f"mend what is said here; then: qmsctl kpi compute {kpi}"
        else:
            continue
        if message:
            where = item.position(field, key=field == "compute" or item.get(field) is None)
            yield Finding("kpi-value-missing", message, where, tip, item=kpi)


def _expected(found: Definition, today: str) -> periods.Period:
    """Return the last period whose value people have had time to record."""
    period = periods.last_complete(today, found.grain)
    while add_period(period.last, f"{found.react_within} days") >= today:
        period = periods.shift(period, -1)
    return period


def _not_recorded(measures: Measures, found: Definition, today: str) -> str:
    """Return what people have not recorded in time; "" where nothing is missing."""
    period = _expected(found, today)
    rows = [r for r in measures.recorded(found.kpi) if r.recorded <= today]
    if not rows:
        effective = str(measures.graph.items[found.kpi].get("effective") or "")
        return "" if effective > period.first else "nobody has recorded a value yet"
    places = sorted({r.location for r in rows})
    lacking = []
    for place in [TOTAL] if TOTAL in places else places:
        series = measures.series(found.kpi, place)
        points = {p.period: p for p in series.points} if series is not None else {}
        point = points.get(period.key)
        if point is not None and point.value is not None and not point.doubt:
            continue
        if points and min(points) > period.key:
            continue  # it began later
        known = [p.period for p in points.values() if p.value is not None and not p.doubt]
        where = f" at {measures.graph.title(place)}" if place else ""
        why = f": {point.doubt}" if point is not None and point.doubt else ""
        last = f"; the last one is of {periods.words(max(known))}" if known and not why else ""
        lacking.append(f"no value{where} for {periods.words(period.key)}{why}{last}")
    return ", ".join(lacking)


def _not_computed(measures: Measures, found: Definition) -> str:
    """Return why there is no trustworthy computed value; "" where there is one."""
    run = measures.run(found.kpi)
    judged = measures.judged(found.kpi)
    latest = judged.latest if judged is not None else None
    if latest is None:
        if run is not None and run.definition == found.digest and not run.fault:
            return "no value at all: its data does not cover a whole period yet"
        return f"no value at all: {measures.missing(found.kpi)}"
    if latest.value is not None:
        return ""
    period = periods.parse(latest.period)
    if latest.point.doubt:
        why = latest.point.doubt
    elif run is not None and run.computed[:10] <= period.last:
        why = f"it was last computed on {periods.words(run.computed[:10])}"
    else:
        why = "its rows give no number; nothing can be divided by 0"
    return f"no trustworthy value for {periods.words(latest.period)}: {why}"
