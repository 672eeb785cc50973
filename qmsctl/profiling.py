"""A profile of one run, in a file that the usual viewers open: .prof holds function calls, .json a time line of stages."""

from __future__ import annotations

import json
import marshal
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qmsctl import timing
from qmsctl.atomic import write_whole

CALLS = (".prof", ".pstats")
STAGES = (".json",)


class ProfileFault(Exception):
    """The profile cannot be written; the message says why."""


@contextmanager
def measured(file: Path | None, tell: Callable[[timing.Times], None]) -> Iterator[None]:
    """Record what is done in the block, also where it fails; then write it to a file and tell of it.

    Raises ProfileFault, before anything is done if the file is at fault.
    """
    if file is not None:
        _refuse(file)
    try:
        with timing.recording() as times:
            if file is not None and file.suffix in CALLS:
                with _calls(file):
                    yield
            else:
                yield
    finally:
        tell(times)
        if file is not None and file.suffix in STAGES:
            _write(file, json.dumps(timing.trace(times), indent=1).encode())


@contextmanager
def _calls(file: Path) -> Iterator[None]:
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.create_stats()
        # What pstats reads. Its own dump would leave half a file where the disk is full.
        _write(file, marshal.dumps(profile.stats))


def _refuse(file: Path) -> None:
    """Raise ProfileFault where a profile cannot or must not be written."""
    folder = file.parent
    if file.suffix not in CALLS + STAGES:
        raise ProfileFault(
            f"the name of `{file}` says no kind of profile: end it in .prof for function calls, in .json for a time line"
        )
    if ".git" in file.resolve().parts:
        raise ProfileFault(f"`{file}` is inside of Git's own folder; name another place")
    if os.path.lexists(file):
        raise ProfileFault(f"`{file}` is there already and would be lost; name another file, or delete it")
    if not folder.is_dir():
        raise ProfileFault(f"there is no folder `{folder}`")
    if not os.access(folder, os.W_OK):
        raise ProfileFault(f"nothing may be written into the folder `{folder}`")


def _write(file: Path, content: bytes) -> None:
    try:
        write_whole(file, content)
    except OSError as error:
        raise ProfileFault(f"`{file}` cannot be written: {error.strerror}") from error
