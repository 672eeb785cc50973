"""Markdown bodies: headings with keys, steps with facts, links. Positions count from the file's first line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADING = re.compile(r"\n(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"[ \t]*\{#([^}\s]*)\}[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_FACT = re.compile(r"^([A-Z][A-Za-z ]{1,20}):[ \t]+(\S.*?)[ \t]*$")
_LINK = re.compile(r"(!?)\[[^\]\n]*\]\(\s*<?([^)\s>]*)>?(?:\s+[\"'][^)]*)?\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:[ \t]*<?(\S+?)>?(?:[ \t]|$)")
_CODE = re.compile(r"(`+)(?:.*?[^`])?\1(?!`)")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a body. ``key`` is what stands in ``{#...}``, without it None."""

    level: int
    title: str
    key: str | None
    line: int


@dataclass(slots=True)
class Step:
    """A keyed step: its heading, the facts right beneath, and the text that follows."""

    title: str
    key: str | None
    line: int
    facts: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    """Lower-case label -> (text, line, column of the text)."""
    text: str = ""
    text_line: int = 0


@dataclass(frozen=True, slots=True)
class BodyLink:
    """A Markdown link or image as written."""

    target: str
    line: int
    column: int
    image: bool


def prose_lines(body: str, first_line: int) -> Iterator[tuple[int, str]]:
    """Yield (line number, line) outside fenced code; code spans are blanked out."""
    if "```" not in body and "~~~" not in body:
        for number, line in enumerate(body.split("\n"), first_line):
            yield number, _CODE.sub(lambda m: " " * len(m.group()), line) if "`" in line else line
        return
    fence = ""
    for number, line in enumerate(body.split("\n"), first_line):
        match = _FENCE.match(line)
        if fence:
            if match and match.group(1).startswith(fence) and not match.group(2).strip():
                fence = ""
            continue
        if match:
            fence = match.group(1)
            continue
        if "`" in line:
            line = _CODE.sub(lambda m: " " * len(m.group()), line)
        yield number, line


def prose(body: str) -> str:
    """Return a body with all code blanked out; what is left stands where it stood."""
    if "`" not in body and "~~~" not in body:
        return body
    left = dict(prose_lines(body, 0))
    return "\n".join(left.get(number, "") for number in range(body.count("\n") + 1))


def headings(body: str, first_line: int) -> list[Heading]:
    """Return the headings of a body in order."""
    text = prose(body)
    found = []
    number, at = first_line, 0
    for match in _HEADING.finditer("\n" + text):  # so the first line begins like all others
        number, at = number + text.count("\n", at, match.start()), match.start()
        level, title, key = len(match.group(1)), match.group(2), None
        if "{#" in title and (named := _KEY.search(title)):
            key, title = named.group(1), _KEY.sub("", title)
        found.append(Heading(level, title, key, number))
    return found


def links(body: str, first_line: int) -> Iterator[BodyLink]:
    """Yield the links and images of a body."""
    for number, line in prose_lines(body, first_line):
        if "[" not in line:
            continue
        for match in _LINK.finditer(line):
            yield BodyLink(match.group(2), number, match.start(2) + 1, bool(match.group(1)))
        reference = _REFERENCE.match(line)
        if reference:
            yield BodyLink(reference.group(1), number, reference.start(1) + 1, False)


def steps(body: str, first_line: int, section: str) -> list[Step]:
    """Return the level-3 headings of a level-2 section as steps."""
    marks = headings(body, first_line)
    lines = body.split("\n")
    start = next((h for h in marks if h.level == 2 and h.title.lower() == section.lower()), None)
    if start is None:
        return []
    after = [h for h in marks if h.line > start.line]
    end = next((h.line for h in after if h.level <= 2), first_line + len(lines))
    inside = [h for h in after if h.line < end and h.level == 3]
    found = []
    for index, head in enumerate(inside):
        stop = inside[index + 1].line if index + 1 < len(inside) else end
        step = Step(head.title, head.key, head.line)
        number = head.line + 1
        while number < stop:
            line = lines[number - first_line]
            fact = _FACT.match(line)
            if not fact:
                break
            step.facts[fact.group(1).lower()] = (fact.group(2), number, fact.start(2) + 1)
            number += 1
        text = lines[number - first_line : stop - first_line]
        while text and not text[0].strip():
            text.pop(0)
            number += 1
        step.text, step.text_line = "\n".join(text).rstrip(), number
        found.append(step)
    return found


def sections(body: str) -> list[tuple[str, str]]:
    """Cut a body at its level-2 headings into (title, text); the text before the first has the title ""."""
    marks = [h for h in headings(body, 0) if h.level == 2]
    lines = body.split("\n")
    cuts = [-1, *(h.line for h in marks), len(lines)]
    titles = ["", *(h.title for h in marks)]
    return [(title, "\n".join(lines[cuts[i] + 1 : cuts[i + 1]]).strip()) for i, title in enumerate(titles)]
