"""Parts: the aggregates that values are made of, and how they are put together over periods and locations.

Percentages are never averaged: whatever is rolled up, is rolled up from its parts. An average is kept as its sum
and its count for that reason. Parts that cannot be put together (different values) are None when rolled up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from qmsctl.measures.definitions import evaluate
from qmsctl.measures.model import Aggregate, Definition, Number

Raw = Mapping[str, Number | None]
SUM, COUNT = ".sum", ".n"


def raw_names(name: str, aggregate: Aggregate) -> list[str]:
    """Return the names under which an aggregate is kept."""
    return [name + SUM, name + COUNT] if aggregate.agg == "average" else [name]


def additive(definition: Definition) -> bool:
    """Tell whether the parts of locations make up those of all."""
    return all(a.agg != "count_distinct" for a in definition.aggregates.values())


def filled(definition: Definition, raw: Raw) -> dict[str, Number | None]:
    """Return the parts with nothing counted as zero; averages and extremes of nothing stay unknown."""
    found: dict[str, Number | None] = {}
    for name, aggregate in definition.aggregates.items():
        for key in raw_names(name, aggregate):
            value = raw.get(key)
            unknown = aggregate.agg in ("min", "max") or (aggregate.agg == "count_distinct" and key in raw)
            found[key] = 0 if value is None and not unknown else value
    return found


def merged(definition: Definition, rows: Iterable[Raw]) -> dict[str, Number | None]:
    """Return the parts of several periods or locations as one."""
    every = list(rows)
    if len(every) == 1:
        return dict(every[0])
    found: dict[str, Number | None] = {}
    for name, aggregate in definition.aggregates.items():
        for key in raw_names(name, aggregate):
            values = [row.get(key) for row in every]
            known = [v for v in values if v is not None]
            if aggregate.agg == "count_distinct":
                found[key] = known[0] if len(known) == 1 else None
            elif aggregate.agg in ("min", "max"):
                found[key] = (min(known) if aggregate.agg == "min" else max(known)) if known else None
            else:
                found[key] = added(known) if known else None
    return found


def added(values: Iterable[Number]) -> Number | None:
    """Return the sum, exact for whole numbers and decimals; floating-point numbers are added without loss.

    None where it is too great for a floating-point number, or no number at all.
    """
    every = list(values)
    if any(isinstance(v, float) for v in every):
        try:
            return math.fsum(float(v) for v in every)
        except (OverflowError, ValueError):
            return None
    return sum(every, start=type(every[0])(0)) if every else 0


def value(definition: Definition, raw: Raw) -> float | None:
    """Return the value of parts; None where something is missing or would be divided by zero."""
    known: dict[str, Number | Fraction | None] = {}
    for name, aggregate in definition.aggregates.items():
        if aggregate.agg == "average":
            total, count = raw.get(name + SUM), raw.get(name + COUNT)
            known[name] = evaluate("a / b", {"a": total, "b": count})
        else:
            known[name] = raw.get(name)
    found = evaluate(definition.expression, known)
    if found is None:
        return None
    try:
        made = float(found * (float(definition.times) if isinstance(found, float) else Fraction(definition.times)))
    except OverflowError:
        return None
    return made if math.isfinite(made) else None


def countable(raw: Raw) -> bool:
    """Tell whether all parts are numbers that can be computed with."""
    return all(v is None or not isinstance(v, float) or math.isfinite(v) for v in raw.values())
