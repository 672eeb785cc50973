"""What a change of clauses means here: how it stands, and which documents, registers, KPIs and records it touches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qmsctl.coverage import Claim, Clause, Coverage, Plan, Stand, roll_up
from qmsctl.coverage.claims import Claims
from qmsctl.coverage.numbers import above
from qmsctl.coverage.transition.model import Move, Register, Touched, stand_of
from qmsctl.coverage.transition.rows import Row, change_of, places_of, relation_of
from qmsctl.graph import Graph
from qmsctl.model import Item

DOCUMENTS = ("sop", "work-instruction", "process", "policy", "form", "standard")
"""What a change is written into, the most concrete first."""
REGISTERS = {
    "4.2": ("interested-party",), "6.1": ("risk", "opportunity"), "6.2": ("objective",), "9.1": ("kpi",), "9.2": ("audit",),
    "9.3": ("management-review",), "10.1": ("opportunity",), "10.2": ("nonconformity", "corrective-action"),
}  # fmt: skip
"""What a clause is about, in standards that share the structure of management system standards."""
OWN: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "iso14001": {"6.1.2": ("aspect", "environmental-aspect"), "6.1.3": ("obligation",)},
    "iso45001": {"6.1.2": ("hazard",), "6.1.3": ("obligation",)},
}
"""Clauses of some standards, by how their catalogues begin, that are about something of their own."""
SHARED = ("4.2", "6.1", "9.2", "9.3", "10.2")
"""Numbers by which that structure is known."""


class Reader:
    """Holds both editions against what the organisation has."""

    def __init__(self, graph: Graph, old: Coverage, new: Coverage, location: str, made: Claims) -> None:
        self.graph = graph
        self.made = made
        self.old = old
        self.new = new
        self.location = location
        # As long as nobody says where the new edition applies, it applies where the old one does.
        self.locations = (location,) if location else () if new.standard else old.locations
        self.claimed: set[str] = set()
        self.uses: Counter[str] = Counter()
        for clause in old.clauses:
            sources = {claim.source for claim in clause.claims if claim.via is None}
            self.claimed |= sources
            self.uses.update(sources)
        self.places = places_of(old, new)
        self.kept: dict[str, Stand] = {}
        self.owners: dict[str, str] = {}
        self.shared = all(key in old.by_key for key in SHARED) and all(key in new.by_key for key in SHARED)

    def move(self, row: Row) -> Move:
        before = tuple(self.old.by_key[key] for key in sorted(row.before, key=lambda key: self.places["from", key][1]))
        after = tuple(self.new.by_key[key] for key in sorted(row.after, key=lambda key: self.places["to", key]))
        relation, change = relation_of(row.relations), change_of(row)
        found = Move(change, relation, before, after, " ".join(dict.fromkeys(row.notes)))
        leaves = (c.key for c in before if c.key in self.new.by_key and not self.new.by_key[c.key].heading)
        self._keep(found)
        other = (key for key in leaves if key not in row.after)
        reused = tuple(other) if change != "unmapped" else ()
        registers = self.registers(found) if change not in ("unchanged", "unmapped") else ()
        return replace(
            found, outcome=self.outcome(found), touched=self.touched(found), registers=registers, reused=reused
        )

    def stand(self, clause: Clause) -> Stand:
        return self.kept.get(clause.ref) or stand_of(clause, self.locations)

    def owner(self, clause: Clause) -> str:
        return self.owners.get(clause.ref) or clause.owner

    def _keep(self, move: Move) -> None:
        """Let clauses stand as before where they demand the same and only what was derived is lost.

        A claim is followed over one mapping. What answers the old edition by way of another standard is two from the
        new one, and is there all the same.
        """
        if move.more or not move.before or move.change == "unmapped":
            return
        before = [stand_of(clause, self.locations) for clause in move.before]
        state = roll_up(stand.state for stand in before)
        if state not in ("covered", "partly") or any(stand.state == "excluded" for stand in before):
            return
        reasons = tuple(dict.fromkeys(reason for stand in before for reason in stand.reasons))
        for clause in move.after:
            if stand_of(clause, self.locations).state == "gap" and not clause.claims:
                self.kept[clause.ref] = Stand(state, reasons)
                self.owners[clause.ref] = next((c.owner for c in move.before if c.owner), "")

    def outcome(self, move: Move) -> str:
        if not move.after:
            return "ended" if move.before else "open"
        states = [self.stand(clause).state for clause in move.after]
        if all(state == "excluded" for state in states):
            return "excluded"
        waiting = [c for c, state in zip(move.after, states, strict=True) if state not in ("covered", "excluded")]
        if not waiting:
            made = any(claim.via is None for clause in move.after for claim in clause.claims)
            short = move.more or any(self.stand(clause).state != "covered" for clause in move.before)
            return "done" if made and (short or move.change == "unmapped") else "carries"
        if all(self.plan(move, clause) for clause in waiting):
            return "planned"
        if self.left_out(move):
            return "restate"
        return "open" if move.more or move.change == "unmapped" else "behind"

    def waiting(self, move: Move) -> list[Clause]:
        """The clauses of the new edition that are not answered in full."""
        return [clause for clause in move.after if self.stand(clause).state not in ("covered", "excluded")]

    def plan(self, move: Move, clause: Clause) -> Plan | None:
        """The plan for a clause of the new edition; one made for the old edition counts until it is done."""
        if clause.plan is not None:
            return clause.plan
        return None if move.more else next((c.plan for c in move.before if c.plan is not None), None)

    def left_out(self, move: Move) -> bool:
        """Tell whether the old clauses do not apply here while nothing is said of the new ones yet."""
        return (
            bool(move.before)
            and all(self.stand(clause).state == "excluded" for clause in move.before)
            and any(self.stand(clause).state == "gap" for clause in move.after)
        )

    # --- what is touched ----------------------------------------------------------------------------

    def claims(self, move: Move) -> list[Claim]:
        """What was claimed for these clauses themselves in either edition; what is derived, where there is nothing."""
        every = [claim for clause in (*move.before, *move.after) for claim in clause.claims if claim.in_force]
        here = [claim for claim in every if claim.applies(self.location)]
        return [claim for claim in here if claim.via is None] or here

    def touched(self, move: Move) -> tuple[Touched, ...]:
        found = {
            claim.at: Touched(claim.at, claim.source, self.kind(claim), self.answers_for(claim), claim.section)
            for claim in self.claims(move)
        }
        return tuple(sorted(found.values(), key=self._by_weight))

    def kind(self, claim: Claim) -> str:
        if claim.how == "measures":
            return "measure"
        if claim.how == "evidences":
            return "record"
        return "document" if self.is_document(claim.source) else "register"

    def is_document(self, item: str) -> bool:
        type = self.graph.items[item].type
        return type in DOCUMENTS or self.graph.types[type].schema.get("x-group") in ("documents", "processes")

    def answers_for(self, claim: Claim) -> str:
        part = self.graph.parts.get(claim.at)
        who = part.data.get("who") if part else None
        return claim.owner or (who if isinstance(who, str) else "")

    def _by_weight(self, one: Touched) -> tuple[int, int, int, str]:
        """Documents first; among them the one that answers the fewest clauses, which is most about this one."""
        kind = ("document", "register", "measure", "record").index(one.kind)
        rank = self._rank(one.item)
        return kind, self.uses[one.item] if rank < len(DOCUMENTS) else 999, rank, one.at

    def _rank(self, item: str) -> int:
        type = self.graph.items[item].type
        return DOCUMENTS.index(type) if type in DOCUMENTS else len(DOCUMENTS)

    def registers(self, move: Move) -> tuple[Register, ...]:
        """The registers that clauses of this number are about."""
        if not self.shared:
            return ()
        names: dict[str, None] = {}
        for clause in move.after or move.before:
            names.update(dict.fromkeys(self._about(clause)))
        return tuple(r for name in names if name in self.graph.types and (r := self._register(name)).count)

    def _about(self, clause: Clause) -> Iterator[str]:
        """The types of the items that a clause is about."""
        own = next((rows for name, rows in OWN.items() if clause.ref.startswith(name)), None) or {}
        for key in (clause.key, *above(clause.key)):
            if key in own:
                yield from own[key]
                return
            yield from REGISTERS.get(key, ())

    def _register(self, type: str) -> Register:
        items = [item for item in self.graph.of_type(type) if self._here(item)]
        acts = "actions" in self.graph.types[type].properties
        return Register(
            type, len(items), sum(1 for item in items if acts and not item.get("actions") and self._wants(item))
        )

    def _wants(self, item: Item) -> bool:
        """Tell whether somebody has to act on an item: what is kept under control, accepted or declined needs no action."""
        kind = self.graph.types[item.type]
        status = str(item.get("status") or kind.initial or "")
        if item.type == "opportunity":
            return self.graph.is_current(item.id) and "pursue" in (str(item.get("decision")), status.removesuffix("d"))
        return status == (kind.initial or "") and item.get("treatment") != "accept"

    def _here(self, item: Item) -> bool:
        named = item.get("locations")
        return not self.location or not isinstance(named, list) or not named or self.location in named

    def answering(self, key: str) -> Touched | None:
        """The document that answers what stands under a number, where the standards share their structure."""
        if not self.shared:
            return None
        found = [
            touched
            for clause in self.old.clauses
            if clause.key == key or key in above(clause.key)
            for touched in self.touched(Move("", "", (clause,), ()))
            if touched.kind == "document"
        ]
        return min(found, key=self._by_weight, default=None)

    def elsewhere(self, clauses: Sequence[Clause]) -> tuple[str, ...]:
        """The documents that answer the same numbers of other standards of the shared structure; 8 is no part of it."""
        found: dict[str, None] = {}
        for item in self.graph.items.values():
            if not self.shared or item.type != "catalogue" or item.id in (self.old.catalogue.id, self.new.catalogue.id):
                continue
            for clause in clauses:
                for claim in () if clause.key.startswith("8") else self.made.of(f"{item.id}/{clause.key}"):
                    if claim.how == "implements" and claim.in_force and self.is_document(claim.source):
                        found[claim.source] = None
        return tuple(sorted(found, key=lambda name: (self._rank(name), name)))

    # --- what else names the old edition ------------------------------------------------------------

    def naming(self, title: str) -> list[str]:
        """The items in use, records aside, that name an edition in their text."""
        pattern = re.compile(rf"(?<!\w){re.escape(title)}(?!\w)")
        skip = ("standard", "catalogue", "clause-mapping")
        return [
            item.id
            for item in self.graph.items.values()
            if not item.shipped
            and item.type not in skip
            and not self.graph.types[item.type].record
            and self.graph.is_current(item.id)
            and any(pattern.search(text) for text in (item.body, *_texts(item.fields)))
        ]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
