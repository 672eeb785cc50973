"""Every process should have a customer.

Why it matters: Work that nobody takes over serves nobody; a customer is an interested party, or a process
that takes an output.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001 ◀
    type: process
    title: Buy
    class: core
    outputs:
      - {key: list, name: List}
    ---

How to fix: Say who takes an output (`to`, or `from` in the other process), or name the interested party in
`customers`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("process"):
        served = item.get("customers") or any(
            part.data.get("to") or graph.links_to_ref(part.ref) for part in graph.parts_of(item.id, "outputs")
        )
        if not served:
            yield Finding(
                "process-without-customer",
                "nobody takes what this process makes",
                item.position("id"),
                "say who receives an output, or name an interested party in `customers`",
                item=item.id,
            )
