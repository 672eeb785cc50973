"""Items in another language: what a translation may say, and the item that comes of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from qmsctl.loader import Loaded
from qmsctl.model import FieldPath, Item, Items, Translation, mapping_of, nearest
from qmsctl.schema import ItemType

_HEADING = re.compile(r"^#+[ \t]+(.*?)[ \t]*(?:\{#[^}\s]*\})?[ \t]*$", re.M)
SHORT = 20
"""Up to how many characters a text does not show whether it was translated."""

OWN = ("translation_of", "of_revision", "revision", "effective", "change")
"""What a translation says of itself. Its revision and its history are its own, and never those of the item."""


@dataclasses.dataclass(frozen=True)
class Stray:
    """Something in a translation that fits nowhere in its source: where it stands, and why."""

    path: FieldPath
    why: str
    help: str


def loaded_in(loaded: Loaded, language: str) -> Loaded:
    """Return the system with every item in a language, as far as it is translated."""
    items = Items(loaded.qms.items)
    said = []
    for translation in loaded.qms.translations:
        if translation.language == language:
            source = loaded.qms.items[translation.content.id]
            kind = loaded.types[source.type]
            items[source.id] = merged(source, translation, kind)
            translation = dataclasses.replace(translation, done=not is_begun_only(source, translation, kind))
        said.append(translation)
    qms = dataclasses.replace(loaded.qms, items=items, translations=tuple(said))
    return dataclasses.replace(loaded, qms=qms)


def merged(source: Item, translation: Translation, kind: ItemType) -> Item:
    """Return an item with its texts from a translation; facts, links and ids stay those of the source."""
    said = {name: value for name, value in translation.content.fields.items() if name not in OWN}
    fields = _texts(source.fields, said, kind.properties)
    return source.saying(fields, translation.content.body or source.body, keeps_stamp=True)


def is_outdated(source: Item, translation: Translation) -> bool:
    """Tell whether the source has gone on since it was translated."""
    return str(source.get("revision") or "") != translation.of_revision


def is_ahead(source: Item, translation: Translation) -> bool:
    """Tell whether a translation names a revision that its source does not have yet."""
    now, of = _numbers(source.get("revision")), _numbers(translation.of_revision)
    return bool(now and of > now)


def _numbers(revision: object) -> tuple[int, ...]:
    words = str(revision or "").split(".")
    return tuple(map(int, words)) if all(word.isdecimal() for word in words) else ()


def untouched(source: Item, translation: Translation, kind: ItemType) -> tuple[int, int]:
    """Return how many texts of a translation are still those of the source, and how many it has.

    Short ones do not count: names, numbers and abbreviations are often the same in both languages.
    """
    old = set(_said(source, kind))
    new = [text for text in _said(translation.content, kind) if len(text) > SHORT]
    return sum(text in old for text in new), len(new)


def is_begun_only(source: Item, translation: Translation, kind: ItemType) -> bool:
    """Tell whether most texts of a translation are still those of the source."""
    same, texts = untouched(source, translation, kind)
    return same * 2 > texts


def _said(item: Item, kind: ItemType) -> Iterator[str]:
    """Yield the texts of an item, each on one line: those of its fields, and the paragraphs of its body."""
    steps = kind.body[0] if kind.body else ""
    fields = {name: value for name, value in item.fields.items() if name not in (*OWN, steps)}
    body = _HEADING.sub(r"\n\n\1\n\n", item.body)
    for text in [*_leaves(fields, kind.properties), *re.split(r"\n\s*\n", body)]:
        yield " ".join(text.split())


def _leaves(value: Any, properties: Mapping[str, Any]) -> Iterator[str]:
    for name, found in mapping_of(value).items():
        prop = mapping_of(properties.get(name))
        if not prop or not is_text(prop) or name == "key":
            continue
        for each in found if isinstance(found, list) else [found]:
            if isinstance(each, str):
                yield each
            else:
                yield from _leaves(each, mapping_of((prop.get("items") or prop).get("properties")))


def strays(source: Item, translation: Translation, kind: ItemType) -> list[Stray]:
    """Return what stands in a translation and cannot be shown."""
    said = {name: value for name, value in translation.content.fields.items() if name not in OWN}
    return list(_strays(source.fields, said, kind.properties, ()))


def _texts(source: Mapping[str, Any], said: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(source)
    for name, value in said.items():
        prop = mapping_of(properties.get(name))
        if name in source and is_text(prop):
            found[name] = _merge(source[name], value, prop)
    return found


def _merge(source: Any, said: Any, prop: Mapping[str, Any]) -> Any:
    if isinstance(source, str):
        return said if isinstance(said, str) and said else source
    if isinstance(source, Mapping):
        return _texts(source, mapping_of(said), mapping_of(prop.get("properties")))
    if isinstance(source, list) and isinstance(said, list):
        element = mapping_of(prop.get("items"))
        if element.get("properties"):
            inner = mapping_of(element.get("properties"))
            if not _keyed(source):
                # Rows without keys are told apart by their order, so there must be as many.
                pairs = zip(source, said, strict=True) if len(source) == len(said) else ((row, {}) for row in source)
                return [
                    _texts(row, mapping_of(other), inner) if isinstance(row, Mapping) else row for row, other in pairs
                ]
            rows = {str(row["key"]): row for row in said if isinstance(row, Mapping) and "key" in row}
            return [
                _texts(row, rows.get(str(row.get("key")), {}), inner) if isinstance(row, Mapping) else row
                for row in source
            ]
        texts = all(isinstance(word, str) for word in said) and len(said) == len(source)
        return said if texts else source
    return source


def _keyed(rows: Any) -> bool:
    """Tell whether the rows of a list have keys."""
    return any(isinstance(row, Mapping) and "key" in row for row in rows)


def is_text(prop: Mapping[str, Any]) -> bool:
    """Tell whether a field holds words, not links, choices, dates or numbers."""
    inner = mapping_of(prop.get("items"))
    fact = any(mark in place for mark in ("x-link", "enum", "const", "format", "pattern") for place in (prop, inner))
    return not fact and prop.get("type") in ("string", "array", "object", None)


def _strays(
    source: Mapping[str, Any], said: Mapping[str, Any], properties: Mapping[str, Any], at: FieldPath
) -> Iterator[Stray]:
    for name, value in said.items():
        here = (*at, name)
        prop = mapping_of(properties.get(name))
        if name in ("id", "type", "key") and (name == "key" or value == source.get(name)):
            continue
        if name not in source:
            like = nearest(name, list(source), 1)
            yield Stray(here, f"the source has no `{name}`", f"did you mean `{like[0]}`?" if like else "take it out")
        elif not is_text(prop):
            if value != source[name]:
                yield Stray(here, f"`{name}` is no text; it counts as the source says it", "take it out")
        elif isinstance(value, list) and mapping_of(prop.get("items")).get("properties") and _keyed(source[name]):
            yield from _stray_rows(source[name], value, mapping_of(prop["items"]["properties"]), here)
        elif isinstance(value, list) and isinstance(source[name], list) and len(value) != len(source[name]):
            yield Stray(
                here,
                f"the source has {len(source[name])} of these, the translation {len(value)}",
                "write all of them, in the same order",
            )
        elif isinstance(value, list) and mapping_of(prop.get("items")).get("properties"):
            inner = mapping_of(prop["items"]["properties"])
            for index, row in enumerate(value):
                yield from _strays(mapping_of(source[name][index]), mapping_of(row), inner, (*here, index))
        elif isinstance(value, Mapping):
            yield from _strays(mapping_of(source[name]), value, mapping_of(prop.get("properties")), here)


def _stray_rows(source: Any, said: list[Any], properties: Mapping[str, Any], at: FieldPath) -> Iterator[Stray]:
    rows = {str(row.get("key")): row for row in source if isinstance(row, Mapping)} if isinstance(source, list) else {}
    for index, row in enumerate(said):
        key = str(mapping_of(row).get("key"))
        if key not in rows:
            like = nearest(key, list(rows), 1)
            tip = f"did you mean `{like[0]}`?" if like else "the source has: " + ", ".join(rows)
            yield Stray((*at, index, "key"), f"the source has no `{key}` here", tip)
        else:
            yield from _strays(rows[key], row, properties, (*at, index))
