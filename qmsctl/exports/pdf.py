"""HTML to tagged PDF, for those who need paper or an archive; what could not be shown is told, never left out silently."""

from __future__ import annotations

import hashlib
import html
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from qmsctl.atomic import write_whole

VARIANTS = ("ua-1", "ua-2", "a-2a", "a-3a")
_IMAGE = "Failed to load image at %r: %s"
_GLYPH = ".notdef glyph rendered for Unicode string"
_OWN = ("Ignored `", "Invalid or unsupported", "Expected a media type", "Invalid media type", "No anchor #")
"""Remarks about our own style sheet, which holds rules for browsers too and leaves parts of pages out; a link to
such a part becomes text."""

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


@dataclass(frozen=True)
class Flaw:
    """Something that a PDF does not show as it should, and the way out. ``kind`` is image, glyph or other.

    ``address`` is that of the picture, for an image.
    """

    kind: str
    text: str
    help: str
    address: str = ""


def write(
    text: str, file: Path, pictures: Mapping[str, Path] | None = None, variant: str = VARIANTS[0]
) -> tuple[Flaw, ...]:
    """Write HTML as a tagged PDF, the same for the same input; return what is wrong with it. Raises PdfFault.

    ``pictures`` are the files that may be shown, by their address in the text. Nothing else is fetched.
    """
    try:
        import weasyprint
        from weasyprint.urls import URLFetcherResponse  # type: ignore[import-untyped]
    except (ImportError, OSError) as error:
        raise PdfFault("PDF needs an extra: pip install 'qmsctl[pdf]'") from error

    class Fetcher(weasyprint.URLFetcher):  # type: ignore[misc]  # weasyprint has no types
        """Hands out the pictures of the document and nothing else."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            found = (pictures or {}).get(url) or (pictures or {}).get(unquote(url))
            if found is None:
                raise ValueError("there is no such file beside the document")
            return URLFetcherResponse(url, found.read_bytes(), _media_type(found))

    with _heard() as said:
        data = weasyprint.HTML(string=text, url_fetcher=Fetcher()).write_pdf(
            # Without the hints, lists that begin at another number than 1 would be numbered anew.
            presentational_hints=True,
            pdf_variant=f"pdf/{variant}",
            pdf_identifier=hashlib.sha256(text.encode()).digest()[:16],
        )
    try:
        write_whole(file, data)
    except OSError as error:
        raise PdfFault(f"{file} could not be written: {error.strerror or error}") from error
    return tuple(_flaws(said))


def _media_type(file: Path) -> dict[str, str]:
    return {"Content-Type": "image/svg+xml"} if file.suffix.lower() == ".svg" else {}


@contextmanager
def _heard() -> Iterator[list[logging.LogRecord]]:
    """Collect what the engine has to say."""
    records: list[logging.LogRecord] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, listener = logging.getLogger("weasyprint"), Listener(logging.WARNING)
    quiet = logger.propagate
    logger.addHandler(listener)
    logger.propagate = False
    try:
        yield records
    finally:
        logger.removeHandler(listener)
        logger.propagate = quiet


def _flaws(records: Iterable[logging.LogRecord]) -> Iterator[Flaw]:
    """Say in plain words what the engine said; each thing once, missing letters together."""
    missing: dict[str, None] = {}
    told: dict[Flaw, None] = {}
    for record in records:
        message = record.getMessage()
        if message.startswith(_GLYPH) and isinstance(record.args, tuple):
            missing[str(record.args[0])] = None
        elif record.msg == _IMAGE and isinstance(record.args, tuple):
            name = unquote(str(record.args[0]).partition(":")[2])
            told[
                Flaw(
                    "image",
                    f"the picture {name} cannot be shown",
                    "put the file there, or correct its name in the text",
                    str(record.args[0]),
                )
            ] = None
        elif not message.startswith(_OWN):
            told[Flaw("other", message, "look at the PDF; if it is wrong, report this line")] = None
    if missing:
        signs = ", ".join(f"{sign} (U+{ord(sign):04X})" for sign in list(missing)[:6] if len(sign) == 1)
        more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
        told[
            Flaw(
                "glyph",
                f"no font here has {signs}{more}",
                "install a font that has them, such as Noto, where PDFs are made",
            )
        ] = None
    yield from told
