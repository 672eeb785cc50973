"""Nothing that counts says `To be written.` any more.

Why it matters: A new item begins with that text where only a person knows what to write. Left standing, it is published
and handed to auditors as if it were an answer.

Example::

    === risks/RSK-001-mixed-bars.yaml
    id: RSK-001
    type: risk
    title: Mixed bars
    cause: To be written. ◀
    event: Parts are made of the wrong alloy.

How to fix: Write it, or leave the item a draft until you know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qmsctl.graph import Graph
from qmsctl.model import PLACEHOLDER, FieldPath, Finding, Item

LEVEL = "warning"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    # What the whole says is seen at once; where it stands in it takes going through all values.
    if not item.shipped and PLACEHOLDER in repr(item.fields) and graph.is_current(item.id):
        for path in _places(item.fields, ()):
            yield Finding(
                "placeholder-left",
                f"`{next(str(step) for step in reversed(path) if isinstance(step, str))}` is still to be written",
                item.position(*path),
                "write it; until then the item can be a draft, where its type has that state",
                item=item.id,
            )


def _places(value: Any, path: FieldPath) -> Iterator[FieldPath]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _places(inner, (*path, str(name)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _places(inner, (*path, number))
    elif isinstance(value, str) and value.strip() == PLACEHOLDER:
        yield path
