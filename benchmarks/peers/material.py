"""Material for MkDocs: a page for each item, as configured by default and in its faster settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.content import Entry
from benchmarks.peers.markdown import page, place
from benchmarks.peers.peer import CHANGED, COLD, Peer, Way, count_pages, write_text

# Name, label, and what is added to the configuration.
SETTINGS = (
    ("default", "Material, as configured by default", "theme: {name: material, font: false}\nplugins: [search]\n"),
    ("pruned", "Material, navigation pruned", "theme: {name: material, font: false, features: [navigation.prune]}\nplugins: [search]\n"),
    ("none", "Material, no navigation", "theme: {name: material, font: false}\nplugins: [search]\nnav: [index.md]\n"),
    ("bare", "Material, no navigation, no search", "theme: {name: material, font: false}\nplugins: []\nnav: [index.md]\n"),
)  # fmt: skip


def write_pages(entries: Sequence[Entry], folder: Path) -> None:
    """Write a page for each entry and a list of them all."""
    known = {entry.id: entry for entry in entries}
    for entry in entries:
        write_text(folder / place(entry), page(entry, known))
    lines = [f"- [{entry.code} {entry.title}]({place(entry)})" for entry in entries]
    write_text(folder / "index.md", "# Items\n\n" + "\n".join(lines) + "\n")


def _write(entries: Sequence[Entry], folder: Path) -> None:
    write_pages(entries, folder / "docs")
    for name, _, settings in SETTINGS:
        head = f"site_name: Generated Works\nuse_directory_urls: false\ndocs_dir: docs\nsite_dir: site-{name}\n"
        write_text(folder / f"{name}.yml", head + settings)


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    out = []
    for name, label, _ in SETTINGS:
        site, quadratic = folder / f"site-{name}", name == "default"
        command = (str(programs / "python"), "-m", "mkdocs", "build", "--config-file", f"{name}.yml")
        way = Way(
            "site",
            label,
            command,
            folder,
            folder / "docs" / place(edited),
            (site,),
            # MkDocs keeps nothing from one run to the next; one way shows it.
            steps=(COLD, CHANGED) if name == "none" else (COLD,),
            output=site,
            made=count_pages,
            most=1000 if quadratic else 0,
            because="its cost grows with the square of the pages" if quadratic else "",
        )
        out.append(way)
    return tuple(out)


PEER = Peer("material", ("mkdocs-material",), _write, _ways)
