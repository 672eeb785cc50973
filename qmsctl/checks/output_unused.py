"""Every output should be taken by somebody.

Why it matters: An output that nobody takes is work for nothing, or a hand-off that nobody has agreed.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001
    type: process
    title: Buy
    class: core
    outputs:
      - {key: list, name: Price list} ◀
    ---

How to fix: Name it as an input of the process that takes it, or say in `to` which interested party receives
it.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("process"):
        for part in graph.parts_of(item.id, "outputs"):
            if not part.data.get("to") and not any(graph.is_current(x.source) for x in graph.links_to_ref(part.ref)):
                yield Finding(
                    "output-unused",
                    f'nobody takes the output "{part.title}"',
                    item.position("outputs", part.index),
                    f"name {part.ref} in `from` of an input, or say in `to` who receives it",
                    item=item.id,
                )
