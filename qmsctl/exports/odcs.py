"""Data sources as documents of the Open Data Contract Standard, complete and without a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from qmsctl.measures.board import Measures
from qmsctl.measures.engine import source_name
from qmsctl.model import Item, slug

VERSION = "v3.1.0"
ENDING = ".odcs.yaml"
_STATUS = {"draft": "draft", "released": "active", "obsolete": "retired"}
_OPERATORS = ("mustBe", "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeGreaterThan", "mustBeGreaterOrEqualTo")
_OPTIONS = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}
_FREQUENCY = {
    "hourly": (1, "h"),
    "daily": (1, "d"),
    "working days": (1, "d"),
    "weekly": (7, "d"),
    "monthly": (1, "month"),
    "quarterly": (3, "month"),
    "yearly": (1, "y"),
}
_UNITS = {"days": "d", "weeks": "week", "months": "month", "years": "y"}
_CUSTOM = {
    "time_column": "timeColumn",
    "time_zone": "timeZone",
    "location_column": "locationColumn",
    "rows_every": "rowsEvery",
    "pauses": "pauses",
    "csv": "csv",
    "effective": "effective",
}


def document(measures: Measures, item: Item) -> dict[str, Any]:
    """Return the data contract of a data source; what the item does not say is left out."""
    kind = measures.graph.types[item.type]
    state = str(item.get("status") or kind.initial)
    early = state == kind.initial and str(item.get("effective") or "") > measures.today
    organisation = measures.loaded.config.organisation
    custom = [{"property": name, "value": item.get(field)} for field, name in _CUSTOM.items() if item.get(field)]
    found: dict[str, Any] = {
        "apiVersion": VERSION,
        "kind": "DataContract",
        "id": f"{slug(organisation)}-{item.id}" if slug(organisation) else item.id,
        "name": item.title,
        "version": str(item.get("revision") or "0.0"),
        "status": "proposed" if early else _STATUS.get(state, state),
        "tenant": organisation,
        "description": {"purpose": _purpose(measures, item)},
        "servers": [_server(item)],
        "schema": [_table(measures, item)],
        "slaProperties": list(_agreed(measures, item)),
        "team": _team(measures, str(item.get("owner") or "")),
        "customProperties": custom,
    }
    return {name: value for name, value in found.items() if value}


def text(found: Mapping[str, Any]) -> str:
    """Return a contract as YAML; dates and versions stay texts."""
    made: str = yaml.dump(dict(found), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
    return made


class _Plain(yaml.SafeDumper):
    """YAML without anchors: not every reader follows them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _purpose(measures: Measures, item: Item) -> str:
    users = [f"{k} {d.title}" for k, d in measures.definitions.items() if _uses(d.aggregates.values(), item.id)]
    made = f"Rows of {item.get('system')} that KPIs are computed from"
    return f"{made}: {'; '.join(users)}." if users else f"{made}."


def _uses(aggregates: Any, source: str) -> bool:
    return any(a.source == source for a in aggregates)


def _server(item: Item) -> dict[str, Any]:
    """Return where the rows are. The address of a database is a secret: only the name of its variable is told."""
    form, location = str(item.get("format")), str(item.get("location"))
    if location.startswith("env:"):
        schema = str(item.get("table") or "").rpartition(".")[0]
        found = {
            "server": "database",
            "type": "custom",
            "description": f"The address is in the environment variable {location.removeprefix('env:')}.",
            "format": form,
        }
        return found | ({"schema": schema} if schema else {})
    encoding = (item.get("csv") or {}).get("encoding", "utf-8")
    kind = "local" if form in ("csv", "parquet") else "custom"
    found = {
        "server": "files",
        "type": kind,
        "description": "The path lies below the data folder.",
        "path": location,
        "format": form,
    }
    return found | ({"encoding": encoding.upper()} if form == "csv" else {})


def _table(measures: Measures, item: Item) -> dict[str, Any]:
    contract = item.get("contract") or {}
    columns = [dict(c) for c in contract.get("properties") or () if isinstance(c, Mapping)]
    keys = [c.get("name") for c in columns if c.get("primaryKey")]
    table = str(item.get("table") or "").rpartition(".")[2]
    found = {
        "name": _name(measures, item),
        "physicalName": table or str(item.get("location")),
        "physicalType": "table" if table else "file",
        "businessName": item.title,
        "logicalType": "object",
        "properties": [_column(c, keys) for c in columns],
        "quality": [r for rule in contract.get("quality") or () for r in _rules(rule)],
    }
    return {name: value for name, value in found.items() if value}


def _name(measures: Measures, item: Item) -> str:
    known = measures.sources.get(item.id)
    return source_name(known) if known is not None else slug(item.id).replace("-", "_")


def _column(row: dict[str, Any], keys: list[Any]) -> dict[str, Any]:
    found = {name: value for name, value in row.items() if name not in ("quality", "logicalTypeOptions")}
    if row.get("primaryKey") and len(keys) > 1:
        found["primaryKeyPosition"] = keys.index(row.get("name")) + 1
    known = _OPTIONS.get(str(row.get("logicalType")), ())
    options = {name: value for name, value in (row.get("logicalTypeOptions") or {}).items() if name in known}
    if options:
        found["logicalTypeOptions"] = options
    quality = [r for rule in row.get("quality") or () for r in _rules(rule)]
    if quality:
        found["quality"] = quality
    return found


def _rules(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a rule as the standard wants it: its type said, and one comparison for each rule."""
    rest = {name: value for name, value in rule.items() if name not in _OPERATORS}
    for name in [n for n in _OPERATORS if n in rule] or ["mustBe"]:
        yield {"type": "library", **rest, name: rule.get(name, 0)}


def _agreed(measures: Measures, item: Item) -> Iterator[dict[str, Any]]:
    arrives, late = str(item.get("arrives") or ""), str(item.get("late_after") or "")
    if arrives in _FREQUENCY:
        value, unit = _FREQUENCY[arrives]
        yield {"property": "frequency", "value": value, "unit": unit, "description": f"New rows arrive: {arrives}."}
    count, _, unit = late.partition(" ")
    if count.isdigit() and unit in _UNITS:
        column = str(item.get("time_column") or "")
        found = {"property": "latency", "value": int(count), "unit": _UNITS[unit]}
        found |= {"element": f"{_name(measures, item)}.{column}"} if column else {}
        yield found | {"description": f"The newest row is at most {late} old; older data is stale."}


def _team(measures: Measures, owner: str) -> dict[str, Any]:
    """Return the role that answers for the source; people are not named."""
    if not owner:
        return {}
    title = measures.graph.items[owner].title if owner in measures.graph.items else owner
    members = [{"username": owner, "role": "owner", "description": "A role, not a person."}]
    return {"name": title, "description": "Answers for this data.", "members": members}
