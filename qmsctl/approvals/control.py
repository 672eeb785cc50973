"""Opens change control for a system: its history and its approvals, or the reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qmsctl.approvals.register import Register
from qmsctl.history import git, revisions
from qmsctl.history.revisions import History
from qmsctl.loader import Loaded


@dataclass(frozen=True)
class Control:
    """History and approvals of a system. Both are None where change control is off, or where Git hides
    something; then ``hidden`` says what.
    """

    history: History | None = None
    register: Register | None = None
    hidden: tuple[str, ...] = ()


def open_control(loaded: Loaded, today: str, cache: Path | None, revision: str = "") -> Control:
    """Open change control as qms.yaml sets it up. It is off before the day on which it begins."""
    approvals = loaded.config.approvals
    if approvals is None or today < approvals.since:
        return Control()
    if cache is not None and git.is_tracked(loaded.root, cache):
        cache = None  # a cache that came with the repository could say anything
    try:
        history = revisions.read(loaded.root, loaded.config, loaded.types, revision, cache)
    except git.GitFault as error:
        return Control(hidden=(str(error),))
    if history.gaps:
        return Control(hidden=history.gaps)
    return Control(history, Register(history, loaded))
