"""What is recorded in a KPI log can be taken as it stands.

Why it matters: A value for a month that does not exist, or in another unit, is left out or misread, and nobody notices.

Example::

    === kpis/KPI-001-audits.yaml
    id: KPI-001
    type: kpi
    unit: "%"
    frequency: quarterly
    compute: {type: manual}
    === kpi-logs/LOG-001-audits.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2026-Q5, value: 92, recorded: 2026-10-02} ◀
      - {period: 2026-08, value: 92, recorded: 2026-10-02} ◀
      - {period: 2026-Q1, value: 0.92, unit: share, recorded: 2026-04-02} ◀
      - {period: 2026-Q2, numerator: 11, recorded: 2026-07-02} ◀
      - {period: 2026-Q2, numerator: 11, denominator: 0, recorded: 2026-07-02} ◀
      - {period: 2026-Q3, value: 92, recorded: 2026-09-15} ◀
    explanations:
      - {period: 2026-06, until: 2026-05, cause: The auditor was ill., written: 2026-07-06} ◀
    === kpis/KPI-002-on-time.yaml
    id: KPI-002
    type: kpi
    compute: {type: simple, parts: [{name: late, count: rows, source: SRC-001}]}
    === kpi-logs/LOG-002-on-time.yaml
    id: LOG-002
    type: kpi-log
    kpi: KPI-002
    values: ◀
      - {period: 2026-10, value: 92, recorded: 2026-11-02}

How to fix: Write the period as the frequency of the KPI has it, the value in its unit, and record it when the period is over. A wrong entry is corrected by a later one for the same period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qmsctl.graph import Graph
from qmsctl.measures import periods
from qmsctl.model import FieldPath, Finding, Item

LEVEL = "error"

Fault = tuple[FieldPath, str, str]


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        if item.type != "kpi-log":
            continue
        kpi = graph.items.get(str(item.get("kpi")))
        if kpi is not None and kpi.type == "kpi" and item.get("values"):
            yield from (_finding(item, fault) for fault in _kind(kpi))
        for at, row in _rows(item, "values"):
            for path, message, tip in _value(kpi, row):
                yield _finding(item, (("values", at, *path), message, tip))
        for at, row in _rows(item, "explanations"):
            for path, message, tip in _explanation(row):
                yield _finding(item, (("explanations", at, *path), message, tip))


def _finding(item: Item, fault: Fault) -> Finding:
    path, message, tip = fault
    return Finding("kpi-value-invalid", message, item.position(*path, key=path == ("values",)), tip, item=item.id)


def _rows(item: Item, field: str) -> list[tuple[int, Mapping[str, Any]]]:
    rows = item.get(field)
    return [(at, r) for at, r in enumerate(rows if isinstance(rows, list) else ()) if isinstance(r, Mapping)]


def _kind(kpi: Item) -> Iterator[Fault]:
    compute = kpi.get("compute")
    kind = compute.get("type") if isinstance(compute, Mapping) else None
    if kind is None:
        yield (
            ("values",),
            f"{kpi.id} does not say that its values are recorded by people",
            "add to it: compute: {type: manual}",
        )
    elif kind != "manual":
        message = f"{kpi.id} is computed from data; what is recorded here is shown nowhere"
        yield ("values",), message, "have the data mended in the system of record, and explain the value here"


def _value(kpi: Item | None, row: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _period(row, "period")
    period = _parsed(row.get("period"))
    grain = periods.BY_FREQUENCY.get(str(kpi.get("frequency"))) if kpi is not None else None
    recorded = str(row.get("recorded") or "")
    if period is not None and grain is not None and period.grain != grain and kpi is not None:
        right = periods.of(period.last, grain).key
        message = f"{kpi.id} has a value for each {grain}, and `{period.key}` is a {period.grain}"
        yield ("period",), message, f"write it such as {right}"
    if period is not None and recorded and recorded < period.last:
        message = f"{periods.words(period.key)} was not over on {periods.words(recorded)}"
        yield ("recorded",), message, "record the value when the period is over"
    unit = kpi.get("unit") if kpi is not None else None
    if row.get("unit") and unit and row["unit"] != unit:
        yield (
            ("unit",),
            f"recorded in {row['unit']}; {kpi.id if kpi else ''} is in {unit}",
            f"convert the value to {unit}",
        )
    parts = [name for name in ("numerator", "denominator") if row.get(name) is not None]
    if len(parts) == 1:
        lacking = "denominator" if parts == ["numerator"] else "numerator"
        yield (parts[0],), f"the {parts[0]} has no {lacking}", f"add the {lacking}, or write the value"
    elif not parts and row.get("value") is None:
        yield ("period",), "this entry has no value", "add `value`, or `numerator` and `denominator`"
    elif row.get("denominator") == 0:
        yield ("denominator",), "nothing can be divided by 0", "where there was nothing to count, leave the period out"


def _explanation(row: Mapping[str, Any]) -> Iterator[Fault]:
    yield from _period(row, "period")
    yield from _period(row, "until")
    first, last = _parsed(row.get("period")), _parsed(row.get("until"))
    if first is not None and last is not None and last.last < first.first:
        message = f"{periods.words(last.key)} is before {periods.words(first.key)}"
        yield ("until",), message, "`period` is the first period it explains, `until` the last"


def _period(row: Mapping[str, Any], field: str) -> Iterator[Fault]:
    try:
        periods.parse(str(row[field]) if row.get(field) is not None else "2000")
    except periods.PeriodFault as fault:
        message, _, tip = str(fault).partition("; ")
        yield (field,), message, tip


def _parsed(text: Any) -> periods.Period | None:
    try:
        return periods.parse(str(text))
    except periods.PeriodFault:
        return None
