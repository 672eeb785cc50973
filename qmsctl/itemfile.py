"""One file to one item: its data, its steps, and everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qmsctl import body as markdown
from qmsctl import frontmatter, schema
from qmsctl.model import FieldPath, Finding, Item, Position, nearest, slug
from qmsctl.parsed import Parsed

LARGE = ("catalogue", "clause-mapping")
"""The types whose items may be large: lists of clauses that were taken from elsewhere."""
_LANGUAGE = re.compile(r"\.([a-z]{2})\.(?:md|yaml|yml)$")
_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,100}")


@dataclass
class Sink:
    """Collects findings while reading."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, check: str, message: str, position: Position, help: str = "", item: str = "") -> None:
        self.findings.append(Finding(check, message, position, help, item=item))


def parse_yaml_bytes(data: bytes) -> tuple[dict[str, Any] | None, str]:
    """Return (fields, "") or (None, why not)."""
    parsed = frontmatter.parse_file(data, markdown=False)
    fatal = [fault for fault in parsed.faults if fault.fatal]
    if parsed.fields is None or fatal:
        return None, f"line {fatal[0].line}: {fatal[0].message}" if fatal else "empty"
    return parsed.fields, ""


def language_of(path: str) -> str:
    """Return the language that a file name ends with, as `de` in SOP-014-incoming-inspection.de.md; "" if it names none."""
    found = _LANGUAGE.search(path.rsplit("/", 1)[-1])
    return found.group(1) if found else ""


def read_item(
    root: Path, path: str, types: Mapping[str, schema.ItemType], folders: Mapping[str, str], sink: Sink
) -> Item | None:
    """Read one file; None if nothing in it can be used as an item."""
    data = bytes_of(root, path, sink, is_large(path, folders))
    return None if data is None else item_of(path, data, types, folders, sink)


def is_large(path: str, folders: Mapping[str, str]) -> bool:
    """Tell whether a file may be large, by the folder it lies in."""
    return any(name in folders and path.startswith(f"{folders[name]}/") for name in LARGE)


def bytes_of(root: Path, path: str, sink: Sink, large: bool = False) -> bytes | None:
    """Return the bytes of a file; None, with a finding, where it cannot be read."""
    most = frontmatter.most_bytes(large)
    try:
        full = root / path
        if full.stat().st_size > most:
            size = full.stat().st_size / 1e6
            sink.add(
                "file-too-large",
                f"the file has {size:.0f} MB; an item may have {most // 1_000_000}",
                Position(path),
                "keep large material as an attachment and link to it",
            )
            return None
        return full.read_bytes()
    except OSError as error:
        sink.add(
            "file-unreadable", f"the file cannot be read: {error.strerror}", Position(path), "check its permissions"
        )
        return None


def item_of(
    path: str, data: bytes, types: Mapping[str, schema.ItemType], folders: Mapping[str, str], sink: Sink
) -> Item | None:
    """Turn the bytes of one file into an item."""
    parsed = frontmatter.parse_file(data, markdown=path.endswith(".md"), large=is_large(path, folders))
    for fault in parsed.faults:
        sink.add(fault.check, fault.message, Position(path, fault.line, fault.column), fault.help)
    places = frontmatter.clean(parsed, data) if parsed.fields is not None else []
    fields = parsed.fields
    if fields is None:
        return None
    for place in places:
        found = Item(str(fields.get("id") or path), "", path, fields, parsed.marks)
        sink.add(
            "control-character",
            "this text holds signs that cannot be seen and that steer what is shown",
            found.position(*place),
            "type it anew; they often come along when text is copied",
            found.id,
        )
    holder = Item(str(fields.get("id") or path), str(fields.get("type") or ""), path, fields, parsed.marks)
    kind = types.get(holder.type)
    if kind is None:
        if "type" not in fields:
            sink.add(
                "type-unknown",
                "`type` is missing",
                holder.position(key=True),
                "say what kind of item it is: " + ", ".join(types),
                holder.id,
            )
        else:
            like = nearest(holder.type, list(types), 1)
            tip = f"did you mean `{like[0]}`?" if like else "types: " + ", ".join(types)
            sink.add(
                "type-unknown", f"there is no item type `{fields['type']}`", holder.position("type"), tip, holder.id
            )
        return None
    marks = dict(parsed.marks)
    if kind.body is not None and parsed.body:
        merge_steps(kind, fields, marks, parsed, path, sink, holder.id)
    item = Item(holder.id, kind.name, path, fields, marks, parsed.body, parsed.body_line)
    if not kind.valid(fields):
        for problem in kind.problems(fields, parsed.raw):
            at_key = problem.at_key
            sink.add(problem.check, problem.message, item.position(*problem.path, key=at_key), problem.help, item.id)
    folder = folders[kind.name]
    if not path.startswith(folder + "/"):
        sink.add(
            "folder-wrong",
            f"a {kind.title.lower()} belongs into `{folder}/`",
            item.position("type"),
            f"git mv {path} {folder}/{path.rsplit('/', 1)[-1]}",
            item.id,
        )
    if not isinstance(fields.get("id"), str) or not _PLAIN_ID.fullmatch(fields["id"]):
        return None  # the schema has said so; such an id must never become the name of a file or an address
    return item


def version_of(path: str, data: bytes, types: Mapping[str, schema.ItemType]) -> Item | None:
    """Return an earlier content of an item, whatever is wrong with it; None if it is none."""
    return item_of(path, data, types, {name: kind.folder for name, kind in types.items()}, Sink())


def merge_steps(
    kind: schema.ItemType,
    fields: dict[str, Any],
    marks: dict[FieldPath, tuple[int, int, int, int, int]],
    parsed: Parsed,
    path: str,
    sink: Sink,
    item: str,
) -> None:
    """Read the steps of a body into the fields, as if they had been written there."""
    assert kind.body is not None
    name, section = kind.body
    element = kind.properties[name]["items"]["properties"]
    rows: list[dict[str, Any]] = []
    for index, step in enumerate(markdown.steps(parsed.body, parsed.body_line, section)):
        here: FieldPath = (name, index)
        key = step.key
        if not key:
            key = slug(step.title)
            sink.add(
                "step-without-key",
                f'the step "{step.title}" has no key',
                Position(path, step.line, 1),
                f"write a key after the heading, once and for all: ### {step.title} {{#{key}}}",
                item,
            )
        row: dict[str, Any] = {"key": key, "title": step.title}
        marks[here] = marks[(*here, "key")] = marks[(*here, "title")] = (step.line, 1, 0, step.line, 1)
        for label, (text, line, column) in step.facts.items():
            field_name = label.replace(" ", "_")
            place = (*here, field_name)
            marks[place] = (line, column, column + len(text), line, 1)
            if element.get(field_name, {}).get("type") == "array":
                row[field_name] = []
                at = column
                for number, piece in enumerate(text.split(",")):
                    lead = len(piece) - len(piece.lstrip())
                    word = piece.strip()
                    marks[(*place, number)] = (line, at + lead, at + lead + len(word), line, 1)
                    row[field_name].append(word)
                    at += len(piece) + 1
            else:
                row[field_name] = text
        row["text"] = step.text
        marks[(*here, "text")] = (step.text_line, 1, 0, step.text_line, 1)
        rows.append(row)
    if rows:
        fields.setdefault(name, rows)
        marks.setdefault((name,), marks[(name, 0)])
