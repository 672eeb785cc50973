"""qms.yaml may only name checks, types, roles and standards that exist.

Why it matters: A misspelt name in the configuration does nothing, and looks as if it did.

Example::

    === qms.yaml
    organisation: Example ◀
    checks: {levels: {role-unhold: "off"}}

How to fix: Use the name suggested; `qmsctl check --list` shows all checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qmsctl.config import Config
from qmsctl.model import Finding, Position, nearest
from qmsctl.records import CATALOGUES

LEVEL = "error"


def check(config: Config, known: list[str], types: Mapping[str, Any], items: Mapping[str, Any]) -> Iterator[Finding]:
    here = Position("qms.yaml")
    yield from _unknown("check", config.levels, known, here)
    for waiver in config.waivers:
        yield from _unknown("check", [waiver.check], known, waiver.position)
        yield from _unknown("item", waiver.items, items, waiver.position)
    yield from _unknown("item type", [*config.folders, *config.review_cycles], types, here)
    catalogues = [name for name, item in items.items() if item.type == "catalogue"]
    shipped = [file.stem for file in sorted(CATALOGUES.glob("*.yaml"))]
    yield from _unknown("catalogue", config.standards, [*catalogues, *shipped], here)


def _unknown(kind: str, names: Iterable[str], known: Iterable[str], place: Position) -> Iterator[Finding]:
    known = list(dict.fromkeys(known))
    for name in names:
        if name not in known:
            near = nearest(name, known, 1)
            tip = f"did you mean `{near[0]}`?" if near else "correct it or take it out"
            yield Finding("name-unknown-in-configuration", f"there is no {kind} `{name}`", place, tip, item="qms.yaml")
