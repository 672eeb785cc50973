"""The search index: what it holds, how large its pieces are, and that nothing an item says can get out of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from qmsctl import checks, pages
from qmsctl.checks import Report
from qmsctl.loader import load
from qmsctl.pages import indexes, search
from qmsctl.pages.search.entries import entries, plain
from qmsctl.pages.search.index import halves, other_names
from qmsctl.pages.search.packing import SIGNS
from qmsctl.pages.search.words import folded, id_term, stem, terms, words
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of
from tests.conftest import REPOSITORY, TODAY

QUESTIONS: list[dict[str, Any]] = yaml.safe_load(
    (REPOSITORY / "tests" / "data" / "search" / "questions.yaml").read_text(encoding="utf-8")
)
FIRST_HIT = 200_000
"""Bytes that a first hit may cost, at any size of the system."""


def view_of(root: Path, language: str = "en") -> View:
    loaded = load(root)
    return View(loaded, checks.run(loaded, TODAY), TODAY, words=words_of(language, root))


def index_of(view: View) -> dict[str, bytes]:
    return dict(search.files(view, indexes.pages(view)))


def given(data: bytes) -> Any:
    """What a piece of the index hands over; fails if it does anything else."""
    match = re.fullmatch(r'qmsSearchLoad\("\w+",(.*)\);\n', data.decode(), re.DOTALL)
    assert match is not None
    return json.loads(match.group(1))


def pieces(index: Mapping[str, bytes]) -> dict[str, Any]:
    return {path.rsplit("/", 1)[-1].removesuffix(".js"): given(data) for path, data in index.items()}


@pytest.fixture(scope="module")
def view() -> View:
    return view_of(REPOSITORY)


@pytest.fixture(scope="module")
def index(view: View) -> dict[str, bytes]:
    return index_of(view)


def found_in(index: Mapping[str, bytes], term: str) -> list[int]:
    """The entries under a term, read as the script reads them."""
    for name, piece in pieces(index).items():
        if re.fullmatch(r"w\d+", name) and term in piece[0].split(" "):
            text = piece[1].split(" ")[piece[0].split(" ").index(term)]
            return _entries(text)
    return []


def _entries(text: str) -> list[int]:
    out, last, at = [], -1, 0
    while at < len(text):
        value, scale = 0, 1
        while SIGNS.index(text[at]) > 31:
            value += (SIGNS.index(text[at]) - 32) * scale
            scale *= 32
            at += 1
        last += value + SIGNS.index(text[at]) * scale
        at += 2
        out.append(last)
    return out


def urls(index: Mapping[str, bytes], numbers: list[int]) -> list[str]:
    piece = pieces(index)
    size = piece["start"]["block"]
    found = []
    for number in numbers:
        shown, rows = piece[f"e{number // size}"]
        row = rows[number % size]
        found.append(shown[row[0]][0] + (f"#{row[3]}" if row[3] else ""))
    return found


# --- words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forms",
    ["calibrate calibrates calibrated calibrating calibration", "gauge gauges", "measure measuring measurements",
     "ship shipping shipment", "approve approved approval", "nonconforming nonconformity", "carry carries carried",
     "batch batches", "process processes", "harden hardening hardened"],
)  # fmt: skip
def test_forms_of_a_word_are_one(forms: str) -> None:
    assert len({stem(word, "en") for word in forms.split()}) == 1


def test_short_words_keep_their_sense() -> None:
    assert stem("ring", "en") != stem("r", "en")
    assert len({stem(word, "en") for word in ("station", "state", "string", "need", "gas", "lot")}) == 6


def test_german_forms_and_umlauts() -> None:
    assert len({stem(word, "de") for word in words("Prüfung prüfen Pruefungen")}) == 1
    assert folded("Größe Ångström ﬁlm") == "groesse angstroem film"


def test_question_words_are_left_out() -> None:
    assert terms("What do I do with a part that fails?", "en") == ["part", "fail"]
    assert terms("Was mache ich mit dem Ausschuss?", "de") == [stem("ausschuss", "de")]


@pytest.mark.parametrize("typed", ["SOP-014", "sop 14", "sop014", "Sop-14", " SOP-0014 "])
def test_an_id_is_known_however_it_is_typed(typed: str) -> None:
    assert id_term(typed) == id_term("SOP-014")


def test_ids_that_differ_stay_apart() -> None:
    refs = ["SOP-014", "SOP-140", "SOP-14#a", "NC-2026-004", "NC-2026-040", "8.4.2", "8.4.20", "8.04", "10.2"]
    assert len({id_term(ref) for ref in refs}) == len(refs) - 0


def test_a_compound_is_found_by_its_halves() -> None:
    known = {"wareneingang", "pruef", "plan"}
    assert halves(stem(folded("Wareneingangsprüfung"), "de"), "de", known) == ("wareneingang", "pruef")
    assert halves("wareneingangspruef", "en", known) == ()
    assert halves("unbekannteswort", "de", known) == ()


def test_names_lead_both_ways() -> None:
    names = other_names([["Coordinate measuring machine", "CMM"], ["Concession", "waiver"]], "en")
    assert names.also[("cmm",)] == (tuple(terms("coordinate measuring machine", "en")),)
    assert names.also[tuple(terms("coordinate measuring machine", "en"))] == (("cmm",),)
    assert names.also[(stem("concession", "en"),)] == (("waiver",),)


def test_plain_text_has_no_markdown_left() -> None:
    assert plain("**Stop**, then [open](x.md) `it`.\n\n| a | b |\n| --- | --- |\n") == "Stop , then open it . a b"


# --- what can be found ---------------------------------------------------------------------------------------------------


def test_everything_that_has_an_address_can_be_found(view: View) -> None:
    found = {(e.page.id, e.anchor) for e in entries(view, indexes.pages(view))}
    for item in view.graph.items.values():
        assert (item.id, "") in found
        for title, _ in view.sections(item):
            assert not title or (item.id, view.slug(title)) in found
    for part in view.graph.parts.values():
        assert (part.item, view.anchor(part)) in found


def test_every_address_leads_to_something(view: View, tmp_path: Path) -> None:
    loaded = view.loaded
    pages.write(loaded, view.report, TODAY, tmp_path / "docs")
    anchors = {
        file.relative_to(tmp_path / "docs").as_posix().removesuffix(".md") + ".html": set(
            re.findall(r'(?:\bid="|\{#)([^"}\s]+)', file.read_text(encoding="utf-8"))
        )
        for file in (tmp_path / "docs").rglob("*.md")
    }
    dead = [
        f"{entry.page.path}#{entry.anchor}"
        for entry in entries(view, indexes.pages(view))
        if entry.page.path not in anchors or (entry.anchor and entry.anchor not in anchors[entry.page.path])
    ]
    assert dead == []


def test_expected_answers_exist(view: View) -> None:
    known = {e.page.path + (f"#{e.anchor}" if e.anchor else "") for e in entries(view, indexes.pages(view))}
    assert [a for q in QUESTIONS for a in q["expect"] if a not in known] == []
    assert len(QUESTIONS) >= 60
    assert len([q for q in QUESTIONS if q.get("held")]) >= len(QUESTIONS) // 4


def test_a_step_tells_where_it_belongs(view: View) -> None:
    step = next(e for e in entries(view, ()) if e.page.id == "SOP-014" and e.anchor == "decide-lot")
    assert (step.kind, step.page.revision, step.page.where) == ("Step", "2.1", "PRC-007")
    assert "quality-engineer" in step.roles
    assert next(e for e in entries(view, ()) if e.page.id == "FRM-009").page.where == "PRC-007"


def test_ids_and_other_names_are_in_the_index(index: dict[str, bytes]) -> None:
    assert urls(index, found_in(index, id_term("SOP-014"))) == ["sops/SOP-014.html"]
    both = ["catalogues/iso9001-2015.html#clauses-8-4-2", "catalogues/iso9001-2026.html#clauses-8-4-2"]
    assert sorted(urls(index, found_in(index, id_term("8.4.2")))) == both
    assert "sops/SOP-006.html#ask-concession" in urls(index, found_in(index, "waiver"))


def test_obsolete_items_rank_low_and_are_marked(system: Callable[..., Path]) -> None:
    head = "id: {}\ntype: term\ntitle: Honing stone\n"
    root = system({"glossary/term-a.yaml": head.format("term-a") + "definition: A stone.\n"})
    old = root / "sops" / "SOP-001-honing.md"
    old.parent.mkdir()
    old.write_text(
        "---\nid: SOP-001\ntype: sop\ntitle: Honing\nstatus: obsolete\nrevision: '1.0'\neffective: 2026-01-01\n"
        "review_every: 12 months\nchange: Nothing is honed any more.\npurpose: To hone.\n---\n",
        encoding="utf-8",
    )
    found = {e.page.id: e for e in entries(view_of(root), ())}
    assert found["SOP-001"].page.gone
    assert not found["term-a"].page.gone
    assert found["SOP-001"].prior < found["term-a"].prior / 2


def test_what_is_left_out_of_a_build_is_not_told(system: Callable[..., Path]) -> None:
    item = {"id": "term-a", "type": "term", "title": "Lot", "definition": "x", "locations": ["hidden-place"]}
    form = {
        "id": "FRM-001",
        "type": "form",
        "title": "Sheet",
        "owner": "hidden-role",
        "record": "REC-077",
        "purpose": "x",
    }
    files = {f"{folder}/{i['id']}.yaml": json.dumps(i) for folder, i in (("glossary", item), ("forms", form))}
    told = b"".join(index_of(view_of(system(files))).values())
    assert b"Sheet" in told
    for hidden in (b"hidden-place", b"hidden-role", b"REC-077", b"rec-77"):
        assert hidden not in told


# --- pieces --------------------------------------------------------------------------------------------------------------


def test_same_input_same_index(view: View, index: dict[str, bytes]) -> None:
    assert index_of(view_of(REPOSITORY)) == index


def test_another_build_never_shares_a_name(system: Callable[..., Path]) -> None:
    def built(text: str) -> set[str]:
        root = system({"glossary/term-a.yaml": f"id: term-a\ntype: term\ntitle: Lot\ndefinition: {text}\n"})
        return {path for path in index_of(view_of(root)) if not path.endswith("/start.js")}

    assert built("One.").isdisjoint(built("Two."))


def test_pieces_hold_data_and_nothing_else(index: dict[str, bytes]) -> None:
    for data in index.values():
        given(data)
        assert b"</" not in data


def worst_first_hit(index: Mapping[str, bytes]) -> int:
    """The dearest first hit: three words far apart with an error in one, fourteen hits on as many pieces, a role."""
    sizes: dict[str, list[int]] = {}
    for path, data in index.items():
        sizes.setdefault(re.sub(r"\d+$", "", path.rsplit("/", 1)[-1].removesuffix(".js")), []).append(len(data))
    of = {name: sorted(found, reverse=True) for name, found in sizes.items()}
    return of["start"][0] + sum(of["w"][:4]) + sum(of["e"][:14]) + max(of.get("r", [0])) + of["spelling"][0]


def test_pieces_of_the_reference_are_small(index: dict[str, bytes]) -> None:
    assert worst_first_hit(index) <= FIRST_HIT


def test_pieces_stay_small_in_a_large_system(tmp_path: Path) -> None:
    index = index_of(View(load(generated(tmp_path, 2000)), Report(()), TODAY))
    assert pieces(index)["start"]["count"] > 12_000
    assert worst_first_hit(index) <= FIRST_HIT


SYLLABLES = (
    "lor",
    "ven",
    "tam",
    "rik",
    "sol",
    "mar",
    "den",
    "pul",
    "gor",
    "wex",
    "hal",
    "nim",
    "ber",
    "cas",
    "tol",
    "fen",
)


def generated(root: Path, count: int) -> Path:
    """A system of SOPs with words of its own, as many different ones as a large one has, few of them often."""
    import random

    chance = random.Random(7)
    vocabulary = ["".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 4))) for _ in range(9000)]

    def text(length: int) -> str:
        return " ".join(vocabulary[min(int(chance.paretovariate(0.55)), len(vocabulary)) - 1] for _ in range(length))

    root.mkdir(exist_ok=True)
    (root / "qms.yaml").write_text("organisation: Large\n", encoding="utf-8")
    (root / "sops").mkdir()
    for number in range(1, count + 1):
        steps = "".join(f"\n### {text(4)} {{#step-{at}}}\n\n{text(70)}\n" for at in range(6))
        (root / "sops" / f"SOP-{number:04}.md").write_text(
            f"---\nid: SOP-{number:04}\ntype: sop\ntitle: {text(4)}\nrevision: '1.0'\neffective: 2026-01-01\n"
            f"review_every: 12 months\nchange: First edition of it.\npurpose: {text(12)}\n---\n\n## {text(3)}\n\n"
            f"{text(60)}\n\n## Steps\n{steps}",
            encoding="utf-8",
        )
    return root


# --- hostile items -------------------------------------------------------------------------------------------------------

HOSTILE = [
    "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "__proto__ constructor toString",
    "\u2028\u2029\u0000 line", '");alert(1);("', "a" * 120, "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🦄 İstanbul ẞ", "(.*)+$ [a-z]{99999}",
]  # fmt: skip


def test_hostile_texts_stay_text(system: Callable[..., Path]) -> None:
    files = {
        f"glossary/term-x{number}.yaml": json.dumps(
            {"id": f"term-x{number}", "type": "term", "title": text[:120], "definition": text, "synonyms": [text]}
        )
        for number, text in enumerate(HOSTILE)
        if "\u0000" not in text
    }
    index = index_of(view_of(system(files)))
    for data in index.values():
        given(data)
        assert b"</" not in data
        assert "\u2028".encode() not in data
    assert len(found_in(index, "proto")) == 1
    assert len(found_in(index, stem("constructor", "en"))) == 1


def test_words_are_bounded() -> None:
    assert max(len(word) for word in words("a" * 5000 + " b")) <= 40
