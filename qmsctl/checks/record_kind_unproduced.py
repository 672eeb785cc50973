"""Every kind of record should be produced somewhere.

Why it matters: Evidence that no step produces will be missing when it is asked for.

Example::

    === record-kinds/REC-001-x.yaml
    id: REC-001 ◀
    type: record-kind

How to fix: Name it in `records` of the step that produces it, or as `record` of a form.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    if item.type != "record-kind" or not graph.is_current(item.id):
        return
    if not any(x.field in ("steps.records", "record", "source.record") for x in graph.links_to(item.id)):
        yield Finding(
            "record-kind-unproduced",
            "no step or form produces this kind of record",
            item.position("id"),
            "name it in `records` of the step that does, or retire it",
            item=item.id,
        )
