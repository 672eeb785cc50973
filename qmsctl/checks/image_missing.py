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

from qmsctl.loader import Loaded
from qmsctl.model import Finding, Position
from qmsctl.picture import all_shown

LEVEL = "error"


def check(loaded: Loaded) -> Iterator[Finding]:
    for seen in all_shown(loaded):
        item, link = seen.item, seen.link
        place = Position(item.path, link.line, link.column, link.column + len(link.target))
        if ":" in link.target.split("/", 1)[0] or link.target.startswith("//"):
            yield Finding(
                "image-missing",
                "images must lie in the repository",
                place,
                "save the picture beside the item and name the file",
                item=item.id,
            )
        elif not seen.there:
            yield Finding(
                "image-missing",
                f"there is no image `{link.target}`",
                place,
                "add the file beside the item, or correct the address",
                item=item.id,
            )
