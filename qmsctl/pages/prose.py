"""Prose from items to clean HTML: rendered once, sanitised, with ids as links."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qmsctl.pages.view import View

TAGS = {
    "p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a", "img", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td", "div", "span", "del", "sup", "sub", "dl", "dt", "dd",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "div": {"class"},
    "p": {"class"},
    "td": {"align"},
    "th": {"align"},
}
_TEXT = re.compile(r"(<(?:a|code|pre)\b[^>]*>.*?</(?:a|code|pre)>|<[^>]*>)", re.DOTALL)
_LINE = re.compile(r"\n\s*\n")


def prose_html(view: View, text: str, page: str) -> Any:
    """Return Markdown as HTML that is safe whatever the text: no scripts, handlers, frames or odd addresses."""
    import markdown
    import nh3
    from markupsafe import Markup

    if not text.strip():
        return Markup("")
    rendered = markdown.markdown(text, extensions=["tables", "fenced_code", "admonition", "sane_lists"])
    clean = nh3.clean(
        rendered,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
        attribute_filter=lambda tag, name, value: _attribute(view, page, tag, name, value),
    )
    pieces = _TEXT.split(clean)
    linked = "".join(piece if piece.startswith("<") else _link_ids(view, page, piece) for piece in pieces)
    # A blank line would end the block of HTML for some readers of Markdown.
    return Markup(_LINE.sub("\n", linked))


def _attribute(view: View, page: str, tag: str, name: str, value: str) -> str | None:
    if name == "class":
        return value if re.fullmatch(r"admonition(-title)?( [a-z]+)?", value) else None
    if name == "src":
        return None if ":" in value or value.startswith("/") else value.rsplit("/", 1)[-1]
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


def _link_ids(view: View, page: str, piece: str) -> str:
    text = html.unescape(piece)
    out = []
    last = 0
    for ref, at in view.graph.find_ids(text):
        link = view.url(ref, page)
        if link:
            out.append(html.escape(text[last:at]))
            out.append(
                f'<a class="qms-id" href="{html.escape(link)}" title="{html.escape(view.title(ref))}">{html.escape(ref)}</a>'
            )
            last = at + len(ref)
    return "".join(out) + html.escape(text[last:]) if out else piece
