"""OSCAL, the exchange format of NIST for controls and how they are met: documents to fields of items, and back.

Nothing here reads or writes files. What an OSCAL document says and an item has no place for stays in the document
as it was read, which is kept beside the items; on the way back the item wins in what it says, the kept document
supplies the rest.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from qmsctl.model import mapping_of, rows_of
from qmsctl.printable import without_steering

NS = "urn:qmsctl:oscal"
"""The namespace of properties that carry what OSCAL has no field for."""
VERSION = "1.2.1"
FOLDER = "oscal"
"""Where documents are kept as they were read, one file for each item: oscal/<id>.json."""
AS_JSON = "json"
"""The class of a property of ours whose value is written as JSON."""
CATALOG, PROFILE, MAPPING = "catalog", "profile", "mapping-collection"
COMPONENTS, RESULTS, PLAN = "component-definition", "assessment-results", "plan-of-action-and-milestones"

_UNSEEN = re.compile("[\u200b\u2060\ufeff]")
_STRING = re.compile(r"\S(.*\S)?")
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, NS)


class OscalFault(ValueError):
    """A document that cannot be used; ``message`` says why and where, ``help`` what to do."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(f"{message}; {help}")
        self.message = message
        self.help = help


_LONGEST_PLACE = 100


@contextmanager
def named(name: str) -> Iterator[None]:
    """Let what is told of a place in a document say in which file that is; a very long place loses its middle."""
    try:
        yield
    except OscalFault as error:
        place, blank, rest = error.message.partition(" ")
        if not place.startswith("/"):
            raise
        if len(place) > _LONGEST_PLACE:
            place = f"{place[: _LONGEST_PLACE // 2]}…{place[-_LONGEST_PLACE // 2 :]}"
        raise OscalFault(f"{name}: {place}{blank}{rest}", error.help) from error


def ident(*names: str) -> str:
    """Return the UUID of what has these names; the same names give the same one everywhere."""
    return str(uuid.uuid5(_ROOT, "\n".join(names)))


def moment(day: str) -> str:
    """Return the beginning of a day as OSCAL writes times."""
    return f"{day}T00:00:00+00:00"


def texts_of(value: Any) -> list[str]:
    """Return a list of texts; empty where something else stands in its place."""
    return [str(entry) for entry in value] if isinstance(value, list) else []


def plain(text: Any) -> str:
    """Return a text without signs that nobody sees and that steer what is shown."""
    return without_steering(_UNSEEN.sub("", str(text).replace("\u2028", "\n").replace("\u2029", "\n\n")))


def line(text: Any) -> str:
    """Return a text as OSCAL wants a line of it: no line breaks, nothing around it, never empty."""
    return " ".join(plain(text).split()) or "-"


def prop(name: str, value: Any) -> dict[str, Any]:
    """Return a property of ours; what is no plain line of text is written as JSON."""
    found = {"name": name.replace("_", "-"), "ns": NS}
    if isinstance(value, str) and _STRING.fullmatch(value):
        return found | {"value": value}
    return found | {"value": json.dumps(value, ensure_ascii=False), "class": AS_JSON}


def said(holder: Any) -> dict[str, Any]:
    """Return what the properties of ours in an object say, by the name of the field."""
    found = {}
    for row in rows_of(mapping_of(holder).get("props")):
        if row.get("ns") == NS and isinstance(row.get("value"), str):
            value: Any = row["value"]
            if row.get("class") == AS_JSON:
                try:
                    value = json.loads(value)
                except ValueError:
                    continue
            found[str(row.get("name")).replace("-", "_")] = value
    return found


def say(holder: dict[str, Any], facts: Mapping[str, Any]) -> None:
    """Replace the properties of ours in an object; those of others stay as they are."""
    others = [row for row in rows_of(holder.get("props")) if row.get("ns") != NS]
    props = [*others, *(prop(name, value) for name, value in facts.items())]
    if props:
        holder["props"] = props
    else:
        holder.pop("props", None)


def token(text: str) -> str:
    """Return a text as an OSCAL token: letters, digits, dots, hyphens, underscores, and no digit in front."""
    found = re.sub(r"[^A-Za-z0-9._-]+", "-", text.replace("(", ".").replace(")", "")).strip(".-") or "x"
    return found if found[0].isalpha() or found[0] == "_" else f"cl-{found}"


def metadata(title: str, version: str, day: str) -> dict[str, Any]:
    """Return the metadata that every document has."""
    return {
        "title": line(title),
        "last-modified": moment(day),
        "version": line(version),
        "oscal-version": VERSION,
    }


def revised(body: Mapping[str, Any], kept: Mapping[str, Any], day: str) -> dict[str, Any]:
    """Return a document that differs from the one it was read as: with a UUID of its own, modified on ``day``."""
    digest = json.dumps([body, day], ensure_ascii=False, sort_keys=True)
    about = {**body["metadata"], "last-modified": moment(day)}
    head = {"uuid": ident(str(kept.get("uuid")), digest), "metadata": about}
    return {**head, **{name: value for name, value in body.items() if name not in head}}


def together(kept: Sequence[Mapping[str, Any]], field: str) -> dict[str, Any] | None:
    """Return the document that several were cut from, each with some entries of one list; None if it is not one.

    This is how a document comes back of which every entry became an item of its own.
    """
    if not kept or len({str(body.get("uuid")) for body in kept}) > 1:
        return None
    return {**kept[0], field: [entry for body in kept for entry in body[field]]}


def text_of(kind: str, body: Mapping[str, Any]) -> str:
    """Return a document as JSON; the same document gives the same bytes."""
    return json.dumps({kind: body}, ensure_ascii=False, indent=2) + "\n"
