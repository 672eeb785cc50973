"""Work handed over: from one role to another, or from one person to another."""

from __future__ import annotations

import re

from qmsctl.editing._text import Edit, EditError, IdUnknown, Sources, Unplaced
from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.model import Item, Link, nearest

NOT_WORK = ("roles", "reports_to", "mentions")
"""Who holds a role and whom it reports to says nothing about its work."""


def reassign(loaded: Loaded, old: str, new: str) -> list[Edit]:
    """Return what hands everything over from one role or person to another. Raises EditError.

    Of a role: ownership, steps and duties; its holders and its reporting line stay. Of a person: the roles
    held, and standing in for others.
    """
    giver, taker = _party(loaded, old), _party(loaded, new)
    if giver.id == taker.id:
        raise EditError(f"`{old}` would hand over to itself", "name somebody else with --to")
    if giver.type != taker.type:
        raise EditError(
            f"`{old}` is a {giver.type} and `{new}` is a {taker.type}",
            "a role hands over to a role, a person to a person",
        )
    graph = Graph(loaded)
    sources = Sources(loaded.root)
    if giver.type == "person":
        _person(graph, sources, giver, taker)
    else:
        for link in graph.links_to(giver.id):
            if link.field not in NOT_WORK:
                _hand_over(graph, sources, link, taker.id)
    return sources.edits()


def _party(loaded: Loaded, name: str) -> Item:
    """Return the role or person of this id. Raises IdUnknown."""
    item = loaded.qms.items.get(name)
    if item is None or item.type not in ("role", "person"):
        known = [i.id for i in loaded.qms.items.values() if i.type in ("role", "person")]
        near = nearest(name, known)
        raise IdUnknown(
            f"there is no role or person `{name}`",
            f"did you mean {' or '.join(near)}?" if near else "list them: qmsctl list role, qmsctl list person",
        )
    return item


def _hand_over(graph: Graph, sources: Sources, link: Link, new: str) -> None:
    """Write the new name in place of the old; where a list holds the new one already, the old one goes."""
    holder = graph.items[link.source]
    source = sources.of(holder.path, holder.body_line)
    if link.path and isinstance(link.path[-1], int):
        around = holder.fields
        for step in link.path[:-1]:
            around = around[step]  # type: ignore[index]  # a path of the loader leads through lists and mappings
        if new in around:
            source.drop(link.position, link.target)
            return
    source.swap(link.position, link.target, new)


def _person(graph: Graph, sources: Sources, giver: Item, taker: Item) -> None:
    """Hand over the roles a person holds and whom the person stands in for."""
    for link in graph.links_to(giver.id):
        if link.field != "deputy":
            continue
        stand_in = giver.get("deputy")
        if link.source != taker.id:
            _hand_over(graph, sources, link, taker.id)
        elif isinstance(stand_in, str) and stand_in != taker.id:
            _hand_over(graph, sources, link, stand_in)
        else:
            sources.of(taker.path).drop(link.position, link.target)
    held, has = giver.get("roles"), taker.get("roles")
    if not isinstance(held, list) or not held:
        return
    if not isinstance(has, list):
        raise Unplaced(taker.position("roles"), "roles")
    _extend(sources, taker, len(has), [str(role) for role in held if role not in has])
    _empty(sources, giver, len(held))


def _extend(sources: Sources, item: Item, count: int, more: list[str]) -> None:
    """Add entries to the roles of a person, in the way the list is written."""
    if not more:
        return
    source = sources.of(item.path)
    span = source.sequence(item.position("roles"))
    if span.style == "[":
        at = source.value(item.position("roles", count - 1)).end if count else span.start + 1
        source.put(at, at, (", " if count else "") + ", ".join(more))
        return
    last = source.value(item.position("roles", count - 1))
    begin, end = source.line_around(last.end)
    line = source.text[begin:end].rstrip("\n")
    indent = re.match(r"\s*", line)
    lead = indent.group() if indent else ""
    at = begin + len(line)
    source.put(at, at, "".join(f"{source.newline}{lead}- {role}" for role in more))


def _empty(sources: Sources, item: Item, count: int) -> None:
    """Leave a person with no roles: `[]`."""
    source = sources.of(item.path)
    span = source.sequence(item.position("roles"))
    if span.style == "[":
        source.put(span.start, span.end, "[]")
        return
    key = item.position("roles", key=True)
    colon = source.text.index(":", source.offset(key.line, key.column))
    source.put(colon + 1, colon + 1, " []")
    for number in range(count):
        place = item.position("roles", number)
        begin, end = source.line_around(source.value(place).start)
        if begin <= colon:
            raise Unplaced(place, str(item.fields["roles"][number]))
        source.put(begin, end, "")
