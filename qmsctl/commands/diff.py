"""qmsctl diff"""

from __future__ import annotations

from pathlib import Path

import click

from qmsctl import redline
from qmsctl.commands import Trouble, Workspace, colour, emit, format_option, pass_workspace, width
from qmsctl.exports import pages as documents
from qmsctl.history.revisions import History, Version
from qmsctl.itemfile import version_of
from qmsctl.model import Item, nearest


@click.command(
    "diff",
    epilog="Examples:\n\n  qmsctl diff SOP-014            what is in the files, against what is in force"
    "\n\n  qmsctl diff SOP-014 2.0..3.0   two revisions\n\n  qmsctl diff SOP-014 2.0..3.0 --format html -o redline.html",
)
@click.argument("id")
@click.argument("revisions", required=False)
@click.option("--output", "-o", "file", type=click.Path(path_type=Path), help="Write to a file.")
@format_option("text", "html", "markdown")
@pass_workspace
def command(workspace: Workspace, id: str, revisions: str | None, file: Path | None, form: str) -> None:
    """Show what differs between two revisions of a document, in words a process owner can read."""
    history = workspace.history
    name = id if id in history.versions else workspace.ref(id).split("#")[0]
    now = workspace.graph.items.get(name)
    if revisions:
        first, sign, second = revisions.partition("..")
        if not sign:
            raise Trouble(f"`{revisions}` names one revision", f"name two: qmsctl diff {name} {first}..{first}")
        old = _item(history, _find(history, name, first), workspace)
        new = _item(history, _find(history, name, second), workspace) if second else now
        title = f"{first} → {second or 'the files'}"
    else:
        valid = history.in_force(name, workspace.today(), "9999-12-31")
        old, new = (_item(history, valid, workspace) if valid else None), now
        title = f"{valid.revision if valid else 'nothing in force'} → {now.get('revision') if now else 'deleted'}"
    side = new or old
    if side is None:
        raise Trouble(f"{name} cannot be read")
    changes = redline.compare(old, new, workspace.loaded.types[side.type], workspace.graph.title)
    head = f"{name} {side.title} {title}"
    if form == "html":
        emit(documents.redline_page(head, redline.html(changes)), file)
    elif form == "markdown":
        emit(f"### {redline.escaped(head)}\n\n" + (redline.markdown(changes) or "Nothing differs."), file)
    else:
        shown = colour() and file is None
        body = redline.text(changes, shown, width()) or "nothing differs"
        emit((click.style(head, bold=True) if shown else head) + "\n\n" + body, file)


def _find(history: History, name: str, revision: str) -> Version:
    found = [version for version in history.versions.get(name, []) if version.blob and version.revision == revision]
    if not found:
        known = list(dict.fromkeys(v.revision for v in history.versions.get(name, []) if v.blob))
        near = nearest(revision, known, 1)
        raise Trouble(
            f"{name} never had a revision {revision}",
            (f"did you mean {near[0]}? " if near else "") + "there were: " + (", ".join(known) or "none"),
        )
    return found[-1]


def _item(history: History, version: Version, workspace: Workspace) -> Item | None:
    return version_of(version.path, history.content(version), workspace.loaded.types)
