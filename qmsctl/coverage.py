"""Which clauses of a standard are answered, by what, and what is said about the rest."""

from __future__ import annotations

from dataclasses import dataclass

from qmsctl.graph import Graph

STATES = {
    "covered": "Answered by something in use",
    "planned": "Planned, with owner and date",
    "excluded": "Does not apply, with a reason",
    "gap": "Nothing answers it",
    "heading": "Groups other clauses",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a standard in scope and how this organisation stands to it."""

    ref: str
    key: str
    topic: str
    state: str
    depth: int
    documented: str = ""
    answers: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    reason: str = ""


def clauses(graph: Graph, standard: str) -> list[Clause]:
    """Return the clauses of the catalogue that a standard item applies, in order, with their state."""
    item = graph.items[standard]
    excluded = {str(row.get("clause")): str(row.get("reason") or "") for row in item.get("exclusions") or []}
    planned = {str(row.get("clause")): str(row.get("what") or "") for row in item.get("plans") or []}
    found = []
    for part in graph.parts_of(str(item.get("catalogue")), "clauses"):
        answers, records = [], []
        for link in graph.links_to_ref(part.ref):
            spec = graph.spec_of(link)
            if spec is None or not graph.is_current(link.source):
                continue
            if spec.inverse == "answered by":
                answers.append(link.source)
            elif spec.inverse == "evidenced by":
                records.append(link.source)
        out = next(
            (excluded[k] for k in (part.ref, *(f"{part.item}/{key}" for key in above(part.key))) if k in excluded), None
        )
        state = "gap"
        reason = ""
        if part.data.get("heading"):
            state = "heading"
        elif out is not None:
            state, reason = "excluded", out
        elif answers:
            state = "covered"
        elif part.ref in planned:
            state, reason = "planned", planned[part.ref]
        found.append(
            Clause(
                part.ref,
                part.key,
                part.title,
                state,
                len(above(part.key)),
                str(part.data.get("documented") or ""),
                tuple(dict.fromkeys(answers)),
                tuple(dict.fromkeys(records)),
                reason,
            )
        )
    return found


def above(key: str) -> list[str]:
    """The numbers that a number continues, nearest first: 8.5.1 -> 8.5, 8; 11.10(a) -> 11.10, 11."""
    found = []
    while key := (key.rpartition("(")[0] if key.endswith(")") else key.rpartition(".")[0]):
        found.append(key)
    return found
