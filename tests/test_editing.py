"""Changes to items: what is meant to change does, and not one byte besides."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsctl import checks, editing, scaffold
from qmsctl.frontmatter import parse_file
from qmsctl.graph import Graph
from qmsctl.loader import Loaded, load
from qmsctl.schema import SHIPPED, SUFFIX
from tests.conftest import REPOSITORY, TODAY

Write = Callable[..., Path]

SOP = """---
# SOP-001 in a comment stays
id:   'SOP-001'   # the id
type: sop
title: "Inspect"
revision: "1.0"
effective: 2026-01-05
owner: "buyer"   # Ünïcode 😀
review_every: 12 months
change: >-   # SOP-001 here is a comment too
  First issue, see SOP-001 and
  SOP-001#draw, not SOP-0011.
purpose: 'As in SOP-001, it''s plain.'
---

SOP-001 and `SOP-001` and [this](SOP-001-inspect.md#steps), or [id](PRC-001-buy.md).

```
SOP-001
```

## Steps

### Draw {#draw}
Who: buyer
Uses: FRM-001, SOP-001#draw , FRM-001

Text of (SOP-001#draw).
"""
PROCESS = """---
id: PRC-001
type: process
title: Buy
owner: buyer
purpose: {a}
steps:
  # SOP-001
  - {{key: order, what: Order SOP-001, who: buyer, accountable:   buyer, consult: [ buyer , seller ],
     instruction: [SOP-001, "SOP-001#draw",'SOP-001' ]}}
  - key: pay
    what: Pay
    who: seller
    consult:
      - seller
      - "buyer"   # gone
    instruction:
    - "SOP-001#draw"   # SOP-001
    - SOP-001
---
See [the SOP](../sops/SOP-001-inspect.md?x=1) and [another](../sops/SOP-001-inspect.mdx).
"""
CONFIG = """organisation: Example
waivers:
  # SOP-001
  - {check: document-unused, items: [FRM-001, "SOP-001"], reason: SOP-001 comes later, until: 2027-01-01}
"""


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8")


def files() -> dict[str, str | bytes]:
    return {
        "qms.yaml": CONFIG,
        "sops/SOP-001-inspect.md": crlf(SOP),
        "processes/PRC-001-buy.md": PROCESS.format(
            a="|\n  One.\n\n  SOP-001 is two;\n  SOP-001.\n# SOP-001 after\n# it"
        ).encode(),
        "roles/buyer.yaml": b"\xef\xbb\xbfid: buyer\ntype: role\ntitle: Buyer\nowner: seller\nreports_to: seller\n",
        "roles/seller.yaml": "id: seller\ntype: role\ntitle: Seller\nowner: buyer\nreports_to: buyer\n",
        "people/directory.yaml": "# p-001\n'p-001': Ada p-001\np-002: Bob\n",
        "people/p-001.yaml": "id: p-001\ntype: person\nroles:   # of p-001\n  - buyer   # main\n  - seller\n"
        "deputy: p-002\n",
        "people/p-002.yaml": "id: p-002\ntype: person\nroles: [ seller ]\ndeputy: p-001   # for now\n",
        "people/p-003.yaml": crlf("id: p-003\ntype: person\nroles:\n- driver\ndeputy: 'p-001'\n"),
    }


def content(root: Path) -> dict[str, bytes]:
    return {f.relative_to(root).as_posix(): f.read_bytes() for f in sorted(root.rglob("*")) if f.is_file()}


def change(root: Path, old: str, new: str, file: str | None = None) -> dict[str, bytes]:
    edits, renames = editing.renumber(load(root), old, new, file)
    editing.apply(root, edits, renames)
    return content(root)


# --- renumber -----------------------------------------------------------------------------------


def test_renumber_changes_links_and_nothing_else(system: Write) -> None:
    root = system(files())
    before = content(root)
    after = change(root, "SOP-001", "SOP-1234")
    assert set(before) - set(after) == {"sops/SOP-001-inspect.md"}
    sop = after["sops/SOP-1234-inspect.md"].decode()
    assert (
        sop
        == crlf(
            SOP.replace("'SOP-001'", "'SOP-1234'")
            .replace("see SOP-001 and\n  SOP-001#draw", "see SOP-1234 and\n  SOP-1234#draw")
            .replace("As in SOP-001,", "As in SOP-1234,")
            .replace("\nSOP-001 and `", "\nSOP-1234 and `")
            .replace("(SOP-001-inspect", "(SOP-1234-inspect")
            .replace("FRM-001, SOP-001#", "FRM-001, SOP-1234#")
            .replace("(SOP-001#draw)", "(SOP-1234#draw)")
        ).decode()
    )
    process = after["processes/PRC-001-buy.md"].decode()
    assert process == (
        before["processes/PRC-001-buy.md"]
        .decode()
        .replace("SOP-001 is two;\n  SOP-001.", "SOP-1234 is two;\n  SOP-1234.")
        .replace("""[SOP-001, "SOP-001#draw",'SOP-001' ]""", """[SOP-1234, "SOP-1234#draw",'SOP-1234' ]""")
        .replace('- "SOP-001#draw"   # SOP-001\n    - SOP-001\n', '- "SOP-1234#draw"   # SOP-001\n    - SOP-1234\n')
        .replace("SOP-001-inspect.md?", "SOP-1234-inspect.md?")
    )
    assert after["qms.yaml"].decode() == CONFIG.replace('"SOP-001"', '"SOP-1234"')
    untouched = set(before) - {"sops/SOP-001-inspect.md", "processes/PRC-001-buy.md", "qms.yaml"}
    assert all(after[name] == before[name] for name in untouched)


def test_renumber_there_and_back_is_nothing(system: Write) -> None:
    root = system(files())
    before = content(root)
    change(root, "SOP-001", "SOP-777")
    change(root, "SOP-777", "SOP-001")
    change(root, "buyer", "true")
    change(root, "true", "buyer")
    assert {name: data for name, data in content(root).items() if name.startswith("sops/")} == {
        name: data for name, data in before.items() if name.startswith("sops/")
    }
    assert set(content(root)) == set(before)


def test_renumber_a_role_follows_body_facts_and_keeps_a_byte_order_mark(system: Write) -> None:
    root = system(files())
    after = change(root, "buyer", "purchaser")
    assert after["roles/purchaser.yaml"].startswith(b"\xef\xbb\xbfid: purchaser\n")
    assert b"\r\nWho: purchaser\r\n" in after["sops/SOP-001-inspect.md"]
    assert 'owner: "purchaser"   # Ünïcode 😀' in after["sops/SOP-001-inspect.md"].decode()
    assert b"accountable:   purchaser, consult: [ purchaser , seller ]" in after["processes/PRC-001-buy.md"]
    assert b"roles:   # of p-001\n  - purchaser   # main" in after["people/p-001.yaml"]
    assert "buyer" not in load(root).qms.items


def test_renumber_quotes_an_id_that_a_reader_could_misread(system: Write) -> None:
    root = system(files())
    after = change(root, "buyer", "no")
    assert b'owner: "no"\n' in after["roles/seller.yaml"]
    loaded = load(root)
    assert "no" in loaded.qms.items
    assert not [f for f in loaded.qms.findings if f.check == "yaml-ambiguous-word"]


def test_renumber_a_person_follows_the_directory(system: Write) -> None:
    after = change(system(files()), "p-001", "p-009")
    assert after["people/directory.yaml"].decode() == "# p-001\n'p-009': Ada p-001\np-002: Bob\n"
    assert after["people/p-003.yaml"].endswith(b"deputy: 'p-009'\r\n")
    assert "people/p-009.yaml" in after


def test_renumber_one_of_two_files_with_the_same_id(system: Write) -> None:
    root = system(files() | {"sops/SOP-001-pack.md": SOP.replace("Inspect", "Pack").replace("-inspect", "-pack")})
    before = content(root)
    with pytest.raises(editing.EditError, match=r"2 files hold the id .* --file sops/SOP-001-pack\.md"):
        editing.renumber(load(root), "SOP-001", "SOP-002")
    after = change(root, "SOP-001", "SOP-002", "./sops/SOP-001-pack.md")
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"sops/SOP-002-pack.md"}
    assert b"Uses: FRM-001, SOP-002#draw" in after["sops/SOP-002-pack.md"]
    loaded = load(root)
    assert not [f for f in loaded.qms.findings if f.check == "id-duplicate"]
    assert {link.source for link in Graph(loaded).links_to("SOP-002")} == {"SOP-002"}


def test_renumber_the_first_of_two_leaves_links_to_the_other(system: Write) -> None:
    root = system(files() | {"sops/SOP-001-pack.md": SOP.replace("Inspect", "Pack").replace("-inspect", "-pack")})
    after = change(root, "SOP-001", "SOP-002", str(root / "sops/SOP-001-inspect.md"))
    assert b"[SOP-001, " in after["processes/PRC-001-buy.md"]
    assert b"../sops/SOP-002-inspect.md?x" in after["processes/PRC-001-buy.md"]
    assert load(root).qms.items["SOP-001"].title == "Pack"


@pytest.mark.parametrize(
    "old, new, kind, says",
    [
        ("SOP-002", "SOP-003", editing.IdUnknown, "did you mean SOP-001"),
        ("SOP-001", "PRC-009", editing.IdMalformed, "looks like SOP-###"),
        ("SOP-001", "SOP-009\n", editing.IdMalformed, "looks like SOP-###"),
        ("SOP-001", "../x", editing.IdMalformed, "looks like SOP-###"),
        ("SOP-001", "SOP-001", editing.IdTaken, "already"),
        ("buyer", "seller", editing.IdTaken, "taken by roles/seller.yaml"),
        ("p-001", "p-002", editing.IdTaken, "taken by people/p-002.yaml"),
    ],
)
def test_renumber_refuses(system: Write, old: str, new: str, kind: type[ValueError], says: str) -> None:
    root = system(files())
    with pytest.raises(kind, match=re.escape(says)) as caught:
        editing.renumber(load(root), old, new)
    assert isinstance(caught.value, editing.EditError)
    assert caught.value.help in str(caught.value)


def test_renumber_refuses_a_name_in_the_directory_and_a_file_in_the_way(system: Write) -> None:
    root = system(files() | {"people/directory.yaml": "p-001: Ada\np-020: Long gone\n", "sops/SOP-002-inspect.md": "x"})
    with pytest.raises(editing.IdTaken, match="never reused"):
        editing.renumber(load(root), "p-001", "p-020")
    with pytest.raises(editing.IdTaken, match=r"a file sops/SOP-002-inspect\.md"):
        editing.renumber(load(root), "SOP-001", "SOP-002")
    with pytest.raises(editing.IdUnknown, match="does not hold the id"):
        editing.renumber(load(root), "SOP-001", "SOP-003", "processes/PRC-001-buy.md")


def test_renumber_refuses_what_it_cannot_place(system: Write) -> None:
    root = system(files() | {"sops/SOP-002-x.md": '---\nid: SOP-002\ntype: sop\nchange: "\\x53OP-001 is meant"\n---\n'})
    with pytest.raises(editing.Unplaced, match=r"sops/SOP-002-x\.md:4:9"):
        editing.renumber(load(root), "SOP-001", "SOP-005")


def test_renumber_a_catalogue_follows_clauses_and_scope(system: Write) -> None:
    root = system(
        {
            "qms.yaml": "organisation: Example\nstandards: [demo-1]\n",
            "catalogues/demo-1.yaml": 'id: demo-1\ntype: catalogue\nclauses:\n  - {key: "4.1", topic: x}\n',
            "policies/POL-001-x.md": "---\nid: POL-001\ntype: policy\nclauses: [demo-1/4.1]\n---\nSee demo-1/4.1.\n",
        }
    )
    after = change(root, "demo-1", "demo-2")
    assert after["policies/POL-001-x.md"].endswith(b"clauses: [demo-2/4.1]\n---\nSee demo-2/4.1.\n")
    assert after["qms.yaml"].endswith(b"standards: [demo-2]\n")


def test_a_shipped_catalogue_keeps_its_id(system: Write) -> None:
    root = system({"qms.yaml": "organisation: Example\nstandards: [iso9001-2015]\n"})
    with pytest.raises(editing.EditError, match="comes with qmsctl"):
        editing.renumber(load(root), "iso9001-2015", "iso9001-2016")


ID = "SOP-001"
_word = st.sampled_from([ID, f"{ID}#a", "SOP-0011", "x", "ü😀", "#", "it's", "`" + ID + "`", f"({ID})", f"{ID}."])
_prose = st.lists(_word, min_size=1, max_size=6).map(" ".join)
_comment = st.sampled_from(["", f"  #! {ID}", "  #! ü"])
_ref = st.sampled_from([ID, f"'{ID}'", f'"{ID}"', f'"{ID}#a"', f"'{ID}#a'", f"{ID}#a", "SOP-002"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An SOP with everything in which an id may hide."""
    plain = draw(_prose)
    change = draw(
        st.sampled_from(
            [
                '"' + plain.replace('"', "") + '"',
                "'" + plain.replace("'", "''") + "'",
                "|\n  " + plain + "\n  " + plain,
                ">-" + draw(_comment) + "\n  " + plain + "\n\n  " + plain,
                "\n  a " + ID + "\n  " + ID + " b",
            ]
        )
    )
    uses = draw(st.lists(_ref, max_size=4))
    lists = ["[" + ", ".join(uses) + "]", "[ " + " ,".join(uses) + " ]"]
    if uses:
        lists.append("".join(f"\n  - {ref}{draw(_comment)}" for ref in uses))
    lines = [
        "---",
        f"id: SOP-003{draw(_comment)}",
        "type: sop",
        f"#! {plain}",
        f"change: {change}",
        f"superseded_by: {draw(_ref)}{draw(_comment)}",
        f"policies: {draw(st.sampled_from(lists))}",
        "---",
        draw(_prose) + draw(st.sampled_from(["", f" \u2028 {ID}"])),
        "## Steps",
        "### One {#one}",
        f"Uses: {draw(st.sampled_from([ID, ID + '#a , x', 'FRM-001,' + ID]))}",
        "",
        draw(_prose),
    ]
    return draw(st.sampled_from(["\n", "\r\n"])).join("\n".join(lines).split("\n")) + draw(st.sampled_from(["", "\n"]))


@given(text=documents())
@settings(max_examples=50, deadline=None)
def test_renumber_keeps_every_other_byte(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.mktemp("p")
    (root / "sops").mkdir()
    (root / "qms.yaml").write_text("organisation: Example\n", encoding="utf-8")
    target = "---\nid: SOP-001\ntype: sop\n---\n## Steps\n### A {#a}\n"
    (root / "sops/SOP-001.md").write_text(target, encoding="utf-8")
    file = root / "sops/SOP-003.md"
    file.write_bytes(text.encode("utf-8"))
    loaded = load(root)
    assert "SOP-003" in loaded.qms.items, loaded.qms.findings
    links = len(Graph(loaded).links_to(ID))
    edits, renames = editing.renumber(loaded, ID, "SOP-900")
    assert content(root) == {
        "qms.yaml": b"organisation: Example\n",
        "sops/SOP-001.md": target.encode(),
        "sops/SOP-003.md": text.encode(),
    }
    editing.apply(root, edits, renames)
    after = file.read_bytes().decode("utf-8")
    assert after.replace("SOP-900", ID) == text
    graph = Graph(load(root))
    assert "SOP-003" in graph.items
    assert len(graph.links_to("SOP-900")) == links
    assert not [link for link in graph.links if link.target.split("#")[0] == ID]
    assert re.findall("#!.*", after) == re.findall("#!.*", text), "comments stay"


def test_renumber_in_the_reference_system_keeps_it_sound(repository: Path) -> None:
    loaded = load(repository)
    graph = Graph(loaded)
    busy = max(
        (i for i in loaded.qms.items if graph.types[graph.items[i].type].name == "role"),
        key=lambda i: len(graph.links_to(i)),
    )
    edits, renames = editing.renumber(loaded, busy, "somebody-else")
    assert len(edits) > 5
    for edit in edits:
        assert "somebody-else" in edit.after
        assert edit.after.replace("somebody-else", busy) == edit.before
        assert parse_file(edit.after.encode("utf-8"), edit.path.endswith(".md")).fields is not None
    moved = [(f"roles/{busy}{end}", f"roles/somebody-else{end}") for end in (".de.yaml", ".yaml")]
    assert sorted(renames) == moved


# --- reassign -----------------------------------------------------------------------------------


def reassign(root: Path, old: str, new: str) -> dict[str, bytes]:
    editing.apply(root, editing.reassign(load(root), old, new), [])
    return content(root)


def test_reassign_a_role_moves_its_work_only(system: Write) -> None:
    root = system(files())
    before = content(root)
    after = reassign(root, "buyer", "seller")
    assert after["sops/SOP-001-inspect.md"] == (
        before["sops/SOP-001-inspect.md"]
        .replace(b'owner: "buyer"', b'owner: "seller"')
        .replace(b"Who: buyer", b"Who: seller")
    )
    assert after["processes/PRC-001-buy.md"] == (
        before["processes/PRC-001-buy.md"]
        .replace(b"owner: buyer", b"owner: seller")
        .replace(
            b"who: buyer, accountable:   buyer, consult: [ buyer , seller ]",
            b"who: seller, accountable:   seller, consult: [ seller ]",
        )
        .replace(b'      - "buyer"   # gone\n', b"")
    )
    assert b"owner: seller\nreports_to: buyer" in after["roles/seller.yaml"]
    assert {n: d for n, d in after.items() if n.startswith("people/")} == {
        n: d for n, d in before.items() if n.startswith("people/")
    }


def test_reassign_a_person_moves_roles_and_deputies(system: Write) -> None:
    after = reassign(system(files()), "p-001", "p-002")
    assert after["people/p-001.yaml"].decode() == "id: p-001\ntype: person\nroles: []   # of p-001\ndeputy: p-002\n"
    assert after["people/p-002.yaml"].decode() == "id: p-002\ntype: person\nroles: [ seller, buyer ]\n"
    assert (
        after["people/p-003.yaml"].decode() == "id: p-003\r\ntype: person\r\nroles:\r\n- driver\r\ndeputy: 'p-002'\r\n"
    )


def test_reassign_into_a_block_list(system: Write) -> None:
    root = system(files())
    after = reassign(root, "p-001", "p-003")
    assert after["people/p-003.yaml"].decode() == (
        "id: p-003\r\ntype: person\r\nroles:\r\n- driver\r\n- buyer\r\n- seller\r\ndeputy: 'p-002'\r\n"
    )
    assert after["people/p-002.yaml"].decode().endswith("deputy: p-003   # for now\n")
    again = reassign(root, "p-003", "p-001")
    assert (
        again["people/p-001.yaml"].decode()
        == "id: p-001\ntype: person\nroles: [driver, buyer, seller]   # of p-001\ndeputy: p-002\n"
    )


@pytest.mark.parametrize(
    "old, new, says",
    [
        ("buyer", "buyer", "to itself"),
        ("buyer", "p-001", "is a role and `p-001` is a person"),
        ("buyr", "seller", "did you mean buyer"),
        ("SOP-001", "seller", "no role or person `SOP-001`"),
    ],
)
def test_reassign_refuses(system: Write, old: str, new: str, says: str) -> None:
    with pytest.raises(editing.EditError, match=re.escape(says)):
        editing.reassign(load(system(files())), old, new)


# --- apply --------------------------------------------------------------------------------------


def test_apply_refuses_a_file_changed_meanwhile(system: Write) -> None:
    root = system(files())
    edits, renames = editing.renumber(load(root), "SOP-001", "SOP-002")
    (root / "qms.yaml").write_text("organisation: Other\n", encoding="utf-8")
    before = content(root)
    with pytest.raises(editing.ApplyFailed, match=r"qms\.yaml was changed meanwhile"):
        editing.apply(root, edits, renames)
    assert content(root) == before


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
def test_apply_is_all_or_nothing(system: Write, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    root = system(files())
    edits, renames = editing.renumber(load(root), "SOP-001", "SOP-002")
    assert (len(edits), len(renames)) == (3, 1)
    before = content(root)
    calls = 0
    replace, rename = os.replace, os.rename

    def counted(real: Callable[..., None]) -> Callable[..., None]:
        def act(*paths: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == fails_at:
                raise OSError("disk full")
            real(*paths)

        return act

    monkeypatch.setattr(os, "replace", counted(replace))
    monkeypatch.setattr(os, "rename", counted(rename))
    with pytest.raises(editing.ApplyFailed, match="disk full"):
        editing.apply(root, edits, renames)
    assert content(root) == before


def test_apply_keeps_inside_and_keeps_the_mode(system: Write, tmp_path: Path) -> None:
    root = system(files())
    (tmp_path / "outside.txt").write_text("a", encoding="utf-8")
    with pytest.raises(editing.ApplyFailed, match="leads out"):
        editing.apply(root, [editing.Edit("../outside.txt", "a", "b")], [])
    assert (tmp_path / "outside.txt").read_text(encoding="utf-8") == "a"
    (root / "qms.yaml").chmod(0o640)
    change(root, "SOP-001", "SOP-002")
    assert (root / "qms.yaml").stat().st_mode & 0o777 == 0o640


# --- new ----------------------------------------------------------------------------------------


def new(loaded: Loaded, kind: str, title: str, taken: tuple[str, ...] = (), **values: Any) -> tuple[str, str]:
    return editing.new_item(loaded, kind, title, values, TODAY, taken)


@pytest.mark.parametrize("kind", sorted(file.name.removesuffix(SUFFIX) for file in SHIPPED.glob("*" + SUFFIX)))
def test_a_new_item_of_every_type_loads(tmp_path: Path, kind: str) -> None:
    scaffold.init(tmp_path, "Miller", "small", "UTC", TODAY, "Ada")
    loaded = load(tmp_path)
    path, text = new(loaded, kind, "Something: new & \"odd\" #1 'x' €")
    assert path.startswith(loaded.types[kind].folder + "/")
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8"))
    after = load(tmp_path)
    (item,) = set(after.qms.items) - set(loaded.qms.items)
    found = [f for f in checks.run(after, TODAY).findings if f.item == item and f.level == "error"]
    assert {f.check for f in found} <= {"link-target-missing", "clause-unknown"}, found
    for finding in found:
        assert editing._new.UNKNOWN in finding.message
    if after.types[kind].controlled:
        fields = after.qms.items[item].fields
        assert (fields["revision"], fields["status"], fields["effective"]) == ("1.0", "draft", TODAY)
    assert not [f for f in after.qms.findings if f.check.startswith(("yaml", "field", "value"))]


def test_a_new_item_with_all_values_has_no_error(system: Write) -> None:
    root = system(files())
    loaded = load(root)
    kind = loaded.types["sop"]
    assert editing.missing_fields(kind, {}) == ["owner", "purpose"]
    values = {"owner": "buyer", "purpose": "Clean: parts", "needs": ["a, b", "#c", "yes", "1.0", "2026-01-01"]}
    assert editing.missing_fields(kind, values) == []
    path, text = new(loaded, "sop", "Wash parts", **values)
    assert path == "sops/SOP-002-wash-parts.md"
    (root / path).write_text(text, encoding="utf-8")
    after = load(root)
    item = after.qms.items["SOP-002"]
    assert {name: item.get(name) for name in values} == values
    assert [step["key"] for step in item.get("steps")] == ["first"]
    assert item.get("steps")[0]["who"] == "buyer"
    assert "# What doing it this way achieves.\npurpose:" in text
    assert "# scope: When it applies, and when not.\n" in text
    assert not [f for f in checks.run(after, TODAY).findings if f.item == "SOP-002" and f.level == "error"]


def test_the_next_id_counts_everything_known(system: Write) -> None:
    root = system(files() | {"sops/SOP-040-broken.md": "---\nid: [\n"})
    loaded = load(root)
    assert new(loaded, "sop", "A thing")[0] == "sops/SOP-041-a-thing.md"
    assert new(loaded, "sop", "A thing", ("SOP-099-other", "SOP-1", "PRC-500"))[0] == "sops/SOP-100-a-thing.md"
    assert new(loaded, "sop", "A thing", ("SOP-999",))[0] == "sops/SOP-1000-a-thing.md"
    assert new(loaded, "person", "Carla Who")[0] == "people/p-004.yaml"
    assert "Carla" not in new(loaded, "person", "Carla Who")[1]
    assert new(loaded, "sop", "漢字")[0] == "sops/SOP-041.md"
    assert new(loaded, "term", "Bar Stock")[0] == "glossary/term-bar-stock.yaml"
    assert new(loaded, "role", "Head of Ünits", id="head")[0] == "roles/head.yaml"


def test_the_only_possible_target_is_taken_for_a_link(tmp_path: Path) -> None:
    scaffold.init(tmp_path, "Miller", "micro", "UTC", TODAY, "Ada")
    loaded = load(tmp_path)
    assert "theme: STR-001#reliable\n" in new(loaded, "objective", "Grow")[1]
    assert f"owner: {editing._new.UNKNOWN}\n" in new(loaded, "objective", "Grow")[1]


@pytest.mark.parametrize(
    "kind, title, values, says",
    [
        ("role", "Buyer", {}, "the id `buyer` is taken"),
        ("role", "漢字", {}, "no id for a role"),
        ("role", "9 to 5", {}, "looks like <slug>"),
        ("sop", "X", {"id": "SOP-001"}, "2 to 120 characters"),
        ("sop", "Fine", {"id": "../../x"}, "looks like SOP-###"),
        ("sop", "Fine", {"id": "sop-001"}, "looks like SOP-###"),
        ("sop", "x" * 121, {}, "2 to 120 characters, this one 121"),
        ("sop", "a\udcff", {}, "no text"),
    ],
)
def test_new_refuses(system: Write, kind: str, title: str, values: dict[str, str], says: str) -> None:
    loaded = load(system(files()))
    with pytest.raises(editing.EditError, match=re.escape(says)):
        new(loaded, kind, title, **values)


@given(
    title=st.text(st.characters(exclude_categories=["Cs"]), min_size=2, max_size=60).filter(
        lambda t: len(t.strip()) > 1
    ),
    needs=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_comes_back(title: str, needs: list[str]) -> None:
    loaded = _empty()
    path, text = new(loaded, "sop", title, needs=needs, purpose=title)
    parsed = parse_file(text.encode("utf-8"), markdown=True)
    assert not parsed.faults
    assert parsed.fields is not None
    assert (parsed.fields["title"], parsed.fields["purpose"], parsed.fields["needs"]) == (title, title, needs)
    assert re.fullmatch(r"sops/SOP-001(-[a-z0-9-]+)?\.md", path)


_loaded: list[Loaded] = []


def _empty() -> Loaded:
    """A system without items, read once."""
    if not _loaded:
        _loaded.append(load(REPOSITORY / "qmsctl"))
    return _loaded[0]
