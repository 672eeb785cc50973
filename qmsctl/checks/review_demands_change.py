"""What a periodic review asked for is done.

Why it matters: A review that finds a document wrong and leaves it so is worse than none.

Example::

    === policies/POL-001-quality-policy.yaml
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.0"
    effective: 2026-01-12
    change: First issue of it.
    purpose: We ask
    *** 2026-01-05
    === approvals/POL-001/1.0/periodic-review-boss-p-001-20260219T080000Z.txt
    # qmsctl statement, format 1
    # organisation: Example
    # item: POL-001
    # title: Quality policy
    # revision: 1.0
    # meaning: periodic-review
    # verdict: revise
    # role: boss
    # person: p-001
    # name: Ina Berg
    # time: 2026-02-19T09:00:00+01:00
    0000000000000000000000000000000000000000000000000000000000000000  policies/POL-001-quality-policy.yaml
    === approvals/POL-001/1.0/periodic-review-boss-p-001-20260219T080000Z.txt.sig signed
    *** 2026-02-20
    === policies/POL-001-quality-policy.yaml
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.0" ◀
    effective: 2026-01-12
    change: First issue of it.
    purpose: We ask

How to fix: Bring the new revision, or withdraw the document; then the demand is met.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.graph import Graph
from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.approvals.register import Register

LEVEL = "warning"


def check(graph: Graph, approvals: Register) -> Iterator[Finding]:
    for item in graph.items.values():
        if not graph.is_current(item.id) or not graph.types[item.type].controlled:
            continue
        rows = [vote for vote in approvals.periodic(item.id) if not vote.problem]
        if rows and rows[-1].verdict in ("revise", "withdraw") and rows[-1].revision == item.get("revision"):
            last = rows[-1]
            yield Finding(
                "review-demands-change",
                f"{last.name} reviewed {last.revision} on {last.at[:10]} and asked to {last.verdict} it",
                item.position("revision"),
                f"{last.verdict} it: qmsctl new change --for {item.id}",
                item=item.id,
            )
