"""Every KPI should have a source.

Why it matters: Without a source the figure cannot be repeated, and an auditor cannot follow it.

Example::

    === kpis/KPI-001-x.yaml
    id: KPI-001 ◀
    type: kpi

How to fix: Add `source` to the KPI.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("kpi"):
        if item.get("source") in (None, {}):
            yield Finding(
                "kpi-without-source", "this KPI has no source", item.position("id"), "add `source`", item=item.id
            )
