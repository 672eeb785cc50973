"""qmsctl translate"""

from __future__ import annotations

import click

from qmsctl.commands import Trouble, Workspace, emit, pass_workspace
from qmsctl.editing import EditError, translate


@click.command("translate", epilog="Example: qmsctl translate SOP-014 de")
@click.argument("name", metavar="ID")
@click.argument("language", metavar="LANGUAGE")
@pass_workspace
def command(workspace: Workspace, name: str, language: str) -> None:
    """Write the file in which the translation of an item begins: beside it, with all its texts in place.

    It says which revision it is of, so that qmsctl check can tell when the item has gone on. Nothing that exists is
    overwritten.
    """
    try:
        path, text = translate.start(workspace.loaded, workspace.ref(name).split("#")[0], language)
    except EditError as error:
        raise Trouble(error.message, error.help) from error
    emit(text, workspace.root / path)
    emit(f"{path} written. Say its texts in the other language, then run: qmsctl check")
