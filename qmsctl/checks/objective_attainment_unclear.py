"""The attainment of an objective can be told from the KPIs it names.

Why it matters: A share computed from the wrong figures says that all is well, or that nothing moves, and either may be false.

Example::

    === objectives/OBJ-001-returns.yaml
    id: OBJ-001
    type: objective
    unit: ppm
    baseline: {value: 820, date: 2025-12-31}
    target: 400
    kpis: [KPI-001, KPI-002]
    attainment:
      - {kpi: KPI-001}
      - {kpi: KPI-002} ◀
      - {kpi: KPI-003, from: 10, to: 5} ◀
      - {kpi: KPI-001, from: 400, to: 400} ◀
      - {kpi: KPI-001, from: 400, to: 820} ◀
    === kpis/KPI-001-returns.yaml
    id: KPI-001
    type: kpi
    unit: ppm
    direction: lower
    === kpis/KPI-002-cost.yaml
    id: KPI-002
    type: kpi
    unit: EUR
    direction: lower
    === kpis/KPI-003-days.yaml
    id: KPI-003
    type: kpi
    unit: days
    direction: lower

How to fix: Name KPIs of the objective, and write `from` and `to` in the unit of the KPI: where it stood, and where it shall be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"

Fault = tuple[str, str, str]


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("objective"):
        rows = item.get("attainment")
        related = graph.related(item.id, "kpis")
        for at, row in enumerate(rows if isinstance(rows, list) else ()):
            kpi = graph.items.get(str(row.get("kpi"))) if isinstance(row, Mapping) else None
            if kpi is None or kpi.type != "kpi":
                continue
            if kpi.id not in related:
                faults = [
                    ("kpi", f"{kpi.id} is none of the KPIs of this objective", "add it to `kpis`, or take it out")
                ]
            else:
                faults = list(_faults(item, kpi, row))
            for field, message, tip in faults:
                position = item.position("attainment", at, field if field in row else "kpi")
                yield Finding("objective-attainment-unclear", message, position, tip, item=item.id)


def _faults(item: Item, kpi: Item, row: Mapping[str, Any]) -> Iterator[Fault]:
    left_out = [name for name in ("from", "to") if row.get(name) is None]
    unit, own = item.get("unit"), kpi.get("unit")
    if left_out and unit and own and unit != own:
        yield (
            "kpi",
            f"{kpi.id} is in {own} and this objective in {unit}; {' and '.join(left_out)} would be read in the wrong unit",
            f"write `from` and `to` in {own}",
        )
        return
    baseline = item.get("baseline")
    start = row.get("from", baseline.get("value") if isinstance(baseline, Mapping) else None)
    goal = row.get("to", item.get("target"))
    if not _number(start) or not _number(goal):
        return
    way = kpi.get("direction")
    if start == goal:
        yield (
            "to",
            f"it shall go from {start:g} to {goal:g}, which is no way at all",
            "write where it stood and where it shall be",
        )
    elif (way == "lower" and goal > start) or (way == "higher" and goal < start):
        message = f"it shall go from {start:g} to {goal:g}, but of {kpi.id} {way} is better"
        yield "to", message, "exchange `from` and `to`, or look at the direction of the KPI"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
