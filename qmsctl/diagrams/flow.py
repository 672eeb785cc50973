"""The steps of a process as a flow: lanes, ways between steps, the column of each, and all of it in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from qmsctl.diagrams.vega import plain
from qmsctl.graph import Graph
from qmsctl.model import Part, rows_of

END = "end"
Say = Callable[..., str]
"""Says a text of the interface in the language of the page, with values in place of {names}."""


def english(text: str, **values: object) -> str:
    """Return a text as it is written here."""
    return text.format(**values) if values else text


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a process. ``next`` empty: the one that follows in the list, where no branch says otherwise.

    A branch is an answer, the step it leads to and, where that differs, what is handed over there.
    """

    key: str
    title: str
    who: str = ""
    next: tuple[str, ...] = ()
    decision: str = ""
    branches: tuple[tuple[str, ...], ...] = ()
    href: str = ""
    note: str = ""
    hands_over: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a step leads: the index of a step, -1 for the end; the answer that leads there; what another lane gets."""

    start: int
    to: int
    answer: str = ""
    nr: int = 0
    hands: str = ""


@dataclass(slots=True)
class Flow:
    """A process as it is read: numbered steps, their lanes, and the ways between them."""

    steps: list[Step]
    lanes: list[str]
    lane: list[int]
    ways: list[Way]
    starts: list[int]
    columns: list[int]
    back: set[Way]
    joins: set[int]
    """Steps that wait for all ways that lead to them, because one fork began them all."""
    notes: list[str]
    t: Say = english


def read(steps: Sequence[Step], roles: Mapping[str, str], t: Say = english) -> Flow:
    listed = list(steps)
    index: dict[str, int] = {}
    for i, step in enumerate(listed):
        index.setdefault(step.key, i)
    names: list[str] = []
    lane = []
    for step in listed:
        name = plain(roles.get(step.who) or step.who) or t("nobody yet")
        if name not in names:
            names.append(name)
        lane.append(names.index(name))
    ways, notes = _ways(listed, index, lane)
    starts, columns, back = _columns(len(listed), ways)
    return Flow(listed, names, lane, ways, starts, columns, back, _joins(listed, ways, starts, back), notes, t)


def _ways(steps: Sequence[Step], index: Mapping[str, int], lane: Sequence[int]) -> tuple[list[Way], list[str]]:
    ways: list[Way] = []
    notes: list[str] = []
    for i, step in enumerate(steps):
        named: list[tuple[str, ...]] = [*step.branches, *(("", key) for key in step.next)]
        found: list[Way] = []

        def handed(to: int, said: str, here: int = i) -> str:
            return plain(said) if to >= 0 and lane[here] != lane[to] else ""

        for answer, key, *hands in named:
            to = -1 if key == END and END not in index else index.get(key)
            if to is None:
                notes.append(f"{i + 1} {name_of(step)} leads to “{plain(key)}”, which is no step of this process.")
            elif not any(way.to == to and way.answer == plain(answer) for way in found):
                given = (hands[0] if hands else "") or step.hands_over
                found.append(Way(i, to, plain(answer), len(found), handed(to, given)))
        if not named:
            to = i + 1 if i + 1 < len(steps) else -1
            found.append(Way(i, to, hands=handed(to, step.hands_over)))
        ways += found
    return ways, notes


def _columns(count: int, ways: Sequence[Way]) -> tuple[list[int], list[int], set[Way]]:
    """Return where the flow starts, the column of each step and the ways that lead back."""
    out: dict[int, list[Way]] = defaultdict(list)
    for way in ways:
        if way.to >= 0:
            out[way.start].append(way)
    for mine in out.values():  # in the order of the list, what leads back last
        mine.sort(key=lambda way: (way.to <= way.start, way.to))
    entered = {way.to for way in ways if way.to != way.start}
    roots = list(
        dict.fromkeys([*([0] if count else []), *(i for i in range(count) if i not in entered), *range(count)])
    )
    state = [0] * count
    back: set[Way] = set()
    order: list[int] = []
    starts: list[int] = []
    first: set[int] = set()
    for root in roots:
        if state[root]:
            continue
        starts.append(root)
        trail = [(root, iter(out[root]))]
        state[root] = 1
        while trail:
            here, rest = trail[-1]
            onto = next(rest, None)
            if onto is None:
                state[here] = 2
                order.append(here)
                trail.pop()
            elif state[onto.to] == 1:
                back.add(onto)
            elif not state[onto.to]:
                state[onto.to] = 1
                trail.append((onto.to, iter(out[onto.to])))
        first = first or {i for i in range(count) if state[i]}
    columns = [0] * count
    for here in reversed(order):
        for way in out[here]:
            if way not in back:
                columns[way.to] = max(columns[way.to], columns[here] + 1)
    for here in order:  # what the first start does not lead to stands close to where it joins
        onward = [columns[way.to] for way in out[here] if way not in back]
        if here not in first and onward:
            columns[here] = max(columns[here], min(onward) - 1)
    return starts, columns, back


def name_of(step: Step) -> str:
    return plain(step.title) or plain(step.key) or "untitled"


def _joins(steps: Sequence[Step], ways: Sequence[Way], starts: Sequence[int], back: set[Way]) -> set[int]:
    """Return the steps at which ways that began side by side come together again.

    A decision on the way, a loop or a start may leave one of the ways unused; a step that waited for it would wait
    for ever, so it does not count as a join.
    """
    into: dict[int, list[Way]] = defaultdict(list)
    out: dict[int, int] = defaultdict(int)
    for way in ways:
        into[way.to].append(way)
        out[way.start] += 1

    def forks(way: Way) -> set[int]:
        found: set[int] = set()
        seen: set[int] = set()
        while way.start not in seen:
            here = way.start
            seen.add(here)
            if steps[here].decision or way.answer:
                break
            if out[here] > 1:
                found.add(here)
            if len(into.get(here, ())) != 1 or here in starts:
                break
            way = into[here][0]
        return found

    found = set()
    for to, mine in into.items():
        if to >= 0 and len(mine) > 1 and to not in starts and not any(way in back for way in mine):
            common = set.intersection(*(forks(way) for way in mine))
            if common and len({way.start for way in mine}) > 1:
                found.add(to)
    return found


def told(flow: Flow, to: int) -> str:
    return flow.t("end") if to < 0 else f"{to + 1} {name_of(flow.steps[to])}"


def describe(flow: Flow) -> str:
    """Return the flow as an ordered text."""
    t = flow.t
    if not flow.steps:
        return t("No steps yet.")
    said = []
    others = [str(i + 1) for i in flow.starts if i]
    for i, step in enumerate(flow.steps):
        mine = [way for way in flow.ways if way.start == i]
        words = f"{i + 1} {name_of(step)}, {flow.lanes[flow.lane[i]]}"
        if step.decision:
            words += "; " + t("decision: {question}?", question=plain(step.decision).rstrip("?"))
        led = {way: _handing(flow, way) for way in mine}
        answers = [f"{way.answer} → {led[way]}" for way in mine if way.answer]
        plainly = [led[way] for way in mine if not way.answer]
        if answers:
            words += f"{'' if step.decision else ';'} {'; '.join(answers)}"
        if plainly:
            beside = t("and, side by side,")
            words += "; " + t("then {steps}", steps=f" {beside} ".join(plainly))
        said.append(words)
    if others:
        said.append(t("It can also start at {steps}", steps=", ".join(others)))
    return ". ".join(said) + "."


def _handing(flow: Flow, way: Way) -> str:
    to = told(flow, way.to)
    return flow.t("{step}, which gets: {what}", step=to, what=way.hands) if way.hands else to


def label_of(flow: Flow, i: int) -> str:
    """Return what a pointer or a screen reader is told of a step."""
    step = flow.steps[i]
    parts = [f"{i + 1} {name_of(step)}, {flow.lanes[flow.lane[i]]}", plain(step.note), plain(step.decision)]
    return ". ".join(part for part in parts if part)


def steps_of(graph: Graph, process: str, href: Callable[[Part], str] = lambda part: "") -> list[Step]:
    """Return the steps of a process as they are drawn; ``href`` says where each of them leads.

    What a step hands over is what it says itself, else the outputs it finishes.
    """
    outputs = {part.key: part.title for part in graph.parts_of(process, "outputs")}

    def texts(value: object) -> list[str]:
        return [str(said) for said in value] if isinstance(value, list) else []

    found = []
    for part in graph.parts_of(process, "steps"):
        data = part.data
        given = [outputs[key] for key in texts(data.get("gives")) if key in outputs]
        branches = tuple(
            (str(row.get("answer") or ""), str(row.get("go") or ""), str(row.get("hands_over") or ""))
            for row in rows_of(data.get("branches"))
        )
        found.append(
            Step(
                part.key, part.title, str(data.get("who") or ""), tuple(texts(data.get("next"))),
                str(data.get("decision") or ""), branches, href(part), str(data.get("system") or ""),
                str(data.get("hands_over") or ("" if branches else ", ".join(given))),
            )
        )  # fmt: skip
    return found
