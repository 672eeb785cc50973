"""The state of an obligation should agree with the days from which and until which it binds.

Why it matters: A law that is still marked as coming on the day it binds is looked at by nobody; what has ended is kept
for nothing.

Example::

    === obligations/OBL-001-energy.yaml
    id: OBL-001
    type: obligation
    title: Energy audit
    status: coming ◀
    from: 2026-07-01

How to fix: Set `status` to in force and evaluate it; or correct `from` and `until`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(graph: Graph, today: str) -> Iterator[Finding]:
    for item in graph.items.values():
        wrong = _wrong(item, today) if item.type == "obligation" else ""
        if wrong:
            tip = "correct `status`, or the days in `from` and `until`"
            yield Finding("obligation-state-contradicted", wrong, item.position("status"), tip, item=item.id)


def _wrong(item: Item, today: str) -> str:
    status, start, end = (item.get(name) for name in ("status", "from", "until"))
    if status == "coming" and isinstance(start, str) and start <= today:
        return f"this is marked as coming, and binds since {start}"
    if status in (None, "in force") and isinstance(start, str) and start > today:
        return f"this is marked as in force, and binds only from {start}"
    if status == "ended" and isinstance(end, str) and end >= today:
        return f"this is marked as ended, and binds until {end}"
    return ""
