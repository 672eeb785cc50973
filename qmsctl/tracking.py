"""What a result was made from: which fields of which items were read, so that it is made again only when one changed.

Items, links and parts say here what is read of them, while somebody listens. What is read is a *cell*: a name and the
id of an item. The name is that of a field, or one of those below. The id is `*` where all items were looked at.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, overload

BODY = "body:"
"""The cell of the text of an item."""
BODY_LINKS = "links in text:"
PLACES = "places:"
"""The cell of the lines and columns in which the values of an item stand."""
EXISTS = "exists:"
"""The cell of there being an item of this id, type and path."""
PARTS = "parts:"
"""The cell of the keyed parts of an item: their keys, titles and order."""
LINKS_FROM = "links from:"
LINKS_TO = "links to:"
CLAUSE_LINKS = "links to clauses:"
"""The cell of those links of an item that lead to parts of catalogues."""
FILE = "file:"
"""The cell of a file that is no item; its path below the root stands in place of the id."""
KEPT = "kept:"
"""The cell of a value that several results share; its key stands in place of the id."""
ALL = "*"

Cells = defaultdict[str, set[str]]
Value = TypeVar("Value")

now: Cells | None = None
"""The cells read so far by the result that is being made; None while nobody listens."""

kept_cells: dict[str, Cells] = {}
"""What the shared values were made from, by their key."""


def cells() -> Cells:
    """Return an empty set of cells."""
    return defaultdict(set)


def saw(name: str, id: str) -> None:
    """Say that a cell is read."""
    if now is not None:
        now[name].add(id)


@contextlib.contextmanager
def listening() -> Iterator[Cells]:
    """Collect the cells that are read within."""
    global now  # noqa: PLW0603 - the one place that says who listens
    before, now = now, cells()
    try:
        yield now
    finally:
        now = before


@contextlib.contextmanager
def unheard() -> Iterator[None]:
    """Let nobody listen within: what is made there has a cell of its own."""
    global now  # noqa: PLW0603 - the one place that says who listens
    before, now = now, None
    try:
        yield
    finally:
        now = before


def keep(store: dict[str, Any], key: str, compute: Callable[[], Value]) -> Value:
    """Return a value that several results share, computed once; what it was made from is remembered with it."""
    found = store.get(key)
    if found is None or (now is not None and not found[1]):
        if now is None:
            found = (compute(), False)
        else:
            asking = now
            with listening() as read:
                try:
                    found = (compute(), True)
                except BaseException:
                    for name, ids in read.items():
                        asking[name] |= ids  # that there is no value rests on them too
                    raise
            known = kept_cells.setdefault(key, cells())
            for name, ids in read.items():
                known[name] |= ids
        store[key] = found
    if now is not None:
        now[KEPT].add(key)
    value: Value = found[0]
    return value


def repeat(store: dict[Any, Any], key: object, compute: Callable[[], Value]) -> Value:
    """Return a value that is asked for again and again, computed once; each time what was read for it counts as read."""
    found = store.get(key)
    if found is None:
        with listening() as read:
            value = compute()
        found = store[key] = (value, [(name, tuple(ids)) for name, ids in read.items()])
    if now is not None:
        for name, ids in found[1]:
            now[name].update(ids)
    again: Value = found[0]
    return again


class kept(Generic[Value]):
    """A property that is computed once, and whose cells count for every result that uses it."""

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self._function = function
        self._key = function.__qualname__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> kept[Value]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> Value: ...
    def __get__(self, owner: object | None, kind: type) -> Value | kept[Value]:
        if owner is None:
            return self
        return keep(owner.__dict__, self._key, lambda: self._function(owner))
