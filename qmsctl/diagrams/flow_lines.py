"""The lines of a swimlane: they run only in gutters between columns, in corridors between rows and through free cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from qmsctl.diagrams.flow_grid import (
    BOX,
    GUTTER,
    LANE,
    LINE_OF,
    SIDE,
    TRACK,
    Band,
    Node,
    Wire,
    answer_lines,
    hand_lines,
)


def route(band: Band) -> None:
    """Decide for every line where it leaves, which free cells, gutters and corridors it takes, where it enters."""
    cells: dict[tuple[int, int], list[tuple[float, int]]] = defaultdict(list)
    boxes = {(node.row, node.column) for node in band.nodes}
    loops: dict[int, int] = defaultdict(int)
    leaving: dict[int, list[Wire]] = defaultdict(list)
    for wire in band.wires:
        leaving[id(wire.start)].append(wire)

    def free(row: int, columns: range, off: float, owner: int) -> bool:
        return all(
            (row, c) not in boxes and all(o == owner or abs(y - off) > 8 for y, o in cells[row, c]) for c in columns
        )

    def take(row: int, columns: range, off: float, owner: int) -> None:
        for c in columns:
            cells[row, c].append((off, owner))

    def straight_on(node: Node, wire: Wire) -> bool:
        return free(wire.end.row, range(node.column + 1, wire.end.column), 0.0, id(node))

    def join(wire: Wire, from_above: bool) -> float:
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
                    wire.top = start.diamond if start.gate else start.lead + BOX - 16
                if wire.top is not None and start.row == end.row:
                    wire.drop = SIDE if end.merge == "xor" else end.lead + 30 + 12.0 * (loops[id(end)] % 5)
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


def _fan(node: Node, wires: list[Wire], clear: Callable[[Wire], bool]) -> None:
    """Spread the answers of a decision: one straight on, one above, the others below."""
    left = [wire for wire in wires if wire.way is not None]
    on = [w for w in left if not w.back]
    straight = next((w for w in on if w.end.row == node.row and clear(w)), None) or (on[0] if on else None)
    loop = next((w for w in left if w.back), None)
    above = None
    if loop is None:
        above = next((w for w in on if w is not straight and w.end.row < node.row), None)
    below = [w for w in left if w not in (straight, loop, above)]
    step = LINE_OF

    def spoken(wire: Wire | None) -> tuple[list[str], list[str]]:
        return (answer_lines(wire.way), hand_lines(wire.way)) if wire is not None and wire.way is not None else ([], [])

    def lines(wire: Wire | None) -> list[str]:
        return [line for words in spoken(wire) for line in words]

    node.up = max(node.up, SIDE)
    middle = len(lines(straight)) * step + 8
    node.up = max(node.up, middle + 4)
    if straight is not None and straight.way is not None:
        node.fan[straight.way] = ("on", 0.0, *spoken(straight))
    if loop is not None and loop.way is not None:
        loop.top = node.diamond
        node.fan[loop.way] = ("loop", -max(SIDE + 6, middle), *spoken(loop))
        node.up = max(node.up, max(SIDE + 6, middle) + len(lines(loop)) * step + 2)
    if above is not None and above.way is not None:
        above.off = -max(SIDE + 8, middle + 2)
        node.fan[above.way] = ("above", above.off, *spoken(above))
        node.up = max(node.up, -above.off + len(lines(above)) * step + 6)
    at = SIDE + 2
    for wire in sorted(below, key=lambda w: (w.end.row, w.end.column)):
        if wire.way is not None:
            at += max(len(lines(wire)) * step + 7, 12)
            wire.off = at
            node.fan[wire.way] = ("below", at, *spoken(wire))
            node.down = max(node.down, at + 8)
    if node.question:
        node.down = max(node.down, node.tall / 2 + 6 + len(node.question) * step + 4)


def space_out(band: Band) -> None:
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
        y += band.tracks[row] * TRACK + (14 if fresh else 8)
        mine = [node for node in band.nodes if node.row == row]
        y += max(node.up for node in mine)
        band.ys.append(y)
        y += max(node.down for node in mine)
        y += 14 if row + 1 == len(band.rows) or band.rows[row + 1] != lane else 4
    band.corridors.append(y)
    band.height = y + band.tracks[-1] * TRACK + 1
    x = LANE
    segments = _segments(band)
    for column in range(band.columns + 1):
        places = _ordered(segments[column])
        count = 1 + max(places, default=-1)
        for segment, place in zip(segments[column], places, strict=True):
            for wire in segment.wires:
                wire.at[column] = x + 11 + place * TRACK
        x += (20 if column in (0, band.columns) and not count else GUTTER) + max(count - 1, 0) * TRACK
        if column == band.columns:
            break
        band.xs.append(x)
        x += max((node.wide for node in band.nodes if node.column == column), default=0.0)
    band.width = x
    for node in band.nodes:
        room = max(n.wide for n in band.nodes if n.column == node.column)
        node.x = band.xs[node.column] + (room - node.wide if node.kind in ("start", "in") else 0)


def _span(wire: Wire) -> tuple[int, int]:
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

    wires: list[Wire]
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


def _segments(band: Band) -> list[list[_Segment]]:
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


def _height(band: Band, wire: Wire) -> float:
    """Return where a line runs in its corridor."""
    if wire.corridor < 0:
        return 0.0
    return band.corridors[wire.corridor] + (band.tracks[wire.corridor] - 1 - wire.track) * TRACK + 6


def thread(band: Band) -> None:
    """Give every line its corners."""
    for wire in band.wires:
        start, end = wire.start, wire.end
        y, enter, across = band.ys[start.row], band.ys[end.row] + wire.into, _height(band, wire)
        if wire.top is not None:
            x = start.x + wire.top
            points = [(x, y - (SIDE if start.fan or start.gate else start.tall / 2)), (x, across)]
        elif wire.off:
            x = start.x + start.diamond
            points = [(x, y + (SIDE if wire.off > 0 else -SIDE)), (x, y + wire.off)]
        else:
            points = [(start.x + start.exit, y)]
        if wire.drop is not None:
            x = end.x + wire.drop
            points += [(x, across), (x, band.ys[end.row] - (SIDE if end.merge == "xor" else end.tall / 2))]
        else:
            height = points[-1][1]
            for nr, gutter in enumerate(wire.gutters):
                last = nr + 1 == len(wire.gutters)
                points += [(wire.at[gutter], height), (wire.at[gutter], enter if last else across)]
                height = across
            points.append((end.x + (abs(wire.into) if end.merge in ("and", "xor") else 0.0), enter))
        wire.points = points
