"""Ids in prose: found where they stand, never in code, and exactly those that the pattern of a system describes."""

from __future__ import annotations

import random
import re
from pathlib import Path

from qmsctl import body, frontmatter, itemfile, schema
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.references import Ids, outline_of

TYPES, _ = schema.read_types(None, itemfile.parse_yaml_bytes)
IDS = Ids(TYPES, ["iso9001-2015", "demo-1"])
PIECES = (
    "SOP-014", "PRC-001#order", "NC-2026-003", "p-001", "XSOP-014", "SOP-01", "SOP-", "iso9001-2015/8.5.1", "demo-1/4(a)(SOP-014)",
    "demo-1/", "demo-1", "(", ")", " ", "\n", "#", "/", "-", ".", "é", "REC-001", "WI-001-x", "see ", "`", "EXT-0001",
)  # fmt: skip


def test_ids_are_those_that_the_pattern_finds_at_every_place() -> None:
    dice = random.Random(7)
    found = 0
    for _ in range(3000):
        text = "".join(dice.choices(PIECES, k=8))
        wanted = [match.span() for match in re.finditer(IDS.pattern, text)]
        assert [match.span() for match in IDS.find(text)] == wanted, text
        found += len(wanted)
    assert found > 1000


def test_mentions_stand_where_they_are_written_and_not_in_code() -> None:
    text = (
        "---\nid: SOP-001\ntype: sop\ntitle: Test\n---\nSee WI-001.\n\n```\nWI-002\n```\n`WI-003` and WI-004\n\n"
        "~~~\n# WI-005\n~~~\n# Of WI-006 {#six} #\n"
    )
    item = itemfile.item_of("sops/SOP-001.md", text.encode(), TYPES, {"sop": "sops"}, itemfile.Sink())
    assert item is not None
    rows = [
        (row[2], row[3], row[4], row[5]) for row in outline_of(item, TYPES["sop"], IDS).rows if row[0] == "mentions"
    ]
    assert rows == [("WI-001", 6, 5, 11), ("WI-004", 11, 14, 20), ("WI-006", 16, 6, 12)]
    assert [(h.title, h.key, h.line) for h in body.headings(item.body, item.body_line)] == [("Of WI-006", "six", 16)]


def test_every_sign_that_nobody_sees_is_found_wherever_it_stands() -> None:
    for code in (0x7F, 0x85, 0x200B, 0x202E, 0x2066, 0x061C, 0xFEFF, 0xFFF9):
        for written in (f"a: x{chr(code)}y\n", f'a: "x\\u{code:04x}y"\n'):
            data = written.encode()
            parsed = frontmatter.parse_file(data, markdown=False)
            if parsed.fields is not None:
                assert frontmatter.clean(parsed, data) == [("a",)], written
                assert parsed.fields == {"a": "x\ufffdy"}
    parsed = frontmatter.parse_file("a: Größe\u00a0– 5 µm\n".encode(), markdown=False)
    assert frontmatter.clean(parsed, "a: Größe\u00a0– 5 µm\n".encode()) == []


def test_looking_for_a_few_finds_what_the_index_of_all_holds(tmp_path: Path) -> None:
    (tmp_path / "qms.yaml").write_text("organisation: Example\nstandards: [iso9001-2015]\n", encoding="utf-8")
    (tmp_path / "sops").mkdir()
    odd = ['"a\\0SOP-001"', '"\\0"', "SOP-001", "SOP-0011", "SOP-001#one", "SOP-001/x", "SOP-00", "SOP-001#", "''"]
    for number in ("001", "0011", "002"):
        (tmp_path / "sops" / f"SOP-{number}.md").write_text(
            f"---\nid: SOP-{number}\ntype: sop\ntitle: Test\npolicies: [{', '.join(odd)}]\nowner: SOP-002\n"
            f"clauses: [iso9001-2015/8.1, iso9001-2015/8.1.1, iso9001-2015/8]\n---\nSee SOP-001 and SOP-001#one {{#one}}.\n",
            encoding="utf-8",
        )
    loaded = load(tmp_path)
    few, all_of_them = Graph(loaded), Graph(loaded)
    _ = all_of_them._into, all_of_them._on_all
    for name in few.items:
        assert few._named(name) == list(all_of_them._named(name)), name
    assert "_into" not in vars(few)
    assert len(few._named("SOP-001")) > 10
    for clause in ("iso9001-2015/8.1", "iso9001-2015/8", "iso9001-2015/9"):
        assert [*map(repr, few.links_on(clause))] == [*map(repr, all_of_them.links_on(clause))]
    assert len(few.links_on("iso9001-2015/8.1")) == 3
