"""An obligation that is not fully met should have an open action with a name and a date.

Why it matters: To know of a breach and to do nothing is what courts, authorities and customers forgive least.

Example::

    === obligations/OBL-001-discharge.yaml
    id: OBL-001
    type: obligation
    title: Water discharge permit
    applies: wholly
    answered_by: [SOP-019]
    evaluated: 2026-03-02
    result: partly met ◀
    actions:
      - {key: ask, what: Ask a second laboratory., who: plant-manager, by: 2026-06-30, done: 2026-06-12}

How to fix: Add an action with `who` and `by`; or, where all actions are done, evaluate again and write the new result.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, rows_of

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("obligation"):
        result, actions = item.get("result"), rows_of(item.get("actions"))
        if result not in ("partly met", "not met") or item.get("applies") == "not at all":
            continue
        if all(row.get("done") for row in actions):
            done = "all actions are done" if actions else "no action says what is done about it"
            yield Finding(
                "obligation-unmet-without-action",
                f"this is {result}, and {done}",
                item.position("result"),
                "evaluate again and write the new result" if actions else "add an action with `who` and `by`",
                item=item.id,
            )
