"""Languages: every text of the interface is German on a German page, and translations of items hold together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qmsctl import checks, pages
from qmsctl.cli import app
from qmsctl.editing import translate
from qmsctl.loader import Loaded, load
from qmsctl.pages.performance import Performance
from qmsctl.pages.publication import Publication
from qmsctl.pages.wording import MONTHS, Words, for_scripts, words_of
from tests.conftest import TODAY, own_files
from tests.interface_texts import NAMES, collected, places, table
from tests.test_site import copy_reference

GERMAN = "organisation: Example\nlanguages: [en, de]\n"
ROLE = (
    'id: inspector\ntype: role\ntitle: Inspector\nrevision: "2.0"\neffective: 2026-03-16\nowner: inspector\n'
    "review_every: 24 months\nchange: Holds lots as well.\npurpose: Lets only proven lots go on.\nfunction: Quality\n"
    "authority: [Hold a lot., Release a lot.]\ncompetence:\n  - {need: Reads drawings}\n"
)
SOP = (
    '---\nid: SOP-014\ntype: sop\ntitle: Incoming inspection\nrevision: "2.1"\neffective: 2026-03-02\n'
    "owner: inspector\nreview_every: 24 months\nchange: Samples follow the lot size.\npurpose: Nothing unproven goes on.\n"
    'needs: [Gauges, "Labels: red and green"]\n---\n\n## Limits\n\nNo defect.\n\n## Steps\n\n### Draw the sample {#draw-sample}\n'
    "Who: inspector\nSystem: CAQ\n\nFrom three layers. See [the role](../roles/inspector.yaml).\n"
)
SMALL = {"qms.yaml": GERMAN, "roles/inspector.yaml": ROLE, "sops/SOP-014-incoming-inspection.md": SOP}


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *arguments])


# --- the interface ----------------------------------------------------------------------------------


def test_every_text_has_a_german_one_and_no_text_is_left_over() -> None:
    said, german = collected(), table()
    assert {text: sorted(said[text]) for text in said if text not in german} == {}
    assert sorted(german.keys() - said.keys()) == []


def test_german_texts_keep_the_places_for_values() -> None:
    assert {english: said for english, said in table().items() if places(english) != places(said)} == {}


def test_the_german_texts_are_sorted() -> None:
    assert list(table()) == sorted(table())


def test_scripts_get_the_texts_they_ask_for() -> None:
    said = for_scripts(Words("de", table()), {"a": 'qmsText("Nothing matches.") + qmsText("No such text")'})
    assert said == {"Nothing matches.": "Nichts passt."}


class Texts(HTMLParser):
    """Collects what a page says: its texts and what is read aloud; drawings and code are left out."""

    QUIET = ("svg", "style", "script", "pre", "code")
    SPOKEN = ("aria-label", "title", "placeholder", "data-label", "alt")
    INLINE = ("abbr", "b", "i", "sup", "sub", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.depth = self.prose = 0
        self.said = [""]
        self.labels: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag in self.QUIET
        if tag == "div" and (self.prose or "qms-prose" in (dict(attrs).get("class") or "")):
            self.prose += 1
        if not self.depth and tag not in self.INLINE:
            self.said += [value or "" for name, value in attrs if name in self.SPOKEN]
            self.said.append("")

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in self.QUIET and self.depth > 0
        self.prose -= tag == "div" and self.prose > 0
        if tag not in self.INLINE:
            self.said.append("")

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.said[-1] += data
            self.labels |= set() if self.prose else {data.strip()}


ESCAPED = {
    # What a data contract demands of a column is said by view.column_rules, below the pages.
    "data-sources/": ("never empty", "unique", "one of", "from", "key", "number of", "text of"),
    # The words of formulas and of signals come from the measures; terminal and pages share them.
    "kpis/": ("number of", "sum of", "average of", "smallest", "greatest", "above the", "below the", "values in a row"),
    # Links whose item type gives no name to the other end are called by their field.
    "": ("explanations", "sipoc", "raci", "csv"),
}
"""English that stays on German pages, by page and beginning: each with the reason."""


def flat(text: str) -> str:
    """Return a text as words only, so that Markdown and HTML of the same prose are the same."""
    found = re.sub(r"[^\w]+", " ", re.sub(r"\{#[\w-]+\}|<br>", " ", text)).lower().split()
    return " ".join(word for word in found if not re.search(r"\d", word))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def said_by_items(loaded: Loaded) -> str:
    """Return all that items, translations and the configuration say, in one text."""
    items = [*loaded.qms.items.values(), *(t.content for t in loaded.qms.translations)]
    found = [text for i in items for text in (*strings(dict(i.fields)), i.body, i.id, i.path)]
    found += [text for i in items for line in i.body.split("\n") for text in line.split("|")]
    return " | ".join(
        flat(text) for text in [*found, *loaded.qms.names.values(), (loaded.root / "qms.yaml").read_text()]
    )


def test_no_english_of_the_interface_reaches_a_german_page(tmp_path: Path) -> None:
    """The German texts are put in brackets; what stands outside of them and is said by no item has escaped."""
    root = copy_reference(tmp_path / "qms", german=True)
    listed = (root / "qms.yaml").read_text(encoding="utf-8")
    if "languages:" not in listed:
        (root / "qms.yaml").write_text(listed + "\nlanguages: [en, de]\n", encoding="utf-8")
    cut = ("1,234.5", *MONTHS)  # pages cut these: a figure into its signs, a month to three letters
    marked = {english: f"⟦{said}⟧" for english, said in table().items() if english not in cut}
    (root / "languages").mkdir(exist_ok=True)
    lines = (f"{json.dumps(english)}: {json.dumps(said, ensure_ascii=False)}\n" for english, said in marked.items())
    (root / "languages" / "de.yaml").write_text("".join(lines), encoding="utf-8")
    loaded = load(root)
    pages.write(loaded, checks.Report(()), TODAY, root / "build" / "docs")
    known = " | ".join([said_by_items(loaded), *(flat(table()[month]) for month in MONTHS)])
    exactly = set(known.split(" | "))
    escaped: dict[str, str] = {}
    for file in sorted((root / "build" / "docs" / "de").rglob("*.md")):
        page = file.relative_to(root / "build" / "docs" / "de").as_posix()
        text = file.read_text(encoding="utf-8").split("---\n", 2)[2].replace("&#10214;", "⟦").replace("&#10215;", "⟧")
        while "⟦" in text:
            shorter = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
            assert shorter != text, page
            text = shorter
        found = Texts(re.sub(r"(?<!<)\{[#.][\w -]+\}", " ", text))
        for label in sorted(found.labels & marked.keys()):
            if flat(label) not in exactly:
                escaped.setdefault(label, page)
        for said in found.said:
            for piece in re.split(r"[,.;:·|→()?]|\bund\b", said):
                words_only = flat(piece)
                if re.sub(r"^[a-z]{2,4} ", "", words_only) in known:
                    continue  # a part of an item, with the id of the item before its title
                if re.search(r"[a-z]{3}", words_only) and words_only not in known and not may_stay(page, words_only):
                    escaped.setdefault(words_only, page)
    assert not escaped, "\n".join(f"{page}: {said}" for said, page in escaped.items())


def may_stay(page: str, said: str) -> bool:
    if said in NAMES:
        return True
    return any(page.startswith(start) and said.startswith(heads) for start, heads in ESCAPED.items())


# --- figures and days -------------------------------------------------------------------------------


def test_days_and_periods_are_german() -> None:
    german = Words("de", table())
    assert german.day("2026-03-02") == "2. März 2026"
    shown = performance(german)
    assert [shown.period(key) for key in ("2026-11-16", "2026-W47", "2026-03", "2026-Q4", "2026")] == [
        "16. November 2026", "Woche 47 2026", "März 2026", "4. Quartal 2026", "2026",
    ]  # fmt: skip


def performance(t: Words) -> Performance:
    """Figures in a language, without any data."""
    found = object.__new__(Performance)
    found.t = t
    return found


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("93.4 %", "93,4 %"),
        ("1,240 ppm", "1.240 ppm"),
        ("12,500.25", "12.500,25"),
        ("no value", "kein Wert"),
        ("SOP-014, v1.2.", "SOP-014, v1,2."),
    ],
)
def test_figures_have_german_signs(english: str, german: str) -> None:
    assert performance(Words("de", table())).local(english) == german
    assert performance(Words()).local(english) == english


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("at least 97 %", "mindestens 97 %"),
        ("at most 1,000.5 ppm", "höchstens 1.000,5 ppm"),
        ("between 5 and 7.5 turns", "zwischen 5 und 7,5 turns"),
        ("about 3 h", "etwa 3 h"),
        ("no target", "kein Zielwert"),
        ("", ""),
    ],
)
def test_targets_are_said_in_german(english: str, german: str) -> None:
    assert performance(Words("de", table()))._aim(english) == german
    assert performance(Words())._aim(english) == english


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("in force since 2026-03-02", "in Kraft seit 2. März 2026"),
        ("was in force from 2026-01-05 to 2026-03-01", "war in Kraft von 5. Januar 2026 bis 1. März 2026"),
        ("draft", "Entwurf"),
    ],
)
def test_states_of_revisions_are_said_in_german(english: str, german: str) -> None:
    found = object.__new__(Publication)
    found.t = Words("de", table())
    assert found.words(english) == german
    assert found.moment("2026-03-02T14:05:00+01:00") == "2. März 2026, 14:05 (UTC+01:00)"


# --- translations of items --------------------------------------------------------------------------


def test_translate_writes_all_texts_and_nothing_else(system: Callable[..., Path]) -> None:
    root = system(SMALL)
    result = run(root, "translate", "sop-014", "de")
    assert result.exit_code == 0, result.output
    text = (root / "sops/SOP-014-incoming-inspection.de.md").read_text(encoding="utf-8")
    assert text.startswith('---\ntranslation_of: SOP-014\nof_revision: "2.1"\ntitle: Incoming inspection\n')
    assert 'needs: [Gauges, "Labels: red and green"]' in text
    assert "## Steps\n\n### Draw the sample {#draw-sample}\nSystem: CAQ\n\nFrom three layers." in text
    for fact in ("Who:", "effective", "owner", "review_every", "change", "\nid:"):
        assert fact not in text
    found = checks.run(load(root), TODAY).findings
    assert {f.check for f in found if f.check.startswith("translation-")} <= {"translation-untouched"}
    assert run(root, "check", "--only", "translation-unmatched").exit_code == 0


def test_translate_overwrites_nothing(system: Callable[..., Path]) -> None:
    root = system({**SMALL, "roles/inspector.de.yaml": "translation_of: inspector\ntitle: Prüfer\n"})
    result = run(root, "translate", "inspector", "de")
    assert result.exit_code == 2
    assert "exists already" in result.output
    assert (root / "roles/inspector.de.yaml").read_text(encoding="utf-8").endswith("title: Prüfer\n")


@pytest.mark.parametrize(
    ("name", "language", "said"),
    [
        ("SOP-014", "fr", "languages: [en, de, fr]"),
        ("SOP-014", "en", "is written in `en` already"),
        ("SOP-041", "de", "there is no item"),
        ("iso9001-2015", "de", "comes with qmsctl"),
    ],
)
def test_translate_says_what_is_wrong(system: Callable[..., Path], name: str, language: str, said: str) -> None:
    root = system({**SMALL, "qms.yaml": GERMAN + "standards: [iso9001-2015]\n"})
    before = own_files(root)
    result = run(root, "translate", name, language)
    assert result.exit_code == 2
    assert said in result.output
    assert own_files(root) == before


def test_every_translation_begun_fits_its_source(tmp_path: Path) -> None:
    """Each kind of item of the reference system: what `translate` writes is a translation without a finding."""
    root = copy_reference(tmp_path / "qms", german=True)
    listed = (root / "qms.yaml").read_text(encoding="utf-8")
    if "languages:" not in listed:
        (root / "qms.yaml").write_text(listed + "\nlanguages: [en, de]\n", encoding="utf-8")
    for file in root.rglob("*.de.*"):
        file.unlink()
    loaded = load(root)
    for item in loaded.qms.items.values():
        if not item.shipped:
            path, text = translate.start(loaded, item.id, "de")
            (root / path).write_text(text, encoding="utf-8")
    found = load(root)
    assert len(found.qms.translations) > 100
    begun = "translation-untouched"  # nobody has translated anything yet, and the check says so
    told = [f for f in checks.run(found, TODAY).findings if f.check != begun]
    wrong = [f for f in told if f.check.startswith(("translation-", "yaml-", "front-"))]
    assert [str(f.position) + " " + f.message for f in wrong] == []


def test_renumber_takes_the_translation_along(system: Callable[..., Path]) -> None:
    root = system(
        {
            **SMALL,
            "sops/SOP-014-incoming-inspection.de.md": '---\ntranslation_of: SOP-014\nof_revision: "2.1"\n'
            "title: Wareneingangsprüfung\n---\n\nSiehe SOP-014#draw-sample.\n",
            "roles/inspector.de.yaml": "translation_of: inspector\ntitle: Prüfer\npurpose: Arbeitet nach SOP-014.\n",
        }
    )
    assert run(root, "renumber", "SOP-014", "SOP-099").exit_code == 0
    text = (root / "sops/SOP-099-incoming-inspection.de.md").read_text(encoding="utf-8")
    assert "translation_of: SOP-099\n" in text
    assert "Siehe SOP-099#draw-sample." in text
    assert "SOP-099." in (root / "roles/inspector.de.yaml").read_text(encoding="utf-8")
    assert run(root, "renumber", "inspector", "examiner").exit_code == 0
    assert "translation_of: examiner\n" in (root / "roles/examiner.de.yaml").read_text(encoding="utf-8")
    loaded = load(root)
    assert {t.content.id for t in loaded.qms.translations} == {"SOP-099", "examiner"}
    assert [f.check for f in loaded.qms.findings] == []


def test_siblings_are_no_items_to_other_commands(system: Callable[..., Path]) -> None:
    root = system(SMALL)
    assert run(root, "translate", "SOP-014", "de").exit_code == 0
    assert run(root, "translate", "inspector", "de").exit_code == 0
    assert len(json.loads(run(root, "list", "sop", "--format", "json").stdout)) == 1
    assert run(root, "find", "incoming").stdout.count("SOP-014") == 1
    made = run(root, "new", "sop", "Next", "--set", "owner=inspector")
    assert made.exit_code == 0, made.output
    assert (root / "sops/SOP-015-next.md").exists()


def test_an_older_translation_is_marked_on_its_page_and_found(system: Callable[..., Path]) -> None:
    older = 'translation_of: inspector\nof_revision: "1.0"\ntitle: Prüfer\npurpose: Prüft.\n'
    root = system({**SMALL, "roles/inspector.de.yaml": older})
    loaded = load(root)
    report = checks.run(loaded, TODAY)
    assert [f.item for f in report.findings if f.check == "translation-outdated"] == ["inspector"]
    pages.write(loaded, report, TODAY, root / "build" / "docs")
    page = (root / "build/docs/de/roles/inspector.md").read_text(encoding="utf-8")
    assert "Diese Übersetzung ist älter als ihr Original." in page
    assert "../../roles/inspector.html" in page
    assert "Diese Übersetzung" not in (root / "build/docs/roles/inspector.md").read_text(encoding="utf-8")
    untranslated = (root / "build/docs/de/sops/SOP-014.md").read_text(encoding="utf-8")
    assert "Noch nicht übersetzt" in untranslated


def test_an_organisation_words_a_text_its_own_way(system: Callable[..., Path]) -> None:
    root = system({**SMALL, "languages/de.yaml": "Roles: Funktionen\n"})
    words = words_of("de", root)
    assert (words("Roles"), words("Risks")) == ("Funktionen", "Risiken")
