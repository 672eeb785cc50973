"""The files of one commit, of a merge, or of a folder, read alike."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from qmsctl.history import git

LINK = "120000"


class Tree:
    """Files by path with their modes; contents are read when first needed. Paths begin at the system's folder."""

    def __init__(self, root: Path, files: Mapping[str, tuple[str, str]]) -> None:
        self.root = root
        self.files = files
        self._contents: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}

    def fetch(self, paths: Iterable[str]) -> None:
        """Read many files in one call."""
        wanted = {self.files[p][1] for p in paths if p in self.files} - self._contents.keys()
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

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """Write the files into a folder of their own for as long as it is needed."""
        place = Path(tempfile.mkdtemp(prefix="qmsctl-"))
        try:
            git.write_files(self.root, self.files, place)
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def of(root: Path, revision: str, prefix: str = "") -> Tree:
    """Return the files of a commit or tree below a folder. Raises GitFault."""
    found = git.tree(root, revision)
    return Tree(root, {path[len(prefix) :]: entry for path, entry in found.items() if path.startswith(prefix)})
