"""How every clause stood, kept in a file, and which clauses stand worse now."""

from __future__ import annotations

import json
from dataclasses import dataclass

from qmsctl.coverage import Coverage
from qmsctl.coverage.words import Reason

RANK = {"gap": 0, "planned": 1, "partly": 2, "excluded": 3, "covered": 3}
"""The higher, the better. To leave a clause out is no fall: the reason for it is judged elsewhere."""


class BaselineFault(ValueError):
    """A file is no baseline of this standard."""


@dataclass(frozen=True, slots=True)
class Fall:
    """A clause that stands worse than it did; ``location`` is "" where that is so as a whole."""

    key: str
    before: str
    now: str
    reasons: tuple[Reason, ...] = ()
    location: str = ""


@dataclass(frozen=True, slots=True)
class Stood:
    """How a clause stood: as a whole, and by location."""

    state: str
    places: dict[str, str]


def snapshot(coverage: Coverage) -> str:
    """Return how every clause stands, by number and by location, as JSON text."""
    rows = {
        clause.key: {"state": clause.state, "places": {p: stand.state for p, stand in clause.places.items() if p}}
        for clause in coverage.clauses
        if not clause.heading
    }
    return json.dumps({"catalogue": coverage.catalogue.id, "clauses": rows}, indent=1) + "\n"


def fallen(before: str, coverage: Coverage) -> list[Fall]:
    """Return what stands worse than in a snapshot, in the order of the clauses. Raises BaselineFault."""
    kept = _read(before, coverage.catalogue.id)
    found = []
    for clause in coverage.clauses:
        old = kept.get(clause.key)
        if old is None or clause.heading:
            continue
        if RANK[clause.state] < RANK[old.state]:
            found.append(Fall(clause.key, old.state, clause.state, clause.reasons))
            continue
        for place, state in old.places.items():
            stand = clause.places.get(place)
            if stand is not None and RANK[stand.state] < RANK[state]:
                found.append(Fall(clause.key, state, stand.state, stand.reasons, place))
    return found


def _read(text: str, catalogue: str) -> dict[str, Stood]:
    try:
        data = json.loads(text)
        if data["catalogue"] != catalogue:
            raise BaselineFault(f"it is about {data['catalogue']}")
        rows = {
            str(key): Stood(str(row["state"]), {str(place): str(state) for place, state in row["places"].items()})
            for key, row in data["clauses"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise (
            error if isinstance(error, BaselineFault) else BaselineFault("it was not written by qmsctl coverage")
        ) from None
    if any(state not in RANK for row in rows.values() for state in (row.state, *row.places.values())):
        raise BaselineFault("it has a state that is none")
    return rows
