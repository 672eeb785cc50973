"""A folder that is written anew, where files that stay equal stay the same files, with their time and inode."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


class Folder:
    """What a folder is to hold in the end. Links in it are taken away first, so nothing is written where one leads.

    A file is replaced and never written to: it may be known by other names.
    """

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self.place = place
        self._before = _files_in(place)
        self._wanted: set[str] = set()
        self._noted: dict[str, bytes] = {}
        self._left: Mapping[str, tuple[Any, bytes]] = {}

    def was_left(self, files: Mapping[str, tuple[Any, bytes]]) -> None:
        """Say how files were left and what they held then: those that still look so need not be read to be compared."""
        self._left = files

    @contextlib.contextmanager
    def noting(self) -> Iterator[dict[str, bytes]]:
        """Note which files are put within, with a fingerprint of what they hold."""
        before, self._noted = self._noted, {}
        try:
            yield self._noted
        finally:
            self._noted = before

    def put(self, path: str, data: bytes) -> None:
        """Let a file hold something; ``path`` is seen from the folder."""
        self._wanted.add(path)
        self._noted[path] = print_of(data)
        if path in self._before and (look(f"{self.place}/{path}"), self._noted[path]) == self._left.get(path):
            return
        file = self.place / path
        if path in self._before:
            with contextlib.suppress(OSError):
                if file.read_bytes() == data:
                    return
            file.unlink(missing_ok=True)
        try:
            file.write_bytes(data)
        except OSError:
            self._make_room(file)
            file.write_bytes(data)

    def _make_room(self, file: Path) -> None:
        """Make the folders of a file; what lies in their place or in its own goes."""
        for above in reversed(file.relative_to(self.place).parents[:-1]):
            if (self.place / above).is_file():
                (self.place / above).unlink()
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_dir():
            shutil.rmtree(file)

    def keep(self, paths: Iterable[str]) -> None:
        """Leave files as they are, or as another process wrote them."""
        self._wanted.update(paths)

    def copy(self, source: Path, under: str = "") -> None:
        """Take a folder in as it is, without templates and hidden files.

        Links are left out, for they could show any file of this machine.
        """
        if not source.is_dir() or source.is_symlink():
            return
        for here, below, names in os.walk(source):
            below[:] = [name for name in below if name[0] != "." and not Path(here, name).is_symlink()]
            for name in names:
                file = Path(here, name)
                if name[0] != "." and not name.endswith(".j2") and not file.is_symlink() and file.is_file():
                    self.put((under / file.relative_to(source)).as_posix(), file.read_bytes())

    def finish(self) -> None:
        """Take away what is not wanted any more."""
        for path in self._before - self._wanted:
            if (self.place / path).is_file():  # and no folder by now
                (self.place / path).unlink()
        for here, _, _ in os.walk(self.place, topdown=False):
            if here != str(self.place):
                with contextlib.suppress(OSError):  # it is not empty
                    os.rmdir(here)


def look(place: str) -> Any:
    """How a file looks from outside, whatever number of names it has; None if there is none."""
    try:
        found = os.lstat(place)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def print_of(data: bytes) -> bytes:
    """A fingerprint of what a file holds."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _files_in(place: Path) -> set[str]:
    """The files of a folder; what is neither a file nor a folder is taken away."""
    found = set()
    folders = [""]
    while folders:
        above = folders.pop()
        with os.scandir(place / above) as entries:
            for entry in entries:
                path = above + entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{path}/")
                elif entry.is_file(follow_symlinks=False):
                    found.add(path)
                else:
                    os.unlink(entry.path)
    return found
