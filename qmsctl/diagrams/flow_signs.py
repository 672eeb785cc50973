"""Signs that swimlanes for wide and for narrow screens share."""

from __future__ import annotations

from collections.abc import Sequence

from qmsctl.diagrams.drawing import address, number, picture, tag, text, titled
from qmsctl.diagrams.flow import Flow, label_of
from qmsctl.diagrams.flow_grid import HANDED, LINE_OF, ROUND, SMALL
from qmsctl.diagrams.markup import escape, quoteattr
from qmsctl.diagrams.vega import ACCENT, INK, PAPER, SOFT, plain


def empty(said: str, width: float, sort: str, title: str, description: str) -> str:
    return picture(width, 60, sort, title, description, text(0, 34, said, 13, SOFT))


def mark(x: float, y: float, width: float, said: str, out: bool) -> str:
    """Return the sign that the flow goes on at a step, or comes from one, elsewhere."""
    shape = tag("rect", x=x, y=y - ROUND, width=width, height=2 * ROUND, rx=ROUND, fill=PAPER, stroke=ACCENT,
                stroke_width=1.25)  # fmt: skip
    at = x + 9 if out else x + width - 9 - 7
    arrow = tag("path", d=f"M{number(at)},{number(y - 4)}l6,4l-6,4Z", fill=ACCENT)
    return shape + arrow + text(x + width / 2 + (5 if out else -5), y + 4, said, SMALL, ACCENT, "middle", "700")


def linked(flow: Flow, i: int, inner: str) -> str:
    """Return a step that can be reached by keyboard and leads to its place where it has one."""
    href = address(flow.steps[i].href)
    inner = titled(label_of(flow, i)) + inner
    if href:
        return f'<a class="qms-flow-step" href={quoteattr(href)}>{inner}</a>'
    return f'<g class="qms-flow-step" tabindex="0" role="img" aria-label={quoteattr(label_of(flow, i))}>{inner}</g>'


def handed(x: float, y: float, lines: Sequence[str], size: float = HANDED, pitch: float = LINE_OF) -> str:
    """Return what is handed over, as it stands on a line that crosses lanes."""
    return "".join(
        tag("text", escape(plain(line)), _class="qms-flow-hands", x=x, y=y + i * pitch, font_size=size, fill=INK,
            font_style="italic")
        for i, line in enumerate(lines)
    )  # fmt: skip
