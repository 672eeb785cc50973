"""A new item as text: the next free id, every required field, and comments that say what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qmsctl.editing._text import AMBIGUOUS, EditError, IdMalformed, IdTaken
from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.model import PLACEHOLDER, slug
from qmsctl.schema import ItemType

UNKNOWN = "to-be-named"
"""Stands where a link is required and nobody said which; the check of links then asks for it."""
STANDARD = {"revision": "1.0", "review_every": "12 months", "change": "First issue.", "status": "draft"}
_FILLED = ("id", "type", "title", "effective", *STANDARD)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./()%+-]*(?:#[A-Za-z0-9_-]+)?|\d{4}-\d\d-\d\d|[1-9]\d* [a-z]+")


def missing_fields(kind: ItemType, values: Mapping[str, Any]) -> list[str]:
    """Return the fields that only a person can fill and that have no value yet, in order."""
    needed = {name for name in kind.schema["required"] if name not in _FILLED}
    if "owner" in kind.properties:
        needed.add("owner")
    return [name for name in kind.properties if name in needed and name not in values]


def new_item(
    loaded: Loaded,
    type_name: str,
    title: str,
    values: Mapping[str, Any],
    today: str,
    taken: Iterable[str],
    background: str = "",
) -> tuple[str, str]:
    """Return path and text of a new item. Raises EditError.

    ``taken`` holds ids, or file names that begin with one, which exist elsewhere, such as on other branches;
    ``background`` is the text of a body that has no steps.
    A controlled item begins as revision 1.0 in the state draft.
    """
    kind = loaded.types[type_name]
    _check_title(kind, title)
    name = _id(loaded, kind, title, values, today, list(taken))
    graph = Graph(loaded)
    fields: dict[str, Any] = {"id": name, "type": type_name}
    if "title" in kind.schema["required"]:
        fields["title"] = title
    for field, prop in kind.properties.items():
        if field in fields or field == "title":
            continue
        wanted = field in kind.schema["required"] or (kind.controlled and field in ("owner", "effective"))
        if field in values:
            fields[field] = values[field]
        elif field == "status" and "draft" in kind.states:
            fields[field] = "draft"
        elif wanted and field in STANDARD:
            fields[field] = STANDARD[field]
        elif wanted:
            fields[field] = _placeholder(prop, graph, today)
    for field in fields.keys() & values.keys() - {"id"}:
        fields[field] = values[field]
    text = _front(kind, fields)
    folder = loaded.config.folders.get(type_name, kind.folder)
    tail = slug(title) if "#" in kind.id_template and "title" in fields else ""
    stem = f"{name}-{tail}" if tail else name
    if kind.schema.get("x-file") == "md":
        return f"{folder}/{stem}.md", f"---\n{text}---\n\n{_body(kind, fields, graph, background)}"
    return f"{folder}/{stem}.yaml", text


def _check_title(kind: ItemType, title: str) -> None:
    prop = kind.properties["title"]
    least, most = prop.get("minLength", 1), prop.get("maxLength", 120)
    if not least <= len(title.strip()) <= most:
        raise EditError(f"a title has {least} to {most} characters, this one {len(title)}", "choose another title")


def _id(loaded: Loaded, kind: ItemType, title: str, values: Mapping[str, Any], today: str, taken: list[str]) -> str:
    """Return the id given in the values, or the next free one."""
    template = kind.id_template
    files = [f.position.path.rsplit("/", 1)[-1].rsplit(".", 1)[0] for f in loaded.qms.findings]
    known = [*loaded.qms.items, *loaded.qms.names, *taken, *files]
    given = values.get("id")
    if given is None and "#" in template:
        lead = template.rstrip("#").replace("YYYY", today[:4])
        numbers = [int(m.group(1)) for k in known if (m := re.match(re.escape(lead) + r"([0-9]{1,9})(?![0-9])", k))]
        return f"{lead}{max(numbers, default=0) + 1:0{template.count('#')}d}"
    name = str(given) if given is not None else template.replace("<slug>", slug(title))
    if not kind.id_pattern.match(name):
        raise IdMalformed(
            f"`{name}` is no id for a {kind.title.lower()}",
            f"an id of this type looks like {template}; give one with --set id=...",
        )
    if name.lower() in {k.lower() for k in known}:
        raise IdTaken(f"the id `{name}` is taken", "choose another title, or give an id with --set id=...")
    return name


def _placeholder(prop: Mapping[str, Any], graph: Graph, today: str) -> Any:
    """Return a value of the kind a field demands, for a person to replace."""
    if "const" in prop or "enum" in prop:
        return prop.get("const", prop.get("enum", [""])[0])
    if "x-link" in prop:
        return _only_target(prop["x-link"]["to"], graph)
    kind = prop.get("type", "string")
    if kind == "array":
        return [_placeholder(prop["items"], graph, today) for _ in range(prop.get("minItems", 0))]
    if kind == "object":
        below = prop.get("properties", {})
        return {name: _placeholder(below.get(name, {}), graph, today) for name in prop.get("required", [])}
    if kind in ("integer", "number"):
        return prop.get("minimum", 0)
    if kind == "boolean":
        return False
    if prop.get("format") == "date":
        return today
    pattern = prop.get("pattern")
    likely = (PLACEHOLDER, "12 months", "1.0", "first", "1", today)
    return next((text for text in likely if not pattern or re.search(pattern, text)), PLACEHOLDER)


def _only_target(allowed: Iterable[str], graph: Graph) -> str:
    """Return the only thing a link may lead to, if there is just one; otherwise leave it open."""
    targets = [item.id for item in graph.of_type(*allowed)]
    targets += [
        part.ref
        for part in graph.parts.values()
        if f"{graph.items[part.item].type}#{part.field}" in allowed and graph.is_current(part.item)
    ]
    return targets[0] if len(targets) == 1 else UNKNOWN


def _front(kind: ItemType, fields: Mapping[str, Any]) -> str:
    """Return the fields as YAML, each under a comment; those left out follow as comments."""
    lines = [f"# {_one_line(kind.schema.get('description', kind.title))}"]
    for name in kind.properties:
        if name in fields:
            if name not in ("id", "type", "title"):
                lines += _about(kind.properties[name])
            lines += _field(name, fields[name])
    left = [
        name
        for name in kind.properties
        if name not in fields
        and name not in ("title", "superseded_by", "change_kind", "status")
        and not (kind.body and name == kind.body[0])
    ]
    if left:
        lines.append("# Also possible:")
    for name in left:
        prop = kind.properties[name]
        lines.append(f"# {name}: {_one_line(prop.get('description') or prop.get('title', ''))}".rstrip())
    return "\n".join(lines) + "\n"


def _about(prop: Mapping[str, Any]) -> list[str]:
    """Return the comment lines above a field."""
    said = _one_line(prop.get("description", ""))
    choices = ", ".join(str(choice) for choice in prop.get("enum", []))
    return [f"# {line}" for line in (said, f"One of: {choices}" if choices else "") if line]


def _one_line(text: Any) -> str:
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())


def _field(name: str, value: Any) -> list[str]:
    """Return the lines of one field; lists of groups get a line each."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [f"{_scalar(name)}:", *(line for row in value for line in _row(row))]
    if _is_block(value):
        return [f"{_scalar(name)}: |-", *_indented(value, 2)]
    return [f"{_scalar(name)}: {_flow(value) if isinstance(value, list | Mapping) else _scalar(value)}"]


def _row(row: Any) -> list[str]:
    """Return a group of a list on one line, or field by field where one of them is a text of several lines."""
    if not isinstance(row, Mapping) or not any(map(_is_block, row.values())):
        return [f"  - {_flow(row)}"]
    found: list[str] = []
    for name, value in row.items():
        lead = "    " if found else "  - "
        if _is_block(value):
            found += [f"{lead}{_scalar(name)}: |-", *_indented(value, 6)]
        else:
            found.append(f"{lead}{_scalar(name)}: {_flow(value)}")
    return found


def _is_block(value: Any) -> bool:
    """Tell whether a text of several lines can stand as it is, and be read back as the same."""
    if not isinstance(value, str) or "\n" not in value:
        return False
    lines = value.split("\n")
    clean = all(line.isprintable() and line == line.rstrip() for line in lines)
    return clean and bool(lines[-1]) and lines[0] == lines[0].lstrip() != ""


def _indented(value: str, by: int) -> list[str]:
    return [f"{' ' * by}{line}".rstrip() for line in value.split("\n")]


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Return a value as YAML, in quotes where any reader could take it for something else."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text == text.strip() and text.lower() not in AMBIGUOUS:
        return text
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise EditError("a value holds characters that are no text", "type it again")
    marked = (c if c.isprintable() else f"\\U{ord(c):08X}" for c in text.replace("\\", "\\\\").replace('"', '\\"'))
    return '"' + "".join(marked) + '"'


def _body(kind: ItemType, fields: Mapping[str, Any], graph: Graph, background: str) -> str:
    """Return the Markdown below the fields, for a person to go on with."""
    if kind.body is None:
        return f"## Background\n\n{background or PLACEHOLDER}\n"
    who = fields.get("owner")
    does = f"Who: {who}\n" if isinstance(who, str) and who in graph.items else ""
    return (
        f"## {kind.body[1]}\n\n### Do the first thing {{#first}}\n{does}\n"
        "Say what to do, with what, and how to tell that it is right. Keep the key in braces once it is chosen.\n"
    )
