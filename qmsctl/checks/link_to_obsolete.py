"""What is in use should not rest on what is obsolete.

Why it matters: Readers would be sent to a document that is no longer in force.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    policies: [POL-001] ◀
    ---
    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    status: obsolete
    ---

How to fix: Name its successor, or take the link out.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    for link in graph.links_from(item.id) if graph.is_current(item.id) else ():
        if not link.to or graph.is_current(link.to):
            continue
        spec = graph.spec_of(link)
        if spec is None or spec.inverse == "supersedes":
            continue
        if spec.impact.get("source") == "none":
            continue  # it tells what was done, and stays true
        target = graph.items[link.to]
        successor = target.get("superseded_by")
        tip = f"use its successor {successor}" if successor else "name what took its place, or take the link out"
        state = target.get("status")
        yield Finding(
            "link-to-obsolete",
            f"`{link.field}` names {link.to}, which is {state}",
            link.position,
            tip,
            item=link.source,
        )
