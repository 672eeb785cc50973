"""An exclusion must have a reason.

Why it matters: An auditor accepts that a clause does not apply when it says why and that no customer is
harmed; not otherwise.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1
    exclusions:
      - {clause: demo-1/4.1} ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4", topic: Context, heading: true}
      - {key: "4.1", topic: Situation, documented: record}

How to fix: Add a `reason` to the exclusion.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("standard"):
        rows = item.get("exclusions")
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(row, dict) and not str(row.get("reason") or "").strip():
                yield Finding(
                    "exclusion-without-reason",
                    f"{row.get('clause')} is excluded without a reason",
                    item.position("exclusions", index),
                    "say why it does not apply and harms no customer",
                    item=item.id,
                )
