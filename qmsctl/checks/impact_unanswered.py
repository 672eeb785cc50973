"""A change record answers what happens to everything the change touches.

Why it matters: The form that was forgotten and the shift nobody trained are where changes fail.

Example::

    === changes/CHG-2026-003-x.yaml
    id: CHG-2026-003
    type: change
    title: Larger samples
    kind: major
    status: in-effect
    impact:
      - {item: FRM-009, question: "Does the form change too?"} ◀
      - {item: inspector, question: "Who is trained?", answer: action, note: Six inspectors before March.}

How to fix: Write `answer` (not affected, changed with it, action, no action), and under `note` why or what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        if item.type != "change" or item.get("status") not in ("in-effect", "closed"):
            continue
        rows = item.get("impact")
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(row, Mapping) and not row.get("answer"):
                yield Finding(
                    "impact-unanswered",
                    f"nobody answered for {row.get('item')}: {row.get('question')}",
                    item.position("impact", index),
                    "write `answer` and, under `note`, why or what is done",
                    item=item.id,
                )
