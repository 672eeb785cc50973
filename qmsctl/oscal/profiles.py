"""OSCAL profiles as items of type standard, and back: which controls of a catalogue were chosen."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from qmsctl.model import rows_of
from qmsctl.oscal import PROFILE, OscalFault, ident, line, metadata, revised, said, say, texts_of
from qmsctl.oscal.catalogs import Names
from qmsctl.oscal.reading import rows

_APART = ("type", "title", "revision")
_LISTS = ("exclusions", "inclusions")
JSON_TYPE = "application/json"


def in_scope(item: Mapping[str, Any], catalogue: str, names: Names) -> list[str]:
    """Return the clauses of a catalogue that are controls and that a standard item does not leave out everywhere."""
    out = {
        str(row.get("clause")).removeprefix(f"{catalogue}/")
        for row in rows_of(item.get("exclusions"))
        if not row.get("locations")
    }
    return [key for key in names.controls if not out.intersection(_up(key, names))]


def _up(key: str, names: Names) -> Iterable[str]:
    while key:
        yield key
        key = names.parents.get(key, "")


def document_of(
    item: Mapping[str, Any],
    catalogue: Mapping[str, Any],
    names: Names,
    address: str,
    kept: Mapping[str, Any] | None,
    day: str,
) -> dict[str, Any]:
    """Return the profile for a standard item; ``address`` is the UUID of the catalog it draws on.

    ``kept`` is the profile the item was read from, if it was; where both choose the same, it comes back as it was.
    """
    ids = [names.ids[key] for key in in_scope(item, str(catalogue["id"]), names)]
    facts = {name: value for name, value in item.items() if name not in _APART}
    if kept is not None:
        read = fields_of(kept, str(catalogue["id"]), names)
        if all(item.get(name, []) == read.get(name, []) for name in ("title", *_LISTS)):
            return dict(kept)
        body = copy.deepcopy(dict(kept))
        body["metadata"]["title"] = line(item["title"])
        if ids != chosen(kept, names)[0]:
            body["imports"] = [{"href": body["imports"][0]["href"], "include-controls": _listed(ids)}]
        say(body["metadata"], facts)
        return revised(body, kept, day)
    head = metadata(str(item["title"]), str(item.get("revision") or "1.0"), day)
    say(head, facts)
    link = {"href": f"catalog-{catalogue['id']}.json", "media-type": JSON_TYPE}
    return {
        "uuid": ident(PROFILE, str(item["id"])),
        "metadata": {name: head[name] for name in ("title", "last-modified", "version", "oscal-version", "props")},
        "imports": [{"href": f"#{address}", "include-controls": _listed(ids)}],
        "merge": {"as-is": True},
        "back-matter": {"resources": [{"uuid": address, "title": line(catalogue["title"]), "rlinks": [link]}]},
    }


def _listed(ids: list[str]) -> list[dict[str, Any]]:
    return [{"with-ids": ids}] if ids else []


def chosen(body: Mapping[str, Any], names: Names) -> tuple[list[str], list[str]]:
    """Return the ids of the controls that a profile chooses, in the order of the catalogue, and those not in it."""
    found: set[str] = set()
    strange: list[str] = []
    known = [names.ids[key] for key in names.controls]
    place = f"/{PROFILE}/imports"
    for number, row in enumerate(rows(body, "imports", f"/{PROFILE}")):
        here = f"{place}/{number}"
        taken = set(known) if "include-all" in row or "include-controls" not in row else set()
        taken |= _selected(row, "include-controls", here, names, known, strange)
        found |= taken - _selected(row, "exclude-controls", here, names, known, strange)
    return [name for name in known if name in found], list(dict.fromkeys(strange))


def _selected(
    row: Mapping[str, Any], field: str, place: str, names: Names, known: list[str], strange: list[str]
) -> set[str]:
    found: set[str] = set()
    for select in rows(row, field, place):
        ids = texts_of(select.get("with-ids"))
        strange += [name for name in ids if name not in names.keys]
        patterns = [str(rule.get("pattern")) for rule in rows(select, "matching", f"{place}/{field}")]
        hits = {name for name in known if name in ids or any(fnmatchcase(name, rule) for rule in patterns)}
        if select.get("with-child-controls") == "yes":
            keys = {names.keys[name] for name in hits}
            hits |= {names.ids[key] for key in names.controls if keys.intersection(_up(key, names))}
        found |= hits
    return found


def drawn_from(body: Mapping[str, Any], catalogues: Mapping[str, Names]) -> str:
    """Return the catalogue that a profile draws on. Raises OscalFault where none has its controls, or several have."""
    named = str(said(body["metadata"]).get("catalogue") or "")
    if named in catalogues:
        return named
    wanted = [
        str(name)
        for row in rows(body, "imports", f"/{PROFILE}")
        for select in rows(row, "include-controls", f"/{PROFILE}/imports")
        for name in texts_of(select.get("with-ids"))
    ]
    return most_like(wanted, catalogues, "the profile", "--catalogue ID")


def most_like(wanted: list[str], catalogues: Mapping[str, Names], what: str, option: str) -> str:
    """Return the catalogue that has most of some controls. Raises OscalFault."""
    hits = {name: sum(1 for ref in wanted if ref in found.keys) for name, found in catalogues.items()}
    best = [name for name, count in hits.items() if count and count == max(hits.values())]
    if len(best) == 1:
        return best[0]
    if not best:
        raise OscalFault(
            f"no catalogue here has the controls that {what} names, such as {', '.join(wanted[:3]) or 'none'}",
            "import the catalogue first: qmsctl import oscal CATALOG.json",
        )
    raise OscalFault(f"{what} may mean {' or '.join(best)}", f"say which: {option}")


def fields_of(body: Mapping[str, Any], catalogue: str, names: Names) -> dict[str, Any]:
    """Return the fields of a standard item. Raises OscalFault where the profile chooses nothing of the catalogue."""
    head = body["metadata"]
    title = line(head["title"])[:120]
    ours = said(head)
    if "id" in ours:
        return {"title": title, "revision": line(head.get("version"))} | ours
    ids, _ = chosen(body, names)
    if not ids:
        raise OscalFault(
            f"the profile chooses no control of {catalogue}", "name the catalogue it draws on: --catalogue ID"
        )
    by = f"{line(head['title'])}, version {line(head.get('version') or 'unknown')}"
    into = set(ids)
    refs = [(f"{catalogue}/{key}", names.ids[key] in into) for key in names.controls]
    found: dict[str, Any] = {"title": title, "catalogue": catalogue, "scope": f"As the profile {by} has it."}
    if out := [{"clause": ref, "reason": f"Not chosen by {by}."} for ref, is_in in refs if not is_in]:
        found["exclusions"] = _without_holders(out, refs, names, catalogue)
    found["inclusions"] = [{"clause": ref, "reason": f"Chosen by {by}."} for ref, is_in in refs if is_in]
    return found


def _without_holders(
    out: list[dict[str, Any]], refs: list[tuple[str, bool]], names: Names, catalogue: str
) -> list[dict[str, Any]]:
    """Return exclusions without those of controls that hold a chosen one: an exclusion counts for all below it."""
    needed = {f"{catalogue}/{key}" for ref, is_in in refs if is_in for key in _up(ref.partition("/")[2], names)}
    return [row for row in out if row["clause"] not in needed]
