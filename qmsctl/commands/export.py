"""qmsctl export"""

from __future__ import annotations

from pathlib import Path

import click

from qmsctl.commands import EXIT_FINDINGS, Trouble, Workspace, as_of_option, emit, pass_workspace
from qmsctl.exports import manifest as in_force


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
