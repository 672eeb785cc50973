"""qmsctl audit-trail"""

from __future__ import annotations

from pathlib import Path

import click

from qmsctl.commands import Trouble, Workspace, as_of_option, emit, format_option, pass_workspace, told
from qmsctl.exports import pdf, trail


@click.command(
    "audit-trail",
    epilog="Examples:\n\n  qmsctl audit-trail SOP-014\n\n  qmsctl audit-trail --all --format pdf -o build/audit-trail.pdf",
)
@click.argument("id", required=False)
@click.option("--all", "everything", is_flag=True, help="Every item.")
@click.option("--since", metavar="DATE", default="", help="Only what landed on this day or later.")
@click.option("--output", "-o", "file", type=click.Path(path_type=Path), help="Write to a file.")
@format_option("csv", "json", "pdf")
@as_of_option
@pass_workspace
def command(
    workspace: Workspace, id: str | None, everything: bool, since: str, file: Path | None, form: str, as_of: str | None
) -> None:
    """List who changed what from which value to which, when, why, and who approved it.

    `settings` stands for rules, item types and other files that govern and are no items.
    """
    if bool(id) == everything:
        raise Trouble("name one item, or --all", "example: qmsctl audit-trail SOP-014")
    history, register = workspace.history, workspace.control.register
    if id:
        known = id == trail.SETTINGS or id in history.versions
        names = [id if known else workspace.ref(id).split("#")[0]]
    else:
        names = [*sorted(history.versions), trail.SETTINGS]
    with told("reading what changed"):
        rows = trail.rows(history, register, workspace.graph, names, workspace.today(as_of))
    rows = [row for row in rows if row["landed"] >= since]
    if form == "pdf":
        target = file or workspace.root / "build" / f"audit-trail-{id or 'all'}.pdf"
        organisation = workspace.loaded.config.organisation
        foot = f"{organisation} · audit trail of {id or 'all items'} · made {workspace.moment()} · commit {history.tip[:12]}"
        try:
            pdf.write(pdf.page("Audit trail", foot, trail.blocks(rows)), target)
        except pdf.PdfFault as error:
            raise Trouble(str(error)) from error
        emit(f"{len(rows)} changes written to {target}")
        return
    emit(trail.csv_text(rows) if form == "csv" else trail.json_text(rows), file)
