"""OSCAL in and out: nothing is lost, NIST's schemas and another reader accept it, and broken files do no harm."""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsctl import frontmatter, oscal
from qmsctl.cli import app
from qmsctl.editing import EditError
from qmsctl.editing import oscal as importing
from qmsctl.exports.oscal import Exporter
from qmsctl.graph import Graph
from qmsctl.loader import CATALOGUES, load
from qmsctl.oscal import OscalFault, catalogs, mappings, profiles, reading, records
from qmsctl.oscal.places import Kept, sources_of
from tests.conftest import REPOSITORY, TODAY, in_ci, own_files

DATA = Path(__file__).parent / "data" / "oscal"
LOW = "sp800-53-rev5-low.catalog.json.gz"
BASELINE = "sp800-53-rev5-low.profile.json"
SHIPPED = sorted(file.stem for file in CATALOGUES.glob("*.yaml"))
MAPPED = sorted(file.stem for file in (CATALOGUES / "mappings").glob("*.yaml"))
System = Callable[..., Path]


def content(name: str) -> bytes:
    """Return one of the documents of NIST, or a file of the schema."""
    data = (DATA / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def document(name: str) -> dict[str, Any]:
    return reading.read(content(name), name)[1]


@cache
def validator() -> Any:
    return jsonschema_rs.Draft7Validator(json.loads(content("oscal-1.2.1.schema.json.gz")))


def faults(kind: str, body: Any) -> list[str]:
    """Return what NIST's schema has against a document."""
    return [f"{error.instance_path}: {error.message[:300]}" for error in validator().iter_errors({kind: body})]


@cache
def shipped(name: str, folder: str = "") -> dict[str, Any]:
    fields = frontmatter.parse_file((CATALOGUES / folder / f"{name}.yaml").read_bytes(), markdown=False).fields
    assert fields is not None
    return fields


def run(root: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(root), *words])


def done(root: Path, *words: str) -> str:
    result = run(root, *words)
    assert result.exit_code == 0, result.output
    return result.output


def put(root: Path, name: str) -> Path:
    """Lay a document of NIST beside a system, unpacked."""
    file = root.parent / name.removesuffix(".gz")
    file.write_bytes(content(name))
    return file


@pytest.fixture(scope="module")
def written() -> dict[str, dict[str, Any]]:
    """Everything that the reference system says in OSCAL, by the name of the file."""
    loaded = load(REPOSITORY)
    exporter = Exporter(Graph(loaded), REPOSITORY, loaded.config.organisation, TODAY)
    return {name: json.loads(text) for name, text in (exporter.document(what) for what in exporter.all())}


# --- catalogs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_catalogue_comes_back_from_oscal_as_it_went(name: str) -> None:
    fields = shipped(name)
    body = catalogs.document_of(fields, None, TODAY)
    assert faults(oscal.CATALOG, body) == []
    assert catalogs.fields_of(body) == fields


def test_a_catalog_of_nist_comes_back_as_it_was(system: System) -> None:
    root = system({})
    done(root, "import", "oscal", str(put(root, LOW)), "--id", "low")
    assert "no findings" in done(root, "check")
    out = root.parent / "back.json"
    done(root, "export", "oscal", "low", "-o", str(out))
    assert json.loads(out.read_bytes()) == json.loads(content(LOW))


def test_numbers_are_those_people_cite_and_families_hold_their_controls() -> None:
    fields = catalogs.fields_of(document(LOW))
    by_key = {row["key"]: row for row in fields["clauses"]}
    assert by_key["ac"] == {"key": "ac", "topic": "Access Control", "heading": True}
    assert by_key["AC-1"] == {"key": "AC-1", "topic": "Policy and Procedures", "under": "ac", "control": True}
    assert "under" not in by_key["AT-2(2)"]  # its number says that it stands below AT-2
    assert sum(not row.get("heading") for row in fields["clauses"]) == 149
    assert not any("text" in row for row in fields["clauses"])


def test_wording_is_taken_over_only_when_asked_for() -> None:
    fields = catalogs.fields_of(document(LOW), with_text=True)
    text = next(row["text"] for row in fields["clauses"] if row["key"] == "AC-1")
    assert text.startswith("a. Develop, document, and disseminate to [organization-defined personnel or roles]:\n1. ")
    assert "{{" not in text
    back = catalogs.document_of(fields, document(LOW), TODAY)
    assert [row for row in back["metadata"]["props"] if row.get("ns") == oscal.NS] == [
        {"name": "public-domain", "ns": oscal.NS, "value": "true", "class": "json"}
    ]
    assert back["groups"] == document(LOW)["groups"]
    assert catalogs.fields_of(back) == fields


def test_what_was_changed_here_is_in_the_document_and_everything_else_stays() -> None:
    before = document(LOW)
    fields = catalogs.fields_of(before)
    rows = fields["clauses"]
    rows[:] = [row for row in rows if row["key"] != "AC-22"]
    next(row for row in rows if row["key"] == "AC-1")["topic"] = "Rules for access"
    next(row for row in rows if row["key"] == "AC-2")["documented"] = "record"
    rows.insert(2, {"key": "AC-1(1)", "topic": "A control of our own"})
    fields["note"] = "Two\nlines"
    after = catalogs.document_of(fields, before, "2027-01-01")
    assert faults(oscal.CATALOG, after) == []
    assert after["uuid"] != before["uuid"]
    assert after["metadata"]["last-modified"].startswith("2027-01-01")
    family, old = after["groups"][0], before["groups"][0]
    assert family["controls"][0]["title"] == "Rules for access"
    assert family["controls"][0]["parts"] == old["controls"][0]["parts"]
    assert [c["id"] for c in family["controls"][0]["controls"]] == ["AC-1.1"]
    assert "ac-22" not in {c["id"] for c in family["controls"]}
    assert after["groups"][1:] == before["groups"][1:]
    assert after["back-matter"] == before["back-matter"]
    assert {**catalogs.fields_of(after), "sources": 0} == {**fields, "sources": 0}


def test_another_wording_takes_the_place_of_the_old_one() -> None:
    before = document(LOW)
    fields = catalogs.fields_of(before, with_text=True)
    next(row for row in fields["clauses"] if row["key"] == "AC-3")["text"] = "Ask first."
    after = catalogs.document_of(fields, before, TODAY)
    control = next(c for c in after["groups"][0]["controls"] if c["id"] == "ac-3")
    assert [p["prose"] for p in control["parts"] if p["name"] == "statement"] == ["Ask first."]
    assert faults(oscal.CATALOG, after) == []


KEYS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9.()-]{0,6}\Z")
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(
    lambda t: bool(t.strip())
)
CLAUSES = st.fixed_dictionaries(
    {"key": KEYS, "topic": WORDS},
    optional={
        "heading": st.just(True),
        "control": st.booleans(),
        "documented": st.sampled_from(["document", "record", "both"]),
        "demands": WORDS,
        "text": WORDS,
        "source": st.text(min_size=1, max_size=20),
    },
)
CATALOGUE = st.fixed_dictionaries(
    {
        "id": st.just("own"),
        "type": st.just("catalogue"),
        "title": WORDS,
        "issuer": WORDS,
        "edition": WORDS,
        "complete": st.booleans(),
        "clauses": st.lists(CLAUSES, min_size=1, max_size=8, unique_by=lambda row: row["key"]),
    },
    optional={"note": st.text(max_size=30), "transition": st.just({"until": "2027-01-01"})},
)


@settings(max_examples=100, deadline=None)
@given(CATALOGUE)
def test_any_catalogue_says_the_same_after_the_way_through_oscal(fields: dict[str, Any]) -> None:
    body = catalogs.document_of(fields, None, TODAY)
    back = catalogs.fields_of(json.loads(json.dumps(body)))
    rows = {row["key"]: row for row in back.pop("clauses")}
    assert rows == {row["key"]: row for row in fields["clauses"]}
    assert back == {name: value for name, value in fields.items() if name != "clauses"}
    assert faults(oscal.CATALOG, body) == []
    assert catalogs.document_of({**back, "clauses": list(rows.values())}, body, "2030-01-01") == body


# --- profiles -------------------------------------------------------------------------------------


def test_a_baseline_of_nist_becomes_a_standard_and_comes_back_as_it_was(system: System) -> None:
    root = system({})
    done(root, "import", "oscal", str(put(root, LOW)), "--id", "low")
    said = done(root, "import", "oscal", str(put(root, BASELINE)))
    assert "Not carried over" not in said
    item = load(root).qms.items["STD-001"]
    assert item.get("catalogue") == "low"
    assert len(item.get("inclusions")) == 149
    out = root.parent / "back.json"
    done(root, "export", "oscal", "STD-001", "-o", str(out))
    assert json.loads(out.read_bytes()) == json.loads(content(BASELINE))


def test_yaml_is_read_like_json() -> None:
    one, two = document(BASELINE), document("sp800-53-rev5-low.profile.yaml")
    assert one["imports"] == two["imports"]
    assert one["metadata"]["oscal-version"] == two["metadata"]["oscal-version"]
    assert isinstance(two["metadata"]["last-modified"], str)


def low() -> tuple[dict[str, Any], catalogs.Names]:
    fields = {**catalogs.fields_of(document(LOW)), "id": "low"}
    return fields, catalogs.names_of(fields, document(LOW))


def test_a_control_that_is_left_out_leaves_the_profile_too() -> None:
    catalogue, names = low()
    before = document(BASELINE)
    fields = {**profiles.fields_of(before, "low", names), "id": "STD-001"}
    fields["inclusions"] = [row for row in fields["inclusions"] if row["clause"] != "low/AC-1"]
    fields["exclusions"] = [{"clause": "low/AC-1", "reason": "Not ours."}]
    after = profiles.document_of(fields, catalogue, names, "x", before, TODAY)
    assert faults(oscal.PROFILE, after) == []
    ids, _ = profiles.chosen(after, names)
    assert set(profiles.chosen(before, names)[0]) - set(ids) == {"ac-1"}
    assert after["uuid"] != before["uuid"]
    assert after["back-matter"] == before["back-matter"]


def test_an_exclusion_at_one_location_leaves_the_control_in() -> None:
    catalogue, names = low()
    out = {"clause": "low/AC-1", "reason": "Not there.", "locations": ["north"]}
    item = {"id": "STD-001", "title": "x", "catalogue": "low", "scope": "y", "exclusions": [out]}
    assert "AC-1" in profiles.in_scope(item, "low", names)
    whole = {**item, "exclusions": [{"clause": "low/ac", "reason": "No computers."}]}
    assert not [key for key in profiles.in_scope(whole, "low", names) if key.startswith("AC-")]
    assert faults(oscal.PROFILE, profiles.document_of(item, catalogue, names, oscal.ident("x"), None, TODAY)) == []


def test_patterns_children_and_exceptions_of_a_profile_count() -> None:
    _, names = low()
    profile = {
        "imports": [
            {
                "href": "#x",
                "include-controls": [
                    {"matching": [{"pattern": "pe-*"}]},
                    {"with-child-controls": "yes", "with-ids": ["at-2", "zz-9"]},
                ],
                "exclude-controls": [{"with-ids": ["pe-1"]}],
            }
        ]
    }
    ids, strange = profiles.chosen(profile, names)
    assert {"at-2", "at-2.2", "pe-2"} <= set(ids)
    assert "pe-1" not in ids
    assert strange == ["zz-9"]


# --- mappings -------------------------------------------------------------------------------------


def sides_of(fields: dict[str, Any]) -> dict[str, tuple[catalogs.Names, str]]:
    found = {}
    for name in (fields["from"], fields["to"]):
        catalogue = shipped(name)
        found[name] = (catalogs.names_of(catalogue, None), catalogs.address(catalogue, None))
    return found


@pytest.mark.parametrize("name", MAPPED)
def test_a_mapping_comes_back_from_oscal_as_it_went(name: str) -> None:
    fields = shipped(name, "mappings")
    sides = sides_of(fields)
    body = mappings.document_of(fields, sides, None, TODAY)
    assert faults(oscal.MAPPING, body) == []
    back, lost = mappings.fields_of(body, 0, {ident: side[0] for ident, side in sides.items()})
    assert {**back, "type": "clause-mapping"} == fields
    assert lost == []


COLLECTION = {
    "uuid": "6ad1b7d0-2f0c-4c4e-9d2e-0a3f1c5b7e10",
    "metadata": {
        "title": "LOW to the list of a customer",
        "last-modified": "2026-05-04T10:00:00+02:00",
        "version": "7",
        "oscal-version": "1.2.0",
        "parties": [{"uuid": "11111111-2222-4333-8444-555555555555", "type": "person", "name": "A. Nother"}],
    },
    "provenance": {
        "method": "hybrid",
        "matching-rationale": "functional",
        "status": "draft",
        "mapping-description": "By hand and by machine.",
    },
    "mappings": [
        {
            "uuid": "6ad1b7d0-2f0c-4c4e-9d2e-0a3f1c5b7e11",
            "source-resource": {"type": "catalog", "href": "low.json"},
            "target-resource": {"type": "catalog", "href": "acme.json"},
            "maps": [
                {
                    "uuid": "6ad1b7d0-2f0c-4c4e-9d2e-0a3f1c5b7e12",
                    "relationship": "equivalent-to",
                    "sources": [{"type": "statement", "id-ref": "ac-2_smt.a"}],
                    "targets": [{"type": "control", "id-ref": "cl-3.1"}],
                    "confidence-score": {"percentage": 0.5},
                    "remarks": "Only\nthe first sentence.",
                },
                {
                    "uuid": "6ad1b7d0-2f0c-4c4e-9d2e-0a3f1c5b7e13",
                    "relationship": "subset-of",
                    "sources": [{"type": "control", "id-ref": "ac-3"}, {"type": "control", "id-ref": "zz-99"}],
                    "targets": [{"type": "control", "id-ref": "cl-3.2"}],
                },
            ],
        }
    ],
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
  - {key: "3.2", topic: Rules}
"""


def test_a_mapping_of_others_comes_back_as_it_was_and_says_what_leads_nowhere(system: System) -> None:
    root = system({"catalogues/acme.yaml": ACME})
    assert faults(oscal.MAPPING, COLLECTION) == []
    done(root, "import", "oscal", str(put(root, LOW)), "--id", "low")
    file = root.parent / "mapping.json"
    file.write_text(json.dumps({oscal.MAPPING: COLLECTION}))
    said = done(root, "import", "oscal", str(file), "--id", "low-to-acme")
    assert "zz-99 is no control of the source" in said
    rows = load(root).qms.items["low-to-acme"].get("rows")
    assert rows[0] == {"from": ["AC-2"], "to": ["3.1"], "relation": "equal", "note": "Only the first sentence."}
    assert rows[1]["relation"] == "subset"
    out = root.parent / "back.json"
    done(root, "export", "oscal", "low-to-acme", "-o", str(out))
    assert json.loads(out.read_text()) == {oscal.MAPPING: COLLECTION}
    item = root / "clause-mappings" / "low-to-acme.yaml"
    item.write_text(item.read_text().replace("relation: subset", "relation: superset"))
    done(root, "export", "oscal", "low-to-acme", "-o", str(out))
    after = json.loads(out.read_text())[oscal.MAPPING]
    assert faults(oscal.MAPPING, after) == []
    assert [row["relationship"] for row in after["mappings"][0]["maps"]] == ["equivalent-to", "superset-of"]
    assert after["mappings"][0]["maps"][0] == COLLECTION["mappings"][0]["maps"][0]  # type: ignore[index]


# --- the whole system -----------------------------------------------------------------------------


def test_everything_the_reference_system_says_passes_the_schemas_of_nist(written: dict[str, dict[str, Any]]) -> None:
    kinds = {next(iter(body)) for body in written.values()}
    assert {oscal.CATALOG, oscal.PROFILE, oscal.COMPONENTS} <= kinds
    for name, body in written.items():
        for kind, inside in body.items():
            assert faults(kind, inside) == [], name


def test_every_reference_in_the_documents_leads_somewhere(written: dict[str, dict[str, Any]]) -> None:
    controls: dict[str, set[str]] = {}
    for body in written.values():
        if oscal.CATALOG in body:
            controls[body[oscal.CATALOG]["uuid"]] = ids_in(body[oscal.CATALOG])
    for name, body in written.items():
        inside = next(iter(body.values()))
        known = {row["uuid"] for row in inside.get("back-matter", {}).get("resources", [])}
        for component in inside.get("components", []):
            for implementation in component["control-implementations"]:
                assert implementation["source"].removeprefix("#") in known, name
                catalog = controls[implementation["source"].removeprefix("#")]
                assert {row["control-id"] for row in implementation["implemented-requirements"]} <= catalog
        for row in inside.get("imports", []):
            assert row["href"].removeprefix("#") in known
            assert set(row["include-controls"][0]["with-ids"]) <= controls[row["href"].removeprefix("#")]
        for link in re_links(inside):
            assert link in known, name


def ids_in(holder: dict[str, Any]) -> set[str]:
    found = {holder["id"]} if "id" in holder else set()
    for row in (*holder.get("controls", ()), *holder.get("groups", ())):
        found |= ids_in(row)
    return found


def re_links(value: Any) -> list[str]:
    """Return the UUIDs that hrefs within a document name."""
    if isinstance(value, dict):
        own = [value["href"][1:]] if str(value.get("href", "")).startswith("#") else []
        return own + [link for below in value.values() for link in re_links(below)]
    return [link for below in value for link in re_links(below)] if isinstance(value, list) else []


def test_the_same_system_gives_the_same_bytes(written: dict[str, dict[str, Any]]) -> None:
    loaded = load(REPOSITORY)
    exporter = Exporter(Graph(loaded), REPOSITORY, loaded.config.organisation, TODAY)
    for what in exporter.all():
        name, text = exporter.document(what)
        assert text == json.dumps(written[name], ensure_ascii=False, indent=2) + "\n"
    assert not [name for name, body in written.items() if len(uuids(body)) != len(set(uuids(body)))]


def uuids(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["uuid"]] if "uuid" in value and "rlinks" not in value and "name" not in value else []
        return own + [found for below in value.values() for found in uuids(below)]
    return [found for below in value for found in uuids(below)] if isinstance(value, list) else []


QMS = {
    "roles/quality-manager.md": "---\nid: quality-manager\ntype: role\ntitle: Quality manager\nrevision: '1.0'\n"
    "effective: 2026-01-05\nowner: quality-manager\nreview_every: 12 months\nchange: First issue.\npurpose: Leads.\n---\n\nx\n",
    "catalogues/acme.yaml": ACME,
    "standards/STD-001-acme.yaml": "id: STD-001\ntype: standard\ntitle: Acme\nrevision: '1.0'\neffective: 2026-01-05\n"
    "owner: quality-manager\nreview_every: 12 months\nchange: First issue.\ncatalogue: acme\nscope: All.\n",
    "policies/POL-001-access.md": "---\nid: POL-001\ntype: policy\ntitle: Access\nrevision: '1.0'\neffective: 2026-01-05\n"
    "owner: quality-manager\nreview_every: 12 months\nchange: First issue.\nclauses: [acme/3.1]\n"
    "claims:\n  - {clause: acme/3.2, how: implements, section: Rules, missing: The night shift.}\n---\n\n## Rules\n\nAsk.\n",
    "audits/AUD-2026-001-access.yaml": "id: AUD-2026-001\ntype: audit\ntitle: Access\nstatus: done\nowner: quality-manager\n"
    "planned: 2026-03-09\ncarried_out: 2026-03-10\nclauses_seen: [acme/3.1]\nsummary: 'All good: nearly.'\n"
    "findings:\n  - {key: night, what: Nobody asks at night., grade: minor, clause: acme/3.2, seen: 'Door 4, 2 a.m.',"
    " nonconformity: NC-2026-001}\n  - {key: tidy, what: A tidy list of keys., grade: good}\n",
    "nonconformities/NC-2026-001-night.yaml": "id: NC-2026-001\ntype: nonconformity\ntitle: Nobody asks at night\n"
    "status: corrected\nowner: quality-manager\nfound_on: 2026-03-10\nsource: audit\nwhat: Nobody asks at night.\n"
    "grade: minor\nclause: acme/3.2\nactions: [CAPA-2026-001]\n",
    "corrective-actions/CAPA-2026-001-bell.yaml": "id: CAPA-2026-001\ntype: corrective-action\ntitle: A bell at the door\n"
    "status: open\nowner: quality-manager\nopened: 2026-03-12\ncause: There is nobody to ask at night.\n"
    "actions:\n  - {key: bell, what: Put up a bell., who: quality-manager, by: 2026-12-01}\n"
    "effectiveness: {check: Ten entries at random., by: 2027-03-01}\n",
    "corrective-actions/CAPA-2026-002-done.yaml": "id: CAPA-2026-002\ntype: corrective-action\ntitle: Long done\n"
    "status: closed\nowner: quality-manager\nopened: 2026-01-12\n",
}


def test_claims_are_told_with_how_well_they_carry(system: System) -> None:
    root = system(QMS)
    body = json.loads(done(root, "export", "oscal", "components", "--as-of", TODAY))[oscal.COMPONENTS]
    assert faults(oscal.COMPONENTS, body) == []
    (component,) = body["components"]
    assert (component["title"], component["type"]) == ("Access", "policy")
    one, two = component["control-implementations"][0]["implemented-requirements"]
    state = "implementation-status"
    assert (one["control-id"], two["control-id"]) == ("cl-3.1", "cl-3.2")
    assert next(p["value"] for p in two["props"] if p["name"] == state) == "partial"
    assert "The night shift." in two["remarks"]
    assert "Rules" in two["description"]


def test_audits_and_open_actions_come_back_as_they_went(system: System, tmp_path: Path) -> None:
    root = system(QMS)
    files = tmp_path / "out"
    done(root, "export", "oscal", "-o", str(files), "--as-of", TODAY)
    results = json.loads((files / "assessment-results.json").read_text())[oscal.RESULTS]
    plan = json.loads((files / "plan-of-action.json").read_text())[oscal.PLAN]
    assert faults(oscal.RESULTS, results) == []
    assert faults(oscal.PLAN, plan) == []
    assert results["results"][0]["findings"][0]["target"]["status"]["state"] == "not-satisfied"
    assert [row["title"] for row in plan["poam-items"]] == ["Nobody asks at night", "A bell at the door"]
    assert plan["risks"][0]["deadline"].startswith("2026-12-01")
    before = load(root).qms.items
    for name in ("audits", "nonconformities", "corrective-actions"):
        for file in (root / name).iterdir():
            file.unlink()
    done(root, "import", "oscal", str(files / "assessment-results.json"))
    done(root, "import", "oscal", str(files / "plan-of-action.json"))
    after = load(root).qms.items
    for ident in ("AUD-2026-001", "NC-2026-001", "CAPA-2026-001"):
        assert after[ident].fields == before[ident].fields
    assert "CAPA-2026-002" not in after


CONTROLS = [{"id": name, "title": name} for name in ("ac-6.1", "sc-8", "sc-8.1", "sa-4.9")]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("ifa.assessment-results.json.gz", ["AUD-2026-001"]),
        ("ifa.plan-of-action.json.gz", ["CAPA-2026-001", "CAPA-2026-002"]),
        ("example.component-definition.json.gz", ["EXT-001"]),
    ],
)
def test_examples_of_nist_become_items_and_come_back_as_they_were(name: str, made: list[str], system: System) -> None:
    root = system({"qms.yaml": "organisation: Example\nas_of: 2026-11-16\n"})
    low = root.parent / "low.json"
    low.write_bytes(broken(lambda b: b["groups"][0].update(controls=CONTROLS)))
    done(root, "import", "oscal", str(low), "--id", "low")
    file = put(root, name)
    done(root, "import", "oscal", str(file))
    loaded = load(root)
    assert [item for item in loaded.qms.items if item not in ("low",)] == made
    kind = next(iter(json.loads(content(name))))
    word = {oscal.RESULTS: "results", oscal.PLAN: "plan", oscal.COMPONENTS: "components"}[kind]
    back = json.loads(done(root, "export", "oscal", word))
    assert back == json.loads(content(name))
    again = run(root, "import", "oscal", str(file))
    assert again.exit_code == 2
    assert f"was read before, as {made[0]}" in again.output


def test_an_audit_of_others_is_told_clause_by_clause(system: System) -> None:
    root = system({})
    done(root, "import", "oscal", str(put(root, LOW)), "--id", "low")
    loaded = load(root)
    sources = sources_of(Graph(loaded), Kept(root))
    body = copy.deepcopy(document("ifa.assessment-results.json.gz"))
    body["results"][0]["findings"][0]["target"]["target-id"] = "ac-2_smt.a"
    body["results"][0]["reviewed-controls"] = {
        "control-selections": [{"include-controls": [{"control-id": "ac-2"}, {"control-id": "zz-1"}]}]
    }
    (audit,), lost = records.audits_of(body, sources, ["low"])
    assert audit["clauses_seen"] == ["low/AC-2"]
    assert [row.get("clause") for row in audit["findings"]] == ["low/AC-2", None]
    assert [row["grade"] for row in audit["findings"]] == ["minor", "observation"]
    assert any("zz-1 is no control" in said for said in lost)


# --- another reader -------------------------------------------------------------------------------

READER = """
import json, pathlib, sys
from trestle.oscal import assessment_results, catalog, component, mapping, poam, profile
models = {"catalog": catalog.Catalog, "profile": profile.Profile, "mapping-collection": mapping.MappingCollection,
          "component-definition": component.ComponentDefinition,
          "assessment-results": assessment_results.AssessmentResults,
          "plan-of-action-and-milestones": poam.PlanOfActionAndMilestones}
for name in sys.argv[1:]:
    file = pathlib.Path(name)
    said = json.loads(file.read_bytes())
    found = models[next(iter(said))].oscal_read(file)
    assert json.loads(found.oscal_serialize_json()) == said, name
    print(file.name)
"""


@pytest.mark.heavy
def test_compliance_trestle_reads_everything_and_gives_back_the_same(
    written: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    if not in_ci():
        pytest.importorskip("trestle")
    bodies = dict(written)
    for name in SHIPPED:
        bodies[f"catalog-{name}.json"] = {oscal.CATALOG: catalogs.document_of(shipped(name), None, TODAY)}
    for name in MAPPED:
        fields = shipped(name, "mappings")
        made = mappings.document_of(fields, sides_of(fields), None, TODAY)
        bodies[f"mapping-{name}.json"] = {oscal.MAPPING: made}
    files = []
    for name, body in bodies.items():
        (tmp_path / name).write_text(json.dumps(body))
        files.append(str(tmp_path / name))
    result = subprocess.run([sys.executable, "-c", READER, *files], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    assert len(result.stdout.splitlines()) == len(files)


# --- what is broken -------------------------------------------------------------------------------


def broken(change: Callable[[dict[str, Any]], Any]) -> bytes:
    body = {
        "uuid": "6ad1b7d0-2f0c-4c4e-9d2e-0a3f1c5b7e10",
        "metadata": {
            "title": "Test",
            "last-modified": "2026-01-01T00:00:00Z",
            "version": "1",
            "oscal-version": "1.1.2",
        },
        "groups": [{"id": "g", "title": "G", "controls": [{"id": "g-1", "title": "One"}]}],
    }
    change(body)
    return json.dumps({"catalog": body}).encode()


def deep(body: dict[str, Any]) -> None:
    inner: dict[str, Any] = {"id": "last", "title": "x"}
    for number in range(300):
        inner = {"id": f"n{number}", "title": "x", "controls": [inner]}
    body["controls"] = [inner]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"catalog": {', "f.json:1:14: no JSON"),
        (b'{"catalog": 1, "catalog": 2}', "the field `catalog` stands twice"),
        (b"\xff\xfe", "f.json:1 is not UTF-8 text"),
        (b"", "holds no object"),
        (b"[]", "holds no object"),
        (b"<?xml version='1.0'?><catalog/>", "is XML"),
        (b"a: &x [1]\nb: *x\n", "f.json:1:4 holds an anchor"),
        (b"a: !!python/object/apply:os.system [x]\n", "tag"),
        (b"a: [\n", "f.json:2:1: no YAML"),
        (b'{"system-security-plan": {}}', "it holds system-security-plan"),
        (b'{"catalog": NaN}', "NaN is no number"),
        (b'{"catalog": {"metadata": {"title": "\\ud800"}}}', "holds half of a character"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"catalog": {"metadata": {}}}', "metadata has no title"),
        (
            broken(lambda b: b["metadata"].update({"oscal-version": "2.0.0"})),
            "has OSCAL version 2.0.0; read are 1.0 to",
        ),
        (broken(lambda b: b["metadata"].pop("oscal-version")), "has no `oscal-version`"),
        (
            broken(lambda b: b["groups"][0]["controls"].append({"id": "g-1", "title": "x"})),
            "groups/0/controls/1: the id",
        ),
        (broken(lambda b: b["groups"][0]["controls"][0].pop("id")), "/catalog/groups/0/controls/0 has no `id`"),
        (broken(lambda b: b["groups"][0]["controls"][0].pop("title")), "/catalog/groups/0/controls/0 has no `title`"),
        (broken(lambda b: b.update(groups={})), "f.json: /catalog/groups is no list"),
        (broken(lambda b: b.update(groups=[1])), "/catalog/groups/0 is no object"),
        (broken(lambda b: b.pop("groups")), "/catalog has no controls"),
        (broken(deep), "nested too deeply"),
    ],
)
def test_a_broken_file_is_told_with_its_place_and_nothing_is_written(data: bytes, message: str, system: System) -> None:
    root = system({})
    file = root.parent / "f.json"
    file.write_bytes(data)
    result = run(root, "import", "oscal", str(file))
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert [*own_files(root)] == ["qms.yaml"]


JUNK: list[Any] = [None, 1, -1.5, True, "", [], {}, [1], [[]], [{}], {"a": 1}, "a\nb", [None], {"id": 3}]


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Return every place in a document, as what holds it and under which name or number."""
    found: list[tuple[Any, Any]] = []
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += [(value, key), *spots(below)]
    return found


@pytest.mark.parametrize(
    "name",
    [
        BASELINE,
        "ifa.assessment-results.json.gz",
        "ifa.plan-of-action.json.gz",
        "example.component-definition.json.gz",
        "",
    ],
)
def test_whatever_stands_where_something_else_belongs_is_told_or_passed_over(name: str, system: System) -> None:
    loaded = load(system({"catalogues/acme.yaml": ACME}))
    whole = json.loads(content(name)) if name else {oscal.MAPPING: COLLECTION}
    chance = random.Random(7)
    for _ in range(60):
        data = copy.deepcopy(whole)
        holder, key = chance.choice(spots(data))
        holder[key] = chance.choice(JUNK)
        with contextlib.suppress(EditError):
            importing.items_from(json.dumps(data).encode(), "f.json", loaded, TODAY, [], importing.Options())


def test_what_is_there_already_is_replaced_only_when_asked_for(system: System) -> None:
    root = system({"catalogues/acme.yaml": ACME})
    file = root.parent / "f.json"
    file.write_bytes(broken(lambda b: None))
    result = run(root, "import", "oscal", str(file), "--id", "acme")
    assert result.exit_code == 2
    assert "the id `acme` is taken" in result.output
    assert (root / "catalogues/acme.yaml").read_text() == ACME
    assert not (root / "oscal").exists()
    done(root, "import", "oscal", str(file), "--id", "acme", "--force")
    assert load(root).qms.items["acme"].get("issuer") == "unknown"


def test_a_profile_without_its_catalogue_says_what_to_import_first(system: System) -> None:
    root = system({"catalogues/acme.yaml": ACME})
    result = run(root, "import", "oscal", str(put(root, BASELINE)))
    assert result.exit_code == 2
    assert "no catalogue here has the controls that the profile names, such as ac-1" in result.output
    assert not (root / "standards").exists()


def test_a_kept_document_that_is_broken_or_leads_elsewhere_is_told(system: System) -> None:
    root = system({"catalogues/acme.yaml": ACME, "oscal/acme.json": "{"})
    result = run(root, "export", "oscal", "acme")
    assert result.exit_code == 2
    assert "oscal/acme.json:1:2: no JSON" in result.output
    (root / "oscal/acme.json").unlink()
    (root.parent / "secret.json").write_bytes(broken(lambda b: None))
    (root / "oscal/acme.json").symlink_to(root.parent / "secret.json")
    result = run(root, "export", "oscal", "acme")
    assert "leads elsewhere" in result.output
    (root / "oscal/acme.json").unlink()
    (root / "oscal").rmdir()
    (root.parent / "theirs").mkdir()
    (root.parent / "secret.json").rename(root.parent / "theirs/acme.json")
    (root / "oscal").symlink_to(root.parent / "theirs")
    assert "leads elsewhere" in run(root, "export", "oscal", "acme").output


def test_nothing_is_written_through_a_folder_that_is_a_link(system: System) -> None:
    root = system({})
    outside = root.parent / "outside"
    outside.mkdir()
    (root / "catalogues").symlink_to(outside)
    file = root.parent / "f.json"
    file.write_bytes(broken(lambda b: None))
    result = run(root, "import", "oscal", str(file))
    assert result.exit_code == 2
    assert "catalogues/ is a link that leads out of the system" in " ".join(result.output.split())
    assert list(outside.iterdir()) == []
    role = "---\nid: inspector\ntype: role\ntitle: Inspector\npurpose: Looks.\n---\n"
    steps = "steps:\n  - {key: look, what: Look, who: inspector}\n"
    (root / "roles").mkdir()
    (root / "roles/inspector.md").write_text(role, encoding="utf-8")
    (root / "processes").mkdir()
    process = f"---\nid: PRC-001\ntype: process\ntitle: Look\nowner: inspector\n{steps}---\n"
    (root / "processes/PRC-001-look.md").write_text(process, encoding="utf-8")
    drawn = root.parent / "look.bpmn"
    done(root, "export", "bpmn", "PRC-001", "-o", str(drawn))
    (root / "processes/PRC-001-look.md").unlink()
    (root / "processes").rmdir()
    (root / "processes").symlink_to(outside)
    result = run(root, "import", "bpmn", str(drawn))
    assert result.exit_code == 2
    assert "processes/ is a link that leads out of the system" in " ".join(result.output.split())
    assert list(outside.iterdir()) == []


def test_a_very_long_place_loses_its_middle() -> None:
    with pytest.raises(oscal.OscalFault, match="no `id`") as told, oscal.named("f.json"):
        raise oscal.OscalFault(f"/catalog{'/groups/0' * 50}/controls/7 has no `id`", "give it one")
    assert len(told.value.message) < 130
    assert told.value.message.startswith("f.json: /catalog/groups/0")
    assert told.value.message.endswith("/groups/0/controls/7 has no `id`")


def test_an_item_with_errors_is_not_exported(system: System) -> None:
    root = system({**QMS, "audits/AUD-2026-001-access.yaml": QMS["audits/AUD-2026-001-access.yaml"] + "odd: 1\n"})
    result = run(root, "export", "oscal", "results")
    assert result.exit_code == 2
    assert "AUD-2026-001 has errors (audits/AUD-2026-001-access.yaml)" in result.output
    said = done(root, "export", "oscal", "-o", str(root.parent / "out"))
    assert "results left out: AUD-2026-001 has errors" in said
    broken_list = ACME + "  - 5\n  - {topic: Nothing}\n  - {key: '3.1', topic: Twice}\n"
    root = system({"catalogues/acme.yaml": broken_list})
    assert "acme has errors" in run(root, "export", "oscal", "acme").output


def test_wording_with_lines_is_written_so_that_it_is_read_back(system: System) -> None:
    root = system({})
    done(root, "import", "oscal", str(put(root, LOW)), "--id", "low", "--with-text")
    assert "no findings" in done(root, "check")
    read = {**catalogs.fields_of(document(LOW), with_text=True), "id": "low"}
    assert load(root).qms.items["low"].fields == read


def test_markup_and_signs_of_other_scripts_survive_and_steer_nothing(system: System) -> None:
    root = system({})
    title = "制御 «Zugriff» <script>alert(1)</script> \u200b\u202e|pipe| {{ x }}"
    file = root.parent / "f.json"
    file.write_bytes(broken(lambda b: b["groups"][0]["controls"][0].update(title=title)))
    done(root, "import", "oscal", str(file), "--id", "odd")
    out = root.parent / "back.json"
    done(root, "export", "oscal", "odd", "-o", str(out))
    control = json.loads(out.read_text())["catalog"]["groups"][0]["controls"][0]
    assert control["title"] == title
    topic = load(root).qms.items["odd"].get("clauses")[1]["topic"]
    assert "\u202e" not in topic
    assert "no findings" in done(root, "check")


def test_a_catalog_of_many_controls_is_read_in_time_that_grows_with_its_size() -> None:
    def spent(count: int) -> float:
        groups = [
            {"id": f"g{n}", "title": "G", "controls": [{"id": f"g{n}.{k}", "title": "C"} for k in range(50)]}
            for n in range(count // 50)
        ]
        data = broken(lambda b: b.update(groups=groups))
        start = time.process_time()
        body = reading.read(data, "f.json")[1]
        fields = catalogs.fields_of(body)
        catalogs.document_of(fields, body, TODAY)
        return time.process_time() - start

    spent(1000)
    small, large = min(spent(2_000) for _ in range(3)), min(spent(20_000) for _ in range(3))
    assert large < small * 40  # ten times as many; were it quadratic, a hundred times as long


def test_import_in_the_order_of_the_staircase_knows_its_own_faults() -> None:
    with pytest.raises(EditError, match="no OSCAL document"):
        importing.items_from(b"{}", "f.json", load(REPOSITORY), TODAY, [], importing.Options())
    with pytest.raises(OscalFault):
        reading.read(yaml.safe_dump({"catalog": []}).encode(), "f.yaml")
