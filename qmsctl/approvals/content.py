"""Exactly what an approval is about: the document and every file it shows, by SHA-256."""

from __future__ import annotations

import posixpath
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qmsctl import body, frontmatter
from qmsctl.history.trees import LINK, Tree
from qmsctl.loader import SUFFIXES


@dataclass(frozen=True, slots=True)
class Manifest:
    """Digests by path, the document first. Two manifests with one ``key`` are about the same content.

    The key holds paths as seen from the document, so that a moved folder stays the same content and two
    pictures that change places do not.
    """

    files: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        return self.files[0][0]

    @property
    def digest(self) -> str:
        return self.files[0][1]

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        here = posixpath.dirname(self.path)
        return self.digest, tuple(sorted((posixpath.relpath(path, here or "."), sha) for path, sha in self.files[1:]))


def manifest(tree: Tree, path: str) -> Manifest:
    """Return the manifest of a document in a tree. Raises KeyError if it is not there."""
    found = {path: tree.digest(path)}
    for named in _embedded(path, tree.read(path)):
        for file in _followed(tree, named):
            found[file] = tree.digest(file)
    rest = sorted((name, sha) for name, sha in found.items() if name != path)
    return Manifest(((path, found[path]), *rest))


def _followed(tree: Tree, path: str) -> Iterator[str]:
    """Yield a file of the tree and, where it is a symbolic link, what it leads to."""
    for _ in range(8):
        if path not in tree.files:
            return
        yield path
        if tree.files[path][0] != LINK:
            return
        target = tree.read(path).decode("utf-8", "replace")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


@lru_cache(maxsize=4096)
def _embedded(path: str, data: bytes) -> tuple[str, ...]:
    """Return the paths of files that a document shows or hands out, as it names them."""
    parsed = frontmatter.parse_file(data, markdown=path.endswith(".md"))
    found: dict[str, None] = {}
    for text in (parsed.body, *_texts(parsed.fields)):
        for link in body.links(text, 1) if text else ():
            target = urllib.parse.unquote(link.target.split("#", 1)[0].split("?", 1)[0])
            if not target or ":" in target or target.startswith("/"):
                continue
            name = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if not name.startswith("../") and (link.image or not name.endswith(SUFFIXES)):
                found[name] = None
    return tuple(found)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for below in value.values():
            yield from _texts(below)
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below)
