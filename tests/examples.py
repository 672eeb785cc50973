"""Turns the example of a check's docstring into files and the lines on which findings are expected."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from qmsctl.checks import MARK

_HEAD = re.compile(r"^=== (?P<path>\S+)(?: size=(?P<size>\d+))?(?: mode=(?P<mode>\w+))?(?: -> (?P<target>\S+))?\s*$")


@dataclass
class Example:
    """Files by path; ``expected`` holds (path, line) once for each finding."""

    files: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    expected: list[tuple[str, int]] = field(default_factory=list)

    def write(self, root: Path) -> None:
        """Write the files below a folder; a qms.yaml is added if there is none."""
        (root / "qms.yaml").write_text("organisation: Example\n", encoding="utf-8")
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


def parse(text: str) -> Example:
    """Read an example."""
    found = Example()
    path = ""
    lines: list[str] = []

    def flush() -> None:
        if path:
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
            found.expected += [(path, 1)] * marks
            continue
        lines.append(plain)
        found.expected += [(path, len(lines))] * marks
    flush()
    return found
