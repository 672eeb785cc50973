"""An OSCAL file as items of this system; the file itself is kept, so that nothing of it is lost on the way back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qmsctl import oscal
from qmsctl.editing._new import new_item
from qmsctl.editing._text import EditError, IdMalformed, IdTaken
from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.model import Items
from qmsctl.oscal import OscalFault, catalogs, components, mappings, profiles, records
from qmsctl.oscal.places import Kept, Sources, sources_of
from qmsctl.oscal.reading import MOST_BYTES, read

_ENTRIES = {
    oscal.MAPPING: "mappings",
    oscal.COMPONENTS: "components",
    oscal.RESULTS: "results",
    oscal.PLAN: "poam-items",
}
"""The list of each kind of document whose entries become items of their own."""

__all__ = ["MOST_BYTES", "Imported", "Options", "items_from"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a user said besides the file: an id, the catalogues meant, whether to keep wording and to replace files."""

    name: str = ""
    catalogue: str = ""
    source: str = ""
    target: str = ""
    with_text: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """New files by path, the items among them, and in plain words what could not be carried over."""

    files: Mapping[str, str]
    items: tuple[str, ...]
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Read:
    """An item as it was read: its type, its fields and the document to be kept beside it."""

    type: str
    fields: dict[str, Any]
    kept: Mapping[str, Any] | None = None


def items_from(content: bytes, name: str, loaded: Loaded, today: str, taken: list[str], options: Options) -> Imported:
    """Return the items that an OSCAL file makes. Raises EditError; nothing is written here."""
    try:
        kind, body = read(content, name)
        with oscal.named(name):
            found, lost = _items(kind, body, loaded, options, today)
    except OscalFault as error:
        raise EditError(error.message, error.help) from error
    if options.name and len(found) > 1:
        raise EditError(f"{name} makes {len(found)} items; one id cannot stand for all", "leave --id out")
    files: dict[str, str] = {}
    ids: list[str] = []
    for row in found:
        values = dict(row.fields)
        before = _before(row, kind, loaded)
        if before and not options.force:
            raise EditError(f"{name} was read before, as {before}", f"read it anew in place of {before}: --force")
        if options.name or before:
            values["id"] = options.name or before
        system = _without(loaded, str(values.get("id", ""))) if options.force else loaded
        try:
            path, text = new_item(system, row.type, values.pop("title"), values, today, [*taken, *ids])
        except IdTaken as error:
            raise EditError(error.message, "give another: --id ID; or replace the item of that id: --force") from error
        except IdMalformed as error:
            raise EditError(error.message, "give one: --id ID") from error
        ident = str(values.get("id") or _id_of(text))
        ids.append(ident)
        files[path] = text
        if row.kept is not None:
            files[f"{oscal.FOLDER}/{ident}.json"] = oscal.text_of(kind, row.kept)
    return Imported(files, tuple(ids), tuple(dict.fromkeys(lost)))


def _before(row: _Read, kind: str, loaded: Loaded) -> str:
    """Return the item that was made of the same entry of the same document, if there is one."""
    if row.kept is None:
        return ""
    kept = Kept(loaded.root)
    for item in loaded.qms.of_type(row.type):
        old = None if item.shipped else kept.of(item, kind)
        if old is not None and _marks(old, kind) == _marks(row.kept, kind):
            return item.id
    return ""


def _marks(body: Mapping[str, Any], kind: str) -> tuple[Any, ...]:
    """Return the UUIDs by which a document, and the entry that was cut out of it, are known."""
    entries = body.get(_ENTRIES.get(kind, ""), [])
    return body.get("uuid"), *(row.get("uuid") for row in entries if isinstance(row, Mapping))


def _id_of(text: str) -> str:
    return next(row for row in text.split("\n") if row.startswith("id: ")).removeprefix("id: ").strip("\"'")


def _without(loaded: Loaded, name: str) -> Loaded:
    """Return a system without one item, whose place is to be taken."""
    items = Items({key: item for key, item in loaded.qms.items.items() if key != name})
    return dataclasses.replace(loaded, qms=dataclasses.replace(loaded.qms, items=items))


def _items(
    kind: str, body: dict[str, Any], loaded: Loaded, options: Options, today: str
) -> tuple[list[_Read], list[str]]:
    if kind == oscal.CATALOG:
        return _catalogue(body, options), []
    graph = Graph(loaded)
    sources = sources_of(graph, Kept(loaded.root))
    for given in (options.catalogue, options.source, options.target):
        if given and given not in sources.by_id:
            raise OscalFault(f"there is no catalogue {given}", "catalogues: " + (", ".join(sources.by_id) or "none"))
    names = {ident: source.names for ident, source in sources.by_id.items()}
    if kind == oscal.PROFILE:
        chosen = options.catalogue or profiles.drawn_from(body, names)
        if chosen not in names:
            raise OscalFault(f"there is no catalogue {chosen}", "import it first, or name it in qms.yaml")
        fields = profiles.fields_of(body, chosen, names[chosen])
        _, strange = profiles.chosen(body, names[chosen])
        lost = [f"{ref} is no control of {chosen}" for ref in strange]
        return [_Read("standard", _free(fields, graph), _rest(body, fields))], lost
    if kind == oscal.MAPPING:
        found, lost = [], []
        ours = "id" in oscal.said(body["metadata"])
        for number in range(mappings.count(body)):
            fields, told = mappings.fields_of(body, number, names, (options.source, options.target))
            found.append(_Read("clause-mapping", fields, None if ours else mappings.single(body, number)))
            lost += told
        if not found:
            raise OscalFault(f"/{kind} has no mappings", "there is nothing to make an item of")
        return found, lost
    known = [options.catalogue] if options.catalogue else _best(body, sources)
    if kind == oscal.COMPONENTS:
        listed, lost = components.items_of(body, sources, known)
        kept_at = f"{oscal.FOLDER}/, beside this item"
        more = {"kept_at": kept_at, "checked": today, "check_every": "12 months"}
        return [
            _Read("external-document", fields | more, components.single(body, number))
            for number, fields in enumerate(listed)
        ], lost
    if kind == oscal.RESULTS:
        listed, lost = records.audits_of(body, sources, known)
        return [
            _Read("audit", _free(fields, graph), _kept(body, "results", number)) for number, fields in enumerate(listed)
        ], lost
    roles = [item.id for item in graph.of_type("role")]
    planned, lost = records.actions_of(body, roles)
    return [
        _Read(type_name, _free(fields, graph), _kept(body, "poam-items", number))
        for number, (type_name, fields) in enumerate(planned)
    ], lost


def _kept(body: Mapping[str, Any], field: str, number: int) -> Mapping[str, Any] | None:
    """Return what is to be kept of an entry; nothing where it was written here and says all that its item says."""
    return None if "id" in oscal.said(body[field][number]) else records.single(body, field, number)


def _catalogue(body: dict[str, Any], options: Options) -> list[_Read]:
    fields = catalogs.fields_of(body, options.with_text)
    return [_Read("catalogue", fields, None if _tells_all(fields, body) else body)]


def _tells_all(fields: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Tell whether a catalogue says all that its document says, so that nothing need be kept."""
    day = str(body["metadata"].get("last-modified"))[:10]
    return catalogs.document_of(fields, None, day) == body


def _rest(body: Mapping[str, Any], fields: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return None if "revision" in fields else body


def _free(fields: dict[str, Any], graph: Graph) -> dict[str, Any]:
    """Return fields without an id that an item here has: the item then gets the next free one."""
    return {name: value for name, value in fields.items() if name != "id" or value not in graph.items}


def _best(body: Mapping[str, Any], sources: Sources) -> list[str]:
    """Return the catalogues, first the one that has most of the controls a document names."""
    wanted: list[str] = []
    queue: list[Any] = [body]
    while queue:
        value = queue.pop()
        if isinstance(value, Mapping):
            wanted += [str(value[name]) for name in ("control-id", "target-id") if name in value]
            queue.extend(value.values())
        elif isinstance(value, list):
            queue.extend(value)
    hits = {name: sum(ref in source.names.keys for ref in wanted) for name, source in sources.by_id.items()}
    return sorted(sources.by_id, key=lambda name: (-hits[name], name))
