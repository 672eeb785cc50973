"""qmsctl import"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from qmsctl import editing
from qmsctl.commands import Trouble, Workspace, as_of_option, emit, pass_workspace, told
from qmsctl.editing import EditError
from qmsctl.editing import bpmn as reading
from qmsctl.editing import ciso as libraries
from qmsctl.editing import oscal as documents
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
    if os.path.lexists(target):
        raise Trouble(f"{path} exists already", "choose another id: --id PRC-…")
    _refuse_links(workspace, [path])
    emit(text, target)
    steps = found.fields["steps"]
    does = {row["who"] for row in steps if "who" in row}
    emit(f"{path} written: {count(len(steps), 'step')}, {count(len(does), 'role')}.")
    if found.lost:
        emit("Not carried over, or changed on the way:\n" + "\n".join(f"  - {printable(said)}" for said in found.lost))
    emit("Read it through, name owner and class, then run: qmsctl check")


@command.command(
    "oscal",
    epilog="Examples:\n\n  qmsctl import oscal NIST_SP-800-53_rev5_catalog.json --id nist-800-53-rev5"
    "\n\n  qmsctl import oscal LOW-baseline_profile.json --catalogue nist-800-53-rev5",
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "name", default="", metavar="ID", help="The id of the new item.")
@click.option("--catalogue", default="", metavar="ID", help="The catalogue whose controls the file names.")
@click.option("--source", default="", metavar="ID", help="The catalogue a mapping starts from.")
@click.option("--target", default="", metavar="ID", help="The catalogue a mapping leads to.")
@click.option(
    "--with-text", is_flag=True, help="Show the wording of controls too; only where it may be published."
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@as_of_option
@pass_workspace
def oscal(
    workspace: Workspace,
    file: Path,
    name: str,
    catalogue: str,
    source: str,
    target: str,
    with_text: bool,
    force: bool,
    as_of: str | None,
) -> None:
    """Write items from an OSCAL file, JSON or YAML, and say what they have no place for.

    A catalog becomes a catalogue, a profile an item of type standard, a mapping collection clause mappings, a
    component definition external documents, assessment results audits, a plan of action corrective actions. The
    document itself is kept in the folder oscal/, so that export gives it back whole.
    """
    options = documents.Options(name, catalogue, source, target, with_text, force)
    try:
        with file.open("rb") as stream:
            content = stream.read(documents.MOST_BYTES + 1)
        with told("reading"):
            found = documents.items_from(
                content, file.name, workspace.loaded, workspace.today(as_of), _on_branches(workspace), options
            )
    except EditError as error:
        raise Trouble(error.message, error.help) from error
    _write(workspace, found.files, force)
    _tell(found.files, found.lost)


@command.command(
    "ciso",
    epilog="Examples:\n\n  qmsctl import ciso nist-csf-2.0.yaml\n\n  qmsctl import ciso iso27001-2022.yaml --locale de"
    "\n\n  qmsctl import ciso mapping-nist-csf-2.0-to-iso27001-2022.yaml --target iso27001-2022",
)
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "name", default="", metavar="ID", help="The id of the new item.")
@click.option("--locale", default="", metavar="CODE", help="The language of names, where the library is translated.")
@click.option("--source", default="", metavar="ID", help="The catalogue a mapping starts from.")
@click.option("--target", default="", metavar="ID", help="The catalogue a mapping leads to.")
@click.option(
    "--with-text", is_flag=True, help="Take over the wording of requirements too; only where it may be published."
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files that are there already.")
@as_of_option
@pass_workspace
def ciso(
    workspace: Workspace,
    file: Path,
    name: str,
    locale: str,
    source: str,
    target: str,
    with_text: bool,
    force: bool,
    as_of: str | None,
) -> None:
    """Write a catalogue, or a clause mapping, from a framework library of CISO Assistant.

    Numbers and names are taken over. The wording of most frameworks is copyrighted and would be published with the
    intranet, so it stays behind unless --with-text says that it may be shown. References that lead nowhere are told.
    """
    options = libraries.Options(name, locale, source, target, with_text, force)
    try:
        with file.open("rb") as stream:
            content = stream.read(libraries.MOST_BYTES + 1)
        with told("reading"):
            found = libraries.items_from(
                content, file.name, workspace.loaded, workspace.today(as_of), _on_branches(workspace), options
            )
    except EditError as error:
        raise Trouble(error.message, error.help) from error
    _write(workspace, found.files, force)
    _tell(found.files, found.lost)


def _on_branches(workspace: Workspace) -> list[str]:
    """Return the names of items on other branches, whose ids are not free."""
    folders = {kind.folder for kind in workspace.loaded.types.values()}
    paths = (path.split("/") for path in git.paths_on_branches(workspace.root))
    return [parts[-1].rsplit(".", 1)[0] for parts in paths if len(parts) > 1 and parts[-2] in folders]


def _write(workspace: Workspace, files: Mapping[str, str], force: bool) -> None:
    """Write new files; none of them where one is there already, unless ``force`` says so."""
    _refuse_links(workspace, files)
    there = [path for path in files if os.path.lexists(workspace.root / path)]
    if there and not force:
        raise Trouble(f"{', '.join(there[:3])} exists already", "choose another id with --id, or replace it: --force")
    for path, text in files.items():
        emit(text, workspace.root / path)


def _refuse_links(workspace: Workspace, files: Iterable[str]) -> None:
    """Refuse to write through a folder that is a link to elsewhere. Raises Trouble."""
    root = workspace.root.resolve()
    for path in files:
        folder = (workspace.root / path).parent
        try:
            inside = folder.resolve().is_relative_to(root)
        except (OSError, RuntimeError):
            inside = False
        if not inside:
            where = folder.relative_to(workspace.root).as_posix()
            raise Trouble(
                f"{where}/ is a link that leads out of the system; {path} would go elsewhere", "make it a folder"
            )


MOST_TOLD = 20


def _tell(files: Mapping[str, str], lost: Sequence[str]) -> None:
    """Say what was written and what was not carried over."""
    emit("\n".join(f"{path} written." for path in files))
    if lost:
        rest = [f"and {len(lost) - MOST_TOLD} more"] if len(lost) > MOST_TOLD else []
        emit("Not carried over:\n" + "\n".join(f"  - {printable(said)}" for said in [*lost[:MOST_TOLD], *rest]))
    emit("Read it through, then run: qmsctl check")
