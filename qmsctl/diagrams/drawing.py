"""What diagrams are drawn with: texts that fit, addresses that stay inside the site, lines with round corners."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qmsctl.diagrams import scales
from qmsctl.diagrams.markup import escape, quoteattr
from qmsctl.diagrams.vega import plain

Point = tuple[float, float]
_INSIDE = re.compile(r"(?:#|\?|\.{1,2}/|[\w~%.-])[\w~%./#?=&;,+!()@-]*")


@dataclass(frozen=True, slots=True)
class Diagram:
    """A figure: a complete `<svg>`, what it says in words, what could not be drawn, and the same for phones."""

    svg: str
    title: str
    description: str
    notes: tuple[str, ...] = ()
    narrow: str = ""


def address(href: str) -> str:
    """Return a relative address or an anchor as it is, and "" for anything that could lead out of the site."""
    return href if _INSIDE.fullmatch(href) else ""


def measure(text: str, size: float) -> float:
    """Return about how wide a text is, rather more than less."""
    wide = 0 if text.isascii() else sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return scales.measure(text, size) + wide * 0.4 * size


def wrapped(text: str, room: float, size: float, most: int = 4) -> list[str]:
    """Return a text in lines of a width; words that are too long are broken, what is too much ends in …."""
    return [*_wrapped(text, room, size, most)]


@lru_cache(maxsize=8192)
def _wrapped(text: str, room: float, size: float, most: int) -> list[str]:
    lines: list[str] = []
    line = ""
    words = plain(text).split()
    while words:
        word = words.pop(0)
        if measure(f"{line} {word}".strip(), size) <= room:
            line = f"{line} {word}".strip()
        elif line:
            lines, line = [*lines, line], ""
            words.insert(0, word)
        else:
            cut = _breaking(word, room, size)
            lines.append(word[:cut] + ("-" if word[cut - 1 : cut + 1].isalpha() else ""))
            words.insert(0, word[cut:])
        if len(lines) > most:
            break
    lines += [line] if line else []
    if len(lines) > most:
        lines = lines[:most]
        last = lines[-1].removesuffix("-")
        while last and measure(last + "…", size) > room:
            last = last[:-1]
        lines[-1] = last.rstrip(" ,;:") + "…"
    return lines


def _breaking(word: str, room: float, size: float) -> int:
    """Return how many characters of a word fit, with a hyphen; at least one."""
    cut, used = 0, measure("-", size)
    while cut < len(word) - 1 and used + measure(word[cut], size) <= room:
        used += measure(word[cut], size)
        cut += 1
    return max(cut, 1)


def number(value: float) -> str:
    """Return a length as short as it can be written."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def tag(name: str, inner: str = "", **attributes: str | float) -> str:
    """Return an element; ``_`` in names stands for ``-``, values are escaped and empty ones left out."""
    written = "".join(
        f" {key.strip('_').replace('_', '-')}={quoteattr(value if isinstance(value, str) else number(value))}"
        for key, value in attributes.items()
        if value != ""
    )
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def text(x: float, y: float, said: str, size: float, fill: str, anchor: str = "", weight: str = "") -> str:
    """Return one line of text."""
    return tag("text", escape(plain(said)), x=x, y=y, font_size=size, fill=fill, text_anchor=anchor, font_weight=weight)


def block(
    x: float,
    y: float,
    lines: Iterable[str],
    size: float,
    fill: str,
    anchor: str = "",
    weight: str = "",
    pitch: float = 0,
) -> str:
    """Return lines of text, the first at ``y``."""
    step = pitch or round(size * 1.2)
    return "".join(text(x, y + i * step, line, size, fill, anchor, weight) for i, line in enumerate(lines))


def titled(said: str) -> str:
    return tag("title", escape(plain(said)))


def simplified(points: Sequence[Point]) -> list[Point]:
    """Return the corners of a line only."""
    found: list[Point] = []
    for point in points:
        if found and abs(point[0] - found[-1][0]) < 0.05 and abs(point[1] - found[-1][1]) < 0.05:
            continue
        if len(found) > 1 and _ahead(found[-2], found[-1], point):
            found.pop()
        found.append(point)
    return found


def _ahead(a: Point, b: Point, c: Point) -> bool:
    """Say whether a line goes on in its direction."""
    return any(abs(a[i] - b[i]) < 0.05 and abs(b[i] - c[i]) < 0.05 for i in (0, 1))


def rounded(points: Sequence[Point], radius: float = 7) -> str:
    """Return the path of a line of right angles with its corners rounded."""
    points = simplified(points)
    said = f"M{number(points[0][0])},{number(points[0][1])}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        r = min(radius, _length(before, corner) / 2, _length(corner, after) / 2)
        start, end = _toward(corner, before, r), _toward(corner, after, r)
        said += f"L{number(start[0])},{number(start[1])}Q{number(corner[0])},{number(corner[1])}"
        said += f" {number(end[0])},{number(end[1])}"
    return said + f"L{number(points[-1][0])},{number(points[-1][1])}"


def head(points: Sequence[Point], size: float = 7) -> str:
    """Return the path of the arrow head at the end of a line."""
    last, before = points[-1], simplified(points)[-2]
    back = _toward(last, before, size)
    aside = (0.0, size * 0.55) if abs(last[1] - before[1]) < 0.05 else (size * 0.55, 0.0)
    return (
        f"M{number(last[0])},{number(last[1])}L{number(back[0] + aside[0])},{number(back[1] + aside[1])}"
        f"L{number(back[0] - aside[0])},{number(back[1] - aside[1])}Z"
    )


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _toward(start: Point, to: Point, by: float) -> Point:
    length = _length(start, to) or 1.0
    return start[0] + (to[0] - start[0]) * by / length, start[1] + (to[1] - start[1]) * by / length


def picture(width: float, height: float, sort: str, title: str, description: str, inner: str) -> str:
    """Return a complete `<svg>` that scales with its place. It has no ids that two on a page could share."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class={quoteattr(f"qms-chart qms-flow {sort}")}'
        f' viewBox="0 0 {number(width)} {number(height)}" width="100%" style="max-width:{number(width)}px"'
        f' font-family="sans-serif" role="group" aria-label={quoteattr(plain(title))}>'
        f"<desc>{escape(plain(description))}</desc>{inner}</svg>"
    )
