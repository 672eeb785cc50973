"""check-jsonschema: every item as one YAML file, checked against the same JSON Schemas, links not followed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.peers.content import Entry
from benchmarks.peers.peer import COLD, Peer, Way, write_text


def _write(entries: Sequence[Entry], folder: Path) -> None:
    kinds = sorted({entry.kind for entry in entries})
    # It reads patterns as JavaScript does, which knows no escaped hyphen outside a set.
    write_text(folder / "schema.json", json.dumps(_schema(kinds), indent=1).replace(r"\\-", "-"))
    for entry in entries:
        text = yaml.dump(
            dict(entry.fields), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100_000
        )
        write_text(folder / "items" / entry.kind / f"{entry.id}.yaml", text)


def _schema(kinds: Sequence[str]) -> dict[str, object]:
    """One schema that chooses by type, so that one process does all."""
    # Here, so that the process that measures stays small: what it holds counts for what it starts.
    from qmsctl.commands.schema import plain
    from qmsctl.itemfile import parse_yaml_bytes
    from qmsctl.schema import read_types

    types, _ = read_types(None, parse_yaml_bytes)
    named = {kind: {**plain(types[kind].schema), "$id": f"urn:{kind}"} for kind in kinds}
    for schema in named.values():
        schema["properties"]["body"] = {"type": "string"}
    chosen = [{"if": {"properties": {"type": {"const": k}}}, "then": {"$ref": f"urn:{k}"}} for k in kinds]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "required": ["id", "type", "title"],
        "properties": {"type": {"enum": list(kinds)}},
        "allOf": chosen,
        "$defs": named,
    }


def _ways(folder: Path, programs: Path, edited: Entry) -> tuple[Way, ...]:
    # A shell lists the files: the tool takes them by name, not by folder.
    line = f'find items -name "*.yaml" -print0 | xargs -0 -n 1000000 -s 2000000 "{programs}/check-jsonschema" --schemafile schema.json'
    return (
        Way(
            "check",
            "check-jsonschema",
            ("sh", "-c", line),
            folder,
            folder / "items" / "sop" / f"{edited.id}.yaml",
            steps=(COLD,),
            fault=("\ntitle: ", "\nheading: "),
            note="schemas only, no links",
        ),
    )


PEER = Peer("check-jsonschema", ("check-jsonschema",), _write, _ways)
