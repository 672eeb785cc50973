"""A temporary change ends on its day.

Why it matters: What was allowed for a while and never taken back becomes the way of working, without approval.

Example::

    === changes/CHG-2026-003-x.yaml
    id: CHG-2026-003
    type: change
    title: Sorting by hand
    kind: temporary
    status: in-effect
    expires: 2026-06-30 ◀

How to fix: Take it back and write the day into `withdrawn`, or bring it as a lasting change with its own approvals.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph, today: str) -> Iterator[Finding]:
    for item in graph.of_type("change"):
        ends = item.get("expires")
        running = item.get("kind") == "temporary" and not item.get("withdrawn") and item.get("status") != "closed"
        if running and isinstance(ends, str) and ends < today:
            yield Finding(
                "temporary-change-expired",
                f"this temporary change ended on {ends} and was not taken back",
                item.position("expires"),
                "take it back and write `withdrawn`, or make it lasting with a change record of its own",
                item=item.id,
            )
        if item.get("kind") == "temporary" and not ends and not item.get("withdrawn"):
            yield Finding(
                "temporary-change-expired",
                "this temporary change has no end",
                item.position("kind"),
                "write the day on which it ends into `expires`",
                item=item.id,
            )
