"""Exactly what an approval is about: the document and every file it shows, by SHA-256."""

from __future__ import annotations

import html
import posixpath
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from qmsctl.history.revisions import facts_of
from qmsctl.history.trees import LINK, SUBMODULE, Shown, Tree
from qmsctl.loader import SUFFIXES

_HIDDEN = ("approvals/", "build/", ".")


@dataclass(frozen=True)
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

    @cached_property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        here = posixpath.dirname(self.path)
        return self.digest, tuple(sorted((posixpath.relpath(path, here or "."), sha) for path, sha in self.files[1:]))


def manifest(tree: Tree, path: str) -> Manifest:
    """Return the manifest of a document in a tree. Raises KeyError if it is not there.

    A file counts as shown when its name stands anywhere in the document, however it is written there: what a
    browser makes of a text is too rich to be read more exactly, and one file too many does no harm.
    """
    found = {path: tree.digest(path)}
    for place in _named_in(_words(tree.read(path)), _beside(tree)):
        for file in _followed(tree, place):
            if file not in found and not _is_item(tree, file):
                found[file] = tree.digest(file)
    rest = sorted((name, sha) for name, sha in found.items() if name != path)
    return Manifest(((path, found[path]), *rest))


def showable(paths: Iterable[str]) -> Shown:
    """Return the files that documents can show, by ending and name; evidence is none of them."""
    found: Shown = {}
    for path in paths:
        name = path.rsplit("/", 1)[-1]
        if not path.startswith(_HIDDEN) and not name.startswith("."):
            ending = name[name.rfind(".") :] if "." in name else ""
            names, lengths = found.setdefault(ending, ({}, set()))
            names.setdefault(name, []).append(path)
            lengths.add(len(name))
    return found


def _beside(tree: Tree) -> Shown:
    if tree.shown is None:
        tree.shown = showable(tree.files)
    return tree.shown


def _named_in(words: str, shown: Shown) -> Iterator[str]:
    """Yield the paths of the files whose name stands in a text.

    A name can only end where its ending does: to look there costs by the text, not by the number of files.
    """
    for ending, (names, lengths) in shown.items():
        if ending:
            ends = [match.end(1) for match in re.finditer(f"(?=({re.escape(ending)}))", words)]
            told = {words[max(0, end - length) : end] for end in ends for length in lengths} & names.keys()
        else:
            told = {name for name in names if name in words}
        for name in told:
            yield from names[name]


def _is_item(tree: Tree, path: str) -> bool:
    """Tell whether a file is an item, which is approved by itself."""
    return path.endswith(SUFFIXES) and _has_id(tree.read(path), path.endswith(".md"))


@lru_cache(maxsize=4096)
def _has_id(data: bytes, markdown: bool) -> bool:
    return bool(facts_of(data, markdown).get("id"))


def _followed(tree: Tree, path: str) -> Iterator[str]:
    """Yield a file of the tree and, where it is a symbolic link, what it leads to."""
    for _ in range(8):
        if path not in tree.files or tree.files[path][0] == SUBMODULE:
            return
        yield path
        if tree.files[path][0] != LINK:
            return
        target = tree.read(path).decode("utf-8", "replace")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


@lru_cache(maxsize=4096)
def _words(data: bytes) -> str:
    """Return the text of a document with everything undone that could hide the name of a file."""
    text = data.decode("utf-8", "replace")
    for _ in range(3):
        plain = urllib.parse.unquote(html.unescape(text))
        if plain == text:
            break
        text = plain
    return text + "\n" + text.replace("\\", "") + "\n" + re.sub(r"[\t\r\n]", "", text)
