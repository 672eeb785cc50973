"""Findings in the Reviewdog Diagnostic Format. Its columns count bytes of UTF-8, from 1."""

from __future__ import annotations

import json
from typing import Any

from qmsctl.model import Finding
from qmsctl.output.text import encodable
from qmsctl.output.view import View, with_help

SEVERITIES = {"error": "ERROR", "warning": "WARNING", "note": "INFO"}


def render(view: View) -> str:
    """Return one JSON object with all diagnostics."""
    diagnostics = [_diagnostic(view, finding) for finding in view.report.findings]
    return json.dumps({"source": {"name": "qmsctl"}, "diagnostics": diagnostics}, ensure_ascii=False, indent=2)


def _diagnostic(view: View, finding: Finding) -> dict[str, Any]:
    at = finding.position
    line = view.sources.line(at)
    span = {"start": {"line": at.line, "column": _bytes(line, at.column)}}
    if at.end_column > at.column:
        span["end"] = {"line": at.line, "column": _bytes(line, at.end_column)}
    return {
        "message": with_help(finding),
        "location": {"path": encodable(at.path), "range": span},
        "severity": SEVERITIES[finding.level],
        "code": {"value": finding.check},
    }


def _bytes(line: str, column: int) -> int:
    before = line[: column - 1]
    return column + len(before.encode("utf-8", "surrogatepass")) - len(before)
