"""HTML to PDF, for those who need paper or an archive."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

STYLE = """
@page { size: A4; margin: 15mm 14mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; }
  @bottom-left { content: string(foot); font: 8pt sans-serif; } }
body { font: 9pt/1.4 sans-serif; color: #1a1a1a; } h1 { font-size: 16pt; margin: 0 0 1mm; }
p.foot { string-set: foot content(); font-size: 8pt; color: #555; margin: 0 0 4mm; }
h2 { font-size: 11pt; margin: 6mm 0 1mm; padding-top: 2mm; border-top: .6pt solid #1a1a1a; break-after: avoid; }
dl { display: grid; grid-template-columns: 28mm 1fr; gap: .6mm 3mm; margin: 0 0 2mm; break-after: avoid; }
dt { color: #555; } dd { margin: 0; white-space: pre-line; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; } thead { display: table-header-group; }
th, td { border-bottom: .3pt solid #aaa; padding: 1mm 1.2mm; text-align: left; vertical-align: top; white-space: pre-line; overflow-wrap: anywhere; }
th { background: #eef2f4; font-weight: 600; font-size: 8pt; } tr { break-inside: avoid; }
"""


class PdfFault(RuntimeError):
    """No PDF could be made; the message says why."""


@dataclass(frozen=True)
class Block:
    """One landing on paper: a heading, facts as (label, text), and rows of what changed, old, new."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, str], ...]


def page(title: str, foot: str, blocks: Iterable[Block]) -> str:
    """Return blocks as a page of HTML that prints well."""
    body = "".join(_block(block) for block in blocks)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><p class=foot>{html.escape(foot)}</p>{body}</html>"
    )


def _block(block: Block) -> str:
    facts = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in block.facts if text)
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in block.rows)
    head = "<thead><tr><th style='width:22%'>What</th><th>Old</th><th>New</th></tr></thead>" if rows else ""
    return f"<section><h2>{html.escape(block.heading)}</h2><dl>{facts}</dl><table>{head}<tbody>{rows}</tbody></table></section>"


def write(text: str, file: Path) -> None:
    """Write HTML as PDF; nothing it names is fetched. Raises PdfFault."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise PdfFault("PDF needs an extra: pip install 'qmsctl[pdf]'") from error

    def refuse(url: str, *_: object, **__: object) -> dict[str, object]:
        raise ValueError(f"not fetched: {url}")

    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    weasyprint.HTML(string=text, url_fetcher=refuse).write_pdf(part)
    part.replace(file)
