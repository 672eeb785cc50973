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
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    for (item, name), parts in graph.part_lists.items():
        seen: dict[str, int] = {}
        for part in parts:
            if part.key in seen:
                place = graph.items[item].position(name, part.index, "key")
                yield Finding(
                    "part-key-duplicate",
                    f"the key `{part.key}` is used twice in `{name}`",
                    place,
                    f"give one of them another key; the first is entry {seen[part.key] + 1}",
                    item=item,
                )
            seen.setdefault(part.key, part.index)
