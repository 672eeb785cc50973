"""Compliance pages: how the organisation stands to every clause of its standards, as a tree and by location."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qmsctl.coverage import Clause, above
from qmsctl.model import Item
from qmsctl.pages.view import View, clause_anchor

SIGNS = {"covered": "●", "planned": "▲", "excluded": "○", "gap": "■"}
ANSWERS = 12
"""How many answering items a clause names; the catalogue has them all."""


@dataclass(slots=True)
class Node:
    """A clause with the clauses below it; ``counts`` has the states of all that can be answered in it."""

    clause: Clause
    below: list[Node] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def anchor(self) -> str:
        return clause_anchor(self.clause.key)


@dataclass(frozen=True, slots=True)
class Place:
    """How a clause stands at one location: its state there, and how many items answer it there."""

    state: str
    answers: int


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the overview and of each standard's clauses."""
    t = view.t
    standards = [(item, tree(view.clauses(item.id))) for item in view.of_type("standard")]
    yield (
        "compliance.md",
        "compliance/overview.md.j2",
        {"title": t("Compliance"), "standards": [(item, nodes, total(nodes)) for item, nodes in standards], **_words(view)},
    )  # fmt: skip
    for item, nodes in standards:
        rows = view.clauses(item.id)
        places = locations(view, item)
        values = {
            "title": t("{standard}: clauses", standard=view.title(item.id)),
            "standard": item,
            "nodes": nodes,
            "count": total(nodes),
            "rows": rows,
            "places": places,
            "matrix": matrix(view, rows, places),
            **_words(view),
        }
        yield f"compliance/{item.id}.md", "compliance/clauses.md.j2", values


def _words(view: View) -> dict[str, Any]:
    t = view.t
    names = {"covered": t("answered"), "planned": t("planned"), "excluded": t("does not apply"), "gap": t("open")}
    return {"plain": True, "names": names, "marks": SIGNS, "most": ANSWERS, "anchor": clause_anchor}


def tree(rows: Sequence[Clause]) -> list[Node]:
    """Return the clauses as a tree, by their numbers: 8.5.1 stands below 8.5, else below 8."""
    nodes: dict[str, Node] = {}
    top: list[Node] = []
    for clause in rows:
        node = nodes[clause.key] = Node(clause)
        parent = next((nodes[key] for key in above(clause.key) if key in nodes), None)
        (parent.below if parent else top).append(node)
    for node in top:
        _count(node)
    return top


def _count(node: Node) -> Counter[str]:
    if node.clause.state != "heading":
        node.counts[node.clause.state] += 1
    for child in node.below:
        node.counts += _count(child)
    return node.counts


def total(nodes: Sequence[Node]) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in nodes:
        found += node.counts
    return found


def locations(view: View, standard: Item) -> list[Item]:
    """Return the locations at which a standard applies; all of them where it names none."""
    named = standard.get("locations")
    return [item for item in view.of_type("location") if not isinstance(named, list) or not named or item.id in named]


def matrix(view: View, rows: Sequence[Clause], places: Sequence[Item]) -> Mapping[str, list[Place]]:
    """Return for each clause how it stands at each location.

    An item that names no location applies at all of them. What answers a clause elsewhere only leaves it open here.
    """
    found = {}
    for clause in rows:
        if clause.state == "heading":
            continue
        answering = [item for ref in clause.answers if (item := view.item(ref.split("#")[0])) is not None]
        line = []
        for place in places:
            count = sum(1 for item in answering if _applies(item, place.id))
            here = "gap" if clause.state == "covered" and not count else clause.state
            line.append(Place(here, count))
        found[clause.key] = line
    return found


def _applies(item: Item, location: str) -> bool:
    named = item.get("locations")
    return not isinstance(named, list) or not named or location in named
