"""Which rules apply to a change, and what they demand together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from qmsctl.config import Approvals, Rule
from qmsctl.model import Item

OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at in a change; ``sides`` are the document as it was and as it would be."""

    sides: tuple[Item, ...]
    kind: str
    fields: frozenset[str] = frozenset()
    risk: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """One statement that somebody in one of the roles must make."""

    meaning: str
    roles: tuple[str, ...]
    rules: tuple[str, ...]
    deputies: bool = True
    review_first: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """All that must be stated: each slot by another person, and at least so many persons in all."""

    slots: tuple[Slot, ...]
    persons: int
    rules: tuple[str, ...]


def applies(rule: Rule, facts: Facts) -> bool:
    """Tell whether a rule applies to a change, judged by what the document was or would be."""
    sides = facts.sides
    return (
        (not rule.types or any(side.type in rule.types for side in sides))
        and (
            not rule.folders
            or any(side.path.startswith(tuple(f.rstrip("/") + "/" for f in rule.folders)) for side in sides)
        )
        and (not rule.locations or any(set(_texts(side.get("locations"))) & set(rule.locations) for side in sides))
        and (not rule.kinds or facts.kind in rule.kinds)
        and (not rule.fields or bool(facts.fields & set(rule.fields)))
        and (not rule.risk_at_least or facts.risk >= rule.risk_at_least)
    )


def demand(facts: Facts, approvals: Approvals) -> Demand:
    """Return what the rules demand of a change. No rule for it means the strictest one."""
    found = [rule for rule in approvals.rules if applies(rule, facts)]
    return combined(found or [approvals.strictest], facts.owner)


def combined(rules: Iterable[Rule], owner: str = "") -> Demand:
    """Join rules: what several of them demand alike is demanded once, everything else adds up."""
    rules = list(rules)
    most: Counter[tuple[str, tuple[str, ...]]] = Counter()
    named: dict[tuple[str, tuple[str, ...]], list[Rule]] = {}
    for rule in rules:
        own: Counter[tuple[str, tuple[str, ...]]] = Counter()
        for need in rule.needs:
            roles = [owner if role == OWNER and owner else role for role in need.roles]
            if need.every:
                own.update((need.meaning, (role,)) for role in roles)
            else:
                own[need.meaning, tuple(sorted(set(roles)))] += need.count
        most |= own
        for shape in own:
            named.setdefault(shape, []).append(rule)
    slots = tuple(
        Slot(
            meaning,
            roles,
            tuple(dict.fromkeys(rule.name for rule in named[meaning, roles])),
            all(rule.deputies for rule in named[meaning, roles]),
            any(rule.review_first for rule in rules),
        )
        for (meaning, roles), count in sorted(most.items(), key=lambda row: (row[0][0] != "review", row[0][1]))
        for _ in range(count)
    )
    return Demand(slots, max((rule.persons for rule in rules), default=1), tuple(rule.name for rule in rules))


def _texts(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
