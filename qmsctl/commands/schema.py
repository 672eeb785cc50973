"""qmsctl schema"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from qmsctl import config as configuration
from qmsctl.commands import Trouble, Workspace, emit, pass_workspace
from qmsctl.itemfile import parse_yaml_bytes

FOLDER = ".vscode"


@click.command("schema", epilog="Examples: qmsctl schema --write · qmsctl schema sop")
@click.argument("type_name", metavar="[TYPE]", required=False)
@click.option("--write", is_flag=True, help="Write schemas and editor settings into .vscode/.")
@click.option("--list", "show_list", is_flag=True, help="List the item types.")
@pass_workspace
def command(workspace: Workspace, type_name: str | None, write: bool, show_list: bool) -> None:
    """Write plain JSON Schemas, so that any YAML editor completes and validates while typing."""
    types = workspace.loaded.types
    if show_list or not (write or type_name):
        longest = max(len(name) for name in types)
        emit(
            "\n".join(
                f"{name:{longest}}  {kind.id_template:12} {kind.folder:20} {kind.schema.get('description', '')}"
                for name, kind in types.items()
            )
        )
        return
    if type_name is not None:
        if type_name not in types:
            raise Trouble(f"there is no item type `{type_name}`", "types: " + ", ".join(types))
        emit(json.dumps(plain(types[type_name].schema), indent=2, ensure_ascii=False))
        return
    root = workspace.root
    written = []
    globs: dict[str, list[str]] = {}
    rules, _ = parse_yaml_bytes(configuration.SCHEMA.read_bytes())
    schemas: dict[str, Any] = {name: kind.schema for name, kind in types.items()} | {"qms": rules}
    for name, schema in schemas.items():
        file = root / FOLDER / "schemas" / f"{name}.schema.json"
        emit(json.dumps(plain(schema), indent=2, ensure_ascii=False), file)
        folder = workspace.loaded.config.folders.get(name, types[name].folder) if name in types else ""
        globs[f"./{FOLDER}/schemas/{name}.schema.json"] = [f"{folder}/**/*.yaml"] if folder else ["qms.yaml"]
        written.append(file)
    settings = root / FOLDER / "settings.json"
    emit(json.dumps({**_settings(settings), "yaml.schemas": globs}, indent=2), settings)
    emit(f"{len(written)} schemas and {settings.relative_to(root)} written; your editor uses them now")


def plain(schema: Any) -> Any:
    """Return a schema without our own keywords."""
    if isinstance(schema, dict):
        return {k: plain(v) for k, v in schema.items() if not k.startswith("x-")}
    if isinstance(schema, list):
        return [plain(v) for v in schema]
    return schema


def _settings(file: Path) -> dict[str, Any]:
    """The settings that are there already; ours are added, nothing is lost."""
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Trouble(
            f"{file} is not plain JSON: {error}", "take comments out of it, or add yaml.schemas by hand"
        ) from error
    return found if isinstance(found, dict) else {}
