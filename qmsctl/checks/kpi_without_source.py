"""Every KPI should have a source.

Why it matters: Without a source the figure cannot be repeated, and an auditor cannot follow it.

Example::

    === kpis/KPI-001-x.yaml
    id: KPI-001 ◀
    type: kpi

How to fix: Add `source` to the KPI, or name a data source in `compute`; where people record the values, write `compute: {type: manual}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("kpi"):
        if item.get("source") in (None, {}) and not _computed(item):
            yield Finding(
                "kpi-without-source", "this KPI has no source", item.position("id"), "add `source`", item=item.id
            )


def _computed(item: Item) -> bool:
    """Tell whether a data source, or that people record the values, stands in the computation."""
    compute = item.get("compute")
    if not isinstance(compute, Mapping):
        return False
    rows = [r for r in compute.get("parts") or () if isinstance(r, Mapping)]
    return compute.get("type") == "manual" or any(r.get("source") for r in (compute, *rows))
