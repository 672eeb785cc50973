"""Writes docs/reference/ from the item types and the checks. `--check` only compares."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qmsctl import checks, schema
from qmsctl.itemfile import parse_yaml_bytes

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference"


def item_types() -> str:
    """Return the reference of item types as Markdown."""
    types, _ = schema.read_types(None, parse_yaml_bytes)
    out = ["# Item types", "", "Made by `python scripts/reference.py` from `qmsctl/item_types/`.", ""]
    out += ["| Type | Id | Folder | Controlled | |", "|---|---|---|---|---|"]
    for name, kind in types.items():
        out.append(
            f"| [{name}](#{name}) | `{kind.id_template}` | `{kind.folder}/` | {'yes' if kind.controlled else 'no'} | "
            f"{kind.schema['description']} |"
        )
    for name, kind in types.items():
        out += ["", f"## {name}", "", str(kind.schema["description"]), ""]
        if kind.states:
            states = ", ".join(
                f"`{s}`" + ("" if v.get("current", True) else " (not in use)") for s, v in kind.states.items()
            )
            out += [f"States: {states}. Usual: `{kind.initial}`.", ""]
        out += ["| Field | Needed | Kind | |", "|---|---|---|---|"]
        out += _rows(kind.properties, kind.schema["required"], "")
    return "\n".join(out) + "\n"


def _rows(properties: Mapping[str, Any], required: list[str], lead: str) -> list[str]:
    rows = []
    for name, prop in properties.items():
        element = prop.get("items", {})
        about = str(prop.get("description") or prop.get("title", "")).replace("|", "\\|")
        rows.append(f"| `{lead}{name}` | {'yes' if name in required else ''} | {_kind(prop, element)} | {about} |")
        for inner, mark in ((prop, "."), (element, "[].")):
            if "properties" in inner:
                rows += _rows(inner["properties"], inner.get("required", []), f"{lead}{name}{mark}")
    return rows


def _kind(prop: Mapping[str, Any], element: Mapping[str, Any]) -> str:
    link = prop.get("x-link") or element.get("x-link")
    if link:
        return ("links to " if element else "link to ") + " or ".join(str(to) for to in link["to"])
    if "enum" in prop:
        return "one of " + ", ".join(str(v) for v in prop["enum"])
    if "x-local" in prop or "x-local" in element:
        return "key of " + str((prop.get("x-local") or element["x-local"])["part"])
    if prop.get("format"):
        return str(prop["format"])
    words = {
        "string": "text",
        "array": "list",
        "object": "fields",
        "integer": "whole number",
        "boolean": "true or false",
    }
    return words.get(str(prop.get("type")), str(prop.get("type", "")))


def all_checks() -> str:
    """Return the reference of checks as Markdown."""
    pages = [checks.page(name) for name in checks.ids()]
    out = [
        "# Checks",
        "",
        "Made by `python scripts/reference.py` from the checks. `qmsctl explain NAME` shows one.",
        "",
    ]
    out += ["| Check | Level | Demand |", "|---|---|---|"]
    out += [f"| [{p.id}](#{p.id}) | {p.level} | {p.demand} |" for p in pages]
    for p in pages:
        example = p.example.encode("utf-8", "backslashreplace").decode().replace("\ufeff", "<BOM>")
        out += ["", f"## {p.id}", "", f"{p.demand} ({p.level})", "", f"**Why it matters.** {p.why}", ""]
        out += ["**Fails** on the lines marked ◀:", "", "````text", textwrap.dedent(example), "````", ""]
        out += [f"**How to fix.** {p.fix}"]
    return "\n".join(out) + "\n"


def main() -> int:
    """Write the reference, or with --check say whether it is current."""
    TARGET.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, text in (("item-types.md", item_types()), ("checks.md", all_checks())):
        file = TARGET / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                file.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print("out of date: " + ", ".join(stale) + "; run python scripts/reference.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
