"""The only caller of Git. Revisions are resolved before use, so that none is taken for an option."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import NamedTuple

TIMEOUT = 300
_YEAR_9999 = 253_370_764_800
_SETTINGS = [
    option
    for setting in (
        "core.quotepath=false",
        "core.fsmonitor=false",
        "log.showSignature=false",
        "log.showRoot=true",
        "log.mailmap=false",
        "diff.external=",
        "merge.renames=true",
        "protocol.ext.allow=never",
    )
    for option in ("-c", setting)
]
# A pre-receive hook sees the pushed objects only through these.
_HOOK_VARIABLES = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")


class GitFault(RuntimeError):
    """Git could not answer; the message says why, in words for a user."""


class MergeConflict(GitFault):
    """Two commits cannot be merged without a person; ``paths`` names the files."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__("the change conflicts with the base in " + ", ".join(paths))
        self.paths = paths


class Touch(NamedTuple):
    """One file that a commit changed. ``old`` and ``new`` are blob ids, "" where there is no file."""

    path: str
    old: str
    new: str
    mode: str


class Commit(NamedTuple):
    """One commit as it stands in Git; nothing in it is proven but its content."""

    sha: str
    parents: tuple[str, ...]
    author: str
    author_mail: str
    authored: str
    committer: str
    committer_mail: str
    committed: str
    message: str
    touches: tuple[Touch, ...] = ()


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
    return run_bytes(root, *arguments).decode("utf-8", errors="surrogateescape")


def run_bytes(root: Path, *arguments: str, given: bytes = b"", allow: tuple[int, ...] = (0,)) -> bytes:
    """Run Git with bytes in and bytes out. Raises GitFault for an exit code that is not allowed.

    Replacement objects, attributes that call programs and the reader's own settings must not change what a
    commit is seen to hold, so they are switched off here, once and for all.
    """
    kept = _HOOK_VARIABLES if "GIT_QUARANTINE_PATH" in os.environ else ()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in kept}
    clean.update(LC_ALL="C", GIT_TERMINAL_PROMPT="0", GIT_OPTIONAL_LOCKS="0", GIT_NO_REPLACE_OBJECTS="1")
    try:
        done = subprocess.run(
            ["git", *_SETTINGS, *arguments],
            cwd=root,
            env=clean,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
            input=given,
        )
    except FileNotFoundError as error:
        raise GitFault("Git is not installed, or not on the path") from error
    except subprocess.TimeoutExpired as error:
        raise GitFault(f"Git gave no answer within {TIMEOUT} s") from error
    if done.returncode not in allow:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitFault(reason[0] if reason else f"git {arguments[0]} failed")
    return done.stdout


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


_HEADER = ("%H", "%P", "%an", "%ae", "%ad", "%cn", "%ce", "%cd", "%B")
_RAW = (
    "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative",
    "--ignore-submodules=none",
)  # fmt: skip


def log(root: Path, revision: str, *, since: str = "", first_parent: bool = False) -> list[Commit]:
    """Return the commits that lead to a revision, oldest first, with the files each changed.

    With ``first_parent`` these are the states the branch itself had, and each names what it brought. Without,
    they are all commits, and a merge names only files that differ from all its parents. Renames are not
    guessed: an item is known by its id. Paths are relative to the top of the repository.
    """
    span = [commit(root, revision)] + ([f"^{commit(root, since)}"] if since else [])
    how = ["--first-parent", "--diff-merges=first-parent"] if first_parent else ["-c", "--topo-order"]
    shape = "--format=" + "".join(field + "%x00" for field in _HEADER)
    text = run(root, "log", "--reverse", "--date=raw", *_RAW, *how, shape, *span, "--")
    return list(_parse_log(text.split("\0")))


def log_of(root: Path, revision: str, path: str) -> list[Commit]:
    """Return the states of a branch, oldest first, that changed one file."""
    shape = "--format=" + "".join(field + "%x00" for field in _HEADER)
    how = ["--first-parent", "--diff-merges=first-parent", "--full-history"]
    tip = commit(root, revision)
    text = run(root, "log", "--reverse", "--date=raw", *_RAW, *how, shape, tip, "--", f":(top,literal){path}")
    return list(_parse_log(text.split("\0")))


def _parse_log(tokens: list[str]) -> Iterator[Commit]:
    at = 0
    while at < len(tokens):
        if not tokens[at].strip("\n"):
            at += 1
            continue
        head = tokens[at : at + len(_HEADER)]
        at += len(_HEADER)
        touches = []
        while at < len(tokens):
            entry = tokens[at].lstrip("\n")
            if entry.startswith(":"):
                touches.append(_touch(entry, tokens[at + 1]))
                at += 2
            elif not entry:
                at += 1
            else:
                break
        sha, parents, name, mail, authored, other, other_mail, committed, message = head
        # What thousands of commits have in common is held once.
        yield Commit(
            intern(sha.lstrip("\n")),
            tuple(map(intern, parents.split())),
            intern(name),
            intern(mail),
            _moment(authored),
            intern(other),
            intern(other_mail),
            _moment(committed),
            message.strip(),
            tuple(touches),
        )


def _moment(raw: str) -> str:
    """Return a raw time of Git as RFC 3339; "" for one that no clock shows."""
    seconds, _, zone = raw.partition(" ")
    found = re.fullmatch(r"([+-])(\d\d)(\d\d)", zone)
    try:
        minutes = int(found[2]) * 60 + int(found[3]) if found else 0
        if not found or minutes > 14 * 60 or not 0 < int(seconds) < _YEAR_9999:
            return ""
        offset = datetime.timedelta(minutes=minutes if found[1] == "+" else -minutes)
        return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone(offset)).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _touch(entry: str, path: str) -> Touch:
    """Read one raw line; a merge has one old side for each parent, of which the first is kept."""
    parents = len(entry) - len(entry.lstrip(":"))
    words = entry.lstrip(":").split()
    old, new = words[parents + 1], words[2 * parents + 1]
    return Touch(intern(path), intern(old.strip("0") and old), intern(new.strip("0") and new), intern(words[parents]))


def blobs(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the content of blobs by their id, in one call. Raises GitFault if one is missing."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    out = run_bytes(root, "cat-file", "--batch", given="\n".join(wanted).encode() + b"\n")
    found: dict[str, bytes] = {}
    at = 0
    for name in wanted:
        end = out.index(b"\n", at)
        words = out[at:end].split()
        if len(words) != 3 or words[1] != b"blob":
            raise GitFault(f"the content {name[:12]} is missing here; fetch the whole history: git fetch --unshallow")
        size = int(words[2])
        found[name] = out[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found


def tree(root: Path, revision: str) -> dict[str, tuple[str, str]]:
    """Return path -> (mode, blob id) of all files in a commit or tree, relative to the top of the repository."""
    out = run(root, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision)
    found = {}
    for line in out.split("\0"):
        if line:
            facts, path = line.split("\t", 1)
            mode, _, blob = facts.split()
            found[path] = (mode, blob)
    return found


def merge(root: Path, base: str, head: str) -> str:
    """Return the tree that merging two commits gives, without touching any file. Raises MergeConflict."""
    ours, theirs = commit(root, base), commit(root, head)
    out = run_bytes(
        root, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs, allow=(0, 1)
    )
    tree_id, *paths = [part for part in out.decode("utf-8", "surrogateescape").split("\0") if part]
    if paths:
        raise MergeConflict(list(dict.fromkeys(paths)))
    return tree_id.strip()


def is_ancestor(root: Path, older: str, newer: str) -> bool:
    """Tell whether a commit is among those that lead to another."""
    try:
        run(root, "merge-base", "--is-ancestor", older, newer)
    except GitFault:
        return False
    return True


def first_parents(root: Path, tip: str, since: str) -> set[str]:
    """Return the parents of the states a branch had after a commit; that commit is among them if it was one."""
    out = run(root, "rev-list", "--first-parent", "--parents", tip, f"^{since}")
    return {words[1] for words in (line.split() for line in out.splitlines()) if len(words) > 1}


def has_commit(root: Path, name: str) -> bool:
    """Tell whether a commit is stored here; only a full name counts."""
    if not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", name):
        return False
    try:
        commit(root, name)
    except GitFault:
        return False
    return True


def prefix(root: Path) -> str:
    """Return where a folder lies below the top of its repository: "" or "quality/". Raises GitFault outside Git."""
    return run(root, "rev-parse", "--show-prefix").rstrip("\n")


def main_branch(root: Path) -> str:
    """Return the name of the branch that counts: the remote's default branch, else main or master, else HEAD."""
    try:
        return next(iter(_main_branches(root)), "HEAD")
    except GitFault:
        return "HEAD"


def main_tip(root: Path) -> str:
    """Return the commit of the branch that counts. Raises GitFault where there is none."""
    return next(iter(_main_branches(root).values()), "") or commit(root, "HEAD")


def _main_branches(root: Path) -> dict[str, str]:
    """Return the branches that may be the one that counts, the first one first, each with its commit."""
    names = ("refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master")
    rows = run(root, "for-each-ref", "--format=%(refname) %(objectname)", *names).splitlines()
    found = dict(row.split(" ", 1) for row in rows)
    return {name: found[name] for name in names if name in found}


def place(root: Path) -> tuple[str, Path]:
    """Return `prefix` and `own_folder` of a folder, asked for at once. Raises GitFault outside Git."""
    below, own = run(root, "rev-parse", "--show-prefix", "--git-common-dir").rstrip("\n").rsplit("\n", 1)
    return below, (root / own).resolve()


def own_folder(root: Path) -> Path:
    """Return Git's own folder, which no commit can reach. Raises GitFault outside Git."""
    return (root / run(root, "rev-parse", "--git-common-dir").rstrip("\n")).resolve()


def setting(root: Path, name: str) -> str:
    """Return a setting of Git's; "" if it is not set."""
    try:
        return run(root, "config", "--get", name).strip()
    except GitFault:
        return ""


def remote(root: Path) -> str:
    """Return the address of the remote `origin`; "" if there is none."""
    return setting(root, "remote.origin.url")


def gaps(root: Path) -> list[str]:
    """Say in words what hides part of the history here; empty if nothing does."""
    found = []
    if run(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        found.append("this is a shallow clone: the older history is missing (git fetch --unshallow)")
    grafts = root / run(root, "rev-parse", "--git-path", "info/grafts").strip()
    if grafts.is_file() and grafts.read_text(errors="replace").strip():
        found.append("info/grafts rewrites the history as Git shows it; remove that file")
    if setting(root, "extensions.partialClone"):
        found.append("this is a partial clone: some content must be fetched before it can be read")
    return found


def identity(root: Path) -> tuple[str, str]:
    """Return the name and e-mail address Git would put on a commit made here; "" where it does not know."""
    return setting(root, "user.name"), setting(root, "user.email")


def blob_id(content: bytes, like: str) -> str:
    """Return the blob id of a content, by the algorithm that made another one."""
    made = hashlib.sha1 if len(like) == 40 else hashlib.sha256
    return made(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def write_files(files: Iterable[tuple[str, str, bytes]], target: Path) -> None:
    """Write (path, mode, content) below a folder in which nothing has those names; symbolic links come last.

    A tree can hold names made to leave the folder; those are refused.
    """
    links = []
    target.mkdir(parents=True, exist_ok=True)
    for path, mode, content in files:
        parts = path.split("/")
        if path.startswith("/") or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
            raise GitFault(f"a commit holds a file under the name `{path}`, which leads out of its folder")
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if mode == "120000":
            links.append((file, content))
        else:
            file.write_bytes(content)
    for file, content in links:
        file.symlink_to(os.fsdecode(content))
    for file, content in links:
        # A link must not show files of this machine; what leads out becomes a text that says where to.
        if not _inside(file, target):
            file.unlink()
            file.write_bytes(content)


def _inside(file: Path, folder: Path) -> bool:
    try:
        return file.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def would_be(root: Path, paths: Iterable[str]) -> list[str]:
    """Return the blob ids that files would have in Git, line ends and filters applied; nothing is stored."""
    rows = list(paths)
    plain = [path for path in rows if "\n" not in path]
    given = "".join(path + "\n" for path in plain).encode("utf-8", "surrogateescape")
    out = run_bytes(root, "hash-object", "--stdin-paths", given=given).decode().split() if plain else []
    found = dict(zip(plain, out, strict=True))
    for path in rows:
        if path not in found:  # a name with a line end cannot be given in a list
            found[path] = run(root, "hash-object", "--", path).strip()
    return [found[path] for path in rows]


def signatures(root: Path, tip: str, since: str, signers: str) -> dict[str, tuple[str, str]]:
    """Return what Git makes of the signature on each commit: sha -> (status, signer). Only status G is good.

    ``signers`` is the text of an allowed-signers file; keys on this machine do not count.
    """
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".signers", encoding="utf-8") as file:
        file.write(signers)
        file.flush()
        setting = ["-c", f"gpg.ssh.allowedSignersFile={file.name}", "-c", "gpg.program=/bin/false"]
        span = [commit(root, tip), f"^{commit(root, since)}"]
        out = run(root, *setting, "log", "--format=%H%x00%G?%x00%GS", *span, "--")
    rows = [line.split("\0") for line in out.splitlines() if line]
    return {row[0]: (row[1], row[2]) for row in rows}
