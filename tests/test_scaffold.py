"""What `qmsctl init` writes checks clean from the first day, and never overwrites anything."""

from __future__ import annotations

import datetime
import subprocess
import sys
import zoneinfo
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsctl import checks, scaffold
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.model import Item
from tests.conftest import TODAY


def begin(target: Path, profile: str, organisation: str = 'Miller & "Sons": #1', owner: str = "Ada: Miller") -> Path:
    scaffold.init(target, organisation, profile, "Europe/Berlin", TODAY, owner)
    return target


def items(root: Path) -> list[Item]:
    return list(load(root).qms.items.values())


@pytest.mark.parametrize("profile", scaffold.PROFILES)
@pytest.mark.parametrize("day", [TODAY, "2024-02-29"])
def test_a_profile_checks_clean(tmp_path: Path, profile: str, day: str) -> None:
    scaffold.init(tmp_path, "Miller", profile, "Europe/Berlin", day, "Ada")
    loaded = load(tmp_path)
    report = checks.run(loaded, day)
    assert [(f.check, str(f.position), f.message) for f in report.findings] == []
    assert not report.waived
    assert report.items > 15


@pytest.mark.parametrize("profile", scaffold.PROFILES)
def test_a_profile_is_complete(tmp_path: Path, profile: str) -> None:
    loaded = load(begin(tmp_path, profile))
    graph = Graph(loaded)
    types = {item.type for item in loaded.qms.items.values()}
    assert types >= {"strategy", "objective", "kpi", "process", "policy", "sop", "form", "role", "person", "location"}
    assert types >= {"risk", "interested-party", "record-kind", "term"}
    assert {item.get("class") for item in graph.of_type("process")} == {"management", "core", "support"}
    handed_over = [link for link in graph.links if link.field == "inputs.from" and link.part]
    assert {link.source for link in handed_over} >= {"PRC-001", "PRC-002", "PRC-003"}
    assert all(person.get("deputy") for person in graph.of_type("person"))
    assert loaded.config.organisation == 'Miller & "Sons": #1'
    assert loaded.config.profile == profile
    assert loaded.qms.names["p-001"] == "Ada: Miller"
    assert set(loaded.qms.names) == {person.id for person in graph.of_type("person")}


def test_profiles_differ(tmp_path: Path) -> None:
    found = {}
    for profile in scaffold.PROFILES:
        (tmp_path / profile).mkdir()
        found[profile] = {item.id: item for item in items(begin(tmp_path / profile, profile))}
    assert len(found["micro"]) < 25 < len(found["small"]) < 40 < len(found["multi-site"])
    locations = [item for item in found["multi-site"].values() if item.type == "location"]
    assert len(locations) == 3
    assert any(i.type == "sop" and i.get("locations") == ["second-plant"] for i in found["multi-site"].values())
    assert any(i.type == "person" and i.get("locations") == ["second-plant"] for i in found["multi-site"].values())
    titles = {item.title for item in found["regulated"].values()}
    assert titles >= {"Control a change", "Keep records", "Responsibility for signatures"}
    cycles = {item.get("review_every") for item in found["regulated"].values()} - {None}
    assert cycles == {"12 months", "6 months"}


@pytest.mark.parametrize("profile", ["micro", "regulated"])
def test_files_for_ci_are_valid(tmp_path: Path, profile: str) -> None:
    begin(tmp_path, profile)

    def run(*command: str) -> None:
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    schemas = {"vendor.github-workflows": ".github/workflows/qms.yml", "vendor.gitlab-ci": ".gitlab-ci.yml"}
    for schema, file in schemas.items():
        run("check_jsonschema", "--builtin-schema", schema, str(tmp_path / file))
    run("pre_commit", "validate-config", str(tmp_path / ".pre-commit-config.yaml"))
    assert "cron:" in (tmp_path / ".github/workflows/qms.yml").read_text(encoding="utf-8")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("ours", encoding="utf-8")
    (tmp_path / ".gitignore").symlink_to(tmp_path / "nowhere")
    assert scaffold.kept(tmp_path, "micro") == [".gitignore", "README.md"]
    written = scaffold.init(tmp_path, "Miller", "micro", "UTC", TODAY, "Ada")
    assert "README.md" not in written
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "ours"
    assert not (tmp_path / "nowhere").exists()
    assert scaffold.init(tmp_path, "Other", "micro", "UTC", TODAY, "Eve") == []
    assert load(tmp_path).config.organisation == "Miller"


@pytest.mark.parametrize(
    "zone, line",
    [
        ("UTC", "20 0 * * *"),
        ("Europe/Berlin", "20 23 * * *"),
        ("America/Chicago", "20 6 * * *"),
        ("Australia/Adelaide", "50 14 * * *"),
    ],
)
def test_the_nightly_build_comes_soon_after_midnight(zone: str, line: str) -> None:
    assert scaffold.nightly(zone, 2026) == line
    minute, hour = map(int, line.split()[:2])
    for month in (1, 7):
        at = datetime.datetime(2026, month, 15, hour, minute, tzinfo=datetime.UTC).astimezone(zoneinfo.ZoneInfo(zone))
        assert at.hour in (0, 1)


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(scaffold.ScaffoldFault, match="micro, small"):
        scaffold.init(tmp_path, "Miller", "huge", "UTC", TODAY, "Ada")
    with pytest.raises(scaffold.ScaffoldFault, match="organisation is empty"):
        scaffold.init(tmp_path, " \n", "micro", "UTC", TODAY, "Ada")
    with pytest.raises(scaffold.ScaffoldFault, match="no time zone"):
        scaffold.init(tmp_path, "Miller", "micro", "../Berlin", TODAY, "Ada")
    assert list(tmp_path.iterdir()) == []


@given(name=st.text(min_size=1, max_size=40))
@settings(max_examples=15, deadline=None)
def test_any_name_is_kept(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    target = tmp_path_factory.mktemp("any")
    wanted = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not wanted:
        with pytest.raises(scaffold.ScaffoldFault):
            scaffold.init(target, name, "micro", "UTC", TODAY, name)
        return
    scaffold.init(target, name, "micro", "UTC", TODAY, name)
    loaded = load(target)
    assert not loaded.qms.findings
    assert loaded.config.organisation == wanted
    assert loaded.qms.names["p-001"] == wanted
