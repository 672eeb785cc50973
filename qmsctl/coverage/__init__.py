"""How a system stands to the clauses of its standards: what answers each, how well, who owns it, where the evidence is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from qmsctl.coverage import words
from qmsctl.coverage.claims import Claim, Claims, Record, Via
from qmsctl.coverage.numbers import above, lines
from qmsctl.coverage.words import HOWS, NAMES, SIGNS, STATES, Reason
from qmsctl.graph import Graph
from qmsctl.model import Item, Part, Position, mapping_of, nearest, rows_of

__all__ = [
    "HOWS", "NAMES", "SIGNS", "STATES", "Claim", "Claims", "Clause", "Coverage", "Exclusion", "Plan", "Reason", "Record", "Stand",
    "UnknownStandard", "Via", "above", "audits_of", "coverage_of", "standards_of",
]  # fmt: skip


NOWHERE = Position("")


class UnknownStandard(ValueError):
    """What was named is no standard that is loaded; ``help`` says what could be meant."""

    def __init__(self, ref: str, known: Sequence[str], catalogue: str = "") -> None:
        if ref in known:
            super().__init__(f"{ref} applies the catalogue `{catalogue}`, which is not there")
            self.help = "name a catalogue that is listed in `standards` of qms.yaml"
            return
        super().__init__(f"{ref} is neither a catalogue nor an item of type standard")
        near = nearest(ref, list(known))
        self.help = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known) or 'none'}"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a clause does not apply; at some locations only, where it names them."""

    clause: str
    reason: str
    who: str = ""
    since: str = ""
    locations: tuple[str, ...] = ()
    position: Position = NOWHERE


@dataclass(frozen=True, slots=True)
class Plan:
    """What will answer a clause, who sees to it and by when."""

    clause: str
    what: str
    who: str
    by: str
    locations: tuple[str, ...] = ()
    position: Position = NOWHERE


Said = TypeVar("Said", Exclusion, Plan)


@dataclass(frozen=True, slots=True)
class Stand:
    """How a clause stands at one location, and why it is not better."""

    state: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a standard and how this organisation stands to it.

    The state of a heading is rolled up from the clauses below it; ``counts`` has the states of all clauses in it
    that demand something.
    """

    ref: str
    key: str
    topic: str
    depth: int
    heading: bool
    demands: str
    documented: str
    always: bool
    control: bool
    confidence: str
    below: tuple[str, ...] = ()
    state: str = "gap"
    reasons: tuple[Reason, ...] = ()
    claims: tuple[Claim, ...] = ()
    exclusion: Exclusion | None = None
    plan: Plan | None = None
    places: Mapping[str, Stand] = field(default_factory=dict, hash=False)
    counts: Mapping[str, int] = field(default_factory=dict, hash=False)
    owner: str = ""
    chosen: str = ""
    cases: tuple[Item, ...] = ()

    def of(self, how: str) -> tuple[Claim, ...]:
        """The claims in force that say, prove or measure it.

        What a mapping leads to is among them only where nothing said for the clause itself carries.
        """
        found = tuple(claim for claim in self.claims if claim.how == how and claim.in_force)
        own = tuple(claim for claim in found if claim.via is None)
        return own if any(claim.carries for claim in own) else found

    @property
    def answers(self) -> tuple[Claim, ...]:
        """The claims that say how the clause is met."""
        return self.of("implements")

    def answers_at(self, location: str) -> tuple[Claim, ...]:
        """The answers that hold at a location."""
        return tuple(claim for claim in self.answers if claim.applies(location))

    @property
    def records(self) -> tuple[Claim, ...]:
        """The claims that prove it."""
        return self.of("evidences")

    @property
    def measures(self) -> tuple[Claim, ...]:
        """The KPIs that measure it."""
        return self.of("measures")


@dataclass(frozen=True)
class Coverage:
    """All clauses of a catalogue, in order. ``locations`` is ("",) where the system has none."""

    catalogue: Item
    standard: Item | None
    clauses: tuple[Clause, ...]
    locations: tuple[str, ...]

    @cached_property
    def by_key(self) -> Mapping[str, Clause]:
        return {clause.key: clause for clause in self.clauses}

    def clause(self, key: str) -> Clause:
        """Return the clause with a number. Raises KeyError."""
        return self.by_key[key]

    @property
    def top(self) -> tuple[Clause, ...]:
        """The clauses that stand below no other."""
        below = {key for clause in self.clauses for key in clause.below}
        return tuple(clause for clause in self.clauses if clause.key not in below)

    def counts(self) -> Counter[str]:
        """Return how many clauses that demand something are in each state."""
        return Counter(clause.state for clause in self.clauses if not clause.heading)

    @property
    def confidence(self) -> str:
        """How the catalogue was verified; "" if it does not say."""
        return str(self.catalogue.get("confidence") or "")


def standards_of(graph: Graph) -> list[Item]:
    """Return the items that say how the organisation stands to a standard, by id."""
    catalogues = {item.id for item in graph.items.values() if item.type == "catalogue"}
    return [item for item in graph.of_type("standard") if str(item.get("catalogue")) in catalogues]


def audits_of(graph: Graph, clause: str, today: str) -> tuple[list[Item], list[Item]]:
    """Return the audits that looked at a clause, and those that are to look at it."""
    held: dict[str, Item] = {}
    ahead: dict[str, Item] = {}
    for link in graph.links_to_ref(clause):
        spec = graph.spec_of(link)
        if spec is not None and spec.inverse == "audited by" and not link.problem:
            item = graph.items[link.source]
            day = item.get(graph.types[item.type].record or "")
            (held if isinstance(day, str) and day <= today else ahead)[item.id] = item
    return list(held.values()), list(ahead.values())


def coverage_of(graph: Graph, ref: str, today: str, claims: Claims | None = None) -> Coverage:
    """Return how the system stands to a catalogue, or to that of an item of type standard. Raises UnknownStandard.

    ``claims`` are those of this graph and day, where several standards are asked for.
    """
    catalogue, standard = _named(graph, ref, today)
    claims = claims or Claims(graph, today)
    places = _places(graph, standard or _older(graph, catalogue.id))
    exclusions = _by_clause(_exclusions(standard if _in_force(graph, standard, today) else None, today))
    plans = _by_clause(_plans(standard))
    chosen = {str(row.get("clause")): str(row.get("reason") or "") for row in _rows(standard, "inclusions")}
    found: dict[str, Clause] = {}
    parts = graph.parts_of(catalogue.id, "clauses")
    up = lines({part.key: part.data for part in parts})
    children: dict[str, list[str]] = {}
    for key, holders in up.items():
        children.setdefault(next(iter(holders), ""), []).append(key)
    for part in parts:
        bare = _bare(part, catalogue, tuple(children.get(part.key, ())), chosen.get(part.ref, ""), len(up[part.key]))
        out = _excluded(part, up[part.key], exclusions)
        found[part.key] = (
            bare if bare.heading else _judged(bare, claims, places, out, plans.get(part.ref, []), standard)
        )
    for part in sorted(parts, key=lambda p: -len(up[p.key])):
        found[part.key] = _rolled_up(found[part.key], found)
    return Coverage(catalogue, standard, tuple(found[part.key] for part in parts), places)


def _named(graph: Graph, ref: str, today: str) -> tuple[Item, Item | None]:
    item = graph.items.get(ref)
    if item is not None and item.type == "standard":
        catalogue = graph.items.get(str(item.get("catalogue")))
        if catalogue is not None and catalogue.type == "catalogue":
            return catalogue, item
    if item is not None and item.type == "catalogue":
        found = [s for s in standards_of(graph) if s.get("catalogue") == item.id]
        in_force = (s for s in found if _in_force(graph, s, today))
        return item, next(in_force, found[0] if found else None)
    known = [i.id for i in graph.items.values() if i.type in ("catalogue", "standard")]
    raise UnknownStandard(ref, known, str(item.get("catalogue") or "") if item is not None else "")


def _bare(part: Part, catalogue: Item, below: tuple[str, ...], chosen: str, depth: int) -> Clause:
    data = part.data
    return Clause(
        part.ref, part.key, part.title, depth, bool(data.get("heading")), str(data.get("demands") or ""),
        str(data.get("documented") or ""), bool(data.get("cannot_be_excluded")), bool(data.get("control")),
        str(data.get("confidence") or catalogue.get("confidence") or ""), below, chosen=chosen,
    )  # fmt: skip


# --- what the standard item says ----------------------------------------------------------------------


def _places(graph: Graph, standard: Item | None) -> tuple[str, ...]:
    """The locations at which a standard applies; all of them where it names none."""
    every = [item.id for item in graph.of_type("location")]
    named = standard.get("locations") if standard else None
    here = [place for place in every if place in named] if isinstance(named, list) else every
    return tuple(here or every) or ("",)


def _older(graph: Graph, catalogue: str) -> Item | None:
    """The item about the older edition of a catalogue that no item applies yet."""
    for item in graph.items.values():
        editions = item.type == "clause-mapping" and item.get("to") == catalogue
        if editions and any(row.get("change") for row in rows_of(item.get("rows"))):
            return next((s for s in standards_of(graph) if s.get("catalogue") == item.get("from")), None)
    return None


def _rows(standard: Item | None, name: str) -> list[Mapping[str, object]]:
    return rows_of(standard.get(name)) if standard else []


def _exclusions(standard: Item | None, today: str) -> Iterator[Exclusion]:
    """What is left out: with a reason, and from its day on."""
    for index, row in enumerate(_rows(standard, "exclusions")):
        if not _text(row, "reason").strip() or _text(row, "since") > today:
            continue
        position = standard.position("exclusions", index, "clause") if standard else NOWHERE
        yield Exclusion(
            _text(row, "clause"), _text(row, "reason"), _text(row, "who"), _text(row, "since"), _list(row), position
        )


def _plans(standard: Item | None) -> Iterator[Plan]:
    for index, row in enumerate(_rows(standard, "plans")):
        if not row.get("done"):
            position = standard.position("plans", index, "clause") if standard else NOWHERE
            yield Plan(
                _text(row, "clause"), _text(row, "what"), _text(row, "who"), _text(row, "by"), _list(row), position
            )


def _in_force(graph: Graph, standard: Item | None, today: str) -> bool:
    """Tell whether what an item about a standard says counts already."""
    return standard is not None and graph.is_current(standard.id) and str(standard.get("effective") or "") <= today


def _by_clause(rows: Iterable[Said]) -> dict[str, list[Said]]:
    found: dict[str, list[Said]] = {}
    for row in rows:
        found.setdefault(row.clause, []).append(row)
    return found


def _text(row: Mapping[str, object], name: str) -> str:
    return str(mapping_of(row).get(name) or "")


def _list(row: Mapping[str, object]) -> tuple[str, ...]:
    named = row.get("locations")
    return tuple(str(name) for name in named) if isinstance(named, list) else ()


def _excluded(part: Part, holders: tuple[str, ...], exclusions: Mapping[str, list[Exclusion]]) -> list[Exclusion]:
    """The exclusions of a clause: its own, and those of the clauses above it."""
    refs = (part.ref, *(f"{part.item}/{key}" for key in holders))
    return [row for ref in refs for row in exclusions.get(ref, ())]


# --- judging ------------------------------------------------------------------------------------------


def _judged(
    clause: Clause,
    claims: Claims,
    places: tuple[str, ...],
    exclusions: list[Exclusion],
    plans: list[Plan],
    standard: Item | None,
) -> Clause:
    """Return a clause with its claims, its state at each location and as a whole."""
    own = claims.of(clause.ref)
    derived = tuple(_measured(claim) for claim in claims.derived(clause.ref))
    mine = own + tuple(claim for claim in derived if not _repeats(claim, own))
    clause = replace(clause, cases=claims.cases(clause.ref))
    stands = {
        place: _stand(
            clause, [_with_the_rest(claim, place, claims) for claim in mine], place, exclusions, plans, claims.today
        )
        for place in places
    }
    state = roll_up(stand.state for stand in stands.values())
    plan = plans[0] if plans else None
    exclusion = exclusions[0] if exclusions else None
    answers = sorted(
        (claim for claim in mine if claim.how == "implements" and claim.owner),
        key=lambda claim: (claim.via is not None, not claim.carries, _rank(claims.graph, claim)),
    )
    first = answers[0] if answers else None
    said = standard.get("owner") if standard else None
    owner = first.owner if first else plan.who if plan else said if isinstance(said, str) else ""
    if state == "excluded" and exclusion is not None:
        owner = exclusion.who or (said if isinstance(said, str) else "")
    return replace(
        clause, state=state, reasons=_together(stands), claims=mine, exclusion=exclusion, plan=plan, places=stands,
        owner=owner,
    )  # fmt: skip


def _rank(graph: Graph, claim: Claim) -> int:
    """Who answers for a clause: the owner of a process before that of a document, and those before others."""
    group = graph.types[graph.items[claim.source].type].schema.get("x-group")
    return 0 if group == "processes" else 1 if group == "documents" else 2


def _repeats(claim: Claim, own: Sequence[Claim]) -> bool:
    return any(other.at == claim.at and other.how == claim.how for other in own)


def _measured(claim: Claim) -> Claim:
    """Return a derived claim with what the way it was derived leaves open."""
    via = claim.via
    if via is None or not claim.in_force:
        return claim
    weak = claim.weak
    if via.relation == "subset":
        weak += (Reason(words.NARROWER, {"clause": via.clause}),)
    elif via.relation == "intersect":
        weak += (Reason(words.OVERLAPS, {"clause": via.clause}),)
    return replace(claim, weak=weak)


def _with_the_rest(claim: Claim, place: str, claims: Claims) -> Claim:
    """Return a claim derived from several clauses with those of them that nothing answers at a location."""
    via = claim.via
    if via is None or len(via.together) < 2 or not claim.carries:
        return claim
    others = (ref for ref in via.together if ref != via.clause)
    opened = [ref for ref in others if not any(c.applies(place) for c in claims.answered.get(ref, ()))]
    return replace(claim, weak=tuple(Reason(words.REST_OPEN, {"clause": ref}) for ref in opened)) if opened else claim


def _stand(
    clause: Clause,
    claims: Sequence[Claim],
    place: str,
    exclusions: Sequence[Exclusion],
    plans: Sequence[Plan],
    today: str,
) -> Stand:
    left_out = any(_holds(exclusion.locations, place) for exclusion in exclusions)
    if left_out and not clause.always:
        return Stand("excluded")
    here = [claim for claim in claims if claim.applies(place)]
    answers = [claim for claim in here if claim.how == "implements" and claim.in_force]
    proof = [claim for claim in here if claim.how == "evidences" and claim.in_force]
    measured = [claim for claim in here if claim.how == "measures" and claim.in_force]
    late = [
        Reason(words.PLAN_LATE, {"day": plan.by}) for plan in plans if _holds(plan.locations, place) and plan.by < today
    ]
    waiting = [reason for claim in here if not claim.in_force for reason in claim.weak]
    if not answers and not proof and not measured:
        planned = any(_holds(plan.locations, place) for plan in plans)
        wrong = [Reason(words.ALWAYS)] if left_out else []
        return Stand("planned" if planned else "gap", _once([Reason(words.NOTHING), *wrong, *waiting, *late]))
    lacks = _lacks(clause, answers, proof, place, today)
    if left_out:
        lacks.append(Reason(words.ALWAYS))
    return Stand("partly", _once([*lacks, *late])) if lacks else Stand("covered")


DOCUMENT = ("document", "both")
NO_RECORD = ("", "document")
"""What does not ask for records; a word that is none of the four is read as asking for them."""


def _lacks(clause: Clause, answers: Sequence[Claim], proof: Sequence[Claim], place: str, today: str) -> list[Reason]:
    """Return why a clause is not fully covered at a location; empty if it is."""
    lacks: list[Reason] = []
    good = [claim for claim in answers if claim.carries]
    own = [claim for claim in answers if claim.via is None]
    if not answers:
        lacks.append(Reason(words.ONLY_PROOF))
    elif not good:
        # What was said for this clause itself tells more than what a mapping leads to.
        lacks += [reason for claim in own or answers for reason in claim.weak]
    lacks += [Reason(words.MISSING, {"item": claim.source, "what": claim.missing}) for claim in own if claim.missing]
    written = [claim for claim in answers if claim.document]
    if good and clause.documented in DOCUMENT and not any(claim.document for claim in good):
        lacks += [reason for claim in written for reason in claim.weak] or [Reason(words.NO_DOCUMENT)]
    if clause.documented not in NO_RECORD:
        # A record made for a clause that asks for more need not be about this one.
        same = [claim for claim in proof if claim.via is None or claim.via.relation == "equal"]
        seen = [claim for claim in same if claim.carries and _seen(claim, place, today)]
        if not proof:
            lacks.append(Reason(words.NO_RECORD_KIND))
        elif not seen:
            lacks += [reason for claim in proof for reason in claim.weak] or [
                Reason(words.NO_RECORD, {"item": claim.source}) for claim in proof
            ]
    major = [case for case in clause.cases if case.get("grade") == "major" and _holds(_at(case), place)]
    lacks += [Reason(words.CASE_OPEN, {"item": case.id}) for case in major]
    return lacks


def _at(item: Item) -> tuple[str, ...]:
    return _list(item.fields)


def _seen(claim: Claim, place: str, today: str) -> bool:
    """Tell whether a record was seen at a location not too long ago; one that names none counts everywhere."""
    here = (r for r in claim.records if not place or not r.location or r.location == place)
    return any(record.good_until >= today for record in here)


def _holds(locations: Sequence[str], place: str) -> bool:
    return not locations or not place or place in locations


def _once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple({(r.says, *r.values.items()): r for r in reasons}.values())


def _together(stands: Mapping[str, Stand]) -> tuple[Reason, ...]:
    """The reasons of all locations; one that holds at some only says at which."""
    open_at = {place: stand for place, stand in stands.items() if stand.state != "excluded"}
    found: list[Reason] = []
    for place, stand in open_at.items():
        for reason in stand.reasons:
            everywhere = all(reason in other.reasons for other in open_at.values())
            one = reason if everywhere else replace(reason, location=place)
            if one not in found:
                found.append(one)
    return tuple(found)


def roll_up(states: Iterable[str]) -> str:
    """Return the one honest word for several states: covered only if all that apply are, gap only if nothing is done."""
    applying = {state for state in states if state != "excluded"}
    if not applying:
        return "excluded"
    if applying == {"covered"}:
        return "covered"
    if applying <= {"planned", "gap"}:
        return "gap" if "gap" in applying else "planned"
    return "partly"


def _rolled_up(clause: Clause, found: Mapping[str, Clause]) -> Clause:
    """Return a clause with the counts of all below it; a heading also takes its state and places from there."""
    below = [found[key] for key in clause.below]
    counts: Counter[str] = Counter() if clause.heading else Counter([clause.state])
    for child in below:
        counts.update(child.counts)
    if not clause.heading:
        return replace(clause, counts=counts)
    shown = [child for child in below if child.counts]
    places = {
        place: Stand(roll_up(child.places[place].state for child in shown if place in child.places))
        for place in (shown[0].places if shown else ())
    }
    return replace(clause, state=roll_up(counts), counts=counts, places=places)
