"""A drawing holds lines, areas and letters, and nothing that runs or fetches something.

Why it matters: A drawing that holds a script is harmless inside a page; opened by itself in a browser, the script
runs with all that the reader may do on the intranet. Such a drawing is not published.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    ---

    ![Sample plan](plan.svg)
    === sops/plan.svg
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">
    <rect width="9" height="9" onclick="alert(1)"/> ◀
    <script>alert(2)</script> ◀
    <image href="https://example.org/x.png"/> ◀
    <use href="#a"/>
    </svg>

How to fix: Save the drawing as plain SVG; drawing programs offer that beside their own format. Take out scripts,
`on…` attributes, `<!DOCTYPE …>`, embedded pages, and addresses that lead out of the drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qmsctl.loader import Loaded
from qmsctl.model import Finding, Position
from qmsctl.picture import all_shown, judged, path_of

LEVEL = "error"


def check(loaded: Loaded, root: Path) -> Iterator[Finding]:
    told: set[str] = set()
    for seen in all_shown(loaded):
        if seen.file is None or not seen.there or seen.file.suffix.lower() != ".svg":
            continue
        path = path_of(seen.file, root)
        if path in told:
            continue
        told.add(path)
        for line in {flaw.line: None for flaw in judged(seen.file).active}:
            held = ", ".join(dict.fromkeys(f"`{f.what}`" for f in judged(seen.file).active if f.line == line))
            yield Finding(
                "picture-active",
                f"the picture holds active parts; save it as plain SVG: {held}",
                Position(path, line),
                "take out what runs or fetches something; the picture is not published before",
                item=seen.item.id,
            )
