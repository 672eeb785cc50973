"""qmsctl due"""

from __future__ import annotations

import json

import click

from qmsctl.commands import Trouble, Workspace, as_of_option, colour, emit, format_option, pass_workspace, width
from qmsctl.model import add_period
from qmsctl.output.tables import render_table

UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}


@click.command("due", epilog="Examples: qmsctl due --owner quality-manager · qmsctl due --within 3m --format csv")
@click.option("--owner", metavar="ROLE", help="Only what this role has to see to.")
@click.option(
    "--within", default="30d", show_default=True, metavar="PERIOD", help="How far to look ahead: 30d, 6w, 3m, 1y."
)
@format_option("text", "csv", "json")
@as_of_option
@pass_workspace
def command(workspace: Workspace, owner: str | None, within: str, form: str, as_of: str | None) -> None:
    """List everything that is due or overdue, as text fit for a mail, CSV or JSON."""
    if within[-1:] not in UNITS or not within[:-1].isdigit() or int(within[:-1]) == 0 or len(within) > 5:
        raise Trouble(f"`{within}` is not a period", "write a number and d, w, m or y: 30d, 6w, 3m, 1y")
    graph = workspace.graph
    if owner is not None:
        owner = workspace.ref(owner)
    today = workspace.today(as_of)
    horizon = add_period(today, f"{int(within[:-1])} {UNITS[within[-1]]}")
    rows = [
        {
            "due": d.on,
            "state": "overdue" if d.on < today else "due",
            "item": d.item,
            "title": graph.title(d.item),
            "what": d.what,
            "who": d.who,
        }
        for d in graph.dues()
        if d.on <= horizon and (owner is None or d.who == owner)
    ]
    columns = ["due", "state", "item", "title", "what", "who"]
    if form == "csv":
        emit(render_table(rows, columns, "csv", colour(), width()))
        return
    if form == "json":
        emit(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    whose = f" for the {graph.title(owner)}" if owner else ""
    if not rows:
        emit(f"Nothing is due{whose} until {horizon}.")
        return
    out = [f"Due{whose} until {horizon} (as of {today})"]
    for state, head in (("overdue", "Overdue"), ("due", "Coming up")):
        part = [row for row in rows if row["state"] == state]
        if part:
            out += ["", f"{head}: {len(part)}"]
            out += [
                f"  {r['due']}  {r['item']} {r['title']}: {r['what']}"
                + (f" ({graph.title(r['who'])})" if r["who"] else "")
                for r in part
            ]
    emit("\n".join(out))
