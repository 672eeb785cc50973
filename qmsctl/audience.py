"""Who may see what: a system without the items that are meant for others, and without a trace of them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from qmsctl.config import Config
from qmsctl.loader import Loaded
from qmsctl.model import Item, Items

UNNAMED = "(not shown here)"
"""What stands where a text names something that the reader may not see."""

UNJUDGED = "unjudged"
"""The state of a clause that readers cannot be told, because what it rests on is hidden from them."""


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
    shown = (item for item in loaded.qms.items.values() if item.id not in hidden)
    items = Items({item.id: _cleared(item, hidden, redact) for item in shown})
    translations = tuple(
        dataclasses.replace(t, content=_cleared(t.content, hidden, redact))
        for t in loaded.qms.translations
        if t.content.id not in hidden
    )
    names = {person: name for person, name in loaded.qms.names.items() if person not in hidden}
    qms = dataclasses.replace(loaded.qms, items=items, translations=translations, names=names)
    return dataclasses.replace(loaded, qms=qms)


class Redactor:
    """Takes ids and titles out of texts, in whatever case they are written.

    An id counts also where a name follows it, as in PRC-007-close-site.pdf, unless ``shown`` has an id that is longer:
    what is said of quality-manager is not said of quality-manager-deputy. A title counts where it is more than one
    word, also over the end of a line.
    """

    def __init__(self, hidden: Iterable[str], titles: Iterable[str] = (), shown: Iterable[str] = ()) -> None:
        names = {name.lower() for name in hidden if name}
        longer: dict[str, list[str]] = {}
        for name in {name.lower() for name in shown} - names:
            for at in (match.start() for match in _JOINT.finditer(name)):
                if name[:at] in names:
                    longer.setdefault(name[:at], []).append(name[at:])
        said = [atoms for title in titles if len(atoms := _atoms(title)) > 1 and _BETWEEN in atoms]
        ids = [[*map(re.escape, name), _guard(longer.get(name, ())) + _tail(name)] for name in names]
        title = _any_of(said)
        after = rf"(?:{_BETWEEN}{title})?" if said else ""
        whole = [rf"{_any_of(ids)}(?:[#/][A-Za-z0-9][A-Za-z0-9.-]*)?{after}"] if ids else []
        whole += [title] if said else []
        start = r"(?<![^\W_])(?<!-)"
        found = rf"{start}(?:{'|'.join(whole)})(?![\w-])"
        self._pattern = re.compile(found, re.IGNORECASE) if whole else None

    @property
    def pattern(self) -> str:
        """What is taken out, as one text; empty if nothing is."""
        return self._pattern.pattern if self._pattern else ""

    @property
    def hides(self) -> bool:
        """Whether anything is taken out at all."""
        return self._pattern is not None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(UNNAMED, text) if self._pattern else text


_JOINT = re.compile(r"[-_]")
_BETWEEN = r"\s+"
_ESCAPED = {
    "&": "&(?:amp;)?",
    "<": "(?:<|&lt;)",
    ">": "(?:>|&gt;)",
    '"': '(?:"|&quot;|&#34;)',
    "'": "(?:'|&#39;|&#x27;)",
}
"""Characters as pages write them too."""


def _atoms(title: str) -> list[str]:
    """Return a title as steps of a pattern: a character each, and what stands between words."""
    found: list[str] = []
    for word in title.split():
        found += [_BETWEEN] if found else []
        found += [_ESCAPED.get(char) or re.escape(char.lower() if len(char.lower()) == 1 else char) for char in word]
    return found


def _guard(endings: Iterable[str]) -> str:
    """Return what keeps an id from being found in a longer one that may be seen."""
    rows = sorted(map(re.escape, endings))
    return rf"(?!(?:{'|'.join(rows)})(?![^\W_]))" if rows else ""


def _tail(name: str) -> str:
    """Return what may follow an id in the name of a file. One that is a plain word begins too many others."""
    return "" if name.isalpha() else r"(?:[-_](?:[\w.-]*[\w-])?)?"


def _any_of(rows: Iterable[list[str]]) -> str:
    """Return a pattern for one of many rows of steps, the longest first, that reads what they begin with only once."""
    tree: dict[str, Any] = {}
    for row in rows:
        here = tree
        for atom in row:
            here = here.setdefault(atom, {})
        here[""] = {}
    return _of_tree(tree)


def _of_tree(tree: Mapping[str, Any]) -> str:
    line = ""
    while len(tree) == 1 and (step := next(iter(tree))):
        line, tree = line + step, tree[step]
    if set(tree) <= {""}:
        return line
    # An id that ends here comes last: the longer ones that begin with it go first.
    steps = sorted(tree, key=lambda step: (step == "" or (len(tree[step]) == 1 and "" in tree[step]), step))
    return f"{line}(?:{'|'.join(step + _of_tree(tree[step]) for step in steps)})"


NOTHING_HIDDEN = Redactor(())


def redactor(loaded: Loaded, hidden: frozenset[str]) -> Redactor:
    """Return what takes hidden items out of texts: their ids, and their titles in every language."""
    items = [*loaded.qms.items.values(), *(translation.content for translation in loaded.qms.translations)]
    titles = {str(item.get("title") or "") for item in items if item.id in hidden}
    shown = {_plain(str(item.get("title") or "")) for item in items if item.id not in hidden}
    return Redactor(hidden, (t for t in titles if _plain(t) not in shown), loaded.qms.items.keys() - hidden)


def _plain(title: str) -> str:
    return " ".join(title.lower().split())


def _cleared(item: Item, hidden: frozenset[str], redact: Redactor) -> Item:
    fields = _clear(item.fields, hidden, redact)
    return item.saying(fields, redact(item.body), keeps_stamp=True)


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
