"""Findings as JUnit XML: one test case for each check and item.

Errors fail a test case, warnings and notes are told in its output, waived findings are skipped tests. What
was found in order is one more test case, so that a run without findings has a result too.
"""

from __future__ import annotations

from xml.etree import ElementTree

from qmsctl.model import Finding
from qmsctl.output.text import count, visible
from qmsctl.output.view import View, with_help

Cases = dict[tuple[str, str], list[Finding]]


def render(view: View) -> str:
    """Return the report as an XML document."""
    report = view.report
    cases: Cases = {}
    for finding in report.findings:
        cases.setdefault((finding.check, _name(finding)), []).append(finding)
    suite = ElementTree.Element("testsuite", name="qmsctl")
    for (check, name), findings in cases.items():
        _case(suite, check, name, findings)
    waived = {(finding.check, _name(finding)): (finding, waiver) for finding, waiver in report.waived}
    for (check, name), (finding, waiver) in waived.items():
        case = _empty_case(suite, check, name, finding)
        ElementTree.SubElement(case, "skipped", message=f"waived until {waiver.until}: {waiver.reason}")
    rest = ElementTree.SubElement(suite, "testcase", classname="qmsctl", name="all other checks and items")
    told = ElementTree.SubElement(rest, "system-out")
    told.text = f"{count(report.items, 'item')} held against {count(report.checks, 'check')}"
    totals = {
        "tests": str(len(suite)),
        "failures": str(len(suite.findall("testcase/failure"))),
        "errors": "0",
        "skipped": str(len(suite.findall("testcase/skipped"))),
        "time": f"{view.seconds:.3f}",
    }
    suite.attrib.update(totals)
    whole = ElementTree.Element("testsuites", {"name": "qmsctl", **totals})
    whole.append(suite)
    ElementTree.indent(whole)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(whole, encoding="unicode")


def _name(finding: Finding) -> str:
    return finding.item or visible(finding.position.path)


def _empty_case(suite: ElementTree.Element, check: str, name: str, finding: Finding) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=check, name=name, file=visible(finding.position.path))


def _case(suite: ElementTree.Element, check: str, name: str, findings: list[Finding]) -> None:
    case = _empty_case(suite, check, name, findings[0])
    text = "\n\n".join(_told(finding) for finding in findings)
    errors = [finding for finding in findings if finding.level == "error"]
    if errors:
        failure = ElementTree.SubElement(case, "failure", message=errors[0].message, type="error")
        failure.text = text
    else:
        ElementTree.SubElement(case, "system-out").text = text


def _told(finding: Finding) -> str:
    at = finding.position
    return f"{visible(at.path)}:{at.line}:{at.column}: {finding.level}: {with_help(finding)}"
