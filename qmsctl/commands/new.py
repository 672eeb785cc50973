"""qmsctl new"""

from __future__ import annotations

import sys
from typing import Any

import click

from qmsctl import editing
from qmsctl.commands import Trouble, Workspace, as_of_option, emit, pass_workspace
from qmsctl.history import git
from qmsctl.model import nearest
from qmsctl.schema import ItemType


@click.command(
    "new",
    epilog='Examples:\n\n  qmsctl new sop "Incoming inspection"\n\n  qmsctl new risk "Mixed bar stock" --set owner=quality-engineer'
    '\n\n  qmsctl new change "Larger samples" --for SOP-014',
)
@click.argument("type_name", metavar="TYPE")
@click.argument("title", required=False)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Fill in a field; commas part the entries of a list.",
)
@click.option(
    "--for", "documents", multiple=True, metavar="ID", help="A change record: what is changed; may be repeated."
)
@as_of_option
@pass_workspace
def command(
    workspace: Workspace,
    type_name: str,
    title: str | None,
    settings: tuple[str, ...],
    documents: tuple[str, ...],
    as_of: str | None,
) -> None:
    """Write a new item with the next free id, also counting other branches.

    With --for, a change record is filled with everything the documents touch, one question each.
    """
    types = workspace.loaded.types
    if type_name not in types:
        near = nearest(type_name, list(types), 1)
        raise Trouble(
            f"there is no item type `{type_name}`", f"did you mean {near[0]}?" if near else "types: " + ", ".join(types)
        )
    kind = types[type_name]
    values: dict[str, Any] = {}
    if documents:
        if not {"documents", "impact"} <= kind.properties.keys():
            raise Trouble("--for is for change records", f"qmsctl new change --for {documents[0]}")
        names = [workspace.ref(name).split("#")[0] for name in documents]
        values = editing.change_record(workspace.graph, names, _kinds(workspace, names))
        title = title or "Change " + " and ".join(names)
    if not title:
        raise Trouble("the title is missing", f'qmsctl new {type_name} "What it is called"')
    for setting in settings:
        field, sign, value = setting.partition("=")
        if not sign or field not in kind.properties:
            raise Trouble(f"`{setting}` cannot be set", f"write FIELD=VALUE; fields: {', '.join(kind.properties)}")
        values[field] = _value(kind, field, value)
    if sys.stdin.isatty():
        for field in editing.missing_fields(kind, values):
            prop = kind.properties[field]
            if prop.get("type") in ("array", "object"):
                continue
            about = prop.get("description") or prop.get("title", field)
            answer = click.prompt(f"{prop.get('title', field)} ({about})", default="", show_default=False)
            if answer:
                values[field] = _value(kind, field, answer)
    folder = workspace.loaded.config.folders.get(type_name, kind.folder)
    taken = [
        path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        for path in git.paths_on_branches(workspace.root)
        if f"{folder}/" in path
    ]
    try:
        path, text = editing.new_item(workspace.loaded, type_name, title, values, workspace.today(as_of), taken)
    except ValueError as error:
        raise Trouble(str(error)) from error
    file = workspace.root / path
    if file.exists():
        raise Trouble(f"{path} exists already")
    emit(text, file)
    emit(f"{path} written. Fill it in, then run: qmsctl check")


def _kinds(workspace: Workspace, names: list[str]) -> dict[str, str]:
    """Return the kind of change of documents whose revision was raised from what is in force."""
    history = workspace.control.history
    found = {}
    for name in names if history is not None else ():
        valid = history.in_force(name, workspace.today(), "9999-12-31") if history is not None else None
        now = str(workspace.graph.items[name].get("revision") or "")
        if valid is not None and now.partition(".")[0] != valid.revision.partition(".")[0]:
            found[name] = "major"
    return found


def _value(kind: ItemType, field: str, text: str) -> Any:
    """Turn what was typed into the kind of value the field has."""
    wanted = kind.properties[field].get("type")
    if wanted == "array":
        return [part.strip() for part in text.split(",") if part.strip()]
    if wanted == "boolean":
        return text.lower() in ("true", "yes")
    if wanted in ("integer", "number"):
        try:
            return int(text) if wanted == "integer" else float(text)
        except ValueError as error:
            raise Trouble(f"`{field}` is a number; `{text}` is none") from error
    return text
