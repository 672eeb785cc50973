"""Every format is read back by something that was not written here, or by the rules of its reader."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import jsonschema_rs
import junitparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsctl import checks, loader, shelf
from qmsctl.checks import Report
from qmsctl.config import Waiver
from qmsctl.model import Finding, Position
from qmsctl.output import FORMATS, render
from qmsctl.output.tables import render_table
from qmsctl.output.text import cells, visible, wrap
from qmsctl.output.view import Sources, fingerprints, line_hashes

MODULES = Path(__file__).parent / "npm" / "node_modules"
SOP = "sops/SOP-014-incoming-inspection.md"
ROLE = "roles/buyer.yaml"
SOP_TEXT = """\
---
id: SOP-014
type: sop
owner: quality-enginer
title: Prüfung 検査 quality-enginer
---

## Steps

### Measure the sample {#measure-sample}
"""
CLEAN = ["SARIF2005"]
"""Microsoft's validator misses a home page of the tool. If it says nothing at all, it has read nothing."""
WAIVER = Waiver("role-unheld", (), "Vacancy until spring", "2027-03-31", Position("qms.yaml", 3))

OWNER = Finding(
    "link-target-missing",
    "owner names `quality-enginer`, which no role has",
    Position(SOP, 4, 8, 23),
    "did you mean quality-engineer (Quality Engineer)?",
    item="SOP-014",
)
STEP = Finding(
    "step-without-role",
    'the step "Measure the sample" names no role',
    Position(SOP, 10, 1),
    "nobody will see this step on their page until it says who does it",
    "warning",
    "SOP-014",
)
BUYER = Finding("role-empty", "no step, document or KPI names this role", Position(ROLE, 1, 5, 10), "", "note", "buyer")
UNHELD = Finding("role-unheld", "nobody holds this role", Position(ROLE, 1, 1), "", "warning", "buyer")
REPORT = Report((BUYER, OWNER, STEP), ((UNHELD, WAIVER),), items=412, checks=71)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return system(tmp_path)


def system(folder: Path) -> Path:
    for path, text in ((SOP, SOP_TEXT), (ROLE, "id: buyer\ntype: role\n")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def tool(*path: str) -> Path:
    """Return a file of the npm packages; without it the test is skipped here, but fails in CI."""
    file = MODULES.joinpath(*path)
    if not file.exists():
        reason = f"{path[0]} is missing; run: npm install --ignore-scripts --no-package-lock in tests/npm"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return file


@cache
def sarif_schema() -> jsonschema_rs.Draft202012Validator:
    schema = tool("@microsoft", "sarif-multitool-linux", "sarif-2.1.0.json")
    return jsonschema_rs.Draft202012Validator(json.loads(schema.read_text("utf-8-sig")))


def sarif_tool(log: Path) -> list[str]:
    """Return the rules that Microsoft's validator finds broken, with its rules for GitHub too."""
    program = tool("@microsoft", "sarif-multitool-linux", "Sarif.Multitool")
    program.chmod(0o755)
    out = log.with_suffix(".verdict")
    command = [str(program), "validate", str(log), "--rule-kind", "Sarif;Ghas", "--output", str(out)]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    results = json.loads(out.read_text("utf-8-sig"))["runs"][0]["results"]
    return sorted({result["ruleId"] for result in results})


def rdjson_tool(file: Path) -> bool:
    program = tool("@umbrelladocs", "rdformat-validator", "bin", "rdformat-validator.js")
    command = ["node", str(program), "--strict", "--no-extra-fields", "--silent", str(file)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def runner_reads(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as the runner of GitHub Actions does."""
    assert line.startswith("::")
    end = line.index("::", 2)
    command, _, listed = line[2:end].partition(" ")
    found = {}
    for pair in listed.split(","):
        name, _, value = pair.partition("=")
        found[name] = value.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",")
        found[name] = found[name].replace("%25", "%")
    return command, found, line[end + 2 :].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


# --- for people


def test_human_looks_like_this(root: Path) -> None:
    text = render("human", REPORT, root=root, seconds=0.18, width=90)
    assert text == (
        """\
roles/buyer.yaml

  1:5    note  no step, document or KPI names this role                         role-empty
         │
       1 │ id: buyer
         │     ─────

sops/SOP-014-incoming-inspection.md

  4:8    error    owner names `quality-enginer`, which no role has     link-target-missing
         │
       4 │ owner: quality-enginer
         │        ───────────────  did you mean quality-engineer (Quality Engineer)?

  10:1   warning  the step "Measure the sample" names no role            step-without-role
         │
      10 │ ### Measure the sample {#measure-sample}
         │ ───
         help: nobody will see this step on their page until it says who does it

Waived
  role-unheld until 2027-03-31: Vacancy until spring
    roles/buyer.yaml:1

2 files, 1 error, 1 warning, 1 note · 1 waived · 412 items checked in 0.18 s · qmsctl
explain link-target-missing"""
    )


def test_human_in_a_narrow_window(root: Path) -> None:
    text = render("human", Report((OWNER,), items=1), root=root, width=50)
    assert text == (
        """\
sops/SOP-014-incoming-inspection.md

  4:8   error  owner names `quality-enginer`,
               which no role has
                               link-target-missing
        │
      4 │ owner: quality-enginer
        │        ───────────────
        help: did you mean quality-engineer
              (Quality Engineer)?

1 file, 1 error · 1 item checked in 0.00 s ·
qmsctl explain link-target-missing"""
    )


def test_silence_is_not_success(root: Path) -> None:
    assert render("human", Report((), items=1, known_before=2), root=root, seconds=2) == (
        "no findings · 2 known before · 1 item checked in 2.00 s"
    )


def test_colour_only_when_asked_for_and_only_colour(root: Path) -> None:
    plain = render("human", REPORT, root=root)
    coloured = render("human", REPORT, root=root, colour=True)
    assert "\x1b" not in plain
    assert click.style("error  ", fg="red", bold=True) in coloured
    assert click.unstyle(coloured) == plain


@pytest.mark.parametrize("width", [1, 40, 61, 80, 200])
def test_lines_keep_to_the_width_of_the_terminal(root: Path, width: int) -> None:
    long = "検査" * 100 + " and " * 40 + "x" * 300
    (root / ROLE).write_text(f"id: buyer # {long}\n", "utf-8")
    finding = Finding("role-empty", long, Position(ROLE, 1, 90, 120), long, item="buyer")
    text = render("human", Report((finding,), ((finding, WAIVER),)), root=root, width=width)
    assert max(cells(line) for line in text.split("\n")) <= max(width, 40)


@pytest.mark.parametrize(
    ("line", "column", "end", "marked"),
    [
        ("owner: nobody # x", 8, 14, "nobody"),
        ("owner: nobody # x", 8, 0, "nobody"),
        ("who: [a, b]", 6, 0, "["),
        ("title: 検査 lot", 8, 10, "検査"),
        ("\tkey: v", 7, 8, "v"),
        ("a: e\u0301e\u0301 b", 4, 8, "e\u0301e\u0301"),
        ("a: \x1b[31mred", 4, 9, "\\x1b[31m"),
        ("x" * 500 + " needle " + "y" * 500, 502, 508, "needle"),
        ("needle " + "y" * 500, 1, 7, "needle"),
        ("x" * 500 + " needle", 502, 508, "needle"),
        ("short", 99, 0, ""),
    ],
)
def test_the_exact_cause_is_underlined(root: Path, line: str, column: int, end: int, marked: str) -> None:
    (root / ROLE).write_text(line + "\n", "utf-8")
    text = render("human", Report((Finding("c", "m", Position(ROLE, 1, column, end)),)), root=root, width=80)
    source, under = text.split("\n")[4:6]
    start = cells(under) - len(under.lstrip(" │"))
    at = next(at for at in range(len(source) + 1) if cells(source[:at]) >= start)
    assert source[at:].startswith(marked)
    assert cells(under) - start == max(cells(marked), 1)
    assert cells(source) <= 80


def test_a_line_of_a_million_characters_costs_nothing(root: Path) -> None:
    (root / ROLE).write_text("検" * 600_000, "utf-8")
    findings = tuple(Finding("c", "検" * 600_000, Position(ROLE, 1, n * 1000, n * 1000 + 9)) for n in range(1, 400))
    for format in ("human", "gitlab"):
        assert len(render(format, Report(findings), root=root)) < 4_000_000


@pytest.mark.parametrize("path", ["../secret.yaml", "roles/link.yaml", "roles", "roles/\0", "x" * 5000])
def test_nothing_outside_the_repository_is_shown(tmp_path: Path, path: str) -> None:
    root = system(tmp_path / "repo")
    (tmp_path / "secret.yaml").write_text("token: hunter2\n")
    (root / "roles" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    report = Report((Finding("c", "m", Position(path, 1, 1)),))
    for format in FORMATS:
        text = render(format, report, root=root)
        assert "hunter2" not in text
        assert text


def test_findings_of_a_real_run_are_shown(tmp_path: Path) -> None:
    root = system(tmp_path)
    (root / "qms.yaml").write_text("organisation: Example\n")
    report = checks.run(loader.load(root), "2026-11-20", only=["link-target-missing"])
    text = render("human", report, root=root)
    assert re.search(r"4 │ owner: quality-enginer\n +│        ─{15}(  |\n)", text)
    assert "2 items checked" in text
    assert json.loads(render("json", report, root=root))["summary"]["errors"] == 1


# --- for machines


def test_json_says_all(root: Path) -> None:
    whole = json.loads(render("json", REPORT, root=root, seconds=0.1804, version="1.2.3"))
    assert whole["tool"] == {"name": "qmsctl", "version": "1.2.3"}
    assert whole["summary"] == {
        "errors": 1,
        "warnings": 1,
        "notes": 1,
        "waived": 1,
        "known_before": 0,
        "items": 412,
        "checks": 71,
        "seconds": 0.18,
    }
    read = tuple(
        Finding(
            f["check"],
            f["message"],
            Position(f["path"], f["line"], f["column"], f["end_column"]),
            f["help"],
            f["level"],
            f["item"],
        )
        for f in whole["findings"]
    )
    assert read == REPORT.findings
    assert [(w["check"], w["reason"], w["until"]) for w in whole["waived"]] == [
        ("role-unheld", "Vacancy until spring", "2027-03-31")
    ]


@pytest.mark.parametrize("report", [REPORT, Report(())])
def test_sarif_meets_the_official_schema_and_github_rules(root: Path, report: Report) -> None:
    text = render("sarif", report, root=root, version="0.1.0")
    assert not list(sarif_schema().iter_errors(json.loads(text)))
    file = root / "log.sarif"
    file.write_text(text, "utf-8")
    assert sarif_tool(file) == CLEAN


def test_the_sarif_validators_do_object(root: Path) -> None:
    broken = json.loads(render("sarif", REPORT, root=root))
    broken["runs"][0]["results"][0]["hue"] = "red"
    assert list(sarif_schema().iter_errors(broken))
    file = root / "log.sarif"
    file.write_text(json.dumps(broken))
    assert "JSON1005" in sarif_tool(file)


def test_sarif_rules_carry_the_page_of_the_check(root: Path) -> None:
    run = json.loads(render("sarif", REPORT, root=root))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        "link-target-missing",
        "step-without-role",
        "role-empty",
    ]
    rule = next(rule for rule in rules if rule["id"] == "link-target-missing")
    page = checks.page("link-target-missing")
    assert rule["shortDescription"]["text"] == page.demand
    assert page.fix in rule["help"]["text"]
    assert page.example in rule["help"]["markdown"]
    assert run["properties"]["waived"][0]["reason"] == "Vacancy until spring"


def test_every_check_makes_a_rule_of_the_official_schema(root: Path) -> None:
    findings = tuple(Finding(name, "m", Position(SOP, 1, 1)) for name in checks.ids())
    text = render("sarif", Report(findings), root=root)
    assert not list(sarif_schema().iter_errors(json.loads(text)))
    assert "help" in json.loads(text)["runs"][0]["tool"]["driver"]["rules"][-1]
    text.encode("utf-8")


def test_sarif_keeps_the_gravest_of_too_many(root: Path) -> None:
    many = tuple(
        Finding("role-empty", f"note {n}", Position(ROLE, 1, 1), level="error" if n == 25_009 else "note")
        for n in range(25_010)
    )
    run = json.loads(render("sarif", Report(many), root=root))["runs"][0]
    assert len(run["results"]) == 25_000
    assert run["results"][0]["level"] == "error"
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("10 more findings")


# The values that the tests of GitHub's own upload step expect.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (" a\nb\n  \t\tc\n d", ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"]),
        *(
            (
                text,
                [
                    "e9496ae3ebfced30:1",
                    "fb7c023a8b9ccb3f:1",
                    "ce8ba1a563dcdaca:1",
                    "e20e36e16fcb0cc8:1",
                    "b3edc88f2938467e:1",
                    "c8e28b0b4002a3a0:1",
                    "c129715d7a2bc9a3:1",
                ],
            )
            for text in (
                " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
                " hello; \t\r\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
            )
        ),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            [
                *(f"a7f2ff13bc495cf2:{n}" for n in range(1, 7)),
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ],
        ),
    ],
)
def test_line_hashes_are_those_of_github(text: str, expected: list[str]) -> None:
    assert line_hashes(text) == expected


def shifted(finding: Finding, lines: int) -> Finding:
    at = finding.position
    place = Position(at.path, at.line + lines, at.column, at.end_column)
    return Finding(finding.check, finding.message, place, finding.help, finding.level, finding.item)


def test_fingerprints_stay_when_lines_shift_and_change_with_the_line(root: Path) -> None:
    def both(report: Report) -> list[tuple[str, str]]:
        results = json.loads(render("sarif", report, root=root))["runs"][0]["results"]
        rows = json.loads(render("gitlab", report, root=root))
        hashes = sorted(r["partialFingerprints"]["primaryLocationLineHash"] for r in results)
        return list(zip(hashes, sorted(row["fingerprint"] for row in rows), strict=True))

    report = Report((OWNER, STEP))
    before = both(report)
    assert len(set(before)) == 2
    (root / SOP).write_text("# one\n# two\n" + SOP_TEXT, "utf-8")
    assert both(Report(tuple(shifted(f, 2) for f in report.findings))) == before
    (root / SOP).write_text(SOP_TEXT.replace("owner: quality-enginer", "owner: qality-engineer"), "utf-8")
    after = both(report)
    assert len(set(after) & set(before)) < 2
    assert after != before


def test_fingerprints_do_not_depend_on_days_passing(root: Path) -> None:
    names = [
        fingerprints([Finding("overdue", f"overdue by {days} days", Position(SOP, 4, 8))], Sources(root))
        for days in (1, 2)
    ]
    assert names[0] == names[1]


def test_lines_are_kept_as_long_as_their_file_is_what_it_was(root: Path) -> None:
    at = Position(SOP, 4, 8)
    store = root / shelf.FOLDER / "lines"
    before = hashlib.sha256((root / SOP).read_bytes()).digest()

    def shown(digest: bytes) -> str:
        sources = Sources(root, {SOP: digest})
        line = sources.line(at)
        sources.keep()
        return line

    assert shown(b"another file was read") == "owner: quality-enginer"
    assert not store.exists(), "what is shown is not of the file that was checked"
    assert shown(before) == "owner: quality-enginer"
    (root / SOP).write_text("\n\n\nowner: buyer\n", "utf-8")
    assert shown(before) == "owner: quality-enginer", "taken from what is kept"
    after = hashlib.sha256((root / SOP).read_bytes()).digest()
    assert shown(after) == "owner: buyer"
    assert shown(before) == "owner: buyer", "what is kept is of the file as it is"
    store.write_bytes(store.read_bytes()[:-1] + b"x")
    assert shown(after) == "owner: buyer"


def test_long_lines_are_not_kept(root: Path) -> None:
    (root / SOP).write_text("x" * 5000, "utf-8")
    sources = Sources(root, {SOP: hashlib.sha256((root / SOP).read_bytes()).digest()})
    assert len(sources.line(Position(SOP, 1))) == 5000
    sources.keep()
    assert not (root / shelf.FOLDER / "lines").exists()


def test_where_there_is_no_line_the_message_tells_findings_apart(root: Path) -> None:
    at = Position("gone.yaml")
    names = [fingerprints([Finding("c", message, at)], Sources(root)) for message in ("one", "two", "one")]
    assert names[0] != names[1]
    assert names[0] == names[2]


def test_the_same_finding_twice_on_a_line_has_two_fingerprints(root: Path) -> None:
    rows = json.loads(render("gitlab", Report((OWNER, OWNER, OWNER)), root=root))
    assert len({row["fingerprint"] for row in rows}) == 3


def test_gitlab_has_the_documented_shape(root: Path) -> None:
    rows = json.loads(render("gitlab", REPORT, root=root))
    assert len(rows) == 3
    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert re.fullmatch(r"[0-9a-f]{64}", row["fingerprint"])
        assert set(row["location"]) == {"path", "lines"}
        assert isinstance(row["location"]["lines"]["begin"], int)
    assert [(row["severity"], row["location"]["path"]) for row in rows] == [
        ("info", ROLE),
        ("major", SOP),
        ("minor", SOP),
    ]


def test_github_annotations_read_back(root: Path) -> None:
    lines = render("github", REPORT, root=root).split("\n")
    command, properties, message = runner_reads(lines[1])
    assert command == "error"
    assert properties == {
        "file": SOP,
        "line": "4",
        "endLine": "4",
        "col": "8",
        "endColumn": "22",
        "title": "link-target-missing",
    }
    assert message == f"{OWNER.message}\n{OWNER.help}"
    assert [runner_reads(line)[0] for line in lines[:3]] == ["notice", "error", "warning"]
    assert lines[3].startswith("2 files, 1 error, 1 warning, 1 note")


def junit(text: str) -> list[Any]:
    (suite,) = junitparser.JUnitXml.fromstring(text.encode("utf-8"))
    return list(suite)


def test_junit_reads_back(root: Path) -> None:
    second = Finding("link-target-missing", "`trains` names `x`", Position(SOP, 5, 1), item="SOP-014")
    text = render("junit", Report((*REPORT.findings, second), REPORT.waived * 2, 412, 71), root=root, seconds=0.18)
    whole = junitparser.JUnitXml.fromstring(text.encode("utf-8"))
    assert (whole.tests, whole.failures, whole.errors, whole.skipped, whole.time) == (5, 1, 0, 1, 0.18)
    cases = {(case.classname, case.name): case for case in junit(text)}
    failure = cases["link-target-missing", "SOP-014"].result[0]
    assert isinstance(failure, junitparser.Failure)
    assert failure.message == OWNER.message
    assert f"{SOP}:4:8: error: {OWNER.message}\n{OWNER.help}" in failure.text
    assert "`trains` names `x`" in failure.text
    assert cases["step-without-role", "SOP-014"].is_passed
    assert STEP.message in cases["step-without-role", "SOP-014"].system_out
    skipped = cases["role-unheld", "buyer"].result[0]
    assert isinstance(skipped, junitparser.Skipped)
    assert skipped.message == "waived until 2027-03-31: Vacancy until spring"
    assert cases["qmsctl", "all other checks and items"].system_out == "412 items held against 71 checks"
    again = junitparser.JUnitXml.fromstring(whole.tostring())
    assert (again.tests, again.failures, again.skipped) == (5, 1, 1)


def test_junit_of_a_clean_run_passes(root: Path) -> None:
    (case,) = junit(render("junit", Report((), items=3, checks=2), root=root))
    assert case.is_passed


def test_rdjson_is_valid_and_counts_bytes(root: Path) -> None:
    title = Finding("x-check", "umlauts before it", Position(SOP, 5, 19, 34), "", "warning")
    text = render("rdjson", Report((*REPORT.findings, title)), root=root)
    file = root / "out.json"
    file.write_text(text, "utf-8")
    assert rdjson_tool(file)
    place = json.loads(text)["diagnostics"][3]["location"]["range"]
    line = SOP_TEXT.split("\n")[4].encode("utf-8")
    assert line[place["start"]["column"] - 1 : place["end"]["column"] - 1] == b"quality-enginer"
    assert [d["severity"] for d in json.loads(text)["diagnostics"]] == ["INFO", "ERROR", "WARNING", "WARNING"]


def test_the_rdjson_validator_does_object(root: Path) -> None:
    broken = json.loads(render("rdjson", REPORT, root=root))
    broken["diagnostics"][0]["severity"] = "GRAVE"
    file = root / "out.json"
    file.write_text(json.dumps(broken))
    assert not rdjson_tool(file)


def test_an_unknown_format_is_named_with_those_there_are(root: Path) -> None:
    with pytest.raises(ValueError, match="no format `text`; there are human, json"):
        render("text", REPORT, root=root)


# --- hostile data

FRAGMENTS = [
    "\n", "\r\n", "\t", "\0", "\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x7f", "\u202e", "\u2028", "\u200b", "\ufffe",
    "\udcf6", "\ud800", "%", "%0A", "%25", "::", " ::", "::error file=x::y", "::set-output name=a::b", "##[group]x",
    "##vso[task.setvariable variable=a]b", "]]>", "<!--", "<&>\"'", "&#0;", "[a](https://x)", "](1)", "{0}", ",", ":",
    "../", "\\", "/", "#", "?", "検査", "e\u0301", "\U0001f468\u200d\U0001f469", " ", "did you mean ",
]  # fmt: skip
PIECES = st.one_of(st.sampled_from(FRAGMENTS), st.text(st.characters(exclude_categories=()), max_size=8))
HOSTILE = st.lists(PIECES, max_size=8).map("".join)
NUMBERS = st.integers(-1, 60)
POSITIONS = st.builds(Position, st.one_of(st.just(SOP), HOSTILE), NUMBERS, NUMBERS, NUMBERS)
FINDINGS = st.builds(
    Finding,
    st.one_of(st.sampled_from(["role-empty", "not-utf8"]), HOSTILE),
    HOSTILE,
    POSITIONS,
    HOSTILE,
    st.sampled_from(["error", "warning", "note"]),
    HOSTILE,
)
WAIVERS = st.builds(Waiver, HOSTILE, st.just(()), HOSTILE, HOSTILE, st.just(Position("qms.yaml")))
REPORTS = st.builds(
    Report,
    st.lists(FINDINGS, max_size=4).map(tuple),
    st.lists(st.tuples(FINDINGS, WAIVERS), max_size=2).map(tuple),
)


@pytest.fixture(scope="module")
def hostile_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = system(tmp_path_factory.mktemp("hostile"))
    (root / SOP).write_text("".join(f"{piece} ::x ##[y]\n" for piece in FRAGMENTS), "utf-8", "replace")
    return root


def obeys(text: str, colour: bool = False) -> None:
    """Demand what a terminal and the log of a CI service need."""
    text.encode("utf-8")
    bare = click.unstyle(text) if colour else text
    for line in bare.split("\n"):
        assert line == visible(line)
        assert not line.lstrip().startswith("::")
        assert not re.search(r"##\w*\[", line)


@settings(max_examples=300, deadline=None)
@given(report=REPORTS, width=st.integers(0, 120), colour=st.booleans())
def test_hostile_data_never_breaks_the_text_for_people(
    hostile_root: Path, report: Report, width: int, colour: bool
) -> None:
    text = render("human", report, root=hostile_root, width=width, colour=colour)
    obeys(text, colour)
    assert len(re.findall(r"(?m)^  \d+:\d+ +(?:error|warning|note) ", click.unstyle(text))) == len(report.findings)


@settings(max_examples=300, deadline=None)
@given(report=REPORTS)
def test_hostile_data_never_breaks_a_format_for_machines(hostile_root: Path, report: Report) -> None:
    texts = {name: render(name, report, root=hostile_root) for name in FORMATS[1:]}
    for text in texts.values():
        text.encode("utf-8")
    messages = [visible(finding.message) for finding in report.findings]
    told = Counter(
        f"{visible(f.message)}\n{visible(f.help)}" if f.help else visible(f.message) for f in report.findings
    )

    assert [f["message"] for f in json.loads(texts["json"])["findings"]] == messages

    log = json.loads(texts["sarif"])
    assert not list(sarif_schema().iter_errors(log))
    results = log["runs"][0]["results"]
    assert Counter(r["message"]["text"] for r in results) == Counter(
        {text.replace("](", "] ("): n for text, n in told.items()}
    )
    uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results]
    assert all(re.fullmatch(r"[A-Za-z0-9._~/%-]*", uri) for uri in uris)
    clean = {f.position.path for f in report.findings if not re.search("[\ud800-\udfff]", f.position.path)}
    assert clean <= {unquote(uri) for uri in uris}

    lines = texts["github"].split("\n")
    assert len(lines) == len(report.findings) + 1
    read = [runner_reads(line) for line in lines[:-1]]
    assert Counter(message for _, _, message in read) == told
    assert [properties["file"] for _, properties, _ in read] == [visible(f.position.path) for f in report.findings]
    assert [properties["title"] for _, properties, _ in read] == [visible(f.check) for f in report.findings]
    assert all(visible(line) == line for line in lines)

    rows = json.loads(texts["gitlab"])
    assert len({row["fingerprint"] for row in rows}) == len(rows) == len(report.findings)

    cases = junit(texts["junit"])
    assert sum(isinstance(r, junitparser.Failure) for case in cases for r in case.result) == len(
        {(visible(f.check), visible(f.item) or visible(f.position.path)) for f in report.findings if f.level == "error"}
    )

    diagnostics = json.loads(texts["rdjson"])["diagnostics"]
    assert Counter(d["message"] for d in diagnostics) == told
    for diagnostic in diagnostics:
        for place in diagnostic["location"]["range"].values():
            assert place["line"] >= 1
            assert place["column"] >= 1


def test_outside_validators_accept_hostile_data(root: Path) -> None:
    findings = tuple(
        Finding("role-empty", f"says {piece}", Position(f"roles/{piece}.yaml", 1, 1), piece, item=f"i{piece}")
        for piece in FRAGMENTS
    )
    (root / "out.json").write_text(render("rdjson", Report(findings), root=root), "utf-8")
    assert rdjson_tool(root / "out.json")
    (root / "log.sarif").write_text(render("sarif", Report(findings), root=root), "utf-8")
    assert sarif_tool(root / "log.sarif") == CLEAN


@given(HOSTILE, st.integers(2, 30))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrap(visible(text), width)
    assert all(cells(line) <= width for line in lines)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", visible(text))


# --- tables

ROWS = [
    {"id": "SOP-014", "title": "Incoming inspection", "next_review": "2027-03-02"},
    {"id": "KPI-4", "title": "検査", "next_review": ""},
]
COLUMNS = ["id", "title", "next_review"]


def test_table_is_aligned() -> None:
    assert render_table(ROWS, COLUMNS, "table") == (
        "id       title                next review\nSOP-014  Incoming inspection  2027-03-02\nKPI-4    検査"
    )
    assert render_table([], COLUMNS, "table") == ""
    coloured = render_table(ROWS, COLUMNS, "table", colour=True)
    assert coloured != click.unstyle(coloured) == render_table(ROWS, COLUMNS, "table")


def test_a_wide_table_wraps_its_widest_cells() -> None:
    rows = [{"id": "SOP-014", "title": "Incoming inspection of bars, tubes and castings", "next_review": "2027-03-02"}]
    assert render_table(rows, COLUMNS, "table", width=50) == (
        "id       title                         next review\n"
        "SOP-014  Incoming inspection of bars,  2027-03-02\n"
        "         tubes and castings"
    )


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"])
def test_csv_holds_no_formula(cell: str) -> None:
    (head, row) = csv.reader(io.StringIO(render_table([{"=a": cell}], ["=a"], "csv")))
    assert head == ["'=a"]
    assert row == ["'" + visible(cell)]


def test_csv_and_json_read_back() -> None:
    rows = [{**ROWS[0], "title": 'a, "b"; c'}, ROWS[1]]
    assert list(csv.DictReader(io.StringIO(render_table(rows, COLUMNS, "csv")))) == rows
    assert json.loads(render_table(rows, COLUMNS, "json")) == rows
    with pytest.raises(ValueError, match="no format `xlsx`"):
        render_table(rows, COLUMNS, "xlsx")


@given(rows=st.lists(st.fixed_dictionaries({"a": HOSTILE, "b": HOSTILE, "c": HOSTILE}), max_size=4), width=NUMBERS)
def test_hostile_cells_never_break_a_table(rows: list[dict[str, str]], width: int) -> None:
    columns = ["a", "b", "c"]
    table = render_table(rows, columns, "table", width=width)
    obeys(table)
    text = render_table(rows, columns, "csv")
    text.encode("utf-8")
    read = list(csv.reader(io.StringIO(text)))
    assert len(read) == len(rows) + 1
    assert all(len(row) == 3 for row in read)
    assert not any(cell[:1] in "=+-@\t\r" for row in read for cell in row if cell)
    whole = render_table(rows, columns, "json")
    whole.encode("utf-8")
    assert len(json.loads(whole)) == len(rows)


@given(HOSTILE)
def test_visible_text_can_be_seen(text: str) -> None:
    seen = visible(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in seen)
    assert visible(seen) == seen
