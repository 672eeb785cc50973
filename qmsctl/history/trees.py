"""The files of one commit, of a merge, or of a folder, read alike."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from qmsctl.history import git

LINK = "120000"
SUBMODULE = "160000"
MADE = "build"
"""The folder of a system in which everything lies that is made."""
Shown = dict[str, tuple[dict[str, list[str]], set[int]]]
"""Files that documents can show: ending -> (name -> paths, how long the names are)."""


class Tree:
    """Files by path with their modes; contents are read when first needed. Paths begin at the system's folder."""

    def __init__(
        self,
        root: Path,
        files: Mapping[str, tuple[str, str]],
        contents: dict[str, bytes] | None = None,
        digests: dict[str, str] | None = None,
    ) -> None:
        self.root = root
        self.files = files
        self._contents: dict[str, bytes] = {} if contents is None else contents
        self._digests: dict[str, str] = {} if digests is None else digests
        self.shown: Shown | None = None

    def below(self, prefix: str) -> Tree:
        """Return the files below a folder, with paths that begin there."""
        if not prefix:
            return self
        inside = {p[len(prefix) :]: entry for p, entry in self.files.items() if p.startswith(prefix)}
        return Tree(self.root, inside, self._contents, self._digests)

    def only(self, test: Callable[[str], bool]) -> Tree:
        """Return the files whose path passes a test."""
        files = {p: entry for p, entry in self.files.items() if test(p)}
        return Tree(self.root, files, self._contents, self._digests)

    def with_files(self, files: Mapping[str, tuple[str, str]]) -> Tree:
        """Return these files and some others in their place or beside them."""
        if all(self.files.get(path) == entry for path, entry in files.items()):
            return self
        return Tree(self.root, {**self.files, **files}, self._contents, self._digests)

    def another(self, files: Mapping[str, tuple[str, str]]) -> Tree:
        """Return other files, of which nothing is read or digested that was already."""
        return Tree(self.root, files, self._contents, self._digests)

    def fetch(self, paths: Iterable[str]) -> None:
        """Read many files in one call."""
        entries = (self.files[path] for path in paths if path in self.files)
        wanted = {blob for mode, blob in entries if mode != SUBMODULE and blob not in self._contents}
        self._contents.update(git.blobs(self.root, sorted(wanted)))

    def read(self, path: str) -> bytes:
        """Return the content of a file; a KeyError if there is none."""
        blob = self.files[path][1]
        if blob not in self._contents:
            self.fetch([path])
        return self._contents[blob]

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file's exact bytes, as `sha256sum` prints it."""
        blob = self.files[path][1]
        if blob not in self._digests:
            self._digests[blob] = hashlib.sha256(self.read(path)).hexdigest()
        return self._digests[blob]

    def into(self, place: Path) -> None:
        """Let a folder hold these files; those that are the same stay as they are, with their time and inode.

        What was made in it, below build/, stays too; files of that name are left out, for nothing that was
        committed is to be taken for something that was made.
        """
        wanted = {p: entry for p, entry in self.files.items() if not _is_made(p) and entry[0] != SUBMODULE}
        same = set()
        for path in [*_files_below(place)]:
            file = place / path
            mode, blob = wanted.get(path, (LINK, ""))
            if mode != LINK and not file.is_symlink() and git.blob_id(file.read_bytes(), like=blob) == blob:
                same.add(path)
            else:
                file.unlink()
        fresh = {path: entry for path, entry in wanted.items() if path not in same}
        self.fetch(fresh)
        _without_empty(place)
        git.write_files(((p, mode, self._contents[blob]) for p, (mode, blob) in fresh.items()), place)

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """Write the files into a folder of their own for as long as it is needed."""
        place = Path(tempfile.mkdtemp(prefix="qmsctl-"))
        try:
            self.fetch(self.files)
            git.write_files(
                ((p, mode, self._contents[b]) for p, (mode, b) in self.files.items() if mode != SUBMODULE), place
            )
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _is_made(path: str) -> bool:
    return path.split("/", 1)[0].lower() == MADE


def _files_below(place: Path) -> Iterator[str]:
    """Yield the paths of all files and links in a folder, but for what was made there."""
    for here, below, names in os.walk(place):
        above = os.path.relpath(here, place)
        if above == ".":
            below[:] = [name for name in below if name != MADE or Path(here, name).is_symlink()]
        links = [name for name in below if Path(here, name).is_symlink()]
        yield from (os.path.normpath(os.path.join(above, name)) for name in (*names, *links))


def _without_empty(place: Path) -> None:
    """Take away folders in which nothing is left: a file may have their name now."""
    for here, _, _ in os.walk(place, topdown=False):
        with contextlib.suppress(OSError):  # it is not empty
            os.rmdir(here)


def of(root: Path, revision: str, prefix: str = "") -> Tree:
    """Return the files of a commit or tree below a folder. Raises GitFault."""
    return Tree(root, git.tree(root, revision)).below(prefix)
