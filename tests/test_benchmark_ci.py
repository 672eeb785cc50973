"""The benchmark of CI fails where it should, and only there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import ci, generator

STORED = {"ratio": 6.0, "loading": 600, "linking": 500, "checking": 1800}


def found(**others: float) -> dict[str, list[int]]:
    """The calls of a system whose items cost what is stored, besides a start of 100,000."""
    cost = {**{name: STORED[name] for name in ("loading", "linking", "checking")}, **others}
    return {name: [100_000 + round(size * one) for size in ci.SIZES] for name, one in cost.items()}


def test_what_is_as_fast_as_it_was_passes() -> None:
    assert [*ci.faults(STORED, 6.0, found())] == []
    assert [*ci.faults(STORED, 2.1, found(loading=700, linking=200))] == []


def test_a_lost_ratio_is_told() -> None:
    (said,) = ci.faults(STORED, 1.9, found())
    assert "2.0 is the least" in said


@pytest.mark.parametrize("phase", ["loading", "linking", "checking"])
def test_dearer_items_are_told(phase: str) -> None:
    (said,) = ci.faults(STORED, 6.0, found(**{phase: STORED[phase] * 1.4}))
    assert said.startswith(f"{phase} takes")


def test_a_phase_that_costs_nothing_may_stay_so() -> None:
    none = {**STORED, "linking": 0}
    assert [*ci.faults(none, 6.0, found(linking=0))] == []
    assert [said.split(" ")[:2] for said in ci.faults(none, 6.0, found(linking=20))] == [["linking", "takes"]]


def test_growth_that_is_not_linear_is_told_even_where_it_is_cheap() -> None:
    rows = {**found(), "linking": [size * size // 10 for size in ci.SIZES]}
    assert [said.split(" ")[:2] for said in ci.faults(STORED, 6.0, rows)] == [["linking", "grows"]]


def test_each_phase_is_counted_alike_in_every_process_and_has_a_bound(tmp_path: Path) -> None:
    generator.generate(tmp_path / "qms", 60, seed=1)
    command = [sys.executable, "-m", "benchmarks.ci", "--count", str(tmp_path / "qms")]
    root = Path(__file__).resolve().parents[1]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True, cwd=root) for _ in range(2)]
    first, second = (json.loads(done.stdout) for done in runs)
    assert set(first) | {"ratio"} == set(json.loads(ci.STORED.read_text()))
    assert first["loading"] > 1000
    assert first["checking"] > 1000
    for phase, number in first.items():
        assert number == pytest.approx(second[phase], rel=0.02)
