"""Item types are data: the shipped ones meet the vocabulary, and a new one needs no Python."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from qmsctl import checks, pages, schema
from qmsctl.cli import app
from qmsctl.commands.schema import plain
from qmsctl.itemfile import parse_yaml_bytes
from qmsctl.loader import load
from tests.conftest import TODAY

TYPES, FAULTS = schema.read_types(None, parse_yaml_bytes)


def test_all_types_can_be_used() -> None:
    assert FAULTS == []
    wanted = {
        "strategy", "objective", "kpi", "process", "policy", "sop", "work-instruction", "form", "role", "person",
        "location", "risk", "opportunity", "interested-party", "standard", "external-document", "record-kind", "term",
    }  # fmt: skip
    assert wanted <= set(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_type_meets_the_vocabulary(name: str) -> None:
    vocabulary = yaml.safe_load((schema.SHIPPED / "vocabulary.yaml").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(vocabulary)
    raw, reason = parse_yaml_bytes((schema.SHIPPED / f"{name}.schema.yaml").read_bytes())
    assert raw is not None, reason
    errors = [
        f"{list(e.absolute_path)}: {e.message}" for e in jsonschema.Draft202012Validator(vocabulary).iter_errors(raw)
    ]
    assert errors == []
    jsonschema.Draft202012Validator.check_schema(dict(TYPES[name].schema))


def test_vocabulary_refuses_an_unknown_keyword() -> None:
    vocabulary = yaml.safe_load((schema.SHIPPED / "vocabulary.yaml").read_text(encoding="utf-8"))
    raw, _ = parse_yaml_bytes((schema.SHIPPED / "risk.schema.yaml").read_bytes())
    broken: Any = copy.deepcopy(raw)
    broken["properties"]["owner"]["x-lnk"] = {"to": ["role"]}
    assert not jsonschema.Draft202012Validator(vocabulary).is_valid(broken)


@pytest.mark.parametrize("name", TYPES)
def test_every_example_is_valid_and_its_links_lead_to_types_that_exist(name: str) -> None:
    kind = TYPES[name]
    for example in kind.schema["examples"]:
        assert [p.message for p in kind.problems(example, {})] == []
        assert kind.valid(example)
        assert kind.id_pattern.match(example["id"])
    for link in kind.links:
        for target in link.to:
            owner, _, part = target.partition("#")
            if owner != "*":
                assert owner in TYPES
                assert not part or part in {p.field for p in TYPES[owner].parts}
    for local in kind.locals:
        assert local.part in {p.field for p in kind.parts}
    for column in kind.schema["x-register"]:
        assert column in kind.properties


@pytest.mark.parametrize("name", TYPES)
def test_both_validators_agree_when_a_field_goes_missing_or_is_made_up(name: str) -> None:
    kind = TYPES[name]
    example = dict(kind.schema["examples"][0])
    for field in kind.schema["required"]:
        less = {k: v for k, v in example.items() if k != field}
        assert not kind.valid(less)
        assert [p.check for p in kind.problems(less, {})] == ["field-missing"]
    more = {**example, "made_up": 1}
    assert not kind.valid(more)
    assert [p.check for p in kind.problems(more, {})] == ["field-unknown"]


@pytest.mark.parametrize("name", TYPES)
def test_editor_schema_is_plain(name: str) -> None:
    text = json.dumps(plain(TYPES[name].schema))
    assert '"x-' not in text
    jsonschema.Draft202012Validator.check_schema(json.loads(text))


AUDIT = """\
$schema: https://json-schema.org/draft/2020-12/schema
title: Audit
description: A planned look at whether work is done as agreed.
x-plural: Audits
x-folder: audits
x-id: AUD-YYYY-###
x-file: yaml
x-group: compliance
x-controlled: false
x-register: [process, planned, status]
required: [process, planned]
x-lifecycle:
  initial: planned
  states:
    planned: {label: Planned, to: [done]}
    done: {label: Done, to: [closed]}
    closed: {label: Closed, current: false}
properties:
  process: {title: Process, type: string, x-link: {to: [process], inverse: audits}}
  planned: {title: Planned for, type: string, format: date, x-due: {what: audit, done: done}}
  done: {title: Done on, type: string, format: date}
examples:
  - {id: AUD-2026-001, type: audit, title: Audit of buying, process: PRC-001, planned: 2026-12-01}
"""


def test_a_new_type_needs_no_python(system: Callable[..., Path]) -> None:
    root = system(
        {
            "item_types/audit.schema.yaml": AUDIT,
            "item_types/audit.md.j2": '{% extends "item.md.j2" %}\n',
            "processes/PRC-001-buy.md": "---\nid: PRC-001\ntype: process\ntitle: Buy\n---\n",
            "audits/AUD-2026-001-audit-of-buying.yaml": "id: AUD-2026-001\ntype: audit\ntitle: Audit of buying\n"
            "process: PRC-001\nplanned: 2026-10-01\n",
            "audits/AUD-2026-002-x.yaml": "id: AUD-2026-002\ntype: audit\ntitle: Another audit\nprocess: PRC-009\nstatus: dne\n",
        }
    )
    loaded = load(root)
    found = {(f.check, f.item) for f in checks.run(loaded, TODAY).findings}
    assert ("overdue", "AUD-2026-001") in found
    assert ("link-target-missing", "AUD-2026-002") in found
    assert ("value-not-allowed", "AUD-2026-002") in found
    assert ("field-missing", "AUD-2026-002") in found
    run = CliRunner().invoke
    shown = run(app, ["-C", str(root), "show", "PRC-001"])
    assert "audits" in shown.output
    assert "AUD-2026-001 Audit of buying" in shown.output
    register = run(app, ["-C", str(root), "list", "audits", "--format", "json"])
    assert [row["id"] for row in json.loads(register.output)] == ["AUD-2026-001", "AUD-2026-002"]
    made = run(
        app, ["-C", str(root), "new", "audit", "Audit of the store", "--set", "process=PRC-001", "--as-of", TODAY]
    )
    assert made.exit_code == 0, made.output
    assert (root / "audits/AUD-2026-003-audit-of-the-store.yaml").is_file()
    assert run(app, ["-C", str(root), "schema", "--write"]).exit_code == 0
    settings = json.loads((root / ".vscode/settings.json").read_text(encoding="utf-8"))
    assert ["audits/**/*.yaml"] in settings["yaml.schemas"].values()
    assert (root / ".vscode/schemas/audit.schema.json").is_file()
    fresh = load(root)
    written = pages.write(fresh, checks.run(fresh, TODAY), TODAY, root / "build" / "docs")
    assert {"registers/audit.md", "audits/AUD-2026-001.md", "audits/AUD-2026-003.md"} <= set(written)
    register = (root / "build/docs/registers/audit.md").read_text(encoding="utf-8")
    assert "../audits/AUD-2026-001.html" in register
    assert "../audits/AUD-2026-001.html" in (root / "build/docs/processes/PRC-001.md").read_text(encoding="utf-8")


def test_a_broken_type_is_a_finding_and_the_rest_goes_on(system: Callable[..., Path]) -> None:
    root = system({"item_types/audit.schema.yaml": "title: [", "roles/buyer.yaml": "id: buyer\ntype: role\n"})
    loaded = load(root)
    assert "item-type-broken" in {f.check for f in loaded.qms.findings}
    assert "buyer" in loaded.qms.items


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TYPES["sop"].name = "x"  # type: ignore[misc]
