"""What a forge said about a pull request, kept so that the proof outlives the forge. Counts only if signed."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from qmsctl.approvals.statement import FOLDER as APPROVALS

FORMAT = "qmsctl record, format 1"
FOLDER = APPROVALS + "/records"
MAX_BYTES = 2_000_000
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")


class SnapshotFault(ValueError):
    """A text is no record; the message says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """One review of one document, with the digests of the content it was about."""

    item: str
    revision: str
    login: str
    stance: str
    at: str
    files: tuple[tuple[str, str], ...] = ()
    role: str = ""
    meaning: str = ""
    record: str = ""
    record_digest: str = ""
    lifted_by: str = ""
    url: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pull request as a recorder saw it. ``contributors`` maps an item to those who had a hand in it.

    ``statements`` maps signed statements that were there to their SHA-256, ``replies`` the questions put to
    the forge to the SHA-256 of what it answered.
    """

    recorder: str
    recorded: str
    forge: str
    repository: str
    number: str
    author: str
    base: str
    head: str
    landed: str
    title: str = ""
    url: str = ""
    merged_by: str = ""
    merged_at: str = ""
    contributors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    votes: tuple[Said, ...] = ()
    statements: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    replies: Mapping[str, str] = field(default_factory=dict)


_WORDS = ("recorder", "recorded", "forge", "repository", "number", "author", "base", "head", "landed", "title", "url",
          "merged_by", "merged_at")  # fmt: skip


def render(snapshot: Snapshot) -> bytes:
    """Return a record as bytes; there is one way to write it."""
    data = {"format": FORMAT, **asdict(snapshot)}
    return (json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def parse(data: bytes) -> Snapshot:
    """Read a record. Raises SnapshotFault for anything `render` would not have written."""
    if len(data) > MAX_BYTES:
        raise SnapshotFault("it is too large for a record")
    try:
        found: Any = json.loads(data)
        if found.pop("format") != FORMAT:
            raise SnapshotFault(f"it is not of the format `{FORMAT}`")
        votes = tuple(Said(**{**v, "files": tuple((str(p), str(d)) for p, d in v["files"])}) for v in found["votes"])
        hands = {str(k): tuple(str(p) for p in v) for k, v in found["contributors"].items()}
        snapshot = Snapshot(**{**found, "votes": votes, "contributors": hands, "notes": tuple(found["notes"])})
        if not all(isinstance(getattr(snapshot, name), str) for name in _WORDS):
            raise SnapshotFault("a value in it is no text")
        times = [snapshot.recorded, *(vote.at for vote in votes)]
        if not all(isinstance(time, str) and _MOMENT.match(time) for time in times):
            raise SnapshotFault("a time in it is not written as 2026-03-02T14:05:00+01:00")
        for time in times:
            datetime.datetime.fromisoformat(time).astimezone(datetime.UTC)
        same = render(snapshot) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        if isinstance(error, SnapshotFault):
            raise
        raise SnapshotFault("it is no record of a pull request") from error
    if not same:
        raise SnapshotFault("it is not written in the one way a record is written")
    return snapshot


def path_of(snapshot: Snapshot) -> str:
    """Return where a record is kept. Raises SnapshotFault for names that would lead elsewhere."""
    name = f"{snapshot.forge}-{snapshot.number}-{snapshot.landed[:12] or snapshot.head[:12]}"
    if not _PLAIN.match(name) or ".." in name:
        raise SnapshotFault(f"`{name}` cannot be the name of a file")
    return f"{FOLDER}/{name}.json"
