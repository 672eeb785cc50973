"""Two items of one type should not have nearly the same title.

Why it matters: Two documents on the same task drift apart, and each reader finds one of them.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Traveller card
    === glossary/term-lots.yaml
    id: term-lots
    type: term
    title: Traveler card ◀

How to fix: Join the two, or give them titles that tell them apart.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    by_type: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for item in graph.items.values():
        if item.get("title") and not item.shipped and graph.is_current(item.id):
            by_type[item.type].append((" ".join(sorted(re.findall(r"\w+", item.title.lower()))), item.id))
    for rows in by_type.values():
        rows.sort()
        for (first, one), (second, two) in itertools.pairwise(rows):
            digits = re.findall(r"\d+", first) == re.findall(r"\d+", second)
            if digits and difflib.SequenceMatcher(None, first, second).ratio() > 0.92:
                younger, older = max(one, two), min(one, two)
                yield Finding(
                    "likely-duplicate",
                    f'the title is nearly that of {older}, "{graph.items[older].title}"',
                    graph.items[younger].position("title"),
                    "join the two items, or tell them apart in the title",
                    item=younger,
                )
