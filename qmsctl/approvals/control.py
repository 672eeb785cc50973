"""Opens change control for a system: its history and its approvals, or the reason why there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qmsctl import frontmatter, shelf
from qmsctl.config import FILE
from qmsctl.history import git, revisions
from qmsctl.history.revisions import History
from qmsctl.loader import Loaded

if TYPE_CHECKING:
    from qmsctl.approvals.register import Register


@dataclass(frozen=True)
class Control:
    """History and approvals of a system. Both are None where change control is off, or where Git hides
    something; then ``hidden`` says what. ``switched_off`` names the landing that ended change control.
    """

    history: History | None = None
    register: Register | None = None
    hidden: tuple[str, ...] = ()
    switched_off: str = ""


def open_control(loaded: Loaded, today: str, known: str = "", remember: bool = True) -> Control:
    """Open change control as qms.yaml sets it up. It is off before the day on which it begins.

    ``known`` is the last day whose landings count, ``today`` if it is left out.

    What was read is remembered in Git's own folder, if wished: a place that nothing in a commit can reach.
    """
    approvals = loaded.config.approvals
    if approvals is None or today < approvals.since:
        return Control(switched_off=_switched_off(loaded.root, remember))
    try:
        cache = git.own_folder(loaded.root) / "qmsctl" if remember else None
        history = revisions.read(loaded.root, loaded.config, loaded.types, cache=cache, today=known or today)
    except git.GitFault as error:
        return Control(hidden=(str(error),))
    if history.gaps:
        return Control(hidden=history.gaps)
    # Here, since most systems do without: it brings in everything that approvals are made of.
    from qmsctl.approvals.register import Register

    return Control(history, Register(history, loaded))


def _switched_off(root: Path, remember: bool) -> str:
    """Return the landing with which change control, once begun, was off again; "" if it never was on."""
    try:
        prefix, own = git.place(root)
        tip = git.main_tip(root)
        # What hides a part of the history may come or go while the tip stays.
        hiding = [file.read_bytes() if file.is_file() else b"" for file in (own / "shallow", own / "info" / "grafts")]
        store, key = own / "qmsctl" / "switched-off", shelf.digest(shelf.tool_key(), prefix, tip, *hiding)
        known: str | None = shelf.read(store, key) if remember else None
        if known is not None:
            return known
        commits = git.log_of(root, tip, prefix + FILE)
        found = git.blobs(root, (t.new for c in commits for t in c.touches if t.new))
    except (git.GitFault, OSError):
        return ""
    ended = _ended(commits, found)
    if remember:
        shelf.write(store, key, ended)
    return ended


def _ended(commits: Iterable[git.Commit], found: Mapping[str, bytes]) -> str:
    """Return the commit that ended change control, of those that changed qms.yaml, by what each left in it."""
    ended = ""
    before = b""
    for commit in commits:
        day = revisions.moment(commit.committed)[:10]
        for touch in commit.touches:
            now = found.get(touch.new, b"")
            if _is_on(now, day):
                ended = ""
            elif _is_on(before, day):
                ended = commit.sha
            before = now
    return ended


def _is_on(data: bytes, day: str) -> bool:
    """Tell whether one state of qms.yaml has change control on, on the day it landed."""
    fields = frontmatter.parse_file(data, markdown=False).fields or {}
    approvals, fixed = fields.get("approvals"), fields.get("as_of")
    since = approvals.get("from") if isinstance(approvals, dict) else None
    return isinstance(since, str) and since <= day and not (isinstance(fixed, str) and fixed < since)
