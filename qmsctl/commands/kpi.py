"""qmsctl kpi"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from qmsctl import editing
from qmsctl.commands import (
    EXIT_FINDINGS,
    EXIT_OUTSIDE,
    Trouble,
    Workspace,
    as_of_option,
    colour,
    emit,
    format_option,
    iso_day,
    pass_workspace,
    progress,
    width,
)
from qmsctl.exports import openmetrics, values
from qmsctl.measures import evidence, periods, run, words
from qmsctl.measures.board import Measures
from qmsctl.measures.engine import SourceFault
from qmsctl.measures.model import SIGNS, TOTAL, Judged, JudgedPoint
from qmsctl.model import nearest
from qmsctl.output.tables import render_table

PAINT = {"on": "green", "watch": "yellow", "off": "red", "none": None}


@click.group("kpi")
def command() -> None:
    """Compute, show, record and export the values of KPIs."""


location_option = click.option("--location", metavar="ID", default=TOTAL, help="One location instead of all together.")


@command.command(
    "compute", epilog="Examples:\n\n  qmsctl kpi compute\n\n  qmsctl kpi compute KPI-004 --location westry"
)
@click.argument("ids", nargs=-1, metavar="[KPI]...")
@location_option
@click.option("--again", is_flag=True, help="Also what has not changed since the last run.")
@as_of_option
@pass_workspace
def compute(workspace: Workspace, ids: tuple[str, ...], location: str, again: bool, as_of: str | None) -> None:
    """Compute KPIs from their data sources, checking the contract of each.

    Only what changed in data or definition is computed. What cannot be computed keeps its last values and is
    shown as having no trustworthy value.
    """
    view = governed(workspace, as_of)
    outcome = computed(view, [_kpi(view.measures, i) for i in ids], _place(view.measures, location), again)
    measures = view.measures
    rows = []
    for kpi in outcome.computed:
        judged = measures.judged(kpi, location)
        line = words.headline(judged) if judged is not None else f"{SIGNS['none']} {measures.missing(kpi)}"
        rows.append(f"{kpi}  {measures.definitions[kpi].title}: {line}")
    for kpi, why in outcome.failed:
        rows.append(f"{kpi}  not computed: {why}")
    done = f"{len(outcome.computed)} computed, {len(outcome.unchanged)} unchanged, {len(outcome.failed)} not computed"
    emit("\n".join([*sorted(rows), done]))
    if outcome.failed:
        raise click.exceptions.Exit(EXIT_OUTSIDE)


def governed(workspace: Workspace, as_of: str | None) -> Workspace:
    """Return the system whose definitions count: what is in force where change control is on, else the files."""
    day = workspace.today(as_of)
    view = workspace if workspace.control.history is None and not as_of else workspace.in_force(day)
    if view.measures.today != day:
        view.look_back_to(day)
    return view


def computed(view: Workspace, kpis: list[str], location: str = TOTAL, again: bool = False) -> Any:
    """Compute KPIs with a line on the terminal that says how far it is; what was computed is seen afterwards."""
    with progress("computing", "values") as step:
        outcome = run.run(view.measures, view.data, view.moment(), kpis, location, again, step)
    view.forget_measures()
    return outcome


@command.command(
    "show",
    epilog="Examples:\n\n  qmsctl kpi show KPI-013 --location westry\n\n  qmsctl kpi show KPI-013 --period 2026-05 --rows",
)
@click.argument("id", metavar="KPI")
@location_option
@click.option("--period", metavar="PERIOD", help="One period, such as 2026-05, 2026-Q3 or 2026-W47.")
@click.option("--rows", is_flag=True, help="The rows behind the value of a period.")
@click.option("--sql", is_flag=True, help="The question that is put to the data.")
@format_option("text", "json", "csv")
@as_of_option
@pass_workspace
def show(
    workspace: Workspace,
    id: str,
    location: str,
    period: str | None,
    rows: bool,
    sql: bool,
    form: str,
    as_of: str | None,
) -> None:
    """Show a KPI: value, target, signals, where it comes from; down to the rows behind a value."""
    view = governed(workspace, as_of)
    measures = view.measures
    kpi = _kpi(measures, id)
    location = _place(measures, location)
    if sql:
        found = measures.run(kpi)
        emit("\n\n".join(text for _, text in found.sql) if found and found.sql else f"-- {measures.missing(kpi)}")
        return
    judged = measures.judged(kpi, location)
    if judged is None:
        where = f" at {location}" if location else ""
        raise Trouble(
            f"{kpi} has no values{where}: {measures.missing(kpi, location)}", f"qmsctl kpi compute {kpi}", EXIT_FINDINGS
        )
    points = _in_period(judged, period)
    if rows:
        _show_rows(view, kpi, location, points[-1].period, form)
        return
    if form != "text":
        table = [_row(judged, p) for p in points]
        emit(render_table(table, list(table[0]) if table else ["period"], form))
        return
    emit(_text(measures, judged, points))


def _show_rows(view: Workspace, kpi: str, location: str, period: str, form: str) -> None:
    measures = view.measures
    found = measures.definitions[kpi]
    if found.kind == "manual":
        raise Trouble(f"the values of {kpi} are recorded by people", f"see its log: qmsctl show {kpi}")
    zone = view.loaded.config.time_zone
    try:
        name = evidence.part_behind(found)[1].source
        if name not in measures.sources:
            raise SourceFault(f"there is no data source {name} any more", f"see qmsctl show {kpi}")
        source = measures.sources[name]
        state = measures.source_state(source.id)
        repeated = state.health.duplicates if state is not None and state.health is not None else 0
        with evidence.rows_of(source, view.data, zone, repeated) as opened:
            behind = evidence.behind(found, opened, period, location)
    except SourceFault as error:
        raise Trouble(str(error), error.help, EXIT_OUTSIDE) from error
    if form == "csv":
        emit(run.as_csv(behind))
        return
    texts = [{c: "" if r[c] is None else str(r[c]) for c in behind.columns} for r in behind.rows]
    if form == "json":
        emit(
            json.dumps(
                {"kpi": kpi, "period": period, "source": behind.source, "total": behind.total, "rows": texts},
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    head = f"{behind.total:,} rows of {behind.source} {measures.sources[behind.source].title}, {behind.what}, {periods.words(period)}"
    more = f"\n{behind.total - len(texts):,} rows more; all of them: --format csv" if behind.total > len(texts) else ""
    shown = texts[:50]
    if len(texts) > 50:
        more = f"\n{behind.total - 50:,} rows more; see them with --format csv"
    emit(head + "\n\n" + render_table(shown, list(behind.columns), "table", colour(), width()) + more)


def _text(measures: Measures, judged: Judged, points: list[JudgedPoint]) -> str:
    found = judged.definition
    bold = (lambda text: click.style(text, bold=True)) if colour() else str
    place = f" · {measures.graph.title(judged.location)}" if judged.location else ""
    values = [p.value for p in judged.points]
    latest = judged.latest
    shown = points[-1] if points else latest
    rows = [
        bold(f"{found.kpi} {found.title}{place}"),
        _painted(shown, words.headline(judged, shown)) if shown else "",
        "",
    ]
    rows += [f"  {words.sparkline(values, 52)}  {words.TRENDS[judged.trend]}"]
    spans = {
        "year to date": judged.year_to_date,
        "a year before, to date": judged.year_before_to_date,
        "last twelve months": judged.rolling,
        "same period a year before": judged.year_before,
    }
    if shown is latest:
        rows += [f"  {name}: {words.shown(found, value)}" for name, value in spans.items() if value is not None]
    rows.append("")
    for point in points[-12:]:
        extra = "; ".join(
            filter(
                None, [_doubt(point), *(s.words for s in point.signals), point.explanation, _restated(judged, point)]
            )
        )
        line = f"  {point.period:10} {words.shown(found, point.value):>18}  {SIGNS[point.status]} {point.words}"
        rows.append(_painted(point, line) + (f"  {extra}" if extra else ""))
    breaches = measures.breaches(found.kpi)
    if breaches:
        rows += ["", bold("Data quality")] + [f"  {b.source}: {b.message}" for b in breaches]
    ran = measures.run(found.kpi)
    if ran is not None:
        rows += [
            "",
            f"Computed {ran.computed} by {', '.join(ran.engines)}; the question: qmsctl kpi show {found.kpi} --sql",
        ]
    return "\n".join(rows)


def _doubt(point: JudgedPoint) -> str:
    return f"not trusted: {point.point.doubt}" if point.point.doubt else ""


def _restated(judged: Judged, point: JudgedPoint) -> str:
    if point.point.was is None:
        return ""
    return f"restated on {point.point.restated}, was {words.shown(judged.definition, point.point.was)}"


def _painted(point: JudgedPoint, text: str) -> str:
    return click.style(text, fg=PAINT[point.status]) if colour() and PAINT[point.status] else text


def _row(judged: Judged, point: JudgedPoint) -> dict[str, str]:
    return {
        "kpi": judged.definition.kpi,
        "location": judged.location,
        "period": point.period,
        "value": "" if point.value is None else repr(point.value),
        "unit": judged.definition.unit,
        "target": "" if point.target.target is None else f"{point.target.target:g}",
        "status": point.status,
        "words": point.words,
        "signals": "; ".join(s.words for s in point.signals),
        "explanation": point.explanation,
        "doubt": point.point.doubt,
        "was": "" if point.point.was is None else repr(point.point.was),
        "restated": point.point.restated,
    }


def _in_period(judged: Judged, period: str | None) -> list[JudgedPoint]:
    if period is None:
        return list(judged.points)
    try:
        span = periods.parse(period)
    except periods.PeriodFault as error:
        raise Trouble(str(error)) from error
    found = [p for p in judged.points if span.first <= periods.parse(p.period).first <= span.last]
    if not found:
        first, last = (judged.points[0].period, judged.points[-1].period) if judged.points else ("", "")
        raise Trouble(f"{judged.definition.kpi} has no value in {period}", f"it has values from {first} to {last}")
    return found


@command.command(
    "record",
    epilog='Example: qmsctl kpi record KPI-028 --period 2026-Q3 --value 2 --evidence "Order book, 2 October 2026"',
)
@click.argument("id", metavar="KPI")
@click.option("--period", required=True, metavar="PERIOD", help="The period, such as 2026-Q3.")
@location_option
@click.option("--value", type=float, help="The value.")
@click.option("--numerator", type=float, help="What is above the line; then also --denominator.")
@click.option("--denominator", type=float, help="What is below the line.")
@click.option("--unit", help="The unit it was taken in; must be that of the KPI.")
@click.option("--evidence", required=True, help="Where the figure can be seen.")
@click.option("--by", metavar="ID", help="The person or role that records it.")
@click.option("--note", help="What is worth knowing about it.")
@as_of_option
@pass_workspace
def record(
    workspace: Workspace,
    id: str,
    period: str,
    location: str,
    value: float | None,
    numerator: float | None,
    denominator: float | None,
    unit: str | None,
    evidence: str,
    by: str | None,
    note: str | None,
    as_of: str | None,
) -> None:
    """Write down a value that no system has, with its evidence, in the log of the KPI.

    A value for a period that has one already is added beside it and counts from now on.
    """
    measures = workspace.measures
    kpi = _kpi(measures, id)
    found = measures.definitions[kpi]
    if found.kind != "manual":
        raise Trouble(f"{kpi} is computed from data, not recorded", "mend the data in its system of record")
    today = workspace.today(as_of)
    span = _period(found.grain, period)
    if span.last >= today:
        raise Trouble(
            f"{periods.words(span.key)} is not over on {today}", f"record it from the day after {span.last} on"
        )
    if [value is None, numerator is None, denominator is None] not in ([False, True, True], [True, False, False]):
        raise Trouble("give either --value, or --numerator with --denominator")
    if not all(math.isfinite(n) for n in (value, numerator, denominator) if n is not None):
        raise Trouble("that is no number that can be recorded", "write it in digits")
    if not evidence.strip():
        raise Trouble("the evidence is missing", 'say where the figure can be seen: --evidence "Order book, 2 October"')
    if denominator == 0:
        raise Trouble("the denominator is 0; then there is no value to record")
    if unit is not None and unit != found.unit:
        raise Trouble(f"{kpi} is measured in {found.unit}, not in {unit}", "turn the figure into that unit")
    entry = {"period": span.key, "location": _place(measures, location) or None, "value": _plain(value)}
    entry |= {"numerator": _plain(numerator), "denominator": _plain(denominator), "unit": unit, "evidence": evidence}
    entry |= {"by": workspace.ref(by) if by else None, "recorded": today, "note": note}
    path = _written(workspace, kpi, found.title, "values", {k: v for k, v in entry.items() if v is not None}, today)
    place = _place(measures, location)
    before = [r for r in measures.recorded(kpi) if (r.period, r.location) == (span.key, place)]
    said = before[-1].value if before and before[-1].value is not None else None
    told = f"; it replaces {words.shown(found, said)}, which stays beside it" if said is not None else ""
    emit(f"{path}: {kpi} {span.key} recorded{told}. See it: qmsctl kpi show {kpi}")


@command.command(
    "explain",
    epilog='Example: qmsctl kpi explain KPI-013 --period 2026-05 --cause "Fixtures of VF-2 were worn" --action "New fixtures"',
)
@click.argument("id", metavar="KPI")
@click.option("--period", required=True, metavar="PERIOD", help="The first period it explains.")
@click.option("--until", metavar="PERIOD", help="The last period; left out, the first one.")
@location_option
@click.option("--cause", required=True, help="Why the value is what it is.")
@click.option("--action", help="What was or will be done.")
@click.option("--who", metavar="ROLE", help="The role that acts.")
@click.option("--by", metavar="DATE", help="By when.")
@click.option(
    "--new-level", is_flag=True, help="The process was changed on purpose: limits are computed anew from here."
)
@as_of_option
@pass_workspace
def explain(
    workspace: Workspace,
    id: str,
    period: str,
    until: str | None,
    location: str,
    cause: str,
    action: str | None,
    who: str | None,
    by: str | None,
    new_level: bool,
    as_of: str | None,
) -> None:
    """Write down why a value is off target or stands out, and what is done, in the log of the KPI."""
    measures = workspace.measures
    kpi = _kpi(measures, id)
    found = measures.definitions[kpi]
    first = _period("", period)
    last = _period("", until or period)
    if last.last < first.first:
        raise Trouble(f"{until} ends before {period} begins")
    today = workspace.today(as_of)
    if last.last >= today:
        raise Trouble(f"{periods.words(last.key)} is not over on {today}", "explain what is over; add the rest later")
    if len(cause.strip()) < 8:
        raise Trouble("the cause is too short to be understood", "say in a sentence what happened")
    role = workspace.ref(who) if who else ""
    if role and (role not in workspace.graph.items or workspace.graph.items[role].type != "role"):
        raise Trouble(f"{role} is no role", "all: qmsctl list role")
    entry: dict[str, Any] = {"period": first.key, "until": last.key if until else None}
    entry |= {"location": _place(measures, location) or None}
    entry |= {"cause": cause, "action": action, "who": role or None, "by": iso_day(by) if by else None}
    entry |= {"new_level": True if new_level else None, "written": today}
    path = _written(
        workspace, kpi, found.title, "explanations", {k: v for k, v in entry.items() if v is not None}, today
    )
    emit(f"{path}: {kpi} {first.key} explained. See it: qmsctl kpi show {kpi}")


def _plain(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


def _period(grain: str, text: str) -> periods.Period:
    try:
        found = periods.parse(text)
    except periods.PeriodFault as error:
        raise Trouble(str(error)) from error
    if grain and found.grain != grain:
        example = periods.last_complete(found.last, grain).key
        raise Trouble(f"`{text}` is a {found.grain}; the KPI has one value a {grain}", f"write it like {example}")
    return found


def _kpi(measures: Measures, text: str) -> str:
    known = {k.lower(): k for k in measures.definitions}
    if text.lower() in known:
        return known[text.lower()]
    near = nearest(text.upper(), list(measures.definitions))
    named = " or ".join(f"{k} ({measures.definitions[k].title})" for k in near)
    raise Trouble(f"there is no KPI `{text}` in use", f"did you mean {named}?" if near else "all: qmsctl list kpi")


def _place(measures: Measures, text: str) -> str:
    known = {i.id.lower(): i.id for i in measures.loaded.qms.of_type("location")}
    if not text or text.lower() in known:
        return known.get(text.lower(), TOTAL)
    near = nearest(text.lower(), list(known))
    raise Trouble(
        f"there is no location `{text}`",
        f"did you mean {' or '.join(known[n] for n in near)}?" if near else "all: qmsctl list location",
    )


def _written(workspace: Workspace, kpi: str, title: str, field: str, entry: dict[str, Any], today: str) -> str:
    """Add an entry to the log of a KPI and return the path of the log."""
    try:
        "".join(v for v in entry.values() if isinstance(v, str)).encode("utf-8")
    except UnicodeError as error:
        raise Trouble("what was given is no readable text", "type it anew") from error
    try:
        edit = editing.log_entry(workspace.loaded, kpi, title, field, entry, today)
        if not edit.before:
            emit(edit.after, workspace.root / edit.path)
        else:
            editing.apply(workspace.root, [edit], [])
    except editing.EditError as error:
        raise Trouble(error.message, error.help) from error
    return edit.path


@command.command(
    "export",
    epilog="Examples:\n\n  qmsctl kpi export -o build/kpis.csv\n\n  qmsctl kpi export --format openmetrics -o build/kpis.prom",
)
@click.argument("ids", nargs=-1, metavar="[KPI]...")
@click.option("--location", metavar="ID", help="One location only; left out, all together and each.")
@format_option("csv", "json", "parquet", "openmetrics")
@click.option("--output", "-o", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
@as_of_option
@pass_workspace
def export(
    workspace: Workspace, ids: tuple[str, ...], location: str | None, form: str, file: Path | None, as_of: str | None
) -> None:
    """Write all judged values for other tools: one row for each KPI, location and period.

    What is not to be trusted has no value. OpenMetrics holds the newest values, for Prometheus and Grafana.
    """
    measures = governed(workspace, as_of).measures
    kpis = [_kpi(measures, i) for i in ids]
    place = None if location is None else _place(measures, location)
    if form == "openmetrics":
        emit(openmetrics.text(measures, kpis, place), file)
        return
    found = values.rows(measures, kpis, place)
    if form != "parquet":
        emit(values.csv_text(found) if form == "csv" else values.json_text(measures, found), file)
        return
    if file is None:
        raise Trouble("Parquet is nothing for a terminal", "name a file: -o kpis.parquet")
    try:
        values.write_parquet(measures, found, file)
    except values.ExportFault as error:
        raise Trouble(str(error), error.help) from error
