"""qms.yaml as frozen values: the organisation, the standards in scope, levels and waivers of checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qmsctl.model import Position

FILE = "qms.yaml"
SCHEMA = Path(__file__).parent / "item_types" / "config.yaml"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that is known and accepted for a while, with a reason."""

    check: str
    items: tuple[str, ...]
    reason: str
    until: str
    position: Position


@dataclass(frozen=True, slots=True)
class Need:
    """A demand for statements by roles: each of ``roles``, or ``count`` persons out of any of them."""

    meaning: str
    roles: tuple[str, ...]
    every: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Who must approve a change to which it applies; an empty condition is always true."""

    name: str
    needs: tuple[Need, ...]
    persons: int = 1
    review_first: bool = False
    deputies: bool = True
    types: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    risk_at_least: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the time in which it counts. ``holder`` is a person, or the name of a recorder."""

    holder: str
    key: str
    since: str
    until: str
    revoked: str = ""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Change control as an organisation set it up."""

    since: str
    rules: tuple[Rule, ...]
    strictest: Rule
    publish: str = "approved"
    time: str = "claimed"
    evidence: str = "any"
    hardware_keys: bool = False
    signed_commits: bool = False
    change_records: tuple[str, ...] = ("minor", "major", "obsolete")
    recorders: tuple[Key, ...] = ()
    time_stamps: tuple[str, ...] = ()
    governing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """Where the intranet is published and where readers can answer; "" where that is not said.

    ``address`` and ``forge`` carry no slash at their end.
    """

    address: str = ""
    forge: str = ""
    forge_kind: str = ""
    branch: str = "main"
    email: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of one system."""

    organisation: str = "This organisation"
    time_zone: str = "UTC"
    as_of: str = ""
    profile: str = "small"
    standards: tuple[str, ...] = ()
    directory: str = "people/directory.yaml"
    due_soon: str = "30 days"
    data: str = "data"
    languages: tuple[str, ...] = ("en",)
    folders: Mapping[str, str] = field(default_factory=dict)
    audiences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    review_cycles: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    approvals: Approvals | None = None
    site: Site = Site()


def config_of(fields: Mapping[str, Any], position: Any = None) -> Config:
    """Make a Config of checked fields. ``position(*path)`` tells where a value stands."""
    where = position or (lambda *path: Position(FILE))
    checks = fields.get("checks") or {}
    waivers = tuple(
        Waiver(w["check"], tuple(w.get("items", ())), w["reason"], w["until"], where("waivers", i))
        for i, w in enumerate(fields.get("waivers") or [])
    )
    simple = ("organisation", "time_zone", "as_of", "profile", "directory", "due_soon", "data")
    return Config(
        **{name: str(fields[name]) for name in simple if fields.get(name)},
        standards=tuple(fields.get("standards") or ()),
        languages=tuple(fields.get("languages") or ("en",)),
        folders=dict(fields.get("folders") or {}),
        audiences={name: tuple(names) for name, names in (fields.get("audiences") or {}).items()},
        review_cycles=dict(fields.get("review_cycles") or {}),
        levels=dict(checks.get("levels") or {}),
        waivers=waivers,
        approvals=_approvals(fields["approvals"], position) if fields.get("approvals") else None,
        site=_site(fields.get("site") or {}),
    )


def _site(data: Mapping[str, Any]) -> Site:
    return Site(**{name: str(text).rstrip("/") for name, text in data.items() if text})


def _approvals(data: Mapping[str, Any], position: Any) -> Approvals:
    def line(*path: str | int) -> int:
        return int(position("approvals", *path).line) if position is not None else 1

    plain = Approvals("", (), Rule("", ()))
    return Approvals(
        since=data["from"],
        rules=tuple(_rule(rule, line("rules", at)) for at, rule in enumerate(data["rules"])),
        strictest=_rule({"name": "the strictest rule", **data["strictest"]}, line("strictest")),
        publish=data.get("publish", plain.publish),
        time=data.get("time", plain.time),
        evidence=data.get("evidence", plain.evidence),
        hardware_keys=data.get("hardware_keys", False),
        signed_commits=data.get("signed_commits", False),
        change_records=tuple(data.get("change_records", plain.change_records)),
        recorders=tuple(
            Key(r["name"], r["key"], r["from"], r["until"], r.get("revoked", "")) for r in data.get("recorders", ())
        ),
        time_stamps=tuple(data.get("time_stamps", ())),
        governing=tuple(data.get("governing", ())),
    )


def _rule(data: Mapping[str, Any], line: int) -> Rule:
    applies = data.get("applies") or {}
    needs = tuple(
        Need(n["meaning"], tuple(n.get("all_of") or n["any_of"]), "all_of" in n, n.get("count", 1))
        for n in data["need"]
    )
    return Rule(
        name=data["name"],
        needs=needs,
        persons=data.get("persons", 1),
        review_first=bool(data.get("review_first", False)),
        deputies=bool(data.get("deputies", True)),
        types=tuple(applies.get("types", ())),
        folders=tuple(applies.get("folders", ())),
        locations=tuple(applies.get("locations", ())),
        kinds=tuple(applies.get("kinds", ())),
        fields=tuple(applies.get("fields", ())),
        risk_at_least=applies.get("risk_at_least", 0),
        line=line,
    )
