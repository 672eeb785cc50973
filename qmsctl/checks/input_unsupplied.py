"""Every input should come from somewhere.

Why it matters: An input without a source is waited for, and nobody knows whom to ask.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001
    type: process
    title: Buy
    class: core
    inputs:
      - {key: need, name: Material need} ◀
    ---

How to fix: Say in `from` which output or interested party it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("process"):
        for part in graph.parts_of(item.id, "inputs"):
            if not part.data.get("from"):
                yield Finding(
                    "input-unsupplied",
                    f'nobody supplies the input "{part.title}"',
                    item.position("inputs", part.index),
                    "say in `from` which output (PRC-002#drawing) or interested party it comes from",
                    item=item.id,
                )
