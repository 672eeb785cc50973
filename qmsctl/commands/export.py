"""qmsctl export"""

from __future__ import annotations

from pathlib import Path

import click

from qmsctl.commands import EXIT_FINDINGS, Trouble, Workspace, as_of_option, emit, pass_workspace, told
from qmsctl.commands.kpi import governed
from qmsctl.exports import database as databases
from qmsctl.exports import manifest as in_force
from qmsctl.exports import odcs
from qmsctl.exports.values import ExportFault


@click.group("export")
def command() -> None:
    """Write what other systems need."""


@command.command("manifest", epilog="Example: qmsctl export manifest -o build/site/manifest.json")
@click.option("--output", "-o", "file", type=click.Path(path_type=Path), help="Write to a file.")
@as_of_option
@pass_workspace
def manifest(workspace: Workspace, file: Path | None, as_of: str | None) -> None:
    """List the documents in force with their addresses, digests and approvals, as JSON."""
    control = workspace.control
    if control.register is None or control.history is None:
        why = control.hidden[0] if control.hidden else "qms.yaml has no section `approvals`, or it has not begun"
        raise Trouble(f"change control is not on: {why}", "set it up: see docs/change-control.md")
    day = workspace.today(as_of)
    view = workspace.in_force(day)
    approvals = workspace.loaded.config.approvals
    refused = in_force.unapproved(view.loaded, control.history, control.register, day)
    if refused and approvals is not None and approvals.publish == "approved":
        raise Trouble(
            f"not written, because it is not approved: {', '.join(refused)}", "see qmsctl check", EXIT_FINDINGS
        )
    emit(in_force.manifest(view.loaded, control.history, control.register, day, workspace.moment()), file)


@command.command(
    "database",
    epilog="Examples:\n\n  qmsctl export database build/qms.sqlite\n\n  qmsctl export database build/qms.duckdb --as-of 2026-06-30",
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@as_of_option
@pass_workspace
def database(workspace: Workspace, file: Path, as_of: str | None) -> None:
    """Write everything into a SQLite or DuckDB file, for any reporting tool.

    The ending of FILE says which: .sqlite or .duckdb. Tables and columns are told in docs/data-model.md. People
    appear under their ids only. A file that is there already is replaced as a whole.
    """
    try:
        databases.allowed(file)
    except ExportFault as error:
        raise Trouble(str(error), error.help) from error
    view = governed(workspace, as_of)
    report = (view if as_of else workspace).run_checks(view.measures.today)
    system = databases.System(view.loaded, view.graph, view.measures, report, workspace.moment())
    try:
        with told("writing the database"):
            counts = databases.write(system, file)
    except ExportFault as error:
        raise Trouble(str(error), error.help) from error
    shown = ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in ("items", "links", "kpi_values"))
    emit(f"{file}: {shown}")


@command.command("contracts", epilog="Example: qmsctl export contracts SRC-001 -o build/contracts")
@click.argument("ids", nargs=-1, metavar="[SRC]...")
@click.option(
    "--output", "-o", "folder", required=True, metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
    help="The folder they are written into.",
)  # fmt: skip
@as_of_option
@pass_workspace
def contracts(workspace: Workspace, ids: tuple[str, ...], folder: Path, as_of: str | None) -> None:
    """Write the contracts of data sources, one file each, as the Open Data Contract Standard 3.1 has them."""
    view = governed(workspace, as_of)
    chosen = [view.ref(i) for i in ids] or list(view.measures.sources)
    for name in chosen:
        item = view.graph.items.get(name)
        if item is None or item.type != "data-source":
            raise Trouble(f"{name} is no data source", "all of them: qmsctl list data-source")
    if not chosen:
        raise Trouble("there is no data source in use", "describe the first: qmsctl new data-source")
    for name in chosen:
        made = odcs.text(odcs.document(view.measures, view.graph.items[name]))
        emit(made, folder / f"{name}{odcs.ENDING}")
    emit("\n".join(str(folder / f"{name}{odcs.ENDING}") for name in chosen))
