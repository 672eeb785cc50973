"""Target and limits fit each other and the direction.

Why it matters: With a limit on the wrong side a bad value is shown as good, and nobody reacts.

Example::

    === kpis/KPI-001-on-time.yaml
    id: KPI-001
    type: kpi
    direction: higher
    target: 97
    limits:
      watch: 98 ◀
      "off": 93
    earlier:
      - until: 2025-12-31
        target: 95
        limits: {watch: 90, "off": 92} ◀
    === kpis/KPI-002-stock.yaml
    id: KPI-002
    type: kpi
    direction: within
    target: 6
    limits: {low: 7.5, high: 5} ◀

How to fix: Where higher is better, write off ≤ watch ≤ target; where lower is better, target ≤ watch ≤ off; for `within`, low ≤ target ≤ high.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from qmsctl.graph import Graph
from qmsctl.model import FieldPath, Finding

LEVEL = "error"

Fault = tuple[FieldPath, str, str]


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("kpi"):
        direction = item.get("direction")
        earlier = item.get("earlier")
        rows: list[tuple[FieldPath, Any]] = [((), item.fields)]
        rows += [(("earlier", at), row) for at, row in enumerate(earlier if isinstance(earlier, list) else ())]
        for here, row in rows:
            if isinstance(row, Mapping):
                for path, message, tip in _faults(str(direction), row):
                    yield Finding("kpi-limits-contradict", message, item.position(*here, *path), tip, item=item.id)
        days = [str(row.get("until")) for _, row in rows[1:] if isinstance(row, Mapping)]
        for at, day in enumerate(days):
            if day in days[:at]:
                yield Finding(
                    "kpi-limits-contradict",
                    f"two earlier targets are valid until {day}",
                    item.position("earlier", at, "until"),
                    "leave the one that was valid",
                    item=item.id,
                )


def _faults(direction: str, row: Mapping[str, Any]) -> Iterator[Fault]:
    limits = row.get("limits")
    edges = {k: v for k, v in limits.items() if _number(v)} if isinstance(limits, Mapping) else {}
    target = row.get("target") if _number(row.get("target")) else None
    if direction == "within":
        yield from _band(edges, target)
    elif direction in ("higher", "lower"):
        yield from _ladder(direction, edges, target)


def _band(edges: Mapping[str, float], target: float | None) -> Iterator[Fault]:
    for name in ("watch", "off"):
        if name in edges:
            yield (
                ("limits", name),
                f"`{name}` says nothing where the value shall lie within a band",
                "write low and high",
            )
    missing = [name for name in ("low", "high") if name not in edges]
    if missing and (edges or target is not None):
        path: FieldPath = ("limits",) if edges else ("target",)
        yield path, f"the band has no {' and no '.join(missing)}", "write limits: {low: …, high: …}"
    if not missing and edges["low"] > edges["high"]:
        yield (
            ("limits", "low"),
            f"the lower edge {edges['low']:g} is above the upper edge {edges['high']:g}",
            "exchange them",
        )
    elif not missing and target is not None and not edges["low"] <= target <= edges["high"]:
        message = f"the target {target:g} does not lie between {edges['low']:g} and {edges['high']:g}"
        yield ("target",), message, "for `within`, the target is the middle of the band"


def _ladder(direction: str, edges: Mapping[str, float], target: float | None) -> Iterator[Fault]:
    for name in ("low", "high"):
        if name in edges:
            yield (
                ("limits", name),
                f"`{name}` says nothing where {direction} is better",
                "write watch and off, or take direction: within",
            )
    order = [
        (n, v)
        for n, v in (("target", target), ("watch", edges.get("watch")), ("off", edges.get("off")))
        if v is not None
    ]
    side = "above" if direction == "higher" else "below"
    for (better, first), (worse, second) in pairwise(order):
        if second > first if direction == "higher" else second < first:
            yield (
                ("limits", worse),
                f"{direction} is better, but `{worse}` ({second:g}) is {side} `{better}` ({first:g})",
                "off ≤ watch ≤ target" if direction == "higher" else "target ≤ watch ≤ off",
            )


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
