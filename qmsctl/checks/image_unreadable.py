"""An image in a text must be a picture that can be shown.

Why it matters: A damaged picture leaves a hole where readers are told to look; nobody sees it before the document is
needed.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    ---

    ![Sample plan](plan.svg) ◀

    ![Sample](sample.png) ◀
    === sops/plan.svg
    <svg xmlns="http://www.w3.org/2000/svg"><rect></svg>
    === sops/sample.png
    not a picture

How to fix: Open the file. If it is damaged, save it anew as SVG, PNG, JPEG, GIF or WebP; if it is of another kind,
correct the end of its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qmsctl.loader import Loaded
from qmsctl.model import Finding, Position
from qmsctl.picture import all_shown, path_of, unreadable

LEVEL = "error"


def check(loaded: Loaded, root: Path) -> Iterator[Finding]:
    for seen in all_shown(loaded):
        flaw = unreadable(seen.file) if seen.file is not None and seen.there else None
        if flaw is None or seen.file is None:
            continue
        yield Finding(
            "image-unreadable",
            f"the picture cannot be read: {flaw.what} ({path_of(seen.file, root)}:{flaw.line})",
            Position(seen.item.path, seen.link.line, seen.link.column, seen.link.column + len(seen.link.target)),
            "open it; if it is damaged, save it anew",
            item=seen.item.id,
        )
