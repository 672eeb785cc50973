"""Evidence packs: what an auditor reads and verifies with nothing but the pack, sha256sum, git and ssh-keygen."""

from __future__ import annotations

import hashlib
import html
import json
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result

from qmsctl.cli import app
from qmsctl.exports import evidence as packs
from qmsctl.exports.values import ExportFault
from qmsctl.loader import load
from qmsctl.pages.evidence import safe
from tests.conftest import TODAY
from tests.shop import RULES
from tests.test_html_valid import checked
from tests.test_lived_history import lived

__all__ = ["lived"]
EARLIER = "2025-12-01"
HOSTILE = '<script>alert(1)</script> & "quotes" {{ 7*7 }} ../../up'
CATALOGUE = """\
id: house
type: catalogue
title: Rules of the house
issuer: Example
edition: "1"
kind: customer
complete: true
confidence: primary source
clauses:
  - {key: "1", topic: Receiving, heading: true}
  - {key: "1.1", topic: Inspect what comes in, documented: both, demands: Who looks at what comes in?}
  - {key: "1.2", topic: Keep the lane free}
  - {key: "1.3", topic: Nothing is made here}
  - {key: "2", topic: Telling, heading: true}
  - {key: "2.1", topic: Tell the supplier}
  - {key: "2.2", topic: Tell the customer}
"""
STANDARD = """\
id: STD-001
type: standard
title: Rules of the house
revision: "1.0"
effective: 2026-01-01
owner: chief
review_every: 12 months
change: First issue.
catalogue: house
scope: Everything at SOP-001 and SOP-002.
exclusions:
  - {clause: house/1.3, reason: We only trade., who: chief, since: 2026-01-01}
plans:
  - {clause: house/2.1, what: Write SOP-003, who: chief, by: 2026-03-01}
"""
ROLE = "id: chief\ntype: role\ntitle: Chief\npurpose: Leads.\n"
KIND = """\
id: REC-001
type: record-kind
title: Inspection report
owner: chief
shows: What was measured.
kept_at: Cupboard
keep_for: 10 years
then: shred
clauses: [house/1.1]
samples:
  - {date: 2026-02-01, reference: Lot 4711, location: north, by: chief, found: "Complete, see SOP-001."}
  - {date: 2026-01-15, reference: Lot 4690, location: south}
"""
SOP = """\
---
id: SOP-001
type: sop
title: {title}
revision: "1.0"
effective: 2026-01-01
owner: chief
review_every: 24 months
change: First issue.
purpose: Nothing unproven gets in.
clauses: [house/1.1]
claims:
  - {{clause: house/1.2, how: implements, section: Limits, missing: "The lane in the yard, see SOP-009."}}
---

## Limits

![Lane](lane.svg) See [the other](SOP-002-other.md), SOP-002 and <https://example.org/>.

## Steps

### Draw the sample {{#draw-sample}}
Who: chief

Take five. <img src="x" onerror="alert(1)">
"""
OTHER = """\
---
id: SOP-002
type: sop
title: Secret matters of the board
revision: "1.0"
effective: 2026-01-01
owner: chief
review_every: 24 months
change: First issue.
purpose: For few.
audience: [board]
clauses: [house/2.2]
---

## Steps

### Look {#look}
Who: chief

Look.
"""
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>\n'
FILES: dict[str, str | bytes] = {
    "qms.yaml": "organisation: Example & Sons\nas_of: 2026-03-02\nstandards: [house]\n",
    "catalogues/house.yaml": CATALOGUE,
    "standards/STD-001-rules-of-the-house.yaml": STANDARD,
    "roles/chief.yaml": ROLE,
    "locations/north.yaml": "id: north\ntype: location\ntitle: North\n",
    "locations/south.yaml": "id: south\ntype: location\ntitle: South\n",
    "record-kinds/REC-001-inspection-report.yaml": KIND,
    "sops/SOP-001-incoming.md": SOP.format(title=json.dumps(HOSTILE)),
    "sops/SOP-002-other.md": OTHER,
    "sops/lane.svg": SVG,
}


def export(root: Path, *arguments: str) -> Result:
    """Run the command as a user would."""
    return CliRunner().invoke(app, ["-C", str(root), "export", "evidence", *arguments], catch_exceptions=False)


def made(root: Path, out: Path, *arguments: str) -> Path:
    done = export(root, *arguments, "--out", str(out))
    assert done.exit_code == 0, done.output
    return out


def manifest(pack: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((pack / "manifest.json").read_text(encoding="utf-8"))
    return found


def rows(pack: Path, name: str) -> list[dict[str, object]]:
    found = manifest(pack)[name]
    assert isinstance(found, list)
    return found


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def content(pack: Path) -> dict[str, bytes]:
    return {f.relative_to(pack).as_posix(): f.read_bytes() for f in sorted(pack.rglob("*")) if f.is_file()}


def broken_links(pack: Path) -> list[str]:
    """Return the links of all pages that lead nowhere, or out of the pack."""
    known: dict[Path, set[str]] = {}

    def anchors(file: Path) -> set[str]:
        if file not in known:
            text = file.read_text(encoding="utf-8")
            known[file] = {html.unescape(name) for name in re.findall(r'\sid="([^"]*)"', text)}
        return known[file]

    found, seen = [], 0
    for page in pack.rglob("*.html"):
        for value in re.findall(r'\s(?:xlink:)?(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8")):
            value = html.unescape(value)
            if re.match(r"(?:https?|mailto|tel):|data:,$", value):
                continue
            seen += 1
            path, _, anchor = value.partition("#")
            to = (page.parent / unquote(path)).resolve() if path else page.resolve()
            good = to.is_file() and to.is_relative_to(pack.resolve()) and (not anchor or unquote(anchor) in anchors(to))
            found += [] if good else [f"{page.relative_to(pack)} -> {value}"]
    assert seen > 20
    return found


def sound(pack: Path) -> None:
    """What holds of every pack: all digests are right, nothing is missing from them, links lead somewhere, no script."""
    listed = {str(row["path"]): row for row in rows(pack, "files")}
    files = content(pack)
    assert set(files) == {*listed, "manifest.json", "SHA256SUMS"}
    for path, row in listed.items():
        assert row["sha256"] == hashlib.sha256(files[path]).hexdigest()
        assert row["bytes"] == len(files[path])
    sums = dict(reversed(line.split("  ", 1)) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {path: hashlib.sha256(data).hexdigest() for path, data in files.items() if path != "SHA256SUMS"}
    assert broken_links(pack) == []
    for path, data in files.items():
        if path.endswith(".html"):
            assert b"<script" not in data
            assert not re.search(rb"<[^>]*\son[a-z]+=", data), path


@pytest.fixture
def house(system: Callable[..., Path]) -> Path:
    return system(FILES)


@pytest.fixture(scope="session")
def pack(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack of the lived reference system, under change control."""
    root = tmp_path_factory.mktemp("evidence") / "demo"
    subprocess.run(["git", "clone", "-q", str(lived), str(root)], check=True)
    return made(root, root.parent / "site", "STD-001")


# --- under change control ---------------------------------------------------------------------------------


def test_a_pack_under_change_control_is_sound(pack: Path) -> None:
    sound(pack)
    facts = manifest(pack)
    assert facts["as_of"] == TODAY
    assert facts["under_change_control"] is True
    assert facts["catalogue_confidence"] == "secondary sources"
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=pack.parent / "demo", capture_output=True, text=True, check=True
    )
    assert facts["commit"] == head.stdout.strip()


def test_documents_are_those_in_force_with_the_bytes_that_were_approved(pack: Path) -> None:
    documents = {row["id"]: row for row in rows(pack, "documents")}
    sop = documents["SOP-014"]
    assert sop["revision"] == "2.1", "3.0 has landed and takes effect later"
    assert sop["approved"] is True
    files = sop["files"]
    assert isinstance(files, list)
    own = files[0]
    show = ["git", "show", f"{own['commit']}:./{own['in_repository']}"]
    stored = subprocess.run(show, cwd=pack.parent / "demo", capture_output=True, check=True).stdout
    assert (pack / own["path"]).read_bytes() == stored
    assert {row["is"] for row in files} >= {"document", "shown in it", "approval", "review", "signature"}
    page = (pack / "documents" / "SOP-014.html").read_text(encoding="utf-8")
    assert "Maren Oduya" in page
    assert ">2.0<" in page, "the earlier revision stands in the history"


def test_every_file_stands_in_the_commit_that_is_named(pack: Path) -> None:
    asked = [
        (row["path"], f"{row['commit']}:./{row['in_repository']}")
        for document in rows(pack, "documents")
        for row in document["files"]  # type: ignore[attr-defined]  # read from JSON
    ]
    assert len(asked) > 100
    names = "\n".join(name for _, name in asked)
    done = subprocess.run(
        ["git", "cat-file", "--batch-check=%(objectname)"], cwd=pack.parent / "demo", input=names, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for (path, name), blob in zip(asked, done.stdout.splitlines(), strict=True):
        data = (pack / path).read_bytes()
        assert hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() == blob, name


def test_the_commands_in_the_pack_verify_it(pack: Path) -> None:
    """Runs what VERIFY.txt says, and sees it refuse what was changed."""
    text = (pack / "VERIFY.txt").read_text(encoding="utf-8")
    first = re.search(r"^    (sha256sum --quiet .*)$", text, re.MULTILINE)
    assert first
    assert (
        subprocess.run(first[1], shell=True, cwd=pack, capture_output=True, text=True, check=True).stdout
        == "complete\n"
    )
    commands = re.findall(r"^ssh-keygen .*$", text, re.MULTILINE)
    assert len(commands) > 50
    source = pack / "source"
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=source, capture_output=True, text=True, check=False)
        assert done.returncode == 0, command + done.stderr
    assert loops(pack, pack.parent / "demo") == []
    statements = sorted(source.rglob("approvals/*/*/*.txt"))
    for statement in statements:
        listed = ["sha256sum", "--quiet", "-c", statement.relative_to(source).as_posix()]
        assert subprocess.run(listed, cwd=source, capture_output=True, check=False).returncode == 0, statement
    compared = re.findall(r"^sha256sum --quiet -c (.*/approvals/.*|approvals/.*)$", text, re.MULTILINE)
    assert len(compared) > 50
    assert {*compared} <= {shlex.quote(s.relative_to(source).as_posix()) for s in statements}
    command = next(c for c in commands if "SOP-014" in c)
    signed = statements[[s.relative_to(source).as_posix() in command for s in statements].index(True)]
    forged = command.replace(f"< {signed.relative_to(source)}", "< /dev/null")
    assert forged != command
    assert subprocess.run(forged, shell=True, cwd=source, capture_output=True, check=False).returncode != 0


def test_the_same_input_gives_the_same_bytes(pack: Path, lived: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "clone"
    subprocess.run(["git", "clone", "-q", str(lived), str(other)], check=True)
    one = made(other, tmp_path / "one.zip", "iso9001-2015")
    with zipfile.ZipFile(one) as archive:
        assert archive.testzip() is None
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {name: archive.read(name) for name in archive.namelist()} == content(pack)
    two = made(pack.parent / "demo", tmp_path / "two.ZIP", "STD-001")
    assert one.read_bytes() == two.read_bytes()


def test_an_earlier_day_shows_what_was_in_force_then(pack: Path, tmp_path: Path) -> None:
    then = made(pack.parent / "demo", tmp_path / "site", "STD-001", "--as-of", EARLIER)
    sound(then)
    documents = {row["id"]: row for row in rows(then, "documents")}
    assert documents["SOP-014"]["revision"] == "2.0"
    assert documents["SOP-014"]["approved"] is True
    trail = (then / "audit-trail.csv").read_text(encoding="utf-8")
    assert "2025-05-2" in trail
    landed = re.findall(r"^SOP-014,[^,]*,[^,]*,(\d{4}-\d\d-\d\d)", trail, re.MULTILINE)
    assert landed
    assert max(landed) <= EARLIER
    text = (then / "documents" / "SOP-014.html").read_text(encoding="utf-8")
    assert (
        "2026"
        not in re.sub(r'<section class="qms-pack-after"><h2 id="pack-files">.*|href="[^"]*"', "", text).split(
            "qms-pack-after", 1
        )[1]
    )
    signed = [path for path in content(then) if path.endswith(".sig") and "approval-" in path]
    assert signed
    assert all(re.search(r"-(\d{8})T", path)[1] <= EARLIER.replace("-", "") for path in signed)  # type: ignore[index]  # all match


def test_nothing_tells_where_it_was_made(pack: Path) -> None:
    machine = str(pack.parent.parent).encode()
    assert [path for path, data in content(pack).items() if machine in data] == []


def test_every_page_is_valid(pack: Path) -> None:
    assert checked(sorted(pack.rglob("*.html"))) == []


# --- without change control -------------------------------------------------------------------------------


def test_a_pack_tells_clause_by_clause(house: Path, tmp_path: Path) -> None:
    out = made(house, tmp_path / "site", "STD-001")
    sound(out)
    states = {row["clause"]: row["state"] for row in rows(out, "clauses")}
    assert states == {
        "house/1.1": "covered", "house/1.2": "partly", "house/1.3": "excluded", "house/2.1": "planned", "house/2.2": "unjudged",
    }  # fmt: skip
    page = (out / "clauses" / "c-1.html").read_text(encoding="utf-8")
    for text in (
        "Who looks at what comes in?",
        "Lot 4711",
        "1 February 2026",
        "Looked up by Chief",
        "We only trade.",
        "The lane in the yard",
    ):
        assert text in page
    assert 'href="../documents/SOP-001.html#SOP-001--limits"' in page
    points = (out / "open-points.html").read_text(encoding="utf-8")
    assert re.search(r"Write SOP-003.*?1 March 2026.*?overdue", points, re.DOTALL)
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "This list rests on: primary source." in index
    assert "2 records, the last of 1 February 2026" in index


def test_without_git_it_says_that_nothing_is_proven(house: Path, tmp_path: Path) -> None:
    out = made(house, tmp_path / "site", "STD-001")
    assert manifest(out)["commit"] == ""
    assert "Neither history nor approvals can be proven." in (out / "index.html").read_text(encoding="utf-8")
    text = (out / "VERIFY.txt").read_text(encoding="utf-8")
    assert "There is no history in Git" in text
    assert "ssh-keygen" not in text
    assert not (out / "audit-trail.csv").exists()
    assert not (out / "allowed_signers").exists()


def test_change_control_whose_history_is_missing_is_not_passed_over(house: Path, tmp_path: Path) -> None:
    rules = RULES.replace("quality-manager", "chief").replace("managing-director", "chief")
    (house / "qms.yaml").write_text(str(FILES["qms.yaml"]) + rules, encoding="utf-8")
    out = made(house, tmp_path / "site", "STD-001")
    assert manifest(out)["under_change_control"] is False
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "No approvals are proven here." in index
    assert "Change control is set up, but its history could not be read" in index


def test_with_git_alone_it_has_a_history_and_names_what_was_not_committed(house: Path, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=Eve", "-c", "user.email=eve@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=house, check=True)
    subprocess.run(["git", "add", "-A"], cwd=house, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Take over", "--date", "2026-01-05T08:00:00Z"], cwd=house, check=True,
                   env={"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": "2026-01-05T08:00:00Z"})  # fmt: skip
    file = house / "record-kinds" / "REC-001-inspection-report.yaml"
    file.write_text(KIND.replace("Cupboard", "Safe"), encoding="utf-8")
    out = made(house, tmp_path / "site", "STD-001", "--audience", "board")
    sound(out)
    commits = {row["id"]: row["files"][0]["commit"] for row in rows(out, "documents")}  # type: ignore[index]  # read from JSON
    assert commits["REC-001"] == ""
    assert commits["SOP-001"] == manifest(out)["commit"] != ""
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "not under change control" in index
    assert "taken over on 5 January 2026" in (out / "documents" / "SOP-001.html").read_text(encoding="utf-8")
    assert "SOP-001" in (out / "audit-trail.csv").read_text(encoding="utf-8")


def committed(house: Path, day: str) -> str:
    """Commit everything on a day; return the commit."""
    git = ["git", "-c", "user.name=Eve", "-c", "user.email=eve@example.org", "-c", "commit.gpgsign=false"]
    at = {"PATH": "/usr/bin:/bin", "GIT_AUTHOR_DATE": f"{day}T08:00:00Z", "GIT_COMMITTER_DATE": f"{day}T08:00:00Z"}
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=house, check=True)
    subprocess.run(["git", "add", "-A"], cwd=house, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Take over"], cwd=house, check=True, env=at)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=house, capture_output=True, text=True, check=True)
    return head.stdout.strip()


def test_before_the_first_commit_it_claims_no_history(house: Path, tmp_path: Path) -> None:
    commit = committed(house, "2026-03-07")
    out = made(house, tmp_path / "site", "STD-001")
    sound(out)
    assert manifest(out)["committed"] == "2026-03-07"
    index = (out / "index.html").read_text(encoding="utf-8")
    assert f"No change was committed up to this day; the files are from commit {commit[:12]} of 7 March 2026." in index
    assert "with their history" not in index
    assert "approvals and its history" not in index
    assert "Changed since that commit" not in index
    assert not (out / "audit-trail.csv").exists()
    assert not [path for path, data in content(out).items() if b"audit-trail" in data]
    text = (out / "VERIFY.txt").read_text(encoding="utf-8")
    assert "of 7 March 2026. No change was committed up to 2 March 2026" in text
    assert "- History. No change was committed up to 2 March 2026." in text
    later = made(house, tmp_path / "later", "STD-001", "--as-of", "2026-03-09")
    assert (later / "audit-trail.csv").stat().st_size > 500
    index = (later / "index.html").read_text(encoding="utf-8")
    assert "with their history" in index
    assert re.search(r"<code>[0-9a-f]{12}</code>, 7 March 2026", index)


def loops(pack: Path, clone: Path) -> list[str]:
    """What the loops in VERIFY.txt tell, run as they are printed, with the place of the clone filled in."""
    text = (pack / "VERIFY.txt").read_text(encoding="utf-8")
    found = re.findall(r"^    ((?:clone=|while|grep) ?.*)$", text, re.MULTILINE)
    assert [line.split("=")[0].split()[0] for line in found] == ["clone", "while", "grep"]
    script = "\n".join([f"clone={shlex.quote(str(clone))}", *found[1:]])
    done = subprocess.run(["bash", "-c", script], cwd=pack, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_loops_in_the_pack_compare_every_file_with_git(house: Path, tmp_path: Path) -> None:
    (house / "sops" / "SOP-001-incoming.md").rename(house / "sops" / "SOP-001 all that  comes in.md")
    committed(house, "2026-01-05")
    out = made(house, tmp_path / "site", "STD-001", "--audience", "board")
    lines = (out / "SOURCES").read_text(encoding="utf-8").splitlines()
    assert any(line.endswith(" sops/SOP-001 all that  comes in.md") for line in lines)
    assert loops(out, house) == []
    (house / "roles" / "chief.yaml").unlink()
    assert loops(out, house) == [], "what lies on the disk does not count"
    (out / "SOURCES").write_text("\n".join([f"{'0' * 64}{lines[0][64:]}", *lines[1:], ""]), encoding="utf-8")
    path = lines[0].split(" ", 2)[2]
    assert loops(out, house) == [f"differs: {path}", f"no commit: source/{path}"]


def test_the_loops_name_what_was_never_committed(house: Path, tmp_path: Path) -> None:
    committed(house, "2026-03-07")
    file = house / "record-kinds" / "REC-001-inspection-report.yaml"
    file.write_text(KIND.replace("Cupboard", "Safe"), encoding="utf-8")
    out = made(house, tmp_path / "site", "STD-001", "--audience", "board")
    named = "source/record-kinds/REC-001-inspection-report.yaml"
    assert loops(out, house) == [f"no commit: {named}"]
    assert f"when the pack was made: 1.\n\n    {named}\n" in (out / "VERIFY.txt").read_text(encoding="utf-8")
    assert "Changed since that commit: 1 of them." in (out / "index.html").read_text(encoding="utf-8")


def test_what_is_meant_for_others_leaves_no_trace(house: Path, tmp_path: Path) -> None:
    out = made(house, tmp_path / "site", "STD-001")
    for path, data in content(out).items():
        assert b"SOP-002" not in data, path
        assert b"Secret" not in data, path
    # Its bytes are what was approved, so a file that names something hidden cannot be cleaned: it is left out.
    assert not (out / "source" / "sops" / "SOP-001-incoming.md").exists()
    assert manifest(out)["left_out_for_this_audience"] == 2
    # What only a hidden document answers is no gap.
    assert {row["clause"]: row["state"] for row in rows(out, "clauses")}["house/2.2"] == "unjudged"
    assert manifest(out)["withheld_items"] == 1
    assert "house/2.2" in map(str, rows(out, "clauses_not_judged"))
    assert "house/2.2" not in (out / "open-points.html").read_text(encoding="utf-8")
    assert "not judged for these readers" in (out / "clauses" / "c-2.html").read_text(encoding="utf-8")
    assert "Items withheld, because they are meant for others: 1." in (out / "index.html").read_text(encoding="utf-8")
    assert "Items withheld, because they are meant for others: 1. Clauses that depend on them" in (
        out / "VERIFY.txt"
    ).read_text(encoding="utf-8")
    assert "not in this pack" in (out / "documents" / "SOP-001.html").read_text(encoding="utf-8")
    board = made(house, tmp_path / "board", "STD-001", "--audience", "board")
    sound(board)
    states = {row["clause"]: row["state"] for row in rows(board, "clauses")}
    assert states["house/2.2"] == "covered"
    assert (manifest(board)["withheld_items"], rows(board, "clauses_not_judged")) == (0, [])
    assert (board / "source" / "sops" / "SOP-001-incoming.md").read_bytes() == (
        house / "sops" / "SOP-001-incoming.md"
    ).read_bytes()
    assert (board / "source" / "sops" / "lane.svg").read_text(encoding="utf-8") == SVG


def test_a_drawing_that_runs_something_is_left_out_and_told(house: Path, tmp_path: Path) -> None:
    lane = house / "sops" / "lane.svg"
    lane.write_text(SVG.replace("<path", "<script>alert(1)</script><path"), encoding="utf-8")
    out = made(house, tmp_path / "site", "STD-001", "--audience", "board")
    sound(out)
    assert not (out / "source" / "sops" / "lane.svg").exists()
    assert manifest(out)["left_out_because_active"] == ["sops/lane.svg"]
    text = (out / "VERIFY.txt").read_text(encoding="utf-8")
    assert "Drawings that hold a script, or fetch something, are left out: sops/lane.svg." in text


def test_values_of_the_wrong_type_do_not_stop_it(house: Path, tmp_path: Path) -> None:
    catalogue = house / "catalogues" / "house.yaml"
    catalogue.write_text(CATALOGUE.replace("documented: both", "documented: records"), encoding="utf-8")
    file = house / "record-kinds" / "REC-001-inspection-report.yaml"
    text = KIND.replace("location: north, by: chief", "location: {}, by: [chief]").replace("south", "{a: 1}")
    file.write_text(text, encoding="utf-8")
    sound(made(house, tmp_path / "site", "STD-001", "--audience", "board"))


def test_titles_are_text(house: Path, tmp_path: Path) -> None:
    out = made(house, tmp_path / "site", "STD-001", "--audience", "board")
    text = (out / "clauses" / "c-1.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in text
    assert "{{ 7*7 }}" in text
    assert "Example &amp; Sons" in text
    assert "[a picture that is not shown]" in (out / "documents" / "SOP-001.html").read_text(encoding="utf-8")
    assert checked(sorted(out.rglob("*.html"))) == []


def test_nothing_from_outside_the_repository_gets_in(house: Path, tmp_path: Path) -> None:
    outside = tmp_path / "private.svg"
    outside.write_text(SVG.replace("M0", "M7"), encoding="utf-8")
    (house / "sops" / "lane.svg").unlink()
    (house / "sops" / "lane.svg").symlink_to(outside)
    done = export(house, "STD-001", "--out", str(tmp_path / "site"))
    assert done.exit_code == 1
    assert "sops/lane.svg" in done.output
    # Behind the check stands the copying itself, which follows no link, wherever it leads.
    (house / "sops" / "lane.svg").unlink()
    (house / "sops" / "drawn.svg").write_text(SVG, encoding="utf-8")
    (house / "sops" / "lane.svg").symlink_to("drawn.svg")
    item = load(house).qms.items["SOP-001"]
    files = packs.Files(house, house, "2026-03-02")
    assert [path for path, *_ in files.of(item)] == ["sops/SOP-001-incoming.md"]
    (house / "sops" / "lane.svg").unlink()
    (house / "sops" / "lane.svg").write_text(SVG, encoding="utf-8")
    assert [path for path, *_ in files.of(item)] == ["sops/SOP-001-incoming.md", "sops/lane.svg"]


def test_only_some_clauses_at_one_location(house: Path, tmp_path: Path) -> None:
    out = made(house, tmp_path / "site", "house", "--clauses", "1.1, house/2", "--location", "south")
    sound(out)
    assert {row["clause"] for row in rows(out, "clauses")} == {"house/1.1", "house/2.1", "house/2.2"}
    page = (out / "clauses" / "c-1.html").read_text(encoding="utf-8")
    assert "Lot 4690" in page
    assert "Lot 4711" not in page, "that lot was seen elsewhere"
    assert "Keep the lane free" not in page
    assert "South" in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message", "help"),
    [
        (["STD-01"], "STD-01 is neither a catalogue nor an item of type standard", "did you mean STD-001"),
        (["STD-001", "--clauses", "1.1,1.22"], "Rules of the house has no clause 1.22", "did you mean 1.2"),
        (
            ["STD-001", "--location", "nort"],
            "`nort` is no location at which Rules of the house applies",
            "north, south",
        ),
        (["STD-001", "--language", "fr"], "`fr` is no language of this system", "languages: en"),
        (["STD-001", "--as-of", "2026-02-30"], "`2026-02-30` is not a day that exists", ""),
    ],
)
def test_what_cannot_be_done_is_said(house: Path, arguments: list[str], message: str, help: str) -> None:
    done = export(house, *arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert help in done.output


def test_a_folder_that_is_no_pack_is_left_alone(house: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear", encoding="utf-8")
    done = export(house, "STD-001", "--out", str(mine))
    assert done.exit_code == 2
    assert "is there already and is no evidence pack" in done.output
    assert [f.name for f in mine.iterdir()] == ["letter.txt"]
    (tmp_path / "link").symlink_to(mine)
    assert "is a link" in export(house, "STD-001", "--out", str(tmp_path / "link")).output


def test_a_pack_is_replaced_as_a_whole(house: Path, tmp_path: Path) -> None:
    out = made(house, tmp_path / "site", "STD-001")
    for beside in ("site.new", "site.old"):
        (tmp_path / beside).mkdir()
        (tmp_path / beside / "letter.txt").write_text("dear", encoding="utf-8")
    made(house, out, "STD-001", "--clauses", "1")
    sound(out)
    assert not (out / "clauses" / "c-2.html").exists()
    assert sorted(f.name for f in tmp_path.iterdir()) == ["qms", "site", "site.new", "site.old"]
    assert all((tmp_path / beside / "letter.txt").is_file() for beside in ("site.new", "site.old"))


def test_what_somebody_put_into_a_pack_is_not_deleted(house: Path, tmp_path: Path) -> None:
    out = made(house, tmp_path / "site", "STD-001")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    done = export(house, "STD-001", "--out", str(out))
    assert done.exit_code == 2
    assert "holds notes.txt, which is not as the pack there had it" in " ".join(done.output.split())
    (out / "notes.txt").unlink()
    (out / "index.html").write_text("with my remarks", encoding="utf-8")
    assert "holds index.html" in " ".join(export(house, "STD-001", "--out", str(out)).output.split())
    assert (out / "index.html").read_text(encoding="utf-8") == "with my remarks"
    assert sorted(f.name for f in tmp_path.iterdir()) == ["qms", "site"]


def test_a_zip_is_replaced_only_where_it_is_a_pack(tmp_path: Path) -> None:
    def write(target: Path) -> None:
        with packs.Pack(target) as pack:
            pack.add("manifest.json", json.dumps({"format": packs.FORMAT}))

    target = tmp_path / "pack.zip"
    write(target)
    write(target)
    for name, data in (("manifest.json", '{"format": "other"}'), ("manifest.json", "["), ("photo.txt", "x")):
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(name, data)
        before = target.read_bytes()
        with pytest.raises(ExportFault, match="is no evidence pack"):
            write(target)
        assert target.read_bytes() == before
    target.write_bytes(b"PK")
    with pytest.raises(ExportFault, match="is no evidence pack"):
        write(target)
    assert [f.name for f in tmp_path.iterdir()] == ["pack.zip"]


def test_a_pack_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "pack"

    def broken() -> None:
        with packs.Pack(target) as pack:
            pack.add("a.txt", "a")
            pack.add("../b.txt", "b")

    with pytest.raises(ExportFault, match="cannot be put into the pack"):
        broken()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "con", "a b<c>", "ü", "x" * 300, ".hidden", "NUL.txt", ""])
def test_file_names_are_harmless(name: str) -> None:
    found = safe(name)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,85}", found)
    assert found.split(".")[0].lower() not in ("con", "nul")


def test_odd_names_are_listed_as_sha256sum_reads_them(tmp_path: Path) -> None:
    names = ["plain.txt", "with space", "back\\slash", "new\nline", "ü–é"]
    for name in names:
        (tmp_path / name).write_text(name, encoding="utf-8")
    sums = "".join(packs.sum_line(name, digest(tmp_path / name)) for name in names)
    (tmp_path / "SUMS").write_text(sums, encoding="utf-8")
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SUMS"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_chapters_keep_their_addresses_whatever_their_numbers(system: Callable[..., Path], tmp_path: Path) -> None:
    odd = (
        CATALOGUE.replace('key: "2"', 'key: "第二"')
        .replace('key: "2.1"', 'key: "第三"')
        .replace('key: "2.2"', 'key: "第二.2"')
    )
    files = {
        **FILES,
        "catalogues/house.yaml": odd,
        "standards/STD-001-rules-of-the-house.yaml": STANDARD.replace("house/2.1", "house/第三"),
    }
    root = system({**files, "sops/SOP-002-other.md": OTHER.replace("clauses: [house/2.2]\n", "")})
    out = made(root, tmp_path / "site", "STD-001")
    sound(out)
    shutil.rmtree(out)
