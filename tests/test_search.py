"""The search index: what it holds, how large its pieces are, and that nothing an item says can get out of it."""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qmsctl import checks, pages
from qmsctl.checks import Report
from qmsctl.engines.mkdocs_internals import LATE
from qmsctl.loader import load
from qmsctl.pages import indexes, search
from qmsctl.pages.search import bundling, gathered
from qmsctl.pages.search.bundling import Bundle
from qmsctl.pages.search.entries import Entry, of_index, of_item, plain
from qmsctl.pages.search.packing import ROOM, UNIT, first, fragment, number, places, value
from qmsctl.pages.search.parts import Part, Setting, halves, other_names
from qmsctl.pages.search.words import folded, id_term, stem, terms, words
from qmsctl.pages.view import View
from qmsctl.pages.wording import words_of
from tests.conftest import REPOSITORY, TODAY
from tests.test_kept_pages import build, clean, different

QUESTIONS: list[dict[str, Any]] = yaml.safe_load(
    (REPOSITORY / "tests" / "data" / "search" / "questions.yaml").read_text(encoding="utf-8")
)
FIRST_HIT = 200_000
"""Bytes that a first hit may cost, at any size of the system."""


def view_of(root: Path, language: str = "en") -> View:
    loaded = load(root)
    return View(loaded, checks.run(loaded, TODAY), TODAY, words=words_of(language, root))


def index_of(view: View) -> dict[str, bytes]:
    parts = [part for item in view.graph.items.values() for part in search.part(view, item)]
    of_pages = search.parts_of_pages(view, listed(view))
    made = [make() for make in search.bundles(view, [*of_pages, *parts]).values()]
    shown = {path: data for _, files in made for path, data in files.items()}
    return shown | search.files(view, [plain for plain, _ in made])[0]


def listed(view: View) -> list[tuple[str, str, str]]:
    """The pages that are not one item, as the index is told of them."""
    return [row[:3] for path, _, values in indexes.pages(view) for row in [pages._told(path, values)] if not row[3]]


def entries(view: View) -> Iterator[Entry]:
    """All that can be found."""
    for path, title, kind in listed(view):
        yield of_index(view, path, title, view.types.get(kind))
    for item in view.graph.items.values():
        yield from of_item(view, item)


def handed(data: bytes) -> Any:
    """What a piece of the index hands over; fails if it does anything else."""
    match = re.fullmatch(r'qmsSearchLoad\("\w+",(.*)\);\n', data.decode(), re.DOTALL)
    assert match is not None
    return json.loads(match.group(1))


class Read:
    """An index as the script reads it."""

    def __init__(self, index: Mapping[str, bytes]) -> None:
        self.data = {path.rsplit("/", 1)[-1].removesuffix(".js"): data for path, data in index.items()}
        self.start = handed(self.data["start"])
        self.shards = self._parted(self.start["shards"])
        names = [handed(self.data[name])[0] for name in self._parted(self.start["blocks"])]
        self.blocks = [row for at, text in enumerate(names) for row in self._named(at, text)]
        self.roles = self._parted(handed(self.data[self.start["roles"]])[1])

    def _parted(self, text: str) -> list[str]:
        return [text[at : at + self.start["name"]] for at in range(0, len(text), self.start["name"])]

    def _named(self, span: int, text: str) -> Iterator[tuple[int, str]]:
        first = span * self.start["span"] * self.start["room"]
        for step, name in re.findall(f"([W-Za-z_-]*[0-9A-V])([a-z2-7]{{{self.start['name']}}})", text):
            first += value(step)
            yield first, f"{span}_{name}"

    def under(self, term: str) -> dict[int, int]:
        """Entry -> level of what stands under a term."""
        for name in self.shards:
            words, texts = (row.split(" ") for row in handed(self.data[name]))
            if term in words:
                return unpacked(texts[words.index(term)])
        return {}

    def url(self, entry: int) -> str:
        first, name = max(row for row in self.blocks if row[0] <= entry)
        page, rows = handed(self.data[name])[entry // self.start["room"] - first // self.start["room"]]
        begins = (
            first
            if entry // self.start["room"] == first // self.start["room"]
            else entry // self.start["room"] * self.start["room"]
        )
        return str(page[0]) + (f"#{rows[entry - begins][2]}" if rows[entry - begins][2] else "")

    def sizes(self, names: Iterable[str]) -> list[int]:
        return sorted((len(self.data[name]) for name in names), reverse=True)


def unpacked(text: str) -> dict[int, int]:
    found: dict[int, int] = {}
    slot = -1
    for step, rows in UNIT.findall(text):
        slot += value(step)
        found.update((slot * ROOM + place, level) for place, level in places(rows))
    return found


@pytest.fixture(scope="module")
def view() -> View:
    return view_of(REPOSITORY)


@pytest.fixture(scope="module")
def index(view: View) -> dict[str, bytes]:
    return index_of(view)


def found_in(index: Mapping[str, bytes], term: str) -> list[int]:
    """The entries under a term."""
    return list(Read(index).under(term))


def urls(index: Mapping[str, bytes], numbers: list[int]) -> list[str]:
    read = Read(index)
    return [read.url(number) for number in numbers]


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
    found = {(e.page.id, e.anchor) for e in entries(view)}
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
        for entry in entries(view)
        if entry.page.path not in anchors or (entry.anchor and entry.anchor not in anchors[entry.page.path])
    ]
    assert dead == []


def test_expected_answers_exist(view: View) -> None:
    known = {e.page.path + (f"#{e.anchor}" if e.anchor else "") for e in entries(view)}
    assert [a for q in QUESTIONS for a in q["expect"] if a not in known] == []
    assert len(QUESTIONS) >= 60
    assert len([q for q in QUESTIONS if q.get("held")]) >= len(QUESTIONS) // 4


def test_a_step_tells_where_it_belongs(view: View) -> None:
    step = next(e for e in entries(view) if e.page.id == "SOP-014" and e.anchor == "decide-lot")
    assert (step.kind, step.page.revision, step.page.where) == ("Step", "2.1", "PRC-007")
    assert "quality-engineer" in step.roles
    assert next(e for e in entries(view) if e.page.id == "FRM-009").page.where == "PRC-007"


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
    found = {e.page.id: e for e in entries(view_of(root))}
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


def test_a_name_stands_for_one_content(system: Callable[..., Path]) -> None:
    def built(text: str) -> dict[str, bytes]:
        root = system({"glossary/term-a.yaml": f"id: term-a\ntype: term\ntitle: Lot\ndefinition: {text}\n"})
        return {path: data for path, data in index_of(view_of(root)).items() if not path.endswith("/start.js")}

    one, two = built("One."), built("Two.")
    assert one.keys() - two.keys()
    assert {path: one[path] for path in one.keys() & two.keys()} == {
        path: two[path] for path in one.keys() & two.keys()
    }


def test_all_of_it_may_come_late(index: dict[str, bytes]) -> None:
    """What builds the pages does so before the search is there; it must know where that will lie."""
    assert all(path.startswith(LATE) for path in index)


def test_pieces_hold_data_and_nothing_else(index: dict[str, bytes]) -> None:
    for data in index.values():
        handed(data)
        assert b"</" not in data


def worst_first_hit(index: Mapping[str, bytes]) -> int:
    """The dearest first hit of the index: three words far apart with an error in one, fourteen hits on as many pieces, a role."""
    read = Read(index)
    of = read.start
    once = [len(read.data[name]) for name in ("start", of["spelling"], of["facets"], of["roles"])]
    names = read.sizes(read._parted(of["blocks"]))[:14]
    shown = read.sizes({name for _, name in read.blocks})[:14]
    return sum(once) + sum(names) + sum(shown) + sum(read.sizes(read.shards)[:4]) + sum(read.sizes(read.roles)[:1])


def test_pieces_of_the_reference_are_small(index: dict[str, bytes]) -> None:
    assert worst_first_hit(index) <= FIRST_HIT


def test_pieces_stay_small_in_a_large_system(tmp_path: Path) -> None:
    index = index_of(View(load(generated(tmp_path, 2000)), Report(()), TODAY))
    assert Read(index).start["count"] > 12_000
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
    for nth in range(1, count + 1):
        steps = "".join(f"\n### {text(4)} {{#step-{at}}}\n\n{text(70)}\n" for at in range(6))
        (root / "sops" / f"SOP-{nth:04}.md").write_text(
            f"---\nid: SOP-{nth:04}\ntype: sop\ntitle: {text(4)}\nrevision: '1.0'\neffective: 2026-01-01\n"
            f"review_every: 12 months\nchange: First edition of it.\npurpose: {text(12)}\n---\n\n## {text(3)}\n\n"
            f"{text(60)}\n\n## Steps\n{steps}",
            encoding="utf-8",
        )
    return root


# --- what one build leaves to the next: see also test_kept_pages --------------------------------------------------------


def test_only_what_changed_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    part = Setting.part

    def counted(setting: Setting, entries: Sequence[Entry], process: str) -> Part:
        made.append(entries[0].page.id)
        return part(setting, entries, process)

    monkeypatch.setattr(Setting, "part", counted)
    monkeypatch.setattr("qmsctl.pages.how_many", lambda _: 1)
    root = generated(tmp_path / "qms", 30)
    build(root)
    assert len(made) > 30
    made.clear()
    build(root)
    assert not made
    file = root / "sops" / "SOP-0017.md"
    file.write_text(file.read_text(encoding="utf-8") + "\n## Gauges\n\nCheck them.\n", encoding="utf-8")
    found = build(root)
    assert [name for name in made if name] == ["SOP-0017"]
    assert different(found, clean(root)) == []
    (root / "glossary").mkdir()
    term = {"id": "term-gauge", "type": "term", "title": "Gauge", "definition": "It measures.", "synonyms": ["Zonk"]}
    (root / "glossary" / "term-gauge.yaml").write_text(json.dumps(term), encoding="utf-8")
    assert different(build(root), clean(root)) == [], "what other words stand for what pages say"


EDITS = st.lists(
    st.tuples(
        st.sampled_from(("term-a", "term-b", "term-prüf", "SOP-0003", "SOP-0004")),
        st.sampled_from(("Lot", "Prüfplan", "Wareneingangsprüfung", "Prüf Plan Wareneingang", "lot lot lot", "")),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_what_was_kept_changes_nothing(
    edits: list[tuple[str, str, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = generated(tmp_path_factory.mktemp("kept") / "qms", 6)
    (root / "glossary").mkdir()
    for name, text, also in edits:
        if name.startswith("SOP"):
            file = root / "sops" / f"{name}.md"
            more = f"\n## {text or 'More'}\n\n{text} {text}\n"
            file.write_text(file.read_text(encoding="utf-8") + more, encoding="utf-8")
        elif text:
            term = {"id": name, "type": "term", "title": text, "definition": text}
            term |= {"synonyms": ["lot"]} if also else {}
            (root / "glossary" / f"{name}.yaml").write_text(json.dumps(term), encoding="utf-8")
        else:
            (root / "glossary" / f"{name}.yaml").unlink(missing_ok=True)
        assert different(build(root), clean(root)) == []


WORDS = st.sampled_from(("a", "ab", "b", "ba", "lot", "lots", "zeal", "=sop-1", "\ue000x", "\U0001d504", *SYLLABLES))
STATES = st.dictionaries(
    st.integers(0, 3),
    st.tuples(
        st.dictionaries(WORDS, st.dictionaries(st.integers(0, 9), st.integers(1, 9), min_size=1), max_size=12),
        st.dictionaries(st.sampled_from(SYLLABLES), st.dictionaries(WORDS, st.integers(1, 9), min_size=1)),
        st.dictionaries(st.sampled_from("pqr"), st.dictionaries(st.sampled_from("xyz"), st.integers(1, 9)), max_size=3),
        st.dictionaries(st.sampled_from("xyz"), st.integers(0, 99)),
    ),
)
"""By span: word -> slot -> level, stem -> spelling -> how often, role -> item -> how often, item -> entry."""


def bundles_of(state: Mapping[int, Any]) -> list[Bundle]:
    def rows(table: Mapping[str, Mapping[int, int]], start: int) -> dict[str, str]:
        slots = [(at, [(n, fragment([(3, them[at])])) for n, them in table.items() if at in them]) for at in range(10)]
        return bundling._rows(((start + at, found) for at, found in slots), start)

    made = []
    for span, (stood, spellings, roles, at) in sorted(state.items()):
        start = span * bundling.SPAN
        them = rows({role: dict.fromkeys(range(len(items)), 1) for role, items in roles.items()}, start)
        made.append(
            Bundle(
                (),
                rows(stood, start),
                "",
                [(start, "", "", ())],
                {role: (len(roles[role]), row, marshal.dumps(roles[role])) for role, row in them.items()},
                at,
                {stem: " ".join(f"{w} {count}" for w, count in forms.items()) for stem, forms in spellings.items()},
                1,
            )
        )
    return made


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=STATES, after=STATES, kept=st.sets(st.integers(0, 3)))
def test_what_is_brought_up_to_date_is_what_comes_out_anew(
    before: dict[int, Any], after: dict[int, Any], kept: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathered, "SHARD", 24)
    monkeypatch.setattr(gathered, "MOST", 3)
    monkeypatch.setattr(gathered, "ROLE", 3)
    old, new = bundles_of(before), bundles_of(after | {span: before[span] for span in kept & before.keys()})
    said = gathered.gather(old)
    assert gathered.gather(new, said, old) == gathered.gather(new)
    assert gathered.gather(old, said, old) == said
    assert [word for shard in said.words for word in shard[0].split(" ")] == sorted(
        {word for bundle in old for word in bundle.words}, key=gathered.order
    )


@given(rows=st.dictionaries(WORDS, st.text("01", max_size=30)), changes=st.dictionaries(WORDS, st.text("01", max_size=30) | st.none()))  # fmt: skip
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_of_words_are_cut_as_anew(
    rows: dict[str, str], changes: dict[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathered, "SHARD", 24)
    known = {word: changes[word] for word in changes if word in rows or changes[word] is not None}
    assert [*gathered.shards(gathered.shards((), rows), known)] == [*gathered.shards((), rows | known)]


def test_a_change_leaves_other_pieces_as_they_were(tmp_path: Path) -> None:
    root = generated(tmp_path / "qms", 300)
    before = Read(index_of(view_of(root)))
    file = root / "sops" / "SOP-0017.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.rstrip().rsplit(" ", 1)[0] + " gauge\n", encoding="utf-8")
    edited = Read(index_of(view_of(root)))
    new = text.replace("SOP-0017", "SOP-0301")
    (root / "sops" / "SOP-0301.md").write_text(new, encoding="utf-8")
    added = Read(index_of(view_of(root)))
    assert len(set(edited.shards) - set(before.shards)) <= 4 < len(before.shards) / 10
    assert len({n for _, n in edited.blocks} - {n for _, n in before.blocks}) <= 2
    assert len({n for _, n in added.blocks} - {n for _, n in edited.blocks}) <= 8
    assert dict(edited.blocks).keys() - dict(added.blocks).keys() == set()


def test_the_best_entries_of_a_frequent_word_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.gathered, "MOST", 4)
    rows = {0: [(0, 5), (3, 9)], 2: [(1, 9), (2, 1)], 40: [(0, 60)], 41: [(7, 5)]}
    last, text = -1, ""
    for slot, places_of in rows.items():
        text += number(slot - last) + fragment(places_of)
        last = slot
    kept = unpacked(search.gathered.best(text))
    assert kept == {0: 5, 3: 9, 2 * ROOM + 1: 9, 40 * ROOM: 60}


@pytest.mark.parametrize("most", range(1, 6))
def test_the_first_entries_of_a_role_are_kept(most: int) -> None:
    text = number(3) + fragment([(0, 1), (3, 1), (4, 1)]) + number(40) + fragment([(7, 1), (31, 1)])
    every = [2 * ROOM, 2 * ROOM + 3, 2 * ROOM + 4, 42 * ROOM + 7, 42 * ROOM + 31]
    assert [*unpacked(first(text, most))] == every[:most]


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
        handed(data)
        assert b"</" not in data
        assert "\u2028".encode() not in data
    assert len(found_in(index, "proto")) == 1
    assert len(found_in(index, stem("constructor", "en"))) == 1


def test_words_are_bounded() -> None:
    assert max(len(word) for word in words("a" * 5000 + " b")) <= 40
