"""Every strategic theme should be carried by an objective.

Why it matters: A theme without an objective is a wish; nobody can tell whether it comes nearer.

Example::

    === strategy/STR-001-strategy.md
    ---
    id: STR-001
    type: strategy
    themes:
      - {key: growth, title: Grow, why: To last.} ◀
    ---

How to fix: Set an objective that names the theme, or drop the theme.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("strategy"):
        for part in graph.parts_of(item.id, "themes"):
            if not any(graph.items[link.source].type == "objective" for link in graph.links_to_ref(part.ref)):
                yield Finding(
                    "theme-without-objective",
                    f'no objective serves the theme "{part.title}"',
                    item.position("themes", part.index),
                    f'qmsctl new objective "Title", with theme: {part.ref}',
                    item=item.id,
                )
