"""Templates as they were compiled: other languages, paper, and later runs need not do it again.

Those of the package lie beside its compiled modules, and like them are kept where Python keeps what it compiles.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket

from qmsctl import shelf

PACKAGE = Path(__file__).resolve().parent.parent
FILE = Path(__file__).resolve().parent / "__pycache__" / f"templates.{sys.implementation.cache_tag}"
_OWN = "own "


class Compiled(jinja2.BytecodeCache):
    """What Jinja asks before it compiles; a template that was changed since is compiled again."""

    def __init__(self) -> None:
        self._key = shelf.digest(shelf.tool_key(), jinja2.__version__)
        self._before: dict[str, bytes] = shelf.read(FILE, self._key) or {}
        self._now = dict(self._before)

    def get_cache_key(self, name: str, filename: Any = None) -> str:
        """Return the name of a template, marked if it is one of the package."""
        own = filename is not None and Path(filename).is_relative_to(PACKAGE)
        return (_OWN if own else "") + str(super().get_cache_key(name, filename))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what is known of a template."""
        if bucket.key in self._now:
            bucket.bytecode_from_string(self._now[bucket.key])  # which looks whether the source is the same

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Remember how a template was compiled."""
        self._now[bucket.key] = bucket.bytecode_to_string()

    def keep(self) -> None:
        """Leave the templates of the package to later runs."""
        own = {key: data for key, data in self._now.items() if key.startswith(_OWN)}
        if own != self._before and not sys.dont_write_bytecode:
            shelf.write(FILE, self._key, own)
            self._before = own


@lru_cache(maxsize=1)
def compiled() -> Compiled:
    """Return the templates of this process."""
    return Compiled()
