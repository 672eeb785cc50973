"""HTML to PDF, for those who need paper or an archive."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

STYLE = """
@page { size: A4 landscape; margin: 14mm 12mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; }
  @bottom-left { content: string(foot); font: 8pt sans-serif; } }
body { font: 8.5pt/1.35 sans-serif; color: #1a1a1a; } h1 { font-size: 15pt; margin: 0 0 2mm; }
p.foot { string-set: foot content(); font-size: 8pt; color: #555; } h2 { font-size: 11pt; margin: 6mm 0 1mm; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; } thead { display: table-header-group; }
th, td { border-bottom: .3pt solid #aaa; padding: 1mm 1.2mm; text-align: left; vertical-align: top; overflow-wrap: anywhere; white-space: pre-line; } th { hyphens: none; overflow-wrap: normal; font-size: 7pt; }
th { background: #eef2f4; font-weight: 600; } tr { break-inside: avoid; }
"""


class PdfFault(RuntimeError):
    """No PDF could be made; the message says why."""


def table(title: str, foot: str, head: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> str:
    """Return one table as a page of HTML that prints well; ``widths`` are in per cent."""
    columns = "".join(f'<col style="width:{width}%">' for width in widths)
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><p class=foot>{html.escape(foot)}</p>"
        f"<table><colgroup>{columns}</colgroup><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></html>"
    )


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
