"""Serving the intranet: an edit is seen, the site is built anew, the browser is told."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from qmsctl.saves import look

PROGRAM = """
import sys
from pathlib import Path
from qmsctl.engines.serve import serve

root = Path(sys.argv[1])

def again():
    text = (root / "sops/a.md").read_text()
    if text == "bad":
        raise RuntimeError("a fault")
    (root / "build/site/index.html").write_text(f"<body>{text}</body>")

again()
say = lambda text: print(text, flush=True)
serve(root, "127.0.0.1", 8500, again, say, say)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("sops", "build/site", ".hidden"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "sops/a.md").write_text("one")
    return tmp_path


@pytest.fixture
def served(root: Path) -> Iterator[subprocess.Popen[str]]:
    # Tests that run in the background of a shell have the signal ignored, and what they start too.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    command = [sys.executable, "-c", PROGRAM, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heard) as process:  # noqa: PLW1509 - no threads here
        yield process
        process.send_signal(signal.SIGINT)
        process.wait(20)


def got(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return str(answer.read().decode())


def wait(until: Callable[[], bool]) -> None:
    """Wait for something that has to happen, however slow the machine is."""
    for _ in range(600):
        if until():
            return
        time.sleep(0.05)
    pytest.fail("nothing happened")


def test_an_edit_reaches_the_browser(root: Path, served: subprocess.Popen[str]) -> None:
    assert served.stdout is not None
    address = served.stdout.readline().strip()
    assert "<body>one" in got(address)
    version = got(f"{address}__qms")
    (root / "sops/a.md").write_text("another")
    wait(lambda: got(f"{address}__qms") != version)
    assert "<body>another" in got(address)
    version = got(f"{address}__qms")
    (root / "sops/a.md").write_text("bad")
    assert served.stdout.readline().strip() == "a fault"
    assert "<body>another" in got(address)
    assert got(f"{address}__qms") == version


def test_which_files_are_watched(root: Path) -> None:
    seen = [look(root)]
    for name in ("sops/b.yaml", "qms.yaml", "sops/deep/c.svg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x")
        seen.append(look(root))
    (root / "sops/b.yaml").unlink()
    seen.append(look(root))
    (root / "qms.yaml").rename(root / "other.yaml")
    seen.append(look(root))
    os.utime(root / "sops/a.md", ns=(1, 1))
    seen.append(look(root))
    assert all(one != other for one, other in itertools.pairwise(seen))
    for name in ("build/x.md", ".hidden/x.md", "sops/.x.md", "sops/x.md~", "sops/x.tmp"):
        (root / name).write_text("x")
    assert look(root) == seen[-1]
