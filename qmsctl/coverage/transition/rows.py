"""Which clauses of two editions belong together: every clause of either of them stands in one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qmsctl.coverage import Clause, Coverage
from qmsctl.model import Item, rows_of


@dataclass(slots=True)
class Row:
    """Rows of a mapping that share clauses, as one."""

    before: list[str]
    after: list[str]
    relations: list[str]
    changes: list[str]
    notes: list[str]

    @property
    def lists(self) -> tuple[list[str], ...]:
        return self.before, self.after, self.relations, self.changes, self.notes


def grouped(mapping: Item, old: Coverage, new: Coverage) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows so that each clause of either edition stands in exactly one, and what the mapping names in vain."""
    unknown: list[str] = []
    named = {side: _named_in(mapping, side) for side in ("from", "to")}
    rows: list[Row] = []
    for row in rows_of(mapping.get("rows")):
        before = _keys(row, "from", old, named["from"], unknown)
        after = _keys(row, "to", new, named["to"], unknown)
        if before or after:
            relation = str(row.get("relation") or "none")
            note, change = str(row.get("note") or ""), str(row.get("change") or "")
            rows.append(Row(before, after, [relation], [change], [note] if note else []))
    rows = _joined(rows)
    seen = ({key for row in rows for key in row.before}, {key for row in rows for key in row.after})
    rows += [
        Row([c.key], [], ["none"], ["unmapped"], []) for c in old.clauses if not c.heading and c.key not in seen[0]
    ]
    rows += [
        Row([], [c.key], ["none"], ["unmapped"], []) for c in new.clauses if not c.heading and c.key not in seen[1]
    ]
    places = places_of(old, new)
    rows.sort(
        key=lambda row: (
            min(places["to", key] for key in row.after) if row.after else min(places["from", key] for key in row.before)
        )
    )
    return rows, tuple(dict.fromkeys(unknown))


def places_of(old: Coverage, new: Coverage) -> dict[tuple[str, str], tuple[int, int]]:
    """Where clauses stand in the order of the new edition; what ends stands where its number would."""
    places = {("to", clause.key): (number, 0) for number, clause in enumerate(new.clauses)}
    last = -1
    for number, clause in enumerate(old.clauses, 1):
        last = places.get(("to", clause.key), (last, 0))[0]
        places["from", clause.key] = (last, number)
    return places


def _named_in(mapping: Item, side: str) -> set[str]:
    return {key for row in rows_of(mapping.get("rows")) for key in listed(row.get(side))}


def _keys(row: Mapping[str, Any], side: str, coverage: Coverage, named: set[str], unknown: list[str]) -> list[str]:
    """The clauses a row names on one side; a heading stands for what is below it and named nowhere."""
    found: list[str] = []
    for key in dict.fromkeys(listed(row.get(side))):
        clause = coverage.by_key.get(key)
        if clause is None:
            unknown.append(f"{coverage.catalogue.id}/{key}")
        elif clause.heading:
            found += [k for k in _leaves(clause, coverage) if k not in named]
        else:
            found.append(key)
    return found


def listed(value: Any) -> list[str]:
    """The texts of a list; nothing for what is no list."""
    return [str(text) for text in value] if isinstance(value, list) else []


def _leaves(clause: Clause, coverage: Coverage) -> Iterator[str]:
    for key in clause.below:
        child = coverage.by_key[key]
        if not child.heading:
            yield key
        yield from _leaves(child, coverage)


def _joined(rows: Sequence[Row]) -> list[Row]:
    """Rows that share a clause become one, so that no clause stands in two."""
    first: dict[tuple[str, str], int] = {}
    leads = list(range(len(rows)))

    def lead(number: int) -> int:
        while leads[number] != number:
            leads[number] = number = leads[leads[number]]
        return number

    for number, row in enumerate(rows):
        for clause in (*(("from", key) for key in row.before), *(("to", key) for key in row.after)):
            one, other = lead(first.setdefault(clause, number)), lead(number)
            leads[max(one, other)] = min(one, other)
    found: dict[int, Row] = {}
    for number, row in enumerate(rows):
        whole = found.setdefault(lead(number), Row([], [], [], [], []))
        for all_, more in zip(whole.lists, row.lists, strict=True):
            all_ += [text for text in more if text not in all_]
    return list(found.values())


def relation_of(relations: Iterable[str]) -> str:
    """One relation for several: as much as they all say."""
    said = set(relations)
    if len(said) == 1:
        return next(iter(said))
    return next((word for word in ("subset", "superset") if said <= {"equal", word}), "intersect")


def change_of(row: Row) -> str:
    """What became of the clauses: as the mapping says, else as both sides look."""
    said = {change for change in row.changes if change}
    if len(said) == 1:
        return next(iter(said))
    if not row.after:
        return "withdrawn"
    if not row.before:
        return "new"
    if len(row.before) != len(row.after):
        return "split" if len(row.after) > len(row.before) else "merged"
    if row.before != row.after:
        return "moved"
    return "unchanged" if set(row.relations) == {"equal"} and not row.notes else "reworded"
