"""The files for CI: of the right shape, safe against what a change brings, and run for real where they decide."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from qmsctl import scaffold
from tests.conftest import REPOSITORY
from tests.shop import Shop, make, sop

DOCUMENT = "sops/SOP-001-incoming-inspection.md"
BETTER = sop("1.1", "2026-03-09", "Eight pieces now, after a mix-up.", "Take eight pieces from each lot.")
TODAY = "2026-03-02"
ACTION = ".github/actions/qms-gate/action.yml"
SCHEMAS = {
    ACTION: "vendor.github-actions",
    ".github/workflows/qms.yml": "vendor.github-workflows",
    ".github/workflows/qms-gate.yml": "vendor.github-workflows",
    ".github/workflows/qms-gate-again.yml": "vendor.github-workflows",
    ".github/workflows/qms-review.yml": "vendor.github-workflows",
    ".gitea/workflows/qms.yml": "vendor.github-workflows",
    ".gitea/workflows/qms-gate.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}
WORKFLOWS = [path for path in SCHEMAS if "/workflows/" in path]
ALIKE = pytest.mark.skipif(sys.platform == "win32", reason="runs on a runner with bash")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new system as `qmsctl init` writes it."""
    target = tmp_path_factory.mktemp("system")
    scaffold.init(target, "Miller", "micro", "Europe/Berlin", TODAY, "Ada")
    return target


def read(system: Path, path: str) -> dict[str, Any]:
    # In YAML 1.1 the word `on` is true.
    text = (system / path).read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(re.sub(r"^on:", '"on":', text, flags=re.MULTILINE))
    return loaded


def steps(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all steps of a workflow or an action."""
    jobs = content.get("jobs") or {"": content["runs"]}
    return [step for job in jobs.values() for step in job["steps"]]


def step(content: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (s for s in steps(content) if s.get("name", "").startswith(name))
    return found


# Their shape


@pytest.mark.parametrize("path", SCHEMAS)
def test_shape(system: Path, path: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[path], str(system / path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_files_for_ci_are_looked_at(system: Path) -> None:
    there = {p.relative_to(system).as_posix() for d in (".github", ".gitea") for p in (system / d).rglob("*.yml")}
    assert there | {".gitlab-ci.yml"} == set(SCHEMAS)


def test_the_action_is_the_same_in_both_places(system: Path) -> None:
    assert (REPOSITORY / "action.yml").read_bytes() == (system / ACTION).read_bytes()


@pytest.mark.parametrize("path", [p for p in SCHEMAS if p != ".gitlab-ci.yml"])
def test_scripts_are_valid_shell(system: Path, path: str) -> None:
    for each in steps(read(system, path)):
        if "run" in each:
            done = subprocess.run(["bash", "-n"], input=each["run"], text=True, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr


def test_the_hook_is_plain_shell(system: Path) -> None:
    hook = system / "hooks" / "pre-receive"
    assert subprocess.run(["sh", "-n", str(hook)], check=False).returncode == 0
    # An environment that those who push may set must not choose the program.
    assert "${" not in hook.read_text(encoding="utf-8")


# Safe against what a change brings


@pytest.mark.parametrize("path", [p for p in SCHEMAS if p != ".gitlab-ci.yml"])
def test_no_expression_stands_in_a_script(system: Path, path: str) -> None:
    for each in steps(read(system, path)):
        assert "${{" not in each.get("run", ""), each


@pytest.mark.parametrize("path", WORKFLOWS)
def test_titles_and_names_of_branches_are_used_nowhere(system: Path, path: str) -> None:
    expressions = re.findall(r"\$\{\{(.*?)\}\}", (system / path).read_text(encoding="utf-8"))
    used = {word for text in expressions for word in re.findall(r"github\.event\.[\w.]+", text)}
    assert used <= {
        "github.event.pull_request.number",
        "github.event.pull_request.head.sha",
        "github.event.merge_group.head_sha",
        "github.event.merge_group.base_sha",
        "github.event.merge_group.head_ref",
        "github.event.workflow_run.head_sha",
    }
    assert not any("head_ref" in text and "merge_group" not in text for text in expressions)


@pytest.mark.parametrize("path", WORKFLOWS)
def test_foreign_actions_are_pinned_to_a_commit(system: Path, path: str) -> None:
    for each in steps(read(system, path)):
        uses = each.get("uses", "./")
        assert uses.startswith("./") or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", uses), uses


@pytest.mark.parametrize("path", WORKFLOWS)
def test_permissions_are_few(system: Path, path: str) -> None:
    content = read(system, path)
    allowed = {
        "qms-gate.yml": {"contents": "read", "pull-requests": "write"},
        "qms-gate-again.yml": {"actions": "write", "pull-requests": "read"},
        "qms-review.yml": {},
        "qms.yml": {"contents": "read"},
    }
    assert content["permissions"] == allowed[path.rsplit("/", 1)[1]]
    assert not any("permissions" in job for job in content["jobs"].values())


@pytest.mark.parametrize("path", [".github/workflows/qms-gate.yml", ".gitea/workflows/qms-gate.yml"])
def test_the_gate_never_checks_the_change_out(system: Path, path: str) -> None:
    content = read(system, path)
    assert "pull_request" not in content["on"]
    assert content["on"]["pull_request_target"]["branches"] == ["main"]
    (checkout,) = (s for s in steps(content) if s.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"] == {"ref": "main", "fetch-depth": 0, "persist-credentials": False}
    assert "secrets" not in (system / path).read_text(encoding="utf-8")
    scripts = "\n".join(s.get("run", "") for s in [*steps(content), *steps(read(system, ACTION))])
    assert not re.search(r"git (checkout|switch|reset|pull|merge |read-tree|worktree|restore)", scripts)


def test_a_review_only_tells(system: Path) -> None:
    given, again = (read(system, f".github/workflows/{name}.yml") for name in ("qms-review", "qms-gate-again"))
    assert [s["run"] for s in steps(given)] == ["true"]
    assert again["on"]["workflow_run"]["workflows"] == [given["name"]]
    gate = read(system, ".github/workflows/qms-gate.yml")
    assert gate["run-name"].startswith("Gate of change ")
    assert "Gate of change $number" in step(again, "Repeat")["run"]


def test_what_runs_the_change_has_no_rights(system: Path) -> None:
    for place in (".github", ".gitea"):
        content = read(system, f"{place}/workflows/qms.yml")
        assert "pull_request_target" not in content["on"]
        assert content["on"]["schedule"]
        assert content["jobs"]["site"]["if"] == "github.ref == 'refs/heads/main'"


def test_gitlab_judges_without_the_text_of_the_change(system: Path) -> None:
    gate = read(system, ".gitlab-ci.yml")["gate"]
    assert gate["variables"] == {"GIT_STRATEGY": "none"}
    assert all("requirements.txt" not in line and "qmsctl" not in line for line in gate["before_script"])
    assert 'show "$base:requirements.txt"' in gate["script"][0]
    assert "--no-checkout" in gate["script"][0]


# Run for real


@dataclass
class Forge:
    """Answers as GitHub does: a pull request with its reviews and its comments."""

    pull: dict[str, Any] = field(default_factory=dict)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    pushes: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, query: str, body: Any) -> tuple[int, Any]:
        self.asked.append(f"{method} {path}")
        first = "page=2" not in query.split("&")
        if path.endswith("/issues/7/comments") and method == "GET":
            return 200, self.comments if first else []
        if path.endswith("/issues/7/comments"):
            self.comments.append({"id": len(self.comments) + 1, "user": {"login": "github-actions[bot]"}, **body})
            return 201, self.comments[-1]
        if method == "PATCH":
            row = next(row for row in self.comments if path.endswith(f"/comments/{row['id']}"))
            row.update(body)
            return 200, row
        if path.endswith("/pulls/7"):
            return 200, self.pull
        if path.endswith("/pulls/7/reviews"):
            return 200, self.reviews if first else []
        if path.endswith("/activity"):
            return 200, self.pushes
        if path.endswith(("/timeline", "/commits")):
            return 200, []
        return 404, {"message": "Not Found"}


@pytest.fixture
def forge() -> Iterator[Forge]:
    found = Forge()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, value = found.answer(self.command, parts.path, parts.query, json.loads(raw or b"null"))
            text = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    found.url = f"http://127.0.0.1:{http.server_port}"
    yield found
    http.shutdown()
    http.server_close()


class Runner:
    """Runs the steps of the action as a runner does: each script with its environment, in a clone of the base."""

    def __init__(self, folder: Path, shop: Shop, forge: Forge) -> None:
        self.shop, self.forge, self.folder = shop, forge, folder
        self.work = folder / "work"
        self.action = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
        self.outputs: dict[str, str] = {}
        bin_ = folder / "bin"
        bin_.mkdir()
        program = bin_ / "qmsctl"
        # The shop lives on a fixed day, which a runner has no way to know.
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m qmsctl "$@" --today {TODAY}\n', encoding="utf-8")
        program.chmod(0o755)
        (folder / "temp").mkdir()
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("GIT", "QMSCTL"))},
            "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
            "NO_PROXY": "127.0.0.1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": forge.url,
            "GITHUB_REPOSITORY": "shop/qms",
            "GITHUB_OUTPUT": str(folder / "output.txt"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            "RUNNER_TEMP": str(folder / "temp"),
            "PYTHONUTF8": "1",
        }

    def open(self) -> str:
        """Open the pull request with what is on topic, and clone main as checkout does; return the head."""
        head = self.shop.push()
        self.shop.git("update-ref", "refs/pull/7/head", head)
        shutil.rmtree(self.work, ignore_errors=True)
        self.shop.git("clone", "-q", "--branch", "main", "--single-branch", str(self.shop.root), str(self.work))
        self.forge.pull = {
            "number": 7, "state": "open", "title": "Eight pieces", "html_url": f"{self.forge.url}/7",
            "user": {"login": "eve", "type": "User"}, "merged": False,
            "head": {"sha": head, "ref": "topic", "repo": {"full_name": "shop/qms"}},
            "base": {"ref": "main", "sha": self.shop.sha("main"), "repo": {"full_name": "shop/qms"}},
        }  # fmt: skip
        return head

    def review(self, who: str, state: str = "APPROVED") -> None:
        told = self.shop.review(who)
        self.forge.reviews.append(
            {
                "id": int(told.id),
                "user": {"login": who, "type": "User"},
                "state": state,
                "body": "",
                "submitted_at": told.submitted_at,
                "commit_id": told.sha,
                "html_url": "",
            }
        )

    def run(self, name: str, **env: str) -> tuple[int, str]:
        """Run one step; what it puts into its output is there for the next."""
        output = Path(self.env["GITHUB_OUTPUT"])
        output.write_text("", encoding="utf-8")
        script = step(self.action, name)["run"]
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.work, env={**self.env, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        for line in output.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            self.outputs[key] = value
        return done.returncode, done.stdout + done.stderr

    def fetch(self, head: str = "", base: str = "HEAD", lands: str = "", number: str = "7") -> tuple[int, str]:
        return self.run("Fetch", NUMBER=number, BASE=base, HEAD=head, LANDS=lands, TOKEN="secret")

    def judge(self, sarif: str = "false", **env: str) -> tuple[int, str]:
        code, told = self.run(
            "Judge", NUMBER="7", BASE=self.outputs["base"], HEAD=self.outputs["head"], FORGE="github", OUTPUT="",
            SARIF=sarif, QMSCTL_FORGE_TOKEN="secret", **env,
        )  # fmt: skip
        assert code == 0, told
        return self.run("Verdict", CODE=self.outputs["code"])[0], told

    def comment(self) -> str:
        code, told = self.run("Leave", NUMBER="7", REPORT=self.outputs["report"], COMMENT_AS="", TOKEN="secret")
        assert code == 0, told
        return told


@pytest.fixture
def runner(tmp_path: Path, forge: Forge) -> Runner:
    shop = make(tmp_path / "shop")
    shop.branch()
    shop.commit({DOCUMENT: BETTER}, "eve")
    return Runner(tmp_path, shop, forge)


def signed(shop: Shop) -> None:
    shop.sign("SOP-001", "tom", "quality-engineer", "review")
    shop.sign("SOP-001", "ina", "quality-manager", "approval")


@ALIKE
def test_the_action_refuses_and_then_lets_land(runner: Runner) -> None:
    head = runner.open()
    assert runner.fetch(head)[0] == 0
    assert runner.outputs["head"] == head
    code, told = runner.judge(sarif="true")
    assert code == 1, told
    assert "secret" not in told
    report = Path(runner.outputs["report"]).read_text(encoding="utf-8")
    assert report.startswith("<!-- qmsctl gate -->")
    assert "is not ready yet" in report
    assert report in (runner.folder / "summary.md").read_text(encoding="utf-8")
    assert "approval-missing" in Path(runner.outputs["sarif"]).read_text(encoding="utf-8")
    # The change was never in the work tree.
    assert "five pieces" in (runner.work / DOCUMENT).read_text(encoding="utf-8")
    runner.comment()
    runner.review("tom")
    runner.review("ina")
    assert runner.fetch(head)[0] == 0
    code, told = runner.judge()
    assert code == 0, told
    runner.comment()
    (comment,) = runner.forge.comments
    assert "may land" in comment["body"]


@ALIKE
def test_signatures_need_no_review(runner: Runner) -> None:
    signed(runner.shop)
    runner.shop.go("main")
    head = runner.open()
    assert runner.fetch(head)[0] == 0
    code, told = runner.judge()
    assert code == 0, told


@ALIKE
def test_a_run_for_another_head_is_refused(runner: Runner) -> None:
    old = runner.open()
    runner.shop.commit({DOCUMENT: BETTER.replace("Eight", "Nine")}, "eve")
    runner.open()
    code, told = runner.fetch(old)
    assert code == 1
    assert "has moved on" in told


@ALIKE
@pytest.mark.parametrize("number", ["", "0", "--upload-pack=x", "7; touch pwned", "7/head:refs/heads/main"])
def test_only_a_number_is_a_number(runner: Runner, number: str) -> None:
    runner.open()
    code, told = runner.fetch(number=number)
    assert code == 1
    assert "number of the pull request is missing" in told
    assert not (runner.work / "pwned").exists()


@ALIKE
def test_a_forge_that_does_not_answer_is_no_verdict(runner: Runner) -> None:
    head = runner.open()
    runner.fetch(head)
    runner.forge.pull = {}
    code, told = runner.judge()
    assert code == 4, told
    assert "### ✗ The gate could not judge this change" in Path(runner.outputs["report"]).read_text(encoding="utf-8")


@ALIKE
def test_words_of_a_change_are_no_commands_to_the_runner(runner: Runner) -> None:
    head = runner.open()
    runner.fetch(head)
    _, told = runner.judge()
    lines = [line for line in told.splitlines() if line.startswith("::")]
    assert lines[0].startswith("::stop-commands::")
    assert lines[-1] == f"::{lines[0].removeprefix('::stop-commands::')}::"
    assert len(lines) == 2
    assert told.splitlines()[0] == lines[0]


@ALIKE
def test_a_merge_queue_lands_exactly_what_was_judged(runner: Runner) -> None:
    signed(runner.shop)
    shop = runner.shop
    head, base = shop.sha("topic"), shop.sha("main")
    shop.git("checkout", "-q", "-b", "queue", "main")
    shop.git("merge", "-q", "--no-ff", "-m", "Merge 7", "topic")
    queued = shop.sha("queue")
    shop.commit({"people/p-004.yaml": "id: p-004\ntype: person\n"}, "eve")
    more = shop.sha("queue")
    shop.go("main")
    assert runner.open() == head
    assert runner.fetch(base=base, lands=queued)[0] == 0
    assert runner.judge()[0] == 0
    code, told = runner.fetch(base=base, lands=more)
    assert code == 1
    assert "something else" in told


@ALIKE
def test_only_our_own_comment_is_written_over(runner: Runner) -> None:
    head = runner.open()
    runner.fetch(head)
    runner.judge()
    theirs: dict[str, Any] = {"id": 90, "user": {"login": "eve"}, "body": "<!-- qmsctl gate -->\n### ✓ may land"}
    runner.forge.comments.append(theirs)
    runner.comment()
    runner.comment()
    assert len(runner.forge.comments) == 2
    assert theirs["body"].endswith("may land")
    runner.forge.url = ""
    runner.env["GITHUB_API_URL"] = "http://127.0.0.1:9"
    assert "::warning::" in runner.comment()


@ALIKE
def test_the_version_comes_from_the_base(runner: Runner) -> None:
    shop = runner.shop
    shop.go("main")
    shop.commit({"requirements.txt": "qmsctl==1.0\n"}, "max")
    shop.go("topic")
    shop.commit({"requirements.txt": "qmsctl==6.6.6\n"}, "eve")
    runner.open()
    assert runner.fetch()[0] == 0
    # A python3 that makes no environment but notes what it should install.
    fake = runner.folder / "bin" / "python3"
    fake.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin"\nprintf \'#!/bin/sh\\nfor last; do :; done; cat "$last"\\n\' > "$3/bin/pip"\n'
        'chmod +x "$3/bin/pip"\n',
        encoding="utf-8",
    )
    fake.chmod(0o755)
    path = str(runner.folder / "path.txt")
    base = runner.outputs["base"]
    more = {"BASE": base, "REQUIREMENTS": "requirements.txt", "GITHUB_PATH": path}
    assert runner.run("Install", VERSION="", **more) == (0, "qmsctl==1.0\n")
    assert runner.run("Install", VERSION="2.0", **more) == (0, "qmsctl==2.0\n")


@ALIKE
@pytest.mark.parametrize(
    ("group", "number"),
    [
        ("refs/heads/gh-readonly-queue/main/pr-12-" + "a" * 40, "12"),
        ("refs/heads/gh-readonly-queue/main/pr-12-x", ""),
        ("refs/heads/gh-readonly-queue/main/pr-$(id)-" + "a" * 40, ""),
        ("", "7"),
    ],
)
def test_the_queue_names_its_pull_request(system: Path, tmp_path: Path, group: str, number: str) -> None:
    script = step(read(system, ".github/workflows/qms-gate.yml"), "Which")["run"]
    env = {**os.environ, "GITHUB_OUTPUT": str(tmp_path / "output"), "NUMBER": "" if group else "7", "GROUP": group}
    subprocess.run(["bash", "-e", "-c", script], env=env, check=True)
    assert (tmp_path / "output").read_text(encoding="utf-8") == f"number={number}\n"


@ALIKE
def test_a_review_repeats_the_gate(system: Path, tmp_path: Path) -> None:
    script = step(read(system, ".github/workflows/qms-gate-again.yml"), "Repeat")["run"]
    gh = tmp_path / "gh"
    # Answers as gh does; the first attempt to repeat comes too early.
    gh.write_text(
        '#!/bin/sh\necho "$*" >> "$LOG"\ncase "$*" in\n'
        "*state=open*) echo 7 ;;\n*qms-gate.yml/runs*) echo 4711 ;;\n"
        '*rerun*) [ "$(grep -c rerun "$LOG")" -gt 1 ] ;;\nesac\n',
        encoding="utf-8",
    )
    gh.chmod(0o755)
    env = {
        **os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "LOG": str(tmp_path / "log"),
        "GITHUB_REPOSITORY": "shop/qms", "HEAD_SHA": "a" * 40, "WAIT": "0",
    }  # fmt: skip
    run = ["bash", "-eo", "pipefail", "-c", script]
    done = subprocess.run(run, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert asked[-1] == "api --silent -X POST repos/shop/qms/actions/runs/4711/rerun"
    assert len(asked) == 4
    assert subprocess.run(run, env={**env, "HEAD_SHA": "main"}, check=False).returncode != 0


@ALIKE
def test_the_script_for_gitlab_decides(system: Path, tmp_path: Path) -> None:
    shop = make(tmp_path / "shop")
    shop.commit({"requirements.txt": "qmsctl==1.0\n"}, "max")
    shop.branch()
    head = shop.commit({DOCUMENT: BETTER}, "eve")
    shop.git("update-ref", "refs/merge-requests/7/head", head)
    log = tmp_path / "log"
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    # A python3 that makes an environment in which pip notes what it gets, and qmsctl how it was called.
    fake.write_text(
        '#!/bin/sh\nmkdir -p "$3/bin"\n'
        f'printf \'#!/bin/sh\\nfor last; do :; done; cat "$last" >> "{log}"\\n\' > "$3/bin/pip"\n'
        f'printf \'#!/bin/sh\\necho "$*" >> "{log}"; echo report > gate/report.md; exit 1\\n\' > "$3/bin/qmsctl"\n'
        'chmod +x "$3/bin/pip" "$3/bin/qmsctl"\n',
        encoding="utf-8",
    )
    fake.chmod(0o755)
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("GIT")},
        "PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}", "CI_REPOSITORY_URL": str(shop.root),
        "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_COMMIT_SHA": head,
        "CI_PROJECT_PATH": "shop/qms", "CI_API_V4_URL": "https://gitlab.example/api/v4",
    }  # fmt: skip
    script = read(system, ".gitlab-ci.yml")["gate"]["script"][0]

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        place = tmp_path / "job"
        place.mkdir(exist_ok=True)
        return subprocess.run(
            ["sh", "-c", script], cwd=place, env={**env, **more}, capture_output=True, text=True, check=False
        )

    done = run()
    assert (done.returncode, done.stdout) == (1, "report\n"), done.stderr
    first, second = log.read_text(encoding="utf-8").splitlines()
    assert first == "qmsctl==1.0"
    assert f"--base {shop.sha('main')} --head {head} --pr 7 --forge gitlab --repository shop/qms" in second
    moved = run(CI_COMMIT_SHA="b" * 40)
    assert moved.returncode == 1
    assert "has moved on" in moved.stdout
