"""Every SOP, work instruction and form should be used by something.

Why it matters: A procedure that no process calls is found by nobody, and nobody is trained on it.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001 ◀
    type: sop
    ---

How to fix: Name it in `instruction` of a process step, or in `Uses:` of a step of another document.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    if item.type not in ("sop", "work-instruction", "form") or not graph.is_current(item.id):
        return
    used = (x for x in graph.links_to(item.id) if x.field in ("steps.instruction", "steps.uses"))
    if not any(graph.is_current(link.source) for link in used):
        kind = graph.types[item.type].title
        where = "`instruction` of a process step" if item.type == "sop" else "`Uses:` of a step"
        yield Finding(
            "document-unused",
            f"no process or document uses this {kind if kind == 'SOP' else kind.lower()}",
            item.position("id"),
            f"name it in {where}, or make it obsolete",
            item=item.id,
        )
