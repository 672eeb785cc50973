"""Text to fields: a strict subset of YAML, with the position of every key and value.

The C parser of PyYAML delivers events; the data is built here, because its own constructor is the slow
half and keeps no positions. Scalars follow YAML 1.2 (``no`` is not false), except that words which
YAML 1.1 readers take for booleans must be quoted. Dates stay text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.events import MappingEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from qmsctl.model import FieldPath
from qmsctl.parsed import MANY, Fault, Parsed

try:
    import yaml.cyaml

    _CParser: Any = yaml.cyaml.CParser  # type: ignore[attr-defined]  # the stubs leave it out
except ImportError:  # a PyYAML without its C parser
    _CParser = None

MAX_DEPTH = 40
MAX_NODES = 200_000

_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9_]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?\Z")
_OLD_BOOLEAN = frozenset(
    form(word) for word in ("yes", "no", "on", "off", "y", "n") for form in (str, str.title, str.upper)
)
_WORDS = frozenset(form(word) for word in ("true", "false", "null") for form in (str, str.title, str.upper)) | {
    "~",
    *_OLD_BOOLEAN,
}
"""Plain text that may stand for something else; so may what begins like a number, and nothing at all."""
_NUMBER_BEGINS = "-+.0123456789"


class _Stop(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def parse_yaml(text: str, into: Parsed, first_line: int = 1, large: bool = False) -> None:
    """Read one YAML mapping into ``into``; faults are added there."""
    odd = None if text.isascii() else re.search("[\x85\u2028\u2029]", text)
    if odd:
        above = text.count("\n", 0, odd.start())
        into.faults.append(
            Fault(
                "yaml-unreadable",
                f"an invisible line separator (U+{ord(odd.group()):04X}) stands in the line",
                first_line + above,
                odd.start() - (text.rfind("\n", 0, odd.start()) + 1) + 1,
                help="delete it, or use an ordinary line break",
            )
        )
        return
    for number, line in enumerate(text.split("\n") if "\t" in text else ()):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent:
            into.faults.append(
                Fault(
                    "yaml-tab",
                    "a tab is used to indent",
                    first_line + number,
                    indent.index("\t") + 1,
                    help="indent with spaces, two a level",
                )
            )
            return
    try:
        builder = _Builder(text, into, first_line, MAX_NODES * MANY if large else MAX_NODES)
        value = builder.document()
    except _Stop as stop:
        into.faults.append(stop.fault)
        return
    except yaml.MarkedYAMLError as error:
        unclosed = "end of stream" in str(error.problem)
        mark = (unclosed and error.context_mark) or error.problem_mark or error.context_mark
        at = (mark.line if mark else 0) + first_line
        column = (mark.column if mark else 0) + 1
        into.faults.append(Fault("yaml-unreadable", _plain(error), at, column, help=_advice(error)))
        return
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        into.faults.append(Fault("yaml-unreadable", f"cannot be read as YAML: {error}", first_line))
        return
    if not isinstance(value, dict):
        into.faults.append(
            Fault(
                "yaml-unreadable",
                "the fields are not a list of `name: value` lines",
                first_line,
                help="write one field a line, such as title: Incoming inspection",
            )
        )
        return
    into.fields = value


def _plain(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem or "cannot be read as YAML")
    known = {
        "mapping values are not allowed": "a colon and a space inside a value that is not in quotes",
        "could not find expected ':'": "a line without a colon where `name: value` is expected",
        "did not find expected key": "this line does not fit the indentation above it",
        "did not find expected ',' or ']'": "a bracket [ is not closed",
        "did not find expected ',' or '}'": "a brace { is not closed",
        "found character that cannot start any token": "a value begins with a character that YAML reserves",
        "found unexpected end of stream": "a quote is opened and not closed",
        "control characters are not allowed": "the file holds a control character",
    }
    for start, plain in known.items():
        if start in problem:
            return plain
    return f"cannot be read as YAML: {problem}"


def _advice(error: yaml.MarkedYAMLError) -> str:
    if "mapping values" in str(error.problem) or "cannot start any token" in str(error.problem):
        return 'put the whole value in double quotes: "like: this"'
    return "compare the line with the ones around it: indentation, colon, quotes"


class _Builder:
    """Builds plain data from parser events and notes where everything stands."""

    def __init__(self, text: str, into: Parsed, first_line: int, most: int) -> None:
        parser = _CParser(text) if _CParser else _python_parser(text)
        self._next: Callable[[], Any] = parser.get_event
        self._into = into
        self._marks = into.marks
        self._first = first_line
        self._nodes = 0
        self._most = most

    def document(self) -> Any:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return {}
        value = self._value(self._next(), (), 0, None)
        self._next()
        event = self._next()
        if isinstance(event, yaml.DocumentStartEvent):
            raise _Stop(
                Fault(
                    "yaml-unreadable",
                    "more than one document in the file",
                    self._line(event),
                    help="a line --- begins a second document; one file holds one item",
                )
            )
        return value

    def _line(self, event: Any) -> int:
        return int(event.start_mark.line) + self._first

    def _stop(self, check: str, message: str, event: Any, help: str) -> _Stop:
        return _Stop(Fault(check, message, self._line(event), event.start_mark.column + 1, help))

    def _value(self, event: Any, path: FieldPath, depth: int, key: tuple[int, int] | None) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > self._most or event.anchor or event.tag:
            raise self._refused(event, depth)
        start: Any = event.start_mark
        line, column = start.line + self._first, start.column + 1
        kind = type(event)
        if kind is ScalarEvent:
            stop = event.end_mark
            end = stop.column + 1 if stop.line == start.line else 0
            self._marks[path] = (line, column, end, *(key or (line, column)))
            text = event.value
            if not event.implicit[0] or (text[:1] not in _NUMBER_BEGINS and text not in _WORDS):
                return text
            return self._scalar(event, path)
        self._marks[path] = (line, column, 0, *(key or (line, column)))
        if kind is SequenceStartEvent:
            items: list[Any] = []
            while type(event := self._next()) is not SequenceEndEvent:
                items.append(self._value(event, (*path, len(items)), depth + 1, None))
            return items
        fields: dict[str, Any] = {}
        while type(event := self._next()) is not MappingEndEvent:
            if type(event) is not ScalarEvent or event.tag or event.anchor or event.value == "<<":
                raise self._refused_key(event)
            name = event.value
            below = (*path, name)
            if name in fields:
                raise self._stop(
                    "yaml-duplicate-key",
                    f"`{name}` is written twice; the first is on line {self._marks[below][3]}",
                    event,
                    "keep one of the two",
                )
            start = event.start_mark
            fields[name] = self._value(self._next(), below, depth + 1, (start.line + self._first, start.column + 1))
        return fields

    def _refused(self, event: Any, depth: int) -> _Stop:
        """Say why a value is not taken."""
        if depth > MAX_DEPTH:
            return self._stop(
                "yaml-too-deep",
                f"nested deeper than {MAX_DEPTH} levels",
                event,
                "flatten the data, or move it into an item of its own",
            )
        if self._nodes > self._most:
            return self._stop(
                "yaml-too-deep", f"more than {self._most} values in one file", event, "split it into several items"
            )
        if event.anchor:
            return self._stop(
                "yaml-anchor",
                "anchors (&) and aliases (*) are not allowed",
                event,
                "write the value out where it is needed, or put it in quotes if it is text",
            )
        return self._stop(
            "yaml-tag",
            f"the tag `{event.tag}` is not allowed",
            event,
            "leave the tag out; put the value in quotes if it begins with !",
        )

    def _refused_key(self, event: Any) -> _Stop:
        """Say why a field name is not taken."""
        if not isinstance(event, ScalarEvent):
            return self._stop(
                "yaml-unreadable",
                "a field name must be plain text",
                event,
                "write name: value; put values with [ ] or { } in quotes if they are text",
            )
        if event.tag or event.anchor:
            return self._stop("yaml-tag", "a field name may not carry a tag or an anchor", event, "leave it out")
        return self._stop("yaml-anchor", "merge keys (<<) are not allowed", event, "write the fields out")

    def _scalar(self, event: Any, path: FieldPath) -> Any:
        """Return what plain text stands for."""
        text: str = event.value
        if text in ("true", "True", "TRUE"):
            return True
        if text in ("false", "False", "FALSE"):
            return False
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text in _OLD_BOOLEAN:
            self._into.faults.append(
                Fault(
                    "yaml-ambiguous-word",
                    f"`{text}` is a word that some readers take for true or false",
                    self._line(event),
                    event.start_mark.column + 1,
                    help=f'write "{text}" in quotes if it is text, true or false if it is not',
                    fatal=False,
                )
            )
            return text
        if _NUMBER.match(text):
            self._into.raw[path] = text
            plain = text.replace("_", "")
            if len(plain) > 40:
                return text
            return float(plain) if any(c in plain for c in ".eE") else int(plain)
        return text


def _python_parser(text: str) -> Any:  # pragma: no cover - only where PyYAML has no C part
    return yaml.SafeLoader(text)
