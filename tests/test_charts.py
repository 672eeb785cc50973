"""Charts as they are really drawn: well-formed, safe, the same every time, and saying in words what they show."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from qmsctl.diagrams import charts, scales, vega, wording
from qmsctl.diagrams.charts import Chart
from qmsctl.measures import periods
from qmsctl.measures.model import WORDS, Behaviour, Definition, Judged, JudgedPoint, Phase, Point, Signal, Target

pytest.importorskip("vl_convert")
HOSTILE = '</title></svg><script>alert(1)</script><image href="javascript:alert(1)"/> & \x00 \x1b[31m \'"> \u202e'
AIM = Target(97, 95, 93)


def judged(
    values: list[float | None],
    target: Target = AIM,
    *,
    title: str = "Deliveries on time",
    unit: str = "%",
    direction: str = "higher",
    decimals: int = 1,
    doubt: str = "",
    location: str = "",
    phase: bool = False,
    signals: int = 0,
    last: str = "2026-10",
    trend: str = "improving",
    kpi: str = "KPI-004",
) -> Judged:
    """Return a series whose last period is ``last``; the second point is doubted where ``doubt`` says why."""
    end = periods.parse(last)
    keys = [periods.shift(end, -i).key for i in reversed(range(len(values)))]
    told = tuple(
        Signal("rule 1", k, (k,), f"{periods.words(k)}: below the lower natural limit")
        for k in keys[len(keys) - signals :]
    )
    points = []
    for index, (key, value) in enumerate(zip(keys, values, strict=True)):
        why = doubt if index == 1 else ""
        status = "none" if value is None or why else "on" if value >= 97 else "watch" if value >= 93 else "off"
        mine = tuple(s for s in told if s.period == key)
        points.append(JudgedPoint(Point(key, value, doubt=why), target, status, WORDS[status], mine))
    phases = (Phase(keys[0], keys[-1], 95.0, 91.0, 99.0, 1.3, tuple(keys)),) if phase else ()
    made = Definition(kpi, title, "ratio", unit, direction, end.grain, decimals=decimals)
    return Judged(made, location, tuple(points), Behaviour(phases, told), trend)


SERIES = {
    "plain": judged([96.0, 94.0, 97.5, 92.0, 98.0], phase=True, signals=2),
    "gaps": judged([None, 95.0, None, None, 97.0, None], doubt="two files are missing"),
    "empty": judged([]),
    "one": judged([96.0]),
    "nothing": judged([None] * 12, phase=True),
    "nothing at all": judged([None], Target(None)),
    "zero sigma": judged([97.0] * 9, phase=True),
    "zero": judged([0.0, 0.0, 0.0], Target(0.0)),
    "no target": judged([4.0, 5.0, 6.0], Target(None), unit="parts"),
    "huge": judged([1.2e12, 3.4e12, 9e15, 1e200], Target(1e12), unit="EUR"),
    "tiny": judged([1e-9, 2e-9, 5e-12], Target(1e-9), unit="mbar·l/s", direction="lower"),
    "negative": judged([-4.0, -0.04, 3.0], Target(0.0), unit="days"),
    "not finite": judged([float("nan"), float("inf"), 3.0], Target(2.0), unit="days"),
    "within": judged([4.0, 6.0, 7.5], Target(6.0, low=5.0, high=7.0), direction="within", unit="turns"),
    "one edge": judged([4.0, 6.0, 7.5], Target(None, low=5.0), direction="within", unit="turns"),
    "days": judged([90.0 + i % 9 for i in range(200)], last="2026-11-18", signals=9),
    "weeks": judged([95.0, None] * 27, last="2026-W46"),
    "quarters": judged([95.0] * 9, last="2026-Q3"),
    "years": judged([95.0] * 30, last="2025"),
    "hostile": judged([95.0, 96.0], title=HOSTILE, unit=HOSTILE, location=HOSTILE, kpi=HOSTILE),
}
CAUSES = [("Scratches", 124.0), ("Wrong label", 88.0), *((f"Cause {n}", 12.0 - n) for n in range(11)), (HOSTILE, 500.0)]


def drawings(chart: Chart) -> list[str]:
    return [svg for svg in (chart.svg, chart.narrow) if svg]


def check(svg: str) -> ElementTree.Element:
    """Return a drawing after making sure that it holds nothing but marks."""
    root = ElementTree.fromstring(svg)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names <= {"svg", "title", "desc", "g", "path", "line", "circle", "text"}, names
    for element in root.iter():
        for key, value in element.attrib.items():
            assert not key.startswith("on"), key
            assert "href" not in key, key
            assert key == "font-family" or "url(" not in value, value
            assert "nan" not in value.lower(), (key, value)
            assert "infinity" not in value.lower(), (key, value)
            if key in ("fill", "stroke"):
                assert re.fullmatch(r"#[0-9a-f]{6}|none", value), value
    assert (root.get("role"), root.get("width")) == ("img", "100%")
    assert root.get("height") is None
    assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", root.get("viewBox") or "")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert " ".join(i for i in ids if i) == root.get("aria-labelledby")
    return root


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("draw", [charts.kpi_chart, charts.bullet, charts.sparkline])
def test_every_series_is_drawn_the_same_twice(draw: type[Chart], name: str) -> None:
    first, again = draw(SERIES[name]), draw(SERIES[name])  # type: ignore[arg-type,call-arg]
    assert first == again
    for svg in drawings(first):
        check(svg)


def test_hostile_texts_stay_texts() -> None:
    hostile = SERIES["hostile"]
    for chart in (
        charts.kpi_chart(hostile),
        charts.small_multiples([hostile, hostile], {HOSTILE: HOSTILE}),
        charts.pareto(CAUSES, HOSTILE, HOSTILE),
        charts.funnel([(HOSTILE, 4.0), ("b", 3.0)], HOSTILE, HOSTILE),
    ):
        for svg in drawings(chart):
            root = check(svg)
            assert "<script" not in svg
            assert "\u202e" not in svg
            assert "<script>alert(1)</script>" in "".join(root.itertext())


def test_ids_differ_on_one_page() -> None:
    plain, there = SERIES["plain"], judged([95.0], location="LOC-002")
    page = [
        charts.kpi_chart(plain), charts.kpi_chart(there), charts.kpi_chart(plain, key="again"),
        charts.bullet(plain), charts.sparkline(plain), charts.sparkline(plain, key="row 2"),
        charts.small_multiples([plain, there], {}), charts.pareto(CAUSES, "complaints"),
        charts.pareto(CAUSES[1:], "complaints"), charts.funnel(CAUSES[:3], "parts"),
    ]  # fmt: skip
    ids = [found for chart in page for svg in drawings(chart) for found in re.findall(r' id="([^"]+)"', svg)]
    assert len(ids) == len(set(ids)) == 2 * sum(len(drawings(chart)) for chart in page)


def test_status_is_told_by_shape_and_gaps_stay_gaps() -> None:
    root = check(charts.kpi_chart(SERIES["gaps"]).svg)
    said = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"no data", "not trusted"} <= set(said)
    marks = [e for e in root.iter() if e.tag.endswith("circle")]
    assert len([e for e in marks if e.get("fill") != vega.GOOD]) == 5, "five periods without a value"
    plain = charts.kpi_chart(SERIES["plain"]).svg
    for colour in (vega.GOOD, vega.WATCH, vega.OFF):
        assert colour in plain


def test_labels_are_direct() -> None:
    root = check(charts.kpi_chart(SERIES["plain"]).svg)
    said = {element.text for element in root.iter() if element.tag.endswith("text")}
    assert {"target 97\u00a0%", "mean 95.0", "natural limit 91.0", "watch below 95\u00a0%", "98.0\u00a0%"} <= said
    root = check(charts.kpi_chart(SERIES["within"]).svg)
    said = {element.text for element in root.iter() if element.tag.endswith("text")}
    assert {"at least 5\u00a0turns", "at most 7\u00a0turns", "turns · best within the band"} <= said


def test_what_it_says() -> None:
    chart = charts.kpi_chart(SERIES["plain"])
    assert chart.title == "Deliveries on time"
    assert chart.description.replace("\u00a0", " ") == (
        "Deliveries on time. October 2026: 98.0 %, on target. Target: 97 %, higher is better. Trend: improving. "
        "Mean 95.0, natural process limits 91.0 to 99.0 %. The figure shows June 2026 to October 2026. "
        "2 signals: September 2026: below the lower natural limit; October 2026: below the lower natural limit."
    )
    assert chart.notes == (
        "① September 2026: below the lower natural limit.",
        "② October 2026: below the lower natural limit.",
    )
    assert charts.kpi_chart(SERIES["gaps"]).description.replace("\u00a0", " ") == (
        "Deliveries on time. October 2026: no data. Target: 97 %, higher is better. Trend: improving. The figure "
        "shows May 2026 to October 2026. No data: May 2026, July 2026, August 2026 and 1 more. "
        "Not trusted: June 2026."
    )
    assert charts.bullet(SERIES["empty"]).description == "Deliveries on time. No complete period yet."
    said = charts.pareto([("a", 3.0), ("b", 1.0), ("none", 0.0)], "parts", "Scrap").description
    assert said.replace("\u00a0", " ") == (
        "Scrap, most frequent first. a: 3 parts, together 75 %. b: 1 parts, together 100 %."
    )
    said = charts.funnel([("Enquiries", 40.0), ("Orders", 10.0)], "", "Sales").description
    assert said.replace("\u00a0", " ") == "Sales. Enquiries: 40. Orders: 10, 25 % of the stage before."


def test_narrow_shows_the_last_twelve_and_says_so() -> None:
    chart = charts.kpi_chart(judged([96.0] * 30))
    assert "last 12 periods only" in chart.narrow
    assert "last 12 periods only" not in chart.svg


def test_only_the_last_signals_are_numbered() -> None:
    chart = charts.kpi_chart(SERIES["days"])
    assert len(chart.notes) == wording.NUMBERED
    assert sum(bool(row["signals"]) for row in charts.table(SERIES["days"])) == 9


def test_table_says_the_same() -> None:
    rows = charts.table(SERIES["gaps"])
    assert [row["value"].replace("\u00a0", " ") for row in rows[:2]] == ["no data", "not trusted"]
    assert rows[1]["doubt"] == "two files are missing"
    assert (rows[4]["period"], rows[4]["value"], rows[4]["sign"]) == ("September 2026", "97.0\u00a0%", "●")
    assert rows[4]["target"] == "97\u00a0%"


def test_panels_and_rankings() -> None:
    late = judged([96.0, 97.0], location="LOC-002")
    for several in ([], [SERIES["empty"]], [SERIES["plain"], late, SERIES["nothing"], SERIES["one"]]):
        for svg in drawings(charts.small_multiples(several, {"LOC-002": "Brno"})):
            check(svg)
    for rows in ([], [("a", 0.0)], [("a", float("nan"))], [("a", 1.0)], CAUSES):
        for chart in (charts.pareto(rows, "parts"), charts.funnel(rows[:8], "parts")):
            for svg in drawings(chart):
                check(svg)
    assert "other (4)" in charts.pareto(CAUSES, "complaints").svg


def test_numbers_are_written_as_people_do() -> None:
    said = [wording.number(v, d, t) for v, d, t in (
        (97.0, 1, True), (97.25, 1, True), (97.0, 1, False), (12500.4, 0, False), (-0.04, 1, False), (-3.0, 1, False),
        (0.0, 1, False), (1.2e-9, 1, False), (-4e18, 0, False))]  # fmt: skip
    assert said == ["97", "97.25", "97.0", "12,500", "−0.04", "−3.0", "0.0", "1.2 × 10⁻⁹", "−4 × 10¹⁸"]


def test_labels_keep_clear_of_each_other() -> None:
    places = scales.spread([50.0, 50.0, 51.0, 200.0, 10.0], 0, 210)
    ordered = sorted(places)
    assert all(b - a >= 14 for a, b in pairwise(ordered))
    assert min(places) >= 0
    assert max(places) <= 210
    assert places[3] == 200.0
    assert places[4] == 10.0


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (92.0, 98.0), (1e9, 2e9), (1e-9, 5e-9), (-3.0, 4.0), (0.0, 1e200)])
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    marks = scales.ticks(low, high)
    assert 2 <= len(marks) <= 7
    assert all(low - 1e-9 * (high - low) <= v <= high + 1e-9 * (high - low) for v, _ in marks)
    assert len({label for _, label in marks}) == len(marks), marks


def test_without_the_drawing_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(charts.ChartFault, match=r"pip install 'qmsctl\[measures\]'"):
        charts.sparkline(SERIES["plain"])
