"""A swimlane in bands: what is too wide for a page goes on in the next, with marks that say at which step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from qmsctl.diagrams.drawing import (
    measure,
)
from qmsctl.diagrams.flow import Flow
from qmsctl.diagrams.flow_grid import GUTTER, LANE, ROUND, SMALL, Band, Node, Wire, node_of, place
from qmsctl.diagrams.flow_lines import route, space_out, thread

WIDEST, COLUMNS = 1240.0, 10
"""What a band may measure; from there on the flow goes on in the next."""


def split(flow: Flow) -> list[tuple[int, int]]:
    """Return the first and the last column of each band: as few as will do, of about the same width."""
    last = max(flow.columns)
    widths = [0.0] * (last + 1)
    for i, column in enumerate(flow.columns):
        widths[column] = max(widths[column], node_of(flow, i).wide + GUTTER + 6)
    fixed = LANE + 4 * ROUND + 3 * GUTTER

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


def band_of(flow: Flow, first: int, last: int, sized: Callable[[Flow, int], Node] = node_of) -> Band:
    """Return the part of a flow that lies in some columns, with marks where it comes from and goes on."""
    nodes = {i: sized(flow, i) for i, c in enumerate(flow.columns) if first <= c <= last}
    extra: list[Node] = []
    wires: list[Wire] = []
    for i in flow.starts:
        if i in nodes:
            extra.append(Node("start", flow.lane[i], flow.columns[i] - 1))
            wires.append(Wire(extra[-1], nodes[i], None))
    comes: dict[int, list[int]] = defaultdict(list)
    goes: dict[tuple[int, int, str], Node] = {}
    for way in flow.ways:
        handed = way.to >= 0 and flow.lane[way.start] != flow.lane[way.to]
        if way.start in nodes and way.to in nodes:
            wires.append(Wire(nodes[way.start], nodes[way.to], way, way in flow.back, handed))
        elif way.start in nodes:
            kind = "end" if way.to < 0 else "out"
            said = "" if way.to < 0 else str(way.to + 1)
            mark = Node(kind, flow.lane[way.start], flow.columns[way.start] + 1, way.to, said)
            mark = goes.setdefault((way.start, way.to, way.answer), mark)
            extra.append(mark)
            wires.append(Wire(nodes[way.start], mark, way, handed=handed))
        elif way.to in nodes and way.start not in comes[way.to]:
            comes[way.to].append(way.start)
    for to, froms in comes.items():
        numbers = [str(i + 1) for i in sorted(froms)]
        said = ", ".join(numbers[:3]) + (" …" if len(numbers) > 3 else "")
        mark = Node("in", flow.lane[to], flow.columns[to] - 1, to, said)
        extra.append(mark)
        wires.append(Wire(mark, nodes[to], None, handed=any(flow.lane[i] != flow.lane[to] for i in froms)))
    for mark in extra:
        if mark.said:
            mark.width = mark.wide = max(34.0, measure(mark.said, SMALL) + 26)
    band = Band([*nodes.values(), *extra], wires, sorted({n.lane for n in nodes.values()}))
    place(band)
    route(band)
    space_out(band)
    thread(band)
    return band
