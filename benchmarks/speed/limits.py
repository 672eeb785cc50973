"""What nobody can do without, as programs of their own: python limits.py start|read|parse|page FOLDER"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path


def files(folder: Path) -> list[Path]:
    """The files of items."""
    return [file for pattern in ("*/*.md", "*/*.yaml") for file in folder.glob(pattern) if file.parent.name != "build"]


def read(folder: Path) -> int:
    """Read and hash every file."""
    return len({hashlib.sha256(file.read_bytes()).digest() for file in files(folder)})


def parse(folder: Path) -> int:
    """Parse the YAML of every file with the parser of libyaml, into plain data."""
    import yaml

    count = 0
    for file in files(folder):
        text = file.read_text(encoding="utf-8")
        head = text if file.suffix == ".yaml" else text[4:].split("\n---\n", 1)[0]
        count += bool(yaml.load(head, Loader=yaml.CSafeLoader))
    return count


def page(folder: Path) -> int:
    """Turn one document into HTML, as Material for MkDocs does it for each."""
    import markdown

    text = (folder / "sops" / "SOP-001.md").read_text(encoding="utf-8").split("\n---\n", 1)[1]
    return len(markdown.markdown(text, extensions=["attr_list", "toc", "tables", "fenced_code"]))


def start(folder: Path) -> int:
    """Start Python and nothing else."""
    return 1


WORK = {"start": start, "read": read, "parse": parse, "page": page}

if __name__ == "__main__":
    if not WORK[sys.argv[1]](Path(sys.argv[2])):
        raise SystemExit("nothing was found")
