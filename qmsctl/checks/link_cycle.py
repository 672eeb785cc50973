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
from qmsctl.references import field_key
from qmsctl.schema import values_at

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    kinds: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for item in graph.items.values():
        for spec in graph.types[item.type].links:
            if item.shipped or not (spec.acyclic or spec.inverse == "supersedes"):
                continue
            for _, value in values_at(item.fields, spec.path):
                to, _, problem = graph.resolve(value, spec.to) if isinstance(value, str) else ("", "", "")
                if to and not problem:
                    kinds[field_key(spec.path)][item.id].append(to)
    for name, edges in kinds.items():
        for group in cycles(edges):
            for item in group:
                yield Finding(
                    "link-cycle",
                    f"`{name}` leads back to {item}: " + " → ".join([*group, group[0]]),
                    next(link.position for link in graph.links_from(item) if link.field == name and link.to in group),
                    "take one of the links out",
                    item=item,
                )
