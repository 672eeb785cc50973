"""Tells apart text and blocks of HTML of a page where that is certain, so that nothing has to parse the blocks.

Markdown takes a block of HTML as it is. To find its end, Python-Markdown reads every tag with a parser written in
Python, which was four fifths of the time a site took. Blocks that templates write are plain: they begin at the
beginning of a line, hold no blank line and end where they should. What is not as plain as that is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_GAP = re.compile(r"(\n\n+)")
_ATTRIBUTE = r'[ \n]+[a-zA-Z][-a-zA-Z0-9_:.]*(?:="[^"<]*")?'
_TAG = re.compile(rf"<(/?[a-zA-Z][a-zA-Z0-9]*)((?:{_ATTRIBUTE})*)[ \n]*(/?)>")
_DOUBTFUL = re.compile(r"&(?!(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);)")
"""A reference without its semicolon is written anew by some parsers."""
_EMPTY = frozenset({"hr"})
_OPAQUE = frozenset(
    {"script", "style", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext", "textarea", "template"}
)
"""What is inside them is not read as tags by every version of the parser; neither is what is inside a title."""


def parts(source: str, is_block: Callable[[str], bool]) -> list[tuple[bool, str]] | None:
    """Split a page into (is a block of HTML, text); None if it is not certain where a block begins or ends.

    ``source`` has its line ends and blank lines made even and ends with a blank line; ``is_block`` knows the elements
    that make a block. The texts joined are the source.
    """
    if _DOUBTFUL.search(source):
        return None
    found: list[tuple[bool, str]] = []
    for text in _GAP.split(source):
        if "<" not in text:
            found.append((False, text))
        else:
            pieces = _pieces(text, is_block)
            if pieces is None:
                return None
            found += pieces
    return None if found[-1][0] else found


def _pieces(text: str, is_block: Callable[[str], bool]) -> list[tuple[bool, str]] | None:
    """Split lines without a blank one between them into blocks and other lines."""
    tags = _TAG.findall(text)
    if len(tags) != text.count("<"):
        return None
    ends = _ends(tags, is_block)
    if ends is None:
        return None
    if len(ends) == 1 and text[0] == "<" and text.index(">", text.rindex("<")) == len(text) - 1:
        return [(True, text)]
    spans = [tag.span() for tag in _TAG.finditer(text)]
    found = []
    done = first = 0
    for number in ends:
        start, end = spans[first][0], spans[number][1]
        if (start and text[start - 1] != "\n") or text[end : end + 1] not in ("", "\n"):
            return None
        found += [(False, text[done:start]), (True, text[start:end])]
        done, first = end, number + 1
    return [piece for piece in [*found, (False, text[done:])] if piece[1]]


def _ends(tags: list[tuple[str, str, str]], is_block: Callable[[str], bool]) -> list[int] | None:
    """Which tags end a block; None if a tag outside of blocks begins none, or the last block does not end."""
    found = []
    stack: list[str] = []
    for number, (name, attributes, closed) in enumerate(tags):
        name = name.lower()
        if name in _OPAQUE or (name == "title" and tags[number + 1 : number + 2] != [("/title", "", "")]):
            return None
        if name[0] == "/":
            if attributes or closed or not stack:
                return None
            name = name[1:]
            if name in stack:
                while stack.pop() != name:
                    pass
                if not stack:
                    found.append(number)
        elif not stack and (closed or name in _EMPTY or not is_block(name)):
            return None
        elif not closed and name not in _EMPTY:
            stack.append(name)
    return None if stack else found
