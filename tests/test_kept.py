"""What is kept between runs: after any edit the result equals that of a clean run, whatever happened to the cache."""

from __future__ import annotations

import inspect
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qmsctl import checks, shelf
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.output import render
from tests.conftest import REPOSITORY, TODAY

System = Callable[..., Path]
FOLDERS = (
    "audits", "corrective-actions", "forms", "glossary", "kpis", "locations", "management-reviews", "nonconformities",
    "objectives", "obligations", "people", "policies", "processes", "record-kinds", "risks", "roles", "sops", "standards",
    "strategy", "work-instructions",
)  # fmt: skip


def told(root: Path, keep: bool, today: str = TODAY) -> str:
    """Everything that is found and linked, as text, and as people are shown it."""
    loaded = load(root, keep=keep)
    report = checks.run(loaded, today, keep=keep)
    graph = Graph(loaded)
    links = [str(link) for link in graph.links]
    into = [(name, [link.source for link in graph.links_to(name)]) for name in graph.items]
    parts = [f"{part.ref} {part.title}" for part in graph.parts.values()]
    items = [(i.path, i.type, json.dumps(dict(i.fields)), i.body, repr(i.position("id"))) for i in graph.items.values()]
    shown = render("human", report, root=root, digests=loaded.digests if keep else None)
    return "\n".join(
        [*map(str, report.findings), *links, str(into), *parts, *map(str, items), str(report.items), shown]
    )


def copy_of_the_reference(target: Path) -> Path:
    shutil.copyfile(REPOSITORY / "qms.yaml", target / "qms.yaml")
    for name in FOLDERS:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, target / name)
    text = (target / "qms.yaml").read_text(encoding="utf-8")
    # Without the rules of approval: there is no history here.
    (target / "qms.yaml").write_text(re.sub(r"(?m)^approvals:\n(?:[ #].*\n|\n)*", "", text), encoding="utf-8")
    return target


# --- random edits ---------------------------------------------------------------------------------------------------


def edit(root: Path, chance: random.Random) -> str:
    """Change something in a system, as people do, by hand or in an accident; say what."""
    files = sorted(f for f in root.rglob("*") if f.is_file() and "build" not in f.relative_to(root).parts)
    items = [f for f in files if f.suffix in (".md", ".yaml") and f.name != "qms.yaml"]
    file = chance.choice(items)
    text = file.read_text(encoding="utf-8")
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    ids = re.findall(r"\b[A-Z]{3}-\d{3}\b", text) or ["SOP-001"]
    how = chance.choice(sorted(EDITS))
    EDITS[how](root, file, lines, at, chance, ids)
    return f"{how} {file.relative_to(root)}:{at + 1}"


Edit = Callable[[Path, Path, list[str], int, random.Random, list[str]], object]


def _write(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines), encoding="utf-8")


def _copied(file: Path, lines: list[str]) -> None:
    new = "SOP-9" + str(len(list(file.parent.iterdir())))
    file.with_name(f"{new}-copy{file.suffix}").write_text(
        re.sub(r"(?m)^id: .*$", f"id: {new}", "\n".join(lines), count=1), encoding="utf-8"
    )


EDITS: dict[str, Edit] = {
    "line deleted": lambda root, file, lines, at, chance, ids: _write(file, lines[:at] + lines[at + 1 :]),
    "line doubled": lambda root, file, lines, at, chance, ids: _write(file, lines[: at + 1] + lines[at:]),
    "blank line": lambda root, file, lines, at, chance, ids: _write(file, [*lines[:at], "", *lines[at:]]),
    "sentence": lambda root, file, lines, at, chance, ids: _write(file, [*lines, "One more sentence."]),
    "mention": lambda root, file, lines, at, chance, ids: _write(file, [*lines, f"See {chance.choice(ids)} and PRC-998."]),
    "id exchanged": lambda root, file, lines, at, chance, ids: _write(
        file, [line.replace(chance.choice(ids), chance.choice(["SOP-003", "PRC-001", "SOP-999", "quality-manager"])) for line in lines]
    ),
    "title": lambda root, file, lines, at, chance, ids: _write(
        file, [re.sub(r"^title: .*", f"title: Another title {at}", line) for line in lines]
    ),
    "status": lambda root, file, lines, at, chance, ids: _write(
        file, [re.sub(r"^status: .*", "status: obsolete", line) for line in lines]
    ),
    "owner": lambda root, file, lines, at, chance, ids: _write(
        file, [re.sub(r"^owner: .*", f"owner: {chance.choice(['buyer', 'nobody-here'])}", line) for line in lines]
    ),
    "date": lambda root, file, lines, at, chance, ids: _write(
        file, [re.sub(r"\b2026-(\d\d)", "2024-\\1", line) if n == at else line for n, line in enumerate(lines)]
    ),
    "key": lambda root, file, lines, at, chance, ids: _write(
        file, [re.sub(r"\{#([a-z-]+)\}", r"{#\1-x}", line) if n >= at else line for n, line in enumerate(lines)]
    ),
    "removed": lambda root, file, lines, at, chance, ids: file.unlink(),
    "renamed": lambda root, file, lines, at, chance, ids: file.rename(file.with_name("x" + file.name)),
    "copied": lambda root, file, lines, at, chance, ids: _copied(file, lines),
    "copied as it is": lambda root, file, lines, at, chance, ids: _write(file.with_name("y" + file.name), lines),
    "picture": lambda root, file, lines, at, chance, ids: _write(
        file, [*lines, "", f"![A gauge](gauge-{at % 3}.svg) [there](../qms.yaml) [nowhere](nowhere-{at % 3}.pdf)"]
    ),
    "picture file": lambda root, file, lines, at, chance, ids: file.with_name(f"gauge-{at % 3}.svg").write_text(
        chance.choice(['<svg xmlns="http://www.w3.org/2000/svg"/>', "<svg><script/></svg>", ""]), encoding="utf-8"
    ),
    "levels": lambda root, file, lines, at, chance, ids: (root / "qms.yaml").write_text(
        (root / "qms.yaml").read_text(encoding="utf-8") + f"# {at}\n", encoding="utf-8"
    ),
    "configuration": lambda root, file, lines, at, chance, ids: _configured(root, f"{chance.choice(['checks', 'chekcs', 'time_zone'])}: Mars"),
    "item type": lambda root, file, lines, at, chance, ids: _own_type(root, at),
}  # fmt: skip


def _configured(root: Path, line: str) -> None:
    """Add a line to the configuration, or take away the one that was added."""
    file = root / "qms.yaml"
    text, _, added = file.read_text(encoding="utf-8").partition("# added\n")
    file.write_text(text if added else f"{text}# added\n{line}\n", encoding="utf-8")


def _own_type(root: Path, number: int) -> None:
    (root / "item_types").mkdir(exist_ok=True)
    fields = "{type: object, properties: {key: {type: string}}}"
    (root / "item_types" / "machine.schema.yaml").write_text(
        f"title: Machine\nx-plural: Machines\nx-folder: machines\nx-id: MC{number}-###\n"
        f"properties:\n  steps: {{title: Steps, type: array, x-part: true, items: {fields}}}\n",
        encoding="utf-8",
    )


def same_after(root: Path, seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    told(root, keep=True)
    done = []
    for _ in range(rounds):
        done += [edit(root, chance) for _ in range(chance.choice((1, 1, 1, 3)))]
        kept, clean = told(root, keep=True), told(root, keep=False)
        different = [pair for pair in zip(kept.split("\n"), clean.split("\n"), strict=False) if pair[0] != pair[1]]
        assert kept == clean, f"seed {seed}: {done}: {different[:2]}"


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_after_any_edits_the_result_is_that_of_a_clean_run(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    same_after(copy_of_the_reference(tmp_path_factory.mktemp("qms")), seed, 3)


@pytest.mark.heavy
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_after_very_many_edits_the_result_is_that_of_a_clean_run(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    same_after(copy_of_the_reference(tmp_path_factory.mktemp("qms")), seed, 6)


# --- what happens to the cache --------------------------------------------------------------------------------------

SOP = """---
id: SOP-001
type: sop
title: Inspect
revision: "1.0"
effective: 2026-01-05
owner: inspector
review_every: 12 months
change: First issue.
---

## Steps

### Look at it {#look}
Who: inspector

As PRC-001 says. See [the drawing](drawing.pdf).
"""
ROLE = "id: inspector\ntype: role\ntitle: Inspector\nrevision: '1.0'\neffective: 2026-01-05\nreview_every: 12 months\n"


@pytest.fixture
def small(system: System) -> Path:
    root = system({"sops/SOP-001-inspect.md": SOP, "roles/inspector.yaml": ROLE + "change: First issue.\n"})
    # As if they had been written long ago: what was written just now is read again each time.
    _age(root)
    return root


def _age(root: Path) -> None:
    for file in (*root.rglob("*.md"), *root.rglob("*.yaml")):
        os.utime(file, (1_600_000_000, 1_600_000_000))


def files_of(root: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in (root / shelf.FOLDER).iterdir()}


def test_a_second_run_reads_and_checks_nothing(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = told(small, keep=True)
    monkeypatch.setattr("qmsctl.records._SETTLED", -(10**12))
    told(small, keep=True)
    monkeypatch.setattr("qmsctl.records.item_of", lambda *_: pytest.fail("a file was parsed"))
    real = checks.module

    def only_what_is_never_kept(name: str) -> object:
        needs = inspect.signature(real(name).check).parameters
        assert not {"item", *checks.KEEPABLE}.issuperset(needs), f"{name} was run"
        return real(name)

    monkeypatch.setattr("qmsctl.checks.module", only_what_is_never_kept)
    assert told(small, keep=True) == first


def test_nothing_of_the_cache_is_ever_committed(small: Path) -> None:
    told(small, keep=True)
    assert (small / shelf.FOLDER / ".gitignore").read_text(encoding="utf-8").endswith("\n*\n")


@pytest.mark.parametrize("where", [0, 8, 20, 45, 80, 0.3, 0.5, 0.9, -1])
@pytest.mark.parametrize("how", ["flipped", "cut", "emptied"])
def test_a_damaged_cache_is_not_used(small: Path, where: float, how: str) -> None:
    expected = told(small, keep=True)
    for file in (small / shelf.FOLDER).iterdir():
        data = bytearray(file.read_bytes())
        at = int(where * len(data)) if isinstance(where, float) else where
        if how == "flipped" and data:
            data[at % len(data)] ^= 0x55
        file.write_bytes(b"" if how == "emptied" else bytes(data[:at]) if how == "cut" else bytes(data))
    assert told(small, keep=True) == expected
    assert told(small, keep=True) == expected


def test_a_cache_of_other_conditions_is_not_used(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = told(small, keep=True)
    before = files_of(small)
    monkeypatch.setattr("qmsctl.shelf.tool_key", lambda: b"x" * 32)
    assert told(small, keep=True) == expected
    assert files_of(small)["items"] != before["items"]


def test_a_cache_that_is_a_link_is_left_alone(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (small / "build").mkdir()
    (small / "build" / "cache").symlink_to(other)
    told(small, keep=True)
    assert list(other.iterdir()) == []


def test_where_nothing_can_be_written_the_result_is_the_same(small: Path) -> None:
    (small / "build").write_text("A file where a folder is wanted.\n", encoding="utf-8")
    assert told(small, keep=True) == told(small, keep=False)


def test_a_change_within_the_same_second_and_of_the_same_size_is_seen(small: Path) -> None:
    file = small / "sops" / "SOP-001-inspect.md"
    told(small, keep=True)
    for word in ("PRC-002", "PRC-003"):
        found = file.stat()
        file.write_text(SOP.replace("PRC-001", word), encoding="utf-8")
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
        assert f"names `{word}`" in told(small, keep=True)


def test_a_file_beside_items_that_comes_and_goes_is_seen(small: Path) -> None:
    assert "there is no file `drawing.pdf`" in told(small, keep=True)
    (small / "sops" / "drawing.pdf").write_bytes(b"%PDF")
    assert "there is no file `drawing.pdf`" not in told(small, keep=True)
    (small / "sops" / "drawing.pdf").unlink()
    assert "there is no file `drawing.pdf`" in told(small, keep=True)


def test_another_day_is_another_result(small: Path) -> None:
    told(small, keep=True, today="2026-06-01")
    assert "overdue" in told(small, keep=True, today="2027-06-01")
    assert told(small, keep=True, today="2026-06-01") == told(small, keep=False, today="2026-06-01")


def _many_times(root: Path, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        file = root / "sops" / "SOP-001-inspect.md"
        file.write_text(SOP.replace("PRC-001", f"PRC-{chance.randrange(1, 9):03}"), encoding="utf-8")
        told(root, keep=True)


def test_two_that_write_at_once_do_no_harm(small: Path) -> None:
    fork = multiprocessing.get_context("spawn")
    others = [fork.Process(target=_many_times, args=(small, seed)) for seed in (1, 2)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0]
    assert told(small, keep=True) == told(small, keep=False)
    assert {f.name for f in (small / shelf.FOLDER).iterdir()} <= {
        ".gitignore",
        "items",
        "findings",
        "findings-recent",
        "small",
        "lines",
        "checks",
        "items-recent",
    }


TABLES = st.lists(
    st.tuples(*[st.dictionaries(st.sampled_from("abcdefghijklmnop"), st.integers(0, 2), min_size=n) for n in (9, 0)]),
    min_size=1,
    max_size=6,
)


@given(TABLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rows_are_what_was_written_last(tmp_path_factory: pytest.TempPathFactory, written: list[shelf.Tables]) -> None:
    file = tmp_path_factory.mktemp("rows") / "build" / "cache" / "rows"
    assert shelf.Rows(file, b"k" * 32).tables is None
    for tables in written:
        shelf.Rows(file, b"k" * 32).write(tables)
        assert shelf.Rows(file, b"k" * 32).tables == tables
    assert shelf.Rows(file, b"o" * 32).tables is None


def test_what_differs_from_another_state_is_not_taken(tmp_path: Path) -> None:
    file, key = tmp_path / "rows", b"k" * 32
    many = dict.fromkeys(map(str, range(50)), 0)
    shelf.Rows(file, key).write((many,))
    late = shelf.Rows(file, key)
    shelf.Rows(file, key).write(({"other": 1, **dict.fromkeys(map(str, range(40)), 1)},))
    late.write(({**many, "1": 7},))  # what it differs from is there no more
    assert shelf.Rows(file, key).tables == ({"other": 1, **dict.fromkeys(map(str, range(40)), 1)},)


def test_duckdb_has_nothing_to_complain_of_in_the_end(tmp_path: Path) -> None:
    script = (
        "import sys, ibis; from pathlib import Path; from qmsctl import shelf; from qmsctl.measures import engine\n"
        "backend = engine._duckdb(ibis, 'UTC'); backend.raw_sql('SELECT 1'); file = Path(sys.argv[1])\n"
        "shelf.LARGE = 0; shelf.write(file, b'k' * 32, {}); assert shelf.read(file, b'k' * 32) == {}"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "rows")], capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stderr == ""


KEY = b"k" * 32


def test_what_is_read_ahead_is_what_would_be_read(tmp_path: Path) -> None:
    good, other, damaged, missing = (tmp_path / name for name in ("good", "other", "damaged", "missing"))
    for file in (good, other, damaged):
        shelf.write(file, KEY, {"a": 1})
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    shelf.read_ahead([good, other, damaged, missing])
    assert shelf.read(good, KEY) == {"a": 1}
    assert shelf.read(other, bytes(32)) is None, "another key"
    assert shelf.read(damaged, KEY) is None
    assert shelf.read(missing, KEY) is None
    shelf.write(good, KEY, {"a": 2})
    assert shelf.read(good, KEY) == {"a": 2}, "what was read ahead counts once"
    shelf.settle()
    assert shelf._reader is not None
    assert not shelf._reader.is_alive()
