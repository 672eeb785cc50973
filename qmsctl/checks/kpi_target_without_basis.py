"""A target should say where it comes from.

Why it matters: A target that nobody can trace is bargained down when it is missed, and nobody can say whether reaching it is enough.

Example::

    === kpis/KPI-001-x.yaml
    id: KPI-001
    type: kpi
    direction: higher
    target: 97 ◀

How to fix: Write in `basis` what the target rests on: an objective, a contract, a benchmark, what the process has shown it can do.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("kpi"):
        said = next((name for name in ("target", "limits") if item.get(name) not in (None, {})), "")
        if said and not str(item.get("basis") or "").strip():
            yield Finding(
                "kpi-target-without-basis",
                "nothing says where this target comes from"
                if said == "target"
                else "nothing says where these limits come from",
                item.position(said, key=said == "limits"),
                "add `basis`: the objective, contract or figure it rests on",
                item=item.id,
            )
