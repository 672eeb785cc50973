"""A core process should be measured by an outcome.

Why it matters: Counting what was done says nothing about what the customer got.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001 ◀
    type: process
    title: Buy
    class: core
    ---
    === kpis/KPI-001-x.yaml
    id: KPI-001
    type: kpi
    kind: activity
    process: PRC-001

How to fix: Add a KPI of the kind `outcome`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    if item.type != "process" or not graph.is_current(item.id):
        return
    kpis = [graph.items[k] for k in graph.related(item.id, "kpis") if graph.is_current(k)]
    if item.get("class") == "core" and kpis and all(k.get("kind") == "activity" for k in kpis):
        yield Finding(
            "core-process-activity-only",
            "this core process is measured by activity only",
            item.position("id"),
            "add a KPI whose kind is `outcome`",
            item=item.id,
        )
