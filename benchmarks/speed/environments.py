"""Makes an environment of its own for each peer, once, and says which versions it holds."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.speed.measure import Failure, clean, last_line

READY = "ready.json"


def environment(folder: Path, packages: Sequence[str], say: Callable[[str], None]) -> dict[str, str]:
    """Make a virtual environment with these packages unless it is there; return the versions. Raises Failure."""
    ready = folder / READY
    if not ready.is_file():
        say(f"installing {' and '.join(packages)} ...")
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages)
        listed = _run(str(folder / "bin" / "python"), "-m", "pip", "list", "--format", "json")
        found = {one["name"].lower(): one["version"] for one in json.loads(listed)}
        ready.write_text(json.dumps({name: found[name.lower()] for name in packages}), encoding="utf-8")
    versions: dict[str, str] = json.loads(ready.read_text(encoding="utf-8"))
    return versions


def machine() -> dict[str, str]:
    """What a reader has to know of the machine: cores, memory, system, Python, Git."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cores": str(cores), "memory": f"{memory / 2**30:.0f} GiB", "system": platform.system(), "Python": platform.python_version(), "Git": git}  # fmt: skip


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean(os.environ))
    if done.returncode != 0:
        raise Failure(f"could not be installed: {last_line(done.stdout + done.stderr)}")
    return done.stdout
