"""Checks again after each save, as long as somebody works: what came, what is gone, and how it stands."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qmsctl import shelf
from qmsctl.checks import Report
from qmsctl.commands import Trouble, Workspace, colour, emit, width
from qmsctl.config import FILE
from qmsctl.model import Finding, Item
from qmsctl.output import render
from qmsctl.output.text import cells, take, visible, wrap
from qmsctl.output.view import Sources, View
from qmsctl.saves import Change

if TYPE_CHECKING:
    from qmsctl.approvals.control import Control
    from qmsctl.loader import Loaded

NAMED = 3
"""The most files that are named in one round."""
Check = Callable[[Workspace], Report]
Key = tuple[str, str, str, str, str]


def watch(root: Path, check: Check, changes: Iterable[Change]) -> Report | Trouble:
    """Check, and again after each change, until somebody ends it. Return how it stands then.

    Raises Trouble if the first check cannot be made.
    """
    with shelf.in_memory(root), _garbage_between_rounds() as clear:
        start = time.perf_counter()
        workspace = Round(root)
        report = check(workspace)
        emit(_shown(report, root, time.perf_counter() - start))
        emit("\nIt is checked again after each save; Ctrl-C ends it.")
        stands: Report | Trouble = report
        try:
            clear()
            for change in changes:
                start = time.perf_counter()
                workspace = Round(root, workspace, change.landed)
                stands = _checked(check, workspace)
                if isinstance(stands, Trouble):
                    emit(f"\n{_said(change)}\n\n")
                    stands.show()
                else:
                    emit(f"\n{_said(change)}\n\n{_account(report, stands, root, time.perf_counter() - start)}")
                    report = stands
                clear()
        except KeyboardInterrupt:
            emit("")
    return stands


class Round(Workspace):
    """A system as it lies now, with what still holds of the round before.

    That is every item whose file is the same, with all that was unpacked of it, and the control, unless ``landed``
    says that there are other commits.
    """

    def __init__(self, root: Path, before: Round | None = None, landed: bool = False) -> None:
        super().__init__(root)
        self._known: Mapping[str, Item] = {}
        self._held: tuple[Control | None, tuple[object, ...]] = (None, ())
        self._rests_on: tuple[object, ...] = ()
        if before is not None:
            # After a round that could not be made, what held before it still does.
            self._known = before._loaded.qms.items if before._loaded is not None else before._known
            if not landed:
                self._held = (before._control, before._rests_on) if before._control is not None else before._held

    @property
    def root(self) -> Path:
        if not (self.start / FILE).is_file():
            raise Trouble(f"there is no qms.yaml in {self.start} any more", "it is checked again once there is one")
        return self.start

    @property
    def loaded(self) -> Loaded:
        if self._loaded is None:
            items = super().loaded.qms.items
            for item in [*items.silently()]:
                known = self._known.get(item.id)
                if known is not None and _same(known, item):
                    items[item.id] = known
        return super().loaded

    @property
    def control(self) -> Control:
        if self._control is None:
            kinds = {name: kind.schema for name, kind in self.loaded.types.items()}
            self._rests_on = (self.loaded.config, kinds, self.today(), self.known_day())
            control, rested_on = self._held
            self._control = control if rested_on == self._rests_on else None
        return super().control


def _same(one: Item, other: Item) -> bool:
    """Tell whether two items were made from one reading of the same file."""
    if one.stamp is None or other.stamp is None or one.outline is None or other.outline is None:
        return False
    same_record = one.stamp[1] is other.stamp[1] and one.outline.pattern == other.outline.pattern
    return same_record and one.path == other.path and one.shipped == other.shipped


def _checked(check: Check, workspace: Workspace) -> Report | Trouble:
    outer = click.get_current_context()
    try:
        with click.Context(outer.command, outer):  # folders made for a round go with it
            return check(workspace)
    except Trouble as trouble:
        return trouble
    except OSError as error:  # a file that went while it was read; there is another change to come
        return Trouble(f"{error.filename or 'a file'} cannot be read: {error.strerror}")


@contextlib.contextmanager
def _garbage_between_rounds() -> Iterator[Callable[[], None]]:
    """Look for garbage only when asked to, and never among what was there the first time: it stays."""
    frozen = False

    def clear() -> None:
        nonlocal frozen
        gc.collect()
        if not frozen:
            gc.freeze()
            frozen = True

    gc.disable()
    try:
        yield clear
    finally:
        gc.unfreeze()
        gc.enable()


# --- what is told -------------------------------------------------------------------------------


def _said(change: Change) -> str:
    parts = [_named(change.saved, "saved"), _named(change.deleted, "deleted")]
    parts += ["Git has other commits or branches"] if change.landed else []
    return f"{time.strftime('%H:%M:%S')}  " + " · ".join(filter(None, parts))


def _named(paths: tuple[str, ...], done: str) -> str:
    if len(paths) > NAMED:
        return f"{len(paths)} files {done}"
    return f"{', '.join(map(visible, paths))} {done}" if paths else ""


def _account(before: Report, now: Report, root: Path, seconds: float) -> str:
    """Say which findings came and which are gone, and sum up all."""
    came, gone = difference(now.findings, before.findings), difference(before.findings, now.findings)
    blocks = []
    if came:
        # Its own summary is of what came; the one below is of all.
        found = dataclasses.replace(now, findings=tuple(came), waived=())
        blocks.append(_shown(found, root, seconds).rpartition("\n\n")[0])
    if gone:
        blocks.append("\n".join(map(_gone, gone)))
    if not blocks:
        blocks.append("no findings came or went")
    blocks.append("\n".join(wrap(View(now, Sources(root), seconds).summary, width())))
    return "\n\n".join(blocks)


def _gone(finding: Finding) -> str:
    text = f"gone  {visible(finding.position.path)}  {finding.check}: {visible(finding.message)}"
    return text if cells(text) <= width() else "".join(take(text, width() - 1)) + "…"


def difference(findings: Iterable[Finding], known: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are not among the known ones; one that only moved to another line is."""
    left = Counter(map(_key, known))
    found = []
    for finding in findings:
        key = _key(finding)
        if left[key]:
            left[key] -= 1
        else:
            found.append(finding)
    return found


def _key(finding: Finding) -> Key:
    return finding.check, finding.position.path, finding.item, finding.message, finding.level


def _shown(report: Report, root: Path, seconds: float) -> str:
    return render("human", report, root=root, seconds=seconds, colour=colour(), width=width())
