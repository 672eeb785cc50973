"""An image in a text must exist.

Why it matters: A procedure that says "as in the picture" and shows none cannot be followed.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    ---

    ![Sample plan](plan.png) ◀

How to fix: Add the file beside the item, or correct the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from qmsctl import body
from qmsctl.graph import Graph
from qmsctl.model import Finding, Position

LEVEL = "error"


def check(graph: Graph, root: Path) -> Iterator[Finding]:
    for item in graph.items.values():
        for link in body.links(item.body, item.body_line) if item.body else ():
            if not link.image:
                continue
            place = Position(item.path, link.line, link.column, link.column + len(link.target))
            if ":" in link.target.split("/", 1)[0] or link.target.startswith("//"):
                yield Finding(
                    "image-missing",
                    "images must lie in the repository",
                    place,
                    "save the picture beside the item and name the file",
                    item=item.id,
                )
                continue
            file = ((root / item.path).parent / unquote(link.target)).resolve()
            if not file.is_relative_to(root.resolve()) or not file.is_file():
                yield Finding(
                    "image-missing",
                    f"there is no image `{link.target}`",
                    place,
                    "add the file beside the item, or correct the address",
                    item=item.id,
                )
