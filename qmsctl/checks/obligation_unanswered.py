"""An obligation that applies should name what makes sure that it is kept.

Why it matters: A duty that no step and no document knows is kept by luck, until the person who remembered it leaves.

Example::

    === obligations/OBL-001-discharge.yaml
    id: OBL-001
    type: obligation
    title: Water discharge permit
    applies: wholly ◀
    evaluated: 2026-03-02
    result: met

How to fix: Name the step or the document in `answered_by`; where there is none, write the step and name it then.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("obligation"):
        binds = item.get("status", "in force") == "in force" and item.get("applies") in ("wholly", "in part")
        if binds and not item.get("answered_by"):
            yield Finding(
                "obligation-unanswered",
                "this binds us, and no step and no document makes sure that it is kept",
                item.position("applies"),
                "name the step or the document in `answered_by`",
                item=item.id,
            )
