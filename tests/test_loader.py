"""No input makes the loader raise or hang, and every fault is found on its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qmsctl import body, frontmatter
from qmsctl.loader import load
from qmsctl.model import add_period

HEAD = "id: term-lot\ntype: term\ntitle: Lot\n"


def only(root: Path, check: str) -> list[tuple[int, int]]:
    return [(f.position.line, f.position.column) for f in load(root).qms.findings if f.check == check]


@pytest.mark.parametrize(
    ("content", "check", "place"),
    [
        (HEAD + 'definition: "open\n', "yaml-unreadable", 4),
        (HEAD + "definition: a\ndefinition: b\n", "yaml-duplicate-key", 5),
        (HEAD + "definition: !!python/object:os.system x\n", "yaml-tag", 4),
        (HEAD + "definition: &a [x, x]\nb: [*a, *a]\n", "yaml-anchor", 4),
        (HEAD + "synonyms:\n\t- x\n", "yaml-tab", 5),
        ("\ufeff" + HEAD + "definition: x\n", "byte-order-mark", 1),
        (b"id: term-lot\ntitle: \xff\n", "not-utf8", 2),
        (HEAD + "definition: a\0b\n", "not-utf8", 4),
        (HEAD + "<<<<<<< HEAD\ndefinition: x\n", "merge-conflict", 4),
        ("", "file-empty", 1),
        ("  \n\n", "file-empty", 1),
        ("id: term-lot\ntype: trem\ntitle: Lot\n", "type-unknown", 2),
        ("id: term-lot\ntitle: Lot\n", "type-unknown", 1),
        (HEAD + "definition: no\n", "yaml-ambiguous-word", 4),
        (HEAD + "definition: on\n", "yaml-ambiguous-word", 4),
        (HEAD + "definition: 1.10\n", "value-not-allowed", 4),
        (HEAD + "definition: x\nsource:\n", "value-not-allowed", 5),
        ("id: term-Lot\ntype: term\ntitle: Lot\ndefinition: x\n", "value-not-allowed", 1),
        (HEAD + "definition: " + "[" * 10_000 + "\n", "yaml-too-deep", 4),
        ("- a\n- b\n", "yaml-unreadable", 1),
        (HEAD + "definition: x\n---\nid: b\n", "yaml-unreadable", 5),
        (HEAD + "definition: x\n? [a, b]\n: c\n", "yaml-unreadable", 5),
        (HEAD + "definition: a\u2028b\n", "yaml-unreadable", 4),
    ],
)
def test_fault_is_found_on_its_line(system: Callable[..., Path], content: str | bytes, check: str, place: int) -> None:
    root = system(
        {"glossary/term-lot.yaml": content, "glossary/term-good.yaml": HEAD.replace("lot", "good") + "definition: x\n"}
    )
    assert [line for line, _ in only(root, check)] == [place]
    assert "term-good" in load(root).qms.items, "the run goes on"


def test_date_that_does_not_exist(system: Callable[..., Path]) -> None:
    text = "---\nid: POL-001\ntype: policy\ntitle: Quality\nrevision: 1.10\neffective: 2026-02-30\n---\n"
    root = system({"policies/POL-001-quality.md": text})
    found = {f.position.line: (f.message, f.help) for f in load(root).qms.findings if f.check == "value-not-allowed"}
    assert "not a day that exists" in found[6][0]
    assert found[5][1] == 'put it in quotes: "1.10"'


def test_line_ends_of_windows_are_accepted(system: Callable[..., Path]) -> None:
    root = system({"glossary/term-lot.yaml": (HEAD + "definition: x\n").replace("\n", "\r\n")})
    assert load(root).qms.findings == ()


def test_a_huge_file_is_not_read(system: Callable[..., Path]) -> None:
    root = system({"glossary/term-lot.yaml": ""})
    with (root / "glossary/term-lot.yaml").open("r+b") as file:
        file.truncate(50_000_000)
    assert only(root, "file-too-large") == [(1, 1)]


def test_links_out_of_the_repository_and_loops(system: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text(HEAD + "definition: secret\n", encoding="utf-8")
    root = system({"glossary/term-a.yaml": HEAD.replace("lot", "a") + "definition: x\n"})
    (root / "glossary/term-lot.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "glossary/term-loop.yaml").symlink_to("term-loop.yaml")
    (root / "glossary/out").symlink_to(tmp_path)
    loaded = load(root)
    assert "term-lot" not in loaded.qms.items
    assert {f.position.path for f in loaded.qms.findings if f.check == "link-leaves-repository"} >= {
        "glossary/term-lot.yaml",
        "glossary/out",
    }


def test_wrong_folder_duplicate_and_case(system: Callable[..., Path]) -> None:
    pol = "---\nid: POL-001\ntype: policy\ntitle: X\n---\n"
    root = system(
        {"sops/POL-001-x.md": pol, "policies/POL-001-x.md": pol, "policies/b.md": pol.replace("POL-001", "pol-001")}
    )
    found = {f.check: f for f in load(root).qms.findings}
    assert found["folder-wrong"].position.path == "sops/POL-001-x.md"
    assert found["id-duplicate"].position.path == "sops/POL-001-x.md"
    assert "policies/POL-001-x.md:2" in found["id-duplicate"].message
    assert "id-differs-by-case" in found


def test_configuration_faults_have_positions(system: Callable[..., Path]) -> None:
    root = system({})
    (root / "qms.yaml").write_text("organisation: X\ntime_zne: UTC\n", encoding="utf-8")
    found = [f for f in load(root).qms.findings if f.check == "configuration-broken"]
    assert [(f.position.path, f.position.line) for f in found] == [("qms.yaml", 2)]
    assert "time_zone" in found[0].help


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.booleans())
@example(b"---\n---\n", True)
@example(b"a: &a [*a]\n", False)
@example(b"%YAML 9.9\n---\n", False)
@example(b"? ? ? ?\n", False)
def test_no_bytes_make_the_reader_raise(data: bytes, markdown: bool) -> None:
    parsed = frontmatter.parse_file(data, markdown)
    assert parsed.fields is not None or parsed.faults


YAMLISH = st.text(alphabet="abc:-[]{}#&*!|>'\"% \n\t,?0129.~@`", max_size=120)


@settings(max_examples=500, deadline=None)
@given(YAMLISH)
def test_no_text_makes_the_reader_raise_and_positions_lie_inside(text: str) -> None:
    parsed = frontmatter.parse_file(text.encode(), markdown=False)
    lines = text.count("\n") + 1
    for fault in parsed.faults:
        assert 1 <= fault.line <= lines + 1
    for line, column, _, _, _ in parsed.marks.values():
        assert 1 <= line <= lines + 1
        assert column >= 1


SCALARS = st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.text(alphabet="abcxyz -äö:#'\"", max_size=20))
DATA = st.dictionaries(
    st.text(alphabet="abcdefgh_", min_size=1, max_size=8).filter(
        lambda k: k not in ("y", "n", "no", "on", "yes", "off")
    ),
    st.one_of(
        SCALARS, st.lists(SCALARS, max_size=4), st.dictionaries(st.sampled_from(["k", "l", "m"]), SCALARS, max_size=3)
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(DATA)
def test_reads_what_pyyaml_writes(data: dict[str, object]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    parsed = frontmatter.parse_file(text.encode(), markdown=False)
    assert parsed.fields == data
    for key in data:
        line = parsed.marks[key,][3]
        assert text.split("\n")[line - 1].startswith((key, f"'{key}'", f'"{key}"'))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="#abc {}-:`~\n|[]()!W", max_size=200))
def test_no_body_makes_the_steps_raise(text: str) -> None:
    steps = body.steps("## Steps\n" + text, 5, "Steps")
    assert all(step.line > 5 for step in steps)
    list(body.links(text, 1))
    body.sections(text)


@settings(max_examples=200, deadline=None)
@given(st.dates(), st.integers(1, 400), st.sampled_from(["days", "weeks", "months", "years"]))
def test_a_period_leads_forward(day: object, count: int, unit: str) -> None:
    try:
        later = add_period(str(day), f"{count} {unit}")
    except (ValueError, OverflowError):
        return
    assert later > str(day)


def test_steps_of_a_body_become_fields(system: Callable[..., Path]) -> None:
    text = """---
id: SOP-001
type: sop
---

Intro.

## Steps

### Draw the sample {#draw-sample}
Who: inspector
Uses: FRM-001, WI-002

Take five pieces.

```
### not a step
```

### Decide {#decide}
Who: quality-engineer
Wo: x

## Limits

### Not a step either
"""
    root = system({"sops/SOP-001-x.md": text})
    loaded = load(root)
    steps = loaded.qms.items["SOP-001"].fields["steps"]
    assert [(s["key"], s["title"]) for s in steps] == [("draw-sample", "Draw the sample"), ("decide", "Decide")]
    assert steps[0]["uses"] == ["FRM-001", "WI-002"]
    assert steps[0]["text"].startswith("Take five pieces.")
    place = loaded.qms.items["SOP-001"].position("steps", 0, "uses", 1)
    assert (place.line, place.column, place.end_column) == (12, 16, 22)
    assert [(f.check, f.position.line) for f in loaded.qms.findings if f.check == "field-unknown"] == [
        ("field-unknown", 22)
    ]


@pytest.mark.parametrize("name", ["../../evil", "/etc/x", "a b", "POL-001/../x", "..", "-rf"])
def test_an_id_never_becomes_a_path(system: Callable[..., Path], name: str) -> None:
    root = system({"policies/x.md": f'---\nid: "{name}"\ntype: policy\ntitle: Quality\n---\n'})
    loaded = load(root)
    assert name not in loaded.qms.items
    assert [f.position.line for f in loaded.qms.findings if f.check == "value-not-allowed"] == [2]


def test_a_type_cannot_claim_a_folder_outside(system: Callable[..., Path]) -> None:
    text = "title: T\ndescription: d\nx-plural: Ts\nx-folder: ../../x\nx-id: T-###\nproperties: {}\n"
    loaded = load(system({"item_types/t.schema.yaml": text}))
    assert "t" not in loaded.types
    assert [f.check for f in loaded.qms.findings] == ["item-type-broken"]


def test_a_time_zone_that_does_not_exist_is_said(system: Callable[..., Path]) -> None:
    root = system({})
    (root / "qms.yaml").write_text("organisation: Example\ntime_zone: Nowhere/Land\n", encoding="utf-8")
    found = [f for f in load(root).qms.findings if f.check == "configuration-broken"]
    assert [(f.message, f.position.line) for f in found] == [("there is no time zone `Nowhere/Land`", 2)]


def test_wrong_settings_say_the_way_out(system: Callable[..., Path]) -> None:
    root = system({"qms.yaml": "organisation: X\nlanguages: [English]\nsite: {email: a b, address: qms, forge: x}\n"})
    said = {f.help for f in load(root).qms.findings if f.check == "configuration-broken"}
    assert "two small letters, such as de" in said
    assert "write one plain address, such as quality@example.org" in said
    assert "it begins with https://, such as https://qms.example.org" in said
    assert not any("^" in text or "[a-z" in text for text in said)
