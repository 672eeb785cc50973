"""Items to linked items: links both ways, parts, cycles, what hangs together."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from qmsctl import body as markdown
from qmsctl.loader import Loaded
from qmsctl.model import Due, FieldPath, Item, Link, Part, Position, add_period, nearest
from qmsctl.schema import ItemType, LinkSpec, id_regex, values_at


class Graph:
    """All items with their parts and links. Built once, then only read.

    ``reviewed`` holds the day of the last periodic review of items, as change control knows it.
    """

    def __init__(self, loaded: Loaded, reviewed: Mapping[str, str] | None = None) -> None:
        self._reviewed = reviewed or {}
        self.items = loaded.qms.items
        self.types = loaded.types
        self.names = loaded.qms.names
        self.parts: dict[str, Part] = {}
        self.part_lists: dict[tuple[str, str], list[Part]] = {}
        for item in self.items.values():
            self._add_parts(item)
        self.links: list[Link] = []
        self.specs: dict[tuple[str, str], LinkSpec] = {}
        for kind in self.types.values():
            for spec in kind.links:
                self.specs[kind.name, _field_key(spec.path)] = spec
        self._out: dict[str, list[Link]] = defaultdict(list)
        self._in: dict[str, list[Link]] = defaultdict(list)
        for item in self.items.values():
            if not item.shipped:
                for link in self._links_of(item):
                    self.links.append(link)
                    self._out[item.id].append(link)
                    if link.to:
                        self._in[link.to].append(link)

    # --- building -------------------------------------------------------------------------------

    def _add_parts(self, item: Item) -> None:
        for spec in self.types[item.type].parts:
            rows = item.get(spec.field)
            found: list[Part] = []
            for index, row in enumerate(rows if isinstance(rows, list) else []):
                if not isinstance(row, Mapping) or not isinstance(row.get("key"), str):
                    continue
                title = next(
                    (str(row[n]) for n in ("title", "what", "name", "topic", "label") if row.get(n)), row["key"]
                )
                ref = f"{item.id}{spec.separator}{row['key']}"
                part = Part(item.id, spec.field, row["key"], title, index, ref, row)
                found.append(part)
                self.parts.setdefault(ref, part)
            self.part_lists[item.id, spec.field] = found

    def _links_of(self, item: Item) -> Iterator[Link]:
        kind = self.types[item.type]
        for spec in kind.links:
            name = _field_key(spec.path)
            for path, value in values_at(item.fields, spec.path):
                if isinstance(value, str) and value:
                    to, part, problem = self.resolve(value, spec.to)
                    yield Link(
                        item.id, name, path, value, item.position(*path), to, part, self._part_of(item, path), problem
                    )
        yield from self._mentions(item, kind)

    def _part_of(self, item: Item, path: FieldPath) -> str:
        """The address of the part of an item that a path lies in, or ""."""
        if len(path) < 2 or not isinstance(path[1], int):
            return ""
        row = item.fields[str(path[0])][path[1]]
        key = row.get("key") if isinstance(row, Mapping) else None
        separator = next((p.separator for p in self.types[item.type].parts if p.field == path[0]), "")
        return f"{item.id}{separator}{key}" if separator and key else ""

    def _mentions(self, item: Item, kind: ItemType) -> Iterator[Link]:
        """Ids in prose are links too."""
        for spec in kind.prose:
            if kind.body and spec[0] == kind.body[0]:
                continue
            for path, value in values_at(item.fields, spec):
                if isinstance(value, str):
                    place = item.position(*path)
                    quote = 1 if place.end_column - place.column == len(value) + 2 else 0
                    for ref, at in self.find_ids(value):
                        column = place.column + quote + at if place.end_column else place.column
                        end = column + len(ref) if place.end_column else 0
                        yield self._mention(item, path, ref, Position(item.path, place.line, column, end))
        if item.body:
            for line, text in markdown.prose_lines(item.body, item.body_line):
                for ref, at in self.find_ids(text):
                    yield self._mention(item, ("body", line), ref, Position(item.path, line, at + 1, at + 1 + len(ref)))

    def _mention(self, item: Item, path: FieldPath, ref: str, position: Position) -> Link:
        to, part, problem = self.resolve(ref, ("*",))
        return Link(item.id, "mentions", path, ref, position, to, part, "", problem)

    @cached_property
    def _id_pattern(self) -> re.Pattern[str]:
        shapes = [id_regex(k.id_template) for k in self.types.values() if "#" in k.id_template]
        catalogues = [
            re.escape(i.id) + r"/[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+|\([A-Za-z0-9]+\))*"
            for i in self.items.values()
            if i.type == "catalogue"
        ]
        names = "|".join(sorted(set(shapes), key=len, reverse=True))
        whole = f"(?:{names})(?:#[a-z][a-z0-9-]*[a-z0-9])?" + "".join("|" + c for c in catalogues)
        return re.compile(rf"(?<![\w#/.-])(?:{whole})(?![\w-])")

    def find_ids(self, text: str) -> list[tuple[str, int]]:
        """Return (reference, offset) for every id mentioned in a text."""
        return [(m.group(), m.start()) for m in self._id_pattern.finditer(text)]

    # --- asking ---------------------------------------------------------------------------------

    def resolve(self, ref: str, allowed: Iterable[str]) -> tuple[str, str, str]:
        """Return (item id, part address, problem) of a reference; problem is "", missing, part or type."""
        allowed = tuple(allowed)
        if ref in self.items:
            item = self.items[ref]
            return (item.id, "", "") if "*" in allowed or item.type in allowed else (item.id, "", "type")
        part = self.parts.get(ref)
        if part is not None:
            kind = f"{self.items[part.item].type}#{part.field}"
            return part.item, ref, "" if "*" in allowed or kind in allowed else "type"
        for separator in ("#", "/"):
            owner = ref.split(separator, 1)[0]
            if separator in ref and owner in self.items:
                return owner, "", "part"
        return "", "", "missing"

    def spec_of(self, link: Link) -> LinkSpec | None:
        """Return the declaration a link was written under; None for a mention in prose."""
        item = self.items.get(link.source)
        return self.specs.get((item.type, link.field)) if item else None

    def links_from(self, item: str) -> list[Link]:
        """Return the links written in an item."""
        return self._out.get(item, [])

    def links_to(self, item: str) -> list[Link]:
        """Return the links that name an item or a part of it."""
        return self._in.get(item, [])

    def links_to_ref(self, ref: str) -> list[Link]:
        """Return the links that name exactly this item or part."""
        return self._to_ref.get(ref, [])

    @cached_property
    def _to_ref(self) -> Mapping[str, list[Link]]:
        found: dict[str, list[Link]] = defaultdict(list)
        for link in self.links:
            if link.to:
                found[link.part or link.to].append(link)
        return found

    def related(self, item: str, name: str) -> list[str]:
        """Return the items under a relation, whichever end it was written at, in order, once each."""
        found = [
            link.to for link in self._out.get(item, []) if link.to and not link.problem and _says(link.field, name)
        ]
        for link in self._in.get(item, []):
            spec = self.spec_of(link)
            if spec is not None and spec.inverse == name and not link.problem:
                found.append(link.source)
        return list(dict.fromkeys(found))

    def is_current(self, item: str) -> bool:
        """Tell whether an item counts: not a draft, not obsolete, not closed."""
        found = self.items[item]
        status = found.get("status")
        return self.types[found.type].is_current(status if isinstance(status, str) else None)

    def of_type(self, *names: str) -> list[Item]:
        """Return the current items of some types, by id."""
        return [i for i in self.items.values() if i.type in names and self.is_current(i.id)]

    def parts_of(self, item: str, name: str) -> list[Part]:
        """Return the keyed parts of an item in one of its lists."""
        return self.part_lists.get((item, name), [])

    def title(self, ref: str) -> str:
        """Return what readers call an item or a part."""
        if ref in self.parts:
            return self.parts[ref].title
        if ref in self.items:
            return self.names.get(ref) or self.items[ref].title
        return ref

    def nearest(self, ref: str, allowed: Iterable[str] = ("*",)) -> list[str]:
        """Return up to three existing references most like this one."""
        allowed = tuple(allowed)
        if "*" in allowed:
            known = list(self.items)
        else:
            known = [i.id for i in self.items.values() if i.type in allowed]
            kinds = {a for a in allowed if "#" in a}
            if kinds:
                known += [p.ref for p in self.parts.values() if f"{self.items[p.item].type}#{p.field}" in kinds]
        return nearest(ref, known)

    def chain(self, item: str, direction: str) -> list[tuple[str, Link]]:
        """Return the next items up or down the chain from strategy to form, with the link that says so."""
        other = "down" if direction == "up" else "up"
        found: dict[str, Link] = {}
        for link in self._out.get(item, []):
            if self._chain_of(link) == direction:
                by_part = self.items[link.to].type in ("strategy", "catalogue")
                found.setdefault(link.part if by_part and link.part else link.to, link)
        for link in self._in.get(item, []):
            if self._chain_of(link) == other:
                found.setdefault(link.source, link)
        return sorted(found.items())

    def _chain_of(self, link: Link) -> str:
        """Return up or down if a link is part of the chain, else ""."""
        spec = self.spec_of(link)
        if spec is None or not link.to or link.problem:
            return ""
        if spec.chain_types and self.items[link.to].type not in spec.chain_types:
            return ""
        return spec.chain

    def reach(self, item: str) -> dict[str, list[tuple[str, str]]]:
        """Return what a change of an item touches: verb -> list of (item, why).

        A link says in its `impact` what must happen to the item it leads to (``target``) when its holder
        changes, and to its holder (``source``, `review` if not said) when what it names changes.
        """
        found: dict[str, dict[str, str]] = defaultdict(dict)
        queue = deque([item])
        seen = {item}
        while queue:
            current = queue.popleft()
            for link in self._in.get(current, []):
                if link.source == item or not self.is_current(link.source):
                    continue
                spec = self.spec_of(link)
                verb = spec.impact.get("source", "review") if spec else "mention"
                why = f"{link.field.replace('.', ' ')} names {link.target}"
                down = self._chain_of(link) == "down"
                if current == item and verb != "none":
                    found[verb].setdefault(link.source, why)
                elif current != item and self._chain_of(link):
                    found["inform"].setdefault(link.source, why)
                if current == item and down and link.source not in seen:
                    seen.add(link.source)
                    queue.append(link.source)
        for link in self._out.get(item, []):
            spec = self.spec_of(link)
            verb = spec.impact.get("target", "") if spec else ""
            if verb and link.to and link.to != item:
                found[verb].setdefault(link.to, f"{link.field.replace('.', ' ')} of {link.source_part or link.source}")
        for weak in ("mention", "inform"):
            named = {name for verb, hits in found.items() if verb != weak for name in hits}
            found[weak] = {name: why for name, why in found[weak].items() if name not in named}
        return {verb: sorted(hits.items()) for verb, hits in found.items() if hits}

    def dues(self) -> list[Due]:
        """Return everything that is due some day, by day."""
        found = []
        for item in self.items.values():
            if item.shipped or not self.is_current(item.id):
                continue
            for spec in self.types[item.type].dues:
                for path, value in values_at(item.fields, spec.path):
                    due = self._due(item, spec, path, value)
                    if due is not None:
                        found.append(due)
        return sorted(found, key=lambda d: (d.on, d.item, d.what))

    def review_due(self, item: str) -> str:
        """Return the day until which an item must be reviewed again; "" if it needs no review."""
        found = self.items[item]
        for spec in self.types[found.type].dues:
            if spec.path == ("review_every",):
                due = self._due(found, spec, spec.path, found.get("review_every"))
                return due.on if due else ""
        return ""

    def _due(self, item: Item, spec: Any, path: FieldPath, value: Any) -> Due | None:
        around: Any = item.fields
        for step in path[:-1]:
            around = around[step]
        if not isinstance(value, str) or (spec.done and around.get(spec.done)):
            return None
        who = around.get(spec.who) or item.get(spec.who) or item.get("owner") or ""
        what = spec.what
        on = value
        if spec.after:
            days = [str(item.get(n)) for n in spec.after if item.get(n)]
            if "reviewed" in spec.after and "reviewed" not in item.fields:
                days.append(self._reviewed.get(item.id, ""))
            start = max(days, default="")
            try:
                on = add_period(start, value)
            except (ValueError, OverflowError):
                return None
        if isinstance(around, Mapping) and around is not item.fields and around.get("what"):
            what = f"{spec.what}: {around['what']}"
        return Due(item.id, what, on, str(who), item.position(*path))


def _field_key(path: FieldPath) -> str:
    return ".".join(str(step) for step in path if step != "*")


def _says(field: str, name: str) -> bool:
    return field == name or field.rsplit(".", 1)[-1] == name


def cycles(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the groups of nodes that lead back to themselves, each once (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in edges:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(edges.get(root, ())))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, below = work[-1]
            for child in below:
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack.add(child)
                    work.append((child, iter(edges.get(child, ()))))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member == node:
                            break
                    if len(group) > 1 or node in set(edges.get(node, ())):
                        found.append(sorted(group))
    return found
