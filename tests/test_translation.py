"""Items in another language: texts from the translation, facts from the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from qmsctl import checks, pages
from qmsctl.editing import translate
from qmsctl.itemfile import language_of
from qmsctl.loader import load
from qmsctl.translation import loaded_in
from tests.conftest import TODAY

SOURCE = """---
id: SOP-001
type: sop
title: Incoming inspection
revision: "2.1"
effective: 2026-01-05
owner: inspector
review_every: 24 months
change: First issue of this text.
purpose: Nothing unproven reaches a machine.
needs: [Gauge, Lot card]
---

## Limits

None.

## Steps

### Draw the sample {#draw-sample}
Who: inspector

From three layers.

### Measure it {#measure}
Who: inspector

All values.
"""
GERMAN = """---
translation_of: SOP-001
of_revision: "2.1"
title: Wareneingangsprüfung
purpose: Nichts Ungeprüftes kommt an eine Maschine.
needs: [Messmittel, Loskarte]
---

## Grenzwerte

Keine.

## Steps

### Stichprobe ziehen {#draw-sample}

Aus drei Lagen.
"""
ROLE = """---
id: inspector
type: role
title: Inspector
revision: "1.0"
effective: 2026-01-05
owner: inspector
review_every: 24 months
change: First issue.
purpose: Lets only proven lots go on.
authority: [Hold a lot.]
competence:
  - {need: Reads drawings}
---
"""
CONFIG = "organisation: Example\nas_of: 2026-11-16\nlanguages: [en, de]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "qms.yaml": CONFIG,
        "sops/SOP-001-incoming-inspection.md": SOURCE,
        "sops/SOP-001-incoming-inspection.de.md": GERMAN,
        "roles/inspector.md": ROLE,
    }
    for path, text in files.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def found(root: Path, check: str) -> list[tuple[str, int, str]]:
    report = checks.run(load(root), TODAY, only=[check])
    return [(f.position.path, f.position.line, f.message) for f in report.findings if f.check == check]


def change(root: Path, old: str, new: str) -> None:
    file = root / "sops" / "SOP-001-incoming-inspection.de.md"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_translation_is_no_item_of_its_own(root: Path) -> None:
    loaded = load(root)
    assert [i.path for i in loaded.qms.items.values() if i.id == "SOP-001"] == ["sops/SOP-001-incoming-inspection.md"]
    assert not [f for f in loaded.qms.findings if f.level == "error"]
    assert found(root, "translation-unmatched") == found(root, "translation-outdated") == []


def test_texts_are_translated_and_facts_stay(root: Path) -> None:
    item = loaded_in(load(root), "de").qms.items["SOP-001"]
    assert item.title == "Wareneingangsprüfung"
    assert item.get("needs") == ["Messmittel", "Loskarte"]
    assert item.get("revision") == "2.1"
    assert item.get("owner") == "inspector"
    first, second = item.get("steps")
    assert (first["title"], first["who"], first["text"].strip()) == (
        "Stichprobe ziehen",
        "inspector",
        "Aus drei Lagen.",
    )
    assert second["title"] == "Measure it"  # not translated: the source
    assert "Grenzwerte" in item.body
    assert loaded_in(load(root), "en").qms.items["SOP-001"].title == "Incoming inspection"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("purpose:", "purposse:", 5, "the source has no `purposse`"),
        ("{#draw-sample}", "{#draw-samples}", 15, "the source has no `draw-samples` here"),
        ("translation_of: SOP-001", "translation_of: SOP-002", 2, "there is no such item"),
        ("needs: [Messmittel, Loskarte]", "needs: [Messmittel]", 6, "the source has 2 of these"),
        ("title: Wareneingangsprüfung", "owner: chef", 4, "`owner` is no text"),
    ],
)
def test_what_fits_nowhere_is_told_where_it_stands(root: Path, old: str, new: str, line: int, words: str) -> None:
    change(root, old, new)
    ((path, at, message),) = found(root, "translation-unmatched")
    assert (path.endswith(".de.md"), at) == (True, line)
    assert words in message


def test_a_language_that_is_not_configured_is_told(root: Path) -> None:
    (root / "qms.yaml").write_text(CONFIG.replace("[en, de]", "[en, fr]"), encoding="utf-8")
    ((_, _, message),) = found(root, "translation-unmatched")
    assert "`de`, which qms.yaml does not list" in message


def test_an_older_translation_is_told_and_marked(root: Path) -> None:
    change(root, '"2.1"', '"2.0"')
    assert found(root, "translation-outdated") == [
        ("sops/SOP-001-incoming-inspection.de.md", 3, "this translates SOP-001 2.0, and the source is at 2.1")
    ]
    docs = write(root)
    assert "../../sops/SOP-001.html" in (docs / "de" / "sops" / "SOP-001.md").read_text(encoding="utf-8")
    assert "qms-notice-bad" in (docs / "de" / "sops" / "SOP-001.md").read_text(encoding="utf-8")
    assert "qms-notice-bad" not in (docs / "sops" / "SOP-001.md").read_text(encoding="utf-8")


def write(root: Path) -> Path:
    loaded = load(root)
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs")
    return root / "build" / "docs"


def test_every_page_has_its_pair(root: Path) -> None:
    docs = write(root)
    english = {f.relative_to(docs).as_posix() for f in docs.rglob("*.md") if "de" not in f.relative_to(docs).parts}
    german = {f.relative_to(docs / "de").as_posix() for f in (docs / "de").rglob("*.md")}
    assert english == german
    text = (docs / "de" / "sops" / "SOP-001.md").read_text(encoding="utf-8")
    assert "Aus drei Lagen." in text
    assert "{#draw-sample}" in text


@pytest.mark.parametrize(
    ("path", "language"),
    [("sops/SOP-001.de.md", "de"), ("a/b.fr.yaml", "fr"), ("sops/SOP-001.md", ""), ("sops/SOP-001.deu.md", ""), ("sops/de.md", "")],
)  # fmt: skip
def test_the_name_of_a_file_says_its_language(path: str, language: str) -> None:
    assert language_of(path) == language


def test_bad_translations_lose_nothing(root: Path) -> None:
    for text in ("", "---\n: [\n---\n", "no front matter", "---\ntranslation_of: [1]\n---\n", "---\ntranslation_of: SOP-001\nsteps: 5\n---\n"):  # fmt: skip
        (root / "sops" / "SOP-001-incoming-inspection.de.md").write_text(text, encoding="utf-8")
        loaded = load(root)
        assert "SOP-001" in loaded.qms.items
        assert loaded_in(loaded, "de").qms.items["SOP-001"].title == "Incoming inspection"
        assert checks.run(loaded, TODAY).findings


def test_a_translation_that_was_only_begun_is_told(root: Path) -> None:
    file = root / "sops" / "SOP-001-incoming-inspection.de.md"
    assert found(root, "translation-untouched") == []
    file.unlink()
    loaded = load(root)
    path, text = translate.start(loaded, "SOP-001", "de")
    (root / path).write_text(text.replace("Draw the sample", "Stichprobe ziehen"), encoding="utf-8")
    assert found(root, "translation-untouched") == [(path, 2, "the text is still that of the source")]
    docs = write(root)
    assert "Noch nicht übersetzt" in (docs / "de" / "sops" / "SOP-001.md").read_text(encoding="utf-8")


def test_a_revision_that_is_still_to_come_is_told(root: Path) -> None:
    change(root, '"2.1"', '"2.10"')
    ((_, line, message),) = found(root, "translation-outdated")
    assert (line, message) == (3, "SOP-001 has no revision 2.10 yet; it is at 2.1")
