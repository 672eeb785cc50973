"""The newest values as OpenMetrics text, for Prometheus, Grafana and what else watches figures."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

from qmsctl.exports.values import series
from qmsctl.history.revisions import zone_of
from qmsctl.measures import periods
from qmsctl.measures.board import Measures
from qmsctl.measures.definitions import target_on
from qmsctl.measures.model import TOTAL, WATCHED, Judged
from qmsctl.measures.store import SourceState
from qmsctl.printable import encodable, without_steering

TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Sample = tuple[dict[str, str], float]


def text(measures: Measures, kpis: Sequence[str] = (), location: str | None = None) -> str:
    """Return the newest values, their targets and states, the data sources and objectives as OpenMetrics 1.0.

    A value that is not to be trusted is absent, never 0. The series of all locations together has an empty
    location. Data sources and objectives are left out where single KPIs or a location are asked for.
    """
    chosen = list(kpis or measures.definitions)
    judged = list(series(measures, chosen, location))
    silent = [k for k in chosen if location in (None, TOTAL) and all(j.definition.kpi != k for j in judged)]
    lines = [
        *_family("qms_kpi_value", "The newest complete period; absent where it is not to be trusted.", _values(judged)),
        *_family("qms_kpi_target", "What the newest value is judged by.", _targets(measures, judged, silent)),
        *_states(measures, judged, silent),
        *_family(
            "qms_kpi_newest_value_timestamp_seconds",
            "The end of the last period that has a trusted value.",
            _ends(measures, judged),
            "seconds",
        ),
    ]
    if not kpis and location is None:
        known = [(name, measures.source_state(name)) for name in measures.sources]
        states = [(n, s) for n, s in known if s is not None and s.digest == measures.sources[n].digest]
        lines += _family("qms_data_source_rows", "Rows at the last look.", _sizes(measures, states))
        lines += _family(
            "qms_data_source_trustworthy",
            "1 where the rows could be read and no rule of the contract is broken, else 0.",
            _trust(measures, states),
        )
        lines += _family("qms_objective_attainment", "How far an objective is, from 0 to 1.", _attainments(measures))
    return "\n".join([*lines, "# EOF"]) + "\n"


def trustworthy(state: SourceState) -> bool:
    """Tell whether a source could be read and keeps its contract."""
    health = state.health
    return not state.fault and health is not None and all(b.level != "error" for b in health.breaches)


def _family(name: str, help: str, samples: Iterable[Sample], unit: str = "", kind: str = "gauge") -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {_escaped(help)}"
    for labels, value in samples:
        shown = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        yield f"{name}{{{shown}}} {value!r}"


def _escaped(label: str) -> str:
    clean = without_steering(encodable(label))
    return clean.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _labels(judged: Judged) -> dict[str, str]:
    found = judged.definition
    return {"kpi": found.kpi, "title": found.title, "location": judged.location, "unit": found.unit}


def _values(judged: Iterable[Judged]) -> Iterator[Sample]:
    for one in judged:
        if one.latest is not None and one.latest.value is not None:
            yield _labels(one), float(one.latest.value)


def _targets(measures: Measures, judged: Iterable[Judged], silent: Iterable[str]) -> Iterator[Sample]:
    for one in judged:
        if one.latest is not None and one.latest.target.target is not None:
            yield _labels(one), one.latest.target.target
    for kpi in silent:
        found = measures.definitions[kpi]
        target = target_on(found, measures.today).target
        if target is not None:
            yield {"kpi": kpi, "title": found.title, "location": TOTAL, "unit": found.unit}, target


def _states(measures: Measures, judged: Iterable[Judged], silent: Iterable[str]) -> Iterator[str]:
    """Yield one sample for each state, as a stateset wants it."""
    name = "qms_kpi_status"
    rows = [(j.definition.kpi, j.definition.title, j.location, j.status) for j in judged]
    rows += [(k, measures.definitions[k].title, TOTAL, "none") for k in silent]
    samples = [
        ({"kpi": kpi, "title": title, "location": place, name: state}, int(state == status))
        for kpi, title, place, status in rows
        for state in WATCHED
    ]
    return _family(name, "on, watch or off target; none where no value is to be trusted.", samples, kind="stateset")


def _ends(measures: Measures, judged: Iterable[Judged]) -> Iterator[Sample]:
    zone = zone_of(measures.loaded.config.time_zone)
    for one in judged:
        period = next((p.period for p in reversed(one.points) if p.value is not None), "")
        if period:
            after = datetime.date.fromisoformat(periods.parse(period).last) + datetime.timedelta(days=1)
            moment = datetime.datetime.combine(after, datetime.time.min, zone)
            labels = {"kpi": one.definition.kpi, "title": one.definition.title, "location": one.location}
            yield labels, moment.timestamp()


def _sizes(measures: Measures, states: Iterable[tuple[str, SourceState]]) -> Iterator[Sample]:
    for name, state in states:
        if state.health is not None:
            yield {"source": name, "title": measures.sources[name].title}, state.health.rows


def _trust(measures: Measures, states: Iterable[tuple[str, SourceState]]) -> Iterator[Sample]:
    for name, state in states:
        if state.health is not None or state.fault:
            yield {"source": name, "title": measures.sources[name].title}, int(trustworthy(state))


def _attainments(measures: Measures) -> Iterator[Sample]:
    for item in measures.graph.of_type("objective"):
        reached = measures.attainment(item.id).reached
        if reached is not None:
            yield {"objective": item.id, "title": item.title}, reached
