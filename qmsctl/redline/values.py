"""Values of fields made harmless, told apart, and put into words."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

MAX_DEPTH = 40
"""How deep values are read; the loader takes none that go deeper."""

NAMES = ("title", "what", "name", "topic", "label")
"""Fields that hold what a part is called, the first that is there."""

Schema = Mapping[str, Any]


def tamed(value: Any, depth: int = 0) -> Any:
    """Return a value as plain data of bounded depth; whole numbers as int, what has no place in JSON as text."""
    if isinstance(value, str | bool) or value is None:
        return value
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {str(name): tamed(below, depth + 1) for name, below in value.items() if below is not None}
    if isinstance(value, list | tuple):
        return [tamed(below, depth + 1) for below in value]
    if isinstance(value, int):
        return value if value.bit_length() < 1000 else hex(value)
    if isinstance(value, float):
        return str(value) if not math.isfinite(value) else int(value) if value.is_integer() else value
    return str(value)


def mark(value: Any) -> str:
    """Return a text that two tamed values share only if they are the same data, whatever the order of keys."""
    return json.dumps(value, sort_keys=True)


def kind_of(value: Any) -> str:
    """Return what sort of value it is, in words."""
    names = {bool: "yes or no", str: "text", list: "list", dict: "group", type(None): "nothing"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "number")


def told(value: Any) -> str:
    """Return a single value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "nothing"
    return str(value)


def line(value: Any) -> str:
    """Return a value as one line."""
    return " ".join(told(value).split())


def rows(value: Any) -> list[Any]:
    """Return the elements of a list; none if it is something else."""
    return value if isinstance(value, list) else []


def below(prop: Schema, *names: str) -> Schema:
    """Return what lies deeper in a schema; empty if it says nothing of it."""
    for name in names:
        found = prop.get(name)
        prop = found if isinstance(found, Mapping) else {}
    return prop


def label_of(prop: Schema, name: str) -> str:
    """Return what readers call a field; of a field without a title, its name in words."""
    return str(prop.get("title") or name.replace("_", " ").strip().capitalize())


def singular(title: str) -> str:
    """Return the title of a list as the title of one element: Policies, Policy."""
    for end, instead in (("ies", "y"), ("ches", "ch"), ("sses", "ss"), ("xes", "x"), ("s", "")):
        if title.endswith(end):
            return title.removesuffix(end) + instead
    return title


def lower_first(text: str) -> str:
    """Begin with a small letter, for the middle of a sentence; abbreviations stay."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def clipped(text: str, words: int) -> str:
    """Return the first words of a text, as one line."""
    found = text.split()
    return " ".join(found[:words]) + (" …" if len(found) > words else "")


def name_field(row: Any, element: Schema) -> str:
    """Return the field that holds what an element of a list is called, empty if there is none."""
    if not isinstance(row, Mapping):
        return ""
    required = element.get("required")
    wanted = [*NAMES, *(name for name in rows(required) if isinstance(name, str) and name != "key")]
    return next((name for name in wanted if isinstance(row.get(name), str) and row[name].strip()), "")
