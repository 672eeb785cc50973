"""The only caller of Git. Revisions are resolved before use, so that none is taken for an option."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 60


class GitFault(RuntimeError):
    """Git could not answer; the message says why, in words for a user."""


@dataclass(frozen=True, slots=True)
class State:
    """How a folder stands in Git."""

    version: str
    inside: bool = False
    branch: str = ""
    commits: int = 0
    shallow: bool = False
    changed: int = 0


def run(root: Path, *arguments: str) -> str:
    """Run Git in a folder with a clean environment and return what it says. Raises GitFault."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    clean.update(LC_ALL="C", GIT_TERMINAL_PROMPT="0", GIT_OPTIONAL_LOCKS="0")
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotepath=false", "-c", "core.fsmonitor=false", *arguments],
            cwd=root,
            env=clean,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise GitFault("Git is not installed, or not on the path") from error
    except subprocess.TimeoutExpired as error:
        raise GitFault(f"Git gave no answer within {TIMEOUT} s") from error
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitFault(reason[0] if reason else f"git {arguments[0]} failed")
    return done.stdout.decode("utf-8", errors="surrogateescape")


def commit(root: Path, revision: str) -> str:
    """Return the full name of the commit a revision names. Raises GitFault."""
    try:
        return run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}").strip()
    except GitFault as error:
        raise GitFault(f"there is no revision `{revision}` here") from error


def changed_since(root: Path, revision: str) -> set[str]:
    """Return the paths, relative to ``root``, that differ from a revision, new files included."""
    base = commit(root, revision)
    changed = run(root, "diff", "--name-only", "-z", "--relative", base, "--")
    fresh = run(root, "ls-files", "-z", "--others", "--exclude-standard")
    return {path for path in (changed + fresh).split("\0") if path}


def state(root: Path) -> State:
    """Tell how a folder stands in Git; never raises for a folder outside Git."""
    version = run(root, "--version").split()[-1]
    try:
        inside = run(root, "rev-parse", "--is-inside-work-tree").strip() == "true"
    except GitFault:
        return State(version)
    branch = run(root, "branch", "--show-current").strip()
    changed = sum(1 for line in run(root, "status", "--porcelain", "-z", "--", ".").split("\0") if line)
    try:
        commits = int(run(root, "rev-list", "--count", "HEAD"))
    except GitFault:
        commits = 0
    shallow = run(root, "rev-parse", "--is-shallow-repository").strip() == "true"
    return State(version, inside, branch, commits, shallow, changed)


def paths_on_branches(root: Path) -> set[str]:
    """Return the paths of all files on all branches, local and remote; empty outside Git."""
    import git

    try:
        repository = git.Repo(root, search_parent_directories=True)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        return set()
    with repository:
        found: set[str] = set()
        for reference in repository.references:
            if isinstance(reference, git.TagReference):
                continue
            for entry in reference.commit.tree.traverse():
                if isinstance(entry, git.Blob):
                    found.add(str(entry.path))
        return found
