"""One at a time: what is built in a folder waits until another process has done with it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

FILE = Path("build", ".lock")
_held = threading.local()


class BuildFault(RuntimeError):
    """The intranet could not be built; the message says what the engine said."""


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep others from building in a folder; may be nested. Raises BuildFault where it lies behind a link.

    The lock ends with the process that holds it, however that ends.
    """
    place = (root / FILE).absolute()
    held: set[Path] = _held.__dict__.setdefault("places", set())
    if place in held:
        yield
        return
    if place.parent.is_symlink() or place.is_symlink():
        raise BuildFault("build/ is a link, or holds one; what is built would go elsewhere. Delete it")
    place.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(place, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    try:
        _lock(handle)
        held.add(place)
        try:
            yield
        finally:
            held.discard(place)
    finally:
        os.close(handle)


def held(root: Path) -> bool:
    """Tell whether this thread keeps others from building in a folder."""
    return (root / FILE).absolute() in _held.__dict__.get("places", ())


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        while True:
            with contextlib.suppress(OSError):  # after ten seconds of waiting
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
                return
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)
