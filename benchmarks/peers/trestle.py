"""compliance-trestle: a Markdown document for each item, header and headings validated against a template."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.content import Entry
from benchmarks.peers.markdown import body, front_matter
from benchmarks.peers.peer import COLD, Peer, Way, write_text

TEMPLATE = (
    "---\nx-trestle-template-version: 0.0.1\nid: id\ntype: type\ntitle: title\n---\n\n# Facts\n\n# Text\n\n# Links\n"
)


def _write(entries: Sequence[Entry], folder: Path) -> None:
    write_text(folder / ".trestle" / "config.ini", "")
    write_text(folder / ".trestle" / "author" / "items" / "0.0.1" / "template.md", TEMPLATE)
    for entry in entries:
        # Below headings of the template others are free; only those of the first level have to be there.
        text = f"# Facts\n\n{body(entry, None, parts='facts')}\n\n# Text\n\n{body(entry, None, parts='text')}\n\n# Links\n\n{body(entry, None, parts='links')}\n"
        head = "x-trestle-template-version: 0.0.1\n" + front_matter(entry)
        write_text(folder / "items" / f"{entry.code}.md", f"---\n{head}---\n\n{text}")


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    command = (str(programs / "trestle"), "author", "docs", "validate", "--task-name", "items", "--header-validate")
    return (
        Way(
            "check",
            "trestle (documents)",
            command,
            folder,
            folder / "items" / f"{edited.code}.md",
            steps=(COLD,),
            fault=("# Links", "# Other"),
            note="headings and header, no links",
        ),
    )


PEER = Peer("trestle", ("compliance-trestle",), _write, _ways)
