"""The history of every document, asked path by path: python past.py gitpython|git FOLDER"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def paths(folder: Path) -> list[str]:
    """The files of items that Git knows."""
    listed = subprocess.run(["git", "-C", str(folder), "ls-files", "-z", "*/*"], capture_output=True, check=True)
    return [path for path in listed.stdout.decode().split("\0") if path]


def gitpython(folder: Path) -> int:
    """Ask GitPython for the commits of each path."""
    import git

    repository = git.Repo(folder)
    return sum(sum(1 for _ in repository.iter_commits(paths=path)) for path in paths(folder))


def git_log(folder: Path) -> int:
    """Ask `git log` for the commits of each path."""
    count = 0
    for path in paths(folder):
        done = subprocess.run(["git", "-C", str(folder), "log", "--format=%H %aI %an %s", "--", path], capture_output=True, check=True)  # fmt: skip
        count += done.stdout.count(b"\n")
    return count


WORK = {"gitpython": gitpython, "git": git_log}

if __name__ == "__main__":
    folder = Path(sys.argv[2])
    if WORK[sys.argv[1]](folder) < len(paths(folder)):
        raise SystemExit("some documents have no history")
