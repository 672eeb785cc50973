"""qmsctl history"""

from __future__ import annotations

import json

import click

from qmsctl.approvals.judge import Verdict
from qmsctl.approvals.trail import Entry, entries
from qmsctl.approvals.votes import minute
from qmsctl.commands import Workspace, as_of_option, colour, emit, format_option, pass_workspace, width
from qmsctl.output.text import wrap


@click.command("history", epilog="Example: qmsctl history SOP-014")
@click.argument("id")
@format_option("text", "json")
@as_of_option
@pass_workspace
def command(workspace: Workspace, id: str, form: str, as_of: str | None) -> None:
    """List the revisions of an item: what changed and why, when it landed and took effect, who approved it."""
    today = workspace.today(as_of)
    item = workspace.graph.items[workspace.ref(id).split("#")[0]] if _known(workspace, id) else None
    name = item.id if item else id
    rows = entries(workspace.history, workspace.control.register, name, today, today if as_of else "9999-12-31")
    if not rows:
        workspace.ref(id)
        emit(f"{name} has not landed yet")
        return
    if form == "json":
        emit(json.dumps([row.data() for row in rows], ensure_ascii=False, indent=2))
        return
    head = f"{name} {rows[-1].version.facts.get('title', '')}"
    out = [click.style(head, bold=True) if colour() else head, ""]
    for row in reversed(rows):
        out += [*_shown(row, workspace), ""]
    emit("\n".join([*out, "landed: merged into the main branch; in force: the day under `effective` has come"]))


def _known(workspace: Workspace, id: str) -> bool:
    """Tell whether an id is loaded; one that was deleted still has a history."""
    return id in workspace.graph.items or not workspace.history.versions.get(id)


def _shown(row: Entry, workspace: Workspace) -> list[str]:
    number = row.version.revision or row.version.commit[:10]
    out = [f"{click.style(number, bold=True) if colour() else number}  {row.state}, landed {row.landed}"]
    out += [f"     {line}" for line in wrap(" ".join(row.version.facts.get("change", "").split()), width() - 5)]
    out += [f"     {line}" for line in approvals_text(row.verdict, workspace)]
    return out


def approvals_text(verdict: Verdict | None, workspace: Workspace) -> list[str]:
    """Say who approved, or what is missing."""
    if verdict is None or verdict.exempt:
        return [f"no approval is kept here: {verdict.exempt}"] if verdict else []
    title = workspace.graph.title
    out = [
        f"✓ {p.slot.meaning} by {p.vote.name} as {p.acting(title(p.role))}, {minute(p.vote.at)}; {p.vote.evidence}"
        for p in verdict.places
        if p.vote
    ]
    out += [f"✗ {p.slot.meaning} by {' or '.join(map(title, p.slot.roles))} is missing" for p in verdict.missing]
    out += [f"✗ {problem}" for problem in verdict.problems]
    out += [f"  not counted: {vote.name}: {reason}" for vote, reason in verdict.refused]
    return out
