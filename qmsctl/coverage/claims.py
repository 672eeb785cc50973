"""Claims: what says that it answers, proves or measures a clause, and whether it carries today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from qmsctl import tracking
from qmsctl.coverage import words
from qmsctl.coverage.words import Reason
from qmsctl.graph import Graph
from qmsctl.model import Item, Link, Position, add_period, mapping_of, rows_of

HOW = {"answered by": "implements", "evidenced by": "evidences", "measured by": "measures"}
"""What a link to a clause says, by the name it has at the clause's end."""
CLAIMED = "claimed by"
"""That name for rows that say themselves how they claim."""
SAMPLE_EVERY = "12 months"
GRACE = "3 months"
"""How much longer than the usual time between two samples a record may be the newest one."""
SAME = ("equal", "superset")
"""Relations of an answered clause to another that make its answer one to the other as well."""
MOST_PAIRS = 10_000
"""How many pairs of clauses one row of a mapping may make."""
_BACK = {"equal": "equal", "subset": "superset", "superset": "subset", "intersect": "intersect"}


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was really kept: an item, or one that was looked up as a sample of its kind.

    ``good_until`` is the last day on which it proves that records are still kept.
    """

    at: str
    date: str
    reference: str
    location: str = ""
    good_until: str = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Via:
    """Where a derived claim comes from: the mapping, the clause it was made for and how that relates to this one.

    ``together`` are all clauses of that side of the row; only together do they relate as the row says.
    """

    mapping: str
    clause: str
    relation: str
    note: str = ""
    together: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that says it implements, evidences or measures a clause.

    ``at`` is the item or the part of it that says so, ``section`` the place in its text. ``weak`` says why it does
    not carry in full; ``in_force`` is false where it does not count at all yet, or no more.
    """

    how: str
    source: str
    at: str
    clause: str
    link: Link
    section: str = ""
    missing: str = ""
    owner: str = ""
    locations: tuple[str, ...] = ()
    document: bool = False
    in_force: bool = True
    weak: tuple[Reason, ...] = ()
    records: tuple[Record, ...] = ()
    via: Via | None = None

    @property
    def position(self) -> Position:
        """Where it says so."""
        return self.link.position

    @property
    def carries(self) -> bool:
        """Whether it answers or proves its clause in full."""
        return self.in_force and not self.weak and (self.via is None or self.via.relation in SAME)

    def applies(self, location: str) -> bool:
        """Tell whether it holds at a location; what names none holds at all of them."""
        return not self.locations or not location or location in self.locations


class Claims:
    """All claims of a system, by clause. Built once for a day, then only read."""

    def __init__(self, graph: Graph, today: str) -> None:
        self.graph = graph
        self.today = today
        self._of: dict[str, Any] = {}
        self._weak: dict[str, Any] = {}
        self._records: dict[str, Any] = {}

    def of(self, clause: str) -> tuple[Claim, ...]:
        """Return the claims made for a clause itself, in the order of their items."""
        return tracking.keep(self._of, f"Claims.of {clause}", lambda: self._made_for(clause))

    def made_by(self, item: str) -> list[Claim]:
        """Return the claims that an item and its parts make, clause by clause as it comes to them."""
        rows: dict[str, list[Claim]] = {}
        for link in self.graph.links_from(item):
            if "/" in link.part:
                claim = None if link.problem else self._claim(link)
                rows.setdefault(link.part, []).extend([claim] if claim is not None else [])
        found = {(claim.clause, claim.at, claim.how): claim for claims in rows.values() for claim in claims}
        return list(found.values())

    def claimed(self) -> list[str]:
        """Return the clauses that anything makes a claim for."""
        return [clause for clause in dict.fromkeys(link.part for link in self.graph.clause_links) if self.of(clause)]

    def derived(self, clause: str) -> tuple[Claim, ...]:
        """Return the claims made for clauses that a mapping relates to this one.

        What proves or measures a clause that only overlaps with this one says nothing about it.
        """
        return tuple(
            replace(claim, via=via)
            for via in self.related(clause)
            for claim in self.of(via.clause)
            if claim.how == "implements" or via.relation != "intersect"
        )

    def related(self, clause: str) -> tuple[Via, ...]:
        """Return the clauses of other catalogues that mappings relate to this one, seen from their side."""
        return self._related.get(clause, ())

    def cases(self, clause: str) -> tuple[Item, ...]:
        """Return the nonconformities that are not closed, against a clause or one that asks for the same, by id."""
        same = (via.clause for via in self.related(clause) if via.relation == "equal")
        found = {
            link.source: self.graph.items[link.source]
            for ref in (clause, *same)
            for link in self.graph.links_to_ref(ref)
            if (spec := self.graph.spec_of(link)) is not None and spec.inverse == "nonconformities" and not link.problem
        }
        return tuple(item for _, item in sorted(found.items()) if item.get("status") != "closed")

    def _made_for(self, clause: str) -> tuple[Claim, ...]:
        made = (self._claim(link) for link in self.graph.links_on(clause) if not link.problem)
        return tuple(claim for claim in made if claim is not None)

    def _claim(self, link: Link) -> Claim | None:
        spec = self.graph.spec_of(link)
        if spec is None or spec.inverse not in (*HOW, CLAIMED):
            return None
        item = self.graph.items[link.source]
        row = _row(item, link) if spec.inverse == CLAIMED else {}
        how = str(row.get("how")) if spec.inverse == CLAIMED else HOW[spec.inverse]
        if how not in HOW.values():
            return None
        section, missing = str(row.get("section") or ""), str(row.get("missing") or "")
        at = link.source_part or item.id
        if section and (part := self.graph.parts.get(f"{item.id}#{section}")):
            at, section = part.ref, ""
        in_force, weak = self._weakness(item)
        records: tuple[Record, ...] = ()
        if how == "evidences":
            records = self._records_of(item)
            weak += self._unseen(item, records)
        if missing:
            weak += (Reason(words.MISSING, {"item": item.id, "what": missing}),)
        return Claim(
            how, item.id, at, link.part, link, section, missing, self._owner(item), _locations(item),
            self.graph.types[item.type].controlled, in_force, weak, records,
        )  # fmt: skip

    # --- does it carry? -----------------------------------------------------------------------------

    def _weakness(self, item: Item) -> tuple[bool, tuple[Reason, ...]]:
        """Return whether an item is in force, and what is weak about it."""
        return tracking.keep(self._weak, f"Claims.weak {item.id}", lambda: self._judge(item))

    def _judge(self, item: Item) -> tuple[bool, tuple[Reason, ...]]:
        graph, kind = self.graph, self.graph.types[item.type]
        if not graph.is_current(item.id):
            before = str(item.get("status")) == (kind.initial or "draft") or item.get("status") == "draft"
            return False, (Reason(words.DRAFT if before else words.OBSOLETE, {"item": item.id}),)
        effective = str(item.get("effective") or "")
        if kind.controlled and not effective:
            return False, (Reason(words.NO_DATE, {"item": item.id}),)
        if kind.controlled and effective > self.today:
            return False, (Reason(words.NOT_YET, {"item": item.id, "day": effective}),)
        weak: list[Reason] = []
        owner = self._owner(item)
        role = graph.items.get(owner)
        if role is not None and (not graph.is_current(owner) or str(role.get("effective") or "") > self.today):
            owner = ""  # a role that is not in force answers for nothing
        if "owner" in kind.properties and not owner:
            weak.append(Reason(words.NOT_OWNED, {"item": item.id}))
        elif owner and self._has_people and not self._held(owner):
            weak.append(Reason(words.NOT_HELD, {"item": item.id, "role": owner}))
        if (due := graph.review_due(item.id)) and due < self.today:
            weak.append(Reason(words.NOT_REVIEWED, {"item": item.id, "day": due}))
        return True, tuple(weak)

    def _owner(self, item: Item) -> str:
        """The role that answers for an item: the one it names, or itself if it is one."""
        owner = item.id if item.type == "role" else item.get("owner")
        found = self.graph.items.get(owner) if isinstance(owner, str) else None
        return found.id if found is not None and found.type == "role" else ""

    @tracking.kept
    def _has_people(self) -> bool:
        return any(item.type == "person" for item in self.graph.items.values())

    def _held(self, role: str) -> bool:
        return role in self._roles_held

    @tracking.kept
    def _roles_held(self) -> frozenset[str]:
        """The roles that somebody in office holds."""
        links = (link for person in self.graph.of_type("person") for link in self.graph.links_from(person.id))
        return frozenset(link.to for link in links if link.field == "roles" and not link.problem)

    # --- records ------------------------------------------------------------------------------------

    def _records_of(self, item: Item) -> tuple[Record, ...]:
        """Return the records that prove something for an item: itself if it is one, else those of its kind, newest first."""
        return tracking.keep(self._records, f"Claims.records {item.id}", lambda: self._records_for(item))

    def _records_for(self, item: Item) -> tuple[Record, ...]:
        own = self._record(item)
        found = [own] if own else [*_samples(item), *self._kept_as(item)]
        found = [record for record in found if record.date <= self.today]
        if not own:
            found = [replace(record, good_until=good_until(record.date, item)) for record in found]
        return tuple(sorted(found, key=lambda r: (r.date, r.at, r.reference), reverse=True))

    def _kept_as(self, kind: Item) -> Iterator[Record]:
        for link in self.graph.links_to(kind.id):
            spec = self.graph.spec_of(link)
            if spec is not None and spec.name == "record_kind" and self.graph.is_current(link.source):
                record = self._record(self.graph.items[link.source])
                if record is not None:
                    yield record

    def _record(self, item: Item) -> Record | None:
        date = item.get(self.graph.types[item.type].record or "")
        here = _locations(item)
        return Record(item.id, date, item.title, here[0] if len(here) == 1 else "") if isinstance(date, str) else None

    def _unseen(self, item: Item, records: tuple[Record, ...]) -> tuple[Reason, ...]:
        if self.graph.types[item.type].record:
            return () if records else (Reason(words.NO_RECORD, {"item": item.id}),)
        if not records:
            return (Reason(words.NO_RECORD, {"item": item.id}),)
        if records[0].good_until < self.today:
            return (Reason(words.OLD_RECORD, {"item": item.id, "day": records[0].date}),)
        return ()

    # --- mappings -----------------------------------------------------------------------------------

    @tracking.kept
    def _related(self) -> Mapping[str, tuple[Via, ...]]:
        """Clause -> the clauses that mappings relate to it. Mappings are followed one step, never in a chain."""
        found: dict[str, dict[tuple[str, str], Via]] = defaultdict(dict)
        for item in self.graph.items.values():
            if item.type != "clause-mapping" or not (item.shipped or self.graph.is_current(item.id)):
                continue
            one, other = str(item.get("from")), str(item.get("to"))
            if one == other:
                continue  # a catalogue says nothing about itself
            for row in rows_of(item.get("rows")):
                relation = str(row.get("relation"))
                if relation not in _BACK:
                    continue
                note = str(row.get("note") or "")
                lefts = self._demanding(one, _texts(row.get("from")))
                rights = self._demanding(other, _texts(row.get("to")))
                if len(lefts) * len(rights) > MOST_PAIRS:
                    continue  # so many together say nothing about any one of them
                for left in lefts:
                    for right in rights:
                        found[right].setdefault((left, item.id), Via(item.id, left, relation, note, lefts))
                        found[left].setdefault((right, item.id), Via(item.id, right, _BACK[relation], note, rights))
        return {clause: tuple(rows.values()) for clause, rows in found.items()}

    def _demanding(self, catalogue: str, keys: list[str]) -> tuple[str, ...]:
        """The clauses of these numbers; headings ask for nothing."""
        refs = (f"{catalogue}/{key}" for key in keys)
        return tuple(
            ref for ref in refs if not mapping_of(getattr(self.graph.parts.get(ref), "data", None)).get("heading")
        )

    @tracking.kept
    def answered(self) -> Mapping[str, tuple[Claim, ...]]:
        """Clause -> the claims made for it that answer it in full."""
        return {
            clause: tuple(c for c in self.of(clause) if c.how == "implements" and c.carries)
            for clause in self.claimed()
        }


def good_until(date: str, kind: Item) -> str:
    """Return until when the newest record of a kind proves that it is still kept."""
    try:
        return add_period(add_period(date, str(kind.get("sample_every") or SAMPLE_EVERY)), GRACE)
    except (ValueError, OverflowError):
        return date


def _samples(kind: Item) -> Iterator[Record]:
    for row in rows_of(kind.get("samples")):
        if isinstance(row.get("date"), str) and row.get("result") != "not found":
            yield Record(kind.id, row["date"], str(row.get("reference") or ""), str(row.get("location") or ""))


def _row(item: Item, link: Link) -> Mapping[str, Any]:
    row: Any = item.fields
    for step in link.path[:-1]:
        row = row[step]
    return row if isinstance(row, Mapping) else {}


def _locations(item: Item) -> tuple[str, ...]:
    return tuple(_texts(item.get("locations")))


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
