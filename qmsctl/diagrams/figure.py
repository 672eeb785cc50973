"""What every chart is made of: the Chart itself, the frame in which values lie, the signs of the status."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qmsctl.diagrams import scales, wording
from qmsctl.diagrams.vega import BAND, GOOD, INK, OFF, OFF_TINT, PAPER, WATCH, WATCH_TINT, Scene
from qmsctl.measures.model import Judged, JudgedPoint, Phase, Target

COLOUR = {"on": GOOD, "watch": WATCH, "off": OFF, "none": INK}
SHAPE = {"on": "circle", "watch": "triangle-up", "off": "square", "none": "circle"}
SIZE = {"on": 52, "watch": 76, "off": 60, "none": 36}
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure: a complete `<svg>`, what it says in words, and its numbered notes.

    ``narrow`` is the same for phones, "" where one drawing suits both; charts.css shows one of the two.
    """

    svg: str
    title: str
    description: str
    notes: tuple[str, ...] = ()
    narrow: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where values lie: a plot in pixels and the range of values it shows."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float
    count: int = 1

    @property
    def slot(self) -> float:
        return (self.right - self.left) / max(self.count, 1)

    def x(self, index: float) -> float:
        return self.left + (index + 0.5) * self.slot

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def shows(self, value: float | None) -> bool:
        return value is not None and self.low <= value <= self.high


def identity(*parts: str) -> str:
    """Return an id that is the same in every build and that no text can break."""
    return "qmsc-" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:10]


def sign(x: float, y: float, status: str, scale: float = 1) -> dict[str, Any]:
    """Return the sign of a status: a shape and a colour, so that either will do."""
    return {"x": x, "y": y, "fill": COLOUR[status], "shape": SHAPE[status], "size": SIZE[status] * scale}


def signs(scene: Scene, rows: Rows) -> None:
    scene.add("point", rows, filled=True, opacity=1, stroke=PAPER, strokeWidth=1)


def line(frame: Frame, points: Sequence[JudgedPoint], name: str = "") -> Rows:
    """Return the places of a line that is broken where there is no value."""
    rows: Rows = []
    run = 0
    for index, point in enumerate(points):
        if wording.gap(point):
            run += 1
        else:
            rows.append({"x": frame.x(index), "y": frame.y(point.value or 0.0), "run": f"{name}{run}"})
    return rows


def target_lines(frame: Frame, points: Sequence[JudgedPoint], direction: str, name: str = "") -> Rows:
    """Return the places of the target over time, a step where it changed; for a band those of its edges."""
    rows: Rows = []
    spans = runs(points)
    for part in ("low", "high") if direction == "within" else ("target",):
        for first, last, target in spans:
            value = getattr(target, part)
            if not frame.shows(value):
                name += "-"
                continue
            rows += [{"x": frame.x(i), "y": frame.y(value), "run": f"{name}{part}"} for i in (first - 0.5, last + 0.5)]
    return rows


def value_range(judged: Judged, points: Sequence[JudgedPoint], phases: Sequence[Phase]) -> tuple[float, float]:
    core = [p.value for p in points if wording.usable(p.value)]
    for point in points:
        core += [point.target.low, point.target.high] if judged.definition.direction == "within" else []
        core.append(point.target.target)
    floor = 0.0 if all(p.value >= 0 for p in points if p.value is not None) else -math.inf
    roof = 100.0 if judged.definition.unit == "%" else math.inf
    core += [v for p in phases for v in (p.mean, p.lower, p.upper) if v is not None and floor <= v <= roof]
    edges = [v for p in points for v in (p.target.watch, p.target.off)]
    return scales.domain(
        [v for v in core if v is not None], [v for v in edges if v is not None], judged.definition.unit
    )


def runs(points: Sequence[JudgedPoint]) -> list[tuple[int, int, Target]]:
    """Return the stretches with the same target: first index, last index, target."""
    found: list[tuple[int, int, Target]] = []
    for index, point in enumerate(points):
        if found and limits(found[-1][2]) == limits(point.target):
            found[-1] = (found[-1][0], index, point.target)
        else:
            found.append((index, index, point.target))
    return found


def limits(target: Target) -> tuple[float | None, ...]:
    return target.target, target.watch, target.off, target.low, target.high


def zones(target: Target, direction: str) -> list[tuple[float, float, str]]:
    """Return the tinted ranges of values, as statuses are given: from, to, colour."""
    if direction == "within":
        low = -math.inf if target.low is None else target.low
        high = math.inf if target.high is None else target.high
        return [(low, high, BAND)] if low > -math.inf or high < math.inf else []
    away = -math.inf if direction == "higher" else math.inf
    if target.watch is None and target.off is None:
        return [] if target.target is None else [(target.target, away, OFF_TINT)]
    edge = target.target if target.watch is None else target.watch
    off = away if target.off is None else target.off
    found = [] if edge is None or edge == off else [(edge, off, WATCH_TINT)]
    return found if target.off is None else [*found, (off, away, OFF_TINT)]


def nothing(scene: Scene, text: str) -> Scene:
    scene.write([{"x": scene.width / 2, "y": scene.height / 2 + 4, "text": text, "align": "center"}])
    return scene
