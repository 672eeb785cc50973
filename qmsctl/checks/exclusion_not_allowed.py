"""A clause that always applies should not be left out.

Why it matters: Some clauses hold for every organisation. A certificate that leaves one out is worth nothing, and the
auditor stops there.

Example::

    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1
    exclusions:
      - {clause: demo-1/4, reason: We have no context.} ◀
      - {clause: demo-1/8.3, reason: Customers own the design of every part.}
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4", topic: Context, heading: true}
      - {key: "4.1", topic: Situation, cannot_be_excluded: true}
      - {key: "8.3", topic: Design}

How to fix: Take the exclusion out and answer the clause, or plan it. Some marks are a reading of ours, as the catalogue
says; where yours differs, keep a catalogue of your own under the same id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from qmsctl.coverage import above
from qmsctl.graph import Graph
from qmsctl.model import Finding, mapping_of

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    always: dict[str, dict[str, list[str]]] = {}
    for item in graph.of_type("standard"):
        rows = item.get("exclusions")
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            part = graph.parts.get(str(mapping_of(row).get("clause")))
            if part and part.item not in always:
                always[part.item] = _always(graph, part.item)
            kept = always[part.item].get(part.key, []) if part else []
            if part and kept:
                what = f"{part.ref} always applies" if kept == [part.key] else f"{_some(kept)} always apply"
                yield Finding(
                    "exclusion-not-allowed",
                    f"{what} and cannot be left out",
                    item.position("exclusions", index, "clause"),
                    "answer it, or plan it with owner and date" if kept == [part.key] else "exclude single clauses",
                    item=item.id,
                )


def _always(graph: Graph, catalogue: str) -> dict[str, list[str]]:
    """The numbers that always apply, under each number whose exclusion takes them out: their own and those above."""
    found: dict[str, list[str]] = defaultdict(list)
    for part in graph.parts_of(catalogue, "clauses"):
        if part.data.get("cannot_be_excluded") is True:
            for key in (part.key, *above(part.key)):
                found[key].append(part.key)
    return found


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(keys[:3]) + more
