"""What a transition consists of: changes of clauses, tasks, days, and how all of them stand here."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from qmsctl.coverage import Clause, Coverage, Reason, Stand, UnknownStandard, roll_up
from qmsctl.coverage.words import NARROWER, OVERLAPS
from qmsctl.model import Item

CHANGES = ("new", "split", "merged", "moved", "reworded", "withdrawn", "unmapped", "unchanged")
"""What becomes of clauses in the newer edition, what needs most attention first."""
OUTCOMES = ("open", "behind", "restate", "planned", "done", "carries", "excluded", "ended")
"""How a change stands here.

`open`: the edition asks for something that is missing. `behind`: it was not answered in full before either. `restate`:
it did not apply, which has to be said again. `done`: something was made for it. `carries`: what is there is enough.
"""
WORK = ("open", "behind", "restate", "planned")
"""The outcomes that leave something to do."""
MORE = ("subset", "intersect", "none")
"""Relations in which the new side asks for something that the old one did not."""
PHASES = ("prepare", "change", "align", "prove", "switch")
EFFORTS = ("hours", "days", "weeks")
CONFIDENCES = ("general knowledge", "secondary sources", "primary source")
"""How sure a list of clauses is, weakest first."""


class NoTransition(UnknownStandard):
    """Between what was named there is no way; ``help`` says which there are."""

    def __init__(self, message: str, help: str) -> None:
        ValueError.__init__(self, message)
        self.help = help


@dataclass(frozen=True, slots=True)
class Touched:
    """Something of the organisation that a change touches. ``kind`` is document, register, measure or record."""

    at: str
    item: str
    kind: str
    owner: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Register:
    """The items of one type that a change touches as a whole; ``idle`` of the ``count`` want an action and have none."""

    type: str
    count: int
    idle: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """Clauses that belong together in both editions, what becomes of them and how that stands here.

    ``more`` tells that the new edition asks for something the old one did not; ``reused`` names numbers that stand in
    both editions and mean something else.
    """

    change: str
    relation: str
    before: tuple[Clause, ...]
    after: tuple[Clause, ...]
    note: str = ""
    outcome: str = "open"
    touched: tuple[Touched, ...] = ()
    registers: tuple[Register, ...] = ()
    reused: tuple[str, ...] = ()
    tasks: tuple[int, ...] = ()

    @property
    def more(self) -> bool:
        return bool(self.after) and self.relation in MORE

    @property
    def key(self) -> str:
        """The number it goes by: that in the new edition, else that in the old one."""
        return (self.after or self.before)[0].key

    @property
    def work(self) -> bool:
        """Whether something is left to do for its clauses themselves."""
        return self.outcome in WORK


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do. ``kind`` says what in general; ``said`` is the text of a plan, where someone wrote one.

    The first of ``refs`` is what to change. ``by`` is "" where no day can be derived. ``late`` tells that the day is
    past, or lies after the switch.
    """

    kind: str
    phase: str
    effort: str
    owner: str
    by: str = ""
    state: str = "open"
    clauses: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    said: str = ""
    note: str = ""
    name: str = ""
    number: int = 0
    late: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """The days that count. ``switch`` is set or, where ``suggested``, derived from the last day; "" if unknown."""

    today: str
    switch: str = ""
    suggested: bool = False
    ends: str = ""
    note: str = ""
    certificate: str = ""
    number: str = ""
    body: str = ""

    @property
    def last(self) -> str:
        """The last day on which the old edition is of use: the certificate or the transition ends."""
        return min((day for day in (self.ends, self.certificate) if day), default="")

    def until(self, day: str) -> int:
        """Return how many days are left, negative if it is past."""
        return (datetime.date.fromisoformat(day) - datetime.date.fromisoformat(self.today)).days

    @property
    def switched(self) -> bool:
        return bool(self.switch) and not self.suggested and self.switch <= self.today


@dataclass(frozen=True)
class Transition:
    """The way of this organisation from an edition to the next. ``moves`` stand in the order of the new edition."""

    old: Coverage
    new: Coverage
    mapping: Item
    days: Days
    moves: tuple[Move, ...]
    tasks: tuple[Task, ...]
    location: str = ""
    places: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    kept: Mapping[str, Stand] = field(default_factory=dict)
    """How clauses of the new edition stand whose answers are more than one mapping away."""

    @cached_property
    def counts(self) -> Counter[str]:
        """How many clauses of the new edition have each outcome."""
        return Counter(self.outcome_of(move, clause) for move in self.moves for clause in move.after)

    def outcome_of(self, move: Move, clause: Clause) -> str:
        """The outcome of one of the clauses of a change: it may be answered while others of them are not."""
        state = self.stand(clause).state
        if not move.work or state not in ("covered", "excluded"):
            return move.outcome
        if state == "excluded":
            return "excluded"
        return "done" if any(claim.via is None for claim in clause.claims) else "carries"

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def ready(self) -> int:
        return self.counts["carries"] + self.counts["done"]

    @property
    def confidence(self) -> str:
        """How sure it all is: as sure as the weakest of both lists and what maps them."""
        said = [
            str(item.get("confidence") or CONFIDENCES[0])
            for item in (self.mapping, self.old.catalogue, self.new.catalogue)
        ]
        return min(said, key=lambda word: CONFIDENCES.index(word) if word in CONFIDENCES else 0)

    def of(self, change: str) -> tuple[Move, ...]:
        """Return the moves of one change."""
        return tuple(move for move in self.moves if move.change == change)

    def task(self, number: int) -> Task:
        return self.tasks[number - 1]

    def stand(self, clause: Clause) -> Stand:
        return self.kept.get(clause.ref) or stand_of(clause, self.places)

    def missing(self, move: Move) -> tuple[Reason, ...]:
        """Why clauses are not covered in the new edition, apart from what it asks for in addition."""
        if move.outcome not in ("open", "behind", "planned"):
            return ()
        every = (reason for clause in move.after for reason in self.stand(clause).reasons)
        return tuple(dict.fromkeys(r for r in every if not move.more or r.says not in (NARROWER, OVERLAPS)))

    def left(self) -> tuple[Task, ...]:
        """The tasks that are not done, in the order suggested."""
        return tuple(task for task in self.tasks if task.state != "done")


def stand_of(clause: Clause, places: Sequence[str]) -> Stand:
    """Return how a clause stands at some locations; as a whole, where none are named."""
    if not places:
        return Stand(clause.state, clause.reasons)
    stands = [clause.places[place] for place in places if place in clause.places]
    reasons = dict.fromkeys(reason for stand in stands for reason in stand.reasons)
    return Stand(roll_up(stand.state for stand in stands), tuple(reasons))
