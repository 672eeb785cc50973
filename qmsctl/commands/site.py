"""qmsctl site"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qmsctl import checks, engines, pages
from qmsctl.commands import EXIT_FINDINGS, Trouble, Workspace, as_of_option, emit, pass_workspace, progress
from qmsctl.engines.serve import serve as serve_site

engine_option = click.option(
    "--engine", type=click.Choice(["mkdocs", "zensical"]), default="mkdocs", show_default=True, help="What builds it."
)


@click.group("site")
def command() -> None:
    """Build or serve the intranet."""


@command.command("build", epilog="Example: qmsctl site build && ls build/site/index.html")
@engine_option
@as_of_option
@pass_workspace
def build(workspace: Workspace, engine: str, as_of: str | None) -> None:
    """Write the pages to build/docs and build the intranet in build/site."""
    root = workspace.root
    count = _write(workspace, root, as_of)
    emit(f"{count} pages written; building the intranet with {engine} ...")
    _build(root, engine)
    emit(f"built: {root / 'build' / 'site' / 'index.html'}")


@command.command("serve", epilog="Example: qmsctl site serve --port 8080")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, help="The port; the next free one is taken if it is in use.")
@engine_option
@as_of_option
@pass_workspace
def serve(workspace: Workspace, host: str, port: int, engine: str, as_of: str | None) -> None:
    """Build the intranet, serve it, and build it anew when a file changes. Ctrl-C ends it."""
    root = workspace.root
    count = _write(workspace, root, as_of)
    emit(f"{count} pages written; building the intranet with {engine} ...")
    _build(root, engine)

    def again() -> None:
        fresh = Workspace(root, as_of)
        _write(fresh, root, as_of)
        engines.build(root, engine)

    def ready(address: str) -> None:
        emit(f"the intranet is at {address}  (Ctrl-C ends it)")
        sys.stdout.flush()

    def failed(why: str) -> None:
        emit(f"not built: {why}\nthe last good intranet is still shown")

    serve_site(root, host, port, again, ready, failed)


def _write(workspace: Workspace, root: Path, as_of: str | None) -> int:
    today = workspace.today(as_of)
    with progress("checking") as step:
        report = checks.run(workspace.loaded, today, progress=step)
    with progress("writing pages") as step:
        return len(pages.write(workspace.loaded, report, today, root / "build" / "docs", step))


def _build(root: Path, engine: str) -> None:
    try:
        engines.build(root, engine)
    except engines.BuildFault as error:
        raise Trouble(str(error), "the last good intranet was left in place", EXIT_FINDINGS) from error
