"""qmsctl site"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qmsctl import engines, pages
from qmsctl.commands import EXIT_FINDINGS, Trouble, Workspace, as_of_option, emit, pass_workspace, progress
from qmsctl.commands.kpi import computed
from qmsctl.engines.serve import serve as serve_site
from qmsctl.pages.performance import Performance
from qmsctl.pages.publication import Publication

engine_option = click.option(
    "--engine", type=click.Choice(["mkdocs", "zensical"]), default="mkdocs", show_default=True, help="What builds it."
)
preview_option = click.option("--preview", is_flag=True, help="Show the files as they lie, approved or not.")


@click.group("site")
def command() -> None:
    """Build or serve the intranet."""


@command.command("build", epilog="Example: qmsctl site build && ls build/site/index.html")
@engine_option
@preview_option
@as_of_option
@pass_workspace
def build(workspace: Workspace, engine: str, preview: bool, as_of: str | None) -> None:
    """Write the pages to build/docs and build the intranet in build/site.

    Under change control it shows what is in force, from the history; nothing that is not approved is
    published unless qms.yaml allows it.
    """
    root = workspace.root
    count = _write(workspace, root, as_of, preview)
    emit(f"{count} pages written; building the intranet with {engine} ...")
    _build(root, engine)
    emit(f"built: {root / 'build' / 'site' / 'index.html'}")


@command.command("serve", epilog="Example: qmsctl site serve --port 8080")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port; the next free one is taken if it is in use.")
@engine_option
@preview_option
@as_of_option
@pass_workspace
def serve(workspace: Workspace, host: str, port: int, engine: str, preview: bool, as_of: str | None) -> None:
    """Build the intranet, serve it, and build it anew when a file changes. Ctrl-C ends it."""
    root = workspace.root
    count = _write(workspace, root, as_of, preview)
    emit(f"{count} pages written; building the intranet with {engine} ...")
    _build(root, engine)

    def again() -> None:
        fresh = Workspace(root, as_of)
        _write(fresh, root, as_of, preview)
        engines.build(root, engine)

    def ready(address: str) -> None:
        emit(f"the intranet is at {address}  (Ctrl-C ends it)")
        sys.stdout.flush()

    def failed(why: str) -> None:
        emit(f"not built: {why}\nthe last good intranet is still shown")

    serve_site(root, host, port, again, ready, failed)


def _write(workspace: Workspace, root: Path, as_of: str | None, preview: bool) -> int:
    today = workspace.today(as_of)
    for folder in (root / "build", *(root / "build" / name for name in ("docs", "docs.new", "docs.old", "theme"))):
        if folder.is_symlink():
            raise Trouble(f"{folder.relative_to(root)} is a link; what is built would go elsewhere", "delete it")
    if workspace.control.switched_off and not preview:
        raise Trouble(
            f"not published, because change control was ended by the landing {workspace.control.switched_off[:10]}",
            "see qmsctl explain change-control-switched-off; or look at the files with --preview",
            EXIT_FINDINGS,
        )
    view = workspace if preview or (workspace.control.history is None and not as_of) else workspace.in_force(today)
    _compute(view)
    report = view.run_checks(today)
    control = None
    if workspace.control.register is not None:
        control = Publication(workspace.control, view.loaded, today, preview, today < workspace.today())
        if not preview:
            _only_approved(control)
    with progress("writing pages") as step:
        performance = Performance(view.measures) if view.measures.known else None
        return len(pages.write(view.loaded, report, today, root / "build" / "docs", step, control, performance))


def _compute(view: Workspace) -> None:
    """Compute the KPIs whose definition or data changed; the last good values stay where that cannot be done."""
    definitions = view.measures.definitions.values()
    if not any(d.kind not in ("manual", "none") for d in definitions):
        return
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
            "see qmsctl check; the last good intranet was left in place",
            EXIT_FINDINGS,
        )
    rows = [item for item in control.graph.items.values() if control.state(item) in ("changed", "missing")]
    if rows:
        named = ", ".join(f"{item.id} {item.get('revision') or ''}".strip() for item in rows[:8])
        more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
        raise Trouble(
            f"not published, because it is not approved: {named}{more}",
            "see qmsctl check; have it approved, or look at it with --preview; the last good intranet was left in place",
            EXIT_FINDINGS,
        )


def _build(root: Path, engine: str) -> None:
    try:
        engines.build(root, engine)
    except engines.BuildFault as error:
        raise Trouble(str(error), "the last good intranet was left in place", EXIT_FINDINGS) from error
