"""Pages at the addresses of ids that items had before; they lead to where the items are now."""

from __future__ import annotations

import html
from collections.abc import Iterator

from qmsctl.pages.view import View

PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><meta http-equiv="refresh" content="0; url={address}"><title>{title}</title></head>
<body><p>{words} <a href="{address}">{title}</a></p></body></html>
"""


def files(view: View) -> Iterator[tuple[str, bytes]]:
    """Yield a page for every earlier id that nothing else has now."""
    for item in view.graph.items.values():
        folder = view.types[item.type].folder
        for old in item.get("formerly") or []:
            if (
                isinstance(old, str)
                and old.isascii()
                and old.replace("-", "").isalnum()
                and old not in view.graph.items
            ):
                page = PAGE.format(
                    language=view.language,
                    address=f"{item.id}.html?from={old}",
                    title=html.escape(f"{item.id} {view.title(item.id)}"),
                    words=html.escape(str(view.t("{old} is now:", old=old))),
                )
                yield f"{view.prefix}{folder}/{old}.html", page.encode()
