"""The same thing is measured once.

Why it matters: Two KPIs for one figure drift apart: one is changed, the other is not, and meetings are about whose number is right.

Example::

    === kpis/KPI-001-on-time.yaml
    id: KPI-001
    type: kpi
    title: Deliveries on time
    frequency: monthly
    compute:
      type: ratio
      source: SRC-001
      parts:
        - {name: numerator, count: rows, where: [{column: days_late, at_most: 0}, {column: kind, is: order}]}
        - {name: denominator, count: rows}
    === kpis/KPI-002-promise.yaml
    id: KPI-002
    type: kpi
    title: Promises kept
    frequency: weekly
    compute: ◀
      type: derived
      source: SRC-001
      expression: kept / sent
      parts:
        - {name: sent, count: rows}
        - {name: kept, count: rows, where: [{column: kind, in: [order]}, {column: days_late, at_most: 0}]}
    === kpis/KPI-003-scrap.yaml
    id: KPI-003
    type: kpi
    formula: Cost of scrap divided by the cost of all parts made.
    source: {system: ERP}
    === kpis/KPI-004-waste.yaml
    id: KPI-004
    type: kpi
    formula: cost of scrap, divided by the cost of all parts made ◀
    source: {system: ERP}

How to fix: Keep one, make the other obsolete with `superseded_by`; one KPI may serve several objectives, and is shown by day, month, year and location without being written anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.measures.definitions import ExpressionFault, definition, names_in
from qmsctl.model import Finding, Item

if TYPE_CHECKING:
    from qmsctl.measures.model import Aggregate

LEVEL = "warning"


def check(loaded: Loaded, graph: Graph) -> Iterator[Finding]:
    broken = {f.item for f in loaded.qms.findings if f.check == "value-not-allowed"}
    seen: dict[tuple[str, str], str] = {}
    for item in sorted(graph.of_type("kpi"), key=lambda i: i.id):
        if item.id in broken:
            continue
        for field, what, key in (
            ("compute", "computes the same as", _computed(item, loaded)),
            ("formula", "has the same system and the same formula as", _in_words(item)),
        ):
            other = seen.setdefault((field, key), item.id) if key else item.id
            if other != item.id:
                yield Finding(
                    "kpi-defined-twice",
                    f"this KPI {what} {other} {graph.title(other)}",
                    item.position(field, key=field == "compute"),
                    f"keep one of them; `superseded_by: {other}` tells readers where the other one went",
                    item=item.id,
                )
                break


def _in_words(item: Item) -> str:
    source = item.get("source")
    system = str(source.get("system") or "") if isinstance(source, Mapping) else ""
    words = re.findall(r"\w+", str(item.get("formula") or "").casefold())
    return " ".join([system.strip().casefold(), *words]) if system and words else ""


def _computed(item: Item, loaded: Loaded) -> str:
    """Return what a KPI computes as a text that is the same for the same figures; "" where nothing says so."""
    found = definition(item)
    if found.kind in ("manual", "none"):
        return ""
    try:
        if not set(names_in(found.expression)) <= set(found.aggregates):
            return ""
        tree = ast.parse(found.expression.strip(), mode="eval").body
    except (ExpressionFault, SyntaxError):
        return ""
    parts = {name: _part(a, loaded) for name, a in found.aggregates.items()}
    return f"{_formula(tree, parts)} over {found.over}"


def _formula(node: ast.expr, parts: Mapping[str, str]) -> str:
    if isinstance(node, ast.Name):
        return parts[node.id]
    if isinstance(node, ast.BinOp):
        sides = [_formula(node.left, parts), _formula(node.right, parts)]
        if isinstance(node.op, (ast.Add, ast.Mult)):
            sides.sort()
        return f"({type(node.op).__name__} {' '.join(sides)})"
    return ast.dump(node)


def _part(one: Aggregate, loaded: Loaded) -> str:
    source = loaded.qms.items.get(one.source)
    time = one.time or (str(source.get("time_column") or "") if source is not None else "")
    where = sorted({repr((c.column, *_operation(c.op, c.value), c.column_of_value)) for c in one.where})
    return repr((one.source, one.agg, one.column, time, where))


def _operation(op: str, value: Any) -> tuple[str, Any]:
    """Return "is" as "in" with one value, and values in one order."""
    if op == "is":
        return "in", (repr(value),)
    return op, tuple(sorted(map(repr, value))) if isinstance(value, tuple) else repr(value)
