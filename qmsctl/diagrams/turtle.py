"""The turtle diagram of a process: what goes in and comes out, with what, with whom, how, by what measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qmsctl.diagrams.drawing import Diagram, address, block, head, number, picture, rounded, tag, titled, wrapped
from qmsctl.diagrams.flow import Say, english
from qmsctl.diagrams.markup import quoteattr
from qmsctl.diagrams.vega import ACCENT, BAND, INK, LINE, PAPER, SOFT, plain

Entry = tuple[str, str]
"""What is said, and the address it leads to or ""."""

_SIZE, _PITCH, _HEAD = 12.5, 16.0, 34.0
_MOST = 12
"""So many entries a card names; the rest it counts."""


@dataclass(frozen=True, slots=True)
class TurtleParts:
    """What a turtle shows of a process."""

    title: str
    inputs: Sequence[Entry] = ()
    outputs: Sequence[Entry] = ()
    resources: Sequence[Entry] = ()
    people: Sequence[Entry] = ()
    methods: Sequence[Entry] = ()
    measures: Sequence[Entry] = ()


@dataclass(frozen=True, slots=True)
class _Card:
    t: Say
    name: str
    question: str
    entries: Sequence[Entry]

    def lines(self, width: float) -> list[tuple[list[str], Entry]]:
        shown = [(wrapped(said, width - 34, _SIZE, 3) or ["–"], (said, href)) for said, href in self.entries[:_MOST]]
        left = len(self.entries) - _MOST
        return [*shown, ([self.t("and {n} more", n=left)], ("", ""))] if left > 0 else shown

    def height(self, width: float) -> float:
        rows = self.lines(width)
        return _HEAD + 18 + 10 + (sum(len(lines) * _PITCH + 4 for lines, _ in rows) if rows else _PITCH + 4)


def turtle(process: TurtleParts, t: Say = english) -> Diagram:
    """Draw a process as a turtle: inputs left, outputs right, four legs above and below."""
    title = t("Turtle diagram: {title}", title=plain(process.title))
    cards = {
        "inputs": _Card(t, t("Inputs"), t("What comes in?"), process.inputs),
        "outputs": _Card(t, t("Outputs"), t("What goes out?"), process.outputs),
        "resources": _Card(t, t("With what?"), t("Machines, rooms, software"), process.resources),
        "people": _Card(t, t("With whom?"), t("Roles and their skills"), process.people),
        "methods": _Card(t, t("How?"), t("Documents and rules"), process.methods),
        "measures": _Card(t, t("By what measure?"), t("Key figures"), process.measures),
    }
    description = f"{plain(process.title)}. " + " ".join(_said(card) for card in cards.values())
    return Diagram(
        _wide(process.title, cards, title, description),
        title,
        description,
        (),
        _narrow(cards, process, title, description),
    )


def _said(card: _Card) -> str:
    return (
        f"{card.name.rstrip('?')}: {'; '.join(plain(said) for said, _ in card.entries) or card.t('nothing named yet')}."
    )


def _wide(name: str, cards: dict[str, _Card], title: str, description: str) -> str:
    width, side, leg, left = 1000.0, 268.0, 330.0, 160.0
    right = width - left - leg
    above = max(cards[k].height(leg) for k in ("resources", "people"))
    below = max(cards[k].height(leg) for k in ("methods", "measures"))
    beside = [cards[k].height(side) for k in ("inputs", "outputs")]
    said = wrapped(name, 260, 17, 4) or ["–"]
    body = max(len(said) * 21 + 56.0, 108.0)
    gap = max(58.0, (max(beside) - body) / 2 + 22)
    middle = 1 + above + gap + body / 2
    x, w = (width - 330) / 2, 330.0
    drawn, lines = "", []
    for key, at in (("resources", left), ("people", right)):
        mine = cards[key].height(leg)
        drawn += _card(cards[key], at, 1 + above - mine, leg, mine)
        foot = x + (w * 0.24 if key == "resources" else w * 0.76)
        lines.append([(foot, 1 + above), (foot, middle - body / 2 - 2)])
    for key, at in (("methods", left), ("measures", right)):
        drawn += _card(cards[key], at, middle + body / 2 + gap, leg, cards[key].height(leg))
        foot = x + (w * 0.24 if key == "methods" else w * 0.76)
        lines.append([(foot, middle + body / 2 + gap), (foot, middle + body / 2 + 2)])
    drawn += _card(cards["inputs"], 1, middle - beside[0] / 2, side, beside[0])
    drawn += _card(cards["outputs"], width - side - 1, middle - beside[1] / 2, side, beside[1])
    lines += [[(side + 1, middle), (x - 2, middle)], [(x + w, middle), (width - side - 3, middle)]]
    wires = "".join(
        tag("path", d=rounded(p), fill="none", stroke=SOFT, stroke_width=1.75) + tag("path", d=head(p, 9), fill=SOFT)
        for p in lines
    )
    shell = tag("rect", x=x, y=middle - body / 2, width=w, height=body, rx=min(body / 2, 54), fill=BAND, stroke=ACCENT,
                stroke_width=2)  # fmt: skip
    shell += block(width / 2, middle - len(said) * 10.5 + 16, said, 17, INK, "middle", "700", 21)
    height = middle + body / 2 + gap + below + 1
    return picture(
        width, height, "qms-chart-wide", title, description, f'<g aria-hidden="true">{wires}{shell}</g>{drawn}'
    )


def _narrow(cards: dict[str, _Card], process: TurtleParts, title: str, description: str) -> str:
    width, y, drawn, wires = 350.0, 1.0, "", ""
    for key in ("inputs", "", "outputs", "resources", "people", "methods", "measures"):
        if not key:
            said = wrapped(process.title, width - 60, 16, 4) or ["–"]
            tall = len(said) * 20 + 28.0
            wires += tag(
                "rect", x=20, y=y, width=width - 40, height=tall, rx=24, fill=BAND, stroke=ACCENT, stroke_width=2
            )
            wires += block(width / 2, y + 30, said, 16, INK, "middle", "700", 20)
        else:
            tall = cards[key].height(width - 2)
            drawn += _card(cards[key], 1, y, width - 2, tall)
        y += tall
        if key in ("", "inputs"):
            points = [(width / 2, y), (width / 2, y + 24)]
            wires += tag("path", d=rounded(points), fill="none", stroke=SOFT, stroke_width=1.75)
            wires += tag("path", d=head(points, 9), fill=SOFT)
            y += 26
        else:
            y += 12
    return picture(width, y - 11, "qms-chart-narrow", title, description, f'<g aria-hidden="true">{wires}</g>{drawn}')


def _card(card: _Card, x: float, y: float, width: float, height: float) -> str:
    drawn = tag(
        "rect",
        _class="qms-flow-card",
        x=x,
        y=y,
        width=width,
        height=height,
        rx=8,
        fill=PAPER,
        stroke=LINE,
        stroke_width=1.5,
    )
    drawn += block(x + 14, y + 23, [card.name], 14, ACCENT, weight="700")
    drawn += block(x + 14, y + 40, [card.question], 11, SOFT)
    at = y + _HEAD + 18 + 12
    for lines, (said, href) in card.lines(width):
        words = block(x + 24, at, lines, _SIZE, INK, pitch=_PITCH)
        target = address(href)
        if target:
            words = f"<a href={quoteattr(target)}>{titled(said)}{words}</a>"
        mark = tag("path", d=f"M{number(x + 14)},{number(at - 4)}h4", stroke=SOFT, stroke_width=1.5) if said else ""
        drawn += mark + words
        at += len(lines) * _PITCH + 4
    return drawn if card.entries else drawn + block(x + 14, at, [card.t("nothing named yet")], _SIZE, SOFT)
