"""A nonconformity is closed only when it was put right and its cause is dealt with.

Why it matters: What is closed on paper alone comes back, and an auditor finds it before you do.

Example::

    === nonconformities/NC-2026-001-mixed-bars.yaml
    id: NC-2026-001
    type: nonconformity
    title: Mixed bars
    status: closed ◀
    found_on: 2026-03-10
    grade: major
    correction: All bars of the bundle were read again.
    closed_on: 2026-04-02

How to fix: Say in `correction` what was put right; name the corrective action in `actions` and wait for its effect, or
say in `no_action_because` why none is needed (for a minor one only). It cannot be closed before it was found.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, mapping_of

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        if item.type == "nonconformity" and item.get("status") == "closed":
            for what in _missing(graph, item):
                yield Finding(
                    "nonconformity-closed-too-early",
                    f"{item.id} is closed, and {what}",
                    item.position("status"),
                    "open it again, or add what is missing: qmsctl explain nonconformity-closed-too-early",
                    item=item.id,
                )


def _missing(graph: Graph, item: Item) -> Iterator[str]:
    found, closed = str(item.get("found_on") or ""), str(item.get("closed_on") or "")
    if closed and closed < found:
        yield f"it was found only on {found}"
    if not item.get("correction"):
        yield "nothing says what was put right"
    actions = [graph.items[name] for name in graph.related(item.id, "actions") if name in graph.items]
    ended = [action for action in actions if mapping_of(action.get("effectiveness")).get("result") == "effective"]
    if actions and not ended:
        yield f"no corrective action was shown to be effective yet ({', '.join(a.id for a in actions)})"
    elif not actions and (item.get("grade") == "major" or not item.get("no_action_because")):
        yield "no corrective action removes its cause"
