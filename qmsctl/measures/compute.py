"""Values of KPIs from their sources: each source is opened once, its contract checked, and all questions asked.

Only what changed is computed: a KPI whose definition, data and last complete period are those of the last run is
left as it is. A KPI that cannot be computed keeps its points and says so.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from qmsctl.measures import contract, engine, parts, periods
from qmsctl.measures.engine import Rows, SourceFault
from qmsctl.measures.model import TOTAL, Aggregate, Breach, Definition, Point, Series
from qmsctl.measures.sources import Source
from qmsctl.measures.store import Run, SourceState, Store

VERSION = "1"
MOST_ROWS = 500_000
Progress = Callable[[int, int, str], None]
Cells = dict[tuple[str, str, str], dict[str, dict[str, Any]]]
"""(location, dimension, member) -> period -> parts."""

ANY = "\0any"
"""Rows of all locations counted at once, where those of locations cannot be added up."""

ROWS = "qms_rows"
_UNITS = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}


@dataclass(frozen=True, slots=True)
class Job:
    """What to compute, as of which day, from which data. ``only`` limits it to one location."""

    definitions: Sequence[Definition]
    sources: Mapping[str, Source]
    data: Path
    zone: str
    today: str
    moment: str
    only: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: KPIs computed, left as they were, and not computable with the reason."""

    computed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Found:
    """What the sources said about one KPI."""

    cells: Cells = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))
    sql: list[tuple[str, str]] = field(default_factory=list)
    engines: set[str] = field(default_factory=set)
    first: list[str] = field(default_factory=list)
    doubts: list[tuple[str, Breach]] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    whole: bool = True
    fault: str = ""
    nothing: bool = False


def compute(job: Job, store: Store, step: Progress = lambda *_: None) -> Outcome:
    """Compute the KPIs of a job and keep their values; return what was done."""
    wanted = [d for d in job.definitions if d.kind not in ("manual", "none")]
    if job.only:  # what knows no locations is computed for all of them, or not at all
        wanted = [d for d in wanted if all(_located(job.sources.get(a.source)) for a in d.aggregates.values())]
    states = {name: _look(job, store, name) for name in _sources_of(wanted)}
    keys = {d.kpi: _key(d, job, states) for d in wanted}
    due = [d for d in wanted if job.again or not keys[d.kpi] or _kept(store, d.kpi) != keys[d.kpi]]
    found: dict[str, _Found] = {d.kpi: _Found() for d in due}
    for done, name in enumerate(_sources_of(due)):
        users = [d for d in due if any(a.source == name for a in d.aggregates.values())]
        step(done, len(_sources_of(due)), name)
        _ask_source(job, store, states[name], users, found)
    failed = []
    for definition in due:
        facts = found[definition.kpi]
        if facts.fault:
            if not facts.nothing:
                before = store.run(definition.kpi) or Run(definition.kpi)
                store.note(dataclasses.replace(before, key="", fault=facts.fault))
            failed.append((definition.kpi, facts.fault))
            continue
        series = _series(definition, facts, job, store)
        run = Run(
            definition.kpi,
            keys[definition.kpi],
            definition.digest,
            job.moment,
            tuple(sorted(facts.engines)),
            tuple(facts.sql),
            tuple(sorted({s.location for s in series if s.location} | set(_others(store, definition.kpi, job)))),
        )
        store.keep(run, series)
    done_ids = tuple(d.kpi for d in due if not found[d.kpi].fault)
    return Outcome(done_ids, tuple(d.kpi for d in wanted if d not in due), tuple(failed))


def _located(source: Source | None) -> bool:
    return source is None or bool(source.location_column)


def _sources_of(definitions: Iterable[Definition]) -> list[str]:
    return sorted({a.source for d in definitions for a in d.aggregates.values()})


def _kept(store: Store, kpi: str) -> str:
    run = store.run(kpi)
    return run.key if run is not None and not run.fault and store.series(kpi) is not None else ""


def _look(job: Job, store: Store, name: str) -> SourceState:
    """Return the state of a source before it is asked; a fingerprint only where one can be had."""
    before = store.source(name) or SourceState(name)
    source = job.sources.get(name)
    if source is None:
        return SourceState(name, fault=f"there is no data source {name}", rule="unknown")
    try:
        fingerprint, files = engine.within(
            source.time_limit, source.id, lambda: engine.fingerprint(source, job.data, before.files)
        )
    except SourceFault as error:
        return SourceState(name, source.digest, "", job.today, None, str(error), error.help, error.rule)
    except (OSError, ValueError) as error:
        return SourceState(name, source.digest, "", job.today, None, f"cannot be read: {error}", rule="unreadable")
    if fingerprint and (before.digest, before.fingerprint) == (source.digest, fingerprint) and not before.fault:
        return dataclasses.replace(before, files=files)
    return SourceState(name, source.digest, fingerprint, "", None, files=files)


def _key(definition: Definition, job: Job, states: Mapping[str, SourceState]) -> str:
    """Return what the values depend on as one text; "" where that cannot be known beforehand."""
    used = [states[a.source] for a in definition.aggregates.values()]
    if any(not s.fingerprint for s in used):
        return ""
    last = periods.last_complete(job.today, definition.grain).key
    text = [VERSION, definition.digest, job.only, last, job.today, *(f"{s.digest}:{s.fingerprint}" for s in used)]
    return hashlib.sha256(" ".join(text).encode()).hexdigest()[:24]


# --- asking ---------------------------------------------------------------------------------------


def _ask_source(
    job: Job, store: Store, state: SourceState, users: list[Definition], found: Mapping[str, _Found]
) -> None:
    """Put all questions to a source; whatever goes wrong with it stays with the KPIs that use it."""
    try:
        _questions(job, store, state, users, found)
    except Exception as problem:
        fault = problem if isinstance(problem, SourceFault) else SourceFault(_strange(problem))
        # One location without rows says nothing about the others.
        nothing = bool(job.only) and fault.rule == "empty"
        if not nothing:
            _keep_fault(job, store, state, fault)
        for definition in users:
            facts = found[definition.kpi]
            facts.fault, facts.nothing = facts.fault or f"{state.source}: {fault}", nothing


def _questions(
    job: Job, store: Store, state: SourceState, users: list[Definition], found: Mapping[str, _Found]
) -> None:
    source = job.sources.get(state.source)
    if state.fault or source is None:
        raise SourceFault(state.fault, state.help, state.rule)
    with engine.opened(source, job.data, job.zone) as rows:
        # Periods begin where the whole source begins, also for a location that came later.
        first = contract.first_day(rows, job.today) if job.only else ""
        if job.only and source.location_column:
            here = rows.table[source.location_column].cast("string") == job.only
            rows = dataclasses.replace(rows, table=rows.table.filter(here))
        times = {a.time for d in users for a in d.aggregates.values() if a.source == source.id and a.time}
        rows, health = contract.held(rows, job.today, times)
        health = dataclasses.replace(health, first=first or health.first)
        if not job.only or store.source(state.source) is None:  # the rows of one location are not all there are
            store.keep_source(dataclasses.replace(state, checked=job.today, health=health, fault="", help="", rule=""))
        if health.broken is not None:
            broken = health.broken
            raise SourceFault(f"its data contract is broken: {broken.message}", broken.help, broken.rule)
        for definition in users:
            try:
                _ask(definition, rows, health, job, found[definition.kpi])
            except TooMany as many:
                found[definition.kpi].fault = f"{state.source}: {many}"


def _keep_fault(job: Job, store: Store, state: SourceState, fault: SourceFault) -> None:
    """Keep why a source gave nothing; what was known of its rows before stays beside it."""
    known = store.source(state.source)
    health = known.health if known is not None else None
    if known is not None and health is not None and health.broken is not None and known.checked == job.today:
        return  # the broken contract says it already, with its figures
    store.keep_source(
        SourceState(state.source, state.digest, "", job.today, health, str(fault), fault.help, fault.rule, state.files)
    )


def _strange(problem: Exception) -> str:
    """Return in one line what an engine said to a question that nobody foresaw; it holds up no other source."""
    return f"cannot be asked: {type(problem).__name__}: {' '.join(str(problem).split())[:160]}"


def _ask(definition: Definition, rows: Rows, health: contract.Health, job: Job, facts: _Found) -> None:
    source = rows.source
    facts.engines.add(rows.engine)
    facts.first.append(_begins(source, health.first))
    mine = {n: a for n, a in definition.aggregates.items() if a.source == source.id}
    by_time: dict[str, dict[str, Aggregate]] = defaultdict(dict)
    for name, aggregate in mine.items():
        by_time[aggregate.time or source.time_column][name] = aggregate
    for breach in (b for b in health.breaches if b.level == "error"):
        facts.doubts.extend((day, breach) for time in by_time for day in breach.days_by(time))
    if not source.late_after and not source.rows_every:
        facts.silent.append(health.newest)
    located = bool(source.location_column)
    facts.whole = facts.whole and located
    views = dict.fromkeys(
        ("", *definition.dimensions, *([definition.pareto] if definition.pareto in source.columns else []))
    )
    for time, aggregates in by_time.items():
        for view in views:
            expression = question(rows, time, aggregates, definition.grain, located, view, job.today)
            _collect(definition, rows, expression, facts, view)
            if view == "":
                facts.sql.append((source.id, _sql(rows, expression)))
        if located and not parts.additive(definition):
            _collect(
                definition,
                rows,
                question(rows, time, aggregates, definition.grain, False, "", job.today),
                facts,
                "",
                ANY,
            )


def _begins(source: Source, first: str) -> str:
    """Return from when on a source covers its periods; what is delivered at the end of a month covers that month."""
    grain = {"weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}.get(source.arrives)
    return periods.of(first, grain).first if grain and first else first


def question(
    rows: Rows, time: str, aggregates: Mapping[str, Aggregate], grain: str, located: bool, view: str, today: str
) -> Any:
    """Return the Ibis expression for some aggregates of one source by period, location and one dimension at most."""
    # The period that runs now is not over: it would be judged by half of its rows.
    table = rows.table.filter(engine.between(rows, time, contract.OLDEST, periods.last_complete(today, grain).last))
    by: dict[str, Any] = {"qms_period": table[time].cast("date").truncate(_UNITS[grain])}
    if located:
        by["qms_location"] = table[rows.source.location_column].cast("string")
    if view:
        by["qms_member"] = table[view].cast("string")
    asked: dict[str, Any] = {"qms_rows": table.count()}
    for name, aggregate in aggregates.items():
        asked.update(_asked(table, name, aggregate))
    return table.group_by(**by).aggregate(**asked)


def _asked(table: Any, name: str, aggregate: Aggregate) -> dict[str, Any]:
    where = condition(table, aggregate)
    if aggregate.agg == "count":
        return {name: table.count(where=where)}
    column = table[aggregate.column]
    if aggregate.agg == "average":
        return {name + parts.SUM: column.sum(where=where), name + parts.COUNT: column.count(where=where)}
    method = {"count_distinct": "nunique"}.get(aggregate.agg, aggregate.agg)
    made = getattr(column, method)(where=where)
    # A sum of whole numbers may be greater than the widest of them.
    return {name: made.cast("decimal(38, 0)") if aggregate.agg == "sum" and column.type().is_integer() else made}


def condition(table: Any, aggregate: Aggregate) -> Any:
    """Return the conditions of an aggregate as one Ibis expression; None where there are none."""
    import ibis

    found = None
    for row in aggregate.where:
        column = table[row.column]
        value = table[row.value] if row.column_of_value else row.value
        if not row.column_of_value and isinstance(value, str) and column.type().is_temporal():
            value = ibis.date(value)
            column = column.cast("date")
        one = {
            "is": lambda c, v: c == v,
            "is_not": lambda c, v: (c != v) | c.isnull(),
            "in": lambda c, v: c.isin(list(v)),
            "above": lambda c, v: c > v,
            "at_least": lambda c, v: c >= v,
            "below": lambda c, v: c < v,
            "at_most": lambda c, v: c <= v,
            "empty": lambda c, v: _empty(c) if v else ~_empty(c),
        }[row.op](column, value)
        found = one if found is None else found & one
    return found


def _empty(column: Any) -> Any:
    return column.isnull() | (column.strip() == "") if column.type().is_string() else column.isnull()


class TooMany(SourceFault):
    """A KPI is broken down by more than can be shown to anybody."""


def _collect(definition: Definition, rows: Rows, expression: Any, facts: _Found, view: str, location: str = "") -> None:
    answers = engine.ask(rows, expression.limit(MOST_ROWS + 1))
    if len(answers) > MOST_ROWS:
        raise TooMany(f"broken down by `{view}` it gives more than {MOST_ROWS:,} values", "break it down by less")
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in answers:
        where, member = row.pop("qms_location", None) or location, row.pop("qms_member", None) or ""
        found[where, member, row.pop("qms_period").isoformat()[:10]].append(row)
    for (where, member, start), same in found.items():
        kept = facts.cells[where, view, member][start]
        kept[ROWS] = kept.get(ROWS, 0) + sum(int(row.pop("qms_rows")) for row in same)
        # An empty text and none at all are the same member; of two rows only parts can be put together.
        row = same[0] if len(same) == 1 else {k: v for k, v in parts.merged(definition, same).items() if k in same[0]}
        kept.update({name: _whole_number(value) for name, value in row.items()})


def _whole_number(value: Any) -> Any:
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else None
    return int(value) if exponent == 0 else value


def _sql(rows: Rows, expression: Any) -> str:
    import ibis

    text = str(ibis.to_sql(expression, dialect=rows.dialect, pretty=True))
    where = rows.source.location if not rows.source.location.startswith("env:") else rows.source.table
    return f"-- {rows.source.id}: {rows.source.title} ({rows.source.system}, {where})\n{text}"


# --- putting together -----------------------------------------------------------------------------


def _series(definition: Definition, facts: _Found, job: Job, store: Store) -> list[Series]:
    """Return all series of a KPI: by location and dimension, and over all locations."""
    spans = _spans(definition, facts, job)
    cells = facts.cells if facts.whole else _whole(definition, facts.cells)
    places = sorted({key[0] for key in cells if key[0] not in (TOTAL, ANY)})
    views = sorted({key[1:] for key in cells} | {("", "")})

    def one(place: str, view: tuple[str, str]) -> Series:
        mine = cells.get((place, *view), {})
        where = TOTAL if place == ANY else place
        bases = {
            p.key: _Base(
                parts.filled(definition, mine.get(p.first, {})),
                int(mine.get(p.first, {}).get(ROWS, 0)),
                _doubt(p, facts, where),
            )
            for p in spans
        }
        return _points(definition, spans, bases, (where, *view))

    found = [one(place, view) for view in views for place in places]
    if job.only:
        found = [s for s in found if s.location == job.only] or [one(job.only, ("", ""))]
        found += _with_others(definition, found, job, store)
    elif not places:
        found = [one(TOTAL, view) for view in views]
    elif parts.additive(definition):
        # Rows that say no location belong to none, and to the whole.
        nowhere = [one(TOTAL, view) for view in views if (TOTAL, *view) in cells]
        by_view: dict[tuple[str, str], list[Series]] = {view: [] for view in views}
        for series in (*found, *nowhere):
            by_view[series.dimension, series.member].append(series)
        found += [_rolled(definition, spans, mine) for mine in by_view.values()]
    else:
        found.append(one(ANY, ("", "")))
    before = store.run(definition.kpi)
    if before is not None and before.definition == definition.digest:
        found = [_restated(s, store, job.today) for s in found]
    return found


def _with_others(definition: Definition, mine: list[Series], job: Job, store: Store) -> list[Series]:
    """Return the total made of one location computed now and of the others as they were computed before.

    A period that one of them does not have yet, or has by another definition, is no total.
    """
    places = _others(store, definition.kpi, job)
    stored = {place: _stored(store, definition.kpi, place) for place in places}
    outdated = [p for p in places if store.definition_of(definition.kpi, p) != definition.digest]
    every = [*mine, *(s for place in places if place not in outdated for s in stored[place])]
    keys = sorted({p.period for s in every for p in s.points})
    spans = [periods.parse(key) for key in keys]
    totals = []
    for view in sorted({(s.dimension, s.member) for s in every}):
        rolled = _rolled(definition, spans, [s for s in every if (s.dimension, s.member) == view])
        plain = {s.location: s.points[-1].period for s in every if not s.dimension and s.points}
        points = []
        for point in rolled.points:
            lacking = [*outdated, *(place for place, last in plain.items() if point.period > last)]
            doubt = f"not computed yet for {', '.join(sorted(lacking))}" if lacking else ""
            if not parts.additive(definition) and len(plain) + len(outdated) > 1:
                doubt = "different values cannot be added up over locations; compute all of them together"
            points.append(dataclasses.replace(point, doubt=doubt or point.doubt))
        totals.append(dataclasses.replace(rolled, points=tuple(points)))
    return totals


def _others(store: Store, kpi: str, job: Job) -> list[str]:
    run = store.run(kpi) if job.only else None
    return [place for place in run.locations if place != job.only] if run is not None else []


def _stored(store: Store, kpi: str, location: str) -> list[Series]:
    found = store.series(kpi, location)
    return ([found] if found is not None else []) + store.members(kpi, location)


def _spans(definition: Definition, facts: _Found, job: Job) -> list[periods.Period]:
    """Return the complete periods for which there can be values: from where all sources have rows."""
    first = max((f for f in facts.first if f), default=job.today)
    last = periods.last_complete(job.today, definition.grain).last
    spans = list(periods.between(first, last, definition.grain)) if first <= last else []
    return spans[1:] if spans and _share_missing(spans[0], first) > 0.1 else spans


def _share_missing(period: periods.Period, first: str) -> float:
    start, begin, end = (datetime.date.fromisoformat(d) for d in (period.first, first, period.last))
    return (begin - start).days / ((end - start).days + 1)


def _whole(definition: Definition, cells: Cells) -> Cells:
    """Put the cells of all locations together, where one of the sources knows no locations."""
    rows: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for (place, *view), by_day in cells.items():
        if place == TOTAL or (place == ANY) != parts.additive(definition):
            for day, raw in by_day.items():
                rows[view[0], view[1]][day].append(raw)
    found: Cells = defaultdict(lambda: defaultdict(dict))
    for view_of, by_day_rows in rows.items():
        for day, many in by_day_rows.items():
            found[(TOTAL, *view_of)][day] = {
                **parts.merged(definition, many),
                ROWS: sum(r.get(ROWS, 0) for r in many),
            }
    return found


@dataclass(frozen=True, slots=True)
class _Base:
    """The parts of one period, before any longer time is put together."""

    raw: Mapping[str, Any]
    rows: int
    doubt: str


def _rolled(definition: Definition, spans: list[periods.Period], series: list[Series]) -> Series:
    """Return one series made of the parts of several locations."""
    by_period: dict[str, list[Point]] = defaultdict(list)
    for one in series:
        for point in one.points:
            by_period[point.period].append(point)
    bases = {
        key: _Base(
            parts.merged(definition, [p.parts for p in points]),
            sum(p.rows for p in points),
            next((p.doubt for p in points if p.doubt), ""),
        )
        for key, points in by_period.items()
    }
    view = (series[0].dimension, series[0].member) if series else ("", "")
    return _points(definition, spans, bases, (TOTAL, *view))


def _points(
    definition: Definition, spans: list[periods.Period], bases: Mapping[str, _Base], place: tuple[str, str, str]
) -> Series:
    nothing = _Base(parts.filled(definition, {}), 0, "")
    points = []
    for at, period in enumerate(spans):
        bases_of = [bases.get(p.key, nothing) for p in window(definition, spans, at)]
        base = bases.get(period.key, nothing)
        raw = parts.merged(definition, [b.raw for b in bases_of])
        # Of members only longer times are shown, and those are made of parts.
        value = parts.value(definition, raw) if bases_of and not place[1] else None
        doubt = base.doubt or ("" if parts.countable(raw) else "a number is too great, or none at all")
        points.append(Point(period.key, value, base.raw, base.rows, doubt))
    return Series(definition.kpi, *place, tuple(points))


def _restated(series: Series, store: Store, today: str) -> Series:
    """Return the series with a note on every value that late or mended rows changed since it was last computed."""
    if series.dimension:
        return series  # the value itself tells of the restatement; its breakdowns need not repeat it
    kept = store.series(series.kpi, series.location)
    before = {p.period: p for p in kept.points} if kept is not None else {}

    def one(point: Point) -> Point:
        old = before.get(point.period)
        if old is None or old.value is None:
            return point
        if point.value is None:
            return dataclasses.replace(point, was=old.value, restated=today)
        if math.isclose(point.value, old.value, rel_tol=1e-12, abs_tol=1e-15):
            return dataclasses.replace(point, was=old.was, restated=old.restated)
        return dataclasses.replace(point, was=old.value, restated=today)

    return dataclasses.replace(series, points=tuple(one(p) for p in series.points))


def window(definition: Definition, spans: list[periods.Period], at: int) -> list[periods.Period]:
    """Return the periods whose parts make the value of one; [] where there are not enough of them."""
    if not definition.over:
        return [spans[at]]
    if definition.over == "year":
        year = [p for p in spans[: at + 1] if p.key[:4] == spans[at].key[:4]]
        return year if year[0] == first_of_year(spans[at]) else []
    length = int(definition.over.split(maxsplit=1)[0]) // (3 if definition.grain == "quarter" else 1)
    return spans[at + 1 - length : at + 1] if at + 1 >= length else []


def first_of_year(period: periods.Period) -> periods.Period:
    """Return the first period of the year of a period."""
    if period.grain == "week":
        return periods.parse(f"{period.key[:4]}-W01")
    return periods.of(f"{period.key[:4]}-01-01", period.grain)


def _doubt(period: periods.Period, facts: _Found, location: str) -> str:
    for day, breach in facts.doubts:
        other = breach.location and location and breach.location != location
        if not other and period.first <= day <= period.last:
            return f"{breach.source}: {breach.message}"
    silent = next((newest for newest in facts.silent if newest and period.first > newest), "")
    return f"there are no rows since {silent}" if silent else ""
