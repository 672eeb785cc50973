"""Small charts: the size of a word, of a line, and one for each location side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qmsctl.diagrams import scales, wording
from qmsctl.diagrams.figure import (
    Chart,
    Frame,
    Rows,
    identity,
    limits,
    line,
    nothing,
    runs,
    sign,
    signs,
    target_lines,
    value_range,
    zones,
)
from qmsctl.diagrams.vega import ACCENT, INK, LINE, PAPER, SOFT, TINT, Scene, draw, plain
from qmsctl.measures.model import Judged, JudgedPoint

LAST = 24
NARROW = 12


def sparkline(judged: Judged, key: str = "") -> Chart:
    """Draw the last 24 points the size of a word, with the target and the sign of the last one."""
    scene, points = Scene(120, 28), judged.points[-LAST:]
    if points:
        core = [v for p in points for v in (p.value, p.target.target) if v is not None and wording.usable(v)]
        low, high = min(core, default=0.0), max(core, default=1.0)
        pad = (high - low) * 0.02 or 1.0
        frame = Frame(3, 117, 5, 21, low - pad, high + pad, len(points))
        aims = [(a, b, t.target) for a, b, t in runs(points) if t.target is not None]
        target = [
            {"x": frame.x(a - 0.5), "x2": frame.x(b + 0.5), "y": frame.y(v), "y2": frame.y(v)} for a, b, v in aims
        ]
        scene.add("rule", target, color=ACCENT, strokeDash=[2, 2])
        scene.add("line", line(frame, points), stroke=INK, strokeWidth=1.5, strokeJoin="round")
        empty = [{"x": frame.x(i), "y": 25, "size": 14} for i, p in enumerate(points) if wording.gap(p)]
        scene.add("point", empty, filled=False, opacity=1, stroke=SOFT, strokeWidth=1)
        last = points[-1]
        if not wording.gap(last):
            signs(scene, [sign(frame.x(len(points) - 1), frame.y(last.value or 0.0), last.status)])
    return _small(judged, scene, "sparkline", key)


def bullet(judged: Judged, key: str = "") -> Chart:
    """Draw the latest value against its target. A bar where zero is in sight, a sign on a scale where it is not."""
    scene, latest, direction = Scene(220, 28), judged.latest, judged.definition.direction
    if latest is None or wording.gap(latest):
        scene.add("rect", [{"x": 4, "x2": 216, "y": 5, "y2": 23, "color": TINT}], opacity=1)
        scene.write([{"x": 110, "y": 18, "text": wording.gap(latest) if latest else "no data", "align": "center",
                      "color": INK}])  # fmt: skip
        return _small(judged, scene, "bullet", key)
    target, value = latest.target, latest.value or 0.0
    known = [v for v in (value, *limits(target)) if v is not None]
    span = max(known) - min(known) or abs(value) * 0.2 or 1.0
    zero = min(known) >= 0 and span >= 0.3 * max(known)
    low, high = (0.0, max(known) * 1.12 or 1.0) if zero else (min(known) - span * 0.4, max(known) + span * 0.4)
    if judged.definition.unit == "%" and max(known) <= 100:
        high = min(high, 100.0)
    scene.add("rect", [{"x": 4, "x2": 216, "y": 5, "y2": 23, "color": TINT}], opacity=1)

    def place(number: float) -> float:
        return 4 + (min(max(number, low), high) - low) / (high - low) * 212

    tints = [{"x": place(a), "x2": place(b), "y": 5, "y2": 23, "color": c} for a, b, c in zones(target, direction)]
    scene.add("rect", [z for z in tints if z["x"] != z["x2"]], opacity=1)
    edges = [place(v) for v in (target.watch, target.off, target.low, target.high) if v is not None and low < v < high]
    scene.add("rule", [{"x": x, "x2": x, "y": 5, "y2": 23} for x in edges], color=SOFT, strokeWidth=0.75)
    if zero:
        scene.add("rect", [{"x": 4, "x2": place(value), "y": 11, "y2": 17, "color": INK}], opacity=1)
    if target.target is not None:
        x = place(target.target)
        scene.add("rule", [{"x": x, "x2": x, "y": 3, "y2": 25}], color=ACCENT, strokeWidth=2.5)
    signs(scene, [sign(place(value), 14, latest.status)])
    return _small(judged, scene, "bullet", key)


def _small(judged: Judged, scene: Scene, sort: str, key: str) -> Chart:
    title, description = wording.heading(judged), wording.describe(judged)
    name = identity(sort, judged.definition.kpi, judged.location, key)
    return Chart(draw(scene, name, f"qms-chart-{sort}", title, description), title, description)


def small_multiples(judgeds: Sequence[Judged], titles: Mapping[str, str], key: str = "") -> Chart:
    """Draw one panel for each location on the same scales; ``titles`` are the locations' names, "" that of all."""
    title = judgeds[0].definition.title if judgeds else "No location"
    title += " by location" if judgeds else ""
    description = " ".join(wording.describe(judged) for judged in judgeds) or "No location has a value."
    drawn = []
    for sort, width, columns in (("wide", 720, 3), ("narrow", 350, 1)):
        scene = _panels(judgeds, titles, width, columns)
        name = identity("panels", sort, *(f"{j.definition.kpi}/{j.location}" for j in judgeds), key)
        drawn.append(draw(scene, name, f"qms-chart-{sort}", title, description))
    return Chart(drawn[0], title, description, narrow=drawn[1])


def _panels(judgeds: Sequence[Judged], titles: Mapping[str, str], width: int, columns: int) -> Scene:
    if not any(judged.points for judged in judgeds):
        return nothing(Scene(width, 80), "No complete period yet")
    last = NARROW if columns == 1 else LAST
    keys = sorted({p.period for judged in judgeds for p in judged.points})[-last:]
    shown = [[p for p in judged.points if p.period >= keys[0]] for judged in judgeds]
    ranges = [value_range(j, p, ()) for j, p in zip(judgeds, shown, strict=True) if p]
    low, high = min(a for a, _ in ranges), max(b for _, b in ranges)
    marks = scales.ticks(low, high, 3)
    left = max(scales.measure(label, 11) for _, label in marks) + 8
    columns, height, gutter = min(columns, len(judgeds)), 132.0, 24.0
    room = (width - left - 6 - gutter * (columns - 1)) / columns
    scene = Scene(width, math.ceil(len(judgeds) / columns) * height + 24)
    texts = _above(judgeds, shown, width)
    parts: dict[str, Rows] = {"grid": [], "axis": [], "target": [], "line": [], "gap": [], "sign": []}
    for nr, (judged, points) in enumerate(zip(judgeds, shown, strict=True)):
        x, y = left + nr % columns * (room + gutter), nr // columns * height + 20
        axis = y + height - 28
        first = keys.index(points[0].period) if points else 0
        whole = Frame(x, x + room, y + 34, axis - 12, low, high, len(keys))
        start, end = whole.x(first - 0.5), whole.x(first + len(points) - 0.5)
        frame = Frame(start, end, whole.top, whole.bottom, low, high, len(points))
        said = _latest(judged, points)
        name = titles.get(judged.location, judged.location) or "All locations"
        name = scales.fitted(plain(name), (room - scales.measure(said) - 14) / 1.1)
        texts.append({"x": x, "y": y + 16, "text": name, "color": INK, "weight": "bold"})
        texts.append({"x": x + room, "y": y + 16, "text": said, "color": INK, "align": "right"})
        parts["grid"] += [{"x": x, "x2": x + room, "y": frame.y(v), "y2": frame.y(v)} for v, _ in marks]
        parts["axis"].append({"x": x, "x2": x + room, "y": axis, "y2": axis})
        if nr % columns == 0:
            texts += [{"x": x - 6, "y": frame.y(v) + 4, "text": t, "align": "right", "size": 11} for v, t in marks]
        ends = [(keys[0], "left", x)] + ([(keys[-1], "right", x + room)] if len(keys) > 1 else [])
        texts += [{"x": at, "y": axis + 15, "text": _short(k), "align": side, "size": 11} for k, side, at in ends]
        parts["target"] += target_lines(frame, points, judged.definition.direction, f"{nr}.")
        parts["line"] += line(frame, points, f"{nr}.")
        for index, point in enumerate(points):
            last = index == len(points) - 1
            if wording.gap(point):
                parts["gap"].append({"x": frame.x(index), "y": axis, "size": 24})
            elif last or point.status in ("watch", "off"):
                parts["sign"].append(
                    sign(frame.x(index), frame.y(point.value or 0.0), point.status, 1 if last else 0.5)
                )
    scene.add("rule", parts["grid"], color=LINE)
    scene.add("rule", parts["axis"], color=SOFT)
    scene.add("line", parts["target"], stroke=ACCENT, strokeWidth=1.5)
    scene.add("line", parts["line"], stroke=INK, strokeWidth=1.5, strokeJoin="round")
    scene.add("point", parts["gap"], filled=True, opacity=1, fill=PAPER, stroke=SOFT, strokeWidth=1)
    signs(scene, parts["sign"])
    scene.write(texts)
    return scene


def _above(judgeds: Sequence[Judged], shown: Sequence[Sequence[JudgedPoint]], width: int) -> Rows:
    """Return what holds for all panels: the unit, and the target where all have the same."""
    made = judgeds[0].definition
    texts: Rows = [{"x": 0, "y": 12, "text": plain(made.unit) + wording.way(made.direction)}]
    aims = {wording.goal(p[-1].target, made.direction, made.unit, made.decimals) for p in shown if p}
    said = f"target {next(iter(aims))}" if len(aims) == 1 else "targets differ"
    if aims != {""}:
        texts.append({"x": width, "y": 12, "text": said, "align": "right", "color": ACCENT})
    return texts


def _latest(judged: Judged, points: Sequence[JudgedPoint]) -> str:
    if not points:
        return "no data"
    made, latest = judged.definition, points[-1]
    return wording.gap(latest) or wording.amount(latest.value or 0.0, made.unit, made.decimals)


def _short(key: str) -> str:
    _, label, year = scales.period_labels([key], 1000)[0]
    return f"{label} {year}".strip()
