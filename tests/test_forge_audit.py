"""What a forge enforces is set against what the gate assumes; what cannot be read is never taken for good."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from qmsctl.approvals.evidence import Protection
from qmsctl.commands import Workspace
from qmsctl.commands.forge import assess, command

DATA = Path(__file__).parent / "data" / "forges"
REPOSITORIES = {"github": "acme/qms", "gitlab": "acme/quality/qms", "gitea": "acme/qms"}
GOOD = Protection("main", True, 1, True, True, ("gate",), False, False, True)


def audit(forge: str, *more: str, saved: Path | None = None) -> Result:
    base = ["audit", "--saved", str(saved or DATA / forge), "--forge", forge, "--repository", REPOSITORIES[forge]]
    return CliRunner().invoke(command, [*base, *more], obj=Workspace(Path()))


def states(found: Protection, forge: str = "github", names: tuple[str, ...] = ("gate",)) -> dict[str, str]:
    return {row.what: row.state for row in assess(forge, found, names)}


def failing(found: Protection) -> list[str]:
    return [what for what, state in states(found).items() if state != "yes"]


def test_what_the_gate_assumes_passes() -> None:
    assert failing(GOOD) == []


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (replace(GOOD, reviews=0), "At least one review is asked for"),
        (replace(GOOD, required_checks=("lint",)), "The gate is a required check"),
        (replace(GOOD, required_checks=()), "The gate is a required check"),
        (replace(GOOD, up_to_date=False), "What is merged is up to date"),
        (replace(GOOD, force_push=True), "Nobody can force a push"),
        (replace(GOOD, deletion=True), "Nobody can delete the branch"),
        (replace(GOOD, binds_admins=False), "Administrators are bound too"),
        (replace(GOOD, bypass=("user carol",)), "Nobody may go round the rules"),
        (replace(GOOD, bypass=("bot",), exempt=("bot",)), "Nobody may do so without a trace"),
        (replace(GOOD, bypassed=("carol went round",)), "Nobody went round the rules in the last month"),
    ],
)
def test_each_gap_is_named_once_with_its_way_out(found: Protection, what: str) -> None:
    assert failing(found) == [what]
    (row,) = (row for row in assess("github", found, ("gate",)) if row.what == what)
    assert row.state == "no"
    assert row.help


def test_nothing_known_is_nothing_passed() -> None:
    for forge in ("github", "gitlab", "gitea", "azure"):
        assert set(states(Protection("main", unknown=("bypasses of the last month: 403",)), forge).values()) == {
            "unknown"
        }


def test_an_empty_list_of_bypasses_proves_nothing_where_part_was_hidden() -> None:
    found = states(replace(GOOD, binds_admins=None))
    assert found["Nobody may go round the rules"] == found["Nobody may do so without a trace"] == "unknown"
    assert states(GOOD, "gitlab")["Nobody went round the rules in the last month"] == "unknown"


def test_gitea_takes_what_is_required_for_a_pattern() -> None:
    name = ("Gate / gate (pull_request_target)",)
    what = "The gate is a required check"
    assert states(replace(GOOD, required_checks=("Gate / *",)), "gitea", name)[what] == "yes"
    assert states(replace(GOOD, required_checks=("Gate / *",)), "github", name)[what] == "no"


def test_github_as_saved() -> None:
    done = audit("github", "--check", "qms")
    assert done.exit_code == 1
    assert "✓ The gate is a required check: qms" in done.output
    assert "✗ Nobody may do so without a trace: Integration 77 (exempt, ruleset 5)" in done.output
    assert "carol went round the rules of refs/heads/main" in done.output
    assert done.output.count("Integration 77") == 1
    assert "✗ The gate is a required check: required are qms" in audit("github").output
    assert audit("github", "--branch", "open").output.count("✗") == 9


@pytest.mark.parametrize("branch", ["hidden", "half"])
def test_what_the_token_may_not_see_is_no_pass(branch: str) -> None:
    done = audit("github", "--branch", branch)
    assert done.exit_code == 4
    assert "✗" not in done.output
    assert "? The gate is a required check" in done.output
    assert "What could not be read:" in done.output


def test_gitlab_and_gitea_as_saved() -> None:
    done = audit("gitlab")
    assert done.exit_code == 0
    assert "8 as it should be, 0 not, 2 unknown" in done.output
    done = audit("gitea", "--check", "qms")
    assert done.exit_code == 1
    assert "root may bypass the rules" in done.output


def test_json_holds_all_of_it() -> None:
    done = audit("github", "--format", "json")
    told = json.loads(done.output)
    assert done.exit_code == 1
    assert told["passed"] is False
    assert told["protection"]["exempt"] == ["Integration 77 (exempt, ruleset 5)"]
    assert {row["state"] for row in told["rows"]} <= {"yes", "no", "unknown"}
    assert json.loads(audit("gitlab", "--format", "json").output)["passed"] is False


def test_a_forge_that_cannot_be_asked_is_its_own_answer(tmp_path: Path) -> None:
    done = audit("github", saved=tmp_path)
    assert done.exit_code == 4
    assert "could not be asked" in done.output


def test_where_it_lies_must_be_known(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["audit"], obj=Workspace(tmp_path))
    assert done.exit_code == 2
    assert "--forge github --repository" in done.output


def test_names_from_the_forge_do_not_steer_the_terminal(tmp_path: Path) -> None:
    shutil.copytree(DATA / "github", tmp_path / "saved")
    file = tmp_path / "saved" / "suites-main.json"
    file.write_text(file.read_text(encoding="utf-8").replace("carol", "\\u001b[2Jcarol"), encoding="utf-8")
    assert "\x1b" not in audit("github", saved=tmp_path / "saved").output
