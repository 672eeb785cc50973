"""Every check is tested by the example in its own docstring: exactly those findings, on exactly those lines."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import qmsctl.loader
from qmsctl import checks
from qmsctl.approvals.control import open_control
from qmsctl.gate import decide
from qmsctl.graph import Graph
from qmsctl.loader import Loaded, load
from qmsctl.measures import FOLDER
from qmsctl.measures.board import Measures
from qmsctl.measures.run import run as compute
from tests.conftest import TODAY
from tests.examples import Example, parse


@pytest.mark.parametrize("name", checks.ids())
def test_example_gives_exactly_its_findings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = checks.page(name)
    assert page.demand.endswith(".")
    assert page.why
    assert page.fix
    assert page.level in checks.LEVELS
    example = parse(page.example)
    assert example.expected, f"{name} has no failing example"
    example.write(tmp_path)
    if name == "check-crashed":

        def crash(today: str) -> Any:
            raise RuntimeError("planted")

        monkeypatch.setattr(checks.module("overdue"), "check", crash)
    if "unreadable" in example.modes.values():
        real = Path.read_bytes

        def refuse(path: Path) -> bytes:
            if path.name in {Path(p).name for p in example.modes}:
                raise PermissionError(13, "Permission denied")
            return real(path)

        monkeypatch.setattr(qmsctl.loader.Path, "read_bytes", refuse)
    report = judge(tmp_path, example)
    found = sorted((f.position.path, f.position.line) for f in report.findings if f.check == name)
    assert found == sorted(example.expected)
    for finding in report.findings:
        assert finding.level in checks.LEVELS
        assert finding.message
        assert finding.help, f"{finding.check} offers no way out"
    if name != "check-crashed":
        assert not [f for f in report.findings if f.check == "check-crashed"], report.findings


def judge(root: Path, example: Example) -> checks.Report:
    """Check an example: alone, with its values, with its history, or as a change before the gate."""
    loaded = load(root)
    control = loaded.config.approvals
    if not example.landed:
        hidden = ("this is no Git repository",) if control else ()
        return checks.run(loaded, TODAY, hidden=hidden, measures=measured(loaded, example))
    if example.proposed:
        decision = decide(root, "main", "change", today=TODAY, now=f"{TODAY}T12:00:00+01:00")
        assert not decision.passed
        return checks.Report(tuple(decision.blocking()))
    found = open_control(loaded, TODAY, remember=False)
    return checks.run(
        loaded,
        TODAY,
        history=found.history,
        approvals=found.register,
        hidden=found.hidden,
        switched_off=found.switched_off,
    )


def measured(loaded: Loaded, example: Example) -> Measures | None:
    """Return the measures of an example: what is recorded in it, and what its files below data/ give."""
    measures = Measures(loaded, Graph(loaded), loaded.root / FOLDER, TODAY)
    if any(path.startswith("data/") for path in example.files):
        compute(measures, loaded.root / "data", f"{TODAY}T06:00:00+01:00")
        measures = Measures(loaded, Graph(loaded), loaded.root / FOLDER, TODAY)
    return measures if measures.known else None


@pytest.mark.parametrize("name", checks.ids())
def test_check_asks_only_for_what_there_is(name: str) -> None:
    function = getattr(checks.module(name), "check", None)
    if function is not None:
        for need in inspect.signature(function).parameters:
            known = hasattr(checks.Context, need) or need in checks.Context.__dataclass_fields__
            assert known or need == "item"  # one item at a time


def test_every_finding_while_reading_has_a_page() -> None:
    import re

    sources = [
        Path(qmsctl.loader.__file__),
        Path(qmsctl.loader.__file__).with_name("itemfile.py"),
        Path(qmsctl.loader.__file__).with_name("frontmatter.py"),
        Path(qmsctl.loader.__file__).with_name("yaml_fields.py"),
        Path(qmsctl.loader.__file__).with_name("schema.py"),
    ]
    named = {
        name
        for file in sources
        for name in re.findall(
            r'(?:sink\.add|Fault|_stop|Problem)\(\s*"([a-z0-9-]+)"', file.read_text(encoding="utf-8")
        )
    }
    assert len(named) > 20
    assert named <= set(checks.ids())


def test_unknown_check_is_named_with_the_nearest() -> None:
    with pytest.raises(checks.UnknownCheck, match="link-target-missing"):
        checks.module("link-target-mising")


def test_a_waiver_holds_until_its_day(system: Any) -> None:
    root = system({"roles/buyer.yaml": "id: buyer\ntype: role\ntitle: Buyer\n"})
    text = "organisation: Example\nwaivers:\n  - {check: role-unheld, items: [buyer], reason: Vacancy until spring, until: 2026-12-31}\n"
    (root / "qms.yaml").write_text(text, encoding="utf-8")
    before = checks.run(load(root), "2026-12-31")
    after = checks.run(load(root), "2027-01-01")
    assert [f.check for f, _ in before.waived] == ["role-unheld"]
    assert "role-unheld" not in {f.check for f in before.findings}
    assert {"role-unheld", "waiver-expired"} <= {f.check for f in after.findings}


def test_levels_come_from_the_configuration(system: Any) -> None:
    root = system({"roles/buyer.yaml": "id: buyer\ntype: role\ntitle: Buyer\n"})
    (root / "qms.yaml").write_text(
        'organisation: Example\nchecks: {levels: {role-unheld: error, role-empty: "off"}}\n', encoding="utf-8"
    )
    found = {f.check: f.level for f in checks.run(load(root), TODAY).findings}
    assert found["role-unheld"] == "error"
    assert "role-empty" not in found
