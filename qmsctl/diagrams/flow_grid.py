"""The grid of a swimlane: what stands in it, how large it is, and in which row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from qmsctl.diagrams.drawing import (
    Point,
    measure,
    wrapped,
)
from qmsctl.diagrams.flow import Flow, Way, name_of

LANE, BOX, SIDE = 108.0, 134.0, 18.0
SIZE, PITCH, SMALL = 12.5, 15.0, 11.5
HANDED, LINE_OF = 11.0, 13.8
"""The size of what is handed over, and the height of a line of answers and of it."""
TRACK, GUTTER = 11.0, 30.0
ROUND = 11.0


@dataclass(slots=True)
class Node:
    """A step or a sign in the grid of a band."""

    kind: str
    lane: int
    column: int
    step: int = -1
    said: str = ""
    row: int = -1
    x: float = 0.0
    lines: list[str] = field(default_factory=list)
    note: str = ""
    question: list[str] = field(default_factory=list)
    fan: dict[Way, tuple[str, float, list[str], list[str]]] = field(default_factory=dict)
    """Of each answer: straight on, loop, above or below; how far off; its lines; those of what is handed over."""
    hands: list[str] = field(default_factory=list)
    """What is handed over where there is no decision, and whether the line for it leaves upwards."""
    hands_up: bool = False
    merge: str = ""
    """What stands before the box: a `bar`, or a gateway that waits for `and` any or `xor` one."""
    gate: str = ""
    lead: float = 0.0
    """How far to the right of the node its box begins."""
    tall: float = ROUND
    up: float = ROUND
    down: float = ROUND
    width: float = 2 * ROUND
    wide: float = 2 * ROUND

    @property
    def small(self) -> bool:
        return self.kind != "step"

    @property
    def diamond(self) -> float:
        """The middle of its diamond, from the left of the node."""
        return self.lead + BOX + 10 + SIDE

    @property
    def exit(self) -> float:
        """Where lines leave it to the right, from the left of the node."""
        if self.small:
            return self.width
        return self.diamond + SIDE if self.fan or self.gate else self.lead + BOX


@dataclass(slots=True)
class Wire:
    start: Node
    end: Node
    way: Way | None
    back: bool = False
    handed: bool = False
    off: float = 0.0
    top: float | None = None
    bar: bool = False
    into: float = 0.0
    drop: float | None = None
    corridor: int = -1
    track: int = 0
    gutters: tuple[int, ...] = ()
    at: dict[int, float] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)


@dataclass(slots=True)
class Band:
    nodes: list[Node]
    wires: list[Wire]
    lanes: list[int]
    rows: list[int] = field(default_factory=list)
    """The lane of each row."""
    columns: int = 0
    ys: list[float] = field(default_factory=list)
    corridors: list[float] = field(default_factory=list)
    tracks: list[int] = field(default_factory=list)
    xs: list[float] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def node_of(flow: Flow, i: int) -> Node:
    step = flow.steps[i]
    node = Node("step", flow.lane[i], flow.columns[i], i)
    if i in flow.joins:
        node.merge, node.lead = "bar", 18.0
    node.width = node.wide = node.lead + BOX
    node.lines = wrapped(name_of(step), BOX - 16, SIZE, 4)
    node.note = (wrapped(step.note, BOX - 16, 10.5, 1) or [""])[0]
    node.tall = max(56.0, 24 + len(node.lines) * PITCH + (14 if node.note else 0) + 6)
    node.up = node.down = node.tall / 2
    mine = [way for way in flow.ways if way.start == i]
    answers = [way for way in mine if way.answer]
    handed = [way for way in mine if way.hands]
    if step.decision or step.branches:
        node.question = wrapped(step.decision, BOX + SIDE, SMALL, 4)
        longest = max((longest_of(answer_lines(way), hand_lines(way)) for way in [*answers, *handed]), default=0.0)
        node.width = node.diamond + SIDE
        node.wide = node.width + (longest + 8 if answers or handed else 0)
        return node
    if len(mine) > 1:
        node.width = node.wide = node.lead + BOX + 14
    if handed:
        node.hands = hand_lines(handed[0])
        node.hands_up = all(way in flow.back for way in handed)
        if node.hands_up:
            node.up = node.tall / 2 + len(node.hands) * LINE_OF + 8
            node.wide = max(node.wide, node.lead + BOX - 8 + longest_of(node.hands, []))
        else:
            node.up = max(node.up, len(node.hands) * LINE_OF + 8)
            node.wide = node.width + longest_of(node.hands, []) + 10
    return node


def answer_lines(way: Way) -> list[str]:
    return wrapped(way.answer, 86, SMALL, 3)


def hand_lines(way: Way) -> list[str]:
    """Return what is handed over as it is written on the line."""
    return wrapped(way.hands, 84, HANDED, 3)


def longest_of(answers: list[str], hands: list[str]) -> float:
    """Return how much room the words on a line take."""
    return max([*(measure(line, SMALL) for line in answers), *(measure(line, HANDED) for line in hands)], default=0.0)


def place(band: Band) -> None:
    """Give every node a row: those of a lane share one, unless they stand in the same column."""
    low = min(node.column for node in band.nodes)
    for node in band.nodes:
        node.column -= low
    band.columns = max(node.column for node in band.nodes) + 1
    taken: set[tuple[int, int, int]] = set()
    sub: dict[int, int] = {}
    before: dict[int, list[Node]] = defaultdict(list)
    for wire in band.wires:
        if not wire.back and wire.start is not wire.end:
            before[id(wire.end)].append(wire.start)
            if wire.start.small:
                before[id(wire.start)].append(wire.end)
    for node in sorted(band.nodes, key=lambda n: (n.small, n.column, n.step if not n.small else 0)):
        near = [sub[id(n)] for n in before[id(node)] if n.lane == node.lane and id(n) in sub]
        row = min(near) if near and not node.small else near[0] if near else 0
        row = row if node.small or (node.lane, row, node.column) not in taken else 0
        while (node.lane, row, node.column) in taken:
            row += 1
        taken.add((node.lane, row, node.column))
        sub[id(node)] = row
    rows = sorted({(node.lane, sub[id(node)]) for node in band.nodes})
    band.rows = [lane for lane, _ in rows]
    for node in band.nodes:
        node.row = rows.index((node.lane, sub[id(node)]))
