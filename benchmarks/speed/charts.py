"""Charts of time by size as plain SVG, readable on light and dark ground, each line named where it ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from benchmarks.speed.report import labels, seconds
from benchmarks.speed.rounds import Cell

WIDTH, HEIGHT = 900, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 340, 48, 52
NEAR = 17
"""Least distance between two names at the right, so that none lies on another."""
STYLE = """
svg { font: 13px system-ui, sans-serif; }
.ground { fill: #ffffff; } .grid { stroke: #d9dee4; } .text { fill: #414b57; } .head { fill: #16202b; font-weight: 600; font-size: 15px; }
.peer { stroke: #77828f; fill: #77828f; } .own { stroke: #0b5cad; fill: #0b5cad; }
.limit { stroke: #9a6a00; fill: #9a6a00; }
polyline.limit { stroke-width: 1; } text.limit { stroke: none; }
text.peer { stroke: none; fill: #56616e; } text.own { stroke: none; font-weight: 600; }
.lead { stroke: #a9b2bc; stroke-width: 1; } polyline { fill: none; stroke-width: 2; } polyline.own { fill: none; stroke-width: 3.5; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #161b21; } .grid { stroke: #323a44; } .text { fill: #b9c3ce; } .head { fill: #f0f4f8; }
  .peer { stroke: #8b97a5; fill: #8b97a5; } .own { stroke: #6db3ff; fill: #6db3ff; } text.peer { fill: #aab5c1; } .limit { stroke: #d9a441; fill: #d9a441; } .lead { stroke: #56616e; }
}
"""
LIMIT = "limit: "
DASHES = ("", "7 4", "2 4", "11 4 2 4", "4 2", "1 3", "9 3 3 3 3 3")
"""Peers are told apart by their names and dashes, never by colour alone."""


def chart(title: str, cells: Sequence[Cell], limits: Sequence[Cell] = ()) -> str:
    """Draw seconds by number of items, both in powers of ten. Returns "" where fewer than two sizes were run.

    ``limits`` is what cannot be done without; it is drawn thinly for the sizes that the others were run at.
    """
    run = {cell.size for cell in cells if cell.seconds}
    lines = _lines(cells)
    lines |= {f"{LIMIT}{label}": points for label, points in _lines([c for c in limits if c.size in run]).items()}
    lines = {label: points for label, points in lines.items() if points}
    sizes = sorted({size for points in lines.values() for size, _ in points})
    if len(sizes) < 2:
        return ""
    times = [took for points in lines.values() for _, took in points]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    high = max(high, low + 1)

    def across(size: int) -> float:
        share = (math.log10(size) - math.log10(sizes[0])) / (math.log10(sizes[-1]) - math.log10(sizes[0]))
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def up(took: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(took) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    said = "; ".join(f"{label}: {', '.join(f'{seconds(t)} at {s:,}' for s, t in points)}" for label, points in lines.items())  # fmt: skip
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(said)}</desc><style>{STYLE}</style>',
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="head" x="{LEFT - 46}" y="28">{escape(title)}</text>',
    ]
    for power in range(low, high + 1):
        y = up(10.0**power)
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text class="text" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_power(power)}</text>')
    for size in sizes:
        out.append(f'<line class="grid" x1="{across(size):.1f}" x2="{across(size):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')  # fmt: skip
        out.append(f'<text class="text" x="{across(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,}</text>')  # fmt: skip
    out.append(f'<text class="text" x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">items</text>')  # fmt: skip
    names = _apart({label: up(points[-1][1]) for label, points in lines.items()})
    for at, (label, points) in enumerate(lines.items()):
        kind, dash = _kind(label), DASHES[at % len(DASHES)]
        dash = f' stroke-dasharray="{dash}"' if dash and kind == "peer" else ""
        places = [(across(size), up(took)) for size, took in points]
        out.append(f'<polyline class="{kind}"{dash} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
        out += [f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        x, y = places[-1]
        out.append(f'<line class="lead" x1="{x + 5:.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT + 12}" y2="{names[label]:.1f}"/>')  # fmt: skip
        out.append(f'<text class="{kind}" x="{WIDTH - RIGHT + 16}" y="{names[label] + 4:.1f}">{escape(label)} · {seconds(points[-1][1])}</text>')  # fmt: skip
    return "\n".join([*out, "</svg>"]) + "\n"


def _lines(cells: Sequence[Cell]) -> dict[str, list[tuple[int, float]]]:
    return {
        label: sorted((cell.size, cell.median) for cell in cells if cell.label == label and cell.seconds)
        for label in labels(cells)
    }


def _kind(label: str) -> str:
    return "limit" if label.startswith(LIMIT) else "own" if label.startswith("qmsctl") else "peer"


def _power(power: int) -> str:
    return f"{10**power:,} s" if power >= 0 else f"{10 ** (power + 3):g} ms"


def _apart(heights: dict[str, float]) -> dict[str, float]:
    """Move names down until none lies on another, then all of them up until the last one is on the chart."""
    out: dict[str, float] = {}
    last = -math.inf
    for label, height in sorted(heights.items(), key=lambda one: one[1]):
        last = max(height, last + NEAR)
        out[label] = last
    floor = float(HEIGHT - BOTTOM)
    for label in reversed(out):
        out[label] = min(out[label], floor)
        floor = out[label] - NEAR
    return out
