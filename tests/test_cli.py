"""The command line as its users meet it: exit codes, messages, help."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qmsctl.cli import COMMANDS, app
from tests.conftest import TODAY

ROLE = "id: buyer\ntype: role\ntitle: Buyer\n"
SYSTEM = {
    "strategy/STR-001-s.md": "---\nid: STR-001\ntype: strategy\ntitle: Strategy\nthemes:\n  - {key: grow, title: Grow well, why: x}\n---\n",
    "objectives/OBJ-001-o.yaml": "id: OBJ-001\ntype: objective\ntitle: Return less\ntheme: STR-001#grow\nowner: buyer\n",
    "kpis/KPI-001-k.yaml": "id: KPI-001\ntype: kpi\ntitle: Returns\nobjectives: [OBJ-001]\nprocess: PRC-001\ntarget: 5\nunit: ppm\n",
    "processes/PRC-001-p.md": "---\nid: PRC-001\ntype: process\ntitle: Buy\nowner: buyer\nsteps:\n"
    "  - {key: order, what: Order material, who: buyer, instruction: [SOP-001]}\n---\n",
    "sops/SOP-001-s.md": "---\nid: SOP-001\ntype: sop\ntitle: Ordering\nowner: buyer\neffective: 2027-01-01\n---\n\n"
    "## Steps\n\n### Write the order {#write-order}\nWho: buyer\n\nState the drawing index.\n",
    "sops/SOP-002-s.md": "---\nid: SOP-002\ntype: sop\ntitle: Reminding\n---\n\nAfter SOP-001.\n",
    "roles/buyer.yaml": ROLE,
    "people/p-001.yaml": "id: p-001\ntype: person\nroles: [buyer]\n",
    "people/directory.yaml": "p-001: Ada Sample\n",
}


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *arguments])


@pytest.fixture
def small(system: Callable[..., Path]) -> Path:
    return system(SYSTEM)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage: qmsctl" in result.output or "Usage: app" in result.output
    assert len(result.output.splitlines()) > 4


def test_exit_codes_of_check(system: Callable[..., Path]) -> None:
    root = system({"roles/buyer.yaml": ROLE})
    assert run(root, "check", "--only", "overdue").exit_code == 0
    assert run(root, "check", "--only", "role-unheld").exit_code == 0
    assert run(root, "check", "--only", "role-unheld", "--strict").exit_code == 1
    assert run(root, "check", "--only", "owner-missing").exit_code == 1
    assert run(root, "check", "--only", "owner-mising").exit_code == 2
    assert run(root, "check", "--changed-since", "main").exit_code == 2
    assert run(root, "check", "--as-of", "2026-02-30").exit_code == 2
    (root / "qms.yaml").write_text("organisation: [", encoding="utf-8")
    assert run(root, "check").exit_code == 2


def test_no_system_here(tmp_path: Path) -> None:
    result = run(tmp_path, "check")
    assert result.exit_code == 2
    assert "qmsctl init" in result.output


def test_our_fault_is_exit_code_3_with_a_log(tmp_path: Path) -> None:
    code = "import qmsctl.cli as c\nc.app = lambda **_: 1 / 0\nc.main(['check'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    log = done.stderr.rsplit("paste ", 1)[1].strip()
    assert "ZeroDivisionError" in Path(log).read_text(encoding="utf-8")
    Path(log).unlink()


def test_unknown_command_names_the_nearest() -> None:
    result = CliRunner().invoke(app, ["chek"])
    assert result.exit_code == 2
    assert "Did you mean check?" in result.output


def test_baseline_lets_only_new_findings_count(small: Path) -> None:
    file = small / "baseline.json"
    assert run(small, "check", "--write-baseline", str(file)).exit_code == 0
    before = run(small, "check", "--baseline", str(file))
    assert before.exit_code == 0, before.output
    text = (small / "roles/buyer.yaml").read_text(encoding="utf-8")
    (small / "roles/buyer.yaml").write_text("\n# a new line above\n" + text + "reports_to: chief\n", encoding="utf-8")
    after = json.loads(run(small, "check", "--baseline", str(file), "--format", "json").output)
    assert {f["check"] for f in after["findings"]} == {"link-target-missing"}
    file.write_text("{}", encoding="utf-8")
    assert run(small, "check", "--baseline", str(file)).exit_code == 2


def test_changed_since_shows_only_what_changed(small: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=small, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "first")
    assert run(small, "check", "--changed-since", "main").exit_code == 0
    (small / "sops/SOP-003-x.md").write_text(
        "---\nid: SOP-003\ntype: sop\ntitle: X\nowner: nobody\n---\n", encoding="utf-8"
    )
    result = run(small, "check", "--changed-since", "main", "--format", "json")
    assert result.exit_code == 1
    assert {f["path"] for f in json.loads(result.output)["findings"]} == {"sops/SOP-003-x.md"}
    assert run(small, "check", "--changed-since", "--output=x").exit_code == 2


def test_trace_goes_up_and_down(small: Path) -> None:
    text = run(small, "trace", "SOP-001").output
    for word in ("Grow well", "OBJ-001", "KPI-001", "PRC-001", "◀ here", "#write-order Write the order  Buyer"):
        assert word in text
    assert (
        text.index("Grow well")
        < text.index("OBJ-001")
        < text.index("KPI-001")
        < text.index("PRC-001")
        < text.index("here")
    )
    data = json.loads(run(small, "trace", "SOP-001", "--format", "json").output)
    assert data["up"] == [["STR-001#grow", "OBJ-001", "KPI-001", "PRC-001"]]
    down = run(small, "trace", "STR-001#grow").output
    assert "SOP-001 Ordering" in down
    assert run(small, "trace", "OBJ-001", "--format", "mermaid").output.startswith("flowchart TD")


def test_impact_says_who_and_what(small: Path) -> None:
    data = json.loads(run(small, "impact", "SOP-001", "--format", "json").output)
    assert data["people_to_retrain"] == {"buyer": ["p-001"]}
    assert [row["ref"] for row in data["touches"]["review"]] == ["PRC-001"]
    assert [row["ref"] for row in data["touches"]["mention"]] == ["SOP-002"]
    assert "1 person" in run(small, "impact", "SOP-001").output


def test_show_tells_state_and_links(small: Path) -> None:
    assert "takes effect on 2027-01-01" in run(small, "show", "sop-001", "--as-of", TODAY).output
    assert "in force since 2027-01-01" in run(small, "show", "SOP-001", "--as-of", "2027-01-01").output
    missing = run(small, "show", "SOP-01")
    assert missing.exit_code == 2
    assert "SOP-001" in missing.output
    assert "Ada Sample" in run(small, "show", "p-001").output
    assert json.loads(run(small, "show", "PRC-001#order", "--format", "json").output)["title"] == "Order material"


def test_list_filters_and_formats(small: Path) -> None:
    assert [
        r["id"] for r in json.loads(run(small, "list", "SOPs", "--where", "owner=buyer", "--format", "json").output)
    ] == ["SOP-001"]
    assert run(small, "list", "kpi", "--columns", "id,target", "--format", "csv").output.splitlines()[:2] == [
        "id,target",
        "KPI-001,5",
    ]
    assert run(small, "list", "spo").exit_code == 2
    assert run(small, "list", "sop", "--where", "ownr=buyer").exit_code == 2


def test_find_finds_the_step(small: Path) -> None:
    hits = json.loads(run(small, "find", "write", "order", "--format", "json").output)
    assert hits[0]["id"] == "SOP-001#write-order"
    assert run(small, "find", "zebra").exit_code == 1


def test_due_in_words_and_as_data(system: Callable[..., Path]) -> None:
    risk = "id: RSK-001\ntype: risk\ntitle: Fire\nowner: buyer\nreviewed: 2025-12-01\nreview_every: 12 months\n"
    root = system({"risks/RSK-001-fire.yaml": risk, "roles/buyer.yaml": ROLE})
    assert "2026-12-01  RSK-001 Fire: risk review (Buyer)" in run(root, "due", "--as-of", TODAY).output
    assert "Nothing is due" in run(root, "due", "--as-of", TODAY, "--within", "1w").output
    rows = json.loads(run(root, "due", "--as-of", "2027-01-01", "--format", "json", "--owner", "buyer").output)
    assert [(r["item"], r["state"]) for r in rows] == [("RSK-001", "overdue")]
    assert run(root, "due", "--within", "soon").exit_code == 2


def test_new_takes_the_next_free_id_also_of_other_branches(small: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=small, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "first")
    git("checkout", "-qb", "other")
    (small / "sops/SOP-007-other.md").write_text("---\nid: SOP-007\ntype: sop\n---\n", encoding="utf-8")
    git("add", "-A")
    git("commit", "-qm", "second")
    git("checkout", "-q", "main")
    result = run(small, "new", "sop", "Pack parts", "--set", "owner=buyer", "--as-of", TODAY)
    assert result.exit_code == 0, result.output
    assert "sops/SOP-008-pack-parts.md" in result.output
    assert "SOP-008" in run(small, "list", "sop", "--all").output


def test_renumber_and_reassign(small: Path) -> None:
    (small / "roles/planner.yaml").write_text("id: planner\ntype: role\ntitle: Planner\n", encoding="utf-8")
    assert run(small, "renumber", "SOP-001", "SOP-009").exit_code == 0
    assert "instruction: [SOP-009]" in (small / "processes/PRC-001-p.md").read_text(encoding="utf-8")
    assert "After SOP-009." in (small / "sops/SOP-002-s.md").read_text(encoding="utf-8")
    assert run(small, "renumber", "SOP-001", "SOP-010").exit_code == 2
    assert run(small, "reassign", "buyer", "--to", "planner").exit_code == 0
    assert "who: planner" in (small / "processes/PRC-001-p.md").read_text(encoding="utf-8")
    assert "Who: planner" in (small / "sops/SOP-009-s.md").read_text(encoding="utf-8") or any(
        "Who: planner" in f.read_text(encoding="utf-8") for f in (small / "sops").glob("SOP-009*")
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    assert "_QMSCTL_COMPLETE" in CliRunner().invoke(app, ["completion", shell]).output


def test_explain_shows_the_page() -> None:
    text = CliRunner().invoke(app, ["explain", "link-target-missing"]).output
    for word in ("Why it matters", "How to fix", "◀"):
        assert word in text
    assert CliRunner().invoke(app, ["explain", "link-target-mising"]).exit_code == 2


def test_no_colour_when_not_on_a_terminal(small: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "qmsctl", "-C", str(small), "check"], capture_output=True, text=True, check=False
    )
    assert "\x1b" not in done.stdout


def test_an_unknown_name_is_told_also_after_the_command_list_was_used(tmp_path: Path) -> None:
    import qmsctl.commands.list  # noqa: F401 - it takes the name of a builtin in its package

    (tmp_path / "qms.yaml").write_text("organisation: Example\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["-C", str(tmp_path), "show", "SOP-999"])
    assert result.exit_code == 2
    assert "there is no item `SOP-999`" in result.output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_what_cannot_be_written_is_not_taken_for_well(system: Callable[..., Path]) -> None:
    root = system({})
    command = [sys.executable, "-P", "-m", "qmsctl", "-C", str(root), "list", "sop"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode != 0
    assert "No space left" in done.stderr


def test_what_waits_for_the_end_is_done_in_the_end(tmp_path: Path) -> None:
    code = (
        "import atexit, sys\nfrom qmsctl import cli\n"
        "atexit.register(print, 'cleared away')\nsys.argv = ['qmsctl', *sys.argv[1:]]\ncli.program()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "explain", "nothing-of-ours"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stdout.endswith("cleared away\n")
