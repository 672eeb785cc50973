"""Findings and tables as text: one module per format.

What reaches a format has been made harmless first: findings quote items, and items are written by others.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path

from qmsctl.checks import Report
from qmsctl.config import Waiver
from qmsctl.model import Finding, Position
from qmsctl.output.text import visible
from qmsctl.output.view import Sources, View

FORMATS: tuple[str, ...] = ("human", "json", "sarif", "github", "gitlab", "junit", "rdjson")
NARROWEST = 40
LONGEST = 2000


def render(
    format: str,
    report: Report,
    *,
    root: Path,
    seconds: float = 0.0,
    colour: bool = False,
    width: int = 100,
    version: str = "",
    digests: Mapping[str, bytes] | None = None,
) -> str:
    """Return a report in one of `FORMATS`, without a line end at its end.

    ``seconds`` is what the run took; ``colour`` and ``width`` (in columns) concern people only.
    ``digests`` are fingerprints of files by path; lines of these are kept below build/cache. Raises ValueError for an
    unknown format.
    """
    if format not in FORMATS:
        raise ValueError(f"there is no format `{format}`; there are {', '.join(FORMATS)}")
    sources = Sources(root, digests or {})
    view = View(_harmless(report), sources, seconds, colour, max(width, NARROWEST), version)
    text = str(importlib.import_module(f"{__name__}.{format}").render(view))
    sources.keep()
    return text


def _harmless(report: Report) -> Report:
    """Make control characters in all texts visible; paths stay as they are, to be opened."""
    return dataclasses.replace(
        report,
        findings=tuple(_finding(f) for f in report.findings),
        waived=tuple((_finding(f), _waiver(w)) for f, w in report.waived),
    )


def _finding(finding: Finding) -> Finding:
    at = finding.position
    whole = f"{finding.check}{finding.message}{finding.help}{finding.item}"
    if min(at.line, at.column) > 0 and len(whole) <= LONGEST and whole.isprintable():
        return finding
    return Finding(
        _text(finding.check),
        _text(finding.message),
        Position(at.path, max(1, at.line), max(1, at.column), at.end_column),
        _text(finding.help),
        finding.level,
        _text(finding.item),
    )


def _waiver(waiver: Waiver) -> Waiver:
    return dataclasses.replace(waiver, reason=_text(waiver.reason), until=_text(waiver.until))


def _text(text: str) -> str:
    return visible(text if len(text) <= LONGEST else text[:LONGEST] + "…")
