"""Findings as SARIF 2.1.0, which code scanning services show as alerts.

GitHub takes 25,000 results a run; where there are more, the gravest are kept and the log says how many are
missing. Waived findings stand in the properties of the run: as suppressed results GitHub would open alerts.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from qmsctl import checks
from qmsctl.model import LEVELS, Finding, Position
from qmsctl.output.text import encodable, visible
from qmsctl.output.view import View, with_help

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RESULTS = 25_000
BASE = "SRCROOT"


def render(view: View) -> str:
    """Return the report as a SARIF log with one run."""
    findings = view.report.findings
    named = sorted(zip(findings, view.fingerprints, strict=True), key=lambda pair: LEVELS.index(pair[0].level))
    kept = named[:MAX_RESULTS]
    rules = sorted({finding.check for finding, _ in kept})
    driver: dict[str, Any] = {"name": "qmsctl", "rules": [_rule(name) for name in rules]}
    if view.version:
        driver["version"] = driver["semanticVersion"] = view.version
    notes = (
        [] if len(kept) == len(findings) else [f"{len(findings) - len(kept)} more findings do not fit into this log"]
    )
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "qmsctl/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {BASE: {"description": {"text": "The folder that holds qms.yaml."}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [{"level": "warning", "message": {"text": n}} for n in notes],
            }
        ],
        "results": [_result(view, finding, rules.index(finding.check), name) for finding, name in kept],
        "properties": {
            "items": view.report.items,
            "checks": view.report.checks,
            "waived": [
                {"check": f.check, "uri": _uri(f.position), "until": waiver.until, "reason": waiver.reason}
                for f, waiver in view.report.waived
            ],
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _rule(name: str) -> dict[str, Any]:
    try:
        page = checks.page(name)
    except checks.UnknownCheck:
        return {"id": name}
    example = "\n".join(visible(line) for line in page.example.split("\n"))
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": page.demand},
        "fullDescription": {"text": f"{page.demand} {page.why}"},
        "help": {
            "text": f"{page.why}\n\nExample:\n\n{example}\n\nHow to fix: {page.fix}",
            "markdown": f"{page.why}\n\n```yaml\n{example}\n```\n\n**How to fix:** {page.fix}",
        },
        "defaultConfiguration": {"level": page.level},
        "properties": {"tags": ["quality-management"], "precision": "very-high"},
    }


def _result(view: View, finding: Finding, rule: int, fingerprint: str) -> dict[str, Any]:
    at = finding.position
    region = {"startLine": at.line, "startColumn": at.column}
    if at.end_column > at.column:
        region["endColumn"] = at.end_column
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": finding.level,
        "message": {"text": _plain(with_help(finding))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(at), "uriBaseId": BASE},
                    "region": region,
                }
            }
        ],
        "partialFingerprints": {
            "primaryLocationLineHash": view.sources.line_hash(at) or f"{fingerprint[:16]}:1",
            "qmsctlFinding/v1": fingerprint,
        },
    }


def _uri(at: Position) -> str:
    return quote(encodable(at.path), safe="/")


def _plain(text: str) -> str:
    """Break up ``[text](target)``, which a SARIF message would make a link."""
    return text.replace("](", "] (")
