"""Findings as JSON, for scripts. Columns count characters; ``end_column`` is exclusive and 0 if unknown."""

from __future__ import annotations

import json
from typing import Any

from qmsctl.model import LEVELS, Finding
from qmsctl.output.text import encodable
from qmsctl.output.view import View


def render(view: View) -> str:
    """Return the report as one JSON object."""
    report = view.report
    whole = {
        "format": 1,
        "tool": {"name": "qmsctl", "version": view.version},
        "summary": {
            **{f"{level}s": report.count(level) for level in LEVELS},
            "waived": len(report.waived),
            "known_before": report.known_before,
            "items": report.items,
            "checks": report.checks,
            "seconds": round(view.seconds, 3),
        },
        "findings": [
            {**_fields(finding), "fingerprint": name}
            for finding, name in zip(report.findings, view.fingerprints, strict=True)
        ],
        "waived": [
            {**_fields(finding), "reason": waiver.reason, "until": waiver.until} for finding, waiver in report.waived
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _fields(finding: Finding) -> dict[str, Any]:
    at = finding.position
    return {
        "check": finding.check,
        "level": finding.level,
        "message": finding.message,
        "help": finding.help,
        "item": finding.item,
        "path": encodable(at.path),
        "line": at.line,
        "column": at.column,
        "end_column": at.end_column,
    }
