"""Reads a generated system into plain entries, from which every peer's files are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PREFIXES = {
    "strategy": "STR", "location": "LOC", "interested-party": "PTY", "role": "ROLE", "policy": "POL", "process": "PRC",
    "sop": "SOP", "work-instruction": "WI", "form": "FRM", "record-kind": "REC", "risk": "RSK", "kpi": "KPI",
    "objective": "OBJ", "term": "TERM",
}  # fmt: skip
"""Item types and the letters that begin an id; in strictdoc only an earlier one may be the parent of a later one."""
_HEADING = re.compile(r"^(?:#{1,4}) +(.*?)(?: *\{#[\w-]+\})?$")
_TOKEN = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+|[A-Za-z0-9-]{3,}")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the paragraphs below it, each one line."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One item. ``code`` is its id in capital letters and digits, for tools that know no other ids."""

    id: str
    code: str
    kind: str
    title: str
    path: str
    fields: Mapping[str, Any]
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    links: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """A paragraph that stands in every format on a line of its own; benchmarks change it."""
        return next(p for s in reversed(self.sections) for p in s.paragraphs if len(p) > 60)


def read(root: Path) -> tuple[Entry, ...]:
    """Read all items of a generated system, in order of kind and id."""
    raw = [(file.relative_to(root), *_split(file)) for file in sorted(_files(root))]
    raw.sort(key=lambda one: (list(PREFIXES).index(one[1]["type"]), one[1]["id"]))
    codes = dict(_codes([fields for _, fields, _ in raw]))
    return tuple(_entry(path, fields, body, codes) for path, fields, body in raw)


def sample(entries: Sequence[Entry]) -> Entry:
    """Return the document that benchmarks edit: a procedure from the middle."""
    found = [entry for entry in entries if entry.kind == "sop"]
    return found[len(found) // 2]


def codes(entries: Sequence[Entry]) -> dict[str, str]:
    """Return the code of each id."""
    return {entry.id: entry.code for entry in entries}


def _files(root: Path) -> Iterator[Path]:
    for pattern in ("*/*.md", "*/*.yaml"):
        yield from (file for file in root.glob(pattern) if file.parent.name not in ("build", "item_types"))


def _split(file: Path) -> tuple[dict[str, Any], str]:
    text = file.read_text(encoding="utf-8")
    head, body = (text, "") if file.suffix == ".yaml" else text[4:].split("\n---\n", 1)
    return yaml.load(head, Loader=yaml.CSafeLoader), body


def _codes(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    counts: dict[str, int] = {}
    for fields in items:
        prefix = PREFIXES[fields["type"]]
        counts[prefix] = counts.get(prefix, 0) + 1
        number = re.fullmatch(prefix + r"-(\d+)", fields["id"])
        yield fields["id"], f"{prefix}-{int(number.group(1)) if number else counts[prefix]:05d}"


def _entry(path: Path, fields: dict[str, Any], body: str, known: Mapping[str, str]) -> Entry:
    facts: list[tuple[str, str]] = []
    sections: list[Section] = []
    for key, value in fields.items():
        if key in ("id", "type", "title"):
            continue
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            sections.append(Section(_words(key), tuple(_flat(one) for one in value)))
        elif isinstance(value, str) and len(value) > 60:
            sections.append(Section(_words(key), (value,)))
        else:
            facts.append((_words(key), _flat(value)))
    sections += _sections(body)
    texts = [text for _, text in facts] + [p for s in sections for p in (s.heading, *s.paragraphs)]
    # A role's id may be part of an ordinary word only in prose, where it stands behind a name of a field.
    named = {token for text in texts for token in _TOKEN.findall(text)} | {
        t for _, text in facts for t in text.split(", ")
    }
    links = sorted((named & known.keys()) - {fields["id"]})
    return Entry(fields["id"], known[fields["id"]], fields["type"], fields["title"], path.as_posix(), {**fields, **({"body": body} if body else {})}, tuple(facts), tuple(sections), tuple(links))  # fmt: skip


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(key)}: {_flat(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_flat(inner) for inner in value)
    return str(value)


def _sections(body: str) -> Iterator[Section]:
    heading = "Text"
    lines: list[str] = []
    for line in body.splitlines():
        found = _HEADING.match(line)
        if found:
            if lines:
                yield Section(heading, tuple(lines))
            heading, lines = found.group(1), []
        elif line.strip():
            lines.append(line.strip())
    if lines:
        yield Section(heading, tuple(lines))
