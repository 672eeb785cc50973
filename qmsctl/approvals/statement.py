"""A signed statement as text: comments that say who, what and when, then digests that `sha256sum -c` checks.

There is one way to write a statement; what differs in a single byte is not one. The digests are of the files
as Git stores them.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, fields

from qmsctl.approvals.content import Manifest

FORMAT = "qmsctl statement, format 1"
FOLDER = "approvals"
MAX_BYTES = 100_000
VERDICTS = ("keep", "revise", "withdraw")
_DIGEST = re.compile(r"([0-9a-f]{64})  (\S[^\n]*)\Z")
_PLAIN = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)\Z")


class StatementFault(ValueError):
    """A text is no statement; the message says why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody states about a document. ``time`` is RFC 3339 with zone; empty texts are left out."""

    organisation: str
    item: str
    title: str
    revision: str
    effective: str
    change_record: str
    meaning: str
    verdict: str
    role: str
    person: str
    name: str
    time: str
    manifest: Manifest


_HEADERS = tuple(field.name for field in fields(Statement) if field.name != "manifest")


def render(statement: Statement) -> str:
    """Return a statement as text. Raises StatementFault for a value that would not survive."""
    lines = [f"# {FORMAT}"]
    for name in _HEADERS:
        value = getattr(statement, name)
        if value:
            if value != " ".join(value.split()) or not value.isprintable():
                raise StatementFault(f"the {name.replace('_', ' ')} holds characters that cannot be signed: {value!r}")
            lines.append(f"# {name.replace('_', '-')}: {value}")
    for path, digest in statement.manifest.files:
        if not path.isprintable() or "\\" in path or path != path.strip():
            raise StatementFault(f"a file name holds characters that cannot be signed: {path!r}")
        lines.append(f"{digest}  {path}")
    return "\n".join(lines) + "\n"


def parse(data: bytes) -> Statement:
    """Read a statement. Raises StatementFault for anything that `render` would not have written."""
    if len(data) > MAX_BYTES:
        raise StatementFault("it is too large for a statement")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StatementFault("it is no UTF-8 text") from error
    lines = text.split("\n")
    if lines[0] != f"# {FORMAT}":
        raise StatementFault(f"it does not begin with `# {FORMAT}`")
    values = dict.fromkeys(_HEADERS, "")
    files = []
    for line in lines[1:-1]:
        name, sign, value = line.removeprefix("# ").partition(": ")
        found = _DIGEST.match(line)
        if line.startswith("# ") and sign and name.replace("-", "_") in values:
            values[name.replace("-", "_")] = value
        elif found:
            files.append((found[2], found[1]))
        else:
            raise StatementFault(f"this line does not belong into a statement: {line[:60]!r}")
    if not files:
        raise StatementFault("it names no file")
    if not _MOMENT.match(values["time"]):
        raise StatementFault("its time is not written as 2026-03-02T14:05:00+01:00")
    try:
        datetime.datetime.fromisoformat(values["time"]).astimezone(datetime.UTC)
    except (ValueError, OverflowError) as error:
        raise StatementFault("its time does not exist") from error
    if not all(_PLAIN.fullmatch(values[name] or "0") for name in ("item", "revision", "meaning", "role", "person")):
        raise StatementFault("it names an item, a revision, a role or a person that cannot be")
    found_statement = Statement(**values, manifest=Manifest(tuple(files)))
    if render(found_statement) != text:
        raise StatementFault("it is not written in the one way a statement is written")
    return found_statement


def path_of(statement: Statement) -> str:
    """Return where a statement is kept: a name of its own for everyone, so that none replaces another.

    Raises StatementFault for names that would lead elsewhere.
    """
    if not all(
        _PLAIN.fullmatch(part or "0")
        for part in (statement.item, statement.revision, statement.meaning, statement.role, statement.person)
    ):
        raise StatementFault(f"{statement.item} {statement.revision} cannot be the name of a file")
    moment = datetime.datetime.fromisoformat(statement.time).astimezone(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{statement.meaning}-{statement.role}-{statement.person}-{moment}.txt"
    return f"{FOLDER}/{statement.item}/{statement.revision or '0.0'}/{name}"
