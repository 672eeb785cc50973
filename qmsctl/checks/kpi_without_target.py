"""Every KPI should have a target.

Why it matters: Without a target a value is neither good nor bad, and nobody reacts.

Example::

    === kpis/KPI-001-x.yaml
    id: KPI-001 ◀
    type: kpi

How to fix: Add `target` to the KPI.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("kpi"):
        if item.get("target") in (None, {}):
            yield Finding(
                "kpi-without-target", "this KPI has no target", item.position("id"), "add `target`", item=item.id
            )
