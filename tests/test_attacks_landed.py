"""Attacks on everything but the gate: on what has landed, on what is shown of it, on the machine that shows it.

Eve may write to branches and sometimes to the main branch itself. What she does there must show, must not count, and
must not reach beyond the repository.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from qmsctl import engines
from qmsctl.approvals import codeowners, recording, signing, snapshots, statement
from qmsctl.approvals.control import Control, open_control
from qmsctl.approvals.evidence import PullRequest
from qmsctl.approvals.judge import Verdict
from qmsctl.cli import app
from qmsctl.commands import Workspace
from qmsctl.commands import site as site_command
from qmsctl.gate import report
from qmsctl.history import kept
from qmsctl.loader import load
from tests.shop import RULES, Shop, config, keys, make, person, public, sop

DOCUMENT = "sops/SOP-001-incoming-inspection.md"
LATER = "2026-11-21"
BETTER = sop("1.1", "2026-03-09", "Eight pieces now, after a mix-up.", "Take eight pieces from each lot.")
EVIL = BETTER.replace("eight pieces from", "no piece at all from")
NEXT = sop("1.2", "2026-04-08", "Nine pieces now, to be sure.", "Take nine pieces from each lot.")
SHOWN = "no piece at all"
STEER = '"\\e]0;gone\\a\\e[2J\\u202eabc"'
Files = dict[str, str | bytes | None]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return make(tmp_path / "shop")


@pytest.fixture
def approved(shop: Shop) -> Shop:
    """Revision 1.1 has landed with all it needs."""
    shop.branch()
    shop.commit({DOCUMENT: BETTER}, "eve")
    shop.push()
    both_sign(shop)
    shop.land()
    return shop


def both_sign(shop: Shop) -> None:
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")


def control(shop: Shop, remember: bool = False) -> Control:
    return open_control(load(shop.root), LATER, remember=remember)


def verdict(shop: Shop, item: str = "SOP-001") -> Verdict:
    found = control(shop)
    assert found.history
    assert found.register
    return found.register.verdict(found.history.versions[item][-1])


def run(shop: Shop, *arguments: str) -> Result:
    """Run a command; a crash is a failure of the test."""
    done = CliRunner().invoke(app, ["-C", str(shop.root), *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert "check-crashed" not in done.output, done.output
    assert done.exit_code != 3, done.output
    return done


def publish(shop: Shop, preview: bool = False) -> Path | None:
    """Write the pages; None if that is refused."""
    with click.Context(site_command.build):
        try:
            site_command._write(Workspace(shop.root), shop.root, None, preview)
        except click.ClickException:
            return None
    return shop.root / "build" / "docs"


def published(shop: Shop) -> str:
    folder = publish(shop)
    return "\n".join(file.read_text() for file in folder.rglob("SOP-*.md")) if folder else ""


def link(shop: Shop, name: str, target: str) -> None:
    """Put a symbolic link into the index, ignored or not."""
    (shop.root / name).parent.mkdir(parents=True, exist_ok=True)
    (shop.root / name).symlink_to(target)
    shop.git("add", "-f", name)


def recorded(shop: Shop, author: str = "eve") -> None:
    """Land the record of the pull request that landed last."""
    pull: PullRequest = replace(
        shop.pull(author), merged_as=shop.sha("HEAD"), merged_by="max", merged_at=shop.clock.isoformat()
    )
    path, data = recording.record(load(shop.root), control(shop), pull, "robot", shop.clock.isoformat())
    shop.commit({path: data, path + ".sig": signing.sign(data, keys() / "robot", signing.RECORD)}, "max")


# --- what git-ignored folders can be made to hold -------------------------------------------------------


@pytest.mark.parametrize("folder", ["build/cache", "build", ".git", "git", "qmsctl"])
def test_cache_brought_in_with_the_files_is_not_read(approved: Shop, folder: str) -> None:
    """What was read is remembered where no commit can reach, and nowhere else."""
    shop = approved
    shop.at("2026-04-01T08:00:00+02:00")
    shop.commit({"notes/evil.txt": EVIL}, "eve")
    control(shop, remember=True)
    own = shop.root / ".git" / "qmsctl"
    before = kept.load(own)
    assert before.mainline
    evil, good = shop.git("rev-parse", "HEAD:notes/evil.txt"), shop.git("rev-parse", f"HEAD:{DOCUMENT}")
    (own / kept.EARLIER).unlink()
    false = [
        commit._replace(
            committed=commit.committed.replace("2026-03-02T", "2025-12-01T"),
            touches=tuple(t._replace(new=t.new.replace(good, evil)) for t in commit.touches),
        )
        for commit in before.mainline
    ]
    shop.branch("second")
    for place in (f"kept/{folder}", f"kept/{folder}/qmsctl"):
        target = shop.root / place.replace(".git", "dot")
        kept.save(target, kept.Kept(), before.folders, false, before.facts)
        (target / ".gitignore").unlink()
    link(shop, "build", "kept/build")
    shop.commit({}, "eve")
    shop.land("second")
    seen, true = control(shop, remember=True).history, control(shop).history
    assert seen
    assert true
    assert seen.versions == true.versions
    assert SHOWN not in published(shop)


@pytest.mark.parametrize("name", ["build", "build/docs"])
def test_output_folder_that_is_a_link_leaves_other_folders_alone(shop: Shop, name: str) -> None:
    precious = shop.root.parent / "precious"
    for folder in (precious, precious / "docs"):
        folder.mkdir(exist_ok=True)
        (folder / "file").write_text("keep")
    link(shop, name, os.path.relpath(precious, (shop.root / name).parent))
    shop.commit({}, "eve")
    publish(shop)
    run(shop, "check")
    left = sorted(str(p.relative_to(precious)) for p in precious.rglob("*"))
    assert left == ["docs", "docs/file", "file"]


def test_build_configuration_that_is_a_link_overwrites_nothing(shop: Shop) -> None:
    precious = shop.root.parent / "precious"
    precious.write_text("keep")
    link(shop, ".mkdocs.build.yml", "../precious")
    shop.commit({}, "eve")
    with contextlib.suppress(engines.BuildFault):
        engines.configuration(shop.root, shop.root / "build" / "site.new")
    assert precious.read_text() == "keep"


@pytest.mark.parametrize("name", ["build", ".mkdocs.build.yml"])
def test_gate_refuses_links_where_output_goes(shop: Shop, name: str) -> None:
    shop.branch()
    link(shop, name, "../elsewhere")
    shop.commit({}, "eve")
    assert not shop.gate().passed


def test_link_among_the_assets_shows_no_file_of_this_machine(shop: Shop) -> None:
    (shop.root.parent / "secret").write_text("SECRET")
    link(shop, "site/assets/x.txt", "../../../secret")
    shop.commit({}, "eve")
    folder = publish(shop, preview=True)
    assert folder is None or not any(
        "SECRET" in p.read_text() for p in (folder / "assets").rglob("x.txt") if p.is_file()
    )


def test_signing_writes_nowhere_but_into_approvals(shop: Shop) -> None:
    link(shop, "approvals/SOP-001", "../../elsewhere")
    (shop.root.parent / "elsewhere").mkdir()
    shop.commit({}, "eve")
    sign = ("sign", "SOP-001", "--meaning", "review", "--role", "quality-engineer", "--key", str(keys() / "tom"))
    run(shop, *sign, "--yes")
    assert not list((shop.root.parent / "elsewhere").rglob("*"))


def test_revision_that_leads_out_of_approvals(shop: Shop) -> None:
    shop.commit({DOCUMENT: sop("../../../elsewhere")}, "eve")
    sign = ("sign", "SOP-001", "--meaning", "review", "--role", "quality-engineer", "--key", str(keys() / "tom"))
    run(shop, *sign, "--yes")
    assert not list(shop.root.parent.glob("elsewhere/*"))


# --- one id, several files -------------------------------------------------------------------------------


@pytest.mark.parametrize("evil", [DOCUMENT, "sops/AAA.md"])
def test_unapproved_file_in_front_of_an_approved_one_with_its_id(approved: Shop, evil: str) -> None:
    approved.commit({evil: EVIL, "sops/zzz.md": BETTER}, "eve")
    assert SHOWN not in published(approved)


@pytest.mark.parametrize("then", [{}, {"notes/copy.md": None}], ids=["added", "deleted"])
def test_copy_outside_the_folders_is_no_landing(approved: Shop, then: Files) -> None:
    approved.commit({"notes/copy.md": sop()}, "eve")
    if then:
        approved.commit(then, "eve")
    history = control(approved).history
    assert history
    last = history.versions["SOP-001"][-1]
    assert (last.revision, last.path) == ("1.1", DOCUMENT)
    assert verdict(approved).approved
    assert "Take eight" in published(approved)


def test_old_draft_outside_the_folders_exempts_nothing(tmp_path: Path) -> None:
    text = EVIL.replace("SOP-001", "SOP-009")
    shop = make(tmp_path / "shop", files={"drafts/SOP-009.md": text})
    shop.commit({"drafts/SOP-009.md": None, "sops/SOP-009-new.md": text}, "eve")
    assert not verdict(shop, "SOP-009").exempt
    assert SHOWN not in published(shop)


def test_copy_outside_the_folders_does_not_hide_who_wrote_a_text(shop: Shop) -> None:
    shop.commit({"notes/copy.md": BETTER}, "zoe")
    shop.commit({DOCUMENT: BETTER}, "tom")
    both_sign(shop)
    assert not verdict(shop).approved


# --- pictures -------------------------------------------------------------------------------------------------


def test_picture_of_a_document_from_before_change_control_swapped(shop: Shop) -> None:
    shop.commit({"sops/lane.png": b"\x89PNG red lane"}, "eve")
    assert run(shop, "check").exit_code == 1


@pytest.mark.parametrize("how", ["new picture", "deleted"])
def test_past_approvals_stay_what_they_were(approved: Shop, how: str) -> None:
    shop = approved
    shop.at("2026-04-01T08:00:00+02:00")
    if how == "deleted":
        shop.commit({DOCUMENT: None, "sops/lane.png": None}, "max")
    else:
        shop.branch("second")
        shop.commit({DOCUMENT: NEXT, "sops/lane.png": b"\x89PNG wider lane"}, "eve")
        both_sign(shop)
        shop.land("second")
    rows = json.loads(run(shop, "history", "SOP-001", "--format", "json").output)
    row = next(row for row in rows if row["revision"] == "1.1" and row["state"] != "deleted")
    assert len(row["approvals"]) == 2
    assert "never landed" not in run(shop, "verify", "--offline").output


# --- what governs, pushed without the strictest rule -------------------------------------------------------


def test_rules_weakened_for_a_moment(shop: Shop) -> None:
    start = RULES.index("      need:\n        - {")
    weak = RULES[:start] + "      need: [{meaning: approval, any_of: [inspector]}]\n"
    shop.commit({"qms.yaml": config(weak)}, "eve")
    shop.commit({DOCUMENT: EVIL}, "tom")
    shop.sign("SOP-001", "eve", "inspector", "approval")
    shop.commit({"qms.yaml": config()}, "eve")
    assert run(shop, "check").exit_code == 1
    assert SHOWN not in published(shop)


def test_roles_taken_by_a_direct_push(shop: Shop) -> None:
    shop.commit({"people/p-005.yaml": person("eve", ["quality-manager", "quality-engineer"])}, "eve")
    shop.commit({DOCUMENT: EVIL}, "zoe")
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "eve", "quality-manager", "approval")
    assert run(shop, "check").exit_code == 1


@pytest.mark.parametrize(
    "text",
    [
        config().replace("from: 2026-01-01", "from: 2099-01-01"),
        config() + "as_of: 2025-12-31\n",
        "organisation: Shop\n",
    ],
    ids=["from later", "a fixed day before it began", "no rules"],
)
def test_change_control_switched_off(approved: Shop, text: str) -> None:
    approved.commit({"qms.yaml": text, DOCUMENT: EVIL.replace("2026-03-09", "2025-12-30")}, "eve")
    assert run(approved, "check").exit_code != 0
    assert SHOWN not in published(approved)


# --- times on commits ---------------------------------------------------------------------------------------


def odd_commit(shop: Shop, date: str) -> str:
    """Make a commit on top of main whose time is written as no clock writes it."""
    who = f"Eve Stark <eve@shop.example>{date}"
    tree, parent = shop.git("rev-parse", "main^{tree}"), shop.sha("main")
    text = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\nnotes\n"
    command = ["git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin"]
    done = subprocess.run(command, cwd=shop.root, input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode().strip()


ODD = [" 1772438400 +9999", " 1772438400 -2500", " 253402300800 +0000", " 99999999999999 +0000", " -1000 +0000", ""]


@pytest.mark.parametrize("date", ODD)
def test_time_that_cannot_be_read_does_not_end_all(approved: Shop, date: str) -> None:
    """Such a commit cannot be taken back without rewriting the history."""
    approved.git("reset", "-q", "--hard", odd_commit(approved, date))
    run(approved, "check")
    assert verdict(approved).approved


@pytest.mark.parametrize("date", ODD[:3])
def test_gate_lets_no_commit_in_whose_time_cannot_be(shop: Shop, date: str) -> None:
    assert not shop.gate(odd_commit(shop, date)).passed


def test_commit_from_the_future_does_not_end_approvals(shop: Shop) -> None:
    shop.commit({"README.md": "notes"}, "eve", when="2099-01-01T00:00:00+00:00")
    for text, branch in ((BETTER, "one"), (NEXT, "two")):
        shop.branch(branch)
        shop.commit({DOCUMENT: text}, "eve")
        both_sign(shop)
        shop.land(branch)
    assert verdict(shop).approved
    assert "1.2" in run(shop, "history", "SOP-001").output


def test_unapproved_revision_is_not_announced(approved: Shop) -> None:
    text = NEXT.replace("2026-04-08", "2027-01-01").replace("Take nine pieces", "Take none of the")
    approved.commit({DOCUMENT: text}, "eve")
    folder = publish(approved)
    shown = "\n".join(file.read_text() for file in folder.rglob("*.md")) if folder else ""
    assert "to be sure" not in shown
    assert "none of the" not in shown


# --- hands and periodic reviews -------------------------------------------------------------------------


def test_record_of_another_landing_makes_no_stranger_known(shop: Shop) -> None:
    shop.branch()
    shop.commit({DOCUMENT: BETTER}, "eve")
    shop.push()
    shop.land()
    recorded(shop)
    shop.commit({DOCUMENT: NEXT}, "tom@home.example")
    both_sign(shop)
    assert not verdict(shop).approved


def test_periodic_review_dated_ahead(approved: Shop) -> None:
    made = approved.statement(
        "SOP-001", "tom", "quality-engineer", "periodic-review", verdict="keep", time="2027-12-30T08:00:00+01:00"
    )
    text, path = statement.render(made).encode(), statement.path_of(made)
    approved.commit({path: text, path + ".sig": signing.sign(text, keys() / "tom", signing.STATEMENT)}, "tom")
    register = control(approved).register
    assert register
    assert register.reviews(LATER).get("SOP-001", "") <= LATER


def test_unsigned_periodic_review_counts_from_when_it_was_seen(approved: Shop) -> None:
    approved.branch("second")
    made = approved.statement(
        "SOP-001", "tom", "quality-engineer", "periodic-review", verdict="keep", time="2099-12-30T08:00:00+01:00"
    )
    approved.commit({statement.path_of(made): statement.render(made)}, "tom")
    approved.push("second")
    approved.land("second")
    recorded(approved, "tom")
    register = control(approved).register
    assert register
    assert register.reviews(LATER).get("SOP-001", "") <= LATER


# --- values made to break what reads them ----------------------------------------------------------------


@pytest.mark.parametrize(
    "old, new",
    [
        (public("tom"), "ssh-ed25519"),
        ("until: 2027-12-31", "until: 2026-99-99"),
        ("    proof:", "    revoked: 2026-03-01\n    proof:"),
        ("    proof:", "    revoked: soon\n    proof:"),
    ],
    ids=["half a key", "no such day", "revoked without a time", "revoked in words"],
)
def test_person_with_an_impossible_key(approved: Shop, old: str, new: str) -> None:
    path = "people/p-002.yaml"
    approved.commit({path: (approved.root / path).read_text().replace(old, new)}, "eve")
    run(approved, "verify", "--offline")
    run(approved, "check")


def a_record(**more: object) -> bytes:
    """Return something that is written like a record."""
    plain = snapshots.Snapshot(
        "robot", "2026-03-02T08:00:00+01:00", "github", "a", "1", "eve", "b", "h", "0123456789abcdef"
    )
    data = {**json.loads(snapshots.render(plain)), **more}
    return (json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


@pytest.mark.parametrize(
    "more",
    [{"landed": 5}, {"forge": {}}, {"recorder": None}, {"recorded": "2026-13-02T08:00:00+01:00"},
     {"recorded": "2026-03-02T08:00:00+99:00"}],
)  # fmt: skip
def test_record_with_impossible_values(approved: Shop, more: dict[str, object]) -> None:
    path, data = "approvals/records/github-1-0123456789ab.json", a_record(**more)
    approved.commit({path: data, path + ".sig": signing.sign(data, keys() / "robot", signing.RECORD)}, "eve")
    assert run(approved, "verify", "--offline").exit_code == 1
    run(approved, "check")


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_statement_at_the_edge_of_time(approved: Shop, time: str) -> None:
    made = approved.statement("SOP-001", "tom", "quality-engineer", "review", time=time)
    text, path = statement.render(made).encode(), "approvals/SOP-001/1.1/x.txt"
    files: Files = {path: text, path + ".sig": signing.sign(text, keys() / "tom", signing.STATEMENT)}
    approved.branch("second")
    approved.commit(files, "eve")
    assert not approved.gate("second").passed
    approved.land("second")
    assert run(approved, "verify", "--offline").exit_code == 1


@pytest.mark.parametrize("day", ["2026-99-99", "9999-99-99", "soon", "02.03.2026"])
def test_effective_on_a_day_that_is_none(shop: Shop, day: str) -> None:
    """Nothing ends in a crash, and the text is neither published nor announced."""
    shop.commit({DOCUMENT: EVIL.replace("2026-03-09", day)}, "eve")
    assert run(shop, "check").exit_code == 1
    run(shop, "history", "SOP-001")
    assert SHOWN not in published(shop)


def test_many_worthless_statements(approved: Shop) -> None:
    """Ten thousand must take less than a minute: judged here by a few."""
    import time

    source = next((approved.root / "approvals").rglob("review*.txt"))
    plain, seal = statement.parse(source.read_bytes()), source.with_name(source.name + ".sig").read_bytes()
    files: Files = {}
    for number in range(150):
        made = replace(plain, time=f"2026-03-02T09:{number // 60:02}:{number % 60:02}+01:00")
        files[statement.path_of(made)] = statement.render(made)
        files[statement.path_of(made) + ".sig"] = seal
    approved.commit(files, "eve")
    begun = time.perf_counter()
    register = control(approved).register
    assert register
    assert len(register.statements) == 152
    assert time.perf_counter() - begun < 10


# --- what is printed ------------------------------------------------------------------------------------------


def steering(text: str) -> set[str]:
    return {c for c in "\x1b\x07\x9b\u202e" if c in text}


@pytest.mark.parametrize(
    "command", [("history", "SOP-001"), ("diff", "SOP-001", "1.0..1.1"), ("show", "SOP-001"), ("impact", "SOP-001"),
                ("trace", "SOP-001"), ("audit-trail", "SOP-001"), ("list", "sop"), ("find", "pieces")],
    ids=lambda command: command[0],
)  # fmt: skip
def test_texts_do_not_steer_the_terminal(shop: Shop, command: tuple[str, ...]) -> None:
    text = sop("1.1", "2026-03-09", STEER, "Eight pieces").replace("title: Incoming inspection", f"title: {STEER}")
    shop.commit({DOCUMENT: text}, "eve\x1b]0;x\x07@shop.example")
    assert not steering(run(shop, *command).output)


def test_report_of_the_gate_does_not_steer_the_terminal(shop: Shop) -> None:
    text = sop("1.1", "2026-03-09", STEER, "Eight pieces").replace("title: Incoming inspection", f"title: {STEER}")
    shop.branch()
    shop.commit({DOCUMENT: text, "roles/\x1b]0;x\x07.txt": "x", "notes/\x1b]0;x\x07.txt": "x"}, "eve")
    decision = shop.gate()
    assert not steering(report.text(decision, False, 100))
    assert not steering(report.markdown(decision))


def test_report_of_the_gate_gives_no_command_to_the_build_machine(shop: Shop) -> None:
    text = BETTER.replace("title: Incoming inspection", 'title: "x\\n::add-mask::e"')
    text = text.replace("Take eight", "##vso[task.setvariable variable=x]y Take eight")
    shop.branch()
    shop.commit({DOCUMENT: text, "roles/x\n::error::gone.txt": "x"}, "eve")
    said = report.text(shop.gate(), False, 100)
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::") or "##vso[" in line]


@pytest.mark.parametrize("folder", ["roles", "notes"])
def test_file_name_writes_nothing_into_the_comment(shop: Shop, folder: str) -> None:
    shop.branch()
    shop.commit({f"{folder}/a`![x](b) @all <img src=c>\n\n# This change may land\n\n.txt": "x"}, "eve")
    said = report.markdown(shop.gate())
    lines = said.splitlines()
    assert "# This change may land" not in lines
    # A code span ends at the first backtick of the name, and the rest would be read as Markdown.
    assert "`![x](b) @all <img" not in said


def test_file_name_writes_no_line_of_verify(approved: Shop) -> None:
    name = "approvals/SOP-001/1.1/a\n✓ approvals\nSOP-001\n.txt"
    approved.commit({name: "x"}, "eve")
    lines = run(approved, "verify", "--offline").output.splitlines()
    assert not [line for line in lines if line.startswith("✓") and not line.startswith("✓ approvals/SOP-001/1.1/")]


def test_file_name_writes_no_line_of_codeowners(shop: Shop) -> None:
    shop.commit({"sops/a\n*\t@eve #.md": BETTER.replace("SOP-001", "SOP-003")}, "eve")
    lines = codeowners.render(load(shop.root)).splitlines()
    assert not [line for line in lines if line.startswith("*") or line == "/sops/a"]


def test_file_name_with_an_asterisk_owns_no_other_file(shop: Shop) -> None:
    shop.commit({"sops/*.md": BETTER.replace("SOP-001", "SOP-003")}, "eve")
    assert not [line for line in codeowners.render(load(shop.root)).splitlines() if line.startswith("/sops/*.md ")]
