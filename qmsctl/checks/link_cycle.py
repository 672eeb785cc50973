"""A chain of reporting or succession must not lead back to itself.

Why it matters: Nobody can report to somebody who reports to them, and a document cannot be its own
successor.

Example::

    === roles/a-lead.yaml
    id: a-lead
    type: role
    reports_to: b-lead ◀
    === roles/b-lead.yaml
    id: b-lead
    type: role
    reports_to: a-lead ◀

How to fix: Take one of the links out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from qmsctl.graph import Graph, cycles
from qmsctl.model import Finding

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    kinds: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    places = {}
    for link in graph.links:
        spec = graph.spec_of(link)
        if spec is not None and (spec.acyclic or spec.inverse == "supersedes") and link.to and not link.problem:
            kinds[link.field][link.source].append(link.to)
            places[link.field, link.source] = link.position
    for name, edges in kinds.items():
        for group in cycles(edges):
            for item in group:
                yield Finding(
                    "link-cycle",
                    f"`{name}` leads back to {item}: " + " → ".join([*group, group[0]]),
                    places[name, item],
                    "take one of the links out",
                    item=item,
                )
