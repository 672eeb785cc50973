"""A link in a text must lead to something that exists.

Why it matters: A dead link costs every reader the same search.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    ---

    See [the plan](../plans/plan.md). ◀

    See [limits](#limitz). ◀

    ## Limits

How to fix: Correct the address; to name an item, write its id and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from qmsctl import body, tracking
from qmsctl.graph import Graph
from qmsctl.model import Finding, Position, nearest, slug
from qmsctl.picture import path_from
from qmsctl.references import body_links

LEVEL = "error"


def check(graph: Graph, root: Path) -> Iterator[Finding]:
    for item in graph.items.values():
        anchors: set[str] | None = None
        for link in body_links(item):
            target = link.target
            if link.image or target.startswith(("http://", "https://", "mailto:", "tel:")) or not target:
                continue
            place = Position(item.path, link.line, link.column, link.column + len(target))
            if target.startswith("#"):
                if anchors is None:
                    anchors = {h.key or slug(h.title) for h in body.headings(item.body, item.body_line)}
                if target[1:] not in anchors:
                    near = nearest(target[1:], sorted(anchors), 1)
                    tip = f"did you mean `#{near[0]}`?" if near else "headings: " + ", ".join(sorted(anchors))
                    yield Finding(
                        "markdown-link-broken",
                        f"no heading of this text has the anchor `{target}`",
                        place,
                        tip,
                        item=item.id,
                    )
                continue
            if ":" in target.split("/", 1)[0]:
                yield Finding(
                    "markdown-link-broken",
                    f"links of the kind `{target.split(':')[0]}:` are not allowed",
                    place,
                    "use https, mailto or a file of the repository",
                    item=item.id,
                )
                continue
            named = target.split("#")[0].split("?")[0]
            tracking.saw(tracking.FILE, path_from(item, named))
            file = (root / item.path).parent / unquote(named)
            if not _inside(root, file) or not file.exists():
                yield Finding(
                    "markdown-link-broken",
                    f"there is no file `{target}`",
                    place,
                    "correct the address; to name an item, write its id",
                    item=item.id,
                )


def _inside(root: Path, file: Path) -> bool:
    try:
        return file.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):
        return False
