"""A small organisation under change control in a real repository, with people who commit, push, review and sign."""

from __future__ import annotations

import datetime
import os
import subprocess
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from qmsctl.approvals import signing, statement
from qmsctl.approvals.content import manifest
from qmsctl.approvals.documents import GOVERNING, State, governing_manifest, governs
from qmsctl.approvals.evidence import Head, PullRequest, Review
from qmsctl.gate import Decision, decide
from qmsctl.history import git, trees
from qmsctl.loader import load

TODAY = "2026-03-02"
NOON = "2026-03-02T12:00:00+01:00"
PEOPLE = {
    "ina": ("p-001", "Ina Berg", ["quality-manager"]),
    "tom": ("p-002", "Tom Reyes", ["quality-engineer"]),
    "ada": ("p-003", "Ada Moss", ["quality-engineer", "inspector"]),
    "max": ("p-004", "Max Holm", ["managing-director"]),
    "eve": ("p-005", "Eve Stark", ["inspector"]),
    "zoe": ("p-006", "Zoe Lund", ["quality-manager", "quality-engineer"]),
}
RULES = """\
approvals:
  from: 2026-01-01
  change_records: []
  strictest:
    need: [{meaning: approval, any_of: [managing-director]}, {meaning: review, any_of: [quality-manager]}]
    persons: 2
  rules:
    - name: Every document
      need:
        - {meaning: review, any_of: [owner]}
        - {meaning: approval, any_of: [quality-manager]}
"""
SOP = """\
---
id: SOP-001
type: sop
title: Incoming inspection
revision: "{revision}"
effective: {effective}
owner: quality-engineer
review_every: "24 months"
change: {change}
purpose: Nothing unproven reaches a machine.
---

![Lane](lane.png)

## Steps

### Draw the sample {{#draw-sample}}
Who: inspector

{text}
"""


def sop(
    revision: str = "1.0",
    effective: str = "2025-12-01",
    change: str = "First issue of it.",
    text: str = "Take five pieces from each lot.",
) -> str:
    """Return the one document of the shop."""
    return SOP.format(revision=revision, effective=effective, change=change, text=text)


@lru_cache(maxsize=1)
def keys() -> Path:
    """Return a folder with a key for everyone, and one nobody knows."""
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="shop-keys-"))
    atexit.register(shutil.rmtree, folder, True)
    for name in (*PEOPLE, "robot", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    return folder


def public(name: str) -> str:
    """Return a public key without its comment."""
    return " ".join((keys() / f"{name}.pub").read_text(encoding="utf-8").split()[:2])


def person(name: str, roles: list[str] | None = None, extra: str = "", until: str = "2027-12-31", key: str = "") -> str:
    """Return the file of a person."""
    number, _, own = PEOPLE[name]
    checkers = [p for p in ("p-001", "p-004", "p-002") if p != number][:2]
    return (
        f"id: {number}\ntype: person\nroles: [{', '.join(own if roles is None else roles)}]\nforge: {name}\n"
        f"commits_as: [{name}@shop.example]\nkeys:\n  - key: {key or public(name)}\n    from: 2025-01-01\n    until: {until}\n"
        f"    proof: Passport shown in person\n    checked_by: [{', '.join(checkers)}]\n{extra}"
    )


def role(name: str) -> str:
    """Return the file of a role."""
    title = name.replace("-", " ").capitalize()
    return (
        f'id: {name}\ntype: role\ntitle: {title}\nrevision: "1.0"\neffective: 2025-12-01\nowner: quality-manager\n'
        f'review_every: "24 months"\nchange: First issue of it.\npurpose: Does what {title} does.\nauthority: [Decides]\n'
        "competence: [{need: Knows the trade}]\n"
    )


def config(rules: str = RULES, recorder: bool = True) -> str:
    """Return qms.yaml."""
    text = "organisation: Shop\ntime_zone: Europe/Berlin\ndirectory: people/directory.yaml\n" + rules
    if recorder:
        text += f"  recorders:\n    - {{name: robot, key: {public('robot')}, from: 2025-01-01, until: 2027-12-31}}\n"
    return text


def of_folder(root: Path, paths: list[str]) -> trees.Tree:
    """Return files of a folder as Git would store them now, though none of them is in Git yet."""
    wanted = sorted(path for path in paths if (root / path).is_file())
    names = git.would_be(root, wanted)
    files: dict[str, tuple[str, str]] = {}
    contents: dict[str, bytes] = {}
    for path, blob in zip(wanted, names, strict=True):
        link = (root / path).is_symlink()
        files[path] = (trees.LINK if link else "100644", blob)
        contents[blob] = (root / path).read_bytes()
    return trees.Tree(root, files, contents)


@dataclass
class Shop:
    """A working copy on branch main, with everything landed before change control began."""

    root: Path
    clock: datetime.datetime = field(
        default_factory=lambda: datetime.datetime.fromisoformat("2025-12-01T08:00:00+01:00")
    )
    pushes: list[Head] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)

    # --- Git -------------------------------------------------------------------------------------

    def git(self, *arguments: str, who: str = "max", when: str = "", committer: str = "") -> str:
        """Run Git as somebody, at the shop's time."""
        moment = when or self.clock.isoformat()
        other = committer or who
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
            "GIT_AUTHOR_NAME": PEOPLE.get(who, ("", who))[1],
            "GIT_AUTHOR_EMAIL": who if "@" in who else f"{who}@shop.example",
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_NAME": PEOPLE.get(other, ("", other))[1],
            "GIT_COMMITTER_EMAIL": other if "@" in other else f"{other}@shop.example",
            "GIT_COMMITTER_DATE": moment,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
        }
        done = subprocess.run(["git", *arguments], cwd=self.root, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def write(self, files: dict[str, str | bytes | None]) -> None:
        """Write files; None deletes one."""
        for path, content in files.items():
            file = self.root / path
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(
        self, files: dict[str, str | bytes | None], who: str = "eve", message: str = "sop: change", **more: str
    ) -> str:
        """Write files and commit them on the branch that is checked out."""
        self.write(files)
        self.clock += datetime.timedelta(minutes=5)
        self.git("add", "-A", who=who)
        self.git("commit", "-q", "--allow-empty", "-m", message, who=who, **more)
        return self.sha("HEAD")

    def sha(self, revision: str) -> str:
        return self.git("rev-parse", revision)

    def branch(self, name: str = "topic", start: str = "main") -> None:
        self.git("checkout", "-q", "-b", name, start)

    def go(self, name: str) -> None:
        self.git("checkout", "-q", name)

    # --- what people do on a forge ---------------------------------------------------------------

    def at(self, moment: str) -> None:
        """Set the shop's clock."""
        self.clock = datetime.datetime.fromisoformat(moment)

    def push(self, sha: str = "topic", when: str = "") -> str:
        """Push a head of the pull request."""
        self.clock += datetime.timedelta(minutes=5)
        name = self.sha(sha)
        self.pushes.append(Head(name, when or self.clock.isoformat()))
        return name

    def review(self, who: str, state: str = "approved", sha: str = "", body: str = "", **more: object) -> Review:
        """Review what was pushed last."""
        self.clock += datetime.timedelta(minutes=5)
        found = Review(
            str(len(self.reviews) + 1),
            who,
            state,
            self.clock.isoformat(),
            sha or self.pushes[-1].sha,
            body,
            **more,  # type: ignore[arg-type]  # tests name fields by keyword
        )
        self.reviews.append(found)
        return found

    def rebind(self) -> None:
        """Let the forge bind all reviews to the present head, as GitHub does after a rebase."""
        self.reviews = [replace(review, sha=self.pushes[-1].sha) for review in self.reviews]

    def pull(self, author: str = "eve") -> PullRequest:
        return PullRequest(
            "github", "shop/qms", "7", author, self.pushes[-1].sha, "main",
            heads=tuple(self.pushes), reviews=tuple(self.reviews), url="https://forge.example/shop/qms/pull/7",
        )  # fmt: skip

    # --- signatures ------------------------------------------------------------------------------

    def statement(self, item: str, who: str, role: str, meaning: str, **more: str) -> statement.Statement:
        """Return what somebody would sign about the content that is checked out."""
        tree = of_folder(self.root, [p for p in self.git("ls-files").splitlines() if p])
        if item == GOVERNING:
            test = governs((State(tree, load(self.root)),), "")
            content, title, revision, effective = governing_manifest(tree, test), "Governing files", "", ""
        else:
            found = load(self.root).qms.items[item]
            content, title = manifest(tree, found.path), found.title
            revision, effective = str(found.get("revision")), str(found.get("effective"))
        assert content is not None
        number, name, _ = PEOPLE[who]
        self.clock += datetime.timedelta(minutes=5)
        plain = statement.Statement(
            "Shop",
            item,
            title,
            revision,
            effective,
            "",
            meaning,
            "",
            role,
            number,
            name,
            self.clock.isoformat(),
            content,
        )
        return replace(plain, **more)  # type: ignore[arg-type]  # tests name fields by keyword

    def sign(
        self, item: str, who: str, role: str, meaning: str, key: str = "", commit: bool = True, **more: str
    ) -> str:
        """Sign what is checked out and commit the statement; return its path."""
        made = self.statement(item, who, role, meaning, **more)
        text = statement.render(made).encode()
        path = statement.path_of(made)
        signature = signing.sign(text, keys() / (key or who), signing.STATEMENT)
        files: dict[str, str | bytes | None] = {path: text, path + ".sig": signature}
        if commit:
            self.commit(files, who, f"approvals: {meaning}")
        else:
            self.write(files)
        return path

    def land(self, branch: str = "topic", how: str = "merge", who: str = "max") -> str:
        """Land a branch on main without asking the gate."""
        self.clock += datetime.timedelta(minutes=5)
        self.go("main")
        if how == "merge":
            self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch, who=who)
        else:
            self.git("merge", "-q", "--squash", branch, who=who)
            self.git("commit", "-q", "-m", f"Squash {branch}", who=who)
        return self.sha("HEAD")

    # --- asking the gate ---------------------------------------------------------------------------

    def gate(
        self, head: str = "topic", base: str = "main", pull: PullRequest | None = None, **more: object
    ) -> Decision:
        today = self.clock.date().isoformat()
        return decide(self.root, base, head, today=today, now=self.clock.isoformat(), pull=pull, **more)  # type: ignore[arg-type]  # tests name fields by keyword

    def judged(self, author: str = "eve", **more: object) -> Decision:
        """Ask the gate about the pull request."""
        return self.gate(self.pushes[-1].sha, pull=self.pull(author), **more)


def make(root: Path, rules: str = RULES, files: dict[str, str | bytes | None] | None = None) -> Shop:
    """Make a shop whose system was there before change control began."""
    root.mkdir(parents=True, exist_ok=True)
    shop = Shop(root)
    shop.git("init", "-q", "-b", "main")
    roles = sorted({r for _, _, own in PEOPLE.values() for r in own})
    names = "".join(f"{number}: {name}\n" for number, name, _ in PEOPLE.values())
    content: dict[str, str | bytes | None] = {
        "qms.yaml": config(rules),
        "people/directory.yaml": names,
        **{f"people/{number}.yaml": person(name) for name, (number, _, _) in PEOPLE.items()},
        **{f"roles/{name}.yaml": role(name) for name in roles},
        "sops/SOP-001-incoming-inspection.md": sop(),
        "sops/lane.png": b"\x89PNG yellow lane",
        **(files or {}),
    }
    shop.commit(content, "max", "Take the documents over")
    shop.at("2026-03-02T08:00:00+01:00")
    return shop


def refusals(decision: Decision) -> str:
    """Return all that speaks against a change, as one text to look for reasons in."""
    rows = [finding.message for finding in decision.blocking()]
    rows += [f"{vote.name}: {reason}" for judged in decision.documents for vote, reason in judged.verdict.refused]
    return "\n".join(rows)
