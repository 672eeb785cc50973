"""OSCAL files, JSON or YAML, as data; what cannot be one is told with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from qmsctl.oscal import CATALOG, COMPONENTS, MAPPING, PLAN, PROFILE, RESULTS, OscalFault

MOST_BYTES = 64_000_000
KINDS = (CATALOG, PROFILE, MAPPING, COMPONENTS, RESULTS, PLAN)
MAX_DEPTH = 60
_VERSION = re.compile(r"1\.[0-2](\.[0-9]+)?([-+].*)?")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes half of a character that takes two."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_PARSER: Any = getattr(yaml, "cyaml", None)
"""The C part of PyYAML, where it was built."""


def read(content: bytes, name: str) -> tuple[str, dict[str, Any]]:
    """Return the kind of an OSCAL document and its body. Raises OscalFault with file and place."""
    data = _data(content, name)
    found = [kind for kind in KINDS if kind in data]
    if len(found) != 1 or not isinstance(data[found[0]], dict):
        others = ", ".join(str(key)[:40] for key in list(data)[:5]) or "nothing"
        raise OscalFault(
            f"{name} is no OSCAL document that is read here; it holds {others}", f"these are: {', '.join(KINDS)}"
        )
    kind, body = found[0], data[found[0]]
    head = body.get("metadata")
    if not isinstance(head, dict) or not isinstance(head.get("title"), str):
        raise OscalFault(f"{name}: /{kind}/metadata has no title", "every OSCAL document has metadata with a title")
    version = str(head.get("oscal-version", ""))[:40]
    if not _VERSION.fullmatch(version):
        said = f"OSCAL version {version}" if version else "no `oscal-version`"
        raise OscalFault(
            f"{name}: /{kind}/metadata has {said}; read are 1.0 to 1.2", "write it anew with a tool of that version"
        )
    return kind, body


def rows(holder: Mapping[str, Any], field: str, place: str) -> list[dict[str, Any]]:
    """Return the objects of a list. Raises OscalFault where something else stands there."""
    value = holder.get(field, [])
    if not isinstance(value, list):
        raise OscalFault(f"{place}/{field} is no list", "compare it with the schema of this version of OSCAL")
    for number, row in enumerate(value):
        if not isinstance(row, dict):
            raise OscalFault(f"{place}/{field}/{number} is no object", "compare it with the schema of OSCAL")
    return value


def word(holder: Mapping[str, Any], field: str, place: str) -> str:
    """Return a text that has to be there. Raises OscalFault."""
    value = holder.get(field)
    if not isinstance(value, str) or not value.strip():
        raise OscalFault(f"{place} has no `{field}`", "compare it with the schema of this version of OSCAL")
    return value


def _data(content: bytes, name: str) -> dict[str, Any]:
    if len(content) > MOST_BYTES:
        raise OscalFault(f"{name} has more than {MOST_BYTES // 1_000_000} MB", "split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = content.count(b"\n", 0, error.start) + 1
        raise OscalFault(f"{name}:{at} is not UTF-8 text", "save it with the encoding UTF-8") from error
    if text.lstrip().startswith("<"):
        raise OscalFault(
            f"{name} is XML; read are JSON and YAML", "take the JSON edition, or turn it with a converter for OSCAL"
        )
    try:
        if text.lstrip().startswith("{"):
            data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        else:
            data = plain_yaml(text, name)
    except json.JSONDecodeError as error:
        raise OscalFault(
            f"{name}:{error.lineno}:{error.colno}: no JSON: {error.msg}", "the file may have been cut off; get it anew"
        ) from error
    except _Twice as error:
        raise OscalFault(
            f"{name}: the field `{str(error)[:60]}` stands twice in one object", "keep one of the two"
        ) from error
    except RecursionError as error:
        raise OscalFault(f"{name} is nested too deeply", "no OSCAL document is") from error
    except OscalFault:
        raise
    except ValueError as error:
        raise OscalFault(f"{name}: no JSON: {error}", "write numbers as JSON has them") from error
    if _HALF.search(text) and not _is_text(data):
        raise OscalFault(f"{name} holds half of a character, such as \\ud800", "save it anew as UTF-8")
    if not isinstance(data, dict):
        raise OscalFault(f"{name} holds no object", "an OSCAL document begins with { and its kind")
    return data


class _Twice(ValueError):
    """A field that stands twice in an object; JSON would silently keep the last."""


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _is_text(data: Any) -> bool:
    """Tell whether everything in it can be written as UTF-8."""
    try:
        json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def plain_yaml(text: str, name: str, numbers: bool = True) -> Any:
    """Return YAML as JSON has it: no dates, no tags, nothing written once and used twice. Raises OscalFault.

    Without ``numbers`` they stay text as well: 4.10 is a clause and not 4.1.
    Built from the events of the parser, which takes a third of the time that PyYAML needs to build it.
    """
    parser = _PARSER.CParser(text) if _PARSER is not None else yaml.SafeLoader(text)
    try:
        return _built(parser.get_event, name, numbers)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{mark.line + 1}:{mark.column + 1}" if mark else "1"
        raise OscalFault(f"{name}:{at}: no YAML: {error.problem}", "compare the line with its neighbours") from error
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, OscalFault):
            raise
        raise OscalFault(f"{name}: no YAML: {' '.join(str(error).split())}", "save it anew as UTF-8") from error


_NOTHING = object()


def _built(get_event: Callable[[], Any], name: str, numbers: bool) -> Any:
    """Return what the events of a parser say, without recursion."""
    opened: list[tuple[Any, Any]] = []
    here: Any = None
    key: Any = _NOTHING
    while True:
        event = get_event()
        kind = type(event)
        if kind is yaml.ScalarEvent:
            if event.tag is not None and event.implicit == (False, False):
                raise _refused(event, name, f"the tag {event.tag}")
            if event.anchor is not None:
                raise _refused(event, name, "an anchor (&)")
            value = _value(event.value, numbers) if event.implicit[0] else event.value
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if event.anchor is not None or not event.implicit:
                raise _refused(event, name, "an anchor (&) or a tag (!)")
            if key is _NOTHING and type(here) is dict:
                raise _refused(event, name, "a list or a mapping as the name of a field")
            if len(opened) > MAX_DEPTH * 2:
                raise OscalFault(f"{name}:{event.start_mark.line + 1} is nested too deeply", "flatten it")
            opened.append((here, key))
            here, key = ({} if kind is yaml.MappingStartEvent else []), _NOTHING
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            value = here
            here, key = opened.pop()
        elif kind is yaml.AliasEvent:
            raise _refused(event, name, "an alias (*)")
        elif kind is yaml.StreamEndEvent:
            return here
        else:
            if kind is yaml.DocumentStartEvent and here is not None:
                raise _refused(event, name, "a second document (---)")
            continue
        if type(here) is list:
            here.append(value)
        elif type(here) is dict:
            if key is _NOTHING:
                key = event.value
                if key in here:
                    raise _refused(event, name, f"the field `{key}` twice")
            else:
                here[key] = value
                key = _NOTHING
        else:
            here = value


def _refused(event: Any, name: str, what: str) -> OscalFault:
    mark = event.start_mark
    return OscalFault(f"{name}:{mark.line + 1}:{mark.column + 1} holds {what}", "write out what is meant, once")


def _value(text: str, numbers: bool) -> Any:
    """Return a plain scalar: text, but for true, false, null and decimals as JSON has them."""
    if text in _WORDS:
        return _WORDS[text]
    if numbers and text[0] in "-0123456789" and (number := _NUMBER.fullmatch(text)):
        return float(text) if number.group(2) else int(text)
    return text
