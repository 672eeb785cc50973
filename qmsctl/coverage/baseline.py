"""How every clause stood, kept in a file, and which clauses stand worse now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from qmsctl.coverage import Clause, Coverage
from qmsctl.coverage.words import Reason

RANK = {"gap": 0, "planned": 1, "partly": 2, "excluded": 2, "covered": 3}
"""The higher, the better. To leave out what was covered is a fall as well."""


GONE = "gone"


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
    """Return what stands worse than in a snapshot, in its order. Raises BaselineFault.

    A clause that is no longer asked for, or no longer looked at somewhere, has fallen to `gone`.
    """
    found = []
    for key, old in _read(before, coverage.catalogue.id).items():
        clause = coverage.by_key.get(key)
        if clause is None or clause.heading:
            found.append(Fall(key, old.state, GONE))
        elif RANK[clause.state] < RANK[old.state]:
            found.append(Fall(key, old.state, clause.state, clause.reasons))
        else:
            found += _fallen_at(clause, old.places)
    return found


def _fallen_at(clause: Clause, places: Mapping[str, str]) -> list[Fall]:
    found = []
    for place, state in places.items():
        stand = clause.places.get(place)
        if stand is None or RANK[stand.state] < RANK[state]:
            now, reasons = (stand.state, stand.reasons) if stand is not None else (GONE, ())
            found.append(Fall(clause.key, state, now, reasons, place))
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
