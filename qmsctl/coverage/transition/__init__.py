"""From one edition of a standard to the next: what carries over, what is missing, and who does what by when."""

from __future__ import annotations

from dataclasses import replace

from qmsctl.coverage import Coverage, coverage_of
from qmsctl.coverage.claims import Claims
from qmsctl.coverage.transition.days import days_of
from qmsctl.coverage.transition.here import Reader
from qmsctl.coverage.transition.model import (
    CHANGES,
    CONFIDENCES,
    EFFORTS,
    OUTCOMES,
    PHASES,
    WORK,
    Days,
    Move,
    NoTransition,
    Register,
    Task,
    Touched,
    Transition,
)
from qmsctl.coverage.transition.rows import grouped
from qmsctl.coverage.transition.tasks import Planner, by_clause, numbered
from qmsctl.graph import Graph
from qmsctl.itemfile import parse_yaml_bytes
from qmsctl.model import Item, rows_of
from qmsctl.records import CATALOGUES

__all__ = [
    "CHANGES", "CONFIDENCES", "EFFORTS", "OUTCOMES", "PHASES", "WORK", "Days", "Move", "NoTransition", "Register", "Task",
    "Touched", "Transition", "mapping_between", "mappings", "transition",
]  # fmt: skip


def transition(
    graph: Graph, old: str, new: str, today: str, location: str = "", claims: Claims | None = None
) -> Transition:
    """Return the way from one edition to another, each named by its catalogue or by its item of type standard.

    With ``location`` states are those there. ``claims`` are those of this graph and day, where there are some already.
    Raises UnknownStandard for an unknown name and, as NoTransition, where no mapping leads from one to the other.
    """
    claims = claims or Claims(graph, today)
    before, after = coverage_of(graph, old, today, claims), coverage_of(graph, new, today, claims)
    mapping = mapping_between(graph, before, after)
    if location and location not in before.locations:
        known = ", ".join(place for place in before.locations if place) or "none"
        raise NoTransition(f"{before.catalogue.title} does not apply at `{location}`", f"locations: {known}")
    reader = Reader(graph, before, after, location, claims)
    rows, unknown = grouped(mapping, before, after)
    moves = [reader.move(row) for row in rows]
    days = days_of(before, after, today)
    owner = _owner(after) or _owner(before)
    tasks = numbered(Planner(reader, moves, mapping, days, owner).tasks(), days)
    named = by_clause(tasks)
    moves = [
        replace(move, tasks=tuple(sorted({n for c in (*move.before, *move.after) for n in named.get(c.ref, ())})))
        for move in moves
    ]
    return Transition(
        before, after, mapping, days, tuple(moves), tuple(tasks), location, reader.locations, unknown, reader.kept
    )


def mapping_between(graph: Graph, old: Coverage, new: Coverage) -> Item:
    """Return the mapping that leads from one edition to another. Raises NoTransition, which says what there is."""
    one, other = old.catalogue, new.catalogue
    if one.id == other.id:
        raise NoTransition(
            f"{one.title} was named twice", f"name the older edition, then the newer one; {_known(graph)}"
        )
    found = {
        (str(i.get("from")), str(i.get("to"))): i for i in sorted(mappings(graph), key=lambda i: (not i.shipped, i.id))
    }
    if (one.id, other.id) in found:
        return found[one.id, other.id]
    if (other.id, one.id) in found:
        raise NoTransition(
            f"{one.title} is the newer of the two editions",
            f"the older one comes first: qmsctl transition {other.id} {one.id}",
        )
    loose = [i for i in _all_mappings(graph) if {str(i.get("from")), str(i.get("to"))} == {one.id, other.id}]
    if loose:
        raise NoTransition(
            f"{loose[0].id} maps two standards, not two editions of one: no row of it says what became of a clause",
            f"what one answers of the other: qmsctl coverage {other.id}; of your own editions, say `change` in each row",
        )
    raise NoTransition(
        f"no clause mapping leads from {one.title} to {other.title}",
        f"{_known(graph)}; write your own as clause-mappings/{one.id}-to-{other.id}.yaml",
    )


def mappings(graph: Graph) -> list[Item]:
    """Return the mappings between editions: those that say of clauses what became of them."""
    return [i for i in _all_mappings(graph) if any(row.get("change") for row in rows_of(i.get("rows")))]


def _all_mappings(graph: Graph) -> list[Item]:
    return [i for i in graph.items.values() if i.type == "clause-mapping" and (i.shipped or graph.is_current(i.id))]


def _known(graph: Graph) -> str:
    ways = {(str(item.get("from")), str(item.get("to"))) for item in mappings(graph)} | _shipped_ways()
    return "ways there are: " + ", ".join(f"{one} {other}" for one, other in sorted(ways))


def _shipped_ways() -> set[tuple[str, str]]:
    """The ways for which a mapping comes with qmsctl, loaded or not."""
    read = (parse_yaml_bytes(file.read_bytes())[0] or {} for file in (CATALOGUES / "mappings").glob("*.yaml"))
    return {
        (str(m.get("from")), str(m.get("to"))) for m in read if any(r.get("change") for r in rows_of(m.get("rows")))
    }


def _owner(coverage: Coverage) -> str:
    said = coverage.standard.get("owner") if coverage.standard else None
    return said if isinstance(said, str) else ""
