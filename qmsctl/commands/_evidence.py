"""qmsctl export evidence"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from qmsctl.approvals.trail import Entry, entries
from qmsctl.commands import Trouble, Workspace, as_of_option, emit, pass_workspace, progress, told
from qmsctl.commands._published import Published, published, refuse_unread
from qmsctl.coverage import Clause, Coverage, Reason, UnknownStandard, coverage_of, standards_of
from qmsctl.exports import evidence as packs
from qmsctl.exports.values import ExportFault
from qmsctl.history import git, revisions
from qmsctl.history.revisions import History
from qmsctl.model import Item, nearest
from qmsctl.pages import evidence as sheets
from qmsctl.pages.performance import Performance, Rows
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of


@click.command(
    "evidence",
    epilog="Examples:\n\n  qmsctl export evidence STD-001\n\n  qmsctl export evidence iso9001-2015 --clauses 7.5,8.4 --out pack.zip\n\n  qmsctl export evidence STD-001 --as-of 2026-06-30 --location aldern",
)
@click.argument("standard", metavar="STANDARD")
@click.option("--clauses", metavar="NUMBERS", default="", help="Only these and what is below them, such as 7.5,8.4.")
@click.option("--location", metavar="LOCATION", help="How it stands at one location.")
@click.option("--out", "-o", "target", metavar="FOLDER|FILE.zip", type=click.Path(path_type=Path), help="Where it is written; left out, a folder in build/evidence.")  # fmt: skip
@click.option("--audience", "audiences", multiple=True, metavar="NAME", help="Whom it is for; what is meant for others is left out. May be given several times.")  # fmt: skip
@click.option("--language", metavar="CODE", help="The language of the pages, one of those in qms.yaml.")
@as_of_option
@pass_workspace
def evidence(
    workspace: Workspace,
    standard: str,
    clauses: str,
    location: str | None,
    target: Path | None,
    audiences: tuple[str, ...],
    language: str | None,
    as_of: str | None,
) -> None:
    """Write how a standard is met, with the evidence, for an auditor to read and verify offline.

    A folder, or one ZIP: an index by clause, every document and record with approvals and history, what is open,
    the files themselves, and how to verify it all by hand. The same input gives the same bytes.
    """
    out = target or workspace.root / "build" / "evidence" / sheets.safe(standard)
    if target is None and any(place.is_symlink() for place in (out.parent.parent, out.parent)):
        raise Trouble("build/ is a link, or holds one; what is written would go elsewhere", "delete it")
    shown = published(workspace, as_of, False, audiences)
    refuse_unread(shown, False)
    view = _view(shown, language)
    request, history = _request(workspace, shown, view, standard, clauses, location, audiences)
    try:
        digest, counts = _write(
            workspace, shown, sheets.Evidence(view, request, _cleaner(workspace, shown)), history, out
        )
    except ExportFault as error:
        raise Trouble(str(error), error.help) from error
    except OSError as error:
        raise Trouble(f"{out} could not be written: {error.strerror or error}") from error
    emit(f"{out}\n{counts}\nDigest of the pack, to be handed over on another way: {digest}")


def _view(shown: Published, language: str | None) -> View:
    loaded = shown.workspace.loaded
    chosen = language or loaded.config.languages[0]
    if chosen not in loaded.config.languages:
        raise Trouble(f"`{chosen}` is no language of this system", "languages: " + ", ".join(loaded.config.languages))
    figures = _Figures(shown.performance.measures) if shown.performance is not None else None
    return View(loaded, shown.report, shown.today, shown.control, figures, words_of(chosen, loaded.root))


def _cleaner(workspace: Workspace, shown: Published) -> Callable[[str], str]:
    """Return what takes out of pages what readers may not see, and where things lie on this machine."""
    data, home = html.escape(str(workspace.data)), html.escape(str(workspace.home))
    name = html.escape(workspace.data.name)

    def clean(text: str) -> str:
        return shown.redact(text.replace(f"{home}/", "").replace(data, name))

    return clean


class _Figures(Performance):
    """The figures of a view without the rows of data behind them, and without the minute in which they were computed."""

    def rows_behind(self, kpi: str) -> list[Rows]:
        return []

    def run(self, kpi: str) -> Any:
        return None


def _request(
    workspace: Workspace,
    shown: Published,
    view: View,
    standard: str,
    clauses: str,
    location: str | None,
    audiences: tuple[str, ...],
) -> tuple[sheets.Request, History | None]:
    """Return what is asked for, and the history it can be proven with. Raises Trouble."""
    coverage = _coverage(view, standard)
    if location is not None:
        location = _location(view, coverage, location)
    chosen, unknown = sheets.chosen(coverage, clauses.split(","))
    if unknown:
        near = nearest(unknown[0], [clause.key for clause in coverage.clauses])
        way = f"did you mean {' or '.join(near)}?" if near else f"see qmsctl coverage {coverage.catalogue.id}"
        raise Trouble(f"{coverage.catalogue.title} has no clause {', '.join(unknown)}", way)
    control = workspace.control
    history = control.history or _history(workspace)
    day = shown.today
    commit = ""
    if history is not None:
        past = shown.past and control.history is not None
        commit = history.commit_on(day) if past else history.tip
    committed = history.time_of.get(commit, "") if history is not None else ""
    request = sheets.Request(
        coverage, chosen, len(chosen) == len(coverage.clauses), location or "", audiences, commit,
        history.day(committed) if history is not None and committed else "",
        control.register is not None, bool(control.hidden), _told(history, day),
        shown.withheld, _unjudged(shown, coverage, location or ""),
    )  # fmt: skip
    return request, history


def _coverage(view: View, standard: str) -> Coverage:
    lower = {name.lower(): name for name in view.graph.items}
    try:
        return view.coverage(lower.get(standard.lower(), standard))
    except UnknownStandard as error:
        own = [f"{item.id} ({item.title})" for item in standards_of(view.graph)]
        raise Trouble(str(error), f"{error.help}; applied here: {', '.join(own) or 'none'}") from error


def _unjudged(shown: Published, coverage: Coverage, location: str) -> frozenset[str]:
    """The clauses that stand otherwise, or for other reasons, than it seems to readers from whom items are hidden."""
    if shown.full is None:
        return frozenset()
    ref = coverage.standard.id if coverage.standard is not None else coverage.catalogue.id
    try:
        whole = coverage_of(shown.full.graph, ref, shown.today).by_key
    except UnknownStandard:
        return frozenset(clause.key for clause in coverage.clauses)
    found = (
        clause
        for clause in coverage.clauses
        if not _stands_alike(clause, whole.get(clause.key), location, shown.redact)
    )
    return frozenset(clause.key for clause in found if not clause.heading)


def _stands_alike(seen: Clause, whole: Clause | None, location: str, redact: Callable[[str], str]) -> bool:
    if whole is None:
        return False
    if location:
        pairs = [(seen.places.get(location, seen), whole.places.get(location, whole))]
    else:
        shared = seen.places.keys() & whole.places.keys()
        pairs = [(seen, whole), *((seen.places[place], whole.places[place]) for place in sorted(shared))]

    def told(reasons: Sequence[Reason]) -> list[Reason]:
        return [replace(row, values={name: redact(value) for name, value in row.values.items()}) for row in reasons]

    return all(a.state == b.state and all(row in told(b.reasons) for row in a.reasons) for a, b in pairs)


def _location(view: View, coverage: Coverage, text: str) -> str:
    known = [place for place in coverage.locations if place]
    found = next((place for place in known if text.lower() in (place.lower(), view.title(place).lower())), "")
    if not found:
        way = f"locations: {', '.join(known)}" if known else "describe the first: qmsctl new location"
        raise Trouble(f"`{text}` is no location at which {coverage.catalogue.title} applies", way)
    return found


def _history(workspace: Workspace) -> History | None:
    """The history of a system that is kept in Git without change control; None where there is none to rely on."""
    loaded = workspace.loaded
    try:
        found = revisions.read(
            loaded.root,
            loaded.config,
            loaded.types,
            cache=git.own_folder(loaded.root) / "qmsctl",
            today=workspace.known_day(),
        )
    except git.GitFault:
        return None
    return None if found.gaps else found


def _told(history: History | None, day: str) -> Callable[[Item], Sequence[Entry]]:
    """What landed of an item up to a day, newest first."""
    if history is None:
        return lambda item: ()
    return lambda item: entries(history, None, item.id, day, day)[::-1]


def _write(
    workspace: Workspace, shown: Published, made: sheets.Evidence, history: History | None, out: Path
) -> tuple[str, str]:
    """Write the pack; return its digest and what is in it."""
    request, view, items = made.request, made.view, made.items
    register = workspace.control.register
    files = packs.Files(
        view.loaded.root, workspace.root, shown.today, request.commit, request.committed, history, register, shown.redact,
        shown.withheld,
    )  # fmt: skip
    made.known = files.known(items)
    with packs.Pack(out) as pack:
        kept = packs.sources(pack, files, items)
        with told("collecting approvals"):
            proofs, signatures = packs.approvals(pack, files, items)
            packs.keys(pack, files, signatures, view.graph)
        for name, rows in proofs.items():
            kept.setdefault(name, []).extend(rows)
        made.sources = {
            name: [sheets.Source(row.path, row.digest, row.what) for row in rows] for name, rows in kept.items()
        }
        made.loose = len({row.path for rows in kept.values() for row in rows if not row.commit})
        pack.add("style.css", sheets.style())
        with progress("writing pages") as step:
            for number, item in enumerate(items):
                step(number, len(items), item.id)
                path, text, pictures = made.page_of(item)
                pack.add(path, text)
                for place, file in pictures.items():
                    pack.add(place, file.read_bytes())
        for path, text in made.front():
            pack.add(path, text)
        with told("writing the audit trail"):
            packs.audit_trail(pack, files, view.graph, items, shown.today)
        about = packs.About(
            view.organisation, request.coverage, tuple(made.clauses), {c.key: made.state(c) for c in made.clauses},
            request.whole, request.location, request.audiences, {n: f"{p}.html" for n, p in made.files.items()},
        )  # fmt: skip
        digest = packs.close(pack, files, about, items, kept, signatures)
    counts = f"{sum(made.counts.values())} clauses, {len(items)} documents and records, {len(signatures)} signatures, {len(made.open)} open points"
    return digest, counts
