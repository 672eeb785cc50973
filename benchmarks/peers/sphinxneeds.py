"""sphinx-needs: a reStructuredText file for each item, built with the needs builder, which writes no pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.content import PREFIXES, Entry, codes
from benchmarks.peers.peer import Peer, Way, write_text

CONFIGURATION = """project = "Generated Works"
extensions = ["sphinx_needs"]
needs_id_regex = "^[A-Z]+-[0-9]{{5}}$"
needs_types = {types!r}
needs_fields = {fields!r}
needs_build_json = False
"""


def _write(entries: Sequence[Entry], folder: Path) -> None:
    known = codes(entries)
    names = sorted({_name(name) for entry in entries for name, _ in entry.facts} | {"known_as"})
    types = [
        {"directive": directive(kind), "title": kind, "prefix": PREFIXES[kind], "color": "#ffffff", "style": "node"}
        for kind in sorted({entry.kind for entry in entries})
    ]
    fields = {name: {"description": name, "nullable": True} for name in names}
    write_text(folder / "source" / "conf.py", CONFIGURATION.format(types=types, fields=fields))
    write_text(folder / "source" / "index.rst", "Items\n=====\n\n.. toctree::\n   :glob:\n\n   */*\n")
    for entry in entries:
        head = f"{entry.code} {entry.title}"
        lines = [head, "=" * len(head), "", f".. {directive(entry.kind)}:: {entry.title}", f"   :id: {entry.code}", f"   :known_as: {entry.id}"]  # fmt: skip
        lines += [f"   :{_name(name)}: {value}" for name, value in entry.facts]
        if entry.links:
            lines.append(f"   :links: {', '.join(known[link] for link in entry.links)}")
        for section in entry.sections:
            lines += ["", f"   **{section.heading}**"]
            lines += [line for paragraph in section.paragraphs for line in ("", f"   {paragraph}")]
        write_text(folder / "source" / entry.kind / f"{entry.code}.rst", "\n".join(lines) + "\n")


def directive(kind: str) -> str:
    """The directive of a kind; a name of its own, since Sphinx knows `role` and `term` otherwise."""
    return "qms-" + kind


def _name(fact: str) -> str:
    return "fact_" + fact.lower().replace(" ", "_")


def _count(output: Path) -> int:
    found = json.loads((output / "needs.json").read_text(encoding="utf-8"))
    return sum(len(version["needs"]) for version in found["versions"].values())


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    output, cache = folder / "needs", folder / "doctrees"
    command = (str(programs / "sphinx-build"), "-b", "needs", "-d", str(cache), "-W", "--keep-going", "source", str(output))  # fmt: skip
    return (
        Way(
            "check",
            "sphinx-needs (needs builder)",
            command,
            folder,
            folder / "source" / edited.kind / f"{edited.code}.rst",
            (output, cache),
            output=output,
            made=_count,
            fault=(":links: ", ":links: SOP-99999, "),
        ),
    )


PEER = Peer("sphinx-needs", ("sphinx", "sphinx-needs"), _write, _ways)
