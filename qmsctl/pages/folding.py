"""Pages from Markdown to HTML: blocks that are HTML already are set aside, so that they are not read tag by tag."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_TAG = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9:-]*)((?:\s+[a-zA-Z_:][\w:.-]*(?:="[^"<>`]*")?)*)\s*(/?)>')
_BLOCKS = ("<div", "<nav", "<dl", "<section", "<table", "<ul", "<ol", "<details", "<article")
_EMPTY = frozenset({"area", "br", "col", "hr", "img", "input", "source", "wbr"})
_RAW = re.compile(r"<(?:script|style|iframe|xmp|noembed|noframes|plaintext)\b", re.IGNORECASE)
_BARE = re.compile(r"&(?!(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);)")
_CHANGED = re.compile("[\t\r\x02\x03\ufdd0\ufdd1]|```|~~~")
"""What Markdown reads across blocks or replaces in them."""
_SPACES = re.compile(r"(?<=\n) +\n")
_ASIDE = re.compile("\ufdd0([0-9]+)\ufdd1")


def page_html(text: str) -> str:
    """Return a page, headings in Markdown and blocks of HTML between them, as HTML."""
    if _CHANGED.search(text):
        return _read(text)
    aside: list[str] = []
    blocks = _SPACES.sub("\n", text).split("\n\n")
    for number, block in enumerate(blocks):
        cut = content_of(block) if block.lstrip("\n").startswith(_BLOCKS) else None
        if cut is not None:
            begin, end = cut
            blocks[number] = f"{block[:begin]}\ufdd0{len(aside)}\ufdd1{block[end:]}"
            aside.append(block[begin:end])
    return _ASIDE.sub(lambda m: aside[int(m[1])], _read("\n\n".join(blocks)))


def content_of(block: str) -> tuple[int, int] | None:
    """Where the content of the first element of a block begins and ends; None unless Markdown would keep it as it is.

    So it is where every tag is closed in its turn and every reference is whole.
    """
    if _BARE.search(block) or _RAW.search(block):
        return None
    opened: list[str] = []
    begin = 0
    for count, tag in enumerate(_TAG.finditer(block)):
        close, name, _, alone = tag.groups()
        if close:
            if not opened or opened.pop() != name:
                return None
            if not opened:
                return (begin, tag.start()) if block.count("<", 0, tag.start()) == count else None
        elif not alone and name not in _EMPTY:
            begin = begin or tag.end()
            opened.append(name)
        elif not opened:
            return None
    return None


def _read(text: str) -> str:
    return str(_reader().reset().convert(text))


@lru_cache(maxsize=1)
def _reader() -> Any:
    """The reader of Markdown; to make one costs more than to read a short page."""
    import markdown

    return markdown.Markdown(extensions=["attr_list", "tables", "fenced_code", "toc"])
