"""Which state of the system is published, by the intranet and on paper alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qmsctl.audience import NOTHING_HIDDEN, Redactor, audience_of, hidden_from, redactor
from qmsctl.checks import Report
from qmsctl.commands import EXIT_FINDINGS, Trouble, Workspace, emit, unread
from qmsctl.config import FILE as CONFIG_FILE
from qmsctl.config import Config
from qmsctl.loader import Loaded
from qmsctl.model import Item

if TYPE_CHECKING:
    # What not every site shows is imported where it is used.
    from qmsctl.pages.performance import Performance
    from qmsctl.pages.publication import Publication


@dataclass(frozen=True)
class Published:
    """What is published as of a day: the system, its findings, its approvals and its figures."""

    workspace: Workspace
    report: Report
    today: str
    control: Publication | None
    performance: Performance | None
    redact: Redactor = NOTHING_HIDDEN
    left_out: tuple[str, ...] = ()
    """Where the files are wrong that cannot be read as items, as path:line."""
    past: bool = False
    full: Workspace | None = None
    """The same before anything was hidden; None where nothing is."""
    withheld: int = 0
    """How many items are hidden."""


def published(
    workspace: Workspace, as_of: str | None, preview: bool, audiences: Sequence[str] = (), place: Path | None = None
) -> Published:
    """Return what is in force on a day, or with ``preview`` the files as they lie, as far as audiences may see it.

    ``place`` is a folder for the files in force that stays.

    Raises Trouble where something is not approved and qms.yaml asks for it.
    """
    _usable(workspace.loaded)
    today = workspace.today(as_of)
    if workspace.control.switched_off and not preview:
        raise Trouble(
            f"not published, because change control was ended by the landing {workspace.control.switched_off[:10]}",
            "see qmsctl explain change-control-switched-off; or look at the files with --preview",
            EXIT_FINDINGS,
        )
    view = (
        workspace if preview or (workspace.control.history is None and not as_of) else workspace.in_force(today, place)
    )
    _compute(view)
    report = view.run_checks(today)
    control = None
    past = today < workspace.today()
    left_out = tuple(f"{f.position.path}:{f.position.line}" for f in unread(view.loaded))
    if workspace.control.register is not None:
        from qmsctl.pages.publication import Publication

        control = Publication(workspace.control, view.loaded, today, preview, past)
        if not preview:
            _only_approved(control)
    hidden = hidden_from(view.loaded, audiences)
    redact = redactor(view.loaded, hidden)
    full = view if hidden else None
    if hidden:
        config = view.loaded.config
        report = _seen(report, hidden, redact)
        view = view.without(hidden)
        if control is not None:
            control = Publication(workspace.control, view.loaded, today, preview, past, _may_see(config, audiences))
    performance = None
    if view.measures.known:
        from qmsctl.pages.performance import Performance

        performance = Performance(view.measures)
    return Published(view, report, today, control, performance, redact, left_out, past, full, len(hidden))


def _seen(report: Report, hidden: frozenset[str], redact: Redactor) -> Report:
    """Leave out what was found in hidden items, or names them."""
    kept = [f for f in report.findings if f.item not in hidden and redact(f.message + f.help) == f.message + f.help]
    return dataclasses.replace(report, findings=type(report.findings)(kept))


def _may_see(config: Config, audiences: Sequence[str]) -> Callable[[Item], bool]:
    def may_see(item: Item) -> bool:
        meant = audience_of(item, config)
        return not meant or bool(set(meant) & set(audiences))

    return may_see


def _usable(loaded: Loaded) -> None:
    """Refuse to publish by settings that cannot be read: what they hide would be shown."""
    for finding in loaded.qms.findings:
        place = finding.position
        if place.path == CONFIG_FILE and finding.check in ("configuration-broken", "yaml-unreadable", "not-utf8"):
            raise Trouble(
                f"not published, because {CONFIG_FILE} cannot be used: {finding.message} ({place.path}:{place.line})",
                "correct it, see qmsctl check; what was published last was left in place",
                EXIT_FINDINGS,
            )


def refuse_unread(shown: Published, preview: bool) -> None:
    """Refuse to publish a system without the files that cannot be read; a preview, or an earlier day, tells them.

    Raises Trouble.
    """
    rows = shown.left_out
    if not rows:
        return
    named = ", ".join(rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    what = "1 file" if len(rows) == 1 else f"{len(rows)} files"
    those = "it cannot be read" if len(rows) == 1 else "they cannot be read"
    if not preview and not shown.past:
        raise Trouble(
            f"not published, because {what} would be left out; {those}: {named}",
            "see qmsctl check; or look at the rest with --preview; what was published last was left in place",
            EXIT_FINDINGS,
        )
    emit(f"{what} left out, {those}: {named}; see qmsctl check")


def _compute(view: Workspace) -> None:
    """Compute the KPIs whose definition or data changed; the last good values stay where that cannot be done."""
    definitions = view.measures.definitions.values()
    if not any(d.kind not in ("manual", "none") for d in definitions):
        return
    from qmsctl.commands.kpi import computed  # a group of commands, where there is something to compute

    outcome = computed(view, [])
    if outcome.computed or outcome.failed:
        emit(
            f"{len(outcome.computed)} KPIs computed, {len(outcome.unchanged)} unchanged, {len(outcome.failed)} not computed"
        )
    reasons: dict[str, list[str]] = {}
    for kpi, why in outcome.failed:
        reasons.setdefault(why, []).append(kpi)
    for why, kpis in reasons.items():
        emit(f"  {', '.join(kpis)}: {why}")


def _only_approved(control: Publication) -> None:
    """Refuse to publish what has no approval, where qms.yaml asks for it."""
    approvals = control.register.approvals
    if approvals is None or approvals.publish != "approved":
        return
    governing = control.register.governing
    if governing and not governing[-1][2].approved:
        raise Trouble(
            f"not published, because rules, people or roles changed without approval: {', '.join(governing[-1][1][:3])}",
            "see qmsctl check; what was published last was left in place",
            EXIT_FINDINGS,
        )
    rows = [item for item in control.graph.items.values() if control.state(item) in ("changed", "missing")]
    if rows:
        named = ", ".join(f"{item.id} {item.get('revision') or ''}".strip() for item in rows[:8])
        more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
        raise Trouble(
            f"not published, because it is not approved: {named}{more}",
            "see qmsctl check; have it approved, or look at it with --preview; what was published last was left in place",
            EXIT_FINDINGS,
        )
