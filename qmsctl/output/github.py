"""Findings as GitHub workflow commands, which annotate the lines of a pull request."""

from __future__ import annotations

from qmsctl.model import Finding
from qmsctl.output.text import visible
from qmsctl.output.view import View, with_help

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(view: View) -> str:
    """Return one command a finding, and the summary as a last line."""
    return "\n".join([*(_command(finding) for finding in view.report.findings), view.summary])


def _command(finding: Finding) -> str:
    at = finding.position
    properties = {"file": visible(at.path), "line": str(at.line), "endLine": str(at.line), "col": str(at.column)}
    if at.end_column > at.column:
        properties["endColumn"] = str(at.end_column - 1)
    properties["title"] = finding.check
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{COMMANDS[finding.level]} {listed}::{_data(with_help(finding))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
