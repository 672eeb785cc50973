"""Two versions of an item become the changes a process owner would name, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsctl.loader import Loaded, load
from qmsctl.model import Item
from qmsctl.redline import Change, compare, html, markdown, sentence, substantive, text
from qmsctl.redline.words import diff, spoken
from qmsctl.schema import ItemType

TITLES = {"inspector": "Inspector", "buyer": "Buyer", "storekeeper": "Storekeeper", "FRM-002": "Label"}

SOP = """---
id: SOP-001
type: sop
title: Incoming inspection
revision: "1.0"
review_every: 12 months
change: First issue.
owner: buyer
purpose: Nothing unproven reaches a machine, whoever delivered it and however much of a hurry there is today.
needs: [Caliper, Labels]
---

## Limits

| What | Limit |
| --- | --- |
| Length | 90 minutes |
| Sample | 5 pieces |

## Steps

First read the order.

### Draw the sample {#draw-sample}
Who: inspector
Uses: FRM-001

Take five pieces from the top layer.

### Inspect lot {#inspect-lot}
Who: storekeeper

Measure and compare with the drawing.

### Release {#release}
Who: buyer

Put the green label on the box.
"""

KPI = """id: KPI-001
type: kpi
title: Returns
revision: "1.0"
review_every: 12 months
change: First issue.
kind: outcome
formula: Returned parts by shipped parts.
unit: ppm
direction: lower
target: 400
limits:
  watch: 500
  "off": 800
frequency: monthly
source: {system: ERP}
"""

PROCESS = """---
id: PRC-001
type: process
title: Buy
revision: "1.0"
review_every: 12 months
change: First issue.
purpose: Get the right material.
class: core
outputs:
  - {key: material, name: Released material, to: [PTY-001]}
steps:
  - key: inspect
    what: Inspect the lot
    who: inspector
    branches:
      - {answer: "yes", go: release}
      - {answer: "no", go: end}
  - {key: release, what: Release the lot, who: buyer}
controls:
  - {key: plan, what: Sampling by lot size, step: inspect, limit: 5 pieces}
---
"""

Redline = Callable[..., list[Change]]


def title(name: str) -> str:
    return TITLES.get(name, name)


@pytest.fixture
def redline(system: Callable[..., Path]) -> Redline:
    """Return a function that loads a file twice, the second time with texts replaced, and compares the two."""

    def compared(content: str, *edits: tuple[str, str]) -> list[Change]:
        later = content
        for old, new in edits:
            assert old in later
            later = later.replace(old, new)
        before, kind = only(load(system({where(content): content})), content)
        after, _ = only(load(system({where(content): later})), content)
        return compare(before, after, kind, title)

    return compared


def id_of(content: str) -> str:
    return re.findall(r"^id: (.*?)\r?$", content, re.M)[0]


def where(content: str) -> str:
    name = id_of(content)
    folder = {"SOP": "sops", "KPI": "kpis", "PRC": "processes"}[name[:3]]
    return f"{folder}/{name}-x.{'md' if content.startswith('---') else 'yaml'}"


def only(loaded: Loaded, content: str) -> tuple[Item, ItemType]:
    item = loaded.qms.items[id_of(content)]
    return item, loaded.types[item.type]


@pytest.mark.parametrize(
    ("content", "edits", "said", "names"),
    [
        (SOP, [("Who: storekeeper", "Who: buyer")], 'Step "Inspect lot": done by Buyer, was Storekeeper', {"role"}),
        (SOP, [("owner: buyer", "owner: inspector")], "Owner: Inspector, was Buyer", {"role"}),
        (SOP, [("Uses: FRM-001", "Uses: FRM-001, FRM-002")], 'Step "Draw the sample": uses added: "FRM-002 Label"', {"link", "field"}),
        (SOP, [("| 90 minutes", "| 2 hours")], 'Limits: limit in row "Length" "90 minutes" → "2 hours"', {"table", "limit"}),
        (
            SOP,
            [("whoever delivered it", "whoever sent it")],
            "Purpose reworded: Nothing unproven reaches a machine, whoever [-delivered-] {+sent+} it and however much of a hurry there is today.",
            {"prose"},
        ),
        (
            SOP,
            [("Take five pieces", "Take eight pieces")],
            'Step "Draw the sample": what to do reworded: Take [-five-] {+eight+} pieces from the top layer.',
            {"prose", "limit"},
        ),
        (SOP, [("First read", "Read")], "Steps reworded: [-First read-] {+Read+} the order.", {"prose"}),
        (SOP, [("### Inspect lot", "### Check lot")], 'Step "Check lot": name "Inspect lot" → "Check lot"', {"title"}),
        (SOP, [("Incoming inspection", "Inspection")], 'Title: "Incoming inspection" → "Inspection"', {"title"}),
        (SOP, [('"1.0"', '"1.1"')], "Revision: 1.0 → 1.1", {"metadata"}),
        (SOP, [("First issue.", "Sample by 3 layers.")], 'Change: "First issue." → "Sample by 3 layers."', {"metadata"}),
        (SOP, [("[Caliper, Labels]", "[Labels, Caliper]")], 'What you need: order "Caliper; Labels" → "Labels; Caliper"', {"field"}),
        (SOP, [("needs: [Caliper, Labels]\n", "needs: [Labels]\n")], 'What you need removed: "Caliper"', {"field"}),
        (KPI, [("target: 400", "target: 350")], "Target: 400 → 350", {"limit"}),
        (KPI, [('  "off": 800\n', "")], "Limits: off removed: 800", {"limit", "field"}),
        (KPI, [("unit: ppm", 'unit: "%"')], 'Unit: "ppm" → "%"', {"field"}),
        (KPI, [("system: ERP", "system: MES")], 'Source: system "ERP" → "MES"', {"field"}),
        (PROCESS, [("limit: 5 pieces", "limit: 'by lot size, table 2'")], 'Control "Sampling by lot size": limit "5 pieces" → "by lot size, table 2"', {"field", "limit"}),
        (PROCESS, [("go: end", "go: inspect")], 'Step "Inspect the lot": branch "no", goes to "end" → "Inspect the lot"', {"link"}),
        (PROCESS, [("[PTY-001]", "[PTY-002]")], 'Output "Released material": to added: "PTY-002"', {"link", "field"}),
    ],
)  # fmt: skip
def test_a_change_is_said_in_the_words_of_the_reader(
    redline: Redline, content: str, edits: list[tuple[str, str]], said: str, names: set[str]
) -> None:
    first = redline(content, *edits)[0]
    assert (sentence(first), first.names) == (said, names)


NEW_STEP = "### Weigh the parts {#weigh}\nWho: inspector\n\nUse the small scale.\n\n"


def test_a_step_is_inserted_removed_and_moved(redline: Redline) -> None:
    head, draw, inspect, release = re.split(r"(?=### )", SOP)
    found = redline(SOP, (inspect, NEW_STEP + inspect))
    assert [sentence(change) for change in found] == [
        'New step "Weigh the parts": Who: Inspector; What to do: Use the small scale.'
    ]
    assert found[0].names == {"step", "role"}
    assert found[0].path == ("steps", 1)
    assert [sentence(change) for change in redline(SOP, (inspect, ""))] == [
        'Removed step "Inspect lot": Who: Storekeeper; What to do: Measure and compare with the drawing.'
    ]
    found = redline(SOP, (draw + inspect, inspect + draw))
    assert [sentence(change) for change in found] == ['Step "Inspect lot": moved, now first']
    found = redline(SOP, (inspect + release, release + "\n" + inspect))
    assert [sentence(change) for change in found] == ['Step "Release": moved, now after step "Draw the sample"']
    assert found == substantive(found)
    assert head.endswith("order.\n\n")


def test_tables_by_row_and_column_and_sections_by_heading(redline: Redline) -> None:
    length, sample = "| Length | 90 minutes |\n", "| Sample | 5 pieces |\n"
    cases = [
        ((sample, sample + "| Weight | 5 kg |\n"), 'Limits: row "Weight" added: Limit: 5 kg'),
        ((sample, ""), 'Limits: row "Sample" removed: Limit: 5 pieces'),
        ((length + sample, sample + length), 'Limits: row "Sample" moved, now first'),
        (("| What | Limit |", "| What | At most |"), 'Limits: header of column 2 "Limit" → "At most"'),
        (("## Limits", "## What is allowed"), 'What is allowed: heading "Limits" → "What is allowed"'),
        (("## Steps", "## Records\n\nKeep all.\n\n## Steps"), 'Records added: "Keep all."'),
    ]
    for edit, said in cases:
        assert [sentence(change) for change in redline(SOP, edit)] == [said]


def test_a_long_name_is_cut_but_not_lost(redline: Redline) -> None:
    control = "Every tenth part is measured at the machine by whoever set it up, day and night"
    found = redline(PROCESS, ("controls:\n", f"controls:\n  - {{key: tenth, what: '{control}'}}\n"))
    assert [sentence(change) for change in found] == [
        f'New control "Every tenth part is measured at the machine by whoever …": Control: {control}'
    ]


def test_what_is_substantive(redline: Redline) -> None:
    assert not substantive(redline(SOP, ("delivered", "deliverd"), ('"1.0"', '"1.1"'), ("Incoming", "Incomming")))
    assert not substantive(redline(SOP, ("delivered", "Delivered,")))
    assert substantive(redline(SOP, ("delivered", "sent")))
    assert substantive(redline(SOP, ("Put the green", "Put the green, when convenient,")))
    assert substantive(redline(SOP, ("five pieces", "six pieces")))
    assert substantive(redline(SOP, ("Nothing unproven", "See SOP-002. Nothing unproven")))
    assert substantive(redline(SOP, ("Put the green", "You need not put the green")))


def test_metadata_comes_last(redline: Redline) -> None:
    found = redline(SOP, ('"1.0"', '"1.1"'), ("green", "red"))
    assert [change.what for change in found] == ['Step "Release"', "Revision"]


@pytest.mark.parametrize(
    ("content", "edits"),
    [
        (SOP, [("title: Incoming inspection", 'title: "Incoming inspection"')]),
        (SOP, [("id: SOP-001\ntype: sop", "type: sop\nid: SOP-001")]),
        (SOP, [("needs: [Caliper, Labels]", "needs:\n  - Caliper\n  - 'Labels'")]),
        (SOP, [("purpose: Nothing unproven", "purpose: >-\n  Nothing\n  unproven")]),
        (SOP, [("Who: inspector\nUses: FRM-001", "Uses: FRM-001\nWho:  inspector")]),
        (SOP, [("| Length | 90 minutes |", "| Length   | 90 minutes   |")]),
        (SOP, [("five pieces from", "five pieces\nfrom")]),
        (SOP, [("order.\n", "order.\n\n\n")]),
        (SOP, [("\n", "\r\n")]),
        (KPI, [("target: 400", "target: 400.0")]),
        (KPI, [("source: {system: ERP}", "source:\n  system: ERP")]),
    ],
)
def test_another_layout_is_no_change(redline: Redline, content: str, edits: list[tuple[str, str]]) -> None:
    assert redline(content, *edits) == []


def test_white_space_that_changes_the_data_is_seen(redline: Redline) -> None:
    found = redline(KPI, ('  "off": 800', '"off": 800'))
    assert [sentence(change) for change in found] == ["Limits: off removed: 800", "Off added: 800"]
    found = redline(KPI, ("watch: 500", "watch: '500'"))
    assert [sentence(change) for change in found] == ['Limits: watch "500 (number)" → "500 (text)"']
    found = redline(KPI, ("system: ERP", "system: E RP"))
    assert [sentence(change) for change in found] == ['Source: system "ERP" → "E RP"']
    found = redline(SOP, ("Put the green", "- Put\n  - the green"))
    assert found, "a list is no paragraph"


def test_items_come_and_go(redline: Redline, system: Callable[..., Path]) -> None:
    item, kind = only(load(system({where(KPI): KPI})), KPI)
    assert [sentence(change) for change in compare(None, item, kind)] == ['New KPI "Returns": KPI-001']
    assert [sentence(change) for change in compare(item, None, kind)] == ['Removed KPI "Returns": KPI-001']
    assert compare(None, None, kind) == []
    assert substantive(compare(None, item, kind))


LONG = ("word " * 40).strip()


def shown(before: str, after: str) -> Change:
    return Change(("purpose",), "Purpose", "changed", before, after, "", diff(before, after), frozenset({"prose"}))


def test_long_runs_are_shortened() -> None:
    said = sentence(shown(f"{LONG} five {LONG}", f"{LONG} six {LONG}"))
    twelve = " ".join(["word"] * 12)
    assert said == f"Purpose reworded: … {twelve} [-five-] {{+six+}} {twelve} …"


def test_terminal() -> None:
    change = shown("Take five pieces, not more.", "Take six pieces, not more.")
    assert text([change], colour=False, width=30) == ("Purpose reworded: Take\n  [-five-] {+six+} pieces, not\n  more.")
    assert text([change], colour=True, width=80) == (
        "Purpose reworded: Take \x1b[31;9mfive\x1b[0m \x1b[32msix\x1b[0m pieces, not more."
    )
    hostile = shown("Take five", "Take \x1b[2J\u202efive")
    assert "\x1b" not in text([hostile], colour=False, width=80)
    assert "\u202e" not in html([hostile]) + markdown([hostile])


def test_html() -> None:
    change = shown("Take <script>five</script>\npieces now", "Take six\npieces now")
    found = html([change])
    assert found.startswith('<ul class="redline">\n<li>Purpose reworded: Take <del>&lt;script')
    assert "<script" not in found
    assert "<ins>six</ins>" in found
    assert html([]) == ""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("@team", "@\u200bteam"),
        ("<img src=x>", "\\<img src=x\\>"),
        ("[a](https://x.y)", "\\[a\\]\\(https:\u200b//x.y\\)"),
        ("www.x.y", "www.\u200bx.y"),
        ("a | b\n\n# c", "a \\| b \\# c"),
        ("fixes #12", "fixes \\#\u200b12"),
        ("`$x$` ~~y~~", "\\`\\$x\\$\\` \\~\\~y\\~\\~"),
        (":tada:", ":\u200btada:"),
    ],
)
def test_markdown_shows_texts_as_they_are(value: str, written: str) -> None:
    change = Change((), "Scope", "changed", "none", value, names=frozenset({"field"}))
    assert markdown([change]) == f'- Scope: ~~"none"~~ → **"{written}"**\n'


def test_markdown_of_a_reworded_text() -> None:
    found = markdown([shown("Take five pieces. Go on", "Take six pieces! Go on")])
    assert found == "- Purpose reworded: Take ~~five~~ **six** pieces ~~.~~ **\\!** Go on\n"


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["key", "title", "who", "x"]) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
FIELDS = st.dictionaries(st.sampled_from(["steps", "owner", "purpose", "needs", "title", "odd"]), HOSTILE, max_size=4)
BODY = st.text(alphabet="#| -:ab\n`{}@<", max_size=80).map(lambda t: "## Steps\n### a {#a}\nWho: b\n" + t)


@pytest.fixture(scope="module")
def sop(tmp_path_factory: pytest.TempPathFactory) -> ItemType:
    root = tmp_path_factory.mktemp("qms")
    (root / "qms.yaml").write_text("organisation: Example\n", encoding="utf-8")
    return load(root).types["sop"]


@settings(max_examples=200, deadline=None)
@given(FIELDS, FIELDS, BODY, BODY)
def test_no_value_makes_it_raise_and_nothing_changes_by_itself(
    sop: ItemType, one: dict[str, object], two: dict[str, object], first: str, second: str
) -> None:
    before, after = (Item("SOP-001", "sop", "x.md", f, body=b) for f, b in ((one, first), (two, second)))
    assert compare(before, before, sop) == []
    assert compare(after, after, sop) == []
    changes = compare(before, after, sop)
    for change in changes:
        assert sentence(change)
    assert html(changes).count("<li>") == len(changes)
    assert markdown(changes).count("\n") == len(changes)
    assert text(changes, colour=True, width=40) or not changes


def test_depth_is_bounded(sop: ItemType) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    item = Item("SOP-001", "sop", "x.md", {"odd": deep, "steps": {"a": deep}})
    assert compare(item, item, sop) == []
    assert compare(item, Item("SOP-001", "sop", "x.md", {}), sop)


WORDS = st.text(alphabet=st.sampled_from("ab 5.,-\n|<"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS)
def test_both_texts_can_be_rebuilt_from_a_word_diff(before: str, after: str) -> None:
    words = diff(before, after)
    assert "".join("".join(run for sign, run in words if sign != "+").split()) == "".join(before.split())
    assert "".join("".join(run for sign, run in words if sign != "-").split()) == "".join(after.split())


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<script>/\"'& a\n", max_size=40), st.text(alphabet="<script>/\"'& a\n", max_size=40))
def test_html_is_always_escaped(before: str, after: str) -> None:
    place = Change(("x",), f'Step "{after}"', "changed", before, after, before, diff(before, after))
    found = html([place, shown(before, after)])
    assert set(re.findall(r"<[^>]*>", found)) <= {
        '<ul class="redline">', "</ul>", "<li>", "</li>", "<del>", "</del>", "<ins>", "</ins>", "<br>"
    }  # fmt: skip


def test_pictures_and_marks_are_said_in_words(redline: Redline) -> None:
    drawn = "Take **every bar** and `5` more from the top layer.\n\n![A bundle](SOP-001-layers.svg)"
    found = redline(SOP, ("Take five pieces from the top layer.", drawn))
    said = [sentence(change) for change in found]
    assert any(line.endswith("picture “SOP-001-layers.svg” added") for line in said), said
    assert not any(sign in line for line in said for sign in ("**", "`", "![")), said
    assert any("every bar" in line for line in said)
    assert substantive(found)
    marked = redline(SOP, ("five pieces", "**five** pieces"))
    assert [change.kind for change in marked] == ["changed"], "a change of the marks alone is one still"


@pytest.mark.parametrize(
    "said", ["5 * 3 * 2", "an_id_x", "\\*no\\*", "* a list", "```\n**code**\n```", "a*b", "2 ** 3"]
)
def test_signs_that_stand_for_themselves_stay(said: str) -> None:
    assert spoken(said) == said
