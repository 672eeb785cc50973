"""The reference system is complete, consistent, and stands still on its day."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from qmsctl import checks
from qmsctl.coverage import coverage_of
from qmsctl.graph import Graph
from qmsctl.loader import Loaded, load
from tests.conftest import REPOSITORY, TODAY

FIVE_YEARS_LATER = "2031-11-16"


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return load(REPOSITORY)


@pytest.fixture(scope="module")
def graph(loaded: Loaded) -> Graph:
    return Graph(loaded)


def test_clean_at_its_day_without_waiver(loaded: Loaded) -> None:
    report = checks.run(loaded, loaded.config.as_of)
    # One action of a corrective action is late, as in every real system: it is to be seen how that looks.
    assert [(f.check, f.item) for f in report.findings] == [("overdue", "CAPA-2026-004")]
    assert report.waived == ()


def test_five_years_later_only_dates_have_passed(loaded: Loaded) -> None:
    report = checks.run(loaded, FIVE_YEARS_LATER)
    assert {f.check for f in report.findings} == {
        "overdue",
        "clause-on-one-unreviewed",
        "record-unseen",
        "edition-ended",
        "obligation-state-contradicted",
    }
    assert len(report.findings) > 100


def test_complete(loaded: Loaded, graph: Graph) -> None:
    count = Counter(item.type for item in loaded.qms.items.values())
    least = {
        "strategy": 1, "objective": 8, "kpi": 25, "process": 14, "policy": 8, "sop": 25, "work-instruction": 8, "form": 14,
        "role": 20, "person": 25, "location": 2, "risk": 20, "opportunity": 8, "interested-party": 8, "standard": 1,
        "external-document": 6, "record-kind": 20, "term": 20, "audit": 12, "nonconformity": 8,
        "corrective-action": 6, "management-review": 2, "obligation": 12,
    }  # fmt: skip
    assert {kind: count[kind] for kind, number in least.items() if count[kind] < number} == {}
    assert {item.get("class") for item in graph.of_type("process")} == {"management", "core", "support"}


def test_every_hand_off_joins(graph: Graph) -> None:
    joins = [x for x in graph.links if x.field == "inputs.from" and graph.items[x.to].type == "process"]
    assert len(joins) > 30
    assert all(not x.problem and x.part for x in joins)


def test_from_every_theme_to_a_step_and_a_clause(graph: Graph) -> None:
    for theme in graph.parts_of("STR-001", "themes"):
        seen: set[str] = set()
        front = {x.source for x in graph.links_to_ref(theme.ref)}
        while front:
            seen |= front
            front = {below for item in front if item in graph.items for below, _ in graph.chain(item, "down")} - seen
        kinds = {
            graph.items[ref.split("/")[0] if "/" in ref else ref].type
            for ref in seen
            if ref.split("/")[0] in graph.items
        }
        assert {"objective", "kpi", "process", "sop", "catalogue"} <= kinds, theme.title


LEAST = {"iso9001-2015": 54, "iso9001-2026": 45, "iso13485-2016": 42, "iso14001-2015": 18}
"""How many clauses of each standard are covered at least; more may be, and what is not is planned."""


@pytest.mark.parametrize("catalogue", LEAST)
def test_every_clause_is_answered_planned_or_excluded_with_a_reason(graph: Graph, catalogue: str) -> None:
    found = coverage_of(graph, catalogue, TODAY)
    counts = found.counts()
    assert (counts["gap"], counts["covered"] >= LEAST[catalogue]) == (0, True)
    assert all(
        c.exclusion and len(c.exclusion.reason) > 40 for c in found.clauses if c.state == "excluded" and not c.heading
    )
    open_ones = [clause for clause in found.clauses if clause.state in ("partly", "planned") and not clause.heading]
    assert open_ones, "a system without any gap is not honest"
    assert all(clause.reasons or clause.plan for clause in open_ones)


def test_sops_have_substance(graph: Graph) -> None:
    for item in graph.of_type("sop"):
        steps = graph.parts_of(item.id, "steps")
        words = sum(len(str(step.data.get("text", "")).split()) for step in steps)
        assert len(steps) >= 4, item.id
        assert words > 200, item.id


def test_no_copyrighted_or_unfinished_text() -> None:
    for folder in ("processes", "sops", "policies", "work-instructions"):
        for file in Path(REPOSITORY / folder).glob("*.md"):
            text = file.read_text(encoding="utf-8").lower()
            for word in ("lorem ipsum", "todo", "tbd", "the organization shall"):
                assert word not in text, f"{file.name}: {word}"
