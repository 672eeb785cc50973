"""Compliance pages: how the organisation stands to every clause of its standards: what is open, clause by clause, by location."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qmsctl.coverage import SIGNS, Claim, Clause, Coverage
from qmsctl.pages.view import View, clause_anchor

ANSWERS = 12
"""How many answering items a clause names; the catalogue has them all."""
SEEN = 3
"""How many of the newest records of a kind a clause names."""
WORST = ("gap", "planned", "partly")
FIRST = 300
"""How many open clauses are listed before all clauses."""
MANY = 2_000
"""How many clauses a page shows; of a larger catalogue only those about which something is said."""


@dataclass(frozen=True, slots=True)
class Control:
    """A row of a statement of applicability: a control, whether it was chosen and why, and how it stands."""

    clause: Clause
    chosen: bool
    why: str


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the overview and of each standard's clauses."""
    t = view.t
    found = [view.coverage(item.id) for item in view.applied]
    yield (
        "compliance.md",
        "compliance/overview.md.j2",
        {"title": t("Compliance"), "standards": found, **_words(view)},
    )
    for coverage in found:
        standard = coverage.standard
        if standard is None:
            continue
        values = {
            "title": t("{standard}: clauses", standard=view.title(standard.id)),
            "standard": standard,
            "coverage": coverage,
            "count": coverage.counts(),
            "open": still_open(coverage),
            "first": FIRST,
            "shown": shown(coverage),
            "controls": controls(coverage),
            "places": [place for place in coverage.locations if place],
            **_words(view),
        }
        yield f"compliance/{standard.id}.md", "compliance/clauses.md.j2", values


def _words(view: View) -> dict[str, Any]:
    t = view.t
    names = {
        "covered": t("covered"),
        "partly": t("partly"),
        "planned": t("planned"),
        "gap": t("gap"),
        "excluded": t("not applicable"),
    }
    return {
        "plain": True,
        "names": names,
        "marks": SIGNS,
        "most": ANSWERS,
        "seen": SEEN,
        "anchor": clause_anchor,
        "grouped": grouped,
    }


def still_open(coverage: Coverage) -> list[Clause]:
    """Return the clauses that are not covered, the worst first."""
    rows = [clause for clause in coverage.clauses if not clause.heading and clause.state in WORST]
    return sorted(rows, key=lambda clause: WORST.index(clause.state))


def shown(coverage: Coverage) -> frozenset[str]:
    """Return the numbers of the clauses that a page shows: all, or those with something to tell and what is above them."""
    clauses = coverage.clauses
    if len(clauses) <= MANY:
        return frozenset(clause.key for clause in clauses)
    parent = {child: clause.key for clause in clauses for child in clause.below}
    found: set[str] = set()
    for clause in [c for c in clauses if c.claims or c.plan or c.exclusion or c.chosen or c.key not in parent][:MANY]:
        key = clause.key
        while key and key not in found:
            found.add(key)
            key = parent.get(key, "")
    return frozenset(found)


def controls(coverage: Coverage) -> list[Control]:
    """Return the rows of the statement of applicability; empty where a catalogue has no controls to choose."""
    rows = []
    for clause in coverage.clauses:
        if clause.control and not clause.heading:
            left_out = clause.state == "excluded"
            reason = clause.exclusion.reason if left_out and clause.exclusion else clause.chosen
            rows.append(Control(clause, not left_out, reason))
    return rows


def grouped(claims: Sequence[Claim]) -> list[tuple[Claim, bool]]:
    """Return claims, those made for the clause itself first, each with whether it is derived."""
    return [(claim, claim.via is not None) for claim in sorted(claims, key=lambda c: c.via is not None)]
