"""The shipped catalogues of clauses and the mappings between them: whole, consistent, and in our own words."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qmsctl import checks, pages, schema
from qmsctl.graph import cycles
from qmsctl.itemfile import Sink, item_of, parse_yaml_bytes
from qmsctl.loader import load
from qmsctl.model import Item
from qmsctl.records import CATALOGUES
from tests.conftest import REPOSITORY, TODAY

TYPES, _ = schema.read_types(None, parse_yaml_bytes)
DOCUMENTATION = (REPOSITORY / "docs/standards.md").read_text(encoding="utf-8")


def read(file: Path, folder: str) -> Item:
    """Read a shipped file as strictly as a file of a user."""
    sink = Sink()
    item = item_of(f"{folder}/{file.name}", file.read_bytes(), TYPES, {n: k.folder for n, k in TYPES.items()}, sink)
    assert [(f.message, f.position.line) for f in sink.findings] == [], file.name
    assert item is not None
    return item


ITEMS = {file.stem: read(file, "catalogues") for file in sorted(CATALOGUES.glob("*.yaml"))}
MAPPINGS = {file.stem: read(file, "clause-mappings") for file in sorted((CATALOGUES / "mappings").glob("*.yaml"))}
EDITIONS = [name for name in MAPPINGS if name.split("-")[0] == name.split("-to-")[1].split("-")[0]]

CLAUSES = {
    "as9100d": 39, "cfr21-11": 29, "cfr21-820": 16, "iatf16949-2016": 103, "iso13485-2016": 72, "iso14001-2015": 32,
    "iso14001-2026": 35, "iso27001-2022": 30, "iso27001-2022-annex-a": 93, "iso45001-2018": 40, "iso9001-2015": 65,
    "iso9001-2026": 65,
}  # fmt: skip
"""How many clauses demand something. 65 for ISO 9001:2026 is also the published count from 4.1 to 10.2.2."""

OFFICIAL = frozenset(
    line
    for line in (REPOSITORY / "tests/data/catalogues/official-titles.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
"""Digests of official titles of more than five words, which no text of ours may repeat."""


def rows(catalogue: str) -> list[dict[str, Any]]:
    return list(ITEMS[catalogue].get("clauses"))


def demanding(catalogue: str) -> list[str]:
    """The clauses that demand something, headings left out."""
    return [row["key"] for row in rows(catalogue) if not row.get("heading")]


def parent(key: str) -> str:
    """The number that a number continues: 11.10(a) -> 11.10 -> 11 -> "" ."""
    if key.endswith(")"):
        return key[: key.rindex("(")]
    return key.rpartition(".")[0]


def place(key: str) -> list[tuple[int, str]]:
    """What numbers are ordered by: 8.2 before 8.10, 11.10(a) after 11.10."""
    return [(int(step), "") if step.isdigit() else (0, step) for step in re.findall(r"\d+|[A-Za-z]+", key)]


def digest(words: list[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:12]


def plain_words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", re.sub("(organ|standard)is", r"\1iz", text.lower()))


def repeats_a_title(text: str) -> bool:
    words = plain_words(text)
    return any(
        digest(words[start:end]) in OFFICIAL for start in range(len(words)) for end in range(start + 6, len(words) + 1)
    )


# --- catalogues ----------------------------------------------------------------------------------------------------------


def test_every_catalogue_is_known_here() -> None:
    assert set(ITEMS) == set(CLAUSES)
    assert [name for name, item in ITEMS.items() if item.id != name or item.type != "catalogue"] == []
    assert len({item.title for item in ITEMS.values()}) == len(ITEMS)


@pytest.mark.parametrize("name", ITEMS)
def test_numbers_are_unique_in_order_and_below_a_number_that_exists(name: str) -> None:
    keys = [row["key"] for row in rows(name)]
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert keys == sorted(keys, key=place)
    assert [key for key in keys if parent(key) and parent(key) not in keys] == []


@pytest.mark.parametrize("name", ITEMS)
def test_a_heading_groups_clauses_or_defines_and_demands_nothing(name: str) -> None:
    above = {parent(row["key"]) for row in rows(name)}
    headings = [row for row in rows(name) if row.get("heading")]
    defining = [row["key"] for row in headings if row["key"] not in above]
    assert defining == {"cfr21-11": ["11.3"], "cfr21-820": ["820.3", "820.7", "820.10(e)"]}.get(name, [])
    assert [row["key"] for row in headings if set(row) - {"key", "topic", "heading"}] == []
    clauses_with_clauses = {row["key"] for row in rows(name) if not row.get("heading")} & above
    # Where a clause demands something itself and has clauses of its own below it.
    assert clauses_with_clauses == {
        "as9100d": {"8.1", "8.3.4", "8.4.1", "8.5.1"},
        "cfr21-820": {"820.45"},
        "iatf16949-2016": {"8.4.2.3", "8.4.2.4", "8.5.6.1"},
    }.get(name, set())


@pytest.mark.parametrize("name", ITEMS)
def test_as_many_clauses_as_the_edition_has(name: str) -> None:
    assert len(demanding(name)) == CLAUSES[name]


def test_annex_a_has_its_93_controls_by_theme() -> None:
    controls = [row for row in rows("iso27001-2022-annex-a") if row.get("control")]
    assert Counter(parent(row["key"]) for row in controls) == {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}
    assert len(controls) == 93 == len(demanding("iso27001-2022-annex-a"))
    for theme, last in (("A.5", 37), ("A.6", 8), ("A.7", 14), ("A.8", 34)):
        assert [row["key"] for row in controls if parent(row["key"]) == theme] == [
            f"{theme}.{n + 1}" for n in range(last)
        ]
    assert [
        name for name in ITEMS if name != "iso27001-2022-annex-a" and any(r.get("control") for r in rows(name))
    ] == []


@pytest.mark.parametrize("name", ["iso9001-2015", "iso9001-2026", "iso14001-2015", "iso14001-2026", "iso45001-2018"])
def test_clauses_follow_the_shared_structure(name: str) -> None:
    assert [row["key"] for row in rows(name) if "." not in row["key"]] == ["4", "5", "6", "7", "8", "9", "10"]


def test_records_demanded_by_iso_9001() -> None:
    written = {row["key"]: row["documented"] for row in rows("iso9001-2015") if "documented" in row}
    assert [key for key, what in written.items() if what == "document"] == ["4.3", "5.2.2", "6.2.1", "8.5.1"]
    assert [key for key, what in written.items() if what == "both"] == ["4.4.2", "7.5.1", "8.1"]
    assert [key for key, what in written.items() if what == "record"] == [
        "7.1.5.1", "7.1.5.2", "7.2", "8.2.3.2", "8.3.2", "8.3.3", "8.3.4", "8.3.5", "8.3.6", "8.4.1", "8.5.2", "8.5.3",
        "8.5.6", "8.6", "8.7.2", "9.1.1", "9.2.2", "9.3.3", "10.2.2",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ITEMS)
def test_topics_and_questions_are_short(name: str) -> None:
    assert [row["key"] for row in rows(name) if len(row["topic"].split()) > 8] == []
    asked = [row for row in rows(name) if "demands" in row]
    assert [row["key"] for row in asked if len(row["demands"].split()) > 25] == []
    assert [row["key"] for row in asked if not row["demands"].endswith("?")] == []
    assert [row["key"] for row in rows(name) if not row.get("heading") and "demands" not in row] == []


@pytest.mark.parametrize("name", ITEMS)
def test_no_text_repeats_an_official_title(name: str) -> None:
    ours = [row.get(field, "") for row in rows(name) for field in ("topic", "demands")]
    assert [text for text in ours if repeats_a_title(text)] == []


def test_an_official_title_would_be_noticed() -> None:
    assert repeats_a_title("Actions to address risks and opportunities")
    assert repeats_a_title("Did you plan actions to address risks and opportunities?")
    assert repeats_a_title("Understanding the Organisation and its context")
    assert not repeats_a_title("Actions for risks and opportunities")


@pytest.mark.parametrize("name", ITEMS)
def test_facts_have_a_source_and_a_confidence(name: str) -> None:
    item = ITEMS[name]
    assert item.get("confidence")
    assert item.get("sources")
    assert item.get("kind") in ("standard", "law", "annex")
    assert "own words" in item.get("note") or "ours in short words" in item.get("note")


@pytest.mark.parametrize("name", ITEMS)
def test_only_law_in_the_public_domain_is_quoted_and_only_where_it_was_read(name: str) -> None:
    quoted = [row for row in rows(name) if "text" in row]
    assert bool(quoted) == bool(ITEMS[name].get("public_domain")) == (ITEMS[name].get("kind") == "law")
    assert [row["key"] for row in quoted if not row.get("source")] == []
    assert [row["key"] for row in quoted if row.get("confidence") == "general knowledge"] == []


def test_an_edition_ends_after_it_was_replaced() -> None:
    ended = {name: item for name, item in ITEMS.items() if item.get("withdrawn")}
    assert set(ended) == {"iso9001-2015", "iso14001-2015"}
    for item in ended.values():
        assert item.get("transition")["until"] > item.get("withdrawn")


def test_what_a_catalogue_builds_on_exists() -> None:
    built = {name: list(item.get("references") or []) for name, item in ITEMS.items()}
    assert [to for names in built.values() for to in names if to not in ITEMS] == []
    assert cycles(built) == []
    assert built["as9100d"] == built["iatf16949-2016"] == ["iso9001-2015"]
    assert built["cfr21-820"] == ["iso13485-2016"]


def test_what_may_never_be_left_out() -> None:
    fixed = {name: {row["key"] for row in rows(name) if row.get("cannot_be_excluded")} for name in ITEMS}
    for name in ("iso14001-2015", "iso14001-2026", "iso45001-2018", "iso27001-2022"):
        assert fixed[name] == set(demanding(name))
    assert {key.split(".")[0] for key in fixed["iso13485-2016"]} == {"4", "5"}
    assert not {key for key in fixed["iso9001-2015"] if key.startswith("8")}
    assert {"8.3.4.3", "8.3.5.1", "8.4.1.3", "10.2.5"}.isdisjoint(fixed["iatf16949-2016"])
    assert not fixed["iso27001-2022-annex-a"]


def test_all_of_them_load_together(system: Callable[..., Path]) -> None:
    root = system({})
    (root / "qms.yaml").write_text(f"organisation: Example\nstandards: [{', '.join(ITEMS)}]\n", encoding="utf-8")
    loaded = load(root)
    assert loaded.qms.findings == ()
    assert set(loaded.qms.items) == {*ITEMS, *MAPPINGS}


# --- mappings ------------------------------------------------------------------------------------------------------------


def pairs(name: str) -> list[dict[str, Any]]:
    return list(MAPPINGS[name].get("rows"))


def test_every_mapping_is_there_and_joins_catalogues_that_exist() -> None:
    assert EDITIONS == ["iso14001-2015-to-iso14001-2026", "iso9001-2015-to-iso9001-2026"]
    for name, item in MAPPINGS.items():
        assert (item.id, item.type) == (name, "clause-mapping")
        assert name == f"{item.get('from')}-to-{item.get('to')}"
        assert {item.get("from"), item.get("to")} <= set(ITEMS)
        assert item.get("confidence")
        assert item.get("source")


def test_mappings_lead_in_no_circle() -> None:
    edges: dict[str, list[str]] = {}
    for item in MAPPINGS.values():
        edges.setdefault(str(item.get("from")), []).append(str(item.get("to")))
    assert cycles(edges) == []


@pytest.mark.parametrize("name", MAPPINGS)
def test_every_clause_of_both_sides_is_mapped_and_none_is_made_up(name: str) -> None:
    first, second = MAPPINGS[name].get("from"), MAPPINGS[name].get("to")
    assert sorted(key for row in pairs(name) for key in row["from"]) == sorted(demanding(first))
    assert {key for row in pairs(name) for key in row["to"]} == set(demanding(second))


@pytest.mark.parametrize("name", MAPPINGS)
def test_relations_agree_with_each_other(name: str) -> None:
    told = Counter(key for row in pairs(name) for key in row["to"])
    for row in pairs(name):
        assert row["from"] or row["to"]
        assert (row["relation"] == "none") == (not row["from"] or not row["to"]), row
        if row["relation"] == "equal":  # then also the other way round: nothing else may claim these clauses
            assert [key for key in row["to"] if told[key] > 1] == []


@pytest.mark.parametrize("name", EDITIONS)
def test_between_editions_each_row_says_what_became_of_the_clause(name: str) -> None:
    for row in pairs(name):
        before, after, change = row["from"], row["to"], row["change"]
        assert (change == "new") == (not before), row
        assert (change == "withdrawn") == (not after), row
        assert (change == "split") == (len(after) > 1), row
        assert (change == "merged") == (len(before) > 1), row
        if change == "moved":
            assert before != after
        if change in ("unchanged", "reworded"):
            assert before == after, row
        if change == "unchanged":
            assert row["relation"] == "equal"
        else:
            assert row["note"]


@pytest.mark.parametrize("name", [name for name in MAPPINGS if name not in EDITIONS])
def test_only_between_editions_is_there_a_change(name: str) -> None:
    assert [row for row in pairs(name) if "change" in row] == []


def test_what_moved_in_iso_9001() -> None:
    moved = {
        tuple(row["from"]): tuple(row["to"])
        for row in pairs("iso9001-2015-to-iso9001-2026")
        if row["from"] != row["to"]
    }
    assert moved == {("6.1.2",): ("6.1.2", "6.1.3"), ("10.1", "10.3"): ("10.1",)}


@pytest.mark.parametrize("name", MAPPINGS)
def test_notes_are_in_our_own_words(name: str) -> None:
    assert [row["note"] for row in pairs(name) if repeats_a_title(row.get("note", ""))] == []


HOSTILE = """\
id: bad
type: clause-mapping
title: <b>bad</b>
from: 4
to: [x]
confidence: 7
note: <script>alert(1)</script>
rows: [3, {from: 7, to: <i>, relation: [1], change: 5, note: <u>x</u>}, {from: ["4.1"], to: {a: <s>}, relation: equal}]
"""


def test_a_mapping_has_a_page_that_leads_to_the_clauses_and_a_broken_one_harms_nothing(
    system: Callable[..., Path],
) -> None:
    name = "iso9001-2015-to-iso9001-2026"
    good = (CATALOGUES / "mappings" / f"{name}.yaml").read_text(encoding="utf-8")
    root = system({f"clause-mappings/{name}.yaml": good, "clause-mappings/bad.yaml": HOSTILE})
    (root / "qms.yaml").write_text("organisation: Example\nstandards: [iso9001-2015]\n", encoding="utf-8")
    loaded = load(root)
    report = checks.run(loaded, TODAY)
    missing = [f.message for f in report.findings if f.check == "clause-unknown" and f.item == name]
    assert len(missing) == 1
    assert "iso9001-2026" in missing[0]
    pages.write(loaded, report, TODAY, root / "build/docs")
    page = (root / f"build/docs/clause-mappings/{name}.md").read_text(encoding="utf-8")
    assert 'href="../catalogues/iso9001-2015.html#clauses-10-3"' in page
    assert "Move claims from 10.3 to 10.1." in page
    assert "iso9001-2026.html" not in page  # it is not in scope, so its numbers stand there without a link
    broken = (root / "build/docs/clause-mappings/bad.md").read_text(encoding="utf-8")
    assert not re.search("<(script|u|i|s|b)>", broken)


# --- what the documentation says -----------------------------------------------------------------------------------------


def test_the_documentation_lists_what_is_shipped() -> None:
    said = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", DOCUMENTATION, re.M))
    wanted = {
        name: f"{CLAUSES[name]} | {'yes' if item.get('complete') else 'no'} | {item.get('confidence')}"
        for name, item in ITEMS.items()
    } | {name: f"{len(pairs(name))} | {item.get('confidence')}" for name, item in MAPPINGS.items()}
    assert said == wanted


def test_the_files_in_the_documentation_can_be_used(system: Callable[..., Path]) -> None:
    written = re.findall(r"`([a-z-]+/[a-z0-9-]+\.yaml)`:\n\n```yaml\n(.*?)```", DOCUMENTATION, re.S)
    assert [file for file, _ in written] == [
        "catalogues/acme-supplier-manual-7.yaml",
        "clause-mappings/acme-supplier-manual-7-to-8.yaml",
    ]
    loaded = load(system(dict(written)))
    assert loaded.qms.findings == ()
    assert len(loaded.qms.items) == 2


def test_a_catalogue_of_the_organisation_takes_the_place_of_a_shipped_one(system: Callable[..., Path]) -> None:
    mine = (
        (CATALOGUES / "iso9001-2026.yaml").read_text(encoding="utf-8").replace("secondary sources", "primary source", 1)
    )
    root = system({"catalogues/iso9001-2026.yaml": mine})
    (root / "qms.yaml").write_text("organisation: Example\nstandards: [iso9001-2026]\n", encoding="utf-8")
    item = load(root).qms.items["iso9001-2026"]
    assert item.get("confidence") == "primary source"
    assert not item.shipped
