"""Votes and a demand to a verdict: the one place that decides whether content is approved."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qmsctl.approvals.people import People
from qmsctl.approvals.rules import Demand, Slot
from qmsctl.approvals.votes import AGAINST, FOR, WITHDRAWN, Vote

NOT_ROLE = "holds none of the roles that are asked for"


@dataclass(frozen=True, slots=True)
class Place:
    """A slot and the vote that fills it; ``capacity`` is how its voter acts: holder, or deputy for somebody."""

    slot: Slot
    vote: Vote | None = None
    role: str = ""
    capacity: str = ""

    def acting(self, role_title: str) -> str:
        """Return the role as it stands beside a name: with whom it was held for, or from where."""
        return role_title if self.capacity in ("", "holder") else f"{role_title}, {self.capacity}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a content is approved, by whom, and what is in the way.

    ``refused`` holds votes that count for nothing, each with its reason; ``problems`` what blocks although
    votes are there. ``exempt`` says why nothing is demanded.
    """

    places: tuple[Place, ...] = ()
    refused: tuple[tuple[Vote, str], ...] = ()
    problems: tuple[str, ...] = ()
    persons: int = 0
    rules: tuple[str, ...] = ()
    exempt: str = ""

    @property
    def approved(self) -> bool:
        """Tell whether nothing is missing and nothing is in the way."""
        return not self.problems and all(place.vote for place in self.places)

    @property
    def missing(self) -> list[Place]:
        """The places nobody fills."""
        return [place for place in self.places if place.vote is None]

    def stale(self, place: Place) -> list[Vote]:
        """The votes that would fill a place, had the text not changed since."""
        return [
            vote
            for vote, reason in self.refused
            if reason.startswith(CHANGED)
            and vote.meaning in ("", place.slot.meaning)
            and (not vote.role or vote.role in place.slot.roles)
        ]

    @property
    def outdated(self) -> bool:
        """Tell whether somebody approved what has changed since."""
        return any(reason.startswith(CHANGED) for _, reason in self.refused)


CHANGED = "approved, but changed since"
RECORD_CHANGED = CHANGED + ": the change record is another now"


def judge(
    demand: Demand,
    votes: Iterable[Vote],
    key: object,
    people: People,
    barred: Mapping[str, str],
    record: tuple[str, str] = ("", ""),
    signatures_only: bool = False,
    after: str = "",
) -> Verdict:
    """Decide whether the content with this key has every statement that is demanded.

    ``barred`` maps persons who may not approve to the reason. With a ``record``, an approval must name this
    change record and this digest, as far as it names one at all. ``after`` is when the text landed that this one
    goes on top of: what was said before was said about another whole.
    """
    rows = sorted(votes, key=lambda vote: vote.moment)
    refused: list[tuple[Vote, str]] = []
    problems = [_objection(vote, people) for vote in _objections(rows, key, demand, people, barred)]
    usable: list[Vote] = []
    withdrawn = {vote.person: vote.moment for vote in rows if vote.stance == WITHDRAWN and vote.person}
    for vote in rows:
        if vote.stance == FOR:
            reason = "only signed statements count here" if signatures_only and vote.origin != "signature" else ""
            if not reason and after and vote.moment < datetime.datetime.fromisoformat(after):
                reason = f"{CHANGED}: it was given before the text that landed on {after[:10]}"
            reason = reason or _refusal(vote, key, people, barred, record, demand)
            if not reason and vote.origin != "signature" and withdrawn.get(vote.person, vote.moment) > vote.moment:
                reason = "it was taken back"
            if reason:
                refused.append((vote, reason))
            else:
                usable.append(vote)
        elif vote.stance == WITHDRAWN:
            refused.append((vote, "it was taken back or dismissed"))
    options = {}
    for at, vote in enumerate(usable):
        slots = [n for n, slot in enumerate(demand.slots) if _fits(vote, slot, people)]
        kinds = {(demand.slots[n].meaning, role) for n in slots for role in _acting(vote, demand.slots[n], people)}
        if not vote.role and len(kinds) > 1:
            ways = " or ".join(f"`as {role}: {meaning}`" for meaning, role in sorted(kinds))
            refused.append((vote, f"it does not say in which role it was given; write {ways} in the review"))
            slots = []
        options[at] = slots
    filled = _match(options, usable, len(demand.slots))
    places = tuple(
        _place(slot, usable[filled[n]] if n in filled else None, people) for n, slot in enumerate(demand.slots)
    )
    places, late = _reviews_first(places)
    refused += late
    used = {id(place.vote) for place in places if place.vote}
    persons = {vote.person for at, vote in enumerate(usable) if options[at]}
    for at, vote in enumerate(usable):
        if id(vote) not in used and options[at] and not any(v is vote for v, _ in late):
            refused.append((vote, "nothing more is asked of this person: one person fills one place"))
    if len(persons) < demand.persons and (demand.persons > len(places) or all(place.vote for place in places)):
        problems.append(f"{demand.persons} different persons must say yes; so far {len(persons)} did")
    return Verdict(places, tuple(refused), tuple(problems), demand.persons, demand.rules)


def _refusal(
    vote: Vote, key: object, people: People, barred: Mapping[str, str], record: tuple[str, str], demand: Demand
) -> str:
    if vote.problem:
        return vote.problem
    if not people.exists(vote.person):
        return f"{vote.name} does not work here"
    if vote.key is None or vote.key != key:
        return CHANGED
    if vote.person in barred:
        return barred[vote.person]
    if record[0] and vote.record[0] and vote.record[0] != record[0]:
        return f"it names the change record {vote.record[0]}, not {record[0]}"
    if record[1] and vote.record[1] and vote.record[1] != record[1]:
        return RECORD_CHANGED
    if record[0] and not vote.record[0]:
        return f"it was given before there was the change record {record[0]}"
    if not any(_fits(vote, slot, people) for slot in demand.slots):
        if vote.role and not people.acts_as(vote.person, vote.role):
            return f"{vote.name} does not hold the role {vote.role}"
        return f"{vote.name} {NOT_ROLE}" + (f" ({vote.meaning} as {vote.role})" if vote.role else "")
    return ""


def _acting(vote: Vote, slot: Slot, people: People) -> list[str]:
    """Return the roles of a slot in which a voter may act."""
    return [
        role
        for role in slot.roles
        if (not vote.role or vote.role == role) and people.acts_as(vote.person, role, slot.deputies)
    ]


def _fits(vote: Vote, slot: Slot, people: People) -> bool:
    return (not vote.meaning or vote.meaning == slot.meaning) and bool(_acting(vote, slot, people))


def _objections(rows: list[Vote], key: object, demand: Demand, people: People, barred: Mapping[str, str]) -> list[Vote]:
    """Return the objections that stand: by somebody in a required role who has not said yes to this text since."""
    last: dict[str, Vote] = {}
    for vote in rows:
        if vote.stance == AGAINST and vote.person and _required(vote.person, demand, people):
            lifted = vote.lifted_by
            own = lifted == vote.person
            if lifted and (own or (lifted not in barred and _required(lifted, demand, people))):
                last.pop(vote.person, None)
            else:
                last[vote.person] = vote
        elif vote.stance == FOR and not vote.problem and vote.key == key:
            last.pop(vote.person, None)
    return list(last.values())


def _required(person: str, demand: Demand, people: People) -> bool:
    return any(people.acts_as(person, role, slot.deputies) for slot in demand.slots for role in slot.roles)


def _objection(vote: Vote, people: People) -> str:
    gone = " (dismissed by somebody who may not)" if vote.lifted_by else ""
    return f"{people.name(vote.person)} objects since {vote.at[:16].replace('T', ' ')}{gone}"


def _match(options: Mapping[int, list[int]], votes: list[Vote], slots: int) -> dict[int, int]:
    """Fill as many slots as possible, one person in each: slot -> vote. Kuhn's augmenting paths, persons unique."""
    chosen: dict[int, int] = {}  # slot -> index of a vote
    by_person: dict[str, dict[int, int]] = {}
    for at, wanted in options.items():
        for slot in wanted:
            by_person.setdefault(votes[at].person, {})[slot] = at  # the latest of a person's votes for it

    def place(person: str, tried: set[int]) -> bool:
        for slot, at in sorted(by_person[person].items()):
            if slot in tried:
                continue
            tried.add(slot)
            if slot not in chosen or place(votes[chosen[slot]].person, tried):
                chosen[slot] = at
                return True
        return False

    for person in sorted(by_person):
        place(person, set())
    return chosen


def _place(slot: Slot, vote: Vote | None, people: People) -> Place:
    if vote is None:
        return Place(slot)
    role = _acting(vote, slot, people)[0]
    capacity = people.acts_as(vote.person, role, slot.deputies)
    outside = people.external(vote.person)
    return Place(slot, vote, role, f"external, {outside}" if outside else capacity)


def _reviews_first(places: tuple[Place, ...]) -> tuple[tuple[Place, ...], list[tuple[Vote, str]]]:
    """Take approvals out of their places that were given before a review they had to wait for."""
    reviews = [p.vote.moment for p in places if p.slot.meaning == "review" and p.vote]
    late: list[tuple[Vote, str]] = []
    found = []
    for place in places:
        waits = place.slot.review_first and place.slot.meaning == "approval" and place.vote and reviews
        if waits and place.vote and place.vote.moment < max(reviews):
            late.append((place.vote, "it was given before the review it had to wait for"))
            place = Place(place.slot)
        found.append(place)
    return tuple(found), late
