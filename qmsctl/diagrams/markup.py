"""Texts in XML. The library's own functions for it read half a web client when they are imported."""

from __future__ import annotations

import html


def escape(text: str) -> str:
    """Return text as it stands between elements."""
    return html.escape(text, quote=False)


def quoteattr(text: str) -> str:
    """Return text as the value of an attribute, with its quotes."""
    lines = html.escape(text).replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")
    return f'"{lines}"'
