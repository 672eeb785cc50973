"""OSCAL catalogs as catalogues of ours, and back."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qmsctl.coverage.numbers import above
from qmsctl.model import mapping_of, rows_of, slug
from qmsctl.oscal import CATALOG, OscalFault, ident, line, metadata, plain, revised, said, say, texts_of, token
from qmsctl.oscal.reading import MAX_DEPTH, rows, word

QUESTION = "qmsctl-demands"
"""The class of a part that holds what an auditor asks."""
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.()-]*")
_INSERT = re.compile(r"\{\{\s*insert:\s*param,\s*([^\s}]+)\s*\}\}")
_CHILDREN = ("groups", "controls")
_APART = ("id", "type", "clauses")
_FIRST = ("title", "published", "last-modified", "version", "oscal-version", "revisions", "document-ids", "props")
_ORDER = ("uuid", "metadata", "params", "controls", "groups", "back-matter")


@dataclass(frozen=True, slots=True)
class Node:
    """A group or control as it stands in a document, with the number it gets here and that of what holds it."""

    data: Mapping[str, Any]
    group: bool
    key: str
    parent: str


@dataclass(frozen=True, slots=True)
class Names:
    """Which control of a document stands for which clause, both ways."""

    ids: Mapping[str, str]
    keys: Mapping[str, str]
    controls: tuple[str, ...]
    """The clauses that are controls, in order; the others are groups."""
    parents: Mapping[str, str]


# --- reading --------------------------------------------------------------------------------------


def nodes(body: Mapping[str, Any]) -> list[Node]:
    """Return all groups and controls in order. Raises OscalFault."""
    taken: set[str] = set()
    ids: set[str] = set()
    found: list[Node] = []

    def walk(holder: Mapping[str, Any], parent: str, place: str, depth: int, inside: bool) -> None:
        if depth > MAX_DEPTH:
            raise OscalFault(f"{place} is nested too deeply", "no catalog is")
        for field in ("controls",) if inside else _CHILDREN:
            for number, data in enumerate(rows(holder, field, place)):
                here = f"{place}/{field}/{number}"
                word(data, "title", here)
                name = word(data, "id", here) if field == "controls" or "id" in data else None
                if name is not None and name in ids:
                    raise OscalFault(f"{here}: the id `{name}` stands for something else already", "ids are unique")
                ids.add(name or here)
                key = _key(data, taken)
                found.append(Node(data, field == "groups", key, parent))
                walk(data, key, here, depth + 1, field == "controls")

    walk(body, "", f"/{CATALOG}", 0, False)
    if not found:
        raise OscalFault(f"/{CATALOG} has no controls", "a catalogue lists at least one clause")
    return found


def _key(data: Mapping[str, Any], taken: set[str]) -> str:
    """Return the number of a control, and take it: its label, its id, or one made of its title."""
    labels = [r for r in rows_of(data.get("props")) if r.get("name") == "label"]
    labels.sort(key=lambda row: "class" in row)
    wanted = [*(row.get("value") for row in labels), data.get("id"), slug(data["title"]), "x"]
    tried = (_number(str(text or "")) for text in wanted)
    fit = [key for key in tried if _KEY.fullmatch(key)]
    return _free(next((key for key in fit if key not in taken), fit[0]), taken)


def _number(text: str) -> str:
    """Return a text without spaces, and without what a number cannot hold."""
    close = re.sub(r"\s", "", text)
    return close if _KEY.fullmatch(close) else re.sub(r"[^A-Za-z0-9.()-]+", "-", close).strip("-.()")


def _free(name: str, taken: set[str]) -> str:
    """Return a name, with a number behind it where it is taken, and take it."""
    wanted, number = name, 1
    while wanted in taken:
        number += 1
        wanted = f"{name}-{number}"
    taken.add(wanted)
    return wanted


def fields_of(body: Mapping[str, Any], with_text: bool = False) -> dict[str, Any]:
    """Return the fields of a catalogue. Raises OscalFault.

    The wording of controls is taken over only where the document says that it is in the public domain, or with
    ``with_text``. A document that was written here gives back exactly what it was written from.
    """
    head = body["metadata"]
    ours = _is_ours(body)
    found: dict[str, Any] = {"id": _id(head["title"]), "type": "catalogue"}
    found = _with(found | _derived(head, ours), said(head))
    if with_text:
        found["public_domain"] = True
    listed = nodes(body)
    keys = {node.key for node in listed}
    labels = _labels(body) if ours or found.get("public_domain") else None
    found["clauses"] = [_with(_clause(node, keys, ours, labels), said(node.data)) for node in listed]
    return found


def _id(title: str) -> str:
    """Return an id made of a title; an id begins with a letter."""
    found = slug(title)[:60].strip("-")
    return found if found[:1].isalpha() else f"catalog-{found}".strip("-")


def _is_ours(body: Mapping[str, Any]) -> bool:
    """Tell whether a document was written here first: then its clauses say all there is to say of them."""
    return "id" in said(body["metadata"])


def _with(fields: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with others put over them; None takes one out."""
    return {name: value for name, value in (fields | dict(more)).items() if value is not None}


def _derived(head: Mapping[str, Any], ours: bool) -> dict[str, Any]:
    """Return what metadata say of a catalogue without properties of ours."""
    found: dict[str, Any] = {
        "title": line(head["title"])[:120],
        "issuer": _issuer(head),
        "edition": line(head.get("version") or "-"),
    }
    if not ours:
        source = f"OSCAL catalog {line(head['title'])}, version {line(head.get('version') or 'unknown')}"
        found |= {"complete": True, "confidence": "secondary sources", "sources": [source]}
    return found


def _issuer(head: Mapping[str, Any]) -> str:
    parties = {str(p.get("uuid")): p for p in rows_of(head.get("parties"))}
    named = [
        uuid
        for row in rows_of(head.get("responsible-parties"))
        if row.get("role-id") in ("creator", "author", "publisher")
        for uuid in texts_of(row.get("party-uuids"))
    ]
    for uuid in (*named, *parties):
        if parties.get(uuid, {}).get("name"):
            return line(parties[uuid]["name"])
    return "unknown"


def _clause(node: Node, keys: set[str], ours: bool, labels: Mapping[str, str] | None) -> dict[str, Any]:
    """Return what an object says of its clause without properties of ours.

    Its wording is among it where ``labels`` of the parameters are given.
    """
    found: dict[str, Any] = {"key": node.key, "topic": line(node.data["title"])}
    if next((key for key in above(node.key) if key in keys), "") != node.parent:
        found["under"] = node.parent
    if node.group or _withdrawn(node.data):
        found["heading"] = True
    elif not ours:
        found["control"] = True
    if labels is not None and (text := statement(node.data, labels)):
        found["text"] = text
    if question := _question(node.data):
        found["demands"] = question
    return found


def _withdrawn(data: Mapping[str, Any]) -> bool:
    return any(
        row.get("name") == "status" and str(row.get("value")).lower() == "withdrawn"
        for row in rows_of(data.get("props"))
    )


def _question(data: Mapping[str, Any]) -> str:
    for part in rows_of(data.get("parts")):
        if part.get("class") == QUESTION:
            return plain(part.get("prose") or "")
    return ""


def _labels(body: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands for each parameter where it has no value: its label, its choices."""
    found: dict[str, str] = {}
    queue: list[Any] = [body]
    while queue:
        holder = queue.pop()
        for row in rows_of(holder.get("params")):
            if isinstance(row.get("id"), str):
                choices = texts_of(mapping_of(row.get("select")).get("choice"))
                values = texts_of(row.get("values"))
                found[row["id"]] = ", ".join(values) or "; or ".join(choices) or str(row.get("label") or "")
        for field in _CHILDREN:
            queue.extend(rows_of(holder.get(field)))
    return found


def statement(data: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """Return the wording of a control as plain lines, with labels in brackets where a value is to be set."""

    def put(text: str, depth: int = 0) -> str:
        if depth > 3:
            return text
        return _INSERT.sub(lambda m: f"[{put(labels.get(m.group(1)) or m.group(1), depth + 1)}]", text)

    def lines(part: Mapping[str, Any], depth: int) -> Iterator[str]:
        label = next((str(r.get("value")) for r in rows_of(part.get("props")) if r.get("name") == "label"), "")
        if prose := plain(part.get("prose") or "").strip():
            yield f"{label} {put(prose)}".strip()
        if depth < MAX_DEPTH:
            for below in rows_of(part.get("parts")):
                yield from lines(below, depth + 1)

    for part in rows_of(data.get("parts")):
        if part.get("name") == "statement":
            return "\n".join(lines(part, 0))
    return ""


# --- writing --------------------------------------------------------------------------------------


def document_of(item: Mapping[str, Any], kept: Mapping[str, Any] | None, day: str) -> dict[str, Any]:
    """Return the catalog for a catalogue; ``kept`` is the document it was read from, if it was.

    Where the item says what ``kept`` says, that comes back as it was, its UUID and time included.
    """
    body = _body(item, kept, day)
    if kept is None or body == kept:
        return body
    return revised(body, kept, day)


def names_of(item: Mapping[str, Any], kept: Mapping[str, Any] | None) -> Names:
    """Return which control stands for which clause."""
    made = _made(item, kept)
    ids = {key: str(data["id"]) for key, data in made.objects.items() if data.get("id")}
    controls = tuple(key for key in made.objects if key not in made.groups)
    return Names(ids, {name: key for key, name in ids.items()}, controls, made.parents)


def address(item: Mapping[str, Any], kept: Mapping[str, Any] | None) -> str:
    """Return the UUID of the catalog of a catalogue, by which other documents name it."""
    return str(kept["uuid"]) if kept and kept.get("uuid") else ident(CATALOG, str(item["id"]))


def clauses_of(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the clauses of a catalogue that have a number and a topic, each number once."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows_of(item.get("clauses")):
        if isinstance(row.get("key"), str) and isinstance(row.get("topic"), str):
            found.setdefault(row["key"], row)
    return list(found.values())


def parents_of(clauses: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return the clause each clause stands below, "" for none: what `under` says, else what its number continues."""
    keys = {str(row.get("key")) for row in clauses}
    found: dict[str, str] = {}
    for row in clauses:
        key = str(row.get("key"))
        named = str(row["under"]) if "under" in row else _natural(key, keys)
        # A clause never stands below itself or below one that is listed after it.
        found[key] = named if named in found and named != key else ""
    return found


def _natural(key: str, keys: set[str]) -> str:
    return next((name for name in above(key) if name in keys), "")


def _body(item: Mapping[str, Any], kept: Mapping[str, Any] | None, day: str) -> dict[str, Any]:
    body: dict[str, Any] = {"uuid": address(item, kept), "metadata": _metadata(item, kept, day)}
    body |= {name: value for name, value in (kept or {}).items() if name not in (*body, *_CHILDREN)}
    made = _made(item, kept)
    for key, data in made.objects.items():
        holder = made.objects.get(made.parents[key], body)
        holder.setdefault("groups" if key in made.groups else "controls", []).append(data)
    return {name: body[name] for name in sorted(body, key=lambda n: _ORDER.index(n) if n in _ORDER else 9)}


def _metadata(item: Mapping[str, Any], kept: Mapping[str, Any] | None, day: str) -> dict[str, Any]:
    if kept is None:
        issuer = line(item.get("issuer") or "unknown")
        party = ident("party", issuer)
        head = metadata(str(item["title"]), str(item.get("edition") or "-"), day)
        head["roles"] = [{"id": "creator", "title": "Issuer"}]
        head["parties"] = [{"uuid": party, "type": "organization", "name": issuer}]
        head["responsible-parties"] = [{"role-id": "creator", "party-uuids": [party]}]
        ours = True
    else:
        ours = _is_ours(kept)
        head = copy.deepcopy(dict(kept["metadata"]))
        before = _derived(head, ours)
        for field, name in (("title", "title"), ("version", "edition")):
            if line(item.get(name)) != before[name]:
                head[field] = line(item.get(name))
    before = _derived(head, ours)
    facts = {"id": item["id"]} if ours else {}
    facts |= {n: item.get(n) for n in (*item, *before) if n not in _APART and item.get(n) != before.get(n)}
    _say(head, facts)
    return {name: head[name] for name in sorted(head, key=lambda n: _FIRST.index(n) if n in _FIRST else len(_FIRST))}


def _say(holder: dict[str, Any], facts: Mapping[str, Any]) -> None:
    """Write facts as properties of ours, in the order that they had."""
    order = list(said(holder))
    say(
        holder,
        {name: facts[name] for name in (*(n for n in order if n in facts), *(n for n in facts if n not in order))},
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """The object of each clause without those below it, which of them are groups, and what they stand below."""

    objects: Mapping[str, dict[str, Any]]
    groups: frozenset[str]
    parents: Mapping[str, str]


def _made(item: Mapping[str, Any], kept: Mapping[str, Any] | None) -> _Made:
    olds = {node.key: node for node in nodes(kept)} if kept else {}
    ours = kept is None or _is_ours(kept)
    labels = _labels(kept) if kept else {}
    listed = clauses_of(item)
    keys = {str(row["key"]) for row in listed}
    parents = parents_of(listed)
    ids = {str(node.data["id"]) for node in olds.values() if node.data.get("id")}
    found: dict[str, dict[str, Any]] = {}
    groups: set[str] = set()
    wanted = _groups(listed, parents, olds)
    for row in listed:
        key = str(row["key"])
        old = olds.get(key)
        if key in wanted and (not parents[key] or parents[key] in groups):
            groups.add(key)
        if old:
            data = {name: value for name, value in old.data.items() if name not in _CHILDREN}
        else:
            data = {"title": line(row["topic"]), "props": [{"name": "label", "value": key}]}
        if not data.get("id") and not (old and key in groups):
            data = {"id": _free(token(key), ids)} | data
        _put(data, row, Node(data, key in groups, key, parents[key]), keys, ours, labels)
        found[key] = data
    return _Made(found, frozenset(groups), parents)


def _groups(listed: list[Mapping[str, Any]], parents: Mapping[str, str], olds: Mapping[str, Node]) -> set[str]:
    """Return the clauses to be written as groups: headings whose neighbours are headings too.

    What stands in a group is either all groups or all controls. What was read stays what it was.
    """
    level: dict[str, list[str]] = {}
    for row in listed:
        level.setdefault(parents[str(row["key"])], []).append(str(row["key"]))
    wants = {str(row["key"]): bool(row.get("heading")) for row in listed}
    wants |= {key: node.group for key, node in olds.items()}
    found: set[str] = set()
    for keys in level.values():
        if all(key in olds for key in keys) or all(wants[key] for key in keys):
            found.update(key for key in keys if wants[key])
    return found


def _put(
    data: dict[str, Any], row: Mapping[str, Any], node: Node, keys: set[str], ours: bool, labels: Mapping[str, str]
) -> None:
    """Write into an object what its clause says and the object does not."""
    before = _clause(node, keys, ours, labels)
    if line(row["topic"]) != before["topic"]:
        data["title"] = line(row["topic"])
    text = str(row.get("text") or "")
    if text and text != before.get("text"):
        _part(data, {"id": f"{data.get('id', node.key)}_smt", "name": "statement", "prose": text}, "name", "statement")
    question = str(row.get("demands") or "")
    if question != before.get("demands", ""):
        part = {"id": f"{data.get('id', node.key)}_gdn", "name": "guidance", "class": QUESTION, "prose": question}
        _part(data, part if question else None, "class", QUESTION)
    after = _clause(node, keys, ours, labels)
    facts = {n: row.get(n) for n in (*row, *after) if n not in ("key", "under", "text") and row.get(n) != after.get(n)}
    if text and text != after.get("text"):
        facts["text"] = text
    if row.get("under") is not None and row["under"] == _natural(node.key, keys):
        facts["under"] = row["under"]
    _say(data, facts)


def _part(data: dict[str, Any], part: dict[str, Any] | None, field: str, value: str) -> None:
    """Put a part in the place of the one like it, or behind all; None takes that one out."""
    parts = rows_of(data.get("parts"))
    at = next((nr for nr, old in enumerate(parts) if old.get(field) == value), len(parts))
    parts[at : at + 1] = [part] if part else []
    if parts:
        data["parts"] = parts
    else:
        data.pop("parts", None)
