"""qmsctl site"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from qmsctl import engines, shelf
from qmsctl.commands import EXIT_FINDINGS, Trouble, Workspace, as_of_option, emit, pass_workspace, progress
from qmsctl.timing import stage

IN_FORCE = "in-force"
"""The folder below build/ for the files in force, from which the next build knows what has changed."""

engine_option = click.option(
    "--engine", type=click.Choice(["mkdocs", "zensical"]), default="mkdocs", show_default=True, help="What builds it."
)
audience_option = click.option(
    "--audience",
    "audiences",
    multiple=True,
    metavar="NAME",
    help="Whom it is built for; items meant for others are left out. May be given several times.",
)
preview_option = click.option("--preview", is_flag=True, help="Show the files as they lie, approved or not.")


@click.group("site")
def command() -> None:
    """Build or serve the intranet."""


@command.command("build", epilog="Example: qmsctl site build && ls build/site/index.html")
@engine_option
@preview_option
@audience_option
@as_of_option
@pass_workspace
def build(workspace: Workspace, engine: str, preview: bool, audiences: tuple[str, ...], as_of: str | None) -> None:
    """Write the pages to build/docs and build the intranet in build/site.

    Under change control it shows what is in force, from the history; nothing that is not approved is
    published unless qms.yaml allows it.
    """
    root = workspace.root
    _publish(workspace, engine, as_of, preview, audiences)
    emit(f"built: {root / 'build' / 'site' / 'index.html'}")


@command.command("serve", epilog="Example: qmsctl site serve --port 8080")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port; the next free one is taken if it is in use.")
@engine_option
@preview_option
@audience_option
@as_of_option
@pass_workspace
def serve(
    workspace: Workspace,
    host: str,
    port: int,
    engine: str,
    preview: bool,
    audiences: tuple[str, ...],
    as_of: str | None,
) -> None:
    """Build the intranet, serve it, and build it anew when a file changes. Ctrl-C ends it."""
    from qmsctl.engines.serve import serve as serve_site  # a web server, which a build needs not

    root = workspace.root
    waiting = contextlib.ExitStack()
    ahead: engines.Started | None = None

    def again() -> None:
        try:
            with engines.alone(root), waiting.pop_all():
                _write(Workspace(root, as_of), root, as_of, preview, audiences, ahead)
                engines.build(root, engine, ahead=ahead)
        except Trouble as error:
            raise RuntimeError(f"{error.message}; {error.help}") from error
        finally:
            start_ahead()

    def start_ahead() -> None:
        """Let the next build find the program that builds waiting for it."""
        nonlocal ahead
        ahead = waiting.enter_context(engines.started(root, engine))

    def ready(address: str) -> None:
        emit(f"the intranet is at {address}  (Ctrl-C ends it)")
        sys.stdout.flush()

    def failed(why: str) -> None:
        emit(f"not built: {why}\nthe last good intranet is still shown")

    with waiting, shelf.in_memory(root):
        _publish(workspace, engine, as_of, preview, audiences)
        start_ahead()
        serve_site(root, host, port, again, ready, failed)


def _publish(workspace: Workspace, engine: str, as_of: str | None, preview: bool, audiences: Sequence[str]) -> None:
    """Write the pages and build the intranet; another process that builds it too comes before or after."""
    root = workspace.root
    try:
        with engines.alone(root), engines.started(root, engine) as ahead:
            count = _write(workspace, root, as_of, preview, audiences, ahead)
            emit(f"{count} pages written; building the intranet with {engine} ...")
            with stage("building the site"):
                engines.build(root, engine, emit, ahead)
    except engines.BuildFault as error:
        raise Trouble(str(error), "the last good intranet was left in place", EXIT_FINDINGS) from error


def _write(
    workspace: Workspace,
    root: Path,
    as_of: str | None,
    preview: bool,
    audiences: Sequence[str] = (),
    ahead: engines.Started | None = None,
) -> int:
    with stage("loading the command"):  # while the program that builds starts
        from qmsctl import pages
        from qmsctl.commands._published import published, refuse_unread

    for folder in (root / "build", *(root / "build" / name for name in ("docs", "theme", IN_FORCE))):
        if folder.is_symlink():
            raise Trouble(f"{folder.relative_to(root)} is a link; what is built would go elsewhere", "delete it")
    shown = published(workspace, as_of, preview, audiences, root / "build" / IN_FORCE)
    refuse_unread(shown, preview)
    docs, system = root / "build" / "docs", shown.workspace.loaded
    with progress("writing pages", "pages") as step:
        written = pages.write(
            system,
            shown.report,
            shown.today,
            docs,
            step,
            shown.control,
            shown.performance,
            shown.redact,
            engine=ahead,
        )
    return len(written)
