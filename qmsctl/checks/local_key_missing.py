"""A key named inside an item must be a key of that item.

Why it matters: A branch that leads nowhere leaves people standing in the middle of a process.

Example::

    === processes/PRC-001-buy.md
    ---
    id: PRC-001
    type: process
    steps:
      - {key: order, what: Order the material, next: [recieve]} ◀
      - {key: receive, what: Receive the delivery}
    ---

How to fix: Use the key of a step, input or output of the same item.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, nearest
from qmsctl.schema import values_at

LEVEL = "error"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    for spec in graph.types[item.type].locals:
        keys = [part.key for part in graph.parts_of(item.id, spec.part)]
        for path, value in values_at(item.fields, spec.path):
            if not isinstance(value, str) or value in keys or value in spec.others:
                continue
            near = nearest(value, [*keys, *spec.others], 1)
            tip = f"did you mean `{near[0]}`?" if near else "keys: " + ", ".join([*keys, *spec.others])
            message = f"`{value}` is not a key in `{spec.part}` of {item.id}"
            yield Finding("local-key-missing", message, item.position(*path), tip, item=item.id)
