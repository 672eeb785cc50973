"""A baseline: findings an organisation starts with, so that only new ones count."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from pathlib import Path

from qmsctl.atomic import write_whole
from qmsctl.checks import Report
from qmsctl.model import Finding


class BaselineFault(ValueError):
    """The baseline file cannot be used."""


def fingerprint(finding: Finding) -> str:
    """Return a name for a finding that does not change when lines move."""
    text = "\0".join((finding.check, finding.position.path, finding.item, finding.message))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def write(file: Path, report: Report) -> None:
    """Write the findings of a report as the baseline, readable and sorted."""
    rows = [
        {"fingerprint": fingerprint(f), "check": f.check, "path": f.position.path, "message": f.message}
        for f in report.findings
    ]
    rows.sort(key=lambda row: (row["path"], row["check"], row["fingerprint"]))
    write_whole(file, json.dumps({"findings": rows}, indent=1, ensure_ascii=False) + "\n")


def apply(file: Path, report: Report) -> Report:
    """Return the report without what the baseline knows. Raises BaselineFault."""
    try:
        known = Counter(str(row["fingerprint"]) for row in json.loads(file.read_bytes())["findings"])
    except FileNotFoundError as error:
        raise BaselineFault(f"there is no baseline {file}; write one with --write-baseline {file}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BaselineFault(f"{file} is no baseline: {error}") from error
    left = []
    for finding in report.findings:
        name = fingerprint(finding)
        if known[name]:
            known[name] -= 1
        else:
            left.append(finding)
    return dataclasses.replace(report, findings=tuple(left), known_before=len(report.findings) - len(left))
