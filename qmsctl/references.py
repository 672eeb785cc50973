"""What an item refers to and which parts it has, made from the item alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from qmsctl import body as markdown
from qmsctl import tracking
from qmsctl.model import FieldPath, Item, Outline, PartRow, ReferenceRow
from qmsctl.schema import ItemType, id_regex, values_at


class Ids:
    """Finds the ids that count in a system where they stand in prose. ``pattern`` tells which they are."""

    def __init__(self, types: Mapping[str, ItemType], catalogues: Iterable[str]) -> None:
        templates = {kind.id_template for kind in types.values() if "#" in kind.id_template}
        catalogues = sorted(catalogues)
        shapes = sorted(map(id_regex, templates), key=lambda shape: (-len(shape), shape))
        clauses = "".join(
            rf"|{re.escape(name)}/[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+|\([A-Za-z0-9]+\))*" for name in catalogues
        )
        self.pattern = rf"(?<![\w#/.-])(?:(?:{'|'.join(shapes)})(?:#[a-z][a-z0-9-]*[a-z0-9])?{clauses})(?![\w-])"
        begins = {re.split("#|YYYY|<slug>", template)[0] + "[0-9a-z]" for template in templates}
        self._begins = "|".join(sorted(begins | {f"{re.escape(name)}/" for name in catalogues}))

    @cached_property
    def _id(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _begin(self) -> re.Pattern[str]:
        return re.compile(self._begins)

    def find(self, text: str) -> list[re.Match[str]]:
        """Return all ids in a text, in order."""
        found: list[re.Match[str]] = []
        end = 0
        # Where one could begin is found much sooner than what one looks like is compared at every letter.
        for begin in self._begin.finditer(text) if self._begins else ():
            if begin.start() >= end and (match := self._id.match(text, begin.start())):
                found.append(match)
                end = match.end()
        return found


def field_key(path: FieldPath) -> str:
    """Return the name of a field of links: its path without the places in lists."""
    return ".".join(str(step) for step in path if step != "*")


def outline_of(item: Item, kind: ItemType, ids: Ids) -> Outline:
    """Return the parts and references of an item."""
    rows = () if item.shipped else (*_written(item, kind), *_mentions(item, kind, ids))
    links = tuple((link.target, link.line, link.column, link.image) for link in _body_links(item))
    return Outline(ids.pattern, tuple(_parts(item, kind)), tuple(row[2] for row in rows), rows, links)


def body_links(item: Item) -> list[markdown.BodyLink]:
    """Return the links and pictures in the text of an item."""
    tracking.saw(tracking.BODY_LINKS, item.id)
    if item.outline is not None:
        return [markdown.BodyLink(*row) for row in item.outline.body_links]
    return _body_links(item)


def _body_links(item: Item) -> list[markdown.BodyLink]:
    return [*markdown.links(item.body, item.body_line)] if "[" in item.body else []


def _parts(item: Item, kind: ItemType) -> Iterator[PartRow]:
    fields = item.fields.plain
    for spec in kind.parts:
        rows = fields.get(spec.field)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, dict) and isinstance(row.get("key"), str):
                title = next(
                    (str(row[n]) for n in ("title", "what", "name", "topic", "label") if row.get(n)), row["key"]
                )
                yield spec.field, row["key"], title, index


def _written(item: Item, kind: ItemType) -> Iterator[ReferenceRow]:
    """The references in fields that hold links."""
    fields, marks = item.fields.plain, item.marks
    separators = {spec.field: spec.separator for spec in kind.parts if spec.field in fields}
    for place, spec in enumerate(kind.links):
        if spec.path[0] not in fields:
            continue
        name = field_key(spec.path)
        for path, value in values_at(fields, spec.path):
            if isinstance(value, str) and value:
                mark = marks.get(path)
                if mark is not None:
                    line, column, end = mark[:3]
                else:
                    found = item.position(*path)
                    line, column, end = found.line, found.column, found.end_column
                part = _part_of(item.id, fields, path, separators) if len(path) > 1 else ""
                yield name, path, value, line, column, end, part, place


def _part_of(id: str, fields: Mapping[str, Any], path: FieldPath, separators: Mapping[str, str]) -> str:
    """The address of the part of an item that a path lies in, or ""."""
    separator = separators.get(str(path[0]))
    if not separator or not isinstance(path[1], int):
        return ""
    row = fields[str(path[0])][path[1]]
    key = row.get("key") if isinstance(row, dict) else None
    return f"{id}{separator}{key}" if key else ""


def _mentions(item: Item, kind: ItemType, ids: Ids) -> Iterator[ReferenceRow]:
    """Ids in prose are references too."""
    fields = item.fields.plain
    for spec in kind.prose:
        if spec[0] not in fields or (kind.body and spec[0] == kind.body[0]):
            continue
        for path, value in values_at(fields, spec):
            if isinstance(value, str) and (found := ids.find(value)):
                place = item.position(*path)
                quote = 1 if place.end_column - place.column == len(value) + 2 else 0
                for match in found:
                    column = place.column + quote + match.start() if place.end_column else place.column
                    end = column + len(match.group()) if place.end_column else 0
                    yield "mentions", path, match.group(), place.line, column, end, "", -1
    if item.body and ids.find(item.body):
        text = markdown.prose(item.body)
        line, begin, seen = item.body_line, 0, 0
        for match in ids.find(text):
            more = text.count("\n", seen, match.start())
            if more:
                line, begin = line + more, text.rfind("\n", seen, match.start()) + 1
            seen = match.start()
            at = seen - begin + 1
            yield "mentions", ("body", line), match.group(), line, at, at + len(match.group()), "", -1
