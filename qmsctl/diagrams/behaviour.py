"""The chart of a key figure over time, as people who run a process read it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qmsctl.diagrams import scales, wording
from qmsctl.diagrams.figure import (
    Chart,
    Frame,
    Rows,
    identity,
    line,
    nothing,
    runs,
    sign,
    signs,
    target_lines,
    value_range,
    zones,
)
from qmsctl.diagrams.vega import ACCENT, INK, LINE, OFF, PAPER, SOFT, WATCH, Scene, draw, plain
from qmsctl.measures.model import Judged, JudgedPoint, Phase

MANY = 60
"""From so many points on only those that deviate get a sign."""
NARROW = 12


def kpi_chart(judged: Judged, key: str = "") -> Chart:
    """Draw a series over time with target, limits, natural process limits, gaps and signals."""
    title, description = wording.heading(judged), wording.describe(judged)
    drawn = []
    for sort, width, height, last in (("wide", 720, 300, None), ("narrow", 350, 270, NARROW)):
        points = judged.points[-last:] if last else judged.points
        scene = _over_time(judged, points, width, height)
        said = description
        if len(points) < len(judged.points):
            said += f" This narrow figure shows the last {len(points)} periods only."
        name = identity("kpi", sort, judged.definition.kpi, judged.location, key)
        drawn.append(draw(scene, name, f"qms-chart-{sort}", title, said))
    return Chart(drawn[0], title, description, wording.notes(judged), drawn[1])


def _over_time(judged: Judged, points: Sequence[JudgedPoint], width: int, height: int) -> Scene:
    scene = Scene(width, height)
    if not points:
        return nothing(Scene(width, 80), "No complete period yet")
    made = judged.definition
    keys = [point.period for point in points]
    phases = [p for p in judged.behaviour.phases if p.last >= keys[0]]
    low, high = value_range(judged, points, phases)
    marks = scales.ticks(low, high)
    gaps = any(wording.gap(point) for point in points)
    numbers = {nr: signal for nr, signal in wording.numbered(judged) if signal.period in keys}
    left = max(scales.measure(label) for _, label in marks) + 12
    labels = _right_labels(judged, points, phases, low, high)
    right = (
        width
        - max([scales.measure(label["text"]) * (1.08 if "weight" in label else 1) for label in labels] or [0.0])
        - 16
    )
    reasons = any(phase.reason for phase in phases[1:])
    top, bottom = 30.0 + (16 if reasons else 0), height - 40.0
    frame = Frame(
        left, right, top + (20 if numbers else 6), bottom - (30 if gaps else 20 if numbers else 6), low, high, len(keys)
    )

    scene.add("rect", _bands(frame, points, made.direction, top, bottom), opacity=1)
    grid = [{"x": left, "x2": right, "y": frame.y(v), "y2": frame.y(v), "color": LINE} for v, _ in marks]
    scene.add("rule", grid)
    texts: Rows = [{"x": left - 8, "y": frame.y(v) + 4, "text": t, "align": "right"} for v, t in marks]
    texts.append({"x": 0, "y": 14, "text": plain(made.unit) + wording.way(made.direction)})
    axis = [{"x": left, "x2": right, "y": bottom, "y2": bottom}]
    for index, label, year in scales.period_labels(keys, frame.slot):
        axis.append({"x": frame.x(index), "x2": frame.x(index), "y": bottom, "y2": bottom + 4})
        texts.append({"x": frame.x(index), "y": bottom + 18, "text": label, "align": "center"})
        if year:
            texts.append({"x": frame.x(index), "y": bottom + 33, "text": year, "align": "center"})
    scene.add("rule", axis, color=SOFT)
    texts += _phases(scene, frame, phases, keys, top, bottom)
    scene.add("line", target_lines(frame, points, made.direction), stroke=ACCENT, strokeWidth=1.5)
    thick = 1.25 if len(points) > MANY else 2.0
    scene.add("line", line(frame, points), stroke=INK, strokeWidth=thick, strokeJoin="round")
    signs(scene, _signs(frame, points))
    texts += _gaps(scene, frame, points, bottom)
    texts += _numbers(scene, frame, points, {nr: keys.index(s.period) for nr, s in numbers.items()})
    places = scales.spread([frame.y(label["value"]) for label in labels], top + 6, bottom - 2)
    for said, place in zip(labels, places, strict=True):
        texts.append({"x": right + 14, "y": place + 4, **{k: v for k, v in said.items() if k != "value"}})
    leaders = [
        {"x": right + 2, "x2": right + 11, "y": frame.y(said["value"]), "y2": place}
        for said, place in zip(labels, places, strict=True)
    ]
    scene.add("rule", leaders, color=SOFT, strokeWidth=0.75)
    scene.write(texts)
    return scene


def _bands(frame: Frame, points: Sequence[JudgedPoint], direction: str, top: float, bottom: float) -> Rows:
    rows = []
    for first, last, target in runs(points):
        for start, end, colour in zones(target, direction):
            ys = [bottom if v == -math.inf else top if v == math.inf else frame.y(v) for v in (start, end)]
            high, low = max(min(ys), top), min(max(ys), bottom)
            if low - high > 0.5:
                span = {"x": frame.x(first - 0.5), "x2": frame.x(last + 0.5)}
                rows.append({**span, "y": high, "y2": low, "color": colour})
    return rows


def _signs(frame: Frame, points: Sequence[JudgedPoint]) -> Rows:
    """Return the signs; where points are many, only of those that deviate, carry a signal or come last."""
    many, rows = len(points) > MANY, []
    for index, point in enumerate(points):
        told = not many or point.status in ("watch", "off") or point.signals or index == len(points) - 1
        if told and not wording.gap(point):
            rows.append(sign(frame.x(index), frame.y(point.value or 0.0), point.status, 0.5 if many else 1))
    return rows


def _gaps(scene: Scene, frame: Frame, points: Sequence[JudgedPoint], bottom: float) -> Rows:
    """Mark the periods without a value on the axis, and say why once for each stretch where there is room."""
    rows: Rows = []
    stretches: list[tuple[int, int, str]] = []
    for index, point in enumerate(points):
        why = wording.gap(point)
        if why:
            rows.append({"x": frame.x(index), "y": bottom, "size": 44 if len(points) <= MANY else 14})
            same = bool(stretches) and stretches[-1][1:] == (index - 1, why)
            first = stretches.pop()[0] if same else index
            stretches.append((first, index, why))
    scene.add("point", rows, filled=True, opacity=1, fill=PAPER, stroke=SOFT, strokeWidth=1.5)
    texts: Rows = []
    free = 0.0
    if len(stretches) > 4:
        stretches = [max(stretches, key=lambda s: (s[1] - s[0], s[0]))]
    for first, last, why in stretches:
        room = scales.measure(why, 11)
        middle = (frame.x(first) + frame.x(last)) / 2
        middle = min(max(middle, frame.left + room / 2), max(frame.right - room / 2, frame.left + room / 2))
        if middle - room / 2 >= free:
            texts.append({"x": middle, "y": bottom - 10, "text": why, "align": "center", "size": 11})
            free = middle + room / 2 + 6
    return texts


def _phases(
    scene: Scene, frame: Frame, phases: Sequence[Phase], keys: Sequence[str], top: float, bottom: float
) -> Rows:
    dashed: Rows = []
    borders: Rows = []
    texts: Rows = []
    for nr, phase in enumerate(phases):
        inside = [i for i, k in enumerate(keys) if phase.first <= k <= phase.last]
        if not inside:
            continue
        start, end = frame.x(inside[0] - 0.5), frame.x(inside[-1] + 0.5)
        for value, dash in ((phase.mean, [1.5, 2.5]), (phase.lower, [6, 4]), (phase.upper, [6, 4])):
            if value is not None and frame.shows(value):
                dashed.append({"x": start, "x2": end, "y": frame.y(value), "y2": frame.y(value), "dash": dash})
        if nr and inside[0]:
            borders.append({"x": start, "x2": start, "y": top - (16 if phase.reason else 0), "y2": bottom})
            if phase.reason:
                said = scales.fitted(
                    phase.reason, max(end - start, scene.width - start if nr == len(phases) - 1 else 0) - 8, 11
                )
                texts.append({"x": start + 5, "y": top - 6, "text": said, "size": 11})
    scene.add("rule", dashed, color=SOFT, strokeWidth=1.25)
    scene.add("rule", borders, color=SOFT, strokeWidth=0.75)
    return texts


def _numbers(scene: Scene, frame: Frame, points: Sequence[JudgedPoint], where: Mapping[int, int]) -> Rows:
    """Number the signals: above their point, below it where the line comes from above."""
    rings: Rows = []
    texts: Rows = []
    at: dict[int, list[int]] = {}
    for nr, index in where.items():
        at.setdefault(index, []).append(nr)
    for index, numbers in at.items():
        value = points[index].value
        if value is None or wording.gap(points[index]):
            continue
        beside = [points[i].value for i in (index - 1, index + 1) if 0 <= i < len(points)]
        below = beside and all(v is not None and v > value for v in beside)
        y = frame.y(value) + (16 if below else -16)
        for n, nr in enumerate(numbers):
            x = frame.x(index) + (n - (len(numbers) - 1) / 2) * 17
            rings.append({"x": x, "y": y, "size": 210})
            texts.append({"x": x, "y": y + 3.8, "text": str(nr), "align": "center", "size": 11, "color": INK})
    scene.add("point", rings, filled=True, opacity=1, fill=PAPER, stroke=SOFT, strokeWidth=1)
    return texts


def _right_labels(
    judged: Judged, points: Sequence[JudgedPoint], phases: Sequence[Phase], low: float, high: float
) -> Rows:
    """Return what is written beside the lines: the latest value, target, edges, mean and natural limits."""
    made, latest = judged.definition, points[-1]
    target, unit, decimals = latest.target, made.unit, made.decimals
    labels: Rows = []

    def add(value: float | None, text: str, **style: str) -> None:
        if value is not None and low <= value <= high:
            labels.append({"value": value, "text": text, **style})

    def said(value: float | None, trim: bool = True) -> str:
        if trim and abs(value or 0.0) < 1e6:
            return wording.amount(value or 0.0, unit if len(unit) <= 6 else "", decimals, True)
        return wording.compact(value or 0.0, unit, decimals)

    if not wording.gap(latest):
        add(latest.value, said(latest.value, False), color=INK, weight="bold")
    if made.direction == "within":
        add(target.high, f"at most {said(target.high)}", color=ACCENT)
        add(target.low, f"at least {said(target.low)}", color=ACCENT)
    else:
        add(target.target, f"target {said(target.target)}", color=ACCENT)
        side = "below" if made.direction == "higher" else "above"
        add(target.watch, f"watch {side} {said(target.watch)}", color=WATCH)
        add(target.off, f"off {side} {said(target.off)}", color=OFF)
    phase = phases[-1] if phases and phases[-1].last >= latest.period else None
    if phase is not None:
        add(phase.mean, f"mean {wording.compact(phase.mean or 0.0, '', decimals)}")
        for limit in (phase.upper, phase.lower) if phase.sigma else ():
            add(limit, f"natural limit {wording.compact(limit or 0.0, '', decimals)}")
    return labels
