"""Clause mappings should not contradict each other.

Why it matters: By one row an answer to the first clause answers the second, by the other it does not. What coverage
makes of it depends on which row is read first.

Example::

    === clause-mappings/demo-1-to-demo-2.yaml
    id: demo-1-to-demo-2
    type: clause-mapping
    from: demo-1
    to: demo-2
    rows:
      - {from: ["4.1"], to: ["4.1"], relation: superset}
      - {from: ["4.2"], to: ["4.2", "4.3"], relation: equal}
      - {from: ["4.3"], to: [], relation: none}
    === clause-mappings/demo-2-to-demo-1.yaml
    id: demo-2-to-demo-1
    type: clause-mapping
    from: demo-2
    to: demo-1
    rows:
      - {from: ["4.1"], to: ["4.1"], relation: superset} ◀
      - {from: ["4.3", "4.2"], to: ["4.2"], relation: equal}
      - {from: ["4.1"], to: ["4.3"], relation: intersect} ◀

How to fix: Keep the relation that is right, seen from the first side to the second, and correct the other row; of two
mappings for the same pair of catalogues keep one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, Position, mapping_of

LEVEL = "warning"
BACK = {"equal": "equal", "subset": "superset", "superset": "subset", "intersect": "intersect"}
Clauses = frozenset[str]


@dataclass(frozen=True)
class Row:
    """A row of a mapping with its sides in the order of their names, so that both directions can be compared."""

    item: Item
    one: Clauses
    other: Clauses
    relation: str
    written: str
    index: int

    @property
    def position(self) -> Position:
        return self.item.position("rows", self.index)


def check(graph: Graph) -> Iterator[Finding]:
    rows = sorted(_rows(graph), key=lambda row: (not row.item.shipped, row.item.id))
    first: dict[tuple[Clauses, Clauses], Row] = {}
    alone: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.relation == "none" and not (row.one and row.other):
            pair = (str(row.item.get("from")), str(row.item.get("to")))
            for ref in row.one | row.other:
                away = pair[1] if ref.startswith(f"{pair[0]}/") else pair[0]
                alone.setdefault((ref, away), row)
    for row in rows:
        if row.item.shipped or row.relation == "none":
            continue
        before = next((alone[key] for key in _towards(row) if key in alone), None)
        if before is not None:
            yield _finding(row, before, "says that nothing corresponds to a clause of it")
    for row in rows:
        before = first.setdefault((row.one, row.other), row) if row.one and row.other else row
        if before.relation != row.relation and not row.item.shipped:
            yield _finding(row, before, f"says {before.written}")


def _towards(row: Row) -> Iterator[tuple[str, str]]:
    """Each clause of a row with the catalogue on the other side."""
    for here, there in ((row.one, row.other), (row.other, row.one)):
        away = {ref.split("/", 1)[0] for ref in there}
        yield from ((ref, catalogue) for ref in sorted(here) for catalogue in sorted(away))


def _rows(graph: Graph) -> Iterator[Row]:
    for item in graph.of_type("clause-mapping"):
        rows = item.get("rows")
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            sides = [_refs(item, mapping_of(row), side) for side in ("from", "to")]
            said = str(mapping_of(row).get("relation"))
            flip = sorted(sides[0]) > sorted(sides[1])
            relation = BACK.get(said, said) if flip else said
            one, other = (sides[1], sides[0]) if flip else (sides[0], sides[1])
            yield Row(item, one, other, relation, said, index)


def _refs(item: Item, row: object, side: str) -> Clauses:
    keys = mapping_of(row).get(side)
    return frozenset(f"{item.get(side)}/{key}" for key in keys) if isinstance(keys, list) else frozenset()


def _finding(row: Row, before: Row, says: str) -> Finding:
    where = before.item.id if before.item.shipped else str(before.position).rsplit(":", 1)[0]
    return Finding(
        "mapping-conflict",
        f"this says {row.written}; {where} {says}",
        row.position,
        "keep the relation that is right, seen from the first side to the second, and correct the other row",
        item=row.item.id,
    )
