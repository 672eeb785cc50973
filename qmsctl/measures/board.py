"""All measures of a system as of a day: what pages, checks and commands ask.

A board reads what was computed before and judges it; it computes nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.measures import any_known, log, parts, periods
from qmsctl.measures.definitions import definition
from qmsctl.measures.judgement import judge, over
from qmsctl.measures.log import Explanation, Recorded
from qmsctl.measures.model import TOTAL, Breach, Definition, Judged, Point, Series
from qmsctl.measures.sources import Source, source
from qmsctl.measures.store import Run, SourceState, Store
from qmsctl.model import Item, mapping_of, rows_of

WORST = ("off", "watch", "none", "on")
ON_COURSE = 0.9
"""The share of the progress due by now from which on an objective is on course."""


@dataclass(frozen=True, slots=True)
class Share:
    """One KPI in the attainment of an objective; ``share`` goes from 0 to 1, None where there is no value."""

    kpi: str
    weight: float
    start: float | None
    goal: float | None
    over: str
    value: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Attainment:
    """How far an objective or a theme is. ``reached`` and ``due`` go from 0 to 1.

    ``reached`` is None where a value is missing; ``due`` is the share of the time that has passed.
    """

    ref: str
    reached: float | None
    due: float | None
    shares: tuple[Share, ...] = ()
    weight: float = 1

    @property
    def state(self) -> str:
        """on, off or none: whether at least nine tenths of the progress due by now is made."""
        if self.reached is None or self.due is None:
            return "none"
        return "on" if self.reached >= ON_COURSE * self.due else "off"


class Measures:
    """The KPIs of a system, judged as of a day."""

    def __init__(self, loaded: Loaded, graph: Graph, folder: Path, today: str) -> None:
        self.loaded = loaded
        self.graph = graph
        self.store = Store(folder)
        self.today = today
        self._judged: dict[tuple[str, str], Judged | None] = {}
        self._members: dict[tuple[str, str], list[Series]] = {}

    @property
    def known(self) -> bool:
        """Tell whether values were ever computed or recorded here."""
        return any_known(self.loaded, self.store.folder)

    # --- what is written down ---------------------------------------------------------------------

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """The definitions of all KPIs in use, by id."""
        rows = [i for i in self.loaded.qms.of_type("kpi") if self.graph.is_current(i.id)]
        return {item.id: definition(item) for item in sorted(rows, key=lambda i: i.id)}

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The data sources in use, by id."""
        zone = self.loaded.config.time_zone
        rows = [i for i in self.loaded.qms.of_type("data-source") if self.graph.is_current(i.id)]
        return {item.id: source(item, zone) for item in sorted(rows, key=lambda i: i.id)}

    @cached_property
    def _logs(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in self.loaded.qms.of_type("kpi-log"):
            found.setdefault(str(item.get("kpi")), []).append(item)
        return found

    def explanations(self, kpi: str) -> list[Explanation]:
        """Return what was written about the values of a KPI, oldest first."""
        rows = [e for item in self._logs.get(kpi, ()) for e in log.explanations(item) if e.written <= self.today]
        return sorted(rows, key=lambda e: e.period)

    def recorded(self, kpi: str) -> list[Recorded]:
        """Return the values people recorded for a KPI."""
        return [r for item in self._logs.get(kpi, ()) for r in log.recorded(item)]

    # --- values -----------------------------------------------------------------------------------

    def run(self, kpi: str) -> Run | None:
        """Return how a KPI was last computed."""
        return self.store.run(kpi)

    def source_state(self, name: str) -> SourceState | None:
        """Return what is known of a source since the last run."""
        return self.store.source(name)

    def series(self, kpi: str, location: str = TOTAL) -> Series | None:
        """Return the series of a KPI at a location; None where it has no values there."""
        found = self.definitions.get(kpi)
        if found is None:
            return None
        if found.kind != "manual":
            return self.store.series(kpi, location) if self._current(kpi) else None
        by_place = log.series(found, self.recorded(kpi), self.today)
        if location == TOTAL and TOTAL not in by_place and by_place:
            return _together(found, list(by_place.values()))
        return by_place.get(location)

    def members(self, kpi: str, location: str = TOTAL) -> list[Series]:
        """Return the series of a KPI for the members of its dimensions."""
        key = (kpi, location)
        if key not in self._members:
            self._members[key] = self.store.members(kpi, location) if self._current(kpi) else []
        return self._members[key]

    def _current(self, kpi: str) -> bool:
        """Tell whether what was computed is of this definition; values of another one are not those of this KPI."""
        run = self.store.run(kpi)
        return run is not None and kpi in self.definitions and run.definition == self.definitions[kpi].digest

    def locations(self, kpi: str) -> list[str]:
        """Return the locations for which a KPI has values."""
        found = self.definitions.get(kpi)
        if found is not None and found.kind == "manual":
            return sorted({r.location for r in self.recorded(kpi) if r.location})
        run = self.store.run(kpi)
        return list(run.locations) if run is not None else []

    def judged(self, kpi: str, location: str = TOTAL) -> Judged | None:
        """Return a KPI judged at a location; None where it has no values there."""
        key = (kpi, location)
        if key not in self._judged:
            found = self.series(kpi, location)
            self._judged[key] = (
                judge(self.definitions[kpi], found, self.explanations(kpi), self.today, self.doubt(kpi))
                if found is not None
                else None
            )
        return self._judged[key]

    def doubt(self, kpi: str) -> str:
        """Return why the newest value of a KPI is not to be trusted; "" if it may be."""
        run = self.store.run(kpi)
        return run.fault if run is not None else ""

    def status(self, kpi: str, location: str = TOTAL) -> str:
        """Return on, watch, off or none."""
        found = self.judged(kpi, location)
        return found.status if found is not None else "none"

    def missing(self, kpi: str, location: str = TOTAL) -> str:
        """Return why a KPI has no value at all, or none at a location."""
        if location and self.judged(kpi) is not None:
            places = " and ".join(self.locations(kpi)) or "all locations together only"
            return f"there are no rows for it; it has values for {places}"
        found = self.definitions.get(kpi)
        run = self.store.run(kpi)
        if found is None or found.kind == "none":
            return "its definition says nothing that can be computed"
        if found.kind == "manual":
            return "nobody has recorded a value yet"
        if run is None:
            return "it has not been computed yet"
        return run.fault or "its definition changed since it was computed"

    def breaches(self, kpi: str) -> list[Breach]:
        """Return what is broken in the contracts of the sources of a KPI."""
        used = {a.source for a in self.definitions[kpi].aggregates.values() if a.source}
        states = [self.store.source(name) for name in sorted(used)]
        return [b for s in states if s is not None and s.health is not None for b in s.health.breaches]

    def breakdown(self, kpi: str, dimension: str, months: int = 12, location: str = TOTAL) -> list[tuple[str, float]]:
        """Return (member, value) over the last months, each made of parts, greatest first."""
        found = self.definitions[kpi]
        rows = []
        for one in self.members(kpi, location):
            if one.dimension == dimension:
                points = _until(one, self.today, found.grain)[-_count(found.grain, months) :]
                value = parts.value(found, parts.merged(found, [p.parts for p in points if not p.doubt] or [{}]))
                if value is not None:
                    rows.append((one.member or "not given", value))
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def pareto(self, kpi: str, months: int = 12, location: str = TOTAL) -> list[tuple[str, float]]:
        """Return (member, size of the numerator) over the last months, greatest first, nothing left out but zeros."""
        found = self.definitions[kpi]
        name = "numerator" if "numerator" in found.aggregates else next(iter(found.aggregates), "")
        rows = []
        for one in self.members(kpi, location):
            if one.dimension == found.pareto and name:
                points = [p for p in _until(one, self.today, found.grain) if not p.doubt]
                raw = parts.merged(found, [p.parts for p in points[-_count(found.grain, months) :]] or [{}])
                size = raw.get(name) or 0
                if size and one.member:
                    rows.append((one.member, float(size)))
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def funnel(self, kpi: str, months: int = 12) -> list[tuple[str, float]]:
        """Return (stage, size) over the last months, in the order of the stages."""
        found = self.definitions[kpi]
        series = self.series(kpi)
        points = _until(series, self.today, found.grain)[-_count(found.grain, months) :] if series else []
        raw = parts.merged(found, [p.parts for p in points] or [{}])
        names = {id(a): n for n, a in found.aggregates.items()}
        return [(s.title, float(raw.get(names[id(s.aggregate)]) or 0)) for s in found.funnel]

    # --- roll-ups ---------------------------------------------------------------------------------

    def of_process(self, process: str) -> list[str]:
        """Return the KPIs of a process."""
        return [k for k in self.graph.related(process, "kpis") if k in self.definitions]

    def of_objective(self, objective: str) -> list[str]:
        """Return the KPIs of an objective."""
        item = self.graph.items[objective]
        named = [str(row.get("kpi")) for row in rows_of(item.get("attainment"))]
        every = dict.fromkeys([*named, *self.graph.related(objective, "kpis")])
        return [k for k in every if k in self.definitions]

    def of_role(self, role: str) -> list[str]:
        """Return the KPIs a role owns."""
        return [k for k, d in self.definitions.items() if d.owner == role]

    def process_status(self, process: str) -> str:
        """Return the worst status among the outcome KPIs of a process, of all KPIs where it has no outcome."""
        every = self.of_process(process)
        outcomes = [k for k in every if self.definitions[k].outcome]
        return worst(self.status(k) for k in outcomes or every)

    def attainment(self, objective: str) -> Attainment:
        """Return how far an objective is, by its declared weights."""
        item = self.graph.items[objective]
        baseline = mapping_of(item.get("baseline"))
        shares = tuple(self._share(row, item) for row in rows_of(item.get("attainment")))
        reached = None
        if shares and all(s.share is not None for s in shares):
            reached = sum(s.weight * (s.share or 0) for s in shares) / sum(s.weight for s in shares)
        due = _time_passed(str(baseline.get("date") or ""), str(item.get("by") or ""), self.today)
        return Attainment(objective, reached, due, shares, _weight(item.get("weight")))

    def _share(self, row: Mapping[str, Any], item: Item) -> Share:
        kpi = str(row.get("kpi"))
        start = _number(row.get("from", mapping_of(item.get("baseline")).get("value")))
        goal = _number(row.get("to", item.get("target")))
        span = str(row.get("over") or "last period")
        judged = self.judged(kpi) if kpi in self.definitions else None
        points = [p.point for p in judged.points] if judged is not None else []
        trusted = kpi in self.definitions and bool(points) and not points[-1].doubt
        value = over(self.definitions[kpi], points, span) if trusted else None
        share = None
        if value is not None and start is not None and goal is not None and goal != start:
            share = max(0.0, min(1.0, (value - start) / (goal - start)))
        return Share(kpi, _weight(row.get("weight")), start, goal, span, value, share)

    def theme(self, ref: str, objectives: Sequence[str]) -> Attainment:
        """Return how far a theme is: its objectives by their weights, those without a value left out."""
        rows = [self.attainment(o) for o in objectives]
        known = [r for r in rows if r.reached is not None and r.due is not None]
        total = sum(r.weight for r in known)
        if not known:
            return Attainment(ref, None, None)
        reached = sum(r.weight * (r.reached or 0) for r in known) / total
        return Attainment(ref, reached, sum(r.weight * (r.due or 0) for r in known) / total)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _weight(value: Any) -> float:
    found = _number(value)
    return found if found is not None and found > 0 else 1.0


def worst(states: Iterable[str]) -> str:
    """Return the worst of several; none where there are none."""
    every = set(states)
    return next((s for s in WORST if s in every), "none")


def _until(series: Series, today: str, grain: str) -> list[Any]:
    last = periods.last_complete(today, grain).key
    return [p for p in series.points if p.period <= last]


def _count(grain: str, months: int) -> int:
    return {"day": 365, "week": 52, "month": 12, "quarter": 4, "year": 1}[grain] * months // 12 or 1


def _time_passed(start: str, end: str, today: str) -> float | None:
    try:
        begin, finish, now = (datetime.date.fromisoformat(d) for d in (start, end, today))
    except ValueError:
        return None
    return max(0.0, min(1.0, (now - begin).days / ((finish - begin).days or 1)))


def _together(found: Definition, rows: list[Series]) -> Series:
    """Return the total of locations that people recorded one by one."""
    keys = sorted({p.period for s in rows for p in s.points})
    points = []
    for key in keys:
        mine = [p for s in rows for p in s.points if p.period == key]
        raw = parts.merged(found, [p.parts for p in mine])
        value = parts.value(found, raw) if all(p.parts for p in mine) else None
        silent = [s.location for s in rows if all(p.period != key for p in s.points)]
        doubt = next((p.doubt for p in mine if p.doubt), "")
        doubt = doubt or (f"nothing is recorded for {', '.join(silent)}" if silent else "")
        points.append(Point(key, value, raw, len(mine), doubt))
    return Series(found.kpi, TOTAL, points=tuple(points))
