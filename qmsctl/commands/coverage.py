"""qmsctl coverage"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from qmsctl.commands import (
    EXIT_FINDINGS,
    Trouble,
    Workspace,
    as_of_option,
    colour,
    emit,
    format_option,
    pass_workspace,
    width,
)
from qmsctl.commands.kpi import governed
from qmsctl.coverage import (
    NAMES,
    SIGNS,
    Claim,
    Clause,
    Coverage,
    Reason,
    UnknownStandard,
    above,
    audits_of,
    baseline,
    coverage_of,
    standards_of,
)
from qmsctl.graph import Graph
from qmsctl.model import Item, nearest
from qmsctl.output.tables import render_table
from qmsctl.output.text import wrap
from qmsctl.output.workbook import Sheet, workbook
from qmsctl.records import CATALOGUES

PAINT = {"covered": "green", "partly": "yellow", "planned": "yellow", "gap": "red", "excluded": "bright_black"}
WORST = ("gap", "planned", "partly")
COLUMNS = [
    "clause", "topic", "state", "why", "answered_by", "records", "measured_by", "owner", "planned", "by", "excluded_because",
    "asks", "basis",
]  # fmt: skip


@click.command(
    "coverage",
    epilog="Examples:\n\n  qmsctl coverage\n\n  qmsctl coverage iso9001-2015\n\n"
    "  qmsctl coverage iso9001-2015 --clause 8.4.1\n\n  qmsctl coverage STD-001 --open --location westry\n\n"
    "  qmsctl coverage iso9001-2015 --format xlsx --out coverage.xlsx\n\n"
    "  qmsctl coverage iso9001-2015 --baseline coverage.json",
)
@click.argument("standard", metavar="[STANDARD]", required=False)
@click.option(
    "--clause", metavar="NUMBER", help="One clause: what answers it, how well, who owns it, where the evidence is."
)
@click.option("--open", "only_open", is_flag=True, help="Only what is not covered, the worst first.")
@click.option("--location", metavar="ID", help="How it stands at one location.")
@click.option("--soa", is_flag=True, help="The statement of applicability: every control, chosen or not, and why.")
@click.option(
    "--baseline",
    "before",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fail where a clause stands worse than in this file.",
)
@click.option(
    "--write-baseline",
    "keep",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep how every clause stands, to compare with later.",
)
@format_option("text", "csv", "xlsx", "json")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@as_of_option
@pass_workspace
def command(
    workspace: Workspace,
    standard: str | None,
    clause: str | None,
    only_open: bool,
    location: str | None,
    soa: bool,
    before: Path | None,
    keep: Path | None,
    form: str,
    out: Path | None,
    as_of: str | None,
) -> None:
    """Say how the system stands to the clauses of a standard: covered, partly, planned, gap or not applicable.

    STANDARD is a catalogue, such as iso9001-2015, or the item that applies it, such as STD-001. Without it, all
    standards are shown in a line each.
    """  # fmt: skip
    if form == "xlsx" and out is None:
        raise Trouble("a workbook goes to a file", "name it: --out coverage.xlsx")
    if standard:
        workspace.also_load(standard)
    for file in (out, keep):
        _not_of_the_system(workspace, file)
    view = governed(workspace, as_of)
    today = view.today(as_of)
    if not standard:
        if any((clause, only_open, location, soa, before, keep)) or form not in ("text", "json"):
            raise Trouble("name a standard", f"one of {', '.join(_known(view.graph)) or 'none; see docs/standards.md'}")
        found = [coverage_of(view.graph, item.id, today) for item in standards_of(view.graph)]
        emit(
            json.dumps([_head(c, today) for c in found], ensure_ascii=False, indent=2)
            if form == "json"
            else _all(found, [item.id for item in view.graph.items.values() if item.type == "standard"]),
            out,
        )
        return
    coverage = _coverage(view, standard, today)
    if location and location not in coverage.locations:
        raise Trouble(
            f"{coverage.catalogue.title} does not apply at `{location}`",
            f"it applies at {', '.join(coverage.locations) or 'no location'}",
        )
    if keep:
        emit(baseline.snapshot(coverage), keep)
        emit(f"kept in {keep}: {_figures(coverage, '')}")
        return
    if before:
        _compare(before, coverage)
        return
    rows = _chosen(coverage, clause, only_open, location, soa)
    if form == "json":
        data = {**_head(coverage, today), "clauses": [_plain(c) for c in rows]}
        emit(json.dumps(data, ensure_ascii=False, indent=2), out)
    elif form == "csv":
        emit(render_table([_row(c, location or "") for c in rows], COLUMNS, "csv"), out)
    elif form == "xlsx" and out is not None:
        _workbook(coverage, rows, location or "", today, out)
    elif clause:
        emit("\n\n".join(_one(view.graph, coverage, c, location or "", today) for c in rows), out)
    elif soa:
        emit(_statement(coverage, rows), out)
    else:
        emit(_text(coverage, rows, location or "", only_open), out)


def _not_of_the_system(workspace: Workspace, file: Path | None) -> None:
    """Refuse to write over a file of the system. Raises Trouble."""
    root = workspace.root.resolve()
    own = {root / "qms.yaml", *(root / item.path for item in workspace.loaded.qms.items.values())}
    if file is not None and file.resolve() in own:
        raise Trouble(f"{file} is a file of the system and would be lost", "name another file")


def _coverage(view: Workspace, standard: str, today: str) -> Coverage:
    try:
        return coverage_of(view.graph, standard, today)
    except UnknownStandard as error:
        raise Trouble(str(error), error.help) from error


def _known(graph: Graph) -> list[str]:
    return [str(item.get("catalogue")) for item in standards_of(graph)]


def _chosen(coverage: Coverage, clause: str | None, only_open: bool, location: str | None, soa: bool) -> list[Clause]:
    rows = list(coverage.clauses)
    if clause:
        key = clause.removeprefix(f"{coverage.catalogue.id}/")
        if key not in coverage.by_key:
            near = nearest(key, list(coverage.by_key))
            raise Trouble(
                f"{coverage.catalogue.title} has no clause {key}", f"did you mean {' or '.join(near)}?" if near else ""
            )
        return [
            c for c in rows if c.key == key or (coverage.clause(key).heading and key in above(c.key) and not c.heading)
        ]
    if soa:
        rows = [c for c in rows if c.control and not c.heading]
        if not rows:
            raise Trouble(
                f"{coverage.catalogue.title} has no controls to choose from",
                "a statement of applicability is made for an annex of controls, such as iso27001-2022-annex-a",
            )
    if only_open:
        worst = [c for c in rows if not c.heading and _state(c, location or "") in WORST]
        rows = sorted(worst, key=lambda c: WORST.index(_state(c, location or "")))
    return rows


def _state(clause: Clause, location: str) -> str:
    return clause.places[location].state if location in clause.places else clause.state


def _reasons(clause: Clause, location: str) -> tuple[Reason, ...]:
    return clause.places[location].reasons if location in clause.places else clause.reasons


def _compare(before: Path, coverage: Coverage) -> None:
    try:
        fallen = baseline.fallen(before.read_text(encoding="utf-8"), coverage)
    except (OSError, UnicodeDecodeError, baseline.BaselineFault) as error:
        raise Trouble(
            f"{before} cannot be used as a baseline: {error}", f"write one: --write-baseline {before}"
        ) from error
    for fall in fallen:
        why = f": {'; '.join(map(str, fall.reasons))}" if fall.reasons else ""
        where = f" at {fall.location}" if fall.location else ""
        emit(
            f"{_sign(fall.now)} {fall.key}{where} was {NAMES[fall.before]} and is {NAMES.get(fall.now, fall.now)} now{why}"
        )
    emit(f"{len(fallen)} fell" if fallen else "no clause stands worse than in the baseline")
    if fallen:
        raise click.exceptions.Exit(EXIT_FINDINGS)


# --- terminal -----------------------------------------------------------------------------------------


def _sign(state: str) -> str:
    sign = SIGNS.get(state, "?")
    return click.style(sign, fg=PAINT.get(state)) if colour() else sign


def _bold(text: str) -> str:
    return click.style(text, bold=True) if colour() else text


def _figures(coverage: Coverage, location: str) -> str:
    counts = coverage.counts() if not location else None
    if counts is None:
        states = [_state(c, location) for c in coverage.clauses if not c.heading]
        figures = {state: states.count(state) for state in NAMES}
    else:
        figures = {state: counts[state] for state in NAMES}
    return "  ".join(f"{_sign(state)} {figures[state]} {NAMES[state]}" for state in NAMES if figures[state])


def _basis(coverage: Coverage) -> str:
    words = []
    if coverage.confidence and coverage.confidence != "primary source":
        words.append(f"rests on {coverage.confidence}")
    if not coverage.catalogue.get("complete"):
        words.append("is not complete")
    return f"The list of clauses {' and '.join(words)}: check it against your copy." if words else ""


def _all(found: Sequence[Coverage], drafts: Sequence[str]) -> str:
    if not found and drafts:
        return f"{', '.join(drafts)}: not released yet, or without a catalogue that is there. See qmsctl check."
    if not found:
        shipped = ", ".join(sorted(file.stem for file in CATALOGUES.glob("*.yaml")))
        return (
            "No standard is applied yet. Name its catalogue in `standards` of qms.yaml and write its item:\n\n"
            '  qmsctl new standard "ISO 9001:2015" --set catalogue=iso9001-2015\n\n'
            f"There are: {shipped}; or your own in catalogues/."
        )
    wide = max(len(c.catalogue.id) for c in found)
    return "\n".join(
        f"{c.standard.id if c.standard else '':8}{c.catalogue.id:{wide}}  {_figures(c, '')}" for c in found
    )


def _text(coverage: Coverage, rows: Sequence[Clause], location: str, only_open: bool) -> str:
    title = coverage.catalogue.title + (f" at {location}" if location else "")
    said = f" ({coverage.standard.id})" if coverage.standard else ", which no item of type standard applies yet"
    lines = [_bold(title) + said, _figures(coverage, location), _basis(coverage)]
    shown = [c for c in rows if not c.heading and _state(c, location) in WORST]
    if shown:
        lines += ["", _bold("What is open")]
        for clause in sorted(shown, key=lambda c: WORST.index(_state(c, location))):
            lines += _open(clause, location)
    if not only_open:
        lines += ["", _bold("Clause by clause"), *_tree(coverage, location)]
    elif not shown:
        lines += ["", "Nothing is open."]
    return "\n".join(line for number, line in enumerate(lines) if line or number > 2)


def _open(clause: Clause, location: str) -> Iterator[str]:
    state = _state(clause, location)
    yield f"{_sign(state)} {clause.key} {clause.topic}: {NAMES[state]}" + (f", {clause.owner}" if clause.owner else "")
    for reason in _reasons(clause, location):
        yield from _hung(f"- {reason}")
    if clause.plan:
        yield from _hung(f"planned: {clause.plan.what.strip()} ({clause.plan.who}, {clause.plan.by})")


def _hung(text: str, indent: int = 4) -> list[str]:
    return [" " * indent + line for line in wrap(" ".join(text.split()), width() - indent)]


def _tree(coverage: Coverage, location: str) -> Iterator[str]:
    places = [p for p in coverage.locations if p] if not location else []
    several = len(places) > 1
    wide = max((len(c.topic) + 2 * c.depth + len(c.key) + 1 for c in coverage.clauses), default=20)
    wide = min(wide, width() - 16 - (sum(len(p) + 2 for p in places) if several else 0))
    if several:
        yield " " * (wide + 4) + "  ".join([f"{'all':14}", *places])
    for clause in coverage.clauses:
        state = _state(clause, location)
        name = f"{'  ' * clause.depth}{clause.key} {clause.topic}"
        name = name if len(name) <= wide else name[: wide - 1] + "…"
        told = NAMES[state] if clause.counts else ""
        if clause.heading and clause.counts:
            told = f"{clause.counts.get('covered', 0)} of {sum(clause.counts.values())}"
        cells = [f"{told:14}"]
        if several and clause.counts:
            cells += [f"{_sign(clause.places[p].state)}{' ' * (len(p) - 1)}" for p in places if p in clause.places]
        yield f"{_sign(state) if clause.counts else ' '} {name:{wide}}  {'  '.join(cells)}".rstrip()


def _one(graph: Graph, coverage: Coverage, clause: Clause, location: str, today: str) -> str:
    """Everything about one clause: what an auditor would ask, and the answer."""
    state = _state(clause, location)
    lines = [
        _bold(f"{coverage.catalogue.title}, {clause.key} {clause.topic}"),
        f"{_sign(state)} {NAMES[state]}"
        + (f" at {location}" if location else "")
        + (f"; {clause.owner} answers for it" if clause.owner else ""),
    ]
    if clause.demands:
        lines += ["", "An auditor asks", *_hung(clause.demands)]
    if _reasons(clause, location):
        lines += ["", "Why it is not better", *(line for r in _reasons(clause, location) for line in _hung(f"- {r}"))]
    if clause.plan:
        lines += ["", "Planned", *_hung(f"{clause.plan.what} ({clause.plan.who}, {clause.plan.by})")]
    if state == "excluded" and clause.exclusion:
        lines += ["", "Does not apply", *_hung(clause.exclusion.reason)]
    for title, claims in (
        ("Answered by", clause.answers),
        ("Evidence", clause.records),
        ("Measured by", clause.measures),
    ):
        here = [claim for claim in claims if claim.applies(location)]
        if here:
            lines += ["", title, *(line for claim in here for line in _claim(graph, claim))]
    if clause.cases:
        lines += ["", "Open nonconformities", *(line for case in clause.cases for line in _hung(_case(case)))]
    held, ahead = audits_of(graph, clause.ref, today)
    for title, audits, day in (("Audited in", held, "carried_out"), ("To be audited in", ahead, "planned")):
        if audits:
            lines += ["", title, *(line for a in audits for line in _hung(f"{a.get(day)} {a.id} {a.title}: {a.path}"))]
    if not location and len(clause.places) > 1:
        lines += ["", "By location", *(f"    {_sign(s.state)} {p}: {NAMES[s.state]}" for p, s in clause.places.items())]
    if clause.confidence and clause.confidence != "primary source":
        lines += ["", f"What the clause asks for rests on {clause.confidence}: check it against your copy."]
    return "\n".join(lines)


def _case(case: Item) -> str:
    return f"{case.id} {case.title} ({case.get('grade')}, {case.get('status') or 'open'}): {case.path}"


def _claim(graph: Graph, claim: Claim) -> Iterator[str]:
    item = graph.items[claim.source]
    part = (
        f", step {graph.title(claim.at)}"
        if claim.at != claim.source
        else f", section {claim.section}"
        if claim.section
        else ""
    )
    revision = f", revision {item.get('revision')}" if item.get("revision") else ""
    via = f", derived from {claim.via.clause}" if claim.via else ""
    yield from _hung(f"{claim.source} {graph.title(claim.source)}{part}{revision}{via}: {item.path}")
    for reason in claim.weak:
        yield from _hung(f"▲ {reason}", 8)
    for record in claim.records[:3]:
        where = f", {record.location}" if record.location else ""
        name = record.at if record.at != claim.source else record.reference
        yield from _hung(f"{record.date} {name}{where}", 8)
    if len(claim.records) > 3:
        yield from _hung(f"and {len(claim.records) - 3} more", 8)
    if claim.how == "evidences" and not claim.records:
        yield from _hung("no record was seen yet", 8)


def _statement(coverage: Coverage, rows: Sequence[Clause]) -> str:
    return render_table(
        [
            {
                "control": f"{c.key} {c.topic}",
                "applies": "no" if c.state == "excluded" else "yes",
                "why": _why(c),
                "state": NAMES[c.state],
                "answered_by": ", ".join(dict.fromkeys(claim.at for claim in c.answers)),
            }
            for c in rows
        ],
        ["control", "applies", "why", "state", "answered_by"],
        "table",
        colour(),
        width(),
    )


def _why(clause: Clause) -> str:
    if clause.state == "excluded" and clause.exclusion:
        return clause.exclusion.reason
    return clause.chosen or "no reason is written down"


# --- files --------------------------------------------------------------------------------------------


def _row(clause: Clause, location: str) -> dict[str, str]:
    state = _state(clause, location)
    return {
        "clause": clause.key,
        "topic": clause.topic,
        "state": NAMES[state] if clause.counts else "",
        "why": "; ".join(map(str, _reasons(clause, location))),
        "answered_by": _named(clause.answers, location),
        "records": "; ".join(_proof(claim) for claim in clause.records if claim.applies(location)),
        "measured_by": _named(clause.measures, location),
        "owner": clause.owner,
        "planned": clause.plan.what.strip() if clause.plan else "",
        "by": clause.plan.by if clause.plan else "",
        "excluded_because": clause.exclusion.reason if state == "excluded" and clause.exclusion else "",
        "asks": clause.demands,
        "basis": clause.confidence,
    }


def _named(claims: Sequence[Claim], location: str) -> str:
    here = (claim for claim in claims if claim.applies(location))
    return ", ".join(dict.fromkeys(f"{c.at} (from {c.via.clause})" if c.via else c.at for c in here))


def _proof(claim: Claim) -> str:
    newest = claim.records[0] if claim.records else None
    return f"{claim.at}: {newest.date} {newest.reference}" if newest else f"{claim.at}: none seen"


def _workbook(coverage: Coverage, rows: Sequence[Clause], location: str, today: str, out: Path) -> None:
    from qmsctl.atomic import write_whole

    heads = [name.replace("_", " ") for name in COLUMNS]
    sheets = [Sheet("Clauses", heads, [list(_row(c, location).values()) for c in rows])]
    open_rows = sorted(
        (c for c in rows if not c.heading and _state(c, location) in WORST),
        key=lambda c: WORST.index(_state(c, location)),
    )
    sheets.insert(0, Sheet("Open", heads, [list(_row(c, location).values()) for c in open_rows]))
    places = [p for p in coverage.locations if p]
    if len(places) > 1 and not location:
        matrix = [[c.key, c.topic, *(NAMES[c.places[p].state] for p in places)] for c in rows if c.places and c.counts]
        sheets.append(Sheet("By location", ["clause", "topic", *places], matrix))
    controls = [c for c in rows if c.control and not c.heading]
    if controls:
        lines = [
            [
                c.key,
                c.topic,
                "no" if c.state == "excluded" else "yes",
                _why(c),
                NAMES[c.state],
                _named(c.answers, location),
            ]
            for c in controls
        ]
        sheets.append(Sheet("Applicability", ["control", "topic", "applies", "why", "state", "answered by"], lines))
    write_whole(out, workbook(sheets, f"{coverage.catalogue.title}: coverage on {today}", today))


def _head(coverage: Coverage, today: str) -> dict[str, Any]:
    return {
        "catalogue": coverage.catalogue.id,
        "title": coverage.catalogue.title,
        "standard": coverage.standard.id if coverage.standard else None,
        "as_of": today,
        "complete": bool(coverage.catalogue.get("complete")),
        "confidence": coverage.confidence,
        "locations": [place for place in coverage.locations if place],
        "counts": {state: coverage.counts()[state] for state in NAMES},
    }


def _plain(clause: Clause) -> dict[str, Any]:
    return {
        "clause": clause.key,
        "topic": clause.topic,
        "heading": clause.heading,
        "state": clause.state if clause.counts else None,
        "reasons": [str(reason) for reason in clause.reasons],
        "owner": clause.owner or None,
        "asks": clause.demands or None,
        "documented": clause.documented or None,
        "claims": [_plain_claim(claim) for claim in clause.claims],
        "open_nonconformities": [case.id for case in clause.cases],
        "plan": None
        if clause.plan is None
        else {"what": clause.plan.what, "who": clause.plan.who, "by": clause.plan.by},
        "exclusion": None if clause.exclusion is None else {"reason": clause.exclusion.reason},
        "locations": {
            place: {"state": stand.state, "reasons": [str(reason) for reason in stand.reasons]}
            for place, stand in clause.places.items()
            if place
        },
        "confidence": clause.confidence or None,
    }


def _plain_claim(claim: Claim) -> dict[str, Any]:
    return {
        "how": claim.how,
        "at": claim.at,
        "item": claim.source,
        "section": claim.section or None,
        "in_force": claim.in_force,
        "weak": [str(reason) for reason in claim.weak],
        "file": f"{claim.position.path}:{claim.position.line}",
        "records": [
            {"at": r.at, "date": r.date, "reference": r.reference, "location": r.location or None}
            for r in claim.records
        ],
        "derived": None
        if claim.via is None
        else {"from": claim.via.clause, "relation": claim.via.relation, "mapping": claim.via.mapping},
    }
