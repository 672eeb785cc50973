"""Evidence is added, never changed or removed.

Why it matters: Whoever can take evidence away can make an approval, or an objection, disappear.

Example::

    === approvals/POL-001/1.1/note.txt
    one
    *** 2026-02-20
    === approvals/POL-001/1.1/note.txt ◀
    two
    *** 2026-02-21

How to fix: Bring the file back as it was; the history has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qmsctl.config import Config
from qmsctl.model import Finding, Position

if TYPE_CHECKING:
    from qmsctl.history.revisions import History

LEVEL = "error"


def check(history: History, config: Config) -> Iterator[Finding]:
    since = config.approvals.since if config.approvals else ""
    from qmsctl.approvals.statement import FOLDER

    folder = f"{history.prefix}{FOLDER}/"
    latest: dict[str, str] = {}
    first: dict[str, tuple[str, str, str]] = {}
    for commit in history.mainline:
        for touch in commit.touches:
            if not touch.path.startswith(folder):
                continue
            latest[touch.path] = touch.new
            if touch.old and history.day(history.time_of[commit.sha]) >= since:
                first.setdefault(touch.path, (touch.old, commit.sha, history.day(history.time_of[commit.sha])))
    for path, (blob, sha, day) in first.items():
        if latest[path] != blob:
            what = "changed" if latest[path] else "removed"
            yield Finding(
                "approvals-append-only",
                f"this evidence was {what} on {day} (commit {sha[:10]})",
                Position(path[len(history.prefix) :]),
                f"bring it back: git checkout {sha[:10]}~1 -- {path}",
            )
