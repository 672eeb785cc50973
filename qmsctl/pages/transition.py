"""Pages about the way to a new edition: both editions side by side, what is left to do and by when."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from qmsctl.coverage import NAMES, Clause, UnknownStandard, above
from qmsctl.coverage.transition import PHASES, Move, Task, Transition, mapping_between, transition
from qmsctl.model import Item
from qmsctl.pages import transition_words as words
from qmsctl.pages.view import View

SIGNS = {
    "open": "■", "behind": "■", "restate": "■", "planned": "△", "done": "●", "carries": "●", "excluded": "○", "ended": "–",
}  # fmt: skip
STATES = {"covered": "●", "partly": "▲", "planned": "△", "gap": "■", "excluded": "○"}
SHOWN = ("carries", "done", "planned", "open", "behind", "restate", "excluded")
"""The outcomes in the order of the bar: what is ready first."""


@dataclass(frozen=True, slots=True)
class Station:
    """A day on the way; ``kind`` is past, next, suggested or fixed."""

    day: str
    says: str
    kind: str


@dataclass(slots=True)
class Chapter:
    """The changes below one number of the highest level; ``counts`` has the outcomes of its clauses."""

    key: str
    topic: str
    moves: list[Move] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def anchor(self) -> str:
        return f"chapter-{self.key.lower()}"


def path_of(standard: Item) -> str:
    """The page about the way to an edition, without ending, by the item that applies it."""
    return f"compliance/{standard.id}-transition"


def editions(view: View) -> list[tuple[Item, Item]]:
    """Return (older, newer) for each item about a standard that replaces another, where a mapping leads there."""
    found = []
    for newer in view.of_type("standard"):
        older = view.item(str(newer.get("replaces") or ""))
        if older is None or older.type != "standard":
            continue
        # Two items may follow each other without a mapping of their editions; there is nothing to show then.
        with contextlib.suppress(UnknownStandard):
            mapping_between(view.graph, view.coverage(older.id), view.coverage(newer.id))
            found.append((older, newer))
    return found


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of a page for each edition that takes the place of another."""
    t = view.t
    for older, newer in editions(view):
        found = transition(view.graph, older.id, newer.id, view.today, claims=view.claims)
        old, new = found.old.catalogue.title, found.new.catalogue.title
        yield (
            f"{path_of(newer)}.md",
            "compliance/transition.md.j2",
            {
                "title": t("From {old} to {new}", old=old, new=new),
                "plain": True,
                "older": older,
                "newer": newer,
                "found": found,
                "names": (old, new),
                "verdict": words.verdict(found, t),
                "summary": words.summary(found, t, view.title),
                "warnings": words.warnings(found, t),
                "rests": words.rests_on(found, t),
                "stations": stations(view, found),
                "first": words.first_tasks(found),
                "phases": [
                    (name, words.phases(t)[name], of_phase(found, name)) for name in PHASES if of_phase(found, name)
                ],
                "chapters": chapters(found),
                "shown": [name for name in SHOWN if found.counts[name]],
                "applying": found.total - found.counts["excluded"],
                "signs": SIGNS,
                "marks": STATES,
                "outcomes": words.outcomes(t),
                "states": {state: t(name) for state, name in NAMES.items()},
                "efforts": words.efforts(t),
                "what": lambda task, found=found: words.task_words(task, found, t, view.title),
                "helps": lambda task: words.task_more(task, t),
                "how": lambda task: words.task_state(task, t),
                "change": lambda move: words.change(move, t),
                "register": lambda one: words.register(one, t, view.types[one.type].plural),
                "touched": touched,
                "arrow": arrow,
                "same": same,
                "kinds": lambda move, found=found: kinds(found, move),
                "asking": sum(len(move.after) for move in found.moves if move.more),
                "anchor": anchor,
            },
        )


def of_phase(found: Transition, name: str) -> list[Task]:
    return [task for task in found.tasks if task.phase == name]


def stations(view: View, found: Transition) -> list[Station]:
    """The days that count, in order, from today on."""
    t, days = view.t, found.days
    points = [(days.today, t("Today"), "now")]
    for kind, says in (
        ("change", t("What is new is written down")),
        ("audit", t("Internal audit against the new edition")),
        ("review", t("Management review decides")),
        ("certify", t("Audit by the certification body")),
    ):
        open_ = [task for task in found.tasks if kind in (task.phase, task.kind) and task.state != "done" and task.by]
        if open_ and not days.switched:
            points.append((max(task.by for task in open_), says, "step"))
    if days.switch:
        points.append((days.switch, t("Switch, as suggested") if days.suggested else t("Switch"), "switch"))
    if days.certificate:
        points.append((days.certificate, t("The certificate ends"), "end"))
    if days.ends:
        points.append((days.ends, t("The old edition ends"), "end"))
    return [
        Station(day, str(says), kind)
        for day, says, kind in sorted(points, key=lambda point: (point[0], point[2] != "now"))
    ]


def chapters(found: Transition) -> list[Chapter]:
    """The changes under the chapters of the new edition; what ends stands under the chapter of its number."""
    topics = {c.key: c.topic for c in (*found.old.clauses, *found.new.clauses)}
    result: dict[str, Chapter] = {}
    for move in found.moves:
        key = (above(move.key) or [move.key])[-1]
        chapter = result.setdefault(key, Chapter(key, topics.get(key, "")))
        chapter.moves.append(move)
        chapter.counts.update(found.outcome_of(move, clause) for clause in move.after)
    return list(result.values())


def touched(move: Move, *kinds: str) -> list[str]:
    """What a change touches, as addresses, once each."""
    return list(dict.fromkeys(one.at for one in move.touched if one.kind in kinds))


def arrow(before: Sequence[Clause], after: Sequence[Clause]) -> bool:
    """Tell whether the numbers differ."""
    return [c.key for c in before] != [c.key for c in after]


def kinds(found: Transition, move: Move) -> list[str]:
    """What a change is found by: its outcome, and those of its clauses where they differ."""
    return list(dict.fromkeys([move.outcome, *(found.outcome_of(move, clause) for clause in move.after)]))


def same(move: Move) -> bool:
    """Tell whether both sides read alike, so that a phone shows one of them."""
    return [(c.key, c.topic) for c in move.before] == [(c.key, c.topic) for c in move.after]


def anchor(move: Move) -> str:
    # What ends and what is new may have the same number.
    return ("m-" if move.after else "ended-") + "".join(c if c.isalnum() else "-" for c in move.key.lower()).strip("-")
