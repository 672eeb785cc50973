"""A framework library of CISO Assistant as a catalogue of clauses, and its mappings as clause mappings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qmsctl.coverage.numbers import above
from qmsctl.editing._new import new_item
from qmsctl.editing._text import EditError, IdMalformed, IdTaken
from qmsctl.loader import Loaded
from qmsctl.model import Items, mapping_of, nearest, rows_of, slug
from qmsctl.oscal import OscalFault, line, plain
from qmsctl.oscal.reading import MOST_BYTES, plain_yaml

__all__ = ["MOST_BYTES", "Imported", "Options", "items_from"]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.()-]*")
_RELATIONS = {
    "equal": "equal",
    "subset": "subset",
    "superset": "superset",
    "intersect": "intersect",
    "not_related": "none",
}
_DEEPEST = 200
_NODES = "objects/framework/requirement_nodes"


@dataclass(frozen=True, slots=True)
class Options:
    """What a user said besides the file: an id, a language, the catalogues of a mapping, whether to keep wording."""

    name: str = ""
    locale: str = ""
    source: str = ""
    target: str = ""
    with_text: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """New files by path, the items among them, how many clauses and rows they have, and what was left out."""

    files: Mapping[str, str]
    items: tuple[str, ...]
    counts: Mapping[str, int]
    lost: tuple[str, ...] = ()


def items_from(content: bytes, name: str, loaded: Loaded, today: str, taken: list[str], options: Options) -> Imported:
    """Return the items that a library makes. Raises EditError; nothing is written here."""
    library = _library(content, name)
    _typed(library, name, "the library")
    objects = mapping_of(library.get("objects"))
    found: list[tuple[str, dict[str, Any]]] = []
    lost: list[str] = []
    frameworks = _several(objects, "framework")
    for framework in frameworks:
        found.append(("catalogue", _catalogue(library, framework, name, options, lost)))
    fresh = {str(fields["id"]): fields for _, fields in found}
    for mapping in _several(objects, "requirement_mapping_set"):
        found.append(("clause-mapping", _mapping(library, mapping, name, loaded, fresh, options, lost)))
    if not found:
        held = ", ".join(str(key) for key in objects) or "nothing"
        raise EditError(
            f"{name} holds no framework and no mapping; it holds {held}",
            "take a library with objects.framework or objects.requirement_mapping_sets",
        )
    if options.name and len(found) > 1:
        raise EditError(f"{name} makes {len(found)} items; one id cannot stand for all", "leave --id out")
    files: dict[str, str] = {}
    ids: list[str] = []
    system = loaded
    for kind, fields in found:
        values = dict(fields)
        if options.name:
            values["id"] = options.name
        try:
            system = _without(loaded, str(values["id"])) if options.force else loaded
            path, text = new_item(system, kind, values.pop("title"), values, today, [*taken, *ids])
        except IdTaken as error:
            raise EditError(error.message, "give another: --id ID; or replace the item of that id: --force") from error
        except IdMalformed as error:
            raise EditError(error.message, "give one: --id ID") from error
        ids.append(str(values["id"]))
        files[path] = text
    counts = {str(i): len(f.get("clauses", f.get("rows", ()))) for i, (_, f) in zip(ids, found, strict=True)}
    return Imported(files, tuple(ids), counts, tuple(dict.fromkeys(lost)))


def _without(loaded: Loaded, name: str) -> Loaded:
    import dataclasses

    items = Items({key: item for key, item in loaded.qms.items.items() if key != name})
    return dataclasses.replace(loaded, qms=dataclasses.replace(loaded.qms, items=items))


def _several(objects: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return what stands under a name or its plural: libraries have had both."""
    one, many = objects.get(name), objects.get(f"{name}s")
    return rows_of([one] if isinstance(one, Mapping) else many)


def _library(content: bytes, name: str) -> Mapping[str, Any]:
    if len(content) > MOST_BYTES:
        raise EditError(f"{name} has more than {MOST_BYTES // 1_000_000} MB", "split it")
    try:
        data = plain_yaml(content.decode("utf-8-sig"), name, numbers=False)
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise EditError(f"{name}:{at} is not UTF-8 text", "save it with the encoding UTF-8") from error
    except OscalFault as error:
        raise EditError(error.message, error.help) from error
    if not isinstance(data, Mapping) or not isinstance(data.get("objects"), Mapping):
        raise EditError(
            f"{name} is no library of CISO Assistant: it has no `objects`", "take a file of its folder libraries"
        )
    return data


_TEXTS = (
    *("urn", "parent_urn", "ref_id", "name", "description", "annotation"),
    *("source_framework_urn", "target_framework_urn", "source_requirement_urn", "target_requirement_urn"),
    *("locale", "provider", "packager", "copyright", "version", "publication_date"),
)


def _typed(row: Mapping[str, Any], name: str, place: str) -> None:
    """Refuse lists and mappings where a text has to stand. Raises EditError."""
    texts = [(field, row.get(field)) for field in _TEXTS]
    translations = row.get("translations")
    if translations is not None and not isinstance(translations, Mapping):
        raise EditError(f"{name}: {place}: `translations` is {_sort(translations)}, and no mapping", _AS_OTHERS)
    for language, said in (translations or {}).items():
        if not isinstance(said, Mapping):
            raise EditError(f"{name}: {place}: `translations/{language}` is {_sort(said)}, and no mapping", _AS_OTHERS)
        texts += [(f"translations/{language}/{field}", value) for field, value in said.items() if field in _TEXTS]
    for field, value in texts:
        if value is not None and not isinstance(value, str):
            raise EditError(f"{name}: {place}: `{field}` is {_sort(value)}, and no text", _AS_OTHERS)


_AS_OTHERS = "write it as the other libraries have it"


def _sort(value: Any) -> str:
    """Say what a value is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "a list" if isinstance(value, list) else "a mapping" if isinstance(value, Mapping) else f"`{value!s:.40}`"


def _of_node(node: Mapping[str, Any], name: str, place: str) -> None:
    """Refuse a requirement whose fields are not what they have to be. Raises EditError."""
    urn = node.get("urn")
    if isinstance(urn, str) and urn:
        place = f"{place} ({urn:.80})"
        if not urn.startswith("urn:"):
            raise EditError(f"{name}: {place}: `urn` is no urn", "a urn begins with urn:")
    _typed(node, name, place)
    assessable = node.get("assessable")
    if assessable is not None and not isinstance(assessable, bool):
        raise EditError(f"{name}: {place}: `assessable` is {_sort(assessable)}", "write true or false")


def _rows(holder: Mapping[str, Any], field: str, name: str, place: str) -> list[Mapping[str, Any]]:
    """Return the mappings of a list. Raises EditError where something else stands there."""
    value = holder.get(field)
    if value is not None and not isinstance(value, list):
        raise EditError(f"{name}: {place}/{field} is {_sort(value)}, and no list", _AS_OTHERS)
    for number, row in enumerate(value or ()):
        if not isinstance(row, Mapping):
            raise EditError(f"{name}: {place}/{field}/{number} is {_sort(row)}, and no mapping", _AS_OTHERS)
    return list(value or ())


# --- frameworks -----------------------------------------------------------------------------------


def _catalogue(
    library: Mapping[str, Any], framework: Mapping[str, Any], name: str, options: Options, lost: list[str]
) -> dict[str, Any]:
    _typed(framework, name, "objects/framework")
    nodes = _rows(framework, "requirement_nodes", name, "objects/framework")
    if not nodes:
        raise EditError(f"{name}: {_NODES} is empty", "a framework lists at least one requirement")
    for number, node in enumerate(nodes):
        _of_node(node, name, f"{_NODES}/{number}")
    locale = _locale(library, nodes, name, options.locale)
    ordered = _ordered(nodes, name, lost)
    called = _said(framework, "name", locale) or _said(library, "name", locale) or str(framework.get("ref_id") or name)
    version = f"library version {library.get('version') or 'unknown'}"
    dated = f" of {library['publication_date']}" if library.get("publication_date") else ""
    packager = f", packaged by {library['packager']}" if library.get("packager") else ""
    found: dict[str, Any] = {
        "id": _id(str(framework.get("ref_id") or library.get("ref_id") or called)),
        "title": line(called)[:120],
        "issuer": line(library.get("provider") or "unknown"),
        "edition": f"{version}{dated}",
        "complete": True,
        "confidence": "secondary sources",
        "sources": [f"CISO Assistant {line(library.get('urn') or name)}, {version}{packager}"],
    }
    if library.get("copyright"):
        found["note"] = line(_said(library, "copyright", locale))
    if options.with_text:
        found["public_domain"] = True
    found["clauses"] = list(_clauses(ordered, locale, options.with_text))
    return found


def _id(text: str) -> str:
    """Return an id, which begins with a letter."""
    found = slug(text)[:60].strip("-")
    return found if found[:1].isalpha() else f"framework-{found}".strip("-")


def _locale(library: Mapping[str, Any], nodes: list[Mapping[str, Any]], name: str, wanted: str) -> str:
    """Return the language to take translations of; "" for the library's own."""
    own = str(library.get("locale") or "en")
    if not wanted or wanted == own:
        return ""
    known = {str(lang) for row in (library, *nodes) for lang in mapping_of(row.get("translations"))}
    if wanted not in known:
        raise EditError(f"{name} has no texts in `{wanted}`", f"it has {', '.join([own, *sorted(known - {own})])}")
    return wanted


def _said(row: Mapping[str, Any], field: str, locale: str) -> str:
    """Return a text in a language, or in the library's own where it was not translated."""
    translated = mapping_of(mapping_of(row.get("translations")).get(locale)).get(field) if locale else None
    return plain(translated or row.get(field) or "").strip()


@dataclass(frozen=True, slots=True)
class _Node:
    """A requirement with the place it gets: its number here, and that of the requirement it stands below."""

    data: Mapping[str, Any]
    key: str
    parent: str


def _ordered(nodes: list[Mapping[str, Any]], name: str, lost: list[str]) -> list[_Node]:
    """Return requirements with what stands below each of them behind it. Raises EditError for duplicates and circles."""
    at: dict[str, int] = {}
    for number, node in enumerate(nodes):
        urn = str(node.get("urn") or "")
        if not urn:
            raise EditError(f"{name}: {_NODES}/{number} has no urn", "every requirement has one")
        if urn in at:
            raise EditError(
                f"{name}: {_NODES}/{number} has the urn of {_NODES}/{at[urn]}: {urn}", "keep one of the two"
            )
        at[urn] = number
    below: dict[str, list[Mapping[str, Any]]] = {}
    for node in nodes:
        parent = str(node.get("parent_urn") or "")
        if parent and parent not in at:
            lost.append(f"{node['urn']} stands below {parent}, which is not in the file; it stands on its own now")
            parent = ""
        below.setdefault(parent, []).append(node)
    found: list[_Node] = []
    keys: set[str] = set()
    seen: set[str] = set()
    queue = [(node, "", 0) for node in reversed(below.get("", []))]
    while queue:
        node, parent, depth = queue.pop()
        if depth > _DEEPEST:
            raise EditError(f"{name}: {node['urn']} stands below {depth} others", "no framework is that deep")
        key = _key(node, keys)
        seen.add(str(node["urn"]))
        found.append(_Node(node, key, parent))
        queue += [(child, key, depth + 1) for child in reversed(below.get(str(node["urn"]), ()))]
    if len(found) < len(nodes):
        urn = next(str(node["urn"]) for node in nodes if str(node["urn"]) not in seen)
        raise EditError(f"{name}: {_NODES}: {_circle(urn, nodes, at)}", "a requirement cannot stand below itself")
    return found


def _circle(urn: str, nodes: list[Mapping[str, Any]], at: Mapping[str, int]) -> str:
    """Say which requirements stand below each other."""
    path: list[str] = []
    while urn not in path:
        path.append(urn)
        urn = str(nodes[at[urn]].get("parent_urn"))
    return " below ".join([*path[path.index(urn) :][:5], urn])


def _key(node: Mapping[str, Any], taken: set[str]) -> str:
    """Return the number of a requirement, and take it: its ref_id, or the end of its urn."""
    tail = _tail(str(node["urn"]))
    for text in (node.get("ref_id"), tail):
        key = _plain(str(text or ""))
        if _KEY.fullmatch(key) and key not in taken:
            taken.add(key)
            return key
    base = _plain(str(node.get("ref_id") or "")) or _plain(tail) or "x"
    base = base if _KEY.fullmatch(base) else "x"
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    taken.add(f"{base}-{number}")
    return f"{base}-{number}"


def _plain(text: str) -> str:
    """Return a text without spaces, and without what a number cannot hold."""
    close = re.sub(r"\s", "", text)
    return close if _KEY.fullmatch(close) else re.sub(r"[^A-Za-z0-9.()-]+", "-", close).strip("-.()")


def _tail(urn: str) -> str:
    return urn.rpartition(":")[2]


def _clauses(nodes: list[_Node], locale: str, with_text: bool) -> Iterator[dict[str, Any]]:
    keys = {node.key for node in nodes}
    for node in nodes:
        name, text = _said(node.data, "name", locale), _said(node.data, "description", locale)
        found: dict[str, Any] = {"key": node.key, "topic": line(name or _topic(text, node.key, with_text))}
        if next((key for key in above(node.key) if key in keys), "") != node.parent:
            found["under"] = node.parent
        if node.data.get("assessable") is not True:
            found["heading"] = True
        if with_text and text:
            found["text"] = text
        if _plain(_tail(str(node.data["urn"]))).casefold() != node.key.casefold():
            found["source"] = str(node.data["urn"])  # so that mappings, which name the urn, find it
        yield found


def _topic(text: str, key: str, with_text: bool) -> str:
    """Return what a requirement without a name is called; its wording only where that may be kept."""
    if not with_text or not text:
        return f"Requirement {key}"
    short = line(text)
    return short if len(short) <= 80 else f"{short[:80].rsplit(' ', 1)[0]} …"


# --- mappings -------------------------------------------------------------------------------------


def _mapping(
    library: Mapping[str, Any],
    mapping: Mapping[str, Any],
    name: str,
    loaded: Loaded,
    fresh: Mapping[str, Mapping[str, Any]],
    options: Options,
    lost: list[str],
) -> dict[str, Any]:
    catalogues = {i.id: i.fields for i in loaded.qms.of_type("catalogue")} | dict(fresh)
    sides = {}
    for side, given in (("source", options.source), ("target", options.target)):
        wanted = _tail(str(mapping.get(f"{side}_framework_urn") or ""))
        chosen = given or _like(wanted, catalogues)
        if chosen not in catalogues:
            near = nearest(given or wanted, list(catalogues), 1)
            raise EditError(
                f"{name} maps the framework {wanted or 'without a urn'}, and no catalogue here is it",
                f"import it first, or name the catalogue: --{side} {near[0] if near else 'ID'}",
            )
        sides[side] = (chosen, dict(_urns(catalogues[chosen])))
    rows = []
    place = f"{mapping.get('urn') or 'requirement_mapping_sets'}"
    _typed(mapping, name, place)
    for number, row in enumerate(_rows(mapping, "requirement_mappings", name, place)):
        _typed(row, name, f"{place}: row {number + 1}")
        found = {}
        for side, (chosen, keys) in sides.items():
            urn = str(row.get(f"{side}_requirement_urn") or "")
            key = keys.get(urn) or keys.get(_plain(_tail(urn)).casefold())
            if key is None:
                lost.append(f"{place}: row {number + 1} names {urn or 'nothing'}, which is not in {chosen}")
            found[side] = key
        relation = str(row.get("relationship"))
        if relation not in _RELATIONS:
            lost.append(f"{place}: row {number + 1} says `{relation}`, which is no relation")
        elif found["source"] and found["target"]:
            entry = {"from": [found["source"]], "to": [found["target"]], "relation": _RELATIONS[relation]}
            rows.append(entry | ({"note": line(row["annotation"])} if row.get("annotation") else {}))
    if not rows:
        raise EditError(
            f"{name}: nothing of {place} fits {sides['source'][0]} and {sides['target'][0]}",
            "name the catalogues it maps: --source ID --target ID",
        )
    called = _said(mapping, "name", options.locale) or _said(library, "name", options.locale) or place
    return {
        "id": _id(str(mapping.get("ref_id") or library.get("ref_id") or called)),
        "title": line(called)[:120],
        "from": sides["source"][0],
        "to": sides["target"][0],
        "confidence": "secondary sources",
        "source": f"CISO Assistant {line(library.get('urn') or name)}, library version {library.get('version') or 'unknown'}",
        "rows": rows,
    }


def _like(wanted: str, catalogues: Iterable[str]) -> str:
    """Return the catalogue that is called like the end of a urn: iso27001-2022, ISO27001_2022."""
    known = {slug(name): name for name in catalogues}
    return known.get(slug(wanted), "")


def _urns(catalogue: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a mapping may call a clause by, and its number."""
    for row in rows_of(catalogue.get("clauses")):
        key = str(row.get("key"))
        yield key.casefold(), key
        if str(row.get("source") or "").startswith("urn:"):
            yield str(row["source"]), key
