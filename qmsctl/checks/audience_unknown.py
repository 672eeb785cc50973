"""An audience should not be the misspelt name of another one.

Why it matters: An item for an audience that does not exist is left out of every intranet, and those it is
meant for do not miss what they have never seen.

Example::

    === qms.yaml
    organisation: Example
    audiences: {risk: [leadership]}
    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Parts of one order and one heat.
    audience: [leadreship] ◀

How to fix: Write the name as elsewhere. An audience of its own, which only looks alike, is named in qms.yaml
or by a second item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qmsctl.loader import Loaded
from qmsctl.model import Finding, Item, nearest

LEVEL = "warning"


def check(loaded: Loaded) -> Iterator[Finding]:
    configured = {name for names in loaded.config.audiences.values() for name in names}
    used = Counter(name for item in loaded.qms.items.values() for _, name in _audiences(item))
    for item in loaded.qms.items.values():
        for index, name in _audiences(item):
            if name in configured or used[name] > 1:
                continue
            # Of two names that one item each uses, the other one is no better known.
            others = sorted(configured | {other for other, count in used.items() if count > 1 and other != name})
            like = nearest(name, others, 1)
            if like:
                yield Finding(
                    "audience-unknown",
                    f"no other item is for `{name}`, and qms.yaml does not name it",
                    item.position("audience", index),
                    f"did you mean `{like[0]}`?",
                    item=item.id,
                )


def _audiences(item: Item) -> list[tuple[int, str]]:
    """Return the names in the audience of an item with their places, each name once."""
    own = item.get("audience")
    names = own if isinstance(own, list) else []
    return [(nr, name) for nr, name in enumerate(names) if isinstance(name, str) and name not in names[:nr]]
