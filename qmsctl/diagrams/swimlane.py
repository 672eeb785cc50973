"""The swimlane of a process: roles down the side, time to the right, decisions with their answers on the branches.

Columns are the longest way from the start, with loops set aside. Lines run only in gutters between columns, in
corridors between rows and through cells that are free, so that none can pass through a step. What is too wide for a
page goes on in a second band, with marks that say at which step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from xml.sax.saxutils import quoteattr

from qmsctl.diagrams.drawing import (
    Diagram,
    Point,
    address,
    block,
    head,
    measure,
    number,
    picture,
    rounded,
    tag,
    text,
    titled,
    wrapped,
)
from qmsctl.diagrams.vega import ACCENT, BAND, INK, LINE, PAPER, SOFT, TINT, plain

NOBODY = "nobody yet"
END = "end"
WIDEST, COLUMNS = 1240.0, 10
"""What a band may measure; from there on the flow goes on in the next."""

_LANE, _BOX, _SIDE = 108.0, 134.0, 18.0
_SIZE, _PITCH, _SMALL = 12.5, 15.0, 11.5
_TRACK, _GUTTER = 11.0, 30.0
_ROUND = 11.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a process. ``next`` empty: the one that follows in the list, where no branch says otherwise."""

    key: str
    title: str
    who: str = ""
    next: tuple[str, ...] = ()
    decision: str = ""
    branches: tuple[tuple[str, str], ...] = ()
    href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a step leads: the index of a step, -1 for the end; and the answer that leads there."""

    start: int
    to: int
    answer: str = ""
    nr: int = 0


@dataclass(slots=True)
class _Flow:
    """A process as it is read: numbered steps, their lanes, and the ways between them."""

    steps: list[Step]
    lanes: list[str]
    lane: list[int]
    ways: list[_Way]
    starts: list[int]
    columns: list[int]
    back: set[_Way]
    notes: list[str]


def swimlane(steps: Sequence[Step], roles: Mapping[str, str], title: str) -> Diagram:
    """Draw the steps of a process; ``roles`` gives the title of each role."""
    flow = _read(steps, roles)
    description = _describe(flow)
    title = plain(title) or "Process"
    return Diagram(
        _wide(flow, title, description), title, description, tuple(flow.notes), _narrow(flow, title, description)
    )


# --- reading --------------------------------------------------------------------------------------


def _read(steps: Sequence[Step], roles: Mapping[str, str]) -> _Flow:
    listed = list(steps)
    index: dict[str, int] = {}
    for i, step in enumerate(listed):
        index.setdefault(step.key, i)
    names: list[str] = []
    lane = []
    for step in listed:
        name = plain(roles.get(step.who) or step.who) or NOBODY
        if name not in names:
            names.append(name)
        lane.append(names.index(name))
    ways, notes = _ways(listed, index)
    starts, columns, back = _columns(len(listed), ways)
    return _Flow(listed, names, lane, ways, starts, columns, back, notes)


def _ways(steps: Sequence[Step], index: Mapping[str, int]) -> tuple[list[_Way], list[str]]:
    ways: list[_Way] = []
    notes: list[str] = []
    for i, step in enumerate(steps):
        named = [*step.branches, *(("", key) for key in step.next)]
        found: list[_Way] = []
        for answer, key in named:
            to = -1 if key == END and END not in index else index.get(key)
            if to is None:
                notes.append(f"{i + 1} {_name(step)} leads to “{plain(key)}”, which is no step of this process.")
            elif not any(way.to == to and way.answer == plain(answer) for way in found):
                found.append(_Way(i, to, plain(answer), len(found)))
        if not named:
            found.append(_Way(i, i + 1 if i + 1 < len(steps) else -1))
        ways += found
    return ways, notes


def _columns(count: int, ways: Sequence[_Way]) -> tuple[list[int], list[int], set[_Way]]:
    """Return where the flow starts, the column of each step and the ways that lead back."""
    out: dict[int, list[_Way]] = defaultdict(list)
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
    back: set[_Way] = set()
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


def _name(step: Step) -> str:
    return plain(step.title) or plain(step.key) or "untitled"


def _told(flow: _Flow, to: int) -> str:
    return "end" if to < 0 else f"{to + 1} {_name(flow.steps[to])}"


def _describe(flow: _Flow) -> str:
    """Return the flow as an ordered text."""
    if not flow.steps:
        return "No steps yet."
    said = []
    others = [str(i + 1) for i in flow.starts if i]
    for i, step in enumerate(flow.steps):
        mine = [way for way in flow.ways if way.start == i]
        words = f"{i + 1} {_name(step)}, {flow.lanes[flow.lane[i]]}"
        if step.decision:
            words += f"; decision: {plain(step.decision).rstrip('?')}?"
        answers = [f"{way.answer} → {_told(flow, way.to)}" for way in mine if way.answer]
        plainly = [_told(flow, way.to) for way in mine if not way.answer]
        if answers:
            words += f"{'' if step.decision else ';'} {'; '.join(answers)}"
        if plainly:
            words += f"; then {' and, side by side, '.join(plainly)}"
        said.append(words)
    if others:
        said.append(f"It can also start at {', '.join(others)}")
    return ". ".join(said) + "."


def _label(flow: _Flow, i: int) -> str:
    """Return what a pointer or a screen reader is told of a step."""
    step = flow.steps[i]
    parts = [f"{i + 1} {_name(step)}, {flow.lanes[flow.lane[i]]}", plain(step.note), plain(step.decision)]
    return ". ".join(part for part in parts if part)


# --- bands ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
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
    fan: dict[_Way, tuple[str, float, list[str]]] = field(default_factory=dict)
    tall: float = _ROUND
    up: float = _ROUND
    down: float = _ROUND
    width: float = 2 * _ROUND
    wide: float = 2 * _ROUND

    @property
    def small(self) -> bool:
        return self.kind != "step"

    @property
    def diamond(self) -> float:
        """The middle of its diamond, from the left of its box."""
        return _BOX + 10 + _SIDE


@dataclass(slots=True)
class _Wire:
    start: _Node
    end: _Node
    way: _Way | None
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
class _Band:
    nodes: list[_Node]
    wires: list[_Wire]
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


def _node(flow: _Flow, i: int) -> _Node:
    step = flow.steps[i]
    node = _Node("step", flow.lane[i], flow.columns[i], i, width=_BOX, wide=_BOX)
    node.lines = wrapped(_name(step), _BOX - 16, _SIZE, 4)
    node.note = (wrapped(step.note, _BOX - 16, 10.5, 1) or [""])[0]
    node.tall = max(56.0, 24 + len(node.lines) * _PITCH + (14 if node.note else 0) + 6)
    node.up = node.down = node.tall / 2
    answers = [way for way in flow.ways if way.start == i and way.answer]
    if step.decision or step.branches:
        node.question = wrapped(step.decision, node.diamond - 10, _SMALL, 4)
        longest = max((measure(line, _SMALL) for way in answers for line in _answer(way)), default=0.0)
        node.width = node.diamond + _SIDE
        node.wide = node.width + (longest + 8 if answers else 0)
    elif len([way for way in flow.ways if way.start == i]) > 1:
        node.width = node.wide = _BOX + 14
    return node


def _answer(way: _Way) -> list[str]:
    return wrapped(way.answer, 86, _SMALL, 3)


def _split(flow: _Flow) -> list[tuple[int, int]]:
    """Return the first and the last column of each band: as few as will do, of about the same width."""
    last = max(flow.columns)
    widths = [0.0] * (last + 1)
    for i, column in enumerate(flow.columns):
        widths[column] = max(widths[column], _node(flow, i).wide + _GUTTER + 6)
    fixed = _LANE + 4 * _ROUND + 3 * _GUTTER

    def packed(most: float) -> list[tuple[int, int]]:
        found, begin, used = [], 0, fixed
        for c, w in enumerate(widths):
            if c > begin and (used + w > most or c - begin >= COLUMNS):
                found.append((begin, c - 1))
                begin, used = c, fixed
            used += w
        return [*found, (begin, last)]

    best = packed(WIDEST)
    for most in range(int(WIDEST), int(fixed), -20):
        if len(packed(most)) == len(best):
            best = packed(most)
    return best


def _band(flow: _Flow, first: int, last: int) -> _Band:
    """Return the part of a flow that lies in some columns, with marks where it comes from and goes on."""
    nodes = {i: _node(flow, i) for i, c in enumerate(flow.columns) if first <= c <= last}
    extra: list[_Node] = []
    wires: list[_Wire] = []
    for i in flow.starts:
        if i in nodes:
            extra.append(_Node("start", flow.lane[i], flow.columns[i] - 1))
            wires.append(_Wire(extra[-1], nodes[i], None))
    comes: dict[int, list[int]] = defaultdict(list)
    goes: dict[tuple[int, int, str], _Node] = {}
    for way in flow.ways:
        handed = way.to >= 0 and flow.lane[way.start] != flow.lane[way.to]
        if way.start in nodes and way.to in nodes:
            wires.append(_Wire(nodes[way.start], nodes[way.to], way, way in flow.back, handed))
        elif way.start in nodes:
            kind = "end" if way.to < 0 else "out"
            said = "" if way.to < 0 else str(way.to + 1)
            mark = _Node(kind, flow.lane[way.start], flow.columns[way.start] + 1, way.to, said)
            mark = goes.setdefault((way.start, way.to, way.answer), mark)
            extra.append(mark)
            wires.append(_Wire(nodes[way.start], mark, way, handed=handed))
        elif way.to in nodes and way.start not in comes[way.to]:
            comes[way.to].append(way.start)
    for to, froms in comes.items():
        numbers = [str(i + 1) for i in sorted(froms)]
        said = ", ".join(numbers[:3]) + (" …" if len(numbers) > 3 else "")
        mark = _Node("in", flow.lane[to], flow.columns[to] - 1, to, said)
        extra.append(mark)
        wires.append(_Wire(mark, nodes[to], None, handed=any(flow.lane[i] != flow.lane[to] for i in froms)))
    for mark in extra:
        if mark.said:
            mark.width = mark.wide = max(34.0, measure(mark.said, _SMALL) + 26)
    band = _Band([*nodes.values(), *extra], wires, sorted({n.lane for n in nodes.values()}))
    _place(band)
    _route(band)
    _measure(band)
    _thread(band)
    return band


def _place(band: _Band) -> None:
    """Give every node a row: those of a lane share one, unless they stand in the same column."""
    low = min(node.column for node in band.nodes)
    for node in band.nodes:
        node.column -= low
    band.columns = max(node.column for node in band.nodes) + 1
    taken: set[tuple[int, int, int]] = set()
    sub: dict[int, int] = {}
    before: dict[int, list[_Node]] = defaultdict(list)
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


# --- routing --------------------------------------------------------------------------------------


def _route(band: _Band) -> None:
    """Decide for every line where it leaves, which free cells, gutters and corridors it takes, where it enters."""
    cells: dict[tuple[int, int], list[tuple[float, int]]] = defaultdict(list)
    boxes = {(node.row, node.column) for node in band.nodes}
    loops: dict[int, int] = defaultdict(int)
    leaving: dict[int, list[_Wire]] = defaultdict(list)
    for wire in band.wires:
        leaving[id(wire.start)].append(wire)

    def free(row: int, columns: range, off: float, owner: int) -> bool:
        return all(
            (row, c) not in boxes and all(o == owner or abs(y - off) > 8 for y, o in cells[row, c]) for c in columns
        )

    def take(row: int, columns: range, off: float, owner: int) -> None:
        for c in columns:
            cells[row, c].append((off, owner))

    def straight_on(node: _Node, wire: _Wire) -> bool:
        return free(wire.end.row, range(node.column + 1, wire.end.column), 0.0, id(node))

    def join(wire: _Wire, from_above: bool) -> float:
        return 0.0 if wire.end.small else -11.0 if from_above else 11.0

    for node in sorted(band.nodes, key=lambda n: (n.column, n.row)):
        mine = leaving[id(node)]
        if any(wire.way and wire.way.answer for wire in mine) or node.question:
            _fan(node, mine, partial(straight_on, node))
        for wire in mine:
            wire.bar = len(mine) > 1 and not node.fan and not node.small
        for wire in sorted(mine, key=lambda w: (w.back, w.end.column - w.start.column, w.end.row)):
            start, end, owner = wire.start, wire.end, id(node) * 64 + (mine.index(wire) if node.fan else 63)
            between = range(start.column + 1, end.column)
            if wire.back:
                above = wire.top is not None or not node.fan
                wire.corridor = start.row if above else start.row + 1
                if above and wire.top is None:
                    wire.top = _BOX - 16
                if wire.top is not None and start.row == end.row:
                    wire.drop = 30 + 12.0 * (loops[id(end)] % 5)
                    loops[id(end)] += 1
                else:
                    wire.into = join(wire, wire.corridor <= end.row)
                    wire.gutters = (end.column,) if wire.top is not None else (start.column + 1, end.column)
                continue
            if start.row == end.row and wire.off == 0 and free(start.row, between, 0.0, owner):
                take(start.row, between, 0.0, owner)
                continue
            same = start.row == end.row
            into = join(wire, start.row < end.row or (same and wire.off <= 0))
            if free(end.row, between, into, owner) and not (same and wire.off == 0):
                take(end.row, between, into, owner)
                wire.into, wire.gutters = into, (start.column + 1,)
            elif free(start.row, between, wire.off, owner) and not same:
                take(start.row, between, wire.off, owner)
                wire.into, wire.gutters = into, (end.column,)
            else:
                above = start.row > end.row or (same and wire.off > 0)
                wire.corridor = end.row + 1 if above else end.row
                wire.into = join(wire, not above)
                wire.gutters = (start.column + 1, end.column)


def _fan(node: _Node, wires: list[_Wire], clear: Callable[[_Wire], bool]) -> None:
    """Spread the answers of a decision: one straight on, one above, the others below."""
    left = [wire for wire in wires if wire.way is not None]
    on = [w for w in left if not w.back]
    straight = next((w for w in on if w.end.row == node.row and clear(w)), None) or (on[0] if on else None)
    loop = next((w for w in left if w.back), None)
    above = None
    if loop is None:
        above = next((w for w in on if w is not straight and w.end.row < node.row), None)
    below = [w for w in left if w not in (straight, loop, above)]
    step = _SMALL * 1.2

    def lines(wire: _Wire | None) -> list[str]:
        return _answer(wire.way) if wire is not None and wire.way is not None else []

    node.up = max(node.up, _SIDE)
    middle = len(lines(straight)) * step + 8
    if straight is not None and straight.way is not None:
        node.fan[straight.way] = ("on", 0.0, lines(straight))
    if loop is not None and loop.way is not None:
        loop.top = node.diamond
        node.fan[loop.way] = ("loop", -max(_SIDE + 6, middle), lines(loop))
        node.up = max(node.up, max(_SIDE + 6, middle) + len(lines(loop)) * step + 2)
    if above is not None and above.way is not None:
        above.off = -max(_SIDE + 8, middle + 2)
        node.fan[above.way] = ("above", above.off, lines(above))
        node.up = max(node.up, -above.off + len(lines(above)) * step + 6)
    at = _SIDE + 2
    for wire in sorted(below, key=lambda w: (w.end.row, w.end.column)):
        if wire.way is not None:
            at += max(len(lines(wire)) * step + 7, 12)
            wire.off = at
            node.fan[wire.way] = ("below", at, lines(wire))
            node.down = max(node.down, at + 8)
    if node.question:
        node.down = max(node.down, node.tall / 2 + 6 + len(node.question) * step + 4)


def _measure(band: _Band) -> None:
    """Give rows, corridors, columns and gutters their places."""
    # tracks in the corridors, the shorter ones nearer to the row below
    used: list[list[list[tuple[int, int, int]]]] = [[] for _ in range(len(band.rows) + 1)]
    for wire in sorted((w for w in band.wires if w.corridor >= 0), key=lambda w: _span(w)[1] - _span(w)[0]):
        low, high = _span(wire)
        tracks = used[wire.corridor]
        wire.track = next(
            (t for t, taken in enumerate(tracks) if all(high < a or low > b for a, b, _ in taken)), len(tracks)
        )
        if wire.track == len(tracks):
            tracks.append([])
        tracks[wire.track].append((low, high, 0))
    band.tracks = [len(tracks) for tracks in used]
    y = 1.0
    for row, lane in enumerate(band.rows):
        fresh = row == 0 or band.rows[row - 1] != lane
        band.corridors.append(y)
        y += band.tracks[row] * _TRACK + (14 if fresh else 8)
        mine = [node for node in band.nodes if node.row == row]
        y += max(node.up for node in mine)
        band.ys.append(y)
        y += max(node.down for node in mine)
        y += 14 if row + 1 == len(band.rows) or band.rows[row + 1] != lane else 4
    band.corridors.append(y)
    band.height = y + band.tracks[-1] * _TRACK + 1
    x = _LANE
    segments = _segments(band)
    for column in range(band.columns + 1):
        places = _ordered(segments[column])
        count = 1 + max(places, default=-1)
        for segment, place in zip(segments[column], places, strict=True):
            for wire in segment.wires:
                wire.at[column] = x + 11 + place * _TRACK
        x += (20 if column in (0, band.columns) and not count else _GUTTER) + max(count - 1, 0) * _TRACK
        if column == band.columns:
            break
        band.xs.append(x)
        x += max((node.wide for node in band.nodes if node.column == column), default=0.0)
    band.width = x
    for node in band.nodes:
        room = max(n.wide for n in band.nodes if n.column == node.column)
        node.x = band.xs[node.column] + (room - node.wide if node.kind in ("start", "in") else 0)


def _span(wire: _Wire) -> tuple[int, int]:
    """Return between which gutters (even) and columns (odd) a line uses its corridor."""
    ends = [2 * g for g in wire.gutters]
    if wire.top is not None:
        ends.append(2 * wire.start.column + 1)
    if wire.drop is not None:
        ends.append(2 * wire.end.column + 1)
    return min(ends), max(ends)


@dataclass(slots=True)
class _Segment:
    """A vertical line in a gutter: its ends, and the heights at which lines join it from the left and the right."""

    wires: list[_Wire]
    low: float
    high: float
    left: list[float]
    right: list[float]

    def before(self, other: _Segment) -> int:
        """Return what it costs to stand left of another: one for a crossing, many for lines that run together."""
        if {id(w.start) for w in self.wires} & {id(w.start) for w in other.wires}:
            return 0
        cost = 0
        for mine, at in ((self.right, other), (other.left, self)):
            for y in mine:
                if at.low - 4 < y < at.high + 4:
                    cost += 1 if at.low + 4 < y < at.high - 4 else 20
        ends = {id(w.end) for w in self.wires} & {id(w.end) for w in other.wires}
        return cost if not ends else min(cost, 5)


def _segments(band: _Band) -> list[list[_Segment]]:
    found: list[list[_Segment]] = [[] for _ in range(band.columns + 1)]
    forks: dict[tuple[int, int, float], _Segment] = {}
    for wire in band.wires:
        leave, enter = band.ys[wire.start.row] + wire.off, band.ys[wire.end.row] + wire.into
        across = _height(band, wire)
        if len(wire.gutters) == 2:
            first, second = wire.gutters
            turns = [(first, leave, "L", across, "R" if second > first else "L"),
                     (second, across, "L" if second > first else "R", enter, "R")]  # fmt: skip
        elif wire.gutters:
            turns = [(wire.gutters[0], across, "R", enter, "R") if wire.top is not None
                     else (wire.gutters[0], leave, "L", enter, "R")]  # fmt: skip
        else:
            continue
        for gutter, a, from_, b, to in turns:
            sides: dict[str, list[float]] = {"L": [], "R": []}
            sides[from_].append(a)
            sides[to].append(b)
            made = _Segment([wire], min(a, b), max(a, b), sides["L"], sides["R"])
            key = (id(wire.start), gutter, a)
            if key in forks and from_ == "L":
                fork = forks[key]
                fork.wires.append(wire)
                fork.low, fork.high = min(fork.low, made.low), max(fork.high, made.high)
                fork.left += made.left
                fork.right += made.right
                continue
            if from_ == "L":
                forks[key] = made
            found[gutter].append(made)
    return found


def _ordered(segments: Sequence[_Segment]) -> list[int]:
    """Return the track of each segment in a gutter, so that few lines cross and none run together."""
    count = len(segments)
    cost = [[a.before(b) for b in segments] for a in segments]
    if count <= 9:
        best: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}
        for mask in range(1, 1 << count):
            best[mask] = min(
                (best[mask ^ 1 << i][0] + sum(cost[j][i] for j in best[mask ^ 1 << i][1]), (*best[mask ^ 1 << i][1], i))
                for i in range(count)
                if mask >> i & 1
            )
        order = list(best[(1 << count) - 1][1])
    else:
        order = list(range(count))
        for _ in range(count):
            for n in range(count - 1):
                a, b = order[n], order[n + 1]
                if cost[b][a] < cost[a][b]:
                    order[n], order[n + 1] = b, a
    places = [0] * count
    for n, i in enumerate(order):
        mine = segments[i]
        near = [j for j in order[:n] if segments[j].low < mine.high + 8 and mine.low < segments[j].high + 8]
        near += [j for j in order[:n] if j not in near and cost[j][i] < cost[i][j]]
        places[i] = max((places[j] + 1 for j in near), default=0)
    return places


def _height(band: _Band, wire: _Wire) -> float:
    """Return where a line runs in its corridor."""
    if wire.corridor < 0:
        return 0.0
    return band.corridors[wire.corridor] + (band.tracks[wire.corridor] - 1 - wire.track) * _TRACK + 6


def _thread(band: _Band) -> None:
    """Give every line its corners."""
    for wire in band.wires:
        start, end = wire.start, wire.end
        y, enter, across = band.ys[start.row], band.ys[end.row] + wire.into, _height(band, wire)
        if wire.top is not None:
            x = start.x + wire.top
            points = [(x, y - (_SIDE if start.fan else start.tall / 2)), (x, across)]
        elif wire.off:
            x = start.x + start.diamond
            points = [(x, y + (_SIDE if wire.off > 0 else -_SIDE)), (x, y + wire.off)]
        elif start.fan:
            points = [(start.x + start.diamond + _SIDE, y)]
        else:
            points = [(start.x + (start.width if start.small else _BOX), y)]
        if wire.drop is not None:
            x = end.x + wire.drop
            points += [(x, across), (x, band.ys[end.row] - end.tall / 2)]
        else:
            height = points[-1][1]
            for nr, gutter in enumerate(wire.gutters):
                last = nr + 1 == len(wire.gutters)
                points += [(wire.at[gutter], height), (wire.at[gutter], enter if last else across)]
                height = across
            points.append((end.x, enter))
        wire.points = points


# --- drawing --------------------------------------------------------------------------------------


def _wide(flow: _Flow, title: str, description: str) -> str:
    if not flow.steps:
        return _empty(720, "qms-chart-wide", title, description)
    bands = [_band(flow, first, last) for first, last in _split(flow)]
    width = max(band.width for band in bands) + 1
    inner, y = "", 0.0
    for nr, band in enumerate(bands):
        drawn = _drawn(flow, band, width)
        inner += drawn if not nr else f'<g transform="translate(0,{number(y)})">{drawn}</g>'
        y += band.height + 22
    return picture(width, y - 22, "qms-chart-wide", title, description, inner)


def _empty(width: float, sort: str, title: str, description: str) -> str:
    return picture(width, 60, sort, title, description, text(0, 34, "No steps yet", 13, SOFT))


def _drawn(flow: _Flow, band: _Band, width: float) -> str:
    lanes = ""
    edges = [
        (band.rows[row], band.corridors[row])
        for row in range(len(band.rows))
        if not row or band.rows[row - 1] != band.rows[row]
    ]
    ends = [y for _, y in edges[1:]] + [band.height - 1]
    for (lane, top), bottom in zip(edges, ends, strict=True):
        lanes += tag("rect", x=1, y=top, width=_LANE - 9, height=bottom - top, fill=TINT)
        if top > 1:
            lanes += tag("path", d=f"M1,{number(top)}H{number(width - 1)}", stroke=LINE, stroke_width=1.25)
        most = max(1, int((bottom - top - 8) // 15))
        said = wrapped(flow.lanes[lane], _LANE - 25, 12.5, most)
        middle = (top + bottom) / 2 - (len(said) - 1) * 7.5 + 4.5
        lanes += block(10, middle, said, 12.5, INK if flow.lanes[lane] != NOBODY else SOFT, weight="700", pitch=15)
    lanes += tag("rect", x=1, y=1, width=width - 2, height=band.height - 2, fill="none", stroke=LINE, stroke_width=1.25)
    wires = "".join(_wire(wire) for wire in sorted(band.wires, key=lambda w: w.handed))
    signs = "".join(_sign(node, band.ys[node.row]) for node in band.nodes if node.small)
    forks = {id(w.start): w.start for w in band.wires if w.bar}
    for node in forks.values():
        signs += tag(
            "path", d=f"M{number(node.x + _BOX + 9)},{number(band.ys[node.row] - 13)}v26", stroke=INK, stroke_width=4
        )
    steps = "".join(
        _step(flow, node, band.ys[node.row]) for node in sorted(band.nodes, key=lambda n: n.step) if not node.small
    )
    return f'<g aria-hidden="true">{lanes}{wires}{signs}</g>{steps}'


def _wire(wire: _Wire) -> str:
    colour, thick = (INK, 2.25) if wire.handed else (SOFT, 1.4)
    sort = "qms-flow-wire qms-flow-handed" if wire.handed else "qms-flow-wire"
    short = [*wire.points[:-1], _short(wire.points)]
    return tag("path", _class=sort, d=rounded(short), fill="none", stroke=colour, stroke_width=thick) + tag(
        "path", d=head(wire.points, 8), fill=colour
    )


def _short(points: Sequence[Point]) -> Point:
    """Return the end of a line a little before its arrow head ends, so that the head stays sharp."""
    (x0, y0), (x, y) = points[-2], points[-1]
    if abs(x - x0) < 0.05:
        return x, y - (4 if y > y0 else -4)
    return x - (4 if x > x0 else -4), y


def _sign(node: _Node, y: float) -> str:
    x = node.x + _ROUND
    if node.kind == "start":
        return tag("circle", cx=x, cy=y, r=_ROUND - 1, fill=PAPER, stroke=ACCENT, stroke_width=1.75)
    if node.kind == "end":
        return tag("circle", cx=x, cy=y, r=_ROUND - 2, fill=PAPER, stroke=INK, stroke_width=4)
    return _mark(node.x, y, node.width, node.said, node.kind == "out")


def _mark(x: float, y: float, width: float, said: str, out: bool) -> str:
    """Return the sign that the flow goes on at a step, or comes from one, elsewhere."""
    shape = tag("rect", x=x, y=y - _ROUND, width=width, height=2 * _ROUND, rx=_ROUND, fill=PAPER, stroke=ACCENT,
                stroke_width=1.25)  # fmt: skip
    at = x + 9 if out else x + width - 9 - 7
    arrow = tag("path", d=f"M{number(at)},{number(y - 4)}l6,4l-6,4Z", fill=ACCENT)
    return shape + arrow + text(x + width / 2 + (5 if out else -5), y + 4, said, _SMALL, ACCENT, "middle", "700")


def _linked(flow: _Flow, i: int, inner: str) -> str:
    """Return a step that can be reached by keyboard and leads to its place where it has one."""
    href = address(flow.steps[i].href)
    inner = titled(_label(flow, i)) + inner
    if href:
        return f'<a class="qms-flow-step" href={quoteattr(href)}>{inner}</a>'
    return f'<g class="qms-flow-step" tabindex="0" role="img" aria-label={quoteattr(_label(flow, i))}>{inner}</g>'


def _step(flow: _Flow, node: _Node, y: float) -> str:
    x, top = node.x, y - node.tall / 2
    inner = tag("rect", _class="qms-flow-box", x=x, y=top, width=_BOX, height=node.tall, rx=8, fill=PAPER, stroke=INK,
                stroke_width=1.4)  # fmt: skip
    inner += text(x + 8, top + 15, str(node.step + 1), 11, ACCENT, weight="700")
    free = node.tall - 20 - 6 - (14 if node.note else 0) - len(node.lines) * _PITCH
    inner += block(x + 8, top + 31.5 + free / 2, node.lines, _SIZE, INK, pitch=_PITCH)
    if node.note:
        inner += text(x + 8, top + node.tall - 8, node.note, 10.5, SOFT)
    if not node.fan:
        return _linked(flow, node.step, inner)
    middle = x + node.diamond
    inner += tag("path", d=f"M{number(x + _BOX)},{number(y)}H{number(middle - _SIDE)}", stroke=SOFT, stroke_width=1.4)
    inner += tag(
        "path", _class="qms-flow-box",
        d=f"M{number(middle - _SIDE)},{number(y)}l{number(_SIDE)},{number(-_SIDE)}l{number(_SIDE)},{number(_SIDE)}"
        f"l{number(-_SIDE)},{number(_SIDE)}Z", fill=BAND, stroke=ACCENT, stroke_width=1.6,
    )  # fmt: skip
    inner += text(middle, y + 4.5, "?", 13, ACCENT, "middle", "700")
    inner += block(middle - 9, y + node.tall / 2 + 16, node.question, _SMALL, ACCENT, "end", "600")
    step = _SMALL * 1.2
    for sort, at, lines in node.fan.values():
        left = middle + (_SIDE + 1 if sort == "on" else 6)
        inner += block(left, y + at - 4 - (len(lines) - 1) * step, lines, _SMALL, INK, pitch=step)
    return _linked(flow, node.step, inner)


def _narrow(flow: _Flow, title: str, description: str) -> str:
    """Draw the flow for phones: one step below the other, with words where the way does not lead to the next."""
    width = 350.0
    if not flow.steps:
        return _empty(width, "qms-chart-narrow", title, description)
    wires, signs, steps, y = "", "", "", 1.0
    centre, left = width / 2, 34.0

    def arrow(x: float, top: float, bottom: float, strong: bool) -> str:
        points = [(x, top), (x, bottom)]
        colour = INK if strong else SOFT
        return tag(
            "path", d=rounded([points[0], (x, bottom - 4)]), stroke=colour, stroke_width=2.25 if strong else 1.4
        ) + tag("path", d=head(points, 8), fill=colour)

    for i, step in enumerate(flow.steps):
        if i in flow.starts:
            signs += tag("circle", cx=left, cy=y + 10, r=9, fill=PAPER, stroke=ACCENT, stroke_width=1.75)
            wires += arrow(left, y + 19, y + 40, False)
            y += 40
        lines = wrapped(_name(step), width - 32, 15, 5)
        lane = (wrapped(flow.lanes[flow.lane[i]], width - 70, 11.5, 1) or [""])[0]
        note = (wrapped(step.note, width - 32, 11.5, 1) or [""])[0]
        tall = 34 + len(lines) * 19 + (17 if note else 0) + 6
        inner = tag("rect", _class="qms-flow-box", x=1, y=y, width=width - 2, height=tall, rx=8, fill=PAPER, stroke=INK,
                    stroke_width=1.4)  # fmt: skip
        inner += text(14, y + 21, str(i + 1), 13, ACCENT, weight="700")
        inner += text(width - 14, y + 21, lane, 11.5, SOFT, "end", "600")
        inner += block(14, y + 43, lines, 15, INK, pitch=19)
        if note:
            inner += text(14, y + tall - 10, note, 11.5, SOFT)
        y += tall
        mine = [way for way in flow.ways if way.start == i]
        if step.decision or step.branches:
            inner += tag("path", d=f"M{number(left)},{number(y)}v12", stroke=SOFT, stroke_width=1.4)
            inner += tag("path", _class="qms-flow-box", d=f"M{number(left - 18)},{number(y + 30)}l18,-18l18,18l-18,18Z",
                         fill=BAND, stroke=ACCENT, stroke_width=1.6)  # fmt: skip
            inner += text(left, y + 34.5, "?", 13, ACCENT, "middle", "700")
            asked = wrapped(step.decision, width - left - 34, 13.5, 4)
            inner += block(left + 28, y + 34.5 - (len(asked) - 1) * 8, asked, 13.5, ACCENT, weight="600", pitch=17)
            y += max(48.0, 30 + len(asked) * 9)
        x = left if step.decision or step.branches or len(mine) > 1 else centre
        steps += _linked(flow, i, inner)
        onward = [way for way in mine if way.to == i + 1]
        elsewhere = [way for way in mine if way.to != i + 1]
        begin = y
        for way in elsewhere:
            y, drawn = _turn(flow, way, x, y, width, len(mine) > 1)
            signs += drawn
        if onward:
            answers = [way.answer or ("side by side" if len(mine) > 1 else "") for way in onward]
            said = wrapped(" / ".join(answer for answer in answers if answer), width - x - 24, 13, 2)
            room = max(26.0, len(said) * 17 + 14)
            strong = flow.lane[i] != flow.lane[i + 1]
            wires += arrow(x, begin, y + room, strong)
            signs += block(x + 14, y + 17, said, 13, INK, pitch=17)
            y += room
        else:
            if elsewhere and not (len(elsewhere) == 1 and x == centre):
                wires += tag("path", d=f"M{number(x)},{number(begin)}V{number(y - 17)}", stroke=SOFT, stroke_width=1.4)
            y += 16
    return picture(width, y, "qms-chart-narrow", title, description,
                   f'<g aria-hidden="true">{wires}{signs}</g>{steps}')  # fmt: skip


def _turn(flow: _Flow, way: _Way, x: float, y: float, width: float, many: bool) -> tuple[float, str]:
    """Return a line that says where an answer leads when that is not the next step, and where it ends."""
    said = wrapped(way.answer or ("side by side" if many else ""), 150, 13, 3)
    if x > 100 and not many:
        drawn = tag("path", d=f"M{number(x)},{number(y)}v20", stroke=SOFT, stroke_width=1.4)
        return y + 44, drawn + _target(flow, way, x - 17, y + 31, width)
    tall = max(34.0, len(said) * 17 + 12)
    middle = y + tall / 2
    at = x + 14
    longest = max((measure(line, 13) for line in said), default=0.0)
    drawn = tag("path", d=f"M{number(x)},{number(middle)}h10", stroke=SOFT, stroke_width=1.4)
    drawn += block(at + 2, middle + 4.5 - (len(said) - 1) * 8.5, said, 13, INK, pitch=17)
    return y + tall, drawn + _target(flow, way, at + (longest + 10 if said else 0), middle, width)


def _target(flow: _Flow, way: _Way, x: float, y: float, width: float) -> str:
    if way.to < 0:
        return tag("circle", cx=x + 10, cy=y, r=8, fill=PAPER, stroke=INK, stroke_width=4) + text(
            x + 25, y + 4.5, "end", 13, SOFT
        )
    said = str(way.to + 1)
    wide = max(34.0, measure(said, _SMALL) + 26)
    name = (wrapped(_name(flow.steps[way.to]), width - x - wide - 10, 11.5, 1) or [""])[0]
    return _mark(x, y, wide, said, True) + text(x + wide + 6, y + 4, name, 11.5, SOFT)
