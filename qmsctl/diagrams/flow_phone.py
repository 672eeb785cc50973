"""The flow of a process for phones: one step below the other, with words where the way does not lead to the next."""

from __future__ import annotations

from qmsctl.diagrams.drawing import (
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
from qmsctl.diagrams.flow import Flow, Way, name_of
from qmsctl.diagrams.flow_grid import SMALL
from qmsctl.diagrams.flow_signs import empty, handed, linked, mark
from qmsctl.diagrams.vega import ACCENT, BAND, INK, PAPER, SOFT


def narrow(flow: Flow, title: str, description: str) -> str:
    """Draw the flow for phones: one step below the other, with words where the way does not lead to the next."""
    width = 350.0
    if not flow.steps:
        return empty(flow.t("No steps yet"), width, "qms-chart-narrow", title, description)
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
        lines = wrapped(name_of(step), width - 32, 15, 5)
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
        steps += linked(flow, i, inner)
        onward = [way for way in mine if way.to == i + 1]
        elsewhere = [way for way in mine if way.to != i + 1]
        begin = y
        for way in elsewhere:
            y, drawn = _turn(flow, way, x, y, width, len(mine) > 1)
            signs += drawn
        if onward:
            answers = [way.answer or (flow.t("side by side") if len(mine) > 1 else "") for way in onward]
            said = wrapped(" / ".join(answer for answer in answers if answer), width - x - 24, 13, 2)
            hands = wrapped(
                " / ".join(dict.fromkeys(way.hands for way in onward if way.hands)), width - x - 24, 12.5, 2
            )
            room = max(26.0, (len(said) + len(hands)) * 17 + 14)
            strong = flow.lane[i] != flow.lane[i + 1]
            wires += arrow(x, begin, y + room, strong)
            signs += block(x + 14, y + 17, said, 13, INK, pitch=17)
            signs += handed(x + 14, y + 17 + len(said) * 17, hands, 12.5, 17)
            y += room
        else:
            if elsewhere and not (len(elsewhere) == 1 and x == centre):
                wires += tag("path", d=f"M{number(x)},{number(begin)}V{number(y - 17)}", stroke=SOFT, stroke_width=1.4)
            y += 16
    return picture(width, y, "qms-chart-narrow", title, description,
                   f'<g aria-hidden="true">{wires}{signs}</g>{steps}')  # fmt: skip


def _turn(flow: Flow, way: Way, x: float, y: float, width: float, many: bool) -> tuple[float, str]:
    """Return a line that says where an answer leads when that is not the next step, and where it ends."""
    said = wrapped(way.answer or (flow.t("side by side") if many else ""), 150, 13, 3)
    if x > 100 and not many:
        drawn = tag("path", d=f"M{number(x)},{number(y)}v20", stroke=SOFT, stroke_width=1.4)
        drawn += handed(x + 14, y + 15, wrapped(way.hands, width - x - 24, 12.5, 1), 12.5)
        return y + 44, drawn + _target(flow, way, x - 17, y + 31, width)
    hands = wrapped(way.hands, 150, 12.5, 2)
    tall = max(34.0, (len(said) + len(hands)) * 17 + 12)
    middle = y + tall / 2
    at = x + 14
    longest = max((measure(line, 13) for line in [*said, *hands]), default=0.0)
    drawn = tag("path", d=f"M{number(x)},{number(middle)}h10", stroke=SOFT, stroke_width=1.4)
    first = middle + 4.5 - (len(said) + len(hands) - 1) * 8.5
    drawn += block(at + 2, first, said, 13, INK, pitch=17)
    drawn += handed(at + 2, first + len(said) * 17, hands, 12.5, 17)
    return y + tall, drawn + _target(flow, way, at + (longest + 10 if said or hands else 0), middle, width)


def _target(flow: Flow, way: Way, x: float, y: float, width: float) -> str:
    if way.to < 0:
        return tag("circle", cx=x + 10, cy=y, r=8, fill=PAPER, stroke=INK, stroke_width=4) + text(
            x + 25, y + 4.5, flow.t("end"), 13, SOFT
        )
    said = str(way.to + 1)
    wide = max(34.0, measure(said, SMALL) + 26)
    name = (wrapped(name_of(flow.steps[way.to]), width - x - wide - 10, 11.5, 1) or [""])[0]
    return mark(x, y, wide, said, True) + text(x + wide + 6, y + 4, name, 11.5, SOFT)
