"""One file as text in which single values are replaced; every other byte stays as it is."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from qmsctl.model import Position

Rename = tuple[str, str]
"""The path of a file before and after, relative to the root."""

AMBIGUOUS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Words that some readers of YAML take for something else than text."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class EditError(ValueError):
    """A change that cannot be made; ``message`` says why, ``help`` what to do instead."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(f"{message}; {help}")
        self.message = message
        self.help = help


class IdUnknown(EditError):
    """Somebody named an item that does not exist."""


class IdTaken(EditError):
    """The new id belongs to something already."""


class IdMalformed(EditError):
    """The new id does not have the shape that its item type demands."""


class Unplaced(EditError):
    """A value is written in a way that cannot be replaced without touching its neighbours."""

    def __init__(self, place: Position, value: str) -> None:
        super().__init__(
            f"`{value}` at {place} is written in a way that cannot be changed safely", "change this place by hand first"
        )


class ApplyFailed(EditError):
    """The files could not be written; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The whole text of one file before and after; line ends and a byte order mark included."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Span:
    """A value in the text: where it starts and ends, and how it is written (`"`, `'`, `|`, `>`, `[` or "")."""

    start: int
    end: int
    style: str


class Source:
    """A file whose values can be found by the positions the loader gave them, and replaced."""

    def __init__(self, path: str, data: bytes, body_line: int = 0) -> None:
        self.path = path
        self.raw = data.decode("utf-8")
        self._mark = 1 if self.raw.startswith("\ufeff") else 0
        self.text = self.raw[self._mark :].replace("\r\n", "\n").replace("\r", "\n")
        self.newline = "\r\n" if "\r\n" in self.raw else "\n"
        self.body_line = body_line
        self._two = _line_ends_of_two(self.raw[self._mark :])
        self._lines = [0, *(m.end() for m in re.finditer("\n", self.text))]
        self._changes: dict[tuple[int, int], str] = {}
        self._scalars, self._lists = self._index()

    def _index(self) -> tuple[dict[tuple[int, int], Span], dict[tuple[int, int], Span]]:
        """Note where every scalar and every list of the fields starts and ends."""
        base, first = (4, 2) if self.body_line else (0, 1)
        head = self.text[base : self._lines[self.body_line - 2]] if self.body_line else self.text
        scalars: dict[tuple[int, int], Span] = {}
        lists: dict[tuple[int, int], Span] = {}
        opened: list[Any] = []
        for event in yaml.parse(head, Loader=_LOADER):
            if isinstance(event, yaml.ScalarEvent):
                start: Any = event.start_mark
                end: Any = event.end_mark
                style = event.style or ""
                scalars[start.line + first, start.column + 1] = Span(start.index + base, end.index + base, style)
            elif isinstance(event, yaml.SequenceStartEvent):
                opened.append(event)
            elif isinstance(event, yaml.SequenceEndEvent):
                begin, stop = opened.pop(), cast(Any, event.end_mark)
                style = "[" if begin.flow_style else ""
                span = Span(begin.start_mark.index + base, stop.index + base, style)
                lists[begin.start_mark.line + first, begin.start_mark.column + 1] = span
        return scalars, lists

    # --- finding --------------------------------------------------------------------------------

    def in_body(self, place: Position) -> bool:
        """Tell whether a position lies in the Markdown body."""
        return bool(self.body_line) and place.line >= self.body_line

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and column."""
        return self._lines[line - 1] + column - 1

    def value(self, place: Position) -> Span:
        """Return the scalar at a position, quotes included."""
        span = self._scalars.get((place.line, place.column))
        if span is None:
            raise Unplaced(place, "the value")
        return span

    def sequence(self, place: Position) -> Span:
        """Return the list at a position."""
        span = self._lists.get((place.line, place.column))
        if span is None:
            raise Unplaced(place, "the list")
        return span

    def token(self, place: Position, word: str) -> tuple[int, int, bool]:
        """Return (start, end, whether it is plain) of a word that is the whole value at a position."""
        if self.in_body(place):
            start = self.offset(place.line, place.column)
            if self.text[start : start + len(word)] != word:
                raise Unplaced(place, word)
            return start, start + len(word), False
        span = self.value(place)
        inside = self.text[span.start : span.end]
        if inside in (word, f'"{word}"', f"'{word}'"):
            quote = 0 if inside == word else 1
            return span.start + quote, span.end - quote, not quote
        if span.style in ("|", ">") and inside.count(word) == 1:
            start = span.start + inside.index(word)
            return start, start + len(word), False
        raise Unplaced(place, word)

    def line_around(self, offset: int) -> tuple[int, int]:
        """Return start and end of the line an offset lies in, the line end included."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        return start, len(self.text) if end < 0 else end + 1

    # --- changing -------------------------------------------------------------------------------

    def put(self, start: int, end: int, new: str) -> None:
        """Replace a stretch of text."""
        self._changes[start, end] = new

    def swap(self, place: Position, old: str, new: str) -> None:
        """Replace the word that is the value at a position, and keep its quotes."""
        start, end, plain = self.token(place, old)
        self.put(start, end, f'"{new}"' if plain and new in AMBIGUOUS else new)

    def drop(self, place: Position, word: str) -> None:
        """Take the element at a position out of its list, or the line of a field out of the file."""
        start, end, _ = self.token(place, word)
        if not self.in_body(place):
            span = self.value(place)
            start, end = span.start, span.end
        begin, stop = self.line_around(start)
        lead, rest = self.text[begin:start], self.text[end:stop]
        if (
            not self.in_body(place)
            and re.fullmatch(r"\s*(-|[a-z_]+:)\s+", lead)
            and re.fullmatch(r"\s*(#.*)?\n?", rest)
        ):
            self.put(begin, stop, "")
            return
        after = re.match(r"[ \t]*,[ \t]*", rest)
        before = re.search(r"[ \t]*,[ \t]*$", lead)
        if after:
            self.put(start, end + after.end(), "")
        elif before:
            self.put(begin + before.start(), end, "")
        else:
            raise Unplaced(place, word)

    def edit(self) -> Edit | None:
        """Return the change of this file; None if nothing changes."""
        out: list[str] = []
        at = 0
        for (start, end), new in sorted(self._changes.items(), key=lambda c: (c[0][0], -c[0][1])):
            first, last = self._raw_offset(start), self._raw_offset(end)
            if first < at:
                continue
            out += [self.raw[at:first], new]
            at = last
        after = "".join(out) + self.raw[at:]
        return None if after == self.raw else Edit(self.path, self.raw, after)

    def _raw_offset(self, offset: int) -> int:
        return self._mark + offset + bisect_left(self._two, offset)


class Sources:
    """The files being changed, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, Source] = {}

    def of(self, path: str, body_line: int = 0) -> Source:
        """Return the source of a file. Raises ApplyFailed if it cannot be read."""
        if path not in self._files:
            try:
                self._files[path] = Source(path, (self._root / path).read_bytes(), body_line)
            except (OSError, UnicodeDecodeError, yaml.YAMLError, IndexError) as error:
                raise ApplyFailed(f"{path} cannot be read any more: {error}", "run the command again") from error
        return self._files[path]

    def edits(self) -> list[Edit]:
        """Return the changes of all files, by path."""
        found = (source.edit() for _, source in sorted(self._files.items()))
        return [edit for edit in found if edit is not None]


def _line_ends_of_two(raw: str) -> list[int]:
    """Return, for every CR LF, the offset its line end has once all line ends are one character."""
    return [match.start() - number for number, match in enumerate(re.finditer("\r\n", raw))]
