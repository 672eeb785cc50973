"""Natural process limits, run rules and trends against published examples and other software.

tests/data/measures/rules.json holds what the R packages qcc and Rspc say, tests/data/measures/trend.json what
pymannkendall and scipy say; rules.R and trend.py beside them made these files.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsctl.measures import periods
from qmsctl.measures.behaviour import D2, RULES, behaviour, limits, mann_kendall, sigma_words, trend, violations
from qmsctl.measures.model import Behaviour

DATA = Path(__file__).parent / "data" / "measures"
SERIES: list[dict[str, Any]] = json.loads((DATA / "rules.json").read_text(encoding="utf-8"))
TRENDS: list[dict[str, Any]] = json.loads((DATA / "trend.json").read_text(encoding="utf-8"))

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, Individuals Control Charts: flow rates of ten batches.
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def months(values: list[float | None], first: str = "2024-01") -> list[tuple[str, float | None]]:
    period = periods.parse(first)
    return [(periods.shift(period, i).key, value) for i, value in enumerate(values)]


def facts(found: Behaviour) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(s.rule, s.period, s.periods) for s in found.signals]


CALM: list[float | None] = [10.0, 12.0] * 12
"""Mean 11, sigma 1.77, limits 5.68 and 16.32; it alternates, which Nelson 4 sees."""


# --- limits ---------------------------------------------------------------------------------------


def test_limits_of_the_nist_handbook() -> None:
    # NIST divides by 1.128, two decimals short of d2: its limits are wider by 3 parts in 10,000 of three sigmas.
    found = behaviour(months(FLOW))
    (phase,) = found.phases
    assert phase.mean == pytest.approx(50.81, abs=1e-9)
    assert phase.upper is not None
    assert phase.upper == pytest.approx(55.8041, abs=0.002)
    assert phase.lower == pytest.approx(45.8159, abs=0.002)
    assert 50.81 + (phase.upper - 50.81) * D2 / 1.128 == pytest.approx(55.8041, abs=5e-5)
    assert not any(s.rule.startswith("Western Electric 1") for s in found.signals)


def test_limits_of_the_sas_guide() -> None:
    # SAS/QC User's Guide, MACONTROL procedure, Example 9.4, Output 9.4.1:
    # LCLI, MEAN, UCLI and STDDEV of the diameters of 30 tires.
    tires = """24.05 23.99 23.95 23.93 23.97 24.02 24.06 24.10 23.98 24.03 23.91 24.06 24.06 23.96 23.98
        24.06 24.01 24.00 23.93 23.92 24.09 24.11 24.05 23.98 23.98 24.06 24.02 24.06 23.97 23.96"""
    found = limits([float(v) for v in tires.split()])
    assert found is not None
    mean, lower, upper, sigma = found
    assert [round(v, 4) for v in (lower, mean, upper)] == [23.8571, 24.0083, 24.1596]
    assert round(sigma, 6) == 0.050423


@pytest.mark.parametrize("series", SERIES[:4], ids=lambda s: s["series"])
def test_limits_as_qcc_computes_them(series: dict[str, Any]) -> None:
    # qcc uses d2 = 1.128.
    (phase,) = behaviour(months(series["values"])).phases
    assert phase.mean == pytest.approx(series["mean"], rel=1e-12)
    assert phase.sigma is not None
    assert phase.sigma * D2 / 1.128 == pytest.approx(series["sigma"], rel=1e-12)
    assert len(phase.baseline) == 24


def test_baseline_is_the_first_24_values_there_are() -> None:
    (phase,) = behaviour(months([None, *CALM[:10], None, *CALM[10:], 99.0, 99.0])).phases
    assert (phase.baseline[0], phase.baseline[-1], len(phase.baseline)) == ("2024-02", "2026-02", 24)
    assert (phase.first, phase.last, phase.mean) == ("2024-01", "2026-04", 11.0)


def test_no_moving_range_across_a_gap() -> None:
    (phase,) = behaviour(months([10, 12, 10, 12, None, 90, 92, 90, 92])).phases
    assert phase.sigma == pytest.approx(2 / D2)
    few = limits([10, 12, 10, None, 90, 92, 90, None, 50, None, 60])
    assert few is not None
    assert few[3] == pytest.approx(2 / D2)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0] * 3 + [1.0],
        [1.0, None] * 12,
        [1.0, 2.0, None, 3.0, None, 4.0, 5.0, None, 6.0, None, 7.0, None, 8.0],
        [1.7e308, -1.7e308] * 5,
        [None] * 30,
        [math.nan, math.inf, -math.inf] * 10,
    ],
)
def test_too_little_for_limits(values: list[float | None]) -> None:
    found = behaviour(months(values))
    (phase,) = found.phases
    assert (phase.mean, phase.lower, phase.upper, phase.sigma, phase.baseline) == (None, None, None, None, ())
    assert found.signals == ()
    assert sigma_words(phase).startswith("No limits: fewer than eight values since January 2024")


def test_a_new_start_computes_limits_anew() -> None:
    values = [*CALM, *[v + 100 for v in CALM if v]]
    found = behaviour(months(values), {"2026-01": "new line", "2031-01": "beyond the data"})
    assert [(p.first, p.last, p.mean, p.reason) for p in found.phases] == [
        ("2024-01", "2025-12", 11.0, ""),
        ("2026-01", "2027-12", 111.0, "new line"),
    ]
    assert all(not ("2025-12" in s.periods and "2026-01" in s.periods) for s in found.signals)
    assert behaviour(months(CALM), {"2020-01": "founded"}).phases[0].reason == "founded"
    assert behaviour([]) == Behaviour()


def test_sigma_in_words() -> None:
    (phase,) = behaviour(months(CALM)).phases
    assert sigma_words(phase) == (
        "Limits from the mean moving range of 24 values, January 2024 to December 2025 "
        "(sigma = mean moving range / 1.128)"
    )


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("series", SERIES, ids=lambda s: s["series"])
def test_rules_as_qcc_has_them(series: dict[str, Any]) -> None:
    found = violations(series["values"], series["mean"], series["sigma"])
    for rule in RULES:
        # qcc wants three or five values even where the first two or four have completed the pattern.
        ours = [i for i in found[rule.name] if i >= rule.of - 1]
        assert ours == series["qcc"][rule.name], rule.name


@pytest.mark.parametrize("series", SERIES, ids=lambda s: s["series"])
def test_rules_as_rspc_has_them(series: dict[str, Any]) -> None:
    found = violations(series["values"], series["mean"], series["sigma"])
    for name, expected in series["Rspc"].items():
        assert found[name] == expected, name


def test_every_rule_is_seen_by_other_software() -> None:
    assert {name for s in SERIES for name, where in s["qcc"].items() if where} == {r.name for r in RULES}


def test_special_causes_of_the_sas_guide() -> None:
    # SAS/QC User's Guide, SHEWHART procedure, XCHART, "Applying Tests for Special Causes":
    # means and ranges of five gap widths; "Test 5 was positive at sample 14".
    means = [270, 258, 248, 260, 273, 260, 259, 248, 260, 255, 268, 253, 273, 275, 257, 269, 249, 264, 258, 248, 248]
    ranges = [35, 25, 24, 39, 29, 21, 37, 37, 28, 19, 36, 36, 29, 22, 24, 41, 36, 31, 25, 36, 30]
    sigma = statistics.fmean(ranges) / 2.326 / math.sqrt(5)
    found = violations(means, statistics.fmean(means), sigma)
    assert [found[f"Nelson {n}"] for n in range(1, 6)] == [[], [], [], [], [13]]


# The tests of NelsonRules.jl (github.com/bluesmoon/NelsonRules.jl, test/runtests.jl): first value and length of a run.
SIDE = """39 398 4 76 435 188 236 283 481 271 270 274 270 272 273 273 271 271 384 194 57 232 494 468 417 104 323 469
    136 214 393 267 160 385 253 155 289 455 104 289 138 184 356 186 146 268 76 258"""
SLOPE = "62 79 70 81 82 83 84 87 13 83 32 5 13 36 93 74 34 20 69 96 98 101 104 107 110"
TURNS = "1 2 1 2 1 2 1 2 1 2 1 2 1 2 3 1 2 1 2 1 2"


@pytest.mark.parametrize(
    ("rule", "text", "runs", "need"),
    [("Nelson 2", SIDE, [(8, 12)], 9), ("Nelson 3", SLOPE, [(3, 6), (18, 8)], 6), ("Nelson 4", TURNS, [(1, 14)], 14)],
)
def test_runs_of_nelsonrules_jl(rule: str, text: str, runs: list[tuple[int, int]], need: int) -> None:
    values = [float(v) for v in text.split()]
    found = violations(values, statistics.fmean(values), statistics.stdev(values))[rule]
    assert found == [i for first, length in runs for i in range(first + need - 2, first + length - 1)]


@pytest.mark.parametrize(
    ("more", "rule", "span", "words"),
    [
        (
            [11, 30],
            "Western Electric 1, Nelson 1",
            1,
            "February 2026: above the upper natural limit (Western Electric 1, Nelson 1)",
        ),
        (
            [11, 15, 11.5, 15],
            "Western Electric 2, Nelson 5",
            3,
            "February to April 2026: two of three values more than two thirds of the way from the mean to the upper "
            "natural limit (Western Electric 2, Nelson 5)",
        ),
        (
            [11, 8.5, 8.5, 10, 8.5, 8.5],
            "Western Electric 3, Nelson 6",
            5,
            "February to June 2026: four of five values more than a third of the way from the mean to the lower "
            "natural limit (Western Electric 3, Nelson 6)",
        ),
        (
            [11, *[12, 12.1] * 4, 11],
            "Western Electric 4",
            8,
            "February to September 2026: eight values in a row above the mean (Western Electric 4)",
        ),
        (
            [11, *[10, 10.1] * 6],
            "Western Electric 4, Nelson 2",
            12,
            "February 2026 to January 2027: twelve values in a row below the mean (Western Electric 4, Nelson 2)",
        ),
        (
            [11, 9, 9.5, 10, 10.5, 11.5, 12, 12.5],
            "Nelson 3",
            7,
            "February to August 2026: seven values in a row, each higher than the one before (Nelson 3)",
        ),
        (
            [None, *[10, 12] * 7],
            "Nelson 4",
            14,
            "February 2026 to March 2027: fourteen values in a row that go up and down in turn (Nelson 4)",
        ),
        (
            [13, *[11.2, 11.3, 10.8] * 5],
            "Nelson 7",
            15,
            "February 2026 to April 2027: fifteen values in a row close to the mean, less spread than the limits let "
            "expect (Nelson 7)",
        ),
        (
            [11, *[13, 13.1, 8.9, 9] * 2],
            "Nelson 8",
            8,
            "February to September 2026: eight values in a row far from the mean, on both sides of it (Nelson 8)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_signals_in_words(more: list[float | None], rule: str, span: int, words: str) -> None:
    later = [s for s in behaviour(months([*CALM, *more])).signals if s.period >= "2026-02"]
    (signal,) = [s for s in later if s.rule == rule]
    assert (signal.words, len(signal.periods), signal.periods[-1]) == (words, span, signal.period)


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("2024-01-01", "25 January to 1 February 2024"),
        ("2024-W01", "week 25 to week 32 of 2024"),
        ("2018-Q1", "quarter 1 of 2024 to quarter 4 of 2025"),
        ("2001", "2025 to 2032"),
    ],
)
def test_spans_of_every_grain_in_words(first: str, words: str) -> None:
    found = behaviour(months([*CALM, *[10.0, 10.1] * 4], first))
    (signal,) = [s for s in found.signals if s.rule == "Western Electric 4"]
    assert signal.words == f"{words}: eight values in a row below the mean (Western Electric 4)"


def test_each_value_beyond_a_limit_is_a_signal() -> None:
    found = behaviour(months([*CALM, 30, 30]))
    assert [s.period for s in found.signals if s.rule.startswith("Western Electric 1")] == ["2026-01", "2026-02"]


def test_gaps_break_runs() -> None:
    broken = behaviour(months([*CALM, 12, 12, 12, 12, None, 12, 12, 12, 12]))
    assert not [s for s in broken.signals if s.rule.startswith("Western Electric 4")]


def test_equal_values_have_limits_at_the_mean() -> None:
    # 0.1 + 0.1 + 0.1 is not 3 * 0.1 in floats: a mean beside the values would make each of them a signal.
    for value in (0.1, 97.3, -1e-300, 1e300, 0.0):
        found = behaviour(months([value] * 30))
        assert (found.phases[0].lower, found.phases[0].upper, found.phases[0].sigma) == (value, value, 0.0)
        assert found.signals == ()
    (signal,) = behaviour(months([*[0.1] * 24, 0.2, 0.1])).signals
    assert signal.rule == "Western Electric 1, Nelson 1"
    assert signal.words.startswith("January 2026: above the upper natural limit")


# --- properties -----------------------------------------------------------------------------------

whole = st.lists(st.none() | st.integers(-50, 50).map(float), max_size=60)
anything = st.lists(st.none() | st.floats(), max_size=60)


@settings(deadline=None)
@given(whole, st.integers(-1000, 1000), st.integers(-8, 8))
def test_shifting_and_scaling_keeps_the_signals(values: list[float | None], shift: int, power: int) -> None:
    moved = [None if v is None else (v + shift) * 2.0**power for v in values]
    assert behaviour(months(values)).signals == behaviour(months(moved)).signals


@settings(deadline=None)
@given(whole)
def test_mirrored_values_mirror_the_signals(values: list[float | None]) -> None:
    swaps = {"above": "below", "below": "above", "upper": "lower", "lower": "upper", "higher": "lower"}
    plain, mirrored = behaviour(months(values)), behaviour(months([None if v is None else -v for v in values]))
    assert sorted(facts(plain)) == sorted(facts(mirrored))
    for one in plain.signals:
        # `lower` stands for a limit or a slope, so both are put back to one word.
        wanted = " ".join(swaps.get(w, w) for w in one.words.split(" ")).replace("each upper", "each higher")
        assert wanted in {s.words for s in mirrored.signals}


@settings(deadline=None)
@given(whole, st.integers(-50, 50), st.integers(0, 20))
def test_stretches_between_gaps_are_judged_by_themselves(values: list[float | None], mean: int, sigma: int) -> None:
    expected: dict[str, list[int]] = {rule.name: [] for rule in RULES}
    start = 0
    for i, value in enumerate([*values, None]):
        if value is None:
            for name, where in violations(values[start:i], mean, sigma).items():
                expected[name].extend(start + w for w in where)
            start = i + 1
    assert violations(values, mean, sigma) == expected


@settings(deadline=None, max_examples=300)
@given(anything, st.sampled_from(["higher", "lower", "within"]), st.none() | st.floats())
def test_any_values_are_judged(values: list[float | None], direction: str, target: float | None) -> None:
    rows = months(values)
    found = behaviour(rows, {"2025-01": "a start"})
    keys = [key for key, _ in rows]
    assert [key for p in found.phases for key in keys if p.first <= key <= p.last] == keys
    for signal in found.signals:
        first = keys.index(signal.periods[0])
        assert tuple(keys[first : first + len(signal.periods)]) == signal.periods
        assert all(v is not None and math.isfinite(v) for v in values[first : first + len(signal.periods)])
    assert len({(s.rule, s.periods) for s in found.signals}) == len(found.signals)
    assert trend(values, direction, target) in ("improving", "worsening", "steady", "unknown")


# --- the trend ------------------------------------------------------------------------------------


def test_mann_kendall_by_hand() -> None:
    # College of the Holy Cross, "A Mann-Kendall Example (By Hand)": S = 54, Z = 2.9058, one-sided p .0018.
    values = [12.9, 14.8, 13.2, 15.7, 13.8, 15.6, 12.9, 11.0, 17.3, 15.9, 19.0, 18.3, 20.1, 21.7]
    score, variance, chance = mann_kendall(values)
    assert score == 54
    assert variance == pytest.approx((14 * 13 * 33 - 2 * 1 * 9) / 18)
    assert (score - 1) / math.sqrt(variance) == pytest.approx(2.9058, abs=5e-5)
    assert chance / 2 == pytest.approx(0.0018, abs=5e-5)


@pytest.mark.parametrize("row", TRENDS, ids=lambda row: f"{row['trend']} {row['s']}")
def test_trends_of_other_software(row: dict[str, Any]) -> None:
    score, variance, chance = mann_kendall(row["values"])
    assert score == row["s"]
    assert variance == pytest.approx(row["variance"], rel=1e-12)
    assert chance == pytest.approx(row["p"], rel=1e-9)
    words = {"increasing": "improving", "decreasing": "worsening", "no trend": "steady"}
    assert trend(row["values"], "higher") == words[row["trend"]]
    if row["exact"] is not None:
        assert (chance < 0.05) == (row["exact"] < 0.05)


def test_a_trend_decides_as_the_exact_distribution_does() -> None:
    # Kendall, Rank Correlation Methods: the number of orders of n values with k inversions, n after n.
    orders = [1]
    for n in range(2, 13):
        orders = [sum(orders[max(0, k - n + 1) : k + 1]) for k in range(len(orders) + n - 1)]
        for inversions in range(len(orders) // 2):
            score = len(orders) - 1 - 2 * inversions
            exact = 2 * sum(orders[: inversions + 1]) / math.factorial(n)
            normal = math.erfc((score - 1) / math.sqrt(n * (n - 1) * (2 * n + 5) / 9))
            assert n < 6 or score == 0 or (exact < 0.05) == (normal < 0.05)


def test_trend_by_direction() -> None:
    rising: list[float | None] = [1, None, 2, 3, 4, 5, None, 6]
    assert [trend(rising, d) for d in ("higher", "lower")] == ["improving", "worsening"]
    assert [trend(rising, "within", t) for t in (6, 1, 3.5, None)] == ["improving", "worsening", "steady", "unknown"]
    assert trend(rising[:-1], "higher") == "unknown"
    assert trend([5] * 12, "higher") == "steady"
    assert trend([*range(100, 0, -1), *range(12)], "higher") == "improving"  # the last twelve only
    with pytest.raises(ValueError, match="no direction"):
        trend(rising, "up")


def test_equal_distances_on_both_sides_are_equal() -> None:
    # 97.3 and 97.5 are as far from 97.4; in floats the distances differ, and differences would look like a trend.
    assert trend([97.3, 97.5] * 6, "within", 97.4) == "steady"
    assert trend([97.3] * 6 + [97.5] * 6, "within", 97.4) == "steady"
