"""What a system says in OSCAL: catalogs, profiles, mappings, component definition, assessment results, plan of action."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from qmsctl import oscal
from qmsctl.coverage import Claims, coverage_of, standards_of
from qmsctl.graph import Graph
from qmsctl.model import Item
from qmsctl.oscal import OscalFault, catalogs, components, mappings, profiles, records
from qmsctl.oscal.places import Kept, Sources, sources_of

WHOLE = {"components": "component-definition", "results": "assessment-results", "plan": "plan-of-action"}
"""The documents about a whole system, by the word a user asks with; the values are the names of their files."""
SINGLE = {"catalogue": "catalog", "standard": "profile", "clause-mapping": "mapping"}
"""The documents about one item, by its type; the values begin the names of their files."""


@dataclass(frozen=True)
class Exporter:
    """Writes the documents of one system as of a day. ``root`` holds the documents that items were read from."""

    graph: Graph
    root: Path
    organisation: str
    day: str

    @cached_property
    def _kept(self) -> Kept:
        return Kept(self.root)

    @cached_property
    def _sources(self) -> Sources:
        return sources_of(self.graph, self._kept)

    def all(self) -> list[str]:
        """Return everything there is to write: ids of items, and the words for the whole system."""
        wanted = self._catalogues()
        ids = [*wanted, *(item.id for item in standards_of(self.graph))]
        ids += [i.id for i in self.graph.items.values() if i.type == "clause-mapping" and self._between(i, wanted)]
        return [*ids, *WHOLE]

    def _catalogues(self) -> list[str]:
        """Return the catalogues in use: those a standard item is about, and those of the organisation's own."""
        found = {str(item.get("catalogue")) for item in standards_of(self.graph)}
        found |= {i.id for i in self.graph.items.values() if i.type == "catalogue" and not i.shipped}
        return sorted(found)

    def _between(self, item: Item, catalogues: list[str]) -> bool:
        return not item.shipped or {str(item.get("from")), str(item.get("to"))} <= set(catalogues)

    def document(self, what: str) -> tuple[str, str]:
        """Return the name of the file and the JSON of a document. Raises OscalFault."""
        if what in WHOLE:
            kind, body = self._whole(what)
            return f"{WHOLE[what]}.json", oscal.text_of(kind, body)
        item = self.graph.items[what]
        if item.type not in SINGLE:
            raise OscalFault(
                f"{what} ({item.type}) has no document of its own in OSCAL; that have: {', '.join(SINGLE)}",
                f"for the whole system ask for {', '.join(WHOLE)}",
            )
        self._sound(item)
        kind, body = self._single(item)
        return f"{SINGLE[item.type]}-{item.id}.json", oscal.text_of(kind, body)

    def _single(self, item: Item) -> tuple[str, Mapping[str, Any]]:
        if item.type == "catalogue":
            return oscal.CATALOG, catalogs.document_of(item.fields, self._kept.of(item, oscal.CATALOG), self.day)
        by_id = self._sources.by_id
        if item.type == "clause-mapping":
            sides = {}
            for name in (str(item.get("from")), str(item.get("to"))):
                if name not in by_id:
                    raise OscalFault(
                        f"{item.id} maps {name}, which is not here", "name it under `standards` in qms.yaml"
                    )
                sides[name] = (by_id[name].names, by_id[name].address)
            kept = self._kept.of(item, oscal.MAPPING)
            return oscal.MAPPING, mappings.document_of(item.fields, sides, kept, self.day)
        name = str(item.get("catalogue"))
        if name not in by_id:
            raise OscalFault(f"{item.id} is about {name}, which is not here", "name it under `standards` in qms.yaml")
        source = by_id[name]
        kept = self._kept.of(item, oscal.PROFILE)
        catalogue = self.graph.items[name].fields
        return oscal.PROFILE, profiles.document_of(item.fields, catalogue, source.names, source.address, kept, self.day)

    def _whole(self, what: str) -> tuple[str, Mapping[str, Any]]:
        title = f"{self.organisation}: {WHOLE[what].replace('-', ' ')}"
        if what == "components":
            claims = Claims(self.graph, self.day)
            covered = [coverage_of(self.graph, name, self.day, claims) for name in self._catalogues()]
            body = components.document_of(
                self.graph, covered, self._sources, lambda i: self._kept.of(i, oscal.COMPONENTS), title, self.day
            )
            return oscal.COMPONENTS, body
        roles = {item.id: self.graph.title(item.id) for item in self.graph.items.values() if item.type == "role"}
        if what == "results":
            kept = self._kept_as(oscal.RESULTS)
            audits = list(self._fields("audit"))
            return oscal.RESULTS, records.results_of(audits, self._sources, kept, roles, title, self.day)
        kept = self._kept_as(oscal.PLAN)
        wrong, actions = list(self._fields("nonconformity")), list(self._fields("corrective-action"))
        return oscal.PLAN, records.plan_of(wrong, actions, self._sources, kept, roles, title, self.day)

    def _kept_as(self, kind: str) -> records.KeptOf:
        return lambda name: self._kept.of(self.graph.items[name], kind)

    def _fields(self, kind: str) -> Iterator[Mapping[str, Any]]:
        for item in self.graph.items.values():
            if item.type == kind:
                self._sound(item)
                yield item.fields

    def _sound(self, item: Item) -> None:
        """Raise OscalFault for an item that is not as its schema demands: a document of it would not be either."""
        if not self.graph.types[item.type].valid(item.fields):
            raise OscalFault(f"{item.id} has errors ({item.path})", "correct them first: qmsctl check")
