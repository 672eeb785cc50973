"""Plain pages: headings and blocks of HTML, which become HTML without a reader of Markdown.

Markdown takes a block of HTML as it is. To find its end, Python-Markdown reads every tag with a parser written in
Python, which was four fifths of the time a site took. Blocks that templates write are plain: they begin at the
beginning of a line, hold no blank line and end where they should. So are their headings. What comes of a page is what
Python-Markdown makes of it, byte for byte; a page that is not as plain as that is left to it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

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
_BLOCKS = frozenset(
    [
        "article",
        "aside",
        "blockquote",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
"""Elements that every version takes for blocks."""
_HEADING = re.compile(r"(#{1,6}) +((?:[^\W_]|[ ,;]|&#[0-9]+;)*(?:[^\W_]|[,;]|&#[0-9]+;))(?: +\{#([a-zA-Z0-9_.-]+)\})?")
_OPENED = re.compile(r"<[a-zA-Z0-9]+[ >]")
"""How a block begins that Markdown does not put into a paragraph."""
_CHANGED = ("\t", "\r", "\x02", "\x03", "```", "~~~")
"""What Markdown reads across blocks or replaces in them."""
_SPACES = re.compile(r"(?<=\n) +\n")


@dataclass(frozen=True)
class Heading:
    """A heading of a page: its level, its anchor, and its text as HTML."""

    level: int
    anchor: str
    text: str


def read(source: str) -> tuple[str, list[Heading]] | None:
    """Return a page as HTML and its headings; None if it is not plain."""
    if any(sign in source for sign in _CHANGED):
        return None
    text = f"{source}\n\n"
    pieces = parts(_SPACES.sub("\n", text) if "\n " in text else text, _BLOCKS.__contains__)
    if pieces is None:
        return None
    made: list[str] = []
    found: list[Heading] = []
    for number, (is_block, text) in enumerate(pieces):
        if is_block:
            if not _OPENED.match(text):
                return None
            # Markdown keeps one line end with a block if a blank line follows.
            made.append(text + "\n" if pieces[number + 1][1].startswith("\n\n") else text)
        elif text.strip("\n"):
            for line in filter(None, text.split("\n")):
                heading = _heading(line)
                if heading is None:
                    return None
                made.append(f'<h{heading.level} id="{heading.anchor}">{heading.text}</h{heading.level}>')
                found.append(heading)
    anchors = {heading.anchor for heading in found}
    return ("\n".join(made).strip(), found) if len(anchors) == len(found) else None


def _heading(line: str) -> Heading | None:
    match = _HEADING.fullmatch(line)
    if match is None or "  " in line:
        return None
    signs, words, anchor = match.groups()
    if anchor is None:
        from markdown.extensions.toc import slugify

        anchor = slugify(html.unescape(words), "-")
    return Heading(len(signs), anchor, words) if anchor else None


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
        # A block begins a line or where another one ends, which Python-Markdown allows.
        if (start > done and text[start - 1] != "\n") or text[end : end + 1] not in ("", "\n", "<"):
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
