"""qmsctl reassign"""

from __future__ import annotations

import click

from qmsctl import editing
from qmsctl.commands import Trouble, Workspace, emit, pass_workspace


@click.command(
    "reassign", epilog="Examples: qmsctl reassign buyer --to purchasing-manager · qmsctl reassign p-014 --to p-021"
)
@click.argument("old", metavar="ROLE|PERSON")
@click.option("--to", "new", required=True, metavar="ROLE|PERSON", help="Who takes over.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@pass_workspace
def command(workspace: Workspace, old: str, new: str, dry_run: bool) -> None:
    """Hand over everything a role or a person has: ownership, steps, duties. All links are rewritten."""
    try:
        edits = editing.reassign(workspace.loaded, old, new)
        if not dry_run:
            editing.apply(workspace.root, edits, [])
    except ValueError as error:
        raise Trouble(str(error)) from error
    for edit in edits:
        emit(f"{'would change' if dry_run else 'changed'} {edit.path}")
    if not edits:
        emit("nothing to change")
