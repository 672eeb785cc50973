"""Bytes to fields and body: the encoding, the cut between the two, and signs that nobody sees."""

from __future__ import annotations

import re
from typing import Any

from qmsctl.model import FieldPath
from qmsctl.parsed import MANY, Fault, Parsed
from qmsctl.printable import without_steering

MAX_BYTES = 2_000_000
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)
_SIDES = ("<" * 7, ">" * 7, "|" * 7)
_END = re.compile(r"\n---[ \t]*$", re.MULTILINE)


def parse_file(data: bytes, markdown: bool, large: bool = False) -> Parsed:
    """Read one file. Never raises: what is wrong stands in ``faults``. ``large`` ones may be MANY times larger."""
    text, faults = decode(data, large)
    parsed = Parsed(faults=faults)
    if text is None:
        return parsed
    if not text.strip():
        faults.append(Fault("file-empty", "the file is empty", help="write an item into it, or delete it"))
        return parsed
    conflict = _CONFLICT.search(text) if any(sign in text for sign in _SIDES) else None
    if conflict and conflict.group(1)[0] in "<>|":
        line = text.count("\n", 0, conflict.start()) + 1
        faults.append(
            Fault(
                "merge-conflict",
                "a merge conflict is left in the file",
                line,
                help="choose one of the two versions and delete the lines with <<<<<<<, ======= and >>>>>>>",
            )
        )
        return parsed
    first_line = 1
    source = text
    if markdown:
        split = _split(text)
        if split is None:
            faults.append(
                Fault(
                    "front-matter-missing",
                    "the file does not begin with front matter",
                    help="begin with a line ---, the fields, and another line ---",
                )
            )
            return parsed
        source, parsed.body, parsed.body_line = split
        first_line = 2
    from qmsctl.yaml_fields import parse_yaml  # slow to import, and mostly everything has been read before

    parse_yaml(source, parsed, first_line, large)
    return parsed


_SUSPECT = re.compile(
    rb"\\[0abefrvxuUNLP_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa0-\xa9]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]"
)
"""Bytes that may stand for a sign nobody sees; quick to look for, so that most files need no closer look."""


def clean(parsed: Parsed, data: bytes) -> list[FieldPath]:
    """Take signs that steer a terminal or a reader's eye out of what was read; return where they stood."""
    if _all_shown(data) or not _SUSPECT.search(data, 3):
        return []
    found: list[FieldPath] = []
    parsed.fields = _cleaned(parsed.fields, (), found)
    body = without_steering(parsed.body)
    if body != parsed.body:
        found.append(("body",))
        parsed.body = body
    return found


def _all_shown(data: bytes) -> bool:
    """Tell whether a text surely holds nothing but what is seen; of most files this is told soonest."""
    return b"\\" not in data and data.replace(b"\n", b"").decode("utf-8", "replace").isprintable()


def _cleaned(value: Any, path: FieldPath, found: list[FieldPath]) -> Any:
    if isinstance(value, str):
        plain = without_steering(value)
        if plain != value:
            found.append(path)
        return plain
    if isinstance(value, dict):
        return {without_steering(str(k)): _cleaned(below, (*path, k), found) for k, below in value.items()}
    if isinstance(value, list):
        return [_cleaned(below, (*path, at), found) for at, below in enumerate(value)]
    return value


def most_bytes(large: bool) -> int:
    """Return how many bytes a file may have."""
    return MAX_BYTES * MANY if large else MAX_BYTES


def decode(data: bytes, large: bool = False) -> tuple[str | None, list[Fault]]:
    """Turn bytes into text with LF line ends, or say why not."""
    if len(data) > most_bytes(large):
        size = len(data) / 1e6
        return None, [
            Fault(
                "file-too-large",
                f"the file has {size:.1f} MB; an item may have {most_bytes(large) // 1_000_000}",
                help="keep large material as an attachment and link to it",
            )
        ]
    faults = []
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        faults.append(
            Fault(
                "byte-order-mark",
                "the file begins with a byte order mark",
                help="save it as UTF-8 without BOM",
                fatal=False,
            )
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        return None, [
            *faults,
            Fault("not-utf8", "the file is not UTF-8 text", line, column, help="save it with the encoding UTF-8"),
        ]
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return None, [
            *faults,
            Fault("not-utf8", "the file holds a NUL character", line, help="save it as plain UTF-8 text"),
        ]
    return text.replace("\r\n", "\n").replace("\r", "\n"), faults


def _split(text: str) -> tuple[str, str, int] | None:
    """Cut Markdown into front matter, body and the line on which the body begins."""
    if not text.startswith("---\n"):
        return None
    end = _END.search(text, 3)
    if end is None:
        return None
    head = text[4 : end.start() + 1]
    body = text[end.end() + 1 :]
    return head, body, text.count("\n", 0, end.end()) + 2
