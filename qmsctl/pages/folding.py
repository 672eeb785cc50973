"""Pages from Markdown to HTML."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from qmsctl import plain


def page_html(text: str) -> str:
    """Return a page, headings in Markdown and blocks of HTML between them, as HTML."""
    found = plain.read(text)
    return found[0] if found is not None else str(_reader().reset().convert(text))


@lru_cache(maxsize=1)
def _reader() -> Any:
    """The reader of Markdown; to make one costs more than to read a short page."""
    import markdown

    return markdown.Markdown(extensions=["attr_list", "tables", "fenced_code", "toc"])
