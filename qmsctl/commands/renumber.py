"""qmsctl renumber"""

from __future__ import annotations

import click

from qmsctl import editing
from qmsctl.commands import Trouble, Workspace, emit, pass_workspace


@click.command("renumber", epilog="Example: qmsctl renumber SOP-031 SOP-032 --file sops/SOP-031-pack.md")
@click.argument("old")
@click.argument("new")
@click.option(
    "--file", metavar="PATH", help="Of two files with the same id, the one to renumber; links stay with the other."
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@pass_workspace
def command(workspace: Workspace, old: str, new: str, file: str | None, dry_run: bool) -> None:
    """Give an item another id: its file, and every link to it. Comments and layout stay."""
    try:
        edits, renames = editing.renumber(workspace.loaded, old, new, file)
        if not dry_run:
            editing.apply(workspace.root, edits, renames)
    except ValueError as error:
        raise Trouble(str(error)) from error
    for edit in edits:
        emit(f"{'would change' if dry_run else 'changed'} {edit.path}")
    for before, after in renames:
        emit(f"{'would rename' if dry_run else 'renamed'} {before} -> {after}")
    if not edits and not renames:
        emit("nothing to change")
