"""Parts of the index that an earlier build made, kept until their entries change.

A part is found by a digest of all it follows from. Other names, kinds or another version of the tool let all be made anew.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qmsctl import shelf
from qmsctl.pages.search.entries import Entry
from qmsctl.pages.search.index import best
from qmsctl.pages.search.parts import Part, Setting

_PLAIN = 2
"""The format of marshal in which equal values have equal bytes, however they came about."""


class Kept:
    """What the build before made, in one file of a folder; without a folder nothing is kept."""

    def __init__(self, folder: Path | None, setting: Setting) -> None:
        self._file = folder / f"search-{setting.language}" if folder is not None else None
        self._setting = setting
        self._key = shelf.digest(shelf.tool_key(), setting.language, sorted(setting.names.also.items()), setting.kinds)
        self._known: dict[bytes, tuple[Any, ...]] = (self._file and shelf.read(self._file, self._key)) or {}
        self._used: dict[bytes, tuple[Any, ...]] = {}

    def part(self, entries: Sequence[Entry], process: str) -> Part:
        """Return what entries of one page add, as it is known or made anew."""
        facts = marshal.dumps(_facts(entries, process), _PLAIN)
        return Part(*self._made(facts, lambda: tuple(self._setting.part(entries, process))))

    def best(self, postings: str) -> str:
        """Return the best postings of a word that stands in very many entries, as they are known or chosen anew."""
        (made,) = self._made(postings.encode(), lambda: (best(postings),))
        return str(made)

    def _made(self, told: bytes, make: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
        key = hashlib.blake2b(told, digest_size=16).digest()
        found = self._known.get(key)
        self._used[key] = made = found if found is not None else make()
        return made

    def keep(self) -> None:
        """Leave what this build used to the next one."""
        if self._file is not None and self._used.keys() != self._known.keys():
            shelf.write(self._file, self._key, self._used)


def _facts(entries: Sequence[Entry], process: str) -> tuple[Any, ...]:
    page = entries[0].page
    shown = (page.path, page.id, page.title, page.revision, page.kind, page.gone, process)
    return shown, [(e.kind, e.title, e.anchor, e.text, e.fields, e.refs, e.prior) for e in entries]
