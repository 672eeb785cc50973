"""A change record and the documents it names say the same date.

Why it matters: Training and stock are planned by the record; the document decides what is in force.

Example::

    === changes/CHG-2026-003-x.yaml
    id: CHG-2026-003
    type: change
    title: Larger samples
    kind: major
    documents: [{item: POL-001, revision: "1.1"}]
    effective: 2026-12-07 ◀
    === policies/POL-001-x.yaml
    id: POL-001
    type: policy
    title: X
    revision: "1.1"
    effective: 2026-12-14

How to fix: Agree on one date and write it in both places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("change"):
        rows = item.get("documents")
        day = item.get("effective")
        for row in rows if isinstance(rows, list) and day else []:
            document = graph.items.get(str(row.get("item"))) if isinstance(row, Mapping) else None
            if document is None or row.get("revision") != document.get("revision"):
                continue
            if document.get("effective") != day:
                yield Finding(
                    "change-record-contradicted",
                    f"{document.id} {document.get('revision')} takes effect on {document.get('effective')}, not {day}",
                    item.position("effective"),
                    "write one date in both places",
                    item=item.id,
                )
