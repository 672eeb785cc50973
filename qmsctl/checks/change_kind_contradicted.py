"""A change called editorial leaves the meaning as it was.

Why it matters: Editorial changes need no training and fewer approvals; a new limit behind that word reaches nobody.

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
    === policies/POL-001-quality-policy.yaml
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.1"
    effective: 2026-11-20
    change: A comma was missing.
    change_kind: editorial ◀
    purpose: We ask 20 customers

How to fix: Editorial changes mend spelling, punctuation and layout. Call it `minor` or `major`, or leave `change_kind` out; or take the changed step, limit, role or link back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.graph import Graph
from qmsctl.itemfile import version_of
from qmsctl.model import Finding

if TYPE_CHECKING:
    from qmsctl.history.revisions import Candidate, History

LEVEL = "error"


def check(documents: list[Candidate], history: History, graph: Graph) -> Iterator[Finding]:
    from qmsctl import redline

    for row in documents:
        before = row.in_force or row.before
        if row.item.get("change_kind") != "editorial" or before is None or before.blob == row.version.blob:
            continue
        old = version_of(before.path, history.content(before), graph.types)
        changes = redline.substantive(redline.compare(old, row.item, graph.types[row.item.type], graph.title))
        if changes:
            yield Finding(
                "change-kind-contradicted",
                f"it is called editorial, but: {redline.sentence(changes[0])}"
                + (f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""),
                row.item.position("change_kind"),
                "call it minor or major, so that the right people approve and learn it",
                item=row.item.id,
            )
