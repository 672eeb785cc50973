"""The same content as Markdown, for all tools that read it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.content import Entry


def place(entry: Entry) -> str:
    """Where the page of an entry lies."""
    return f"{entry.kind}/{entry.code}.md"


def front_matter(entry: Entry) -> str:
    """Id, type and title; other fields stand in the text, since engines take some of them for their own."""
    return f"id: {entry.id}\ntype: {entry.kind}\ntitle: {json.dumps(entry.title, ensure_ascii=False)}\n"


def body(entry: Entry, known: Mapping[str, Entry] | None, parts: str = "all", level: int = 2) -> str:
    """The text of an entry: facts as a list, sections, and links, relative ones where the others are known."""
    out: list[str] = []
    if parts in ("all", "facts"):
        out += [f"- **{name}**: {value}" for name, value in entry.facts] + [""]
    if parts in ("all", "text"):
        for section in entry.sections:
            out += ["#" * level + f" {section.heading}", ""]
            out += [line for paragraph in section.paragraphs for line in (paragraph, "")]
    if parts in ("all", "links"):
        out += [f"- {_link(entry, link, known)}" for link in entry.links]
    return "\n".join(out).strip()


def page(entry: Entry, known: Mapping[str, Entry]) -> str:
    """A whole page."""
    links = f"\n\n## Links\n\n{body(entry, known, 'links')}" if entry.links else ""
    return f"---\n{front_matter(entry)}---\n\n# {entry.title}\n\n{body(entry, None, 'facts')}\n\n{body(entry, None, 'text')}{links}\n"


def _link(entry: Entry, link: str, known: Mapping[str, Entry] | None) -> str:
    if known is None:
        return link
    path = os.path.relpath(place(known[link]), Path(place(entry)).parent)
    return f"[{link} {known[link].title}]({path})"
