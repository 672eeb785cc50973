"""doorstop: a document of YAML items for each kind, checked as a tree with all its links."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.peers.content import PREFIXES, Entry, codes
from benchmarks.peers.peer import COLD, Peer, Way, write_text

ROOT = "STR"


def _write(entries: Sequence[Entry], folder: Path) -> None:
    known = codes(entries)
    for kind in {entry.kind for entry in entries}:
        prefix = PREFIXES[kind]
        settings: dict[str, object] = {"digits": 5, "itemformat": "yaml", "prefix": prefix, "sep": "-"}
        if prefix != ROOT:
            settings["parent"] = ROOT  # a tree has one root
        write_text(folder / kind / ".doorstop.yml", yaml.safe_dump({"settings": settings}))
    for number, entry in enumerate(entries):
        data = {
            "active": True, "derived": True, "header": entry.title, "level": f"1.{number + 1}", "normative": True,
            "links": [{known[link]: None} for link in entry.links], "ref": "", "reviewed": None,
            "known_as": entry.id,
            "kind": entry.kind, **{"fact_" + name.lower().replace(" ", "_"): value for name, value in entry.facts},
            "text": "\n".join(line for s in entry.sections for line in (s.heading, "", *s.paragraphs, "")),
        }  # fmt: skip
        write_text(
            folder / entry.kind / f"{entry.code}.yml",
            yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, width=100_000),
        )
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    command = (str(programs / "doorstop"), "--no-reformat")
    return (
        Way(
            "check",
            "doorstop",
            command,
            folder,
            folder / edited.kind / f"{edited.code}.yml",
            steps=(COLD,),
            fault=("links:\n-", "links:\n- SOP-99999: null\n-"),
            settle=True,
            note="links and text; one run before, since its first check approves every item and writes it",
        ),
    )


PEER = Peer("doorstop", ("doorstop",), _write, _ways)
