"""A claim should name a clause, not a heading.

Why it matters: A heading demands nothing; claiming it hides which of its clauses are answered.

Example::

    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    clauses: [demo-1/4] ◀
    claims:
      - {clause: demo-1/4, how: evidences} ◀
    ---
    === kpis/KPI-001-returns.yaml
    id: KPI-001
    type: kpi
    clauses: [demo-1/4] ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4", topic: Context, heading: true}
      - {key: "4.1", topic: Situation, documented: record}

How to fix: Name the clauses below the heading.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import above
from qmsctl.graph import Graph
from qmsctl.model import Finding, Part

LEVEL = "warning"
CLAIMS = ("answered by", "evidenced by", "measured by", "claimed by")
FEW = 6


def check(graph: Graph) -> Iterator[Finding]:
    for link in graph.clause_links:
        part = graph.parts.get(link.part)
        spec = graph.spec_of(link)
        if part and part.data.get("heading") and spec and spec.inverse in CLAIMS:
            yield Finding(
                "clause-heading-claimed",
                f"{link.target} is a heading",
                link.position,
                f"name the clauses below {part.key}{_below(graph, part)}",
                item=link.source,
            )


def _below(graph: Graph, part: Part) -> str:
    """The numbers right below a heading, where they are few enough to be read."""
    keys = [p.key for p in graph.parts_of(part.item, "clauses") if above(p.key)[:1] == [part.key]]
    return f": {', '.join(keys)}" if 0 < len(keys) <= FEW else ""
