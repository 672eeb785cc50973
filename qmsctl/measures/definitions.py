"""KPI items as definitions, and what is wrong with a definition before anything runs.

The vocabulary is small on purpose: whatever it can say, every engine computes alike. What it cannot say is
refused here, by name.
"""

from __future__ import annotations

import ast
import hashlib
import json
import keyword
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from qmsctl.measures import periods
from qmsctl.measures.model import Aggregate, Condition, Definition, Number, Stage, Target
from qmsctl.measures.sources import NUMBERS, Source
from qmsctl.model import Item, mapping_of, nearest, rows_of

AGGREGATES = ("count", "count_distinct", "sum", "average", "min", "max")
OPS = ("is", "is_not", "in", "above", "at_least", "below", "at_most", "empty")
ORDERED = ("above", "at_least", "below", "at_most")
KINDS = ("simple", "ratio", "derived", "cumulative", "manual")
ADDITIVE = ("count", "sum")
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a definition says that cannot be computed; ``path`` is where it stands in the item."""

    path: tuple[str | int, ...]
    message: str
    help: str = ""


def definition(item: Item) -> Definition:
    """Return the definition of a KPI item. What is wrong with it is told by `faults`."""
    compute = mapping_of(item.get("compute"))
    kind = str(compute.get("type") or "none")
    rows = rows_of(compute.get("parts"))
    aggregates = {str(row.get("name")): _aggregate(row, compute) for row in rows}
    if kind == "manual":
        aggregates = {name: Aggregate("", "sum") for name in ("numerator", "denominator")}
    titles = {str(row.get("name")): str(row.get("title") or row.get("name")) for row in rows}
    stages = tuple(Stage(titles[n], aggregates[n]) for n in _texts(compute.get("funnel")) if n in aggregates)
    found = Definition(
        kpi=item.id,
        title=item.title,
        kind=kind,
        unit=str(item.get("unit") or ""),
        direction=direction if (direction := str(item.get("direction"))) in ("lower", "within") else "higher",
        grain=periods.BY_FREQUENCY.get(str(item.get("frequency")), "month"),
        aggregates=aggregates,
        expression=_expression(kind, compute, list(aggregates)),
        times=_plain(compute.get("times", 1)),
        over=str(compute.get("over") or ""),
        dimensions=_texts(compute.get("dimensions")),
        targets=_targets(item),
        decimals=max(0, min(6, _whole(item.get("decimals"), 1))),
        react_within=days(str(item.get("react_within") or "30 days")),
        funnel=stages,
        pareto=str(compute.get("pareto") or ""),
        outcome=item.get("kind") == "outcome",
        owner=str(item.get("owner") or ""),
        process=str(item.get("process") or ""),
        objectives=_texts(item.get("objectives")),
    )
    text = json.dumps([found.grain, compute], sort_keys=True, default=str)
    return _with_digest(found, hashlib.sha256(text.encode()).hexdigest()[:16])


def days(text: str) -> int:
    """Return the number of days in a text such as "10 days" or "3 weeks"; a month counts 30, anything else 0."""
    count, _, unit = text.partition(" ")
    length = {"days": 1, "weeks": 7, "months": 30, "years": 365}.get(unit, 0)
    return int(count) * length if count.isdecimal() else 0


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def _whole(value: Any, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else usual


def target_on(definition: Definition, day: str) -> Target:
    """Return what a value is judged by on a day."""
    return next((t for t in definition.targets if not t.until or day <= t.until), Target(None))


def _with_digest(found: Definition, digest: str) -> Definition:
    import dataclasses

    return dataclasses.replace(found, digest=digest)


def _plain(value: Any) -> Number:
    return Decimal(str(value)) if isinstance(value, float) else value if isinstance(value, int) else 1


def _expression(kind: str, compute: Mapping[str, Any], names: list[str]) -> str:
    if kind == "simple":
        return names[0] if names else ""
    if kind in ("ratio", "manual"):
        return "numerator / denominator"
    if compute.get("expression"):
        return str(compute["expression"])
    return "numerator / denominator" if "numerator" in names else names[0] if names else ""


def _aggregate(row: Mapping[str, Any], compute: Mapping[str, Any]) -> Aggregate:
    agg = next((a for a in AGGREGATES if a in row), "")
    where = tuple(
        Condition(
            str(c.get("column")),
            op,
            tuple(value)
            if isinstance(value, list)
            else str(value.get("column"))
            if isinstance(value, Mapping)
            else value,
            isinstance(value, Mapping),
        )
        for c in rows_of(row.get("where"))
        for op, value in c.items()
        if op in OPS
    )
    return Aggregate(
        source=str(row.get("source") or compute.get("source") or ""),
        agg=agg,
        column="" if agg == "count" else str(row.get(agg) or ""),
        time=str(row.get("time") or compute.get("time") or ""),
        where=where,
    )


def _targets(item: Item) -> tuple[Target, ...]:
    def one(row: Mapping[str, Any], until: str) -> Target:
        limits = mapping_of(row.get("limits"))
        numbers = {k: float(limits[k]) for k in ("watch", "off", "low", "high") if _number(limits.get(k))}
        target = row.get("target")
        return Target(
            float(target) if isinstance(target, (int, float)) and _number(target) else None,
            until=until,
            basis=str(row.get("basis") or ""),
            **numbers,
        )

    earlier = [r for r in rows_of(item.get("earlier")) if _is_day(str(r.get("until")))]
    past = sorted((one(r, str(r.get("until"))) for r in earlier), key=lambda t: t.until)
    return (*past, one(item.fields, ""))


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# --- what is wrong with it ------------------------------------------------------------------------


def faults(item: Item, sources: Mapping[str, Source]) -> Iterator[Fault]:
    """Yield what cannot be computed in the definition of a KPI, judged by the contracts of its sources."""
    compute = item.get("compute")
    if not isinstance(compute, Mapping):
        return
    kind = str(compute.get("type"))
    rows = rows_of(compute.get("parts"))
    names = [str(r.get("name")) for r in rows]
    here: tuple[str | int, ...] = ("compute",)
    for at, name in enumerate(names):
        if keyword.iskeyword(name) or name.startswith("qms_"):
            yield Fault((*here, "parts", at, "name"), f"`{name}` cannot be the name of a part", "choose another word")
        if name in names[:at]:
            yield Fault((*here, "parts", at, "name"), f"two parts are called `{name}`", "give each part its own name")
    if kind not in KINDS:
        yield Fault((*here, "type"), f"there is no computation of the type `{kind}`", f"there are {', '.join(KINDS)}")
        return
    decimals = item.get("decimals", 1)
    if not isinstance(decimals, int) or not 0 <= decimals <= 6:
        yield Fault(("decimals",), f"{decimals!r} is no number of decimals", "write a number from 0 to 6")
    for at, row in enumerate(item.get("earlier") or ()):
        if not isinstance(row, Mapping) or not _is_day(str(row.get("until"))):
            yield Fault(("earlier", at), "an earlier target needs its last day", "add `until: 2026-03-01`")
    if "times" in compute and not _number(compute["times"]):
        yield Fault((*here, "times"), f"{compute['times']!r} is no number", "such as 100 for percent")
    yield from _shape(kind, compute, names)
    yield from _windows(item, compute, kind, rows)
    for at, row in enumerate(rows):
        yield from _part(row, compute, sources, (*here, "parts", at))
    for at, name in enumerate(_texts(compute.get("funnel"))):
        if name not in names:
            yield Fault((*here, "funnel", at), f"the funnel names `{name}`, which no part has", _near(name, names))
    yield from _columns_for_views(compute, rows, sources)


def _shape(kind: str, compute: Mapping[str, Any], names: list[str]) -> Iterator[Fault]:
    here: tuple[str | int, ...] = ("compute",)
    if kind == "manual":
        if names:
            yield Fault((*here, "parts"), "a manual KPI has no parts", "remove the parts, or choose another type")
        return
    if not names:
        yield Fault((*here, "type"), f"a {kind} KPI needs parts", "add `parts`, each with a name and what it counts")
        return
    if kind == "ratio":
        for name in ("numerator", "denominator"):
            if name not in names:
                yield Fault(
                    (*here, "parts"), f"a ratio needs a part called `{name}`", "name the two parts of the ratio"
                )
    if kind in ("simple", "ratio") and "expression" in compute:
        yield Fault(
            (*here, "expression"), f"the expression of a {kind} KPI is known", "remove it, or take type: derived"
        )
    if kind == "derived" and not compute.get("expression"):
        yield Fault((*here, "type"), "a derived KPI needs an `expression`", "such as: good / planned * 100")
    if compute.get("expression"):
        try:
            used = names_in(str(compute["expression"]))
        except ExpressionFault as error:
            yield Fault((*here, "expression"), str(error), "names of parts, numbers, + - * / and brackets")
            return
        for name in used:
            if name not in names:
                yield Fault(
                    (*here, "expression"), f"the expression names `{name}`, which no part has", _near(name, names)
                )


def _windows(item: Item, compute: Mapping[str, Any], kind: str, rows: list[Mapping[str, Any]]) -> Iterator[Fault]:
    over = str(compute.get("over") or "")
    if kind == "cumulative" and not over:
        yield Fault(("compute", "type"), "a cumulative KPI needs `over`", "`over: 12 months` or `over: year`")
    if kind != "cumulative" and over:
        yield Fault(
            ("compute", "over"), f"`over` is for cumulative KPIs, not for a {kind} one", "take type: cumulative"
        )
    if not over:
        return
    grain = periods.BY_FREQUENCY.get(str(item.get("frequency")), "month")
    if not re.fullmatch(r"year|[1-9][0-9]? months", over):
        yield Fault(("compute", "over"), f"`{over}` is no time", "`over: 12 months` or `over: year`")
        return
    if over != "year" and (
        grain in ("day", "week", "year") or int(over.split(maxsplit=1)[0]) % (3 if grain == "quarter" else 1)
    ):
        yield Fault(("compute", "over"), f"{over} are not a whole number of {grain}s", "take another frequency or time")
    for at, row in enumerate(rows):
        agg = next((a for a in AGGREGATES if a in row), "")
        if agg == "count_distinct":
            yield Fault(
                ("compute", "parts", at, agg),
                "different values cannot be added up over periods; the same value would count once in each",
                "count rows, or choose a frequency as long as the time",
            )


def _part(
    row: Mapping[str, Any], compute: Mapping[str, Any], sources: Mapping[str, Source], here: tuple[str | int, ...]
) -> Iterator[Fault]:
    said = [a for a in AGGREGATES if a in row]
    if len(said) != 1:
        what = f"says {' and '.join(said)}" if said else "does not say what it counts"
        yield Fault((*here, "name"), f"the part `{row.get('name')}` {what}", f"write one of {', '.join(AGGREGATES)}")
        return
    name = str(row.get("source") or compute.get("source") or "")
    if not name:
        yield Fault((*here, "name"), f"the part `{row.get('name')}` names no data source", "add `source: SRC-001`")
        return
    source = sources.get(name)
    if source is None:
        return  # a missing item is told by link-target-missing
    agg = said[0]
    if agg != "count":
        column = str(row[agg])
        yield from _column(column, source, (*here, agg))
        if agg in ("sum", "average", "min", "max") and source.columns.get(column, "") not in (*NUMBERS, ""):
            kind = source.columns[column]
            yield Fault(
                (*here, agg), f"{agg} needs numbers; `{column}` of {name} is a {kind}", "choose a column of numbers"
            )
    time = str(row.get("time") or compute.get("time") or source.time_column)
    place = (*here, "time") if "time" in row else ("compute", "time") if "time" in compute else (*here, "name")
    if not time:
        yield Fault(
            place,
            f"nothing says to which period the rows of {name} belong",
            f"add `time_column` to {name}, or `time` here",
        )
    else:
        yield from _column(time, source, place)
        if source.columns.get(time, "date") not in ("date", "timestamp"):
            yield Fault(place, f"`{time}` of {name} is no date", "name a column of dates or moments")
    for at, condition in enumerate(rows_of(row.get("where"))):
        yield from _condition(condition, source, (*here, "where", at))


def _condition(row: Mapping[str, Any], source: Source, here: tuple[str | int, ...]) -> Iterator[Fault]:
    column = str(row.get("column"))
    yield from _column(column, source, (*here, "column"))
    kind = source.columns.get(column, "")
    for op in OPS:
        if op not in row or not kind:
            continue
        value = row[op]
        if op in ORDERED and kind in ("string", "boolean"):
            yield Fault(
                (*here, op), f"`{column}` is a {kind}, which has no order on every engine", "use is, is_not or in"
            )
        elif isinstance(value, Mapping):
            if set(value) != {"column"}:
                yield Fault((*here, op), "to compare with another column, write {column: name}")
            else:
                yield from _column(str(value["column"]), source, (*here, op))
                other = source.columns.get(str(value["column"]), kind)
                if other != kind and not (other in NUMBERS and kind in NUMBERS):
                    yield Fault(
                        (*here, op), f"`{column}` is a {kind} and `{value['column']}` a {other}; they do not compare"
                    )
        elif op != "empty":
            yield from _literal(column, kind, value, (*here, op))


def _literal(column: str, kind: str, value: Any, here: tuple[str | int, ...]) -> Iterator[Fault]:
    for one in value if isinstance(value, list) else [value]:
        fits = {
            "string": isinstance(one, str),
            "boolean": isinstance(one, bool),
            "date": isinstance(one, str) and _is_day(one),
            "timestamp": isinstance(one, str) and _is_day(one),
        }.get(kind, _number(one))
        if not fits:
            yield Fault(here, f"`{column}` is a {kind}; {one!r} is none", "write a value of the column's type")


def _columns_for_views(
    compute: Mapping[str, Any], rows: list[Mapping[str, Any]], sources: Mapping[str, Source]
) -> Iterator[Fault]:
    """A breakdown needs its column in every source, or in that of the numerator for a ranking of causes."""
    used = [
        str(r.get("source") or compute.get("source") or "") for r in rows if r.get("name") not in _only_funnel(compute)
    ]
    for at, name in enumerate(_texts(compute.get("dimensions"))):
        for source in dict.fromkeys(used):
            if source in sources:
                yield from _open_column(str(name), sources[source], ("compute", "dimensions", at))
    if compute.get("pareto") and used and used[0] in sources:
        yield from _open_column(str(compute["pareto"]), sources[used[0]], ("compute", "pareto"))


def _open_column(name: str, source: Source, here: tuple[str | int, ...]) -> Iterator[Fault]:
    yield from _column(name, source, here)
    if source.columns.get(name) in ("number", "timestamp"):
        yield Fault(here, f"`{name}` of {source.id} has too many values to be broken down by", "take a column of texts")
    if name in source.columns and name not in source.shown:
        yield Fault(here, f"`{name}` of {source.id} is classified; its values may not be shown", "take another column")


def _only_funnel(compute: Mapping[str, Any]) -> set[str]:
    return set(_texts(compute.get("funnel"))) - {"numerator", "denominator"}


def _column(name: str, source: Source, here: tuple[str | int, ...]) -> Iterator[Fault]:
    if name not in source.columns:
        yield Fault(here, f"the contract of {source.id} has no column `{name}`", _near(name, list(source.columns)))


def _near(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known[:12])}"


def _is_day(text: str) -> bool:
    import datetime

    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


# --- expressions ----------------------------------------------------------------------------------


class ExpressionFault(ValueError):
    """An expression is not in the vocabulary; the message says what is wrong."""


def names_in(expression: str) -> list[str]:
    """Return the names an expression uses. Raises ExpressionFault."""
    return list(dict.fromkeys(n.id for n in ast.walk(_tree(expression)) if isinstance(n, ast.Name)))


def evaluate(expression: str, values: Mapping[str, Number | Fraction | None]) -> Fraction | float | None:
    """Return what an expression makes of values; None where a value is missing, something is divided by zero,
    or a floating-point number gets too great.

    Whole numbers and decimals stay exact; floating-point numbers do not become more exact than they were.
    Raises ExpressionFault.
    """
    try:
        return _value(_tree(expression).body, values)
    except OverflowError:
        return None


@lru_cache(maxsize=256)
def _tree(expression: str) -> ast.Expression:
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionFault(f"`{expression[:60]}` cannot be read as a formula") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and type(node.op) not in _OPERATORS:
            raise ExpressionFault(f"`{expression[:60]}` uses a sign that not every engine computes alike")
        if isinstance(node, ast.Constant) and not _number(node.value):
            raise ExpressionFault(f"`{expression[:60]}` holds something that is no number")
        known = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.Name, ast.Load, ast.Constant, *_OPERATORS)
        if not isinstance(node, known):
            raise ExpressionFault(f"`{expression[:60]}` uses what is not in the vocabulary")
    return tree


def _value(node: ast.expr, values: Mapping[str, Number | Fraction | None]) -> Fraction | float | None:
    if isinstance(node, ast.Name):
        return _exact(values.get(node.id))
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, values)
        return None if inner is None else -inner
    assert isinstance(node, ast.BinOp)
    left, right = _value(node.left, values), _value(node.right, values)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.Sub):
        return left - right
    if isinstance(node.op, ast.Mult):
        return left * right
    return left / right if right else None


def _exact(value: Number | Fraction | None) -> Fraction | float | None:
    if value is None or isinstance(value, bool):
        return None if value is None else Fraction(int(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return Fraction(value)
