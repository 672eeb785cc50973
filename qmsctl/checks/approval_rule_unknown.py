"""Approval rules name roles, types and places that exist.

Why it matters: A rule for a role that nobody can hold lets nothing through; a misspelt type lets too much through.

Example::

    === qms.yaml
    organisation: Example
    approvals:
      from: 2026-01-01
      strictest: {need: [{meaning: approval, any_of: [quality-managr]}]} ◀
      rules:
        - name: All
          need: [{meaning: approval, any_of: [owner]}]
    === roles/quality-manager.yaml
    id: quality-manager
    type: role

How to fix: Use the id of a role, of an item type, of a location. `owner` stands for the role that owns the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qmsctl.approvals.rules import OWNER
from qmsctl.config import Config
from qmsctl.model import Finding, Item, Position, nearest
from qmsctl.schema import ItemType

LEVEL = "error"


def check(config: Config, items: Mapping[str, Item], types: Mapping[str, ItemType]) -> Iterator[Finding]:
    control = config.approvals
    if control is None:
        return
    roles = [item.id for item in items.values() if item.type == "role"]
    places = [item.id for item in items.values() if item.type == "location"]
    for rule in (*control.rules, control.strictest):
        named = [(role, roles, "role") for need in rule.needs for role in need.roles if role != OWNER]
        named += [(name, list(types), "item type") for name in rule.types]
        named += [(name, places, "location") for name in rule.locations]
        for name, known, what in named:
            if name not in known:
                like = nearest(name, known, 1)
                yield Finding(
                    "approval-rule-unknown",
                    f"the rule `{rule.name}` names the {what} `{name}`, which does not exist",
                    Position("qms.yaml", rule.line),
                    f"did you mean `{like[0]}`?" if like else f"use the id of a {what}",
                )
