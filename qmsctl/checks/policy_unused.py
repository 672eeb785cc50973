"""Every policy should be carried out by a process or an SOP.

Why it matters: A policy that no work follows is a poster.

Example::

    === policies/POL-001-quality.md
    ---
    id: POL-001 ◀
    type: policy
    ---

How to fix: Name the policy in `policies` of the process or SOP that carries it out.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("policy"):
        if not graph.related(item.id, "carried out by"):
            yield Finding(
                "policy-unused",
                "no process or SOP carries this policy out",
                item.position("id"),
                "name it in `policies` of the process or SOP that does",
                item=item.id,
            )
