"""qmsctl import"""

from __future__ import annotations

from pathlib import Path

import click

from qmsctl import editing
from qmsctl.commands import Trouble, Workspace, as_of_option, emit, pass_workspace
from qmsctl.editing import EditError
from qmsctl.editing import bpmn as reading
from qmsctl.history import git
from qmsctl.output.text import count
from qmsctl.printable import printable


@click.group("import")
def command() -> None:
    """Make items from files of other tools."""


@command.command(
    "bpmn",
    epilog="Examples:\n\n  qmsctl import bpmn purchasing.bpmn"
    '\n\n  qmsctl import bpmn purchasing.bpmn --id PRC-021 --role "Goods receipt=warehouse-operator"',
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "name", metavar="ID", help="The id of the new process; the next free one if left out.")
@click.option(
    "--role", "roles", multiple=True, metavar='"LANE=ROLE"', help="The role that a lane stands for; may be repeated."
)
@click.option("--pool", default="", metavar="NAME", help="Which process, where the file holds several.")
@as_of_option
@pass_workspace
def bpmn(
    workspace: Workspace, file: Path, name: str | None, roles: tuple[str, ...], pool: str, as_of: str | None
) -> None:
    """Write a new process from a BPMN 2.0 file, and say element by element what it could not carry over.

    Lanes become the roles that are called like them, gateways decisions or steps side by side, data objects kinds of
    record, inputs and outputs. Nothing that exists is changed.
    """
    given = {}
    for pair in roles:
        lane, sign, role = pair.rpartition("=")
        if not sign or not lane.strip() or not role.strip():
            raise Trouble(f"`{pair}` names no role", '--role "Name of the lane=role-id"')
        given[lane.strip()] = role.strip()
    try:
        with file.open("rb") as stream:
            content = stream.read(reading.MOST_BYTES + 1)
        found = reading.process_of(content, workspace.graph, given, pool)
        values = dict(found.fields) | ({"id": name} if name else {})
        folder = workspace.loaded.config.folders.get("process", workspace.loaded.types["process"].folder)
        taken = [
            path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
            for path in git.paths_on_branches(workspace.root)
            if f"{folder}/" in path
        ]
        path, text = editing.new_item(
            workspace.loaded, "process", found.title[:120], values, workspace.today(as_of), taken, found.background
        )
    except EditError as error:
        raise Trouble(error.message, error.help) from error
    target = workspace.root / path
    if target.exists():
        raise Trouble(f"{path} exists already", "choose another id: --id PRC-…")
    emit(text, target)
    steps = found.fields["steps"]
    does = {row["who"] for row in steps if "who" in row}
    emit(f"{path} written: {count(len(steps), 'step')}, {count(len(does), 'role')}.")
    if found.lost:
        emit("Not carried over, or changed on the way:\n" + "\n".join(f"  - {printable(said)}" for said in found.lost))
    emit("Read it through, name owner and class, then run: qmsctl check")
