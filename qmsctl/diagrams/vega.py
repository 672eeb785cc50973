"""A scene of plain marks, drawn by Vega-Lite and reduced to the few SVG elements that a chart needs.

What Vega emits is not passed on as it is: only known elements and attributes are kept. Nothing that a text could
smuggle in (links, scripts, images, styles) survives, and there are no ids that two charts on a page could share.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from qmsctl import shelf
from qmsctl.diagrams.markup import escape, quoteattr

# What the colours mean; charts.css gives each its variable, and without it they are right on white paper.
INK, SOFT, LINE, PAPER = "#1d2733", "#5b6876", "#dde3e8", "#ffffff"
ACCENT, BAND = "#0b6b6b", "#e3f1f0"
GOOD, WATCH, OFF = "#1c6b3c", "#8a5a00", "#a3262a"
WATCH_TINT, OFF_TINT, TINT = "#faf5ea", "#fbf0f0", "#eef2f5"

Row = Mapping[str, Any]
_TEXT = ("x", "y", "text", "color", "size")
_CHANNELS = {
    "x": "quantitative", "y": "quantitative", "x2": "", "y2": "", "text": "nominal", "run": "nominal",
    "color": "nominal", "fill": "nominal", "stroke": "nominal", "shape": "nominal", "size": "quantitative",
    "dash": "nominal", "width": "quantitative",
}  # fmt: skip
_NAMES = {"run": "detail", "dash": "strokeDash", "width": "strokeWidth"}
_KEPT = ("d", "x", "y", "x2", "y2", "transform", "fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor",
         "font-size", "font-weight")  # fmt: skip
_SHARED = ("fill", "stroke", "stroke-width", "stroke-dasharray", "text-anchor", "font-size", "font-weight")
_NUMBER = re.compile(r"-?\d*\.\d+(?:e-?\d+)?")
_CIRCLE = re.compile(r"^M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0$")
_MOVE = re.compile(r"^translate\(([-\d.]+),([-\d.]+)\)$")
_HERE = Path(__file__)
_folders: list[Path] = []
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff\u202a-\u202e\u2066-\u2069]+")


class ChartFault(RuntimeError):
    """A chart cannot be drawn; the message says what to do."""


@dataclass(slots=True)
class Scene:
    """Marks at places in pixels, in the order in which they cover each other."""

    width: float
    height: float
    layers: list[dict[str, Any]] = field(default_factory=list)

    def add(self, mark: str, rows: Sequence[Row], **style: Any) -> None:
        """Add a layer: rect, rule, line or point; the keys of the first row are its channels."""
        if rows:
            kinds = {_NAMES.get(key, key): _channel(key) for key in rows[0]}
            if mark == "line":
                kinds["order"] = {"value": None}
            self.layers.append(
                {"data": {"values": list(rows)}, "mark": {"type": mark, **style}, "encoding": kinds},
            )

    def write(self, rows: Sequence[Row]) -> None:
        """Add texts: x, y, text and, if wanted, color, size, align (left, center, right) and weight (bold)."""
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            full = {"color": SOFT, "size": 12, **row}
            key = (str(row.get("align", "left")), str(row.get("weight", "normal")))
            groups.setdefault(key, []).append({name: full[name] for name in _TEXT} | {"text": plain(row["text"])})
        for (align, weight), texts in groups.items():
            self.add("text", texts, align=align, baseline="alphabetic", fontWeight=weight)

    def spec(self) -> dict[str, Any]:
        """Return the Vega-Lite specification."""
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": self.width,
            "height": self.height,
            "padding": 0,
            "autosize": "none",
            "background": None,
            "config": {"view": {"stroke": None}, "axis": {"disable": True}, "legend": {"disable": True}},
            "layer": self.layers,
        }


def _channel(key: str) -> dict[str, Any]:
    kind = _CHANNELS[key]
    return {"field": key, "type": kind, "scale": None} if kind and key not in ("text", "run") else {"field": key}


def plain(text: str) -> str:
    """Return a text on one line, without characters that XML forbids or that turn the direction of writing."""
    return " ".join(_CONTROL.sub(" ", str(text)).split(" ")).strip()


def draw(scene: Scene, key: str, sort: str, title: str, description: str) -> str:
    """Return a scene as an `<svg>` that scales with its place. ``key`` makes its ids unique. Raises ChartFault."""
    _library()
    try:
        marks = _marks(json.dumps(scene.spec()))
    except (ValueError, ElementTree.ParseError) as error:
        raise ChartFault(f"the chart “{plain(title)}” cannot be drawn: {error}") from error
    width, height = _round(scene.width), _round(scene.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class={quoteattr(f"qms-chart {sort}")} viewBox="0 0 {width} {height}"'
        f' width="100%" style="max-width:{width}px" font-family="sans-serif" role="img"'
        f' aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{escape(plain(title))}</title>'
        f'<desc id="{key}-d">{escape(plain(description))}</desc>'
        f'<g fill="none" aria-hidden="true">{marks}</g></svg>'
    )


def _library() -> Any:
    """Vega-Lite. Raises ChartFault where it is not installed."""
    try:
        import vl_convert
    except ImportError as error:
        raise ChartFault("charts need Vega-Lite; install it with: pip install 'qmsctl[measures]'") from error
    return vl_convert


def keep_below(root: Path) -> None:
    """Keep drawings below the root of a system from now on, for the next build."""
    _folders[:] = [root / shelf.FOLDER / "charts"]


@lru_cache(maxsize=1024)
def _marks(spec: str) -> str:
    """The marks of a drawing; the same figures are not drawn twice. Raises ChartFault, ValueError and ParseError."""
    key = shelf.digest(spec, _library().__version__, _HERE.read_bytes())
    for folder in _folders:
        kept = shelf.read(folder / key.hex(), key)
        if isinstance(kept, str):
            return kept
    root = ElementTree.fromstring(_library().vegalite_to_svg(json.loads(spec), allowed_base_urls=[]))
    found = "".join(_element(e) for e in _reduced(root))
    for folder in _folders:
        shelf.write(folder / key.hex(), key, found)
    return found


# --- reducing -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[_Element] = field(default_factory=list)


def _reduced(node: ElementTree.Element) -> list[_Element]:
    """Return the marks under a node; groups that say nothing are dissolved."""
    found: list[_Element] = []
    for child in node:
        name = child.tag.rpartition("}")[2]
        shape = child.get("class", "")
        if name == "g":
            inner = _reduced(child)
            found += [_hoisted(inner)] if "mark-" in shape and "mark-group" not in shape and len(inner) > 1 else inner
        elif name in ("path", "line", "text") and shape not in ("background", "foreground"):
            found.append(_mark(name, child))
    return _merged(found)


def _mark(name: str, node: ElementTree.Element) -> _Element:
    kept = {key: _round(node.get(key, "")) for key in _KEPT if node.get(key)}
    if "font-size" in kept:
        kept["font-size"] = kept["font-size"].removesuffix("px")
    if kept.get("font-weight") == "normal":
        del kept["font-weight"]
    if kept.get("text-anchor") == "start":
        del kept["text-anchor"]
    if not kept.get("stroke"):
        kept.pop("stroke-width", None)
    circle, move = _CIRCLE.match(kept.get("d", "")), _MOVE.match(kept.get("transform", ""))
    if move and (name == "text" or circle):
        del kept["transform"]
        if circle:
            del kept["d"]
            return _Element("circle", {"cx": move[1], "cy": move[2], "r": circle[1], **kept})
        kept = {"x": move[1], "y": move[2], **kept}
    elif move and name == "line":
        x, y = float(move[1]), float(move[2])
        x2, y2 = x + float(kept.pop("x2", 0)), y + float(kept.pop("y2", 0))
        del kept["transform"]
        return _Element("path", {"d": f"M{_short(x)},{_short(y)}L{_short(x2)},{_short(y2)}", **kept})
    return _Element(name, kept, "".join(node.itertext()) if name == "text" else "")


def _merged(elements: list[_Element]) -> list[_Element]:
    """Join neighbouring paths that look the same into one."""
    found: list[_Element] = []
    for element in elements:
        last = found[-1] if found else None
        if last is not None and last.name == element.name == "path" and "transform" not in element.attributes:
            before = {k: v for k, v in last.attributes.items() if k != "d"}
            if before == {k: v for k, v in element.attributes.items() if k != "d"}:
                last.attributes["d"] += element.attributes["d"]
                continue
        found.append(element)
    return found


def _hoisted(children: list[_Element]) -> _Element:
    """Return a group that says once what all its marks have in common."""
    common = {
        key: children[0].attributes[key]
        for key in _SHARED
        if key in children[0].attributes and len({child.attributes.get(key) for child in children}) == 1
    }
    for child in children:
        child.attributes = {key: value for key, value in child.attributes.items() if key not in common}
    return _Element("g", common, children=children)


def _element(element: _Element) -> str:
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in element.attributes.items())
    inner = escape(element.text) + "".join(_element(child) for child in element.children)
    return f"<{element.name}{attributes}>{inner}</{element.name}>" if inner else f"<{element.name}{attributes}/>"


def _short(value: float) -> str:
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _round(value: float | str) -> str:
    if not isinstance(value, str):
        return _short(value)
    return _NUMBER.sub(lambda found: _short(float(found[0])), value)
