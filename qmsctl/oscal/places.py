"""The OSCAL documents kept beside items, and which control of which catalog a clause is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qmsctl.graph import Graph
from qmsctl.model import Item
from qmsctl.oscal import CATALOG, FOLDER, OscalFault, line, named
from qmsctl.oscal.catalogs import Names, address, names_of
from qmsctl.oscal.reading import MOST_BYTES, read


@dataclass(frozen=True, slots=True)
class Source:
    """A catalogue as other documents see it: title, the UUID of its catalog, and its controls."""

    id: str
    title: str
    address: str
    names: Names


@dataclass(frozen=True, slots=True)
class Sources:
    """The catalogues of a system."""

    by_id: Mapping[str, Source]

    def control(self, ref: str) -> str:
        """Return the id of the control that a clause is; "" where it is none, such as a heading."""
        catalogue, _, key = ref.partition("/")
        source = self.by_id.get(catalogue)
        return source.names.ids.get(key, "") if source and key in source.names.controls else ""

    def clause(self, control: str, catalogues: Iterable[str]) -> str:
        """Return the clause that a control, or a statement of one, is in the first of the catalogues that has it."""
        for name in catalogues:
            keys = self.by_id[name].names.keys
            for ref in (control, control.partition("_")[0]):
                if ref in keys:
                    return f"{name}/{keys[ref]}"
        return ""

    def resources(self, catalogues: Iterable[str]) -> list[dict[str, Any]]:
        """Return the back matter that says which files the catalogs are."""
        return [
            {
                "uuid": self.by_id[name].address,
                "title": line(self.by_id[name].title),
                "rlinks": [{"href": f"catalog-{name}.json", "media-type": "application/json"}],
            }
            for name in catalogues
        ]


class Kept:
    """The documents that items were read from, each read once, from oscal/<id>.json below the root of a system."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        self._real = root.resolve() / FOLDER
        self._read: dict[tuple[str, str], Mapping[str, Any] | None] = {}

    def of(self, item: Item, kind: str) -> Mapping[str, Any] | None:
        """Return the document an item was read from, also where the item had another id then. Raises OscalFault."""
        if (item.id, kind) not in self._read:
            names = (item.id, *(str(name) for name in item.get("formerly") or ()))
            files = (self._folder / f"{name}.json" for name in names if name and "/" not in name)
            file = next((file for file in files if file.is_file()), None)
            self._read[item.id, kind] = self._body(file, kind) if file else None
        return self._read[item.id, kind]

    def _body(self, file: Path, kind: str) -> Mapping[str, Any]:
        place = f"{FOLDER}/{file.name}"
        if not file.resolve().is_relative_to(self._real):
            raise OscalFault(f"{place} is a link that leads elsewhere", "replace it with the file itself")
        with file.open("rb") as stream:
            found, body = read(stream.read(MOST_BYTES + 1), place)
        if found != kind:
            raise OscalFault(
                f"{place} holds a {found}, and the item of that id needs a {kind}", "import it anew, or delete it"
            )
        return body


def sources_of(graph: Graph, kept: Kept) -> Sources:
    """Return the catalogues of a system with their controls. Raises OscalFault."""
    found = {}
    for item in graph.items.values():
        if item.type == "catalogue":
            body = kept.of(item, CATALOG)
            with named(f"{FOLDER}/{item.id}.json"):
                found[item.id] = Source(item.id, item.title, address(item.fields, body), names_of(item.fields, body))
    return Sources(found)
