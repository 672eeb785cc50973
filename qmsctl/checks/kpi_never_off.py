"""A target that was never missed in two years deserves a second look.

Why it matters: A target that is always reached moves nobody; it was set to be green, or the process has outgrown it.

Example::

    === kpis/KPI-001-training.yaml
    id: KPI-001
    type: kpi
    title: Training held as planned
    unit: "%"
    direction: higher
    target: 80 ◀
    frequency: quarterly
    compute: {type: manual}
    === kpi-logs/LOG-001-training.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2024-Q4, value: 97, recorded: 2025-01-05}
      - {period: 2025-Q1, value: 96, recorded: 2025-04-05}
      - {period: 2025-Q2, value: 98, recorded: 2025-07-05}
      - {period: 2025-Q3, value: 97, recorded: 2025-10-05}
      - {period: 2025-Q4, value: 97, recorded: 2026-01-05}
      - {period: 2026-Q1, value: 95, recorded: 2026-04-05}
      - {period: 2026-Q2, value: 97, recorded: 2026-07-05}
      - {period: 2026-Q3, value: 98, recorded: 2026-10-05}

How to fix: Set the target where it asks for something, with its basis and the old one under `earlier`; or measure what matters now instead. A target that cannot be set higher, such as 100 %, is left in peace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.measures import periods, words
from qmsctl.measures.judgement import MONTHS, reached
from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.measures.board import Measures
    from qmsctl.measures.model import Definition, JudgedPoint

LEVEL = "note"

LEAST_MONTHS = 24
LEAST_VALUES = 8


def check(measures: Measures) -> Iterator[Finding]:
    for kpi, found in measures.definitions.items():
        judged = measures.judged(kpi)
        rows = [p for p in judged.points if p.value is not None and p.status != "none"] if judged is not None else []
        if len(rows) < LEAST_VALUES or _months(found, rows) < LEAST_MONTHS or _utmost(found):
            continue
        if not all(reached(found.direction, p.target, p.value) for p in rows if p.value is not None):
            continue
        item = measures.graph.items[kpi]
        field = "target" if item.get("target") is not None else "limits"
        span = f"{periods.words(rows[0].period)} to {periods.words(rows[-1].period)}"
        yield Finding(
            "kpi-never-off",
            f"all {len(rows)} values, {span}, reached the target ({words.aim(found, rows[-1].target)}){_worst(found, rows)}",
            item.position(field, key=field == "limits"),
            "is the target honest? Set it where it asks for something, or say in `basis` why it is enough",
            item=kpi,
        )


def _months(found: Definition, rows: list[JudgedPoint]) -> int:
    if found.grain in MONTHS:
        return MONTHS[found.grain] * len(rows)
    return len({periods.parse(p.period).last[:7] for p in rows})


def _utmost(found: Definition) -> bool:
    """Tell whether the target cannot be set any higher."""
    target = found.targets[-1].target
    return (found.direction == "higher" and found.unit == "%" and target == 100) or (
        found.direction == "lower" and target == 0
    )


def _worst(found: Definition, rows: list[JudgedPoint]) -> str:
    values = [p.value for p in rows if p.value is not None]
    if found.direction == "within":
        return ""
    worst = min(values) if found.direction == "higher" else max(values)
    return f"; the worst was {words.shown(found, worst)}"
