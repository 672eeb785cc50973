"""qms.yaml as frozen values: the organisation, the standards in scope, levels and waivers of checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from qmsctl.model import Position

FILE = "qms.yaml"
SCHEMA = Path(str(resources.files("qmsctl"))) / "item_types" / "config.yaml"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that is known and accepted for a while, with a reason."""

    check: str
    items: tuple[str, ...]
    reason: str
    until: str
    position: Position


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
    folders: Mapping[str, str] = field(default_factory=dict)
    review_cycles: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


def config_of(fields: Mapping[str, Any], position: Any = None) -> Config:
    """Make a Config of checked fields. ``position(*path)`` tells where a value stands."""
    where = position or (lambda *path: Position(FILE))
    checks = fields.get("checks") or {}
    waivers = tuple(
        Waiver(w["check"], tuple(w.get("items", ())), w["reason"], w["until"], where("waivers", i))
        for i, w in enumerate(fields.get("waivers") or [])
    )
    simple = ("organisation", "time_zone", "as_of", "profile", "directory", "due_soon")
    return Config(
        **{name: str(fields[name]) for name in simple if fields.get(name)},
        standards=tuple(fields.get("standards") or ()),
        folders=dict(fields.get("folders") or {}),
        review_cycles=dict(fields.get("review_cycles") or {}),
        levels=dict(checks.get("levels") or {}),
        waivers=waivers,
    )
