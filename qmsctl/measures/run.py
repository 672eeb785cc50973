"""One run over all KPIs: what the commands start and the intranet needs before its pages are written."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qmsctl.atomic import write_whole
from qmsctl.measures import compute, evidence
from qmsctl.measures.board import Measures
from qmsctl.measures.compute import Job, Outcome, Progress
from qmsctl.measures.definitions import faults
from qmsctl.measures.engine import SourceFault
from qmsctl.measures.model import TOTAL, Judged
from qmsctl.measures.store import Run, file_name
from qmsctl.printable import no_formula, visible

ROWS_KEPT = 500
PERIODS_KEPT = 3


def run(
    measures: Measures,
    data: Path,
    moment: str,
    kpis: Sequence[str] = (),
    location: str = "",
    again: bool = False,
    step: Progress = lambda *_: None,
) -> Outcome:
    """Compute what changed, and keep the rows behind the newest values that are off target or stand out."""
    chosen = [d for d in measures.definitions.values() if not kpis or d.kpi in kpis]
    zone = measures.loaded.config.time_zone
    unclear = {d.kpi: _unclear(measures, d.kpi) for d in chosen}
    sound = [d for d in chosen if not unclear[d.kpi]]
    job = Job(sound, measures.sources, data, zone, measures.today, moment, location, again)
    outcome = compute.compute(job, measures.store, step)
    for kpi, why in unclear.items():
        if why:
            measures.store.note(replace(measures.store.run(kpi) or Run(kpi), key="", fault=why))
            outcome = replace(outcome, failed=(*outcome.failed, (kpi, why)))
    fresh = Measures(measures.loaded, measures.graph, measures.store.folder, measures.today)
    _keep_rows(fresh, outcome.computed, data, location)
    return outcome


def _unclear(measures: Measures, kpi: str) -> str:
    """Return why a definition cannot be computed by any engine; "" if it can."""
    fault = next(faults(measures.loaded.qms.items[kpi], measures.sources), None)
    return f"its definition is not clear: {fault.message}" if fault is not None else ""


def wanting(judged: Judged) -> list[str]:
    """Return the last periods whose rows somebody will ask for: off target, or with a signal."""
    recent = judged.points[-{"day": 60, "week": 26, "month": 12, "quarter": 6, "year": 3}[judged.definition.grain] :]
    found = [p.period for p in recent if p.value is not None and (p.status == "off" or p.signals)]
    return found[-PERIODS_KEPT:]


def rows_file(measures: Measures, kpi: str, location: str, period: str) -> Path:
    """Return where the rows behind a value are kept."""
    return measures.store.rows_folder(kpi) / f"{file_name(location)}-{period}.csv"


def _keep_rows(measures: Measures, kpis: Sequence[str], data: Path, location: str) -> None:
    """Keep the rows behind the values that somebody will ask about; each source is opened once."""
    by_source: dict[str, list[tuple[Judged, str]]] = {}
    for kpi in kpis:
        for place in (TOTAL, *measures.locations(kpi)):
            judged = measures.judged(kpi, place)
            if judged is None or (location and place != location):
                continue
            wanted = wanting(judged)
            _forget_rows(measures, kpi, place, wanted)
            _, aggregate, _ = evidence.part_behind(judged.definition)
            by_source.setdefault(aggregate.source, []).extend((judged, period) for period in wanted)
    for name, asked in by_source.items():
        state = measures.source_state(name)
        repeated = state.health.duplicates if state is not None and state.health is not None else 0
        zone = measures.loaded.config.time_zone
        with (
            contextlib.suppress(SourceFault),  # the values stand; their rows can be asked for again
            evidence.rows_of(measures.sources[name], data, zone, repeated) as rows,
        ):
            for judged, period in asked:
                found = evidence.behind(judged.definition, rows, period, judged.location, ROWS_KEPT, counted=False)
                file = rows_file(measures, judged.definition.kpi, judged.location, period)
                write_whole(file, as_csv(found))


def _forget_rows(measures: Measures, kpi: str, place: str, wanted: Sequence[str]) -> None:
    folder = measures.store.rows_folder(kpi)
    keep = {rows_file(measures, kpi, place, period) for period in wanted}
    for old in folder.glob(f"{file_name(place)}-*.csv") if folder.is_dir() else ():
        if old not in keep:
            old.unlink(missing_ok=True)


def as_csv(found: evidence.Behind) -> str:
    """Return rows as CSV in which no cell is a formula: a spreadsheet would carry it out on opening."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(found.columns)
    for row in found.rows:
        writer.writerow([no_formula(visible(v)) if isinstance(v := row[c], str) else v for c in found.columns])
    return out.getvalue()
