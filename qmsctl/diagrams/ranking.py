"""Charts of named numbers: which causes matter most, and where on the way things are lost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from qmsctl.diagrams import scales, wording
from qmsctl.diagrams.figure import Chart, Rows, identity, nothing
from qmsctl.diagrams.vega import ACCENT, INK, PAPER, SOFT, Scene, draw, plain

BARS = 10


def pareto(rows: Sequence[tuple[str, float]], unit: str, title: str = "", key: str = "") -> Chart:
    """Draw causes from the most to the least frequent with their cumulative share; the rest is one bar, "other"."""
    title = title or "What counts most"
    ranked = sorted(((n, v) for n, v in rows if math.isfinite(v) and v > 0), key=lambda row: (-row[1], row[0]))
    rest = ranked[BARS:]
    ranked = ranked[:BARS] + ([(f"other ({len(rest)})", sum(v for _, v in rest))] if rest else [])
    total = sum(v for _, v in ranked)
    said, running = [], 0.0
    for name, value in ranked:
        running += value
        said.append(f"{name}: {_amount(value, unit)}, together {running / total:.0%}".replace("%", " %"))
    description = ". ".join([f"{title}, most frequent first", *said]) + "." if said else f"{title}: no data."
    drawn = []
    for sort, width in (("wide", 720), ("narrow", 350)):
        scene = _pareto(ranked, bool(rest), total, width) if ranked else nothing(Scene(width, 80), "no data")
        name = identity("pareto", sort, title, unit, repr(ranked), key)
        drawn.append(draw(scene, name, f"qms-chart-{sort}", title, description))
    return Chart(drawn[0], title, description, narrow=drawn[1])


def _pareto(ranked: Sequence[tuple[str, float]], other: bool, total: float, width: int) -> Scene:
    wide, values = width > 400, [wording.number(v, 1 if v < 100 else 0, v < 100) for _, v in ranked]
    row, top = (30.0, 26.0) if wide else (44.0, 26.0)
    counted = max(1.2 * scales.measure(v) for v in values)  # they are bold
    names = min(max(scales.measure(n) for n, _ in ranked), 230.0) if wide else 0.0
    left, right = names + counted + (24 if wide else 10), width - 42.0
    scene = Scene(width, top + row * len(ranked) + 8)
    texts: Rows = []
    bars: Rows = []
    line: Rows = []
    running = 0.0
    for nr, ((name, value), text) in enumerate(zip(ranked, values, strict=True)):
        running += value
        middle = top + row * (nr + (0.5 if wide else 0.68))
        last = other and nr == len(ranked) - 1
        end = left + value / total * (right - left)
        bars.append({"x": left, "x2": end, "y": middle - 7, "y2": middle + 7, "color": SOFT if last else ACCENT})
        line.append({"x": left + running / total * (right - left), "y": middle})
        place = {"x": names, "y": middle + 4, "align": "right"} if wide else {"x": 0, "y": middle - 13}
        texts.append({**place, "text": scales.fitted(plain(name), names if wide else width * 0.55), "color": INK})
        texts.append({"x": left - 8, "y": middle + 4, "text": text, "color": INK, "align": "right", "weight": "bold"})
        share = f"{running / total:.0%}".replace("%", " %")
        at: dict[str, Any] = {"x": line[-1]["x"] + 3, "y": middle - 7, "size": 11}
        texts.append({**(at if wide else {"x": width, "y": middle + 4, "align": "right", "size": 11}), "text": share})
    x = left + 0.8 * (right - left)
    scene.add("rule", [{"x": x, "x2": x, "y": top - 4, "y2": scene.height - 4}], color=SOFT, strokeDash=[2, 3])
    if wide:
        scene.add("rule", [{"x": left, "x2": left, "y": top - 4, "y2": scene.height - 4}], color=SOFT)
    scene.add("rect", bars, opacity=1)
    scene.add("line", line, stroke=INK, strokeWidth=1.25)
    scene.add("point", [{**p, "size": 26} for p in line], filled=True, opacity=1, fill=INK, stroke=PAPER)
    texts.append({"x": x, "y": 12, "text": "80 % of all", "align": "center", "size": 11})
    scene.write(texts)
    return scene


def funnel(rows: Sequence[tuple[str, float]], unit: str, title: str = "", key: str = "") -> Chart:
    """Draw stages as centred bars, each with its count and its share of the stage before."""
    title = title or "From stage to stage"
    stages = [(name, max(value, 0.0) if math.isfinite(value) else 0.0) for name, value in rows]
    shares = ["", *(_share(b, a) for (_, a), (_, b) in itertools.pairwise(stages))][: len(stages)]
    said = [
        f"{name}: {_amount(value, unit)}" + (f", {share} of the stage before" if share else "")
        for (name, value), share in zip(stages, shares, strict=True)
    ]
    description = ". ".join([title, *said]) + "." if said else f"{title}: no data."
    drawn = []
    for sort, width in (("wide", 720), ("narrow", 350)):
        scene = _funnel(stages, shares, unit, width) if stages else nothing(Scene(width, 80), "no data")
        name = identity("funnel", sort, title, unit, repr(stages), key)
        drawn.append(draw(scene, name, f"qms-chart-{sort}", title, description))
    return Chart(drawn[0], title, description, narrow=drawn[1])


def _funnel(stages: Sequence[tuple[str, float]], shares: Sequence[str], unit: str, width: int) -> Scene:
    wide, greatest = width > 400, max(v for _, v in stages) or 1.0
    row = 42.0 if wide else 56.0
    names = min(max(scales.measure(n) for n, _ in stages), 200.0) + 16 if wide else 0.0
    right = width - 150.0 if wide else float(width)
    centre, room = (names + right) / 2, right - names
    scene = Scene(width, row * len(stages) + 4)
    texts: Rows = []
    bars: Rows = []
    ends: list[tuple[float, float, float, float]] = []
    for nr, ((name, value), share) in enumerate(zip(stages, shares, strict=True)):
        top = row * nr + (4 if wide else 22)
        half = max(value / greatest * room / 2, 0.75)
        bars.append({"x": centre - half, "x2": centre + half, "y": top, "y2": top + 26, "color": ACCENT})
        ends.append((centre - half, centre + half, top, top + 26))
        text = _amount(value, unit)
        inside = scales.measure(text) + 16 < 2 * half
        at: dict[str, Any] = (
            {"x": centre, "align": "center", "color": PAPER} if inside else {"x": centre + half + 6, "color": INK}
        )
        texts.append({"y": top + 17, "text": text, "weight": "bold", **at})
        place: dict[str, Any] = {"x": 0, "y": top + 17} if wide else {"x": 0, "y": top - 7}
        texts.append({**place, "text": scales.fitted(plain(name), (names or width * 0.62) - 12), "color": INK})
        if share:
            place = {"x": right + 16, "y": top + 17} if wide else {"x": width, "y": top - 7, "align": "right"}
            texts.append({**place, "text": f"{share} of stage before" if wide else f"{share} of before"})
    sides: Rows = []
    for a, b in itertools.pairwise(ends):
        sides += [{"x": a[side], "x2": b[side], "y": a[3], "y2": b[2]} for side in (0, 1)]
    scene.add("rule", sides if wide else [], color=SOFT, strokeWidth=0.75)
    scene.add("rect", bars, opacity=1)
    scene.write(texts)
    return scene


def _share(value: float, before: float) -> str:
    return f"{value / before:.0%}".replace("%", " %") if before else ""


def _amount(value: float, unit: str) -> str:
    return wording.amount(value, unit, 1 if value < 100 else 0, value < 100)
