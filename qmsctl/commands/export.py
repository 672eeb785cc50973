"""qmsctl export"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click

from qmsctl.commands import (
    EXIT_FINDINGS,
    Trouble,
    Workspace,
    as_of_option,
    emit,
    pass_workspace,
    progress,
    told,
)
from qmsctl.commands._evidence import evidence
from qmsctl.commands._published import Published, published, refuse_unread
from qmsctl.commands.kpi import governed
from qmsctl.diagrams import bpmn as diagrams
from qmsctl.exports import database as databases
from qmsctl.exports import manifest as in_force
from qmsctl.exports import odcs
from qmsctl.exports import oscal as oscals
from qmsctl.exports import pdf as pdfs
from qmsctl.exports.values import ExportFault
from qmsctl.model import Item
from qmsctl.oscal import OscalFault
from qmsctl.pages import paper as sheets
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of


@click.group("export")
def command() -> None:
    """Write what other systems need."""


@command.command("manifest", epilog="Example: qmsctl export manifest -o build/site/manifest.json")
@click.option("--output", "-o", "file", type=click.Path(path_type=Path), help="Write to a file.")
@as_of_option
@pass_workspace
def manifest(workspace: Workspace, file: Path | None, as_of: str | None) -> None:
    """List the documents in force with their addresses, digests and approvals, as JSON."""
    control = workspace.control
    if control.register is None or control.history is None:
        why = control.hidden[0] if control.hidden else "qms.yaml has no section `approvals`, or it has not begun"
        raise Trouble(f"change control is not on: {why}", "set it up: see docs/change-control.md")
    day = workspace.today(as_of)
    view = workspace.in_force(day)
    approvals = workspace.loaded.config.approvals
    refused = in_force.unapproved(view.loaded, control.history, control.register, day)
    if refused and approvals is not None and approvals.publish == "approved":
        raise Trouble(
            f"not written, because it is not approved: {', '.join(refused)}", "see qmsctl check", EXIT_FINDINGS
        )
    emit(in_force.manifest(view.loaded, control.history, control.register, day, workspace.moment()), file)


@command.command(
    "database",
    epilog="Examples:\n\n  qmsctl export database build/qms.sqlite\n\n  qmsctl export database build/qms.duckdb --as-of 2026-06-30",
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@as_of_option
@pass_workspace
def database(workspace: Workspace, file: Path, as_of: str | None) -> None:
    """Write everything into a SQLite or DuckDB file, for any reporting tool.

    The ending of FILE says which: .sqlite or .duckdb. Tables and columns are told in docs/data-model.md. People
    appear under their ids only. A file that is there already is replaced as a whole.
    """
    try:
        databases.allowed(file)
    except ExportFault as error:
        raise Trouble(str(error), error.help) from error
    view = governed(workspace, as_of)
    report = (view if as_of else workspace).run_checks(view.measures.today)
    system = databases.System(view.loaded, view.graph, view.measures, report, workspace.moment())
    try:
        with told("writing the database"):
            counts = databases.write(system, file)
    except ExportFault as error:
        raise Trouble(str(error), error.help) from error
    shown = ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in ("items", "links", "kpi_values"))
    emit(f"{file}: {shown}")


@command.command("contracts", epilog="Example: qmsctl export contracts SRC-001 -o build/contracts")
@click.argument("ids", nargs=-1, metavar="[SRC]...")
@click.option(
    "--output", "-o", "folder", required=True, metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
    help="The folder they are written into.",
)  # fmt: skip
@as_of_option
@pass_workspace
def contracts(workspace: Workspace, ids: tuple[str, ...], folder: Path, as_of: str | None) -> None:
    """Write the contracts of data sources, one file each, as the Open Data Contract Standard 3.1 has them."""
    view = governed(workspace, as_of)
    chosen = [view.ref(i) for i in ids] or list(view.measures.sources)
    for name in chosen:
        item = view.graph.items.get(name)
        if item is None or item.type != "data-source":
            raise Trouble(f"{name} is no data source", "all of them: qmsctl list data-source")
    if not chosen:
        raise Trouble("there is no data source in use", "describe the first: qmsctl new data-source")
    for name in chosen:
        made = odcs.text(odcs.document(view.measures, view.graph.items[name]))
        emit(made, folder / f"{name}{odcs.ENDING}")
    emit("\n".join(str(folder / f"{name}{odcs.ENDING}") for name in chosen))


@command.command(
    "pdf",
    epilog="Examples:\n\n  qmsctl export pdf SOP-014\n\n  qmsctl export pdf --role inspector\n\n  qmsctl export pdf --all --out build/pdf --as-of 2026-11-16",
)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--role", metavar="ROLE", help="One handbook with everything that applies to a role.")
@click.option("--all", "everything", is_flag=True, help="Every controlled document in force, and a list of them.")
@click.option(
    "--out", "-o", "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
    help="The folder they are written into; left out, build/pdf.",
)  # fmt: skip
@click.option("--variant", type=click.Choice(pdfs.VARIANTS), default=pdfs.VARIANTS[0], show_default=True, help="The kind of tagged PDF.")  # fmt: skip
@click.option("--size", type=click.Choice(["A4", "letter"]), default="A4", show_default=True, help="The size of paper.")
@click.option("--language", metavar="CODE", help="The language of the texts, one of those in qms.yaml.")
@click.option("--preview", is_flag=True, help="Take the files as they lie, approved or not.")
@click.option(
    "--strict", is_flag=True, help="Exit with 1 whatever is wrong with a PDF, not only for a missing picture."
)
@as_of_option
@pass_workspace
def pdf(
    workspace: Workspace,
    ids: tuple[str, ...],
    role: str | None,
    everything: bool,
    folder: Path | None,
    variant: str,
    size: str,
    language: str | None,
    preview: bool,
    strict: bool,
    as_of: str | None,
) -> None:
    """Write documents as tagged PDFs, with what the pages of the intranet show.

    Under change control they show what is in force. What a PDF cannot show, such as a missing picture or a letter
    that no font has, is told; the PDF is written all the same. The same content gives the same bytes.
    """
    if sum((bool(ids), bool(role), everything)) != 1:
        raise Trouble("name documents, or --role, or --all", "example: qmsctl export pdf SOP-014")
    target = folder or workspace.root / "build" / "pdf"
    if folder is None and any(place.is_symlink() for place in (target.parent, target)):
        raise Trouble("build/ is a link, or holds one; what is written would go elsewhere", "delete it")
    shown = published(workspace, as_of, preview)
    if everything:
        refuse_unread(shown, preview)
    view = _view(shown, language)
    paper, environment = sheets.prepared(view)
    jobs: list[tuple[Item, Callable[[sheets.Paper, Any, Item, str], sheets.Sheets]]]
    if role:
        jobs = [(view.graph.items[_in_force(workspace, view, role, "role")], sheets.handbook)]
    else:
        items = paper.controlled() if everything else [view.graph.items[_in_force(workspace, view, i)] for i in ids]
        jobs = [(item, sheets.document) for item in items]
    written: list[Path] = []
    faults: list[tuple[str, pdfs.Flaw]] = []
    with progress("writing PDFs") as step:
        for number, (item, make) in enumerate(jobs):
            step(number, len(jobs), item.id)
            made = make(paper, environment, item, size)
            file = target / f"{made.name}.pdf"
            try:
                flaws = pdfs.write(made.html, file, made.pictures, variant)
                faults += [(made.name, flaw) for flaw in _placed(flaws, made.places)]
            except pdfs.PdfFault as error:
                raise Trouble(str(error)) from error
            written.append(file)
    if everything:
        rows = [(item, file.name) for (item, _), file in zip(jobs, written, strict=True)]
        emit(sheets.index(paper, environment, rows), target / "index.html")
        written.append(target / "index.html")
    emit("\n".join(str(file) for file in written))
    for name, flaw in faults:
        emit(f"{name}  {'error' if flaw.kind == 'image' else 'warning'}  {flaw.text}\n  help: {flaw.help}")
    for file in sorted({*target.glob("*.pdf")} - {*written}) if everything else ():
        emit(
            f"{file.name}  warning  it is in {target}, and not among the documents in force\n  help: delete it if it is an old one"
        )
    if any(strict or flaw.kind == "image" for _, flaw in faults):
        raise SystemExit(EXIT_FINDINGS)


def _placed(flaws: Iterable[pdfs.Flaw], places: Mapping[str, sheets.Place]) -> Iterator[pdfs.Flaw]:
    """Say of each picture that is not shown where it is named and why; then what else is wrong."""
    told = {address: place for address, place in places.items() if place.why}
    rest = []
    for flaw in flaws:
        address = flaw.address if flaw.address in places else unquote(flaw.address)
        if address not in places:
            rest.append(flaw)
        elif not places[address].why:
            way = "open it; if it is damaged, save it anew"
            told[address] = dataclasses.replace(places[address], why="cannot be read", help=way)
    for place in told.values():
        text = f"{place.document}:{place.line}: the picture {place.picture} {place.why}"
        yield pdfs.Flaw("image", text, place.help)
    yield from rest


def _view(shown: Published, language: str | None) -> View:
    """What is published, in one of its languages."""
    loaded = shown.workspace.loaded
    chosen = language or loaded.config.languages[0]
    if chosen not in loaded.config.languages:
        raise Trouble(f"`{chosen}` is no language of this system", "languages: " + ", ".join(loaded.config.languages))
    words = words_of(chosen, loaded.root)
    return View(loaded, shown.report, shown.today, shown.control, shown.performance, words)


def _in_force(workspace: Workspace, view: View, text: str, kind: str = "") -> str:
    """The item a user named, if it is among what is shown."""
    name = workspace.ref(text).split("#")[0]
    if name not in view.graph.items:
        raise Trouble(f"{name} is not in force on {view.today}", "look at it as it lies: --preview")
    if kind and view.graph.items[name].type != kind:
        raise Trouble(f"{name} is no {kind}", f"all of them: qmsctl list {kind}")
    return name


@command.command(
    "bpmn",
    epilog="Examples:\n\n  qmsctl export bpmn PRC-007 -o receive.bpmn\n\n  qmsctl export bpmn PRC-007 --as-of 2026-06-30",
)
@click.argument("process", metavar="PRC")
@click.option(
    "--output", "--out", "-o", "file", metavar="FILE", type=click.Path(path_type=Path), help="Write to a file."
)
@as_of_option
@pass_workspace
def bpmn(workspace: Workspace, process: str, file: Path | None, as_of: str | None) -> None:
    """Write a process as BPMN 2.0 with lanes and layout, for modelling tools and workflow engines.

    It is written as it stands in the files; with --as-of, as it was in force on that day.
    """
    view = workspace.in_force(workspace.today(as_of)) if as_of else workspace
    item = view.graph.items.get(view.ref(process))
    if item is None or item.type != "process":
        raise Trouble(f"{process} is no process", "all of them: qmsctl list process")
    if not view.graph.parts_of(item.id, "steps"):
        raise Trouble(f"{item.id} has no steps yet", "give it some under `steps`")
    emit(diagrams.document(view.graph, item).decode(), file)


command.add_command(evidence)


@command.command(
    "oscal",
    epilog="Examples:\n\n  qmsctl export oscal iso9001-2015 -o catalog.json\n\n  qmsctl export oscal components"
    "\n\n  qmsctl export oscal -o build/oscal",
)
@click.argument("what", nargs=-1, metavar="[ID|components|results|plan]...")
@click.option(
    "--output", "-o", "place", metavar="PATH", type=click.Path(path_type=Path),
    help="The file, or for several documents the folder, they are written into.",
)  # fmt: skip
@as_of_option
@pass_workspace
def oscal(workspace: Workspace, what: tuple[str, ...], place: Path | None, as_of: str | None) -> None:
    """Write catalogues, standards, mappings, claims, audits and open actions as OSCAL, in JSON.

    A catalogue becomes a catalog, an item of type standard a profile, a clause mapping a mapping collection. For the
    system as a whole, `components` says which document or record answers which clause, `results` what audits found,
    `plan` what is open. Left out, everything is written, each document into a file of its own. What was read from
    OSCAL comes back as it was, with what was changed since. All of it as it stands in the files; with --as-of, as it
    was in force on that day.
    """
    view = workspace.in_force(workspace.today(as_of)) if as_of else workspace
    exporter = oscals.Exporter(view.graph, view.home, view.loaded.config.organisation, workspace.today(as_of))
    chosen = [word if word in oscals.WHOLE else view.ref(word) for word in what] or exporter.all()
    if (len(chosen) > 1 or not what) and (place is None or place.is_file()):
        raise Trouble("several documents need a folder", "qmsctl export oscal -o build/oscal")
    made: dict[str, str] = {}
    skipped = []
    for word in chosen:
        try:
            name, text = exporter.document(word)
            made[name] = text
        except OscalFault as error:
            if what:
                raise Trouble(error.message, error.help) from error
            skipped.append(f"{word} left out: {error.message}")
    if len(chosen) == 1 and what:
        alone = place / next(iter(made)) if place is not None and place.is_dir() else place
        emit(next(iter(made.values())), alone)
        return
    assert place is not None
    for name, text in made.items():
        emit(text, place / name)
    emit("\n".join([*(str(place / name) for name in made), *skipped]))
