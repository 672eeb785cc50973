"""Hugo with a plain layout: no navigation, no search, no theme; the lower bound for making pages from Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.content import Entry
from benchmarks.peers.markdown import place
from benchmarks.peers.material import write_pages
from benchmarks.peers.peer import Peer, Way, count_pages, write_text

SETTINGS = 'title = "Generated Works"\nbaseURL = "/"\nuglyURLs = true\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap", "section", "home", "404"]\n'
LAYOUT = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{{ .Title }}</title></head><body>{{ .Content }}</body></html>\n'


def _write(entries: Sequence[Entry], folder: Path) -> None:
    write_pages(entries, folder / "content")
    (folder / "content" / "index.md").rename(folder / "content" / "items.md")
    write_text(folder / "hugo.toml", SETTINGS)
    write_text(folder / "layouts" / "_default" / "single.html", LAYOUT)


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    site, cache = folder / "public", folder / "cache"
    command = (str(programs / "hugo"), "--cacheDir", str(cache), "--cleanDestinationDir")
    return (
        Way(
            "site",
            "Hugo, plain layout",
            command,
            folder,
            folder / "content" / place(edited),
            (site, cache),
            output=site,
            made=count_pages,
        ),
    )


PEER = Peer("hugo", ("hugo",), _write, _ways)
