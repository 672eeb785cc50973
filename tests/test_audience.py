"""What is meant for some leaves no trace in what is built for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from qmsctl import checks, pages
from qmsctl.audience import UNNAMED, Redactor, hidden_from, redactor, without
from qmsctl.cli import app
from qmsctl.loader import load
from tests.conftest import TODAY
from tests.test_site import copy_reference

SECRET = "Zyxophon"
HIDDEN = ("SOP-014", "RSK-007", "KPI-011", "OBJ-008", "PRC-012", "FRM-009", "term-lot", "it-manager", "PRC-007")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference system with one or more items of most types meant for the leadership, each with a secret word."""
    copy = copy_reference(tmp_path_factory.mktemp("audience") / "qms")
    loaded = load(copy)
    for name in HIDDEN:
        item = loaded.qms.items[name]
        file = copy / item.path
        text = file.read_text(encoding="utf-8")
        text = re.sub(r"^title: (.*)$", rf"title: {SECRET} {len(name)} of \1", text, count=1, flags=re.MULTILINE)
        text = re.sub(r"^type: .*$", r"\g<0>" + "\naudience: [leadership]", text, count=1, flags=re.MULTILINE)
        file.write_text(text, encoding="utf-8")
    return copy


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*")):
        ours = file.parent.name == "qms" and file.parent.parent.name == "assets"  # the same for every system
        if file.is_file() and not ours and file.suffix not in (".woff2", ".png", ".jpg"):
            yield file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8", errors="replace")


def write(root: Path, target: Path, audiences: tuple[str, ...]) -> Path:
    loaded = load(root)
    hidden = hidden_from(loaded, audiences)
    shown = without(loaded, hidden)
    pages.write(shown, checks.run(shown, TODAY), TODAY, target / "docs", redact=redactor(loaded, hidden))
    return target / "docs"


@pytest.fixture(scope="module")
def public(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(root, tmp_path_factory.mktemp("public"), ())


def test_neither_ids_nor_titles_nor_addresses_leak(public: Path) -> None:
    ids = re.compile(r"(?<![\w-])(?:" + "|".join(map(re.escape, HIDDEN)) + r")(?![\w-])")
    for path, text in texts(public):
        assert SECRET not in text, path
        assert not ids.search(text), f"{path}: {ids.search(text)}"
    names = {file.stem for file in public.rglob("*")}
    assert not names & set(HIDDEN)


def test_texts_that_name_what_is_hidden_say_so(public: Path) -> None:
    assert any(UNNAMED in text for _, text in texts(public))


def test_those_it_is_meant_for_see_it_all(root: Path, tmp_path: Path) -> None:
    docs = write(root, tmp_path, ("leadership", "others"))
    assert SECRET in (docs / "sops" / "SOP-014.md").read_text(encoding="utf-8")
    assert not any(UNNAMED in text for _, text in texts(docs))
    assert "Not everything is shown here." not in (docs / "compliance.md").read_text(encoding="utf-8")


def test_the_command_builds_for_an_audience(root: Path) -> None:
    run = CliRunner().invoke(app, ["-C", str(root), "site", "build", "--preview"], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    site = root / "build" / "site"
    assert not (site / "sops" / "SOP-014.html").exists()
    for path, text in texts(site):
        assert SECRET not in text, path


def test_an_audience_of_a_type(root: Path, tmp_path: Path) -> None:
    loaded = load(root)
    file = root / "qms.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before + "audiences: {person: [people]}\n", encoding="utf-8")
    try:
        people = {item.id for item in loaded.qms.items.values() if item.type == "person"}
        assert people <= hidden_from(load(root), ())
        assert not people & hidden_from(load(root), ("people",))
        shown = without(load(root), hidden_from(load(root), ()))
        assert not set(shown.qms.names) & people
    finally:
        file.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("see SOP-014.", f"see {UNNAMED}."),
        ("see SOP-014#measure-sample, then", f"see {UNNAMED}, then"),
        ("sops/SOP-014.html", f"sops/{UNNAMED}.html"),
        ("SOP-0145 and XSOP-014 stay", "SOP-0145 and XSOP-014 stay"),
        ("sops/SOP-014-close-the-site.v2.md.", f"sops/{UNNAMED}."),
        ("sop-014, _Sop-014_close.pdf", f"{UNNAMED}, _{UNNAMED}"),
        ("SOP-014- and", f"{UNNAMED} and"),
    ],
)
def test_ids_are_taken_out_of_texts(text: str, said: str) -> None:
    assert Redactor(["SOP-014"])(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("quality-manager-deputy decides", "quality-manager-deputy decides"),
        ("quality-manager-deputy-notes.md", "quality-manager-deputy-notes.md"),
        ("quality-manager-notes.md", UNNAMED),
        ("Quality-Manager", UNNAMED),
        ("buyer-friendly, buyer", f"buyer-friendly, {UNNAMED}"),
    ],
)
def test_an_id_is_not_found_in_a_longer_one_that_may_be_seen(text: str, said: str) -> None:
    assert Redactor(["quality-manager", "buyer"], (), ["quality-manager-deputy"])(text) == said


def test_titles_count_as_pages_write_them() -> None:
    redact = Redactor([], ['Sell "Plant" & sites', "Sell all"])
    assert redact("Sell &#34;Plant&#34; &amp; sites") == redact('sell "plant" & sites') == redact("sell all") == UNNAMED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Is RSK-001 Loss of a large customer still right?", f"Is {UNNAMED} still right?"),
        ("The loss of a large customer; Loss of a large customer.", f"The {UNNAMED}; {UNNAMED}."),
        ("Loss of a\n  large customer: much", f"{UNNAMED}: much"),
        ("rsk-001  LOSS OF A LARGE CUSTOMER", UNNAMED),
        ("Loss of a large customers", "Loss of a large customers"),
        ("A Ransomware attack", "A Ransomware attack"),
    ],
)
def test_titles_are_taken_out_too(text: str, said: str) -> None:
    assert Redactor(["RSK-001"], ["Loss of a large customer", "Ransomware"])(text) == said


def test_what_settings_hide_is_not_shown_when_they_cannot_be_read(root: Path) -> None:
    file = root / "qms.yaml"
    before = file.read_text(encoding="utf-8")
    for broken in ("audiences: {risk: [leadership]}\nlanguagess: [en]\n", "audience: {risk: [leadership]}\n", "x: [\n"):
        file.write_text(before + broken, encoding="utf-8")
        run = CliRunner().invoke(app, ["-C", str(root), "site", "build", "--preview"])
        assert run.exit_code == 1, run.output
        assert "not published, because qms.yaml cannot be used" in run.output
    file.write_text(before, encoding="utf-8")


def test_compliance_pages_say_that_not_everything_is_shown(public: Path) -> None:
    for page in ("compliance.md", "compliance/STD-001.md"):
        assert "Not everything is shown here." in (public / page).read_text(encoding="utf-8")
