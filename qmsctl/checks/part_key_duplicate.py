"""A key belongs to one part of an item.

Why it matters: Links to the key would lead to the first of the two.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001
    type: process
    steps:
      - {key: order, what: Order the material}
      - {key: order, what: Order the tools} ◀
    ---

How to fix: Give the second part another key.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "error"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    for spec in graph.types[item.type].parts:
        seen: dict[str, int] = {}
        for part in graph.parts_of(item.id, spec.field):
            if part.key in seen:
                yield Finding(
                    "part-key-duplicate",
                    f"the key `{part.key}` is used twice in `{spec.field}`",
                    item.position(spec.field, part.index, "key"),
                    f"give one of them another key; the first is entry {seen[part.key] + 1}",
                    item=item.id,
                )
            seen.setdefault(part.key, part.index)
