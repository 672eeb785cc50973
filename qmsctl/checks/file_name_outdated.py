"""A file name should be the id and the title.

Why it matters: People find files by name; the id alone decides the address of the page, so nothing breaks.

Example::

    === policies/POL-001-quality.md
    ---
    id: POL-001 ◀
    type: policy
    title: Stop and escalate
    ---

How to fix: Rename the file with the command shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, slug

LEVEL = "note"


def check(item: Item, graph: Graph) -> Iterator[Finding]:
    if item.shipped or not isinstance(item.get("title"), str):
        return
    folder, name = item.path.rsplit("/", 1)
    stem, suffix = name.rsplit(".", 1)
    numbered = "#" in graph.types[item.type].id_template
    wanted = f"{item.id}-{slug(item.title)}" if numbered else item.id
    if stem not in (wanted, item.id):
        yield Finding(
            "file-name-outdated",
            f"the file is called {name}, its title says {wanted}.{suffix}",
            item.position("id"),
            f"git mv {item.path} {folder}/{wanted}.{suffix}",
            item=item.id,
        )
