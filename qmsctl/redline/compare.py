"""Two versions of an item to its changes, field by field, with the titles of the schema as labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from qmsctl import body as markdown
from qmsctl.model import FieldPath, Item
from qmsctl.redline.change import Change
from qmsctl.redline.prose import Place, compare_prose, compare_sections, long_words, moved, numbered, touched
from qmsctl.redline.values import (
    Schema,
    below,
    clipped,
    kind_of,
    label_of,
    line,
    lower_first,
    mark,
    name_field,
    rows,
    singular,
    tamed,
    told,
)
from qmsctl.redline.words import limits
from qmsctl.schema import ItemType

METADATA = frozenset({"revision", "effective", "change", "change_kind", "review_every", "status", "id", "type"})
NAME_WORDS = 10
"""How many words of a long name are enough to find the part by."""

Key = tuple[Hashable, int]


def compare(before: Item | None, after: Item | None, kind: ItemType, title: Callable[[str], str] = str) -> list[Change]:
    """Return what changed in meaning from one version of an item to the next, metadata last."""
    if before is None or after is None:
        return [_whole_item(item, kind, after is None) for item in (before or after,) if item is not None]
    old, new = tamed(before.fields), tamed(after.fields)
    comparer = _Comparer(title, {**_parts(kind, old), **_parts(kind, new)})
    found: list[Change] = []
    for name, prop, one, two in _pairs(kind.schema, old, new):
        changes = comparer.value(Place((name,), label_of(prop, name)), prop, one, two)
        if name in METADATA:
            changes = [replace(change, names=frozenset({"metadata"})) for change in changes]
        elif name == "title":
            changes = [replace(change, names=change.names - {"field"} | {"title"}) for change in changes]
        found += changes
    found += compare_sections(_sections(before, kind, old), _sections(after, kind, new))
    return sorted(found, key=lambda change: "metadata" in change.names)


def _whole_item(item: Item, kind: ItemType, gone: bool) -> Change:
    what = f'{kind.title} "{line(tamed(item.fields).get("title") or item.id)}"'
    if gone:
        return Change((), what, "removed", item.id, "", names=frozenset({"field"}))
    return Change((), what, "added", "", item.id, names=frozenset({"field"}))


def _pairs(schema: Schema, before: Any, after: Any) -> Iterator[tuple[str, Schema, Any, Any]]:
    """Yield (name, its schema, before, after) for each field, in the order of the schema, then unknown ones."""
    known = below(schema, "properties")
    for name in dict.fromkeys([*known, *after, *before]):
        yield str(name), below(known, name), before.get(name), after.get(name)


def _parts(kind: ItemType, fields: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return what the parts of an item are called, by the name of their list and their key."""
    found = {}
    for spec in kind.parts:
        for row in rows(fields.get(spec.field)):
            name = name_field(row, {})
            if name and isinstance(row.get("key"), str):
                found[spec.field, row["key"]] = clipped(row[name], NAME_WORDS)
    return found


def _sections(item: Item, kind: ItemType, fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Cut the body into sections, without the steps that the loader has read into fields."""
    text = str(item.body)
    if kind.body is None:
        return markdown.sections(text)
    name, section = kind.body
    steps = markdown.steps(text, 0, section)
    titles = [row.get("title") if isinstance(row, Mapping) else None for row in rows(fields.get(name))]
    if [step.title for step in steps] != titles:
        return markdown.sections(text)  # the front matter has steps of its own, so these have not become fields
    inside = {n for step in steps for n in range(step.line, step.text_line + step.text.count("\n") + 1)}
    return markdown.sections("\n".join(t for n, t in enumerate(text.split("\n")) if n not in inside))


class _Comparer:
    """Compares values by their schema. Absent and empty (None) count as the same."""

    def __init__(self, title: Callable[[str], str], parts: Mapping[tuple[str, str], str]) -> None:
        self.title = title
        self.parts = parts

    def value(self, place: Place, prop: Schema, before: Any, after: Any) -> list[Change]:
        """Compare two values of one field; None stands for no value."""
        if mark(before) == mark(after):
            return []
        both = [value for value in (before, after) if value is not None]
        if all(isinstance(value, str) for value in both) and prop.get("x-markdown"):
            return compare_prose(place, before or "", after or "")
        if all(isinstance(value, Mapping) for value in both):
            return self._group(place, prop, before or {}, after or {})
        if all(isinstance(value, list) for value in both):
            element = below(prop, "items")
            if any(isinstance(row, Mapping) for row in [*(before or []), *(after or [])]):
                return self._elements(place, prop, element, before or [], after or [])
            return self._set(place, prop, element, before or [], after or [])
        return [self._single(place, prop, before, after)]

    def _group(self, place: Place, prop: Schema, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
        found = []
        for name, field, one, two in _pairs(prop, before, after):
            title = label_of(field, name)
            label = f"{place.label}, {lower_first(title)}" if place.label else title
            found += self.value(Place((*place.path, name), place.what, label), field, one, two)
        return found

    def _single(self, place: Place, prop: Schema, before: Any, after: Any) -> Change:
        old, new = ("" if value is None else self._told(prop, value) for value in (before, after))
        if old == new:  # 1.1 and "1.1" read alike and are different data
            old, new = f"{old} ({kind_of(before)})", f"{new} ({kind_of(after)})"
        kind = "added" if before is None else "removed" if after is None else "changed"
        names = self._names(prop, [before, after])
        if "x-link" not in prop:  # the number in an id is no limit
            names |= touched(old, new)
        if kind != "changed":
            names.add("field")
        words = long_words(old, new) if kind == "changed" else ()
        return Change(place.path, place.what, kind, old, new, place.label, words, frozenset(names))

    def _names(self, prop: Schema, values: Iterable[Any]) -> set[str]:
        link = below(prop, "x-link")
        if link:
            return {"role"} if link.get("to") == ["role"] else {"link"}
        if any(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            return {"limit"}
        return {"link"} if "x-local" in prop else {"field"}

    def _set(self, place: Place, prop: Schema, element: Schema, before: list[Any], after: list[Any]) -> list[Change]:
        """Compare lists of links or texts; where order may mean something, a new order is a change of its own."""
        old, new = Counter(map(mark, before)), Counter(map(mark, after))
        come, gone = new - old, old - new
        found = []
        for index, value in enumerate(after):
            if come[mark(value)] > 0:
                come[mark(value)] -= 1
                found.append(self._single(_inside(place, index), element, None, value))
        for index, value in enumerate(before):
            if gone[mark(value)] > 0:
                gone[mark(value)] -= 1
                found.append(self._single(_inside(place, index), element, value, None))
        ordered = not (prop.get("uniqueItems") or "x-link" in element)
        if not found and ordered:
            label = f"{place.label}, order" if place.label else "order"
            one, two = ("; ".join(self._told(element, value) for value in values) for values in (before, after))
            names = frozenset({"field"})
            found.append(Change(place.path, place.what, "changed", one, two, label, long_words(one, two), names))
        return found

    def _elements(
        self, place: Place, prop: Schema, element: Schema, before: list[Any], after: list[Any]
    ) -> list[Change]:
        """Pair the elements of two lists by key, or by name where they have none."""
        old = dict(zip(numbered(_identity(row, element) for row in before), enumerate(before), strict=True))
        new = dict(zip(numbered(_identity(row, element) for row in after), enumerate(after), strict=True))
        touches = "step" if place.path[-1] == "steps" or "x-body" in prop else "field"
        strays = moved([key for key in old if key in new], [key for key in new if key in old])
        found = []
        last = ""
        for key, (index, row) in new.items():
            here = self._named(place, prop, element, index, row)
            if key not in old:
                found.append(self._came_or_went(here, element, touches, row, gone=False))
            else:
                found += self._element(here, element, old[key][1], row)
            if key in strays:
                names = frozenset({touches})
                found.append(Change(here.path, here.what, "moved", "", last, here.label, (), names))
            last = lower_first(here.label or here.what)
        for key, (index, row) in old.items():
            if key not in new:
                here = self._named(place, prop, element, index, row)
                found.append(self._came_or_went(here, element, touches, row, gone=True))
        return found

    def _element(self, here: Place, element: Schema, before: Any, after: Any) -> list[Change]:
        """Compare two versions of a part; what it is called counts as a title."""
        if not isinstance(before, Mapping) or not isinstance(after, Mapping):
            return self.value(here, element, before, after)
        name = name_field(after, element)
        found = []
        if name and isinstance(before.get(name), str):
            label = f"{here.label}, name" if here.label else "name"
            field = below(element, "properties", name)
            found = self.value(Place((*here.path, name), here.what, label), field, before[name], after[name])
            editorial = "prose" if field.get("x-markdown") else "title"
            found = [replace(change, names=change.names - {"field"} | {editorial}) for change in found]
            before, after = ({k: v for k, v in row.items() if k != name} for row in (before, after))
        return found + self._group(here, element, before, after)

    def _came_or_went(self, here: Place, element: Schema, touches: str, row: Any, gone: bool) -> Change:
        text = self._summary(element, row)
        names = {touches}
        for field, value in row.items() if isinstance(row, Mapping) else ():
            prop = below(element, "properties", field)
            names |= self._names(below(prop, "items") or prop, [value]) & {"role", "link", "limit"}
        if limits(text):
            names.add("limit")
        words = (("-" if gone else "+", text),) if text else ()
        kind, texts = ("removed", (text, "")) if gone else ("added", ("", text))
        return Change(here.path, here.what, kind, *texts, here.label, words, frozenset(names))

    def _named(self, place: Place, prop: Schema, element: Schema, index: int, row: Any) -> Place:
        """Return the place of an element: Step "Draw the sample"."""
        title = place.label or place.what
        name = name_field(row, element)
        field = below(element, "properties", name)
        own = str(field.get("title", ""))
        noun = own if own and own.casefold() in title.casefold() else singular(title)
        text = row if not isinstance(row, Mapping) else row[name] if name else row.get("key", f"{index + 1}")
        what = f'{noun} "{clipped(self._told(field, text), NAME_WORDS)}"'
        path: FieldPath = (*place.path, index)
        return Place(path, place.what, what) if len(place.path) > 1 else Place(path, what)

    def _summary(self, element: Schema, row: Any) -> str:
        """Return what an element says besides its name, in words; with the name where that is too long to stand whole."""
        if not isinstance(row, Mapping):
            return self._told(element, row)
        name = name_field(row, element)
        left_out = {"key"} if name and len(row[name].split()) > NAME_WORDS else {"key", name}
        fields = [(field, prop, value) for field, prop, value, _ in _pairs(element, row, {}) if field not in left_out]
        return "; ".join(
            f"{label_of(prop, field)}: {self._told(prop, value)}" for field, prop, value in fields if value is not None
        )

    def _told(self, prop: Schema, value: Any) -> str:
        """Return a value in words, links by the title of what they lead to."""
        if isinstance(value, list):
            return ", ".join(self._told(below(prop, "items"), row) for row in value)
        if isinstance(value, Mapping):
            return "; ".join(
                f"{label_of(field, name)}: {self._told(field, below_)}"
                for name, field, below_, _ in _pairs(prop, value, {})
                if below_ is not None
            )
        if not isinstance(value, str):
            return told(value)
        if "x-local" in prop:
            return self.parts.get((str(below(prop, "x-local").get("part")), value), value)
        return self._link(below(prop, "x-link"), value) if "x-link" in prop else value

    def _link(self, link: Schema, target: str) -> str:
        """Return a role by its title, anything else by its id and title."""
        head, sign, key = target.partition("#")
        named = str(self.title(head))
        if named == head:
            return target
        if link.get("to") == ["role"]:
            return named
        return f"{target} {named}" if not sign else f"{head} {named}, {key}"


def _inside(place: Place, index: int) -> Place:
    return Place((*place.path, index), place.what, place.label)


def _identity(row: Any, element: Schema) -> tuple[str, str]:
    """Return what an element is told apart by."""
    if isinstance(row, Mapping) and isinstance(row.get("key"), str):
        return "key", row["key"]
    name = name_field(row, element)
    return ("name", row[name]) if name else ("value", mark(row))
