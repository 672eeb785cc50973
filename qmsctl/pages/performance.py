"""What measures say, as pages show it: values, charts, scorecards, and the rows behind a red dot."""

from __future__ import annotations

import copy
import csv
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from qmsctl.diagrams import charts
from qmsctl.diagrams.charts import Chart
from qmsctl.graph import Graph
from qmsctl.measures import judgement, periods, run, scorecards, words
from qmsctl.measures.board import Attainment, Measures
from qmsctl.measures.model import SIGNS, TOTAL, WORDS, Judged
from qmsctl.measures.scorecards import Card, Group, Line
from qmsctl.pages.wording import MONTHS, Words

_TEXTS = re.compile(r'<(title|desc)[^>]*>.*?</\1>| role="img"| aria-labelledby="[^"]*"', re.DOTALL)
_SIGN = re.compile(r"(?<=\d)[,.](?=\d)")
SHOWN_ROWS = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows behind a value, of which a page shows the first ones."""

    location: str
    period: str
    words: str
    value: str
    status: str
    file: str
    columns: tuple[str, ...]
    first: tuple[tuple[str, ...], ...]
    count: int


class Performance:
    """The measures of a view, with charts drawn when a page asks for them."""

    def __init__(self, measures: Measures) -> None:
        self.measures = measures
        self.signs = SIGNS
        self.words = WORDS
        self.graph: Graph = measures.graph
        self.t = Words()
        self._charts: dict[tuple[str, ...], Any] = {}

    def spoken(self, t: Words, graph: Graph) -> Performance:
        """Return the same figures in another language; titles and units are those of its graph."""
        found = copy.copy(self)
        found.__dict__.pop("executive", None)
        found.t, found.graph = t, graph
        return found

    # --- values -------------------------------------------------------------------------------------

    def judged(self, kpi: str, location: str = TOTAL) -> Judged | None:
        return self.measures.judged(kpi, location) if kpi in self.measures.definitions else None

    def status(self, kpi: str) -> str:
        return self.measures.status(kpi)

    def process_status(self, process: str) -> str:
        """The sign of a process on the value chain; "" where it has no KPI."""
        return self.measures.process_status(process) if self.measures.of_process(process) else ""

    def process_words(self, process: str) -> str:
        """What the sign of a process says: on target only where every target is reached."""
        state = self.process_status(process)
        lines = scorecards.group(self.measures, "", process, self.measures.of_process(process)).lines
        near = state == "on" and any(line.words != WORDS["on"] for line in lines if line.status == "on")
        return "within limits" if near else WORDS.get(state, "")

    def shown(self, judged: Judged, value: float | None) -> str:
        return self.local(words.number(value, judged.definition.decimals, self.unit(judged)))

    def local(self, text: str) -> str:
        """Write the figures in a text with the signs of the language: 1,234.5 or 1.234,5."""
        said = str(self.t("1,234.5"))
        signs = {",": said[1], ".": said[5]}
        return _SIGN.sub(lambda m: signs[m[0]], str(self.t(text)))

    def count(self, number: int) -> str:
        """A whole number as people read it."""
        return self.local(f"{number:,}")

    def unit(self, judged: Judged) -> str:
        item = self.graph.items.get(judged.definition.kpi)
        return str(item.get("unit") or "") if item is not None else judged.definition.unit

    def figure(self, judged: Judged, value: float | None) -> str:
        """The value without its unit."""
        return self.local(words.shown(judged.definition, value, unit=False))

    def aim(self, judged: Judged) -> str:
        if not judged.points:
            return str(self.t("no target"))
        return self._aim(words.aim(replace(judged.definition, unit=self.unit(judged)), judged.points[-1].target))

    def _aim(self, said: str) -> str:
        """Say a target in the language of the view: at least 97 %, between 5 and 7.5 turns."""
        t = self.t
        first, _, value = said.partition(" ")
        low, _, high = value.partition(" and ")
        found = {
            "between": t("between {low} and {high}", low=low, high=high),
            "about": t("about {value}", value=value),
            "at least": t("at least {value}", value=value.partition(" ")[2]),
            "at most": t("at most {value}", value=value.partition(" ")[2]),
        }
        return self.local(str(found.get(" ".join(said.split()[:2]), found.get(first, t(said)))))

    def trend(self, judged: Judged) -> str:
        return str(self.t(words.TRENDS[judged.trend]))

    def spans(self, judged: Judged) -> list[tuple[str, str]]:
        """The value over longer times and a year before, as (name, value)."""
        t = self.t
        found = (
            (self._without(judged, str(t("Year to date"))), judged.year_to_date),
            (str(t("A year before, to date")), judged.year_before_to_date),
            (self._without(judged, str(t("Last twelve months"))), judged.rolling),
            (str(t("Same period a year before")), judged.year_before),
        )
        return [(name, self.figure(judged, value)) for name, value in found if value is not None]

    def _without(self, judged: Judged, name: str) -> str:
        """Say which periods of this year a longer time leaves out, since their values are not trusted."""
        year = judged.points[-1].period[:4] if judged.points else ""
        left = [p.period for p in judged.points if p.period[:4] == year and p.point.doubt]
        if not left:
            return name
        if len(left) == 1:
            return str(self.t("{name} without {period}", name=name, period=self.period(left[0])))
        return str(self.t("{name} without {n} periods", name=name, n=len(left)))

    def period(self, key: str) -> str:
        """A period as people write it: October 2026, week 47 of 2026."""
        found, t = periods.parse(key), self.t
        year = found.key[:4]
        if found.grain == "day":
            return t.day(found.key)
        if found.grain == "week":
            return str(t("week {n} of {year}", n=int(found.key[6:]), year=year))
        if found.grain == "quarter":
            return str(t("quarter {n} of {year}", n=found.key[-1], year=year))
        return f"{t(MONTHS[int(found.key[5:]) - 1])} {year}" if found.grain == "month" else year

    def missing(self, kpi: str) -> str:
        """Why a KPI has no value, as a sentence."""
        said = str(self.t(self.measures.missing(kpi)))
        return f"{said[:1].upper()}{said[1:]}."

    def reached(self, judged: Judged) -> bool:
        latest = judged.latest
        if latest is None or latest.value is None:
            return False
        return judgement.reached(judged.definition.direction, latest.target, latest.value)

    # --- scorecards -----------------------------------------------------------------------------------

    @cached_property
    def executive(self) -> Card:
        return self._card(scorecards.executive(self.measures))

    def card(self, kind: str, ref: str) -> Card:
        return self._card(scorecards.OF[kind](self.measures, ref))

    def _card(self, card: Card) -> Card:
        return replace(card, groups=tuple(self._group(group) for group in card.groups))

    def _group(self, group: Group) -> Group:
        source = self.measures.graph.title(group.ref) if group.ref else ""
        title = group.title.replace(source, self.graph.title(group.ref)) if source else group.title
        return replace(group, title=str(self.t(title)), lines=tuple(self._line(line) for line in group.lines))

    def _line(self, line: Line) -> Line:
        item = self.graph.items.get(line.kpi)
        value = self.local(line.value)
        if item is None:
            return replace(line, value=value, target=self._aim(line.target))
        unit = str(item.get("unit") or "")
        return replace(line, title=item.title, unit=unit, value=value, target=self._aim(line.target))

    def worst(self, card: Card) -> Group | None:
        """What is off target or has no trustworthy value, each KPI once; None where there is nothing."""
        found = {line.kpi: line for g in card.groups for line in g.lines if line.status in ("off", "none")}
        rows = tuple(sorted(found.values(), key=lambda line: (line.status != "off", line.kpi)))
        return Group("", "", "off", rows) if rows else None

    def themes(self, card: Card) -> list[tuple[Group, list[Group]]]:
        """The themes of the scorecard of the organisation, each with its objectives."""
        found: list[tuple[Group, list[Group]]] = []
        for one in card.groups:
            if "#" in one.ref or not one.ref:
                found.append((one, [] if one.ref else [one]))
            else:
                found[-1][1].append(one)
        return found

    def lines(self, kpis: list[str]) -> Any:
        """Some KPIs as one group of a scorecard, the worst first."""
        known = [k for k in kpis if k in self.measures.definitions]
        return self._group(scorecards.group(self.measures, "", "", known))

    def attainment(self, objective: str) -> Attainment:
        return self.measures.attainment(objective)

    def theme(self, ref: str) -> Attainment:
        return self.measures.theme(ref, scorecards.objectives_of(self.measures, ref))

    def percent(self, share: float | None) -> str:
        return "" if share is None else f"{share * 100:.0f} %"

    def counts(self, card: Card) -> list[tuple[str, str, str, int]]:
        """How many KPIs of a card are in which state, as (state, sign, words, count)."""
        states = {sign: state for state, sign in SIGNS.items()}
        return [(states[sign], sign, said, count) for sign, said, count in scorecards.counts(card)]

    # --- charts ---------------------------------------------------------------------------------------

    def chart(self, kpi: str) -> Chart | None:
        judged = self.judged(kpi)
        return self._draw(("chart", kpi), lambda: charts.kpi_chart(judged)) if judged else None

    def multiples(self, kpi: str) -> Chart | None:
        every = [self.judged(kpi, place) for place in self.measures.locations(kpi)]
        known = [j for j in every if j is not None and j.points]
        titles = {j.location: self.measures.graph.title(j.location) for j in known}
        if len(known) < 2:
            return None
        return self._draw(("multiples", kpi), lambda: charts.small_multiples(known, titles))

    def places(self, kpi: str) -> list[Judged]:
        every = [self.judged(kpi, place) for place in self.measures.locations(kpi)]
        return [j for j in every if j is not None and j.points]

    def pareto(self, kpi: str) -> Chart | None:
        found = self.measures.definitions.get(kpi)
        rows = self.measures.pareto(kpi) if found is not None and found.pareto else []
        if not rows or found is None:
            return None
        part = found.aggregates.get("numerator") or next(iter(found.aggregates.values()))
        unit = part.column.replace("_", " ") if part.agg == "sum" else "rows"
        title = f"{found.title}: what it is made of, last twelve months"
        return self._draw(("pareto", kpi), lambda: charts.pareto(rows, unit, title, kpi))

    def funnel(self, kpi: str) -> Chart | None:
        found = self.measures.definitions.get(kpi)
        rows = self.measures.funnel(kpi) if found is not None and found.funnel else []
        if not rows or found is None:
            return None
        part = found.funnel[0].aggregate
        unit = part.column.replace("_", " ") if part.agg == "sum" else "rows"
        return self._draw(("funnel", kpi), lambda: charts.funnel(rows, unit, f"{found.title}: stages", kpi))

    def spark(self, kpi: str, location: str = TOTAL) -> Markup:
        """A small line of the last values; what it says stands beside it in words, so it is hidden from readers."""
        return self._small("spark", kpi, location)

    def bullet(self, kpi: str, location: str = TOTAL) -> Markup:
        """The latest value beside target and limits, hidden from readers for the same reason."""
        return self._small("bullet", kpi, location)

    def _small(self, sort: str, kpi: str, location: str) -> Markup:
        judged = self.judged(kpi, location)
        if judged is None or not judged.points:
            return Markup("")
        draw = charts.sparkline if sort == "spark" else charts.bullet
        found = self._draw((sort, kpi, location), lambda: draw(judged))
        return (
            Markup(_TEXTS.sub("", found.svg).replace("<svg ", '<svg aria-hidden="true" ', 1)) if found else Markup("")
        )

    def _draw(self, key: tuple[str, ...], draw: Any) -> Chart | None:
        if key not in self._charts:
            self._charts[key] = draw() if can_draw() else None
        found: Chart | None = self._charts[key]
        return found

    def svg(self, chart: Chart) -> Markup:
        """The drawing for wide and for narrow screens; every text in it was escaped when it was drawn."""
        return Markup(chart.svg + chart.narrow)

    def table(self, judged: Judged) -> list[dict[str, Any]]:
        """Every period with its value, target and what is known about it, the newest first."""
        return [self._row(row) for row in reversed(charts.table(judged))]

    def _row(self, row: dict[str, str]) -> dict[str, Any]:
        low, to, high = row["target"].partition(" to ")
        target = self.t("{low} to {high}", low=low, high=high) if to else self._aim(row["target"])
        was, changed, day = row["restated"].removeprefix("was ").partition(", changed ")
        restated = (
            self.t("was {value}, changed on {day}", value=self.local(was), day=self.t.day(day)) if changed else ""
        )
        said = {"period": self.period(row["key"]), "value": self.local(row["value"]), "target": self.local(str(target))}
        return {**row, **said, "restated": str(restated)}

    def breakdown(self, kpi: str, dimension: str) -> list[tuple[str, str]]:
        judged = self.judged(kpi)
        if judged is None:
            return []
        rows = self.measures.breakdown(kpi, dimension)
        if judged.definition.direction == "higher":
            rows = rows[::-1]  # the worst first
        return [(member, self.shown(judged, value)) for member, value in rows]

    # --- where it comes from --------------------------------------------------------------------------

    def parts(self, kpi: str) -> list[tuple[str, str, str]]:
        """The parts of a KPI in words, as (name, what is counted, source)."""
        found = self.measures.definitions[kpi]
        return [(name, words.aggregate(a), a.source) for name, a in found.aggregates.items() if a.source]

    def computation(self, kpi: str) -> str:
        return words.computation(self.measures.definitions[kpi])

    def run(self, kpi: str) -> Any:
        return self.measures.run(kpi)

    def sources(self, kpi: str) -> list[Any]:
        """What is known of the sources of a KPI since the last run, as (id, state or None)."""
        used = {a.source for a in self.measures.definitions[kpi].aggregates.values() if a.source}
        return [(name, self.measures.source_state(name)) for name in sorted(used)]

    def state(self, source: str) -> Any:
        return self.measures.source_state(source)

    def breaches(self, kpi: str) -> list[Any]:
        return self.measures.breaches(kpi)

    def explanations(self, kpi: str) -> list[Any]:
        return list(reversed(self.measures.explanations(kpi)))

    def recorded(self, kpi: str) -> list[Any]:
        return list(reversed(self.measures.recorded(kpi)))

    def rows_behind(self, kpi: str) -> list[Rows]:
        """The rows kept behind values that are off target or stand out, the newest first."""
        found = []
        for place in (TOTAL, *self.measures.locations(kpi)):
            judged = self.judged(kpi, place)
            for period in run.wanting(judged) if judged is not None else ():
                file = run.rows_file(self.measures, kpi, place, period)
                rows = self._rows(judged, place, period, file) if judged is not None and file.is_file() else None
                if rows is not None:
                    found.append(rows)
        return sorted(found, key=lambda r: (r.period, not r.location), reverse=True)

    def _rows(self, judged: Judged, place: str, period: str, file: Path) -> Rows | None:
        with file.open(encoding="utf-8", newline="") as handle:
            lines = list(csv.reader(handle))
        point = next((p for p in judged.points if p.period == period), None)
        if not lines or point is None:
            return None
        return Rows(
            place,
            period,
            self.period(period),
            self.shown(judged, point.value),
            point.status,
            f"rows/{judged.definition.kpi}/{file.name}",
            tuple(lines[0]),
            tuple(tuple(line) for line in lines[1 : SHOWN_ROWS + 1]),
            len(lines) - 1,
        )

    def rows_folder(self, kpi: str) -> Path:
        """Where the rows of a KPI are kept."""
        return self.measures.store.rows_folder(kpi)


@lru_cache(maxsize=1)
def can_draw() -> bool:
    """Tell whether charts can be drawn here; the tables are there without them."""
    import importlib.util

    return importlib.util.find_spec("vl_convert") is not None
