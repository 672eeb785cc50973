"""Pages kept between builds: after any edit the whole folder equals that of a clean build, byte for byte."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.generator import generate
from qmsctl import checks, pages, shelf
from qmsctl.loader import load
from qmsctl.pages.kept import _is_below
from tests.conftest import TODAY
from tests.test_kept import copy_of_the_reference, edit

OLD = 1_600_000_000


def build(root: Path, today: str = TODAY) -> dict[str, bytes]:
    """Write the pages of a system; return all files by path."""
    loaded = load(root, keep=True)
    target = root / "build" / "docs"
    pages.write(loaded, checks.run(loaded, today, keep=True), today, target)
    return {f.relative_to(target).as_posix(): f.read_bytes() for f in sorted(target.rglob("*")) if f.is_file()}


def clean(root: Path, today: str = TODAY) -> dict[str, bytes]:
    """The same from a copy in which nothing is kept."""
    other = root.with_name(f"{root.name}-clean")
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(root, other, ignore=lambda _, names: {"build"} & set(names))
    return build(other, today)


def different(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    root = tmp_path / "qms"
    root.mkdir()
    generate(root, 60, 7)
    for file in root.rglob("*.md"):
        os.utime(file, (OLD, OLD))
    return root


def same_after(root: Path, seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    build(root)
    done = []
    for _ in range(rounds):
        done += [edit(root, chance) for _ in range(chance.choice((1, 1, 2)))]
        assert different(build(root), clean(root)) == [], f"seed {seed}: {done}"


@given(seed=st.integers(0, 2**32))
@settings(max_examples=3, derandomize=True, deadline=None, phases=[Phase.generate])
def test_after_any_edits_the_pages_are_those_of_a_clean_build(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    root = tmp_path_factory.mktemp("made") / "qms"
    root.mkdir()
    generate(root, 40, seed % 5)
    same_after(root, seed, 2)


@pytest.mark.heavy
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_after_any_edits_the_pages_of_the_reference_are_those_of_a_clean_build(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    same_after(copy_of_the_reference(tmp_path_factory.mktemp("made")), seed, 2)


def test_a_second_build_writes_no_page_and_changes_no_file(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(small)
    docs = small / "build" / "docs"
    looks = {f: (f.stat().st_ino, f.stat().st_mtime_ns) for f in docs.rglob("*.md")}
    monkeypatch.setattr("qmsctl.pages._write", lambda *_: pytest.fail("a page was written"))
    assert build(small) == first
    assert {f: (f.stat().st_ino, f.stat().st_mtime_ns) for f in docs.rglob("*.md")} == looks


def test_a_copied_folder_is_taken_as_it_is(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(small)
    copy = small.with_name("copy")
    shutil.copytree(small, copy, copy_function=shutil.copyfile)  # as from the store of a CI: other times, other inodes
    touched = sorted((copy / "build" / "docs" / "sops").glob("SOP-*.md"))[0]
    touched.write_bytes(touched.read_bytes() + b"Not of the system.\n")
    written: list[str] = []
    real = pages._write
    monkeypatch.setattr("qmsctl.pages._write", lambda *given: written.append(given[1]) or real(*given))
    assert build(copy) == first
    assert written == [f"sops/{touched.name}"]
    assert build(copy) == first
    assert written == [f"sops/{touched.name}"]


@pytest.mark.parametrize("where", ["at the end", "above all others"])
def test_a_sentence_writes_only_the_pages_that_show_it(
    small: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(small)
    file = sorted((small / "sops").glob("*.md"))[1]
    text = file.read_text(encoding="utf-8")
    if where == "at the end":
        text += " One more sentence.\n"
    else:  # where nothing below stands in the line it stood in
        text = text.replace("\n---\n", "\n---\n\nOne more sentence.\n", 1)
    file.write_text(text, encoding="utf-8")
    written: list[str] = []
    made: list[Any] = []
    real, made_with = pages._write, pages.made_with
    monkeypatch.setattr("qmsctl.pages._write", lambda *given: written.append(given[1]) or real(*given))
    monkeypatch.setattr("qmsctl.pages.made_with", lambda *given: made.append(given[0]) or made_with(*given))
    monkeypatch.setattr("qmsctl.pages.how_many", lambda _: 1)
    found = build(small)
    monkeypatch.undo()
    name = file.name[:7]
    assert written == [f"sops/{name}.md"]
    assert len(made) == 3, "the page, its neighbours in the search, and the words of the search"
    assert b"One more sentence." in found[f"assets/chapters/{name}.js"]
    assert different(found, clean(small)) == []


def test_a_title_shows_everywhere_it_is_quoted(small: Path) -> None:
    build(small)
    file = sorted((small / "roles").glob("*"))[0]
    text = file.read_text(encoding="utf-8")
    line = next(line for line in text.split("\n") if line.startswith("title: "))
    before = line.removeprefix("title: ").strip("\"'")
    quoting = [name for name, data in build(small).items() if name.endswith(".md") and before.encode() in data]
    file.write_text(text.replace(line, "title: Keeper of the seals"), encoding="utf-8")
    found = build(small)
    assert len(quoting) > 3
    assert [name for name in quoting if b"Keeper of the seals" not in found[name]] == []
    assert [name for name in found if before.encode() in found[name] and name.endswith(".md")] == []


@pytest.mark.parametrize("how", ["edited", "deleted", "replaced by a link"])
def test_a_page_that_somebody_touched_is_written_again(small: Path, how: str, tmp_path: Path) -> None:
    first = build(small)
    page = sorted((small / "build" / "docs" / "sops").glob("SOP-*.md"))[0]
    if how == "edited":
        page.write_bytes(page.read_bytes() + b"Not of the system.\n")
    else:
        page.unlink()
    if how == "replaced by a link":
        (tmp_path / "elsewhere.md").write_text("Not of the system.\n", encoding="utf-8")
        page.symlink_to(tmp_path / "elsewhere.md")
    assert build(small) == first
    assert not page.is_symlink()


@pytest.mark.parametrize("name", ["pages-en", "pages-en-recent", "search-en", "items", "findings", "findings-recent"])  # fmt: skip
def test_a_damaged_or_missing_store_costs_only_time(small: Path, name: str) -> None:
    build(small)
    file = sorted((small / "sops").glob("*.md"))[1]
    file.write_text(file.read_text(encoding="utf-8") + " One more sentence.\n", encoding="utf-8")
    second = build(small)
    store = small / shelf.FOLDER / name
    data = bytearray(store.read_bytes())
    data[len(data) // 2] ^= 1
    store.write_bytes(bytes(data))
    assert build(small) == second
    store.unlink(missing_ok=True)
    assert build(small) == second
    shutil.rmtree(small / shelf.FOLDER)
    assert build(small) == second


def test_another_day_is_another_build(small: Path) -> None:
    build(small)
    found = build(small, "2027-03-01")
    assert different(found, clean(small, "2027-03-01")) == []


def test_an_own_template_counts(small: Path) -> None:
    build(small)
    (small / "item_types").mkdir()
    (small / "item_types" / "term.md.j2").write_text(
        '{% extends "item.md.j2" %}{% block main %}Our own page.{% endblock %}', encoding="utf-8"
    )
    found = build(small)
    assert any(b"Our own page." in data for name, data in found.items() if name.startswith("glossary/"))
    assert different(found, clean(small)) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside.md", "a/../../b", "a\\..\\..\\b", "C:x"])
def test_a_path_in_the_store_never_leads_out(path: str) -> None:
    assert not _is_below(path)
    assert _is_below("a/..b.md")
