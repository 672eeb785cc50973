"""The swimlane of a process: roles down the side, time to the right, decisions with their answers on the branches.

What is handed over is written on the line that crosses lanes. Columns are the longest way from the start, with loops
set aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qmsctl.diagrams.drawing import (
    Diagram,
    Point,
    block,
    head,
    measure,
    number,
    picture,
    rounded,
    tag,
    text,
    wrapped,
)
from qmsctl.diagrams.flow import Flow, Say, Step, describe, english, read
from qmsctl.diagrams.flow_bands import band_of, split
from qmsctl.diagrams.flow_grid import BOX, LANE, LINE_OF, PITCH, ROUND, SIDE, SIZE, SMALL, Band, Node, Wire
from qmsctl.diagrams.flow_phone import narrow
from qmsctl.diagrams.flow_signs import empty, handed, linked, mark
from qmsctl.diagrams.vega import ACCENT, BAND, INK, LINE, PAPER, SOFT, TINT, plain


def swimlane(steps: Sequence[Step], roles: Mapping[str, str], title: str, t: Say = english) -> Diagram:
    """Draw the steps of a process; ``roles`` gives the title of each role."""
    flow = read(steps, roles, t)
    description = describe(flow)
    title = plain(title) or t("Process")
    return Diagram(
        _wide(flow, title, description), title, description, tuple(flow.notes), narrow(flow, title, description)
    )


def _wide(flow: Flow, title: str, description: str) -> str:
    if not flow.steps:
        return empty(flow.t("No steps yet"), 720, "qms-chart-wide", title, description)
    bands = [band_of(flow, first, last) for first, last in split(flow)]
    width = max(band.width for band in bands) + 1
    inner, y = "", 0.0
    for nr, band in enumerate(bands):
        drawn = _drawn(flow, band, width)
        inner += drawn if not nr else f'<g transform="translate(0,{number(y)})">{drawn}</g>'
        y += band.height + 22
    return picture(width, y - 22, "qms-chart-wide", title, description, inner)


def _drawn(flow: Flow, band: Band, width: float) -> str:
    lanes = ""
    edges = [
        (band.rows[row], band.corridors[row])
        for row in range(len(band.rows))
        if not row or band.rows[row - 1] != band.rows[row]
    ]
    ends = [y for _, y in edges[1:]] + [band.height - 1]
    for (lane, top), bottom in zip(edges, ends, strict=True):
        lanes += tag("rect", x=1, y=top, width=LANE - 9, height=bottom - top, fill=TINT)
        if top > 1:
            lanes += tag("path", d=f"M1,{number(top)}H{number(width - 1)}", stroke=LINE, stroke_width=1.25)
        most = max(1, int((bottom - top - 8) // 15))
        longest = max((measure(word, 12.5) for word in flow.lanes[lane].split()), default=0.0)
        size = 12.5 if longest <= LANE - 25 else 11.5
        said = wrapped(flow.lanes[lane], LANE - 25, size, most)
        middle = (top + bottom) / 2 - (len(said) - 1) * 7.5 + 4.5
        lanes += block(10, middle, said, size, INK if _held(flow, lane) else SOFT, weight="700", pitch=15)
    lanes += tag("rect", x=1, y=1, width=width - 2, height=band.height - 2, fill="none", stroke=LINE, stroke_width=1.25)
    wires = "".join(_wire(wire) for wire in sorted(band.wires, key=lambda w: w.handed))
    signs = "".join(_sign(node, band.ys[node.row]) for node in band.nodes if node.small)
    forks = {id(w.start): w.start for w in band.wires if w.bar}
    for node in forks.values():
        signs += _bar(node.x + node.lead + BOX + 9, band.ys[node.row])
    for node in band.nodes:
        if node.merge:
            signs += _bar(node.x + 2, band.ys[node.row])
            signs += tag(
                "path",
                d=f"M{number(node.x + 4)},{number(band.ys[node.row])}h{number(node.lead - 4)}",
                stroke=SOFT,
                stroke_width=1.4,
            )
    steps = "".join(
        _step(flow, node, band.ys[node.row]) for node in sorted(band.nodes, key=lambda n: n.step) if not node.small
    )
    return f'<g aria-hidden="true">{lanes}{wires}{signs}</g>{steps}'


def _held(flow: Flow, lane: int) -> bool:
    """Say whether a lane is that of a role, and not of steps nobody does yet."""
    return any(plain(step.who) for step, mine in zip(flow.steps, flow.lane, strict=True) if mine == lane)


def _bar(x: float, y: float) -> str:
    """Return the sign of ways that begin or end side by side."""
    return tag("path", d=f"M{number(x)},{number(y - 18)}v36", stroke=INK, stroke_width=4)


def _wire(wire: Wire) -> str:
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


def _sign(node: Node, y: float) -> str:
    x = node.x + ROUND
    if node.kind == "start":
        return tag("circle", cx=x, cy=y, r=ROUND - 1, fill=PAPER, stroke=ACCENT, stroke_width=1.75)
    if node.kind == "end":
        return tag("circle", cx=x, cy=y, r=ROUND - 2, fill=PAPER, stroke=INK, stroke_width=4)
    return mark(node.x, y, node.width, node.said, node.kind == "out")


def _step(flow: Flow, node: Node, y: float) -> str:
    x, top = node.x + node.lead, y - node.tall / 2
    inner = tag("rect", _class="qms-flow-box", x=x, y=top, width=BOX, height=node.tall, rx=8, fill=PAPER, stroke=INK,
                stroke_width=1.4)  # fmt: skip
    inner += text(x + 8, top + 15, str(node.step + 1), 11, ACCENT, weight="700")
    key = (wrapped(flow.steps[node.step].key, BOX - 38, 9.5, 1) or [""])[0]
    inner += text(x + BOX - 8, top + 14.5, key, 9.5, SOFT, "end")
    free = node.tall - 20 - 6 - (14 if node.note else 0) - len(node.lines) * PITCH
    inner += block(x + 8, top + 31.5 + free / 2, node.lines, SIZE, INK, pitch=PITCH)
    if node.note:
        inner += text(x + 8, top + node.tall - 8, node.note, 10.5, SOFT)
    if not node.fan:
        return linked(flow, node.step, inner + _hands(node, x, y))
    middle = node.x + node.diamond
    inner += tag("path", d=f"M{number(x + BOX)},{number(y)}H{number(middle - SIDE)}", stroke=SOFT, stroke_width=1.4)
    inner += tag(
        "path", _class="qms-flow-box",
        d=f"M{number(middle - SIDE)},{number(y)}l{number(SIDE)},{number(-SIDE)}l{number(SIDE)},{number(SIDE)}"
        f"l{number(-SIDE)},{number(SIDE)}Z", fill=BAND, stroke=ACCENT, stroke_width=1.6,
    )  # fmt: skip
    inner += text(middle, y + 4.5, "?", 13, ACCENT, "middle", "700")
    inner += block(middle - 9, y + node.tall / 2 + 16, node.question, SMALL, ACCENT, "end", "600")
    for sort, at, answers, hands in node.fan.values():
        left, count = middle + (SIDE + 1 if sort == "on" else 6), len(answers) + len(hands)
        first = y + at - 5 - (count - 1) * LINE_OF
        inner += block(left, first, answers, SMALL, INK, pitch=LINE_OF)
        inner += handed(left, first + len(answers) * LINE_OF, hands)
    return linked(flow, node.step, inner)


def _hands(node: Node, x: float, y: float) -> str:
    """Return what a step hands over, on the line that leaves it."""
    if node.hands_up:
        return handed(x + BOX - 8, y - node.tall / 2 - 7 - (len(node.hands) - 1) * LINE_OF, node.hands)
    return handed(node.x + node.width + 5, y - 6 - (len(node.hands) - 1) * LINE_OF, node.hands)
