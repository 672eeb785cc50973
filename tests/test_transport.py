"""A plain Git server with our hook: what is approved gets in over the wire, everything else is refused and told why."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from qmsctl import scaffold
from tests.shop import Shop, make, sop

HOOK = scaffold.files("micro")["hooks/pre-receive"]
DOCUMENT = "sops/SOP-001-incoming-inspection.md"
BETTER = sop("1.1", "2026-03-09", "Eight pieces now, after a mix-up.", "Take eight pieces from each lot.")
TODAY = "2026-03-02"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="git http-backend and shell hooks")


def plain() -> dict[str, str]:
    """Return an environment in which no setting of this machine counts."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") and "proxy" not in k.lower()}
    return {**clean, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}


class Backend(BaseHTTPRequestHandler):
    """Hands each request to git http-backend, as a web server does."""

    protocol_version = "HTTP/1.0"
    home: Path

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env = {
            **plain(),
            "GIT_PROJECT_ROOT": str(self.home),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "eve",
            "REMOTE_ADDR": "127.0.0.1",
        }
        if self.headers.get("Git-Protocol"):
            env["GIT_PROTOCOL"] = self.headers["Git-Protocol"]
        out = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False).stdout
        head, _, content = out.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self.send_response(status)
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _serve

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server:
    """A bare repository behind http, and a client that works on a clone of it."""

    def __init__(self, folder: Path, shop: Shop) -> None:
        self.folder = folder
        self.bare = folder / "qms.git"
        self._git(folder, "clone", "-q", "--bare", str(shop.root), str(self.bare))
        self._git(self.bare, "config", "http.receivepack", "true")
        program = folder / "qmsctl"
        # The shop lives on a fixed day, which the hook has no way to know.
        program.write_text(
            f'#!/bin/sh\necho "$GIT_QUARANTINE_PATH" >> "{folder}/quarantine"\n'
            f'exec "{sys.executable}" -P -m qmsctl "$@" --today {TODAY}\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
        self._git(self.bare, "config", "qmsctl.command", str(program))
        hook = self.bare / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_bytes(HOOK.read_bytes())
        hook.chmod(0o755)
        handler = type("Here", (Backend,), {"home": folder})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/qms.git"
        self._git(folder, "clone", "-q", self.url, str(folder / "client"))
        self.client = Shop(folder / "client", shop.clock)

    def _git(self, where: Path, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=where, env=plain(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def push(self, *what: str) -> tuple[bool, str]:
        """Push as a client does; tell whether it was taken, and what the client was told."""
        command = ["git", "push", "origin", *what]
        done = subprocess.run(
            command, cwd=self.client.root, env=plain(), capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode == 0, done.stdout + done.stderr

    def holds(self, ref: str = "refs/heads/main") -> str:
        return self._git(self.bare, "rev-parse", ref)

    def refs(self) -> str:
        return self._git(self.bare, "for-each-ref", "--format=%(refname)")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path, make(tmp_path / "shop"))
    yield found
    found.http.shutdown()
    found.http.server_close()


def approved(client: Shop) -> str:
    """Change the document on a branch, have it signed by those who must, and return the head."""
    client.branch()
    client.commit({DOCUMENT: BETTER}, "eve")
    client.sign("SOP-001", "tom", "quality-engineer", "review")
    client.sign("SOP-001", "ina", "quality-manager", "approval")
    return client.sha("topic")


def test_an_approved_change_gets_in(server: Server) -> None:
    head = approved(server.client)
    took, told = server.push("topic:main")
    assert took, told
    assert server.holds() == head
    assert "remote: " in told
    # It was judged while its objects were not yet in the repository.
    assert (server.folder / "quarantine").read_text(encoding="utf-8").strip().startswith(str(server.bare))


def test_an_approved_merge_gets_in(server: Server) -> None:
    approved(server.client)
    head = server.client.land()
    took, told = server.push("main")
    assert took, told
    assert server.holds() == head


def test_what_lacks_approvals_is_refused_and_named(server: Server) -> None:
    before = server.holds()
    server.client.branch()
    server.client.commit({DOCUMENT: BETTER}, "eve")
    took, told = server.push("topic:main")
    assert not took
    assert "pre-receive hook declined" in told
    assert "SOP-001 Incoming inspection" in told
    assert "Quality engineer" in told
    assert "Quality manager" in told
    assert "missing" in told
    assert "Traceback" not in told
    assert server.holds() == before
    # With what was named it gets in.
    server.client.sign("SOP-001", "tom", "quality-engineer", "review")
    server.client.sign("SOP-001", "ina", "quality-manager", "approval")
    took, told = server.push("topic:main")
    assert took, told


def test_an_edit_after_the_approval_is_refused(server: Server) -> None:
    approved(server.client)
    server.client.commit({DOCUMENT: BETTER.replace("eight pieces from", "two pieces from")}, "eve")
    took, told = server.push("topic:main")
    assert not took
    assert "changed since" in told


def test_history_cannot_be_rewritten(server: Server) -> None:
    before = server.holds()
    server.client.branch("rewritten")
    server.client.git("commit", "-q", "--amend", "-m", "Another beginning")
    took, told = server.push("--force", "rewritten:main")
    assert not took
    assert "may not be rewritten" in told
    assert server.holds() == before


def test_the_branch_cannot_be_deleted(server: Server) -> None:
    server._git(server.bare, "config", "receive.denyDeleteCurrent", "ignore")
    took, told = server.push("--delete", "main")
    assert not took
    assert "may not be deleted" in told
    assert server.holds()


def test_other_branches_pass(server: Server) -> None:
    server.client.branch()
    server.client.commit({DOCUMENT: BETTER}, "eve")
    took, told = server.push("topic")
    assert took, told
    took, told = server.push("--force", "topic~1:refs/heads/topic")
    assert took, told
    took, told = server.push("--delete", "topic")
    assert took, told


def test_one_refused_branch_refuses_the_whole_push(server: Server) -> None:
    server.client.branch()
    server.client.commit({DOCUMENT: BETTER}, "eve")
    took, told = server.push("topic:zebra", "topic:main")
    assert not took, told
    assert server.refs() == "refs/heads/main"


def test_a_server_without_the_gate_takes_nothing(server: Server) -> None:
    server._git(server.bare, "config", "qmsctl.command", str(server.folder / "nowhere"))
    approved(server.client)
    took, told = server.push("topic:main")
    assert not took
    assert "the gate is not there" in told


def test_another_branch_can_be_the_one_that_counts(server: Server) -> None:
    server._git(server.bare, "config", "qmsctl.branch", "refs/heads/released")
    assert server.push("main:released")[0]
    server.client.branch()
    server.client.commit({DOCUMENT: BETTER}, "eve")
    assert server.push("topic:main")[0]
    assert not server.push("topic:released")[0]
