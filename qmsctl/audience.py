"""Who may see what: a system without the items that are meant for others, and without a trace of them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from qmsctl.config import Config
from qmsctl.loader import Loaded
from qmsctl.model import Item

UNNAMED = "(not shown here)"
"""What stands where a text names something that the reader may not see."""


def audience_of(item: Item, config: Config) -> tuple[str, ...]:
    """Return for whom an item is meant: what it says itself, else what qms.yaml says of its type; empty for everybody."""
    own = item.get("audience")
    if isinstance(own, list):
        return tuple(str(name) for name in own)
    return tuple(config.audiences.get(item.type, ()))


def hidden_from(loaded: Loaded, audiences: Iterable[str]) -> frozenset[str]:
    """Return the ids of the items that none of the audiences may see."""
    here = set(audiences)
    config = loaded.config
    found = {
        item.id for item in loaded.qms.items.values() if (meant := audience_of(item, config)) and not here & set(meant)
    }
    return frozenset(found)


def without(loaded: Loaded, hidden: frozenset[str]) -> Loaded:
    """Return a system without items: links to them are gone, and texts that name them say so."""
    if not hidden:
        return loaded
    redact = redactor(loaded, hidden)
    items = {i.id: _cleared(i, hidden, redact) for i in loaded.qms.items.values() if i.id not in hidden}
    translations = tuple(
        dataclasses.replace(t, content=_cleared(t.content, hidden, redact))
        for t in loaded.qms.translations
        if t.content.id not in hidden
    )
    names = {person: name for person, name in loaded.qms.names.items() if person not in hidden}
    qms = dataclasses.replace(loaded.qms, items=items, translations=translations, names=names)
    return dataclasses.replace(loaded, qms=qms)


class Redactor:
    """Takes ids and titles out of texts. A title counts where it is more than one word, as it is written."""

    def __init__(self, hidden: Iterable[str], titles: Iterable[str] = ()) -> None:
        names = sorted(map(re.escape, hidden), key=len, reverse=True)
        said = sorted({re.escape(title) for title in titles if " " in title}, key=len, reverse=True)
        after = rf"(?:\s+(?:{'|'.join(said)}))?" if said else ""
        part = r"(?:[#/][A-Za-z0-9][A-Za-z0-9.-]*)?"
        whole = [rf"(?:{'|'.join(names)}){part}{after}"] if names else []
        whole += [rf"(?:{'|'.join(said)})"] if said else []
        self._pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(whole)})(?![\w-])") if whole else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(UNNAMED, text) if self._pattern else text


NOTHING_HIDDEN = Redactor(())


def redactor(loaded: Loaded, hidden: frozenset[str]) -> Redactor:
    """Return what takes hidden items out of texts: their ids, and their titles in every language."""
    items = [*loaded.qms.items.values(), *(translation.content for translation in loaded.qms.translations)]
    titles = {str(item.get("title") or "") for item in items if item.id in hidden}
    shown = {str(item.get("title") or "") for item in items if item.id not in hidden}
    return Redactor(hidden, titles - shown)


def _cleared(item: Item, hidden: frozenset[str], redact: Redactor) -> Item:
    fields = _clear(item.fields, hidden, redact)
    return dataclasses.replace(item, fields=fields, body=redact(item.body))


def _names(value: Any, hidden: frozenset[str]) -> bool:
    """Tell whether a value is a reference to something hidden."""
    return isinstance(value, str) and re.split(r"[#/]", value, maxsplit=1)[0] in hidden


def _about(row: Any, hidden: frozenset[str]) -> bool:
    """Tell whether a row of a list is about something hidden, as a question of a change is about an item."""
    return isinstance(row, Mapping) and _names(row.get("item"), hidden)


def _clear(value: Any, hidden: frozenset[str], redact: Redactor) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        kept = (inner for inner in value if not _names(inner, hidden) and not _about(inner, hidden))
        return [_clear(inner, hidden, redact) for inner in kept]
    if isinstance(value, Mapping):
        return {name: _clear(inner, hidden, redact) for name, inner in value.items() if not _names(inner, hidden)}
    return value
