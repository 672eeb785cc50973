"""What every format is given: the report, the lines it points at, and names for findings that last."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from qmsctl import shelf
from qmsctl.checks import Report
from qmsctl.frontmatter import MAX_BYTES
from qmsctl.model import LEVELS, Finding, Position
from qmsctl.output.text import count

FILE = "lines"
_SIGNIFICANT = 500
_KEPT = 1000
"""Characters of a line that is kept between runs; longer ones are read anew."""
_BLOCK = 100
_FACTOR = 37
_MASK = (1 << 64) - 1


@dataclass
class Sources:
    """The files that findings point at. What is not a file of the repository has no lines.

    ``digests`` are fingerprints of files by path, as far as they are known; lines of these are kept between runs.
    """

    root: Path
    digests: Mapping[str, bytes] = field(default_factory=dict)
    _texts: dict[str, str | None] = field(default_factory=dict)
    _folders: dict[str, str | None] = field(default_factory=dict)
    _lines: dict[str, list[str]] = field(default_factory=dict)
    _now: set[str] = field(default_factory=set)
    """What was read now and is what its fingerprint says."""
    _more: bool = False
    _hashes: dict[str, list[str]] = field(default_factory=dict)

    def text(self, path: str) -> str | None:
        """Return the text of a file; None if it cannot be read, is too large or lies outside."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str | None:
        try:
            folder, _, name = path.rpartition("/")
            if folder not in self._folders:
                place = (self.root / folder).resolve()
                self._folders[folder] = str(place) if place.is_relative_to(self._top) else None
            file = f"{self._folders[folder]}/{name}"
            found = os.lstat(file) if self._folders[folder] is not None and name not in ("", ".", "..") else None
            if found is None or not stat.S_ISREG(found.st_mode):
                return self._read_elsewhere(path)
            if found.st_size > MAX_BYTES:
                return None
            with open(file, "rb") as stream:
                data = stream.read()
            if hashlib.sha256(data).digest() == self.digests.get(path):
                self._now.add(path)
            return data.decode("utf-8", "replace")
        except (OSError, RuntimeError, ValueError):
            return None

    def _read_elsewhere(self, path: str) -> str | None:
        """Read a file by a name that leads through links, or out of the repository and back."""
        file = (self.root / path).resolve()
        if not file.is_relative_to(self._top) or not file.is_file() or file.stat().st_size > MAX_BYTES:
            return None
        return file.read_bytes().decode("utf-8", "replace")

    @cached_property
    def _top(self) -> Path:
        return self.root.resolve()

    def line(self, at: Position) -> str:
        """Return the line a position names, without blanks at its end; empty if there is none."""
        now = self.digests.get(at.path, b"")
        digest, known = self._kept.get(at.path, (now, {}))
        if digest != now:
            known = {}
        if at.line in known:
            return known[at.line]
        text = self._line(at)
        if at.path in self._now and len(text) <= _KEPT:
            self._kept[at.path] = (now, {**known, at.line: text})
            self._more = True
        return text

    @cached_property
    def _kept(self) -> dict[str, tuple[bytes, dict[int, str]]]:
        return (shelf.read(self.root / shelf.FOLDER / FILE, shelf.tool_key()) if self.digests else None) or {}

    def keep(self) -> None:
        """Keep lines that were asked for, if there are more than before."""
        if self._more:
            rows = {path: row for path, row in self._kept.items() if row[0] == self.digests.get(path)}
            shelf.write(self.root / shelf.FOLDER / FILE, shelf.tool_key(), rows)

    def _line(self, at: Position) -> str:
        if at.path not in self._lines:
            text = (self.text(at.path) or "").removeprefix("\ufeff")
            self._lines[at.path] = re.split(r"\r\n|\r|\n", text) if "\r" in text else text.split("\n")
        lines = self._lines[at.path]
        return lines[at.line - 1].rstrip() if at.line <= len(lines) else ""

    def line_hash(self, at: Position) -> str:
        """Return GitHub's own hash of the line a position names; empty if there is none."""
        if at.path not in self._hashes:
            text = self.text(at.path)
            self._hashes[at.path] = [] if text is None else line_hashes(text)
        hashes = self._hashes[at.path]
        return hashes[at.line - 1] if at.line <= len(hashes) else ""


@dataclass(frozen=True)
class View:
    """A report, ready to be shown."""

    report: Report
    sources: Sources
    seconds: float = 0.0
    colour: bool = False
    width: int = 100
    version: str = ""

    @cached_property
    def fingerprints(self) -> list[str]:
        """One name for each finding, in their order."""
        return fingerprints(self.report.findings, self.sources)

    @cached_property
    def summary(self) -> str:
        """What was found and how much was looked at, in one line."""
        report = self.report
        by_level = [count(report.count(level), level) for level in LEVELS if report.count(level)]
        files = count(len({finding.position.path for finding in report.findings}), "file")
        parts = [", ".join([files, *by_level] if by_level else ["no findings"])]
        if report.waived:
            parts.append(f"{len(report.waived)} waived")
        if report.known_before:
            parts.append(f"{report.known_before} known before")
        parts.append(f"{count(report.items, 'item')} checked in {self.seconds:.2f} s")
        if report.findings:
            worst = min(report.findings, key=lambda finding: LEVELS.index(finding.level))
            parts.append(f"qmsctl explain {worst.check}")
        return " · ".join(parts)


def with_help(finding: Finding, between: str = "\n") -> str:
    """Return the message, and after it the help if there is one."""
    return f"{finding.message}{between}{finding.help}" if finding.help else finding.message


def fingerprints(findings: Sequence[Finding], sources: Sources) -> list[str]:
    """Return a unique name for each finding which stays the same when lines shift or days pass.

    It is made of the check, the file, the item and the text of the line. Messages do not count where there
    is a line: some speak of other lines, or of the number of days something is overdue.
    """
    seen: Counter[str] = Counter()
    names = []
    for finding in findings:
        line = " ".join(sources.line(finding.position)[:_SIGNIFICANT].split()) or finding.message
        parts = "\0".join((finding.check, finding.position.path, finding.item, line))
        seen[parts] += 1
        whole = f"{parts}\0{seen[parts]}".encode("utf-8", "surrogatepass")
        names.append(hashlib.sha256(whole).hexdigest())
    return names


def line_hashes(text: str) -> list[str]:
    """Return the hash that GitHub's upload step computes for each line of a text.

    It is a polynomial over the next 100 UTF-16 units after the start of the line, without blanks, with a
    running number after it for equal ones. Another value would make that step warn for every finding.
    """
    plain = re.sub(r"[ \t]+", "", re.sub(r"\r\n?", "\n", text))
    raw = plain.encode("utf-16-le", "surrogatepass")
    units = [*struct.unpack(f"<{len(raw) // 2}H", raw), 0xFFFF]
    end = len(units)
    units.extend([0] * _BLOCK)
    top = pow(_FACTOR, _BLOCK - 1, _MASK + 1)
    value = 0
    for unit in units[:_BLOCK]:
        value = (value * _FACTOR + unit) & _MASK
    seen: Counter[int] = Counter()
    hashes = []
    at_start = True
    for place in range(end):
        if at_start:
            seen[value] += 1
            hashes.append(f"{value:x}:{seen[value]}")
        at_start = units[place] == ord("\n")
        value = ((value - units[place] * top) * _FACTOR + units[place + _BLOCK]) & _MASK
    return hashes
