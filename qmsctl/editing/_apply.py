"""Writes changes to disk: all of them, or none."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from qmsctl.editing._text import ApplyFailed, Edit, Rename


def apply(root: Path, edits: Sequence[Edit], renames: Sequence[Rename]) -> None:
    """Write changed files and rename others. Raises ApplyFailed, and then leaves everything as it was."""
    files = {edit.path: _inside(root, edit.path) for edit in edits}
    moves = [tuple(_inside(root, Path(p).parent.as_posix()) / Path(p).name for p in rename) for rename in renames]
    for edit in edits:
        _check_unchanged(files[edit.path], edit)
    for before, after in moves:
        if after.exists() and not (before.exists() and after.samefile(before)):
            raise ApplyFailed(f"there is a file {after.name} already", "move it away, or choose another id")
    ready: list[tuple[Path, Path]] = []
    done: list[tuple[Path, bytes]] = []
    moved: list[tuple[Path, Path]] = []
    try:
        for edit in edits:
            file = files[edit.path]
            part = file.with_name(f".{file.name}.part")
            ready.append((part, file))
            part.write_bytes(edit.after.encode("utf-8"))
            shutil.copymode(file, part)
        for (part, file), edit in zip(ready, edits, strict=True):
            os.replace(part, file)
            done.append((file, edit.before.encode("utf-8")))
        for before, after in moves:
            os.rename(before, after)
            moved.append((before, after))
    except OSError as error:
        for before, after in reversed(moved):
            os.rename(after, before)
        for file, content in done:
            file.write_bytes(content)
        raise ApplyFailed(
            f"a file could not be written: {error}", "nothing was changed; mend the cause and run it again"
        ) from error
    finally:
        for part, _ in ready:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def _inside(root: Path, path: str) -> Path:
    """Return the real file at a path of the system. Raises ApplyFailed if that is elsewhere."""
    file = (root / path).resolve()
    if not file.is_relative_to(root.resolve()):
        raise ApplyFailed(f"{path} leads out of the system", "replace the link by the file itself")
    return file


def _check_unchanged(file: Path, edit: Edit) -> None:
    try:
        now = file.read_bytes()
    except OSError as error:
        raise ApplyFailed(f"{edit.path} cannot be read: {error.strerror}", "run the command again") from error
    if now != edit.before.encode("utf-8"):
        raise ApplyFailed(f"{edit.path} was changed meanwhile", "run the command again")
