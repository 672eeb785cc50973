"""Framework libraries of CISO Assistant: what becomes of them, what is left behind, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from qmsctl import frontmatter, yaml_fields
from qmsctl.cli import app
from qmsctl.editing import ciso
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.oscal import catalogs
from tests.conftest import TODAY, own_files

System = Callable[..., Path]
NODE = "urn:acme:risk:req_node:house"


def node(tail: str, ref: str | None = None, below: str = "", **more: Any) -> dict[str, Any]:
    """Return a requirement as such libraries have it."""
    found: dict[str, Any] = {"urn": f"{NODE}:{tail}", "assessable": not more.pop("heading", False), "depth": 1}
    found |= {"ref_id": ref} if ref is not None else {}
    found |= {"parent_urn": f"{NODE}:{below}"} if below else {}
    return found | more


NODES = [
    node("1", "1", heading=True, name="Doors", translations={"de": {"name": "Türen"}}),
    node("1.1", "1.1", "1", name="Lock them", description="Every door is locked at night.\nSay by whom."),
    node(
        "1.10", "1.10", "1", name="Keys: who has one", translations={"de": {"name": "Schlüssel", "description": "Wer?"}}
    ),
    node("node4", None, "1", description="A list of keys is kept, and looked through every year by the one who leads."),
    node("win", "W 2/a", heading=True, name="Windows"),
    node("win.1", "same", "win", name="Close them"),
    node("win.2", "same", "win", name="Clean them"),
]


def library(nodes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "urn": "urn:acme:risk:library:house",
        "locale": "en",
        "ref_id": "house",
        "name": "House rules",
        "copyright": "© Acme; all rights reserved",
        "version": 3,
        "publication_date": "2026-05-04",
        "provider": "Acme",
        "packager": "somebody",
        "objects": {
            "framework": {
                "urn": "urn:acme:risk:framework:house",
                "ref_id": "house",
                "name": "House rules",
                "requirement_nodes": nodes,
            }
        },
        **more,
    }


def mapping(rows: list[dict[str, Any]], source: str = "house", target: str = "acme") -> dict[str, Any]:
    return {
        "urn": "urn:acme:risk:library:map",
        "ref_id": "map",
        "name": "House to Acme",
        "version": 1,
        "objects": {
            "requirement_mapping_sets": [
                {
                    "urn": "urn:acme:risk:req_mapping_set:map",
                    "ref_id": "house-to-acme",
                    "name": "House to Acme",
                    "source_framework_urn": f"urn:acme:risk:framework:{source}",
                    "target_framework_urn": f"urn:acme:risk:framework:{target}",
                    "requirement_mappings": rows,
                }
            ]
        },
    }


def row(source: str, target: str, relation: str = "intersect", **more: Any) -> dict[str, Any]:
    return {
        "source_requirement_urn": f"{NODE}:{source}",
        "target_requirement_urn": f"urn:acme:risk:req_node:acme:{target}",
        "relationship": relation,
        **more,
    }


ACME = """id: acme
type: catalogue
title: Manual of Acme
issuer: Acme
edition: "7"
complete: true
clauses:
  - {key: "3", topic: Access, heading: true}
  - {key: "3.1", topic: Accounts}
"""


def run(root: Path, data: Any, *words: str) -> Result:
    file = root.parent / "lib.yaml"
    file.write_bytes(data if isinstance(data, bytes) else yaml.safe_dump(data, allow_unicode=True).encode())
    return CliRunner().invoke(app, ["-C", str(root), "import", "ciso", str(file), *words])


def done(root: Path, data: Any, *words: str) -> str:
    result = run(root, data, *words)
    assert result.exit_code == 0, result.output
    return result.output


def clauses(root: Path, name: str = "house") -> list[dict[str, Any]]:
    found = load(root).qms.items[name].get("clauses")
    assert isinstance(found, list)
    return found


def test_a_framework_becomes_a_catalogue_without_its_wording(system: System) -> None:
    root = system({})
    done(root, library(NODES))
    item = load(root).qms.items["house"]
    assert (item.title, item.get("issuer"), item.get("edition")) == (
        "House rules",
        "Acme",
        "library version 3 of 2026-05-04",
    )
    assert item.get("note") == "© Acme; all rights reserved"
    assert "somebody" in item.get("sources")[0]
    assert clauses(root) == [
        {"key": "1", "topic": "Doors", "heading": True},
        {"key": "1.1", "topic": "Lock them"},
        {"key": "1.10", "topic": "Keys: who has one"},
        {"key": "node4", "topic": "Requirement node4", "under": "1"},
        {"key": "W2-a", "topic": "Windows", "heading": True, "source": f"{NODE}:win"},
        {"key": "same", "topic": "Close them", "under": "W2-a", "source": f"{NODE}:win.1"},
        {"key": "win.2", "topic": "Clean them", "under": "W2-a"},
    ]
    text = (root / "catalogues" / "house.yaml").read_text()
    assert "at night" not in text
    assert "list of keys" not in text
    assert "no findings" in CliRunner().invoke(app, ["-C", str(root), "check"]).output


def test_wording_comes_along_when_asked_for(system: System) -> None:
    root = system({})
    done(root, library(NODES), "--with-text")
    assert load(root).qms.items["house"].get("public_domain") is True
    found = {clause["key"]: clause for clause in clauses(root)}
    assert found["1.1"]["text"] == "Every door is locked at night.\nSay by whom."
    assert found["node4"]["topic"] == "A list of keys is kept, and looked through every year by the one who leads."


def test_names_are_taken_in_the_language_asked_for_where_there_are_any(system: System) -> None:
    root = system({})
    done(root, library(NODES), "--locale", "de", "--with-text")
    found = {clause["key"]: clause for clause in clauses(root)}
    assert (found["1"]["topic"], found["1.1"]["topic"]) == ("Türen", "Lock them")
    assert found["1.10"]["text"] == "Wer?"
    result = run(root, library(NODES), "--locale", "fr", "--id", "other")
    assert result.exit_code == 2
    assert "lib.yaml has no texts in `fr`" in result.output
    assert "it has en, de" in result.output


def test_a_number_that_looks_like_a_decimal_stays_as_it_is_printed(system: System) -> None:
    root = system({})
    data = yaml.safe_dump(library(NODES)).replace("ref_id: '1.10'", "ref_id: 1.10").encode()
    assert b"ref_id: 1.10\n" in data
    done(root, data)
    assert "1.10" in {clause["key"] for clause in clauses(root)}


def test_requirements_stand_behind_what_they_belong_to(system: System) -> None:
    root = system({})
    done(root, library(list(reversed(NODES))))
    rows = clauses(root)
    parents = catalogs.parents_of(rows)
    assert parents["1.1"] == parents["node4"] == "1"
    assert parents["win.1"] == parents["same"] == "W2-a"


def test_a_mapping_between_catalogues_that_are_here(system: System) -> None:
    root = system({"catalogues/acme.yaml": ACME})
    done(root, library(NODES))
    rows = [
        row("1.1", "3.1", "equal"),
        row("win", "3.1", "superset", annotation="Only\nnorth."),
        row("gone", "3.1"),
        row("1.1", "nowhere", "subset"),
        row("1.10", "3.1", "close to"),
        row("1.10", "3.1", "not_related"),
    ]
    said = done(root, mapping(rows))
    assert "row 3 names urn:acme:risk:req_node:house:gone, which is not in house" in said
    assert "row 4 names urn:acme:risk:req_node:acme:nowhere, which is not in acme" in said
    assert "row 5 says `close to`, which is no relation" in said
    assert load(root).qms.items["house-to-acme"].get("rows") == [
        {"from": ["1.1"], "to": ["3.1"], "relation": "equal"},
        {"from": ["W2-a"], "to": ["3.1"], "relation": "superset", "note": "Only north."},
        {"from": ["1.10"], "to": ["3.1"], "relation": "none"},
    ]
    assert "no findings" in CliRunner().invoke(app, ["-C", str(root), "check"]).output


def test_a_mapping_whose_catalogue_is_missing_or_called_otherwise(system: System) -> None:
    root = system({"catalogues/acme.yaml": ACME})
    result = run(root, mapping([row("1.1", "3.1")]))
    assert result.exit_code == 2
    assert "maps the framework house, and no catalogue here is it" in result.output
    done(root, library(NODES), "--id", "rules")
    done(root, mapping([row("1.1", "3.1")]), "--source", "rules")
    assert load(root).qms.items["house-to-acme"].get("from") == "rules"
    result = run(root, mapping([row("x", "3.1")]), "--source", "rules", "--id", "two")
    assert "nothing of" in result.output
    assert result.exit_code == 2


def test_a_framework_and_its_mapping_in_one_library(system: System) -> None:
    root = system({"catalogues/acme.yaml": ACME})
    both = library(NODES)
    both["objects"] |= mapping([row("1.1", "3.1")])["objects"]
    done(root, both)
    assert {"house", "house-to-acme"} <= set(load(root).qms.items)


def circle() -> list[dict[str, Any]]:
    return [node("a", "a", "c", name="A"), node("b", "b", "a", name="B"), node("c", "c", "b", name="C"), *NODES]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (library(circle()), f"{NODE}:a below {NODE}:c below {NODE}:b below {NODE}:a"),
        (library([node("a", "a", "a", name="A")]), f"{NODE}:a below {NODE}:a"),
        (library([*NODES, dict(NODES[1])]), "requirement_nodes/7 has the urn of objects/framework/requirement_nodes/1"),
        (library([{"name": "x"}]), "requirement_nodes/0 has no urn"),
        (library([]), "requirement_nodes is empty"),
        (
            library([node(str(n), str(n), str(n - 1) if n else "", name="x") for n in range(300)]),
            "stands below 201 others",
        ),
        (library([NODES[0] | {"ref_id": ["1"]}]), f"requirement_nodes/0 ({NODE}:1): `ref_id` is a list, and no text"),
        (library([NODES[0] | {"name": {"a": "b"}}]), f"requirement_nodes/0 ({NODE}:1): `name` is a mapping"),
        (library([NODES[0] | {"assessable": "yes"}]), f"requirement_nodes/0 ({NODE}:1): `assessable` is `yes`"),
        (library([NODES[0] | {"urn": 5}]), "requirement_nodes/0 (5): `urn` is no urn"),
        (library([NODES[0] | {"urn": ["a"]}]), "requirement_nodes/0: `urn` is a list"),
        (library([NODES[0] | {"translations": {"de": 1}}]), "`translations/de` is `1`, and no mapping"),
        (library([NODES[0], "x"]), "requirement_nodes/1 is `x`, and no mapping"),  # type: ignore[list-item]
        (library(NODES, provider=["a"]), "the library: `provider` is a list"),
        ({"a": 1}, "is no library of CISO Assistant"),
        ({"objects": {"risk_matrix": []}}, "holds no framework and no mapping; it holds risk_matrix"),
        (b"objects: [", "lib.yaml:2:1: no YAML"),
        (b"objects: &a\n  framework: *a\n", "lib.yaml:1:10 holds an anchor"),
        (b"objects: !!python/name:os.system x", "holds the tag"),
        (b"objects: {}\nobjects: {}\n", "lib.yaml:2:1 holds the field `objects` twice"),
        (b"objects: \xff", "lib.yaml:1 is not UTF-8 text"),
    ],
)
def test_what_is_broken_is_told_with_its_place_and_nothing_is_written(data: Any, message: str, system: System) -> None:
    root = system({})
    result = run(root, data)
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert [*own_files(root)] == ["qms.yaml"]


def test_a_parent_that_is_not_there_is_told(system: System) -> None:
    root = system({})
    said = done(root, library([*NODES, node("x", "9", "gone", name="Alone")]))
    assert f"{NODE}:x stands below {NODE}:gone, which is not in the file" in said
    assert "under" not in clauses(root)[-1]


def test_a_catalogue_that_is_there_stays_unless_it_is_to_be_replaced(system: System) -> None:
    root = system({})
    done(root, library(NODES))
    before = (root / "catalogues/house.yaml").read_text()
    result = run(root, library(NODES[:2]))
    assert result.exit_code == 2
    assert "--force" in result.output
    assert (root / "catalogues/house.yaml").read_text() == before
    done(root, library(NODES[:2]), "--force")
    assert len(clauses(root)) == 2


def test_names_of_a_library_steer_nothing(system: System) -> None:
    root = system({})
    name = "<b>制御</b> \u202e|{{ 1 }}`\x07"
    data = yaml.safe_dump(library([node("1", "1", name=name)]))
    done(root, data.encode())
    assert clauses(root)[0]["topic"].startswith("<b>制御</b>")
    assert "no findings" in CliRunner().invoke(app, ["-C", str(root), "check"]).output
    assert "\u202e" not in (root / "catalogues/house.yaml").read_text()


# --- size -----------------------------------------------------------------------------------------


def large(count: int) -> bytes:
    """Return a library with about so many requirements, a hundred in each chapter."""
    nodes = []
    for chapter in range(count // 100):
        nodes.append(node(str(chapter), str(chapter), heading=True, name=f"Chapter {chapter}"))
        for number in range(99):
            tail = f"{chapter}.{number}"
            nodes.append(node(tail, tail, str(chapter), name=f"Requirement {tail}", description="What is wanted: all."))
    return yaml.dump(library(nodes), Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)).encode()


def test_a_large_library_is_taken_over_in_less_time_than_reading_it_takes_elsewhere(
    system: System,
) -> None:
    data = large(20_000)
    loaded = load(system({}))

    def spent(work: Callable[[], Any]) -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    elsewhere = spent(lambda: yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    here = spent(lambda: ciso.items_from(data, "lib.yaml", loaded, TODAY, [], ciso.Options()))
    assert here < elsewhere


@pytest.mark.heavy
def test_a_catalogue_of_60000_clauses_is_checked_and_asked_like_any_other(system: System) -> None:
    root = system({})
    done(root, large(60_000))
    size = (root / "catalogues/house.yaml").stat().st_size
    assert size > frontmatter.MAX_BYTES
    loaded = load(root)
    assert loaded.qms.findings == ()
    graph = Graph(loaded)
    assert len(graph.parts_of("house", "clauses")) == 60_000
    assert graph.find_ids("see house/599.98.") == [("house/599.98", 4)]
    report = CliRunner().invoke(app, ["-C", str(root), "check"])
    assert "no findings" in report.output
    assert "Requirement 3.4" in CliRunner().invoke(app, ["-C", str(root), "show", "house/3.4"]).output


def test_other_items_may_not_be_that_large(system: System) -> None:
    text = "id: PTY-001\ntype: interested-party\ntitle: " + "x" * frontmatter.MAX_BYTES
    root = system({"interested-parties/PTY-001-x.yaml": text})
    assert [finding.check for finding in load(root).qms.findings] == ["file-too-large"]
    assert frontmatter.parse_file(text.encode(), markdown=False).fields is None
    wide = "id: x\nlist: [" + "1," * (yaml_fields.MAX_NODES + 1) + "]\n"
    assert frontmatter.parse_file(wide.encode(), markdown=False).faults[0].check == "yaml-too-deep"
    assert frontmatter.parse_file(wide.encode(), markdown=False, large=True).faults == []
