"""qmsctl list"""

from __future__ import annotations

from typing import Any

import click

from qmsctl.commands import Trouble, Workspace, as_of_option, colour, emit, format_option, pass_workspace, width
from qmsctl.model import nearest
from qmsctl.output.tables import render_table


@click.command(
    "list",
    epilog="Examples:\n\n  qmsctl list sop --where owner=buyer\n\n  qmsctl list kpi --columns id,title --format csv",
)
@click.argument("type_name", metavar="TYPE")
@click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only items with this value; may be repeated.")
@click.option("--columns", metavar="A,B", help="Fields to show instead of the usual ones.")
@click.option("--all", "everything", is_flag=True, help="Drafts and obsolete items too.")
@format_option("table", "csv", "json")
@as_of_option
@pass_workspace
def command(
    workspace: Workspace,
    type_name: str,
    where: tuple[str, ...],
    columns: str | None,
    everything: bool,
    form: str,
    as_of: str | None,
) -> None:
    """List the items of a type: the register."""
    workspace = workspace.in_force(workspace.today(as_of)) if as_of else workspace
    kinds = workspace.loaded.types
    by_word = {
        word.lower(): name for name, kind in kinds.items() for word in (name, kind.plural, kind.title, kind.folder)
    }
    name = by_word.get(type_name.lower())
    if name is None:
        near = nearest(type_name.lower(), list(by_word), 1)
        raise Trouble(
            f"there is no item type `{type_name}`",
            f"did you mean {by_word[near[0]]}?" if near else "types: " + ", ".join(kinds),
        )
    kind = kinds[name]
    conditions = []
    for condition in where:
        field, sign, value = condition.partition("=")
        if not sign or field not in kind.properties:
            raise Trouble(f"`{condition}` is no condition", f"write FIELD=VALUE; fields: {', '.join(kind.properties)}")
        conditions.append((field, value))
    chosen = columns.split(",") if columns else ["id", "title", *kind.schema.get("x-register", [])]
    for column in chosen:
        if column not in kind.properties:
            raise Trouble(f"a {name} has no field `{column}`", "fields: " + ", ".join(kind.properties))
    rows = []
    for item in workspace.loaded.qms.of_type(name):
        values = {**item.fields, "title": workspace.graph.title(item.id)}
        values.setdefault("status", kind.initial)
        if not everything and not workspace.graph.is_current(item.id):
            continue
        if all(value in _texts(values.get(field)) for field, value in conditions):
            rows.append({column: ", ".join(_texts(values.get(column))) for column in chosen})
    emit(render_table(rows, chosen, form, colour(), width()))


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [str(v.get("key") or next(iter(v.values()), "")) if isinstance(v, dict) else str(v) for v in value]
    if isinstance(value, dict):
        return [str(v) for v in value.values()]
    return [str(value)]
