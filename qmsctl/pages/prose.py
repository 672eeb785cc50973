"""Prose from items to clean HTML: rendered once, sanitised, with ids as links."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qmsctl.pages.pictures import placed, published

if TYPE_CHECKING:
    from qmsctl.pages.view import View

TAGS = {
    "p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a", "img", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td", "div", "span", "del", "sup", "sub", "dl", "dt", "dd",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height", "loading"},
    "div": {"class"},
    "p": {"class"},
    "td": {"align"},
    "th": {"align"},
}
_TEXT = re.compile(r"(<(?:a|code|pre)\b[^>]*>.*?</(?:a|code|pre)>|<[^>]*>)", re.DOTALL)
_LINE = re.compile(r"\n\s*\n")
_SAID = r"[^\W\d_](?: ?[^\W_]| ?[.,;:()'\"/%?–—…’“”„-])*"
_PLAIN = re.compile(rf"{_SAID}(?:\n\n?{_SAID})*")
"""Paragraphs in which no sign means anything to Markdown: every line begins with a letter."""


def prose_html(view: View, text: str, page: str) -> Any:
    """Return Markdown as HTML that is safe whatever the text: no scripts, handlers, frames or odd addresses."""
    import nh3
    from markupsafe import Markup

    if not text.strip():
        return Markup("")
    rendered, harmless = _rendered(text)
    item = view.graph.items.get(page.rsplit("/", 1)[-1])
    if item is not None and "<img " in rendered:
        rendered = placed(rendered, (view.loaded.root / item.path).parent, view.loaded.root)
    clean = (
        rendered
        if harmless
        else nh3.clean(
            rendered,
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel="noopener noreferrer",
            attribute_filter=lambda tag, name, value: _attribute(view, page, tag, name, value),
        )
    )
    pieces = _TEXT.split(clean)
    linked = "".join(piece if piece.startswith("<") else _link_words(view, page, piece) for piece in pieces)
    # A blank line would end the block of HTML for some readers of Markdown.
    return Markup(_LINE.sub("\n", linked))


@lru_cache(maxsize=4096)
def _rendered(text: str) -> tuple[str, bool]:
    """Return Markdown as HTML, and whether nothing in it needs cleaning.

    The same text comes on the screen, on paper and in languages that it is not translated into.
    """
    if _PLAIN.fullmatch(text):
        return "\n".join(f"<p>{paragraph}</p>" for paragraph in text.split("\n\n")), True
    return str(_reader().reset().convert(text)), False


@lru_cache(maxsize=1)
def _reader() -> Any:
    """The reader of Markdown; to make one costs more than to read most texts."""
    import markdown

    return markdown.Markdown(extensions=["tables", "fenced_code", "admonition", "sane_lists"])


def _attribute(view: View, page: str, tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return value if re.fullmatch(r"admonition(-title)?( [a-z]+)?", value) else None
    if name == "src":
        return None if ":" in value or value.startswith("/") else quote(published(value))
    if name in ("width", "height"):
        return value if value.isdigit() else None
    if name == "loading":
        return "lazy"
    if name == "href":
        return _address(view, page, value)
    return value


def _address(view: View, page: str, value: str) -> str | None:
    """Turn the address of a file of the repository into that of its page."""
    if re.match(r"(https?|mailto|tel):", value) or value.startswith("#"):
        return value
    if ":" in value.split("/", 1)[0]:
        return None
    path, _, anchor = value.partition("#")
    item = view.by_file_name.get(path.rsplit("/", 1)[-1])
    return view.url(item, page) + (f"#{anchor}" if anchor else "") if item else None


def _link_words(view: View, page: str, piece: str) -> str:
    """Make ids links to their items, and each word of the glossary, once on a page, a link that explains it."""
    text = html.unescape(piece)
    found: list[tuple[int, int, str]] = []
    for ref, at in view.graph.find_ids(text):
        link = view.url(ref, page)
        if link:
            title = html.escape(view.title(ref))
            found.append(
                (
                    at,
                    at + len(ref),
                    f'<a class="qms-id" href="{html.escape(link)}" title="{title}">{html.escape(_said(view, ref))}</a>',
                )
            )
    taken = [(begin, end) for begin, end, _ in found]
    found += [
        row for row in _terms(view, page, text) if not any(row[0] < end and begin < row[1] for begin, end in taken)
    ]
    if not found:
        return piece
    out = []
    last = 0
    for begin, end, link in sorted(found):
        out += [html.escape(text[last:begin]), link]
        last = end
    return "".join(out) + html.escape(text[last:])


def _said(view: View, ref: str) -> str:
    """What readers see of a reference: an id as it is; a part of an item by its title."""
    part = view.graph.parts.get(ref)
    return f"{part.item} {part.title}" if part is not None and "#" in ref else ref


@lru_cache(maxsize=8192)
def _found(pattern: re.Pattern[str], text: str) -> list[tuple[int, int, str]]:
    return [(match.start(), match.end(), match.group()) for match in pattern.finditer(text)]


def _terms(view: View, page: str, text: str) -> Iterator[tuple[int, int, str]]:
    pattern, names = view.terms
    for begin, end, words in _found(pattern, text) if pattern and page else ():
        said = words.lower()
        term = names.get(said) or names.get(said.removesuffix("s"))
        if term is None or page == view.prefix + view.page_of(term) or not view.first_time(f"terms {page}", term):
            continue
        item = view.graph.items[term]
        told = html.escape(f"{item.title}: {' '.join(str(item.get('definition') or '').split())}")
        link = html.escape(view.url(term, page))
        yield (
            begin,
            end,
            f'<a class="qms-term" href="{link}" title="{told}">{html.escape(words)}</a>',
        )
