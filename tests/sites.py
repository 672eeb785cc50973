"""Intranets that several test modules look at, each built once for a whole run of the tests."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import yaml

from benchmarks.generator import generate
from qmsctl import pages
from tests.conftest import REPOSITORY

OVERDUE = ("POL-003", "SOP-006")
"""Documents of the proof site that nobody looked at in time."""
OVERDUE_LARGE = ("SOP-005", "SOP-017")
"""The same of the large site."""
OLD_ID = "SOP-914"
"""What SOP-014 was called before, on the proof site."""
GONE, SUCCESSOR = "SOP-021", "SOP-014"
"""A document of the proof site that is obsolete, and what took its place."""
SIZE = 2000
POLICY = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'self'; object-src 'none'; form-action 'self'; frame-ancestors 'self'"


@pytest.fixture(scope="session")
def proof(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference system in two languages, with all its data, two overdue documents, an earlier id and an obsolete document: its root."""
    return once(tmp_path_factory, "proof", _proof)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated system of 2,000 items, with two overdue documents: its root."""
    return once(tmp_path_factory, "large", _large)


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that is made once, whichever of the workers of pytest-xdist comes first."""
    base = factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            made.touch()
    return folder


def _proof(root: Path) -> None:
    from tests.test_site import copy_reference

    copy_reference(root, german=True)
    settings = yaml.safe_load((root / "qms.yaml").read_text(encoding="utf-8"))
    settings["languages"] = settings.get("languages") or ["en", "de"]
    (root / "qms.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    for name in OVERDUE:
        change(root, name, r"^effective: .*$", "effective: 2023-01-09")
    change(root, "SOP-014", r"^type: .*$", rf"\g<0>\nformerly: [{OLD_ID}]")
    change(root, GONE, r"^type: .*$", rf"\g<0>\nstatus: obsolete\nsuperseded_by: {SUCCESSOR}")
    run(root, str(REPOSITORY / "scripts" / "reference_data.py"), str(root / "build" / "data"))
    run(root, "-m", "qmsctl", "site", "build", "--preview")


def _large(root: Path) -> None:
    generate(root, SIZE)
    shutil.copyfile(Path(pages.__file__).parent / "mkdocs.yml", root / "mkdocs.yml")
    for name in OVERDUE_LARGE:
        change(root, name, r"^effective: .*$", "effective: '2023-01-09'")
    run(root, "-m", "qmsctl", "site", "build", "--preview")


def change(root: Path, item: str, pattern: str, to: str) -> None:
    """Change one place of the file of an item."""
    (file,) = (f for f in root.glob(f"*/{item}*") if f.suffix in (".md", ".yaml") and ".de." not in f.name)
    text, count = re.subn(pattern, to, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    assert count, f"{file} has no {pattern}"
    file.write_text(text, encoding="utf-8")


def run(root: Path, *arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def site_of(root: Path) -> Path:
    return root / "build" / "site"


def kinds(site: Path, language: str = "") -> list[str]:
    """The fullest page of each kind: every page at the top, then one of each folder, handbooks counting as a folder."""
    top = site / language
    groups: dict[tuple[str, bool], Path] = {}
    for file in top.rglob("*.html"):
        folder = file.parent.relative_to(top).as_posix()
        inner = folder.split("/")[0]
        if (not language and (site / inner / "index.html").exists() and inner != ".") or is_redirect(file):
            continue
        key = (file.name if folder == "." else folder, "-handbook" in file.name)
        if key not in groups or _weight(file) > _weight(groups[key]):
            groups[key] = file
    return sorted(file.relative_to(site).as_posix() for file in groups.values())


def is_redirect(file: Path) -> bool:
    return 'http-equiv="refresh"' in file.read_text(encoding="utf-8")[:600]


def _weight(file: Path) -> tuple[int, str]:
    return file.stat().st_size, file.name


class Intranet(SimpleHTTPRequestHandler):
    """A web server of a company: the site lies under /qms/ beside other things, and the policy is sent as a header too."""

    missing: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if not self.path.startswith("/qms/") or not Path(self.translate_path(self.path.removeprefix("/qms"))).is_file():
            self.missing.append(self.path)
            return self.send_error(404)
        self.path = self.path.removeprefix("/qms")
        return super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(site: Path, kind: type[SimpleHTTPRequestHandler] = Intranet) -> Iterator[tuple[str, list[str]]]:
    """Serve a site; yield its address and the list of what was asked for and is not there."""
    missing: list[str] = []
    handler = type("Handler", (kind,), {"missing": missing})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    under = "/qms" if kind is Intranet else ""
    yield f"http://127.0.0.1:{server.server_address[1]}{under}", missing
    server.shutdown()
    server.server_close()


class Watch:
    """Notes whatever a page should not do: ask elsewhere, break, or run against its policy. What it asks elsewhere is not answered."""

    def __init__(self, context: Any, address: str) -> None:
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.address = address
        context.route(lambda url: not self._ours(url), self._refuse)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI));"
        )
        context.on("page", self._listen)

    def _ours(self, url: str) -> bool:
        return url.startswith((self.address, "data:", "blob:", "about:"))

    def _refuse(self, route: Any) -> None:
        self.foreign.append(route.request.url)
        route.abort()

    def _listen(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._said(page, said))

    def _said(self, page: Any, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.errors.append(f"{page.url}: {said.text}")

    def nothing(self) -> None:
        assert self.foreign == []
        assert self.errors == []
