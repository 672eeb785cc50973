"""strictdoc: a document of its own format for each kind, exported as JSON, which reads and links everything.

A document for each item would be nearer to the others, but takes it half as long again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers.content import PREFIXES, Entry, codes
from benchmarks.peers.peer import Peer, Way, write_text

GRAMMAR = """[GRAMMAR]
ELEMENTS:
- TAG: ITEM
  FIELDS:
  - TITLE: UID
    TYPE: String
    REQUIRED: True
  - TITLE: KNOWN_AS
    TYPE: String
    REQUIRED: True
  - TITLE: KIND
    TYPE: String
    REQUIRED: True
  - TITLE: TITLE
    TYPE: String
    REQUIRED: True
  - TITLE: FACTS
    TYPE: String
    REQUIRED: False
  - TITLE: STATEMENT
    TYPE: String
    REQUIRED: False
  RELATIONS:
  - TYPE: Parent
"""


def _write(entries: Sequence[Entry], folder: Path) -> None:
    write_text(folder / "items" / "items.sgra", GRAMMAR)
    known, rank = codes(entries), {entry.id: at for at, entry in enumerate(entries)}
    for kind in {entry.kind for entry in entries}:
        head = f"[DOCUMENT]\nTITLE: {kind}\n\n[GRAMMAR]\nIMPORT_FROM_FILE: items.sgra\n"
        items = [_item(entry, known, rank) for entry in entries if entry.kind == kind]
        write_text(folder / "items" / f"{kind}.sdoc", "\n".join([head, *items]))


def _item(entry: Entry, known: Mapping[str, str], rank: Mapping[str, int]) -> str:
    # Parents may not go round in a circle; a link the other way stands in the text, where it is checked as well.
    up = [link for link in entry.links if rank[link] < rank[entry.id]]
    across = [link for link in entry.links if rank[link] > rank[entry.id]]
    text = [line for s in entry.sections for line in (s.heading, "", *s.paragraphs, "")]
    text += [f"See [LINK: {known[link]}]" for link in across]
    lines = [
        "[ITEM]", f"UID: {entry.code}", f"KNOWN_AS: {entry.id}", f"KIND: {entry.kind}", f"TITLE: {entry.title}",
        *_field("FACTS", [f"{name}: {value}" for name, value in entry.facts]), *_field("STATEMENT", text),
    ]  # fmt: skip
    if up:
        lines += ["RELATIONS:", *(f"- TYPE: Parent\n  VALUE: {known[link]}" for link in up)]
    return "\n".join(lines) + "\n"


def _field(name: str, lines: Sequence[str]) -> list[str]:
    said = "\n".join(lines).strip()
    return [f"{name}: >>>", said, "<<<"] if said else []


def _count(output: Path) -> int:
    found = json.loads((output / "json" / "index.json").read_text(encoding="utf-8"))
    return sum(len(document["NODES"]) for document in found["DOCUMENTS"])


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    output, first = folder / "output", f"- TYPE: Parent\n  VALUE: {PREFIXES['role']}"
    command = (str(programs / "strictdoc"), "export", "items", "--formats", "json", "--output-dir", str(output))
    return (
        Way(
            "check",
            "strictdoc (JSON)",
            command,
            folder,
            folder / "items" / f"{edited.kind}.sdoc",
            (output,),
            output=output,
            made=_count,
            fault=(first, f"- TYPE: Parent\n  VALUE: {PREFIXES['role']}9"),
        ),
    )


PEER = Peer("strictdoc", ("strictdoc",), _write, _ways)
