"""Findings as a GitLab Code Quality report. GitLab shows one finding a fingerprint, so each has its own."""

from __future__ import annotations

import json

from qmsctl.output.text import encodable
from qmsctl.output.view import View, with_help

SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render(view: View) -> str:
    """Return a JSON array with one object a finding."""
    rows = [
        {
            "description": with_help(finding, " — "),
            "check_name": finding.check,
            "fingerprint": name,
            "severity": SEVERITIES[finding.level],
            "location": {"path": encodable(finding.position.path), "lines": {"begin": finding.position.line}},
        }
        for finding, name in zip(view.report.findings, view.fingerprints, strict=True)
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2)
