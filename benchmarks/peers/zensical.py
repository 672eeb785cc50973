"""Zensical: the same pages as Material for MkDocs, with its default theme."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.content import Entry
from benchmarks.peers.markdown import place
from benchmarks.peers.material import write_pages
from benchmarks.peers.peer import Peer, Way, count_pages, write_text


def _write(entries: Sequence[Entry], folder: Path) -> None:
    write_pages(entries, folder / "docs")
    write_text(
        folder / "zensical.toml",
        '[project]\nsite_name = "Generated Works"\nuse_directory_urls = false\nnav = ["index.md"]\n[project.theme]\nfont = false\n',
    )


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    site, cache = folder / "site", folder / ".cache"
    return (
        Way(
            "site",
            "Zensical, no navigation",
            (str(programs / "zensical"), "build"),
            folder,
            folder / "docs" / place(edited),
            (site, cache),
            output=site,
            made=count_pages,
        ),
    )


PEER = Peer("zensical", ("zensical",), _write, _ways)
