"""Scorecards: the KPIs of a part of the organisation, grouped as its readers think of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qmsctl.measures import words
from qmsctl.measures.board import Attainment, Measures, worst
from qmsctl.measures.model import SIGNS, TOTAL, WORDS


@dataclass(frozen=True, slots=True)
class Line:
    """One KPI on a scorecard, in words ready to be shown; ``number`` is its newest trusted value."""

    kpi: str
    title: str
    location: str
    status: str
    words: str
    value: str
    unit: str
    number: float | None
    target: str
    period: str
    trend: str
    spark: str


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one heading; ``ref`` is the item or part it stands for."""

    title: str
    ref: str
    status: str
    lines: tuple[Line, ...]
    attainment: Attainment | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard as of a day."""

    title: str
    ref: str
    today: str
    groups: tuple[Group, ...]


def line(measures: Measures, kpi: str, location: str = TOTAL) -> Line:
    """Return one KPI at a location as a line."""
    found = measures.definitions[kpi]
    judged = measures.judged(kpi, location)
    latest = judged.latest if judged is not None else None
    if judged is None or latest is None:
        nothing = WORDS["none"]
        return Line(kpi, found.title, location, "none", nothing, nothing, found.unit, None, "", "", "unknown", "")
    return Line(
        kpi,
        found.title,
        location,
        latest.status,
        latest.words if latest.status != "none" else WORDS["none"] if latest.point.doubt else latest.words,
        words.shown(found, latest.value, unit=False),
        found.unit,
        latest.value,
        words.aim(found, latest.target, with_unit=False),
        latest.period,
        judged.trend,
        words.sparkline([p.value for p in judged.points]),
    )


def group(
    measures: Measures, title: str, ref: str, kpis: list[str], location: str = TOTAL, attained: Attainment | None = None
) -> Group:
    """Return KPIs under a heading, the worst first."""
    order = {"off": 0, "none": 1, "watch": 2, "on": 3}
    lines = sorted((line(measures, k, location) for k in kpis), key=lambda row: (order[row.status], row.kpi))
    return Group(title, ref, worst(row.status for row in lines), tuple(lines), attained)


def executive(measures: Measures) -> Card:
    """Return the scorecard of the organisation: themes with their objectives and KPIs, then what is left."""
    graph = measures.graph
    groups: list[Group] = []
    seen: set[str] = set()
    for strategy in graph.of_type("strategy"):
        for theme in graph.parts_of(strategy.id, "themes"):
            objectives = objectives_of(measures, theme.ref)
            groups.append(Group(theme.title, theme.ref, "none", (), measures.theme(theme.ref, objectives)))
            for objective in objectives:
                kpis = measures.of_objective(objective)
                seen.update(kpis)
                title = f"{objective} {graph.title(objective)}"
                groups.append(group(measures, title, objective, kpis, TOTAL, measures.attainment(objective)))
    rest = [k for k in measures.definitions if k not in seen]
    if rest:
        groups.append(group(measures, "Other KPIs", "", rest))
    return Card(f"{measures.loaded.config.organisation}: where we stand", "", measures.today, tuple(groups))


def objectives_of(measures: Measures, theme: str) -> list[str]:
    """Return the objectives of a theme that are in use."""
    graph = measures.graph
    rows = [x.source for x in graph.links_to_ref(theme) if graph.items[x.source].type == "objective"]
    return [o for o in dict.fromkeys(rows) if graph.is_current(o)]


def of_objective(measures: Measures, ref: str) -> Card:
    """Return the scorecard of an objective."""
    found = group(measures, measures.graph.title(ref), ref, measures.of_objective(ref), TOTAL, measures.attainment(ref))
    return Card(f"{ref} {measures.graph.title(ref)}", ref, measures.today, (found,))


def of_process(measures: Measures, ref: str) -> Card:
    """Return the scorecard of a process: over all locations, then each location on the same definitions."""
    kpis = measures.of_process(ref)
    outcomes = [k for k in kpis if measures.definitions[k].outcome]
    groups = [group(measures, "Outcome", ref, outcomes)] if outcomes else []
    activity = [k for k in kpis if k not in outcomes]
    groups += [group(measures, "Activity", ref, activity)] if activity else []
    for place in sorted({p for k in kpis for p in measures.locations(k)}):
        here = [k for k in kpis if place in measures.locations(k)]
        groups.append(group(measures, measures.graph.title(place), place, here, place))
    return Card(f"{ref} {measures.graph.title(ref)}", ref, measures.today, tuple(groups))


def of_location(measures: Measures, ref: str) -> Card:
    """Return the scorecard of a location, by process."""
    graph = measures.graph
    mine = [k for k in measures.definitions if ref in measures.locations(k)]
    processes = sorted({measures.definitions[k].process for k in mine})
    groups = tuple(
        group(
            measures,
            f"{p} {graph.title(p)}" if p else "No process",
            p,
            [k for k in mine if measures.definitions[k].process == p],
            ref,
        )
        for p in processes
    )
    return Card(graph.title(ref), ref, measures.today, groups)


def of_role(measures: Measures, ref: str) -> Card:
    """Return the scorecard of a role: the KPIs it owns, and those of the processes it owns."""
    graph = measures.graph
    own = measures.of_role(ref)
    groups = [group(measures, "Numbers you own", ref, own)] if own else []
    for process in graph.of_type("process"):
        more = [k for k in measures.of_process(process.id) if k not in own]
        if process.get("owner") == ref and more:
            groups.append(group(measures, f"{process.id} {process.title}", process.id, more))
    return Card(graph.title(ref), ref, measures.today, tuple(groups))


def counts(card: Card) -> list[tuple[str, str, int]]:
    """Return how many KPIs of a card are in which state, each counted once, as (sign, words, count)."""
    lines = {(row.kpi, row.location): row for g in card.groups for row in g.lines}.values()
    near = sum(1 for row in lines if row.status == "on" and row.words != WORDS["on"])
    found = {state: sum(1 for row in lines if row.status == state) for state in SIGNS}
    rows = [("off", WORDS["off"], found["off"]), ("watch", WORDS["watch"], found["watch"])]
    rows += [
        ("on", "within limits", near),
        ("on", WORDS["on"], found["on"] - near),
        ("none", WORDS["none"], found["none"]),
    ]
    return [(SIGNS[state], said, count) for state, said, count in rows]


OF: Mapping[str, Callable[[Measures, str], Card]] = {
    "objective": of_objective,
    "process": of_process,
    "location": of_location,
    "role": of_role,
}
