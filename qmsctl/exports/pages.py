"""Single pages of HTML that stand by themselves: to send, print or file."""

from __future__ import annotations

import html

STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #16242b; background: #fff; }
h1 { font-size: 1.35rem; } ul.redline { padding-left: 1.2rem; } .redline li { margin: .5rem 0; white-space: pre-line; overflow-wrap: anywhere; }
del { color: #8c1d18; background: #fbe9e7; } ins { color: #0b5c33; background: #e5f4ea; text-decoration: none; border-bottom: 2px solid #0b5c33; }
@media (prefers-color-scheme: dark) { body { background: #10181c; color: #e6edf0; } del { color: #ffb4ab; background: #3b1512; } ins { color: #8fe0b0; background: #0d2f1d; border-color: #8fe0b0; } }
"""


def redline_page(title: str, body: str) -> str:
    """Return a page with a redline; ``body`` is HTML as the redline makes it."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n{body or '<p>Nothing differs.</p>'}</body></html>\n"
    )
