"""OSCAL mapping collections as clause mappings of ours, and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from qmsctl.model import rows_of, slug
from qmsctl.oscal import MAPPING, OscalFault, ident, line, metadata, plain, revised, said, say
from qmsctl.oscal.catalogs import Names
from qmsctl.oscal.profiles import most_like
from qmsctl.oscal.reading import rows, word

RELATIONS = {
    "equal": "equal-to",
    "subset": "subset-of",
    "superset": "superset-of",
    "intersect": "intersects-with",
    "none": "no-relationship",
}
_BACK = {there: here for here, there in RELATIONS.items()} | {"equivalent-to": "equal"}
_SIDES = (("from", "source"), ("to", "target"))
_APART = ("type", "title", "rows")


def document_of(
    item: Mapping[str, Any],
    sides: Mapping[str, tuple[Names, str]],
    kept: Mapping[str, Any] | None,
    day: str,
) -> dict[str, Any]:
    """Return the mapping collection for a clause mapping.

    ``sides`` has, for each of its two catalogues, which control stands for which clause and the UUID of the catalog;
    ``kept`` is the collection that the mapping was read from, if it was.
    """
    facts = {name: value for name, value in item.items() if name not in _APART}
    sources = tuple(sides[str(item[name])] for name, _ in _SIDES)
    if kept is not None:
        read = fields_of(kept, 0, {name: side[0] for name, side in sides.items()}, (str(item["from"]), str(item["to"])))
        same = ("title", "rows", "note", "confidence", "source")
        if all(item.get(name) == read[0].get(name) for name in same):
            return dict(kept)
        body = copy.deepcopy(dict(kept))
        body["metadata"]["title"] = line(item["title"])
        say(body["metadata"], facts)
        old = {str(_row(data, names_of(sides, item), "")[0]): data for data in body["mappings"][0]["maps"]}
        body["mappings"][0] |= _maps(item, sources, old)
        return revised(body, kept, day)
    head = metadata(str(item["title"]), "1.0", day)
    say(head, facts)
    mapping: dict[str, Any] = {"uuid": ident(MAPPING, str(item["id"]), "mapping")}
    for (name, there), (_, address) in zip(_SIDES, sources, strict=True):
        resource: dict[str, Any] = {"type": "catalog", "href": f"#{address}"}
        say(resource, {"catalogue": item[name]})
        mapping[f"{there}-resource"] = resource
    mapping |= _maps(item, sources, {})
    about = str(item.get("note") or item.get("source") or item["title"])
    resources = [
        {
            "uuid": address,
            "title": str(item[name]),
            "rlinks": [{"href": f"catalog-{item[name]}.json", "media-type": "application/json"}],
        }
        for (name, _), (_, address) in zip(_SIDES, sources, strict=True)
    ]
    return {
        "uuid": ident(MAPPING, str(item["id"])),
        "metadata": {name: head[name] for name in ("title", "last-modified", "version", "oscal-version", "props")},
        "provenance": {
            "method": "human",
            "matching-rationale": "semantic",
            "status": "complete",
            "mapping-description": about,
        },
        "mappings": [mapping],
        "back-matter": {"resources": resources},
    }


def names_of(sides: Mapping[str, tuple[Names, str]], item: Mapping[str, Any]) -> tuple[Names, Names]:
    """Return the names of both sides of a mapping."""
    return sides[str(item["from"])][0], sides[str(item["to"])][0]


def _maps(
    item: Mapping[str, Any], sides: tuple[tuple[Names, str], ...], old: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what a mapping says: its rows, and apart from them the clauses that nothing corresponds to."""
    maps: list[Mapping[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    alone: dict[str, list[str]] = {"source": [], "target": []}
    for number, row in enumerate(rows_of(item.get("rows"))):
        ids = {}
        for (name, there), (names, _) in zip(_SIDES, sides, strict=True):
            ids[there] = [names.ids.get(key) or _unknown(item, name, key) for key in row[name]]
        if not (ids["source"] and ids["target"]):
            gaps.append({"at": number, **row})
            for there, listed in ids.items():
                alone[there] += [ref for ref in listed if ref not in alone[there]]
            continue
        if str(dict(row)) in old:
            maps.append(old[str(dict(row))])
            continue
        data: dict[str, Any] = {
            "uuid": ident(MAPPING, str(item["id"]), str(number)),
            "relationship": RELATIONS[row["relation"]],
            "sources": [{"type": "control", "id-ref": ref} for ref in ids["source"]],
            "targets": [{"type": "control", "id-ref": ref} for ref in ids["target"]],
        }
        facts = {name: value for name, value in row.items() if name not in ("from", "to", "relation", "note")}
        say(data, facts)
        if row.get("note"):
            data["remarks"] = row["note"]
        maps.append(data)
    found: dict[str, Any] = {"maps": maps}
    if gaps:
        holder: dict[str, Any] = {}
        say(holder, {"rows": gaps})
        found |= holder
    for there, listed in alone.items():
        if listed:
            summary = {
                "uuid": ident(MAPPING, str(item["id"]), f"{there} gap"),
                "unmapped-controls": [{"with-ids": listed}],
            }
            found[f"{there}-gap-summary"] = summary
    if not maps:
        raise OscalFault(f"{item['id']} has no row with clauses on both sides", "OSCAL has no way to say that")
    return found


def _unknown(item: Mapping[str, Any], side: str, key: str) -> str:
    raise OscalFault(
        f"{item['id']} names {item[side]}/{key}, which is no clause of that catalogue", "correct it: qmsctl check"
    )


def count(body: Mapping[str, Any]) -> int:
    """Return how many mappings a collection holds."""
    return len(rows(body, "mappings", f"/{MAPPING}"))


def single(body: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return a collection with one of its mappings only, as it is kept beside the item made of it."""
    return {**body, "mappings": [body["mappings"][number]]}


def fields_of(
    body: Mapping[str, Any], number: int, catalogues: Mapping[str, Names], given: tuple[str, str] = ("", "")
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of the clause mapping, and what it could not take over. Raises OscalFault."""
    head = body["metadata"]
    place = f"/{MAPPING}/mappings/{number}"
    data = rows(body, "mappings", f"/{MAPPING}")[number]
    listed = rows(data, "maps", place)
    ours = said(head)
    names = []
    for (_, there), known in zip(_SIDES, given, strict=True):
        named = known or str(said(data.get(f"{there}-resource") or {}).get("catalogue") or "")
        if named not in catalogues:
            wanted = [str(ref.get("id-ref")) for row in listed for ref in rows(row, f"{there}s", place)]
            named = most_like(wanted, catalogues, f"the {there} of the mapping", f"--{there} ID")
        names.append(named)
    made: list[dict[str, Any]] = []
    lost: list[str] = []
    for nr, row in enumerate(listed):
        found, told = _row(row, (catalogues[names[0]], catalogues[names[1]]), f"{place}/maps/{nr}")
        lost += told
        if found is not None:
            made.append(found)
    for gap in rows_of(said(data).get("rows")):
        at = gap.get("at")
        made.insert(at if isinstance(at, int) else len(made), {name: v for name, v in gap.items() if name != "at"})
    if not made:
        raise OscalFault(
            f"{place}: nothing of it fits {names[0]} and {names[1]}", "name the catalogues: --source, --target"
        )
    title = line(head["title"])
    more = f" ({number + 1})" if number else ""
    fields = {
        "id": f"{slug(title)[:60].strip('-') or 'mapping'}{f'-{number + 1}' if number else ''}",
        "title": title[: 120 - len(more)] + more,
        "from": names[0],
        "to": names[1],
        "confidence": "secondary sources",
        "source": f"OSCAL mapping {title}, version {line(head.get('version') or 'unknown')}",
    }
    if "id" in ours:
        fields = {"id": fields["id"], "title": fields["title"], **ours}
    return {**fields, "rows": made}, lost


def _row(data: Mapping[str, Any], names: tuple[Names, Names], place: str) -> tuple[dict[str, Any] | None, list[str]]:
    """Return a row, None where one side is left empty, and what it named that is not there."""
    found: dict[str, Any] = {}
    lost: list[str] = []
    for (side, there), known in zip(_SIDES, names, strict=True):
        found[side] = []
        for ref in rows(data, f"{there}s", place):
            key = _control(str(ref.get("id-ref")), known)
            if key is None:
                lost.append(f"{place}: {ref.get('id-ref')} is no control of the {there}")
            elif key not in found[side]:
                found[side].append(key)
    relation = word(data, "relationship", place)
    if relation not in _BACK:
        lost.append(f"{place}: the relationship {relation} is not known here; taken for an overlap")
    found["relation"] = _BACK.get(relation, "intersect")
    found |= said(data)
    if data.get("remarks"):
        found["note"] = line(data["remarks"]) if "\n" in str(data["remarks"]) else plain(data["remarks"])
    if not (found["from"] and found["to"]):
        return None, lost
    return found, lost


def _control(ref: str, names: Names) -> str | None:
    """Return the clause of a control, or of the control a statement belongs to: ac-2_smt.a -> AC-2."""
    return names.keys.get(ref) or names.keys.get(ref.partition("_smt")[0])
