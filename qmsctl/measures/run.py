"""One run over all KPIs: what the commands start and the intranet needs before its pages are written."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from qmsctl.measures import compute, evidence, periods
from qmsctl.measures.board import Measures
from qmsctl.measures.compute import Job, Outcome, Progress
from qmsctl.measures.engine import SourceFault
from qmsctl.measures.model import TOTAL, Judged

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
    job = Job(chosen, measures.sources, data, zone, measures.today, moment, location, again)
    outcome = compute.compute(job, measures.store, step)
    fresh = Measures(measures.loaded, measures.graph, measures.store.folder, measures.today)
    for kpi in outcome.computed:
        for place in (TOTAL, *fresh.locations(kpi)):
            judged = fresh.judged(kpi, place)
            if judged is not None and (not location or place == location):
                _keep_rows(fresh, judged, data, zone)
    return outcome


def wanting(judged: Judged) -> list[str]:
    """Return the last periods whose rows somebody will ask for: off target, or with a signal."""
    recent = judged.points[-{"day": 60, "week": 26, "month": 12, "quarter": 6, "year": 3}[judged.definition.grain] :]
    found = [p.period for p in recent if p.value is not None and (p.status == "off" or p.signals)]
    return found[-PERIODS_KEPT:]


def rows_file(measures: Measures, kpi: str, location: str, period: str) -> Path:
    """Return where the rows behind a value are kept."""
    return measures.store.folder / kpi / "rows" / f"{location or 'all'}-{period}.csv"


def _keep_rows(measures: Measures, judged: Judged, data: Path, zone: str) -> None:
    kpi = judged.definition.kpi
    wanted = wanting(judged)
    folder = measures.store.folder / kpi / "rows"
    for old in folder.glob(f"{judged.location or 'all'}-*.csv") if folder.is_dir() else ():
        if old.stem.removeprefix(f"{judged.location or 'all'}-") not in wanted:
            old.unlink(missing_ok=True)
    for period in wanted:
        try:
            found = evidence.behind(
                judged.definition, measures.sources, data, zone, measures.today, period, judged.location, ROWS_KEPT
            )
        except (SourceFault, periods.PeriodFault):
            continue  # the value stands; its rows can be asked for again
        file = rows_file(measures, kpi, judged.location, period)
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".part")
        temporary.write_text(as_csv(found), encoding="utf-8", newline="")
        temporary.replace(file)


def as_csv(found: evidence.Behind) -> str:
    """Return rows as CSV in which no cell is a formula: a spreadsheet would carry it out on opening."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(found.columns)
    for row in found.rows:
        writer.writerow([_cell(row[c]) for c in found.columns])
    return out.getvalue()


def _cell(value: object) -> object:
    return "'" + value if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
