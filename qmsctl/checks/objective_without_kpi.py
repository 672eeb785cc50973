"""Every objective should be measured by a KPI.

Why it matters: Without a measure nobody knows whether the objective is reached before the date has passed.

Example::

    === objectives/OBJ-001-x.yaml
    id: OBJ-001 ◀
    type: objective
    theme: STR-001#growth

How to fix: Name a KPI in the objective, or the objective in a KPI.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("objective"):
        if not graph.related(item.id, "kpis"):
            yield Finding(
                "objective-without-kpi",
                "no KPI shows whether this objective is reached",
                item.position("id"),
                "name one in `kpis`, or name the objective in the KPI's `objectives`",
                item=item.id,
            )
