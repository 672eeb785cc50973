"""Turns the example of a check's docstring into files and the lines on which findings are expected.

`*** DAY` says that what stands above it landed on that day; what stands below is not in Git yet. `*** proposed`
at the end puts the last files forward as a change, which the gate then judges. From files below data/ the KPIs of
the example are computed before it is checked.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from qmsctl.checks import MARK

_HEAD = re.compile(
    r"^=== (?P<path>\S+)(?: size=(?P<size>\d+))?(?: mode=(?P<mode>\w+))?(?: -> (?P<target>\S+))?(?P<gone> deleted)?(?P<signed> signed)?\s*$"
)
_LANDED = re.compile(r"^\*\*\* (?P<day>\d{4}-\d\d-\d\d|proposed)\s*$")
CONTROL = """organisation: Example
approvals:
  from: 2026-01-01
  strictest: {need: [{meaning: approval, any_of: [boss]}]}
  rules:
    - {name: All, need: [{meaning: approval, any_of: [boss]}]}
"""


@dataclass
class Example:
    """Files by path; ``expected`` holds (path, line) once for each finding."""

    files: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    expected: list[tuple[str, int]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    landed: list[tuple[str, Example]] = field(default_factory=list)
    proposed: bool = False

    def write(self, root: Path) -> None:
        """Write the files below a folder; a qms.yaml is added if there is none, and Git where it has a history."""
        (root / "qms.yaml").write_text(CONTROL if self.landed else "organisation: Example\n", encoding="utf-8")
        if self.landed:
            _boss(root)
            _git(root, "", "init", "-q", "-b", "main")
        for day, before in self.landed:
            if day == "proposed":
                _git(root, "", "checkout", "-q", "-b", "change")
            before.put(root)
            moment = f"{day if day != 'proposed' else '2026-11-16'}T09:00:00+01:00"
            _git(root, moment, "add", "-A")
            _git(root, moment, "commit", "-q", "--allow-empty", "-m", "change")
        self.put(root)

    def put(self, root: Path) -> None:
        """Write the files of one state."""
        for path in self.gone:
            (root / path).unlink()
        for path, text in self.files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if path in self.targets:
                file.symlink_to(self.targets[path])
                continue
            file.write_bytes(text.encode("utf-8", "surrogateescape"))
            if path in self.sizes:
                with file.open("ab") as handle:
                    handle.truncate(self.sizes[path])
        for path in self.signed:
            _sign(root, path)


def _git(root: Path, moment: str, *arguments: str) -> None:
    name = {"NAME": "Ina", "EMAIL": "ina@example.org", "DATE": moment}
    env = {f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in name.items()}
    plain = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *arguments], cwd=root, env={**plain, **env}, check=True, capture_output=True)


def _boss(root: Path) -> None:
    """Add the one role and person that approve in examples with a history."""
    key = root / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, capture_output=True)
    public = " ".join((root / "key.pub").read_text(encoding="utf-8").split()[:2])
    (root / "people").mkdir()
    (root / "people" / "p-001.yaml").write_text(
        f"id: p-001\ntype: person\nroles: [boss]\nkeys:\n  - key: {public}\n    from: 2025-01-01\n    until: 2027-12-31\n"
        "    proof: Passport\n    checked_by: [p-002, p-003]\n",
        encoding="utf-8",
    )
    (root / ".gitignore").write_text("key*\n", encoding="utf-8")


def _sign(root: Path, path: str) -> None:
    """Let the boss sign the statement beside a signature's name."""
    from qmsctl.approvals import signing

    data = (root / path.removesuffix(".sig")).read_bytes()
    (root / path).write_bytes(signing.sign(data, root / "key", signing.STATEMENT))


def parse(text: str) -> Example:
    """Read an example."""
    landed: list[tuple[str, Example]] = []
    part: list[str] = []
    for line in text.split("\n"):
        day = _LANDED.match(line)
        if day:
            landed.append((day["day"], _state("\n".join(part))))
            part = []
        else:
            part.append(line)
    found = _state("\n".join(part))
    if landed and not found.files and not found.gone:
        found.expected = landed[-1][1].expected
    found.landed = landed
    found.proposed = bool(landed) and landed[-1][0] == "proposed"
    return found


def _state(text: str) -> Example:
    """Read the files of one state."""
    found = Example()
    path = ""
    lines: list[str] = []

    def flush() -> None:
        if path and path not in found.gone and path not in found.signed:
            found.files[path] = "\n".join(lines) + "\n" if lines else ""

    for line in text.split("\n"):
        marks = line.count(MARK)
        plain = line.replace(MARK, "").rstrip() if marks else line
        head = _HEAD.match(plain)
        if head:
            flush()
            path, lines = head["path"], []
            if head["size"]:
                found.sizes[path] = int(head["size"])
            if head["mode"]:
                found.modes[path] = head["mode"]
            if head["target"]:
                found.targets[path] = head["target"]
            if head["gone"]:
                found.gone.append(path)
            if head["signed"]:
                found.signed.append(path)
            found.expected += [(path, 1)] * marks
            continue
        lines.append(plain)
        found.expected += [(path, len(lines))] * marks
    flush()
    return found
