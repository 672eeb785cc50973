"""Item types as data: reads `<type>.schema.yaml`, adds what every item has, compiles what is needed.

An item type is a JSON Schema (2020-12) with a few keywords of ours that begin with ``x-``; what they mean
is published in `item_types/vocabulary.yaml`. An organisation adds or overrides a type by putting the same
two files into its own `item_types/` folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from qmsctl.model import FieldPath, nearest

SHIPPED = Path(__file__).parent / "item_types"
SUFFIX = ".schema.yaml"
_HINTS = {
    "^[a-z][a-z0-9-]*$": "small letters, digits and hyphens, such as draw-sample",
    "^[a-z][a-z0-9_]*$": "small letters, digits and low lines, such as lots_held",
    "^[0-9]+\\.[0-9]+$": "two numbers with a point between them, such as 2.1",
    "^[1-9][0-9]* (days|weeks|months|years)$": "a number and days, weeks, months or years, such as 12 months",
}
"""How to write what usual patterns demand, where the field itself says nothing."""


class TypeFault(ValueError):
    """An item type cannot be used as it stands."""


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """Where links stand in an item and where they lead. ``path`` has "*" for any element of a list."""

    path: FieldPath
    to: tuple[str, ...]
    inverse: str = ""
    chain: str = ""
    chain_types: tuple[str, ...] = ()
    acyclic: bool = False
    impact: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The field, in words: the last name in the path."""
        return str([step for step in self.path if step != "*"][-1])


@dataclass(frozen=True, slots=True)
class PartSpec:
    """A list whose elements have a key and can be named from elsewhere."""

    field: str
    separator: str = "#"


@dataclass(frozen=True, slots=True)
class LocalSpec:
    """A place that names the key of a part of the same item."""

    path: FieldPath
    part: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DueSpec:
    """A date, or a period after a date, on which something is due."""

    path: FieldPath
    what: str
    who: str = ""
    done: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemType:
    """One item type, ready for use."""

    name: str
    schema: Mapping[str, Any]
    template: Path | None
    source: str
    links: tuple[LinkSpec, ...] = ()
    parts: tuple[PartSpec, ...] = ()
    locals: tuple[LocalSpec, ...] = ()
    dues: tuple[DueSpec, ...] = ()
    prose: tuple[FieldPath, ...] = ()

    @property
    def title(self) -> str:
        return str(self.schema["title"])

    @property
    def plural(self) -> str:
        return str(self.schema["x-plural"])

    @property
    def folder(self) -> str:
        return str(self.schema["x-folder"])

    @property
    def id_template(self) -> str:
        return str(self.schema["x-id"])

    @property
    def controlled(self) -> bool:
        return bool(self.schema.get("x-controlled"))

    @property
    def properties(self) -> Mapping[str, Any]:
        """The fields by name, in the order in which they are best written."""
        found: Mapping[str, Any] = self.schema["properties"]
        return found

    @property
    def states(self) -> Mapping[str, Mapping[str, Any]]:
        """The states of the lifecycle by name; empty if the type has none."""
        found: Mapping[str, Mapping[str, Any]] = self.schema.get("x-lifecycle", {}).get("states", {})
        return found

    @property
    def record(self) -> str:
        """The field with the day of an item that is a record; "" for what is none."""
        return str(self.schema.get("x-record", ""))

    @cached_property
    def fingerprint(self) -> str:
        """What tells a type from the same one with another schema."""
        return hashlib.sha256(repr(self.schema).encode()).hexdigest()

    @property
    def initial(self) -> str:
        return str(self.schema.get("x-lifecycle", {}).get("initial", ""))

    def is_current(self, status: str | None) -> bool:
        """Tell whether an item in this state counts; a state says `current: false` if it does not."""
        return bool(self.states.get(status or self.initial, {}).get("current", True))

    @cached_property
    def body(self) -> tuple[str, str] | None:
        """(field, section) where parts are written as headings of the body, else None."""
        for name, prop in self.properties.items():
            if "x-body" in prop:
                return name, str(prop["x-body"]["section"])
        return None

    @cached_property
    def id_pattern(self) -> re.Pattern[str]:
        """The shape of an id of this type."""
        return re.compile(id_regex(self.id_template) + r"\Z")

    @cached_property
    def _fast(self) -> Any:
        return decider(self.schema)

    def valid(self, fields: Mapping[str, Any]) -> bool:
        """Decide whether the fields meet the schema; fast, without reasons."""
        return bool(self._fast.is_valid(dict(fields)))

    def problems(self, fields: Mapping[str, Any], raw: Mapping[FieldPath, str]) -> Iterator[Problem]:
        """Say what does not meet the schema, in words."""
        return problems(self.schema, dict(fields), raw)


@dataclass(frozen=True, slots=True)
class Problem:
    """One departure from a schema: which check it belongs to, where, and what to do."""

    check: str
    path: FieldPath
    message: str
    help: str
    at_key: bool = False


def id_regex(template: str) -> str:
    """Return a regular expression for an id template such as ``PRC-###``, ``NC-YYYY-###`` or ``<slug>``."""
    parts = re.split(r"(#+|YYYY|<slug>)", template)
    out = []
    for part in parts:
        if part.startswith("#"):
            out.append(f"[0-9]{{{len(part)},}}")
        elif part == "YYYY":
            out.append("[0-9]{4}")
        elif part == "<slug>":
            out.append("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
        else:
            out.append(
                part
            )  # letters and a hyphen, by the vocabulary: nothing to escape, which JavaScript would refuse
    return "".join(out)


def read_types(organisation: Path | None, parse: Any) -> tuple[dict[str, ItemType], list[tuple[str, str]]]:
    """Read all item types; ``parse`` turns bytes into (fields, reason why not).

    Returns the types by name and a list of (file, reason) for those that cannot be used.
    """
    base = (SHIPPED / "base.yaml").read_bytes()
    base_fields, reason = parse(base)
    if base_fields is None:
        raise TypeFault(f"base.yaml: {reason}")
    types: dict[str, ItemType] = {}
    faults: list[tuple[str, str]] = []
    places = [SHIPPED]
    if organisation is not None and organisation.is_dir():
        places.append(organisation)
    for place in places:
        for file in sorted(place.glob("*" + SUFFIX)):
            name = file.name[: -len(SUFFIX)]
            source = f"item_types/{file.name}"
            template: Path | None = file.with_name(f"{name}.md.j2")
            if template is not None and not template.is_file():
                template = types[name].template if name in types else None
            found, reason = _type_of(name, file.read_bytes(), base, template, source, parse)
            if found is None:
                faults.append((source, reason))
            else:
                types[name] = found
    return types, faults


@lru_cache(maxsize=256)
def _type_of(
    name: str, data: bytes, base: bytes, template: Path | None, source: str, parse: Any
) -> tuple[ItemType | None, str]:
    """Return the type a file describes, or why it cannot be used; the same bytes are read only once."""
    fields, reason = parse(data)
    if fields is None:
        return None, reason
    try:
        return compose(name, fields, parse(base)[0], template, source), ""
    except (TypeFault, KeyError, TypeError, AttributeError, re.error) as error:
        return None, f"cannot be used: {error}"


def compose(
    name: str, own: Mapping[str, Any], base: Mapping[str, Any], template: Path | None = None, source: str = ""
) -> ItemType:
    """Join a type's own schema with what every item has. Raises TypeFault."""
    for need in ("title", "x-plural", "x-folder", "x-id", "properties"):
        if need not in own:
            raise TypeFault(f"`{need}` is missing")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9][A-Za-z0-9_-]*)*", str(own["x-folder"])):
        raise TypeFault(f"`{own['x-folder']}` is no folder inside the repository")
    schema = dict(own)  # what lies in it is shared with other types, and never changed
    item, controlled = base["item"], base["controlled"]
    properties = dict(item["properties"])
    required = list(item["required"])
    if schema.get("x-controlled"):
        properties.update(controlled["properties"])
        required += controlled["required"]
        schema.setdefault("x-lifecycle", controlled["x-lifecycle"])
    properties.update(schema["properties"])
    properties["id"] = {**properties["id"], "pattern": "^" + id_regex(str(schema["x-id"])) + "$"}
    properties["type"] = {**properties["type"], "const": name}
    lifecycle = schema.get("x-lifecycle")
    if lifecycle:
        properties["status"] = {**properties["status"], "enum": list(lifecycle["states"])}
    else:
        properties.pop("status", None)
    required += schema.get("required", [])
    optional = set(schema.get("x-optional", []))
    schema["type"] = "object"
    schema["properties"] = properties
    schema["required"] = [n for n in dict.fromkeys(required) if n not in optional]
    schema["additionalProperties"] = False
    found = _Walk()
    for key, prop in properties.items():
        found.visit((key,), prop)
    if lifecycle:
        for state, value in lifecycle["states"].items():
            for after in value.get("to", []):
                if after not in lifecycle["states"]:
                    raise TypeFault(f"state `{state}` leads to `{after}`, which is no state")
    return ItemType(
        name,
        schema,
        template,
        source,
        tuple(found.links),
        tuple(found.parts),
        tuple(found.locals),
        tuple(found.dues),
        tuple(found.prose),
    )


class _Walk:
    """Collects our keywords from a schema with the paths at which they apply."""

    def __init__(self) -> None:
        self.links: list[LinkSpec] = []
        self.parts: list[PartSpec] = []
        self.locals: list[LocalSpec] = []
        self.dues: list[DueSpec] = []
        self.prose: list[FieldPath] = []

    def visit(self, path: FieldPath, prop: Mapping[str, Any]) -> None:
        if "x-link" in prop:
            link = prop["x-link"]
            self.links.append(
                LinkSpec(
                    path,
                    tuple(link["to"]),
                    link.get("inverse", ""),
                    link.get("chain", ""),
                    tuple(link.get("chain_types", [])),
                    bool(link.get("acyclic")),
                    link.get("impact", {}),
                )
            )
        if prop.get("x-part"):
            options = prop["x-part"] if isinstance(prop["x-part"], Mapping) else {}
            self.parts.append(PartSpec(str(path[-1]), options.get("separator", "#")))
        if "x-local" in prop:
            self.locals.append(LocalSpec(path, prop["x-local"]["part"], tuple(prop["x-local"].get("or", []))))
        if "x-due" in prop:
            due = prop["x-due"]
            self.dues.append(
                DueSpec(path, due["what"], due.get("who", ""), due.get("done", ""), tuple(due.get("after", [])))
            )
        if prop.get("x-markdown"):
            self.prose.append(path)
        for key, below in prop.get("properties", {}).items():
            self.visit((*path, key), below)
        if isinstance(prop.get("items"), Mapping):
            self.visit((*path, "*"), prop["items"])


def values_at(fields: Any, path: FieldPath) -> list[tuple[FieldPath, Any]]:
    """Return (exact path, value) for every value at a path that may hold "*", in order."""
    found: list[tuple[FieldPath, Any]] = [((), fields)]
    for step in path:
        if step == "*":
            found = [
                ((*at, index), value)
                for at, rows in found
                if isinstance(rows, list)
                for index, value in enumerate(rows)
            ]
        else:
            found = [((*at, step), row[step]) for at, row in found if isinstance(row, _GROUPS) and step in row]
        if not found:
            break
    return found


_GROUPS = (dict, Mapping)
"""What fields stand in; it is mostly the first, which is decided much sooner."""


def decider(schema: Mapping[str, Any]) -> Any:
    """Return what decides by ``is_valid`` whether data meets a JSON Schema; fast, without reasons."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(dict(schema), validate_formats=True)


def problems(schema: Mapping[str, Any], fields: Any, raw: Mapping[FieldPath, str]) -> Iterator[Problem]:
    """Explain how data departs from a JSON Schema, for people; nothing if it does not."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(["date"]))
    seen: set[Problem] = set()
    for error in sorted(validator.iter_errors(fields), key=lambda e: [str(p) for p in e.absolute_path]):
        for problem in _explain(error, raw):
            if problem not in seen:  # a missing field is reported once for each that is missing
                seen.add(problem)
                yield problem


def _explain(error: Any, raw: Mapping[FieldPath, str]) -> Iterator[Problem]:
    path: FieldPath = tuple(error.absolute_path)
    value, rule, demand = error.instance, error.validator, error.validator_value
    name = next((str(step) for step in reversed(path) if isinstance(step, str)), "the item")
    about = error.schema.get("description", "") if isinstance(error.schema, Mapping) else ""
    if rule == "required":
        for missing in demand:
            if missing not in value:
                what = error.schema.get("properties", {}).get(missing, {})
                yield Problem(
                    "field-missing", path, f"`{missing}` is missing", what.get("description", "add it"), at_key=True
                )
        return
    if rule == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        for extra in value:
            if extra not in known:
                like = nearest(str(extra), known, 1)
                tip = f"did you mean `{like[0]}`?" if like else "allowed here: " + ", ".join(known)
                yield Problem("field-unknown", (*path, extra), f"`{extra}` is not a field here", tip, at_key=True)
        return
    message, tip = f"`{name}`: {error.message}", about
    if rule in ("enum", "const"):
        allowed = [str(v) for v in (demand if rule == "enum" else [demand])]
        like = nearest(str(value), allowed, 1)
        message = f"`{name}` cannot be `{value}`"
        tip = (f"did you mean `{like[0]}`? " if like else "") + "allowed: " + ", ".join(allowed)
    elif rule == "type":
        written = raw.get(path)
        wanted = {
            "string": "text",
            "array": "a list",
            "object": "a group of fields",
            "number": "a number",
            "integer": "a whole number",
            "boolean": "true or false",
        }.get(str(demand), str(demand))
        message = f"`{name}` should be {wanted}, but is {_kind(value)}"
        if demand == "string" and written is not None:
            tip = f'put it in quotes: "{written}"'
        elif demand == "string" and value is None:
            message, tip = f"`{name}` is empty", about or "write a value after the colon, or delete the line"
        elif demand == "array":
            tip = "write it as a list: [first, second]"
    elif rule == "pattern":
        message = f"`{name}` cannot be `{value}`"
        tip = str(error.schema.get("x-hint") or about or _HINTS.get(str(demand), "write it as the other items do"))
    elif rule == "format":
        message = f"`{name}` is not a day that exists: {value}"
        tip = "write year-month-day, such as 2026-03-02"
    elif rule in ("minItems", "minLength"):
        message = f"`{name}` is too short" if value else f"`{name}` is empty"
    elif rule == "uniqueItems":
        message, tip = f"`{name}` names something twice", "keep one of the two"
    elif rule in ("minimum", "maximum"):
        message = f"`{name}` is {value}; the {'least' if rule == 'minimum' else 'most'} is {demand}"
    yield Problem("value-not-allowed", path, message, tip)


def _kind(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"{str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a group of fields"
