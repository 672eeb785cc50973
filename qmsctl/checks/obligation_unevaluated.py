"""It should be known of every obligation in force whether it is kept, and since when.

Why it matters: Who never looks finds out from the authority or from the customer. And without the day of the last
evaluation nobody is reminded of the next one.

Example::

    === obligations/OBL-001-discharge.yaml
    id: OBL-001
    type: obligation
    title: Water discharge permit
    applies: wholly
    answered_by: [SOP-019]
    evaluate_every: 12 months ◀

How to fix: Look whether it is kept, and write `evaluated`, `result`, `evaluated_by` and `seen`. Where it does not
apply, look whether that still holds, and write `evaluated`. A day that is still to come is told too: it is a plan, and
says nothing yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph, today: str) -> Iterator[Finding]:
    for item in graph.of_type("obligation"):
        if item.get("status", "in force") != "in force":
            continue
        applies = item.get("applies") != "not at all"
        lacking = [name for name in ("evaluated", "result") if not item.get(name) and (applies or name == "evaluated")]
        if lacking:
            question = "is kept" if applies else "really does not apply"
            yield Finding(
                "obligation-unevaluated",
                f"nobody has written down whether this {question}: {_and(lacking)} missing",
                item.position(lacking[0] if lacking[0] in item.fields else "evaluate_every"),
                "look, and write what was found, on which day, by whom, and what was seen",
                item=item.id,
            )
        elif isinstance(day := item.get("evaluated"), str) and day > today:
            yield Finding(
                "obligation-unevaluated",
                f"`evaluated` is {day}, a day that is still to come",
                item.position("evaluated"),
                "write the day on which somebody looked; when to look next follows from `evaluate_every`",
                item=item.id,
            )


def _and(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names) + (" is" if len(names) == 1 else " are")
