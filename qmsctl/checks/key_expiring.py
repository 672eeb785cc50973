"""Somebody who signs has a key that will still count next month.

Why it matters: An approval that waits for a new key holds up a change that people wait for.

Example::

    === people/p-002.yaml
    id: p-002
    type: person
    keys:
      - key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAmUdqAc7pcPZCU5Vf6vRWW6pUNV6cbyQVq8wAOa0ZxF
        from: 2026-01-05
        until: 2026-12-01 ◀
        proof: Passport
        checked_by: [p-001, p-003]

How to fix: Enrol the next key beside the old one, then let the old one run out.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.config import Config
from qmsctl.graph import Graph
from qmsctl.model import Finding, add_period

LEVEL = "warning"


def check(graph: Graph, config: Config, today: str) -> Iterator[Finding]:
    soon = add_period(today, config.due_soon)
    for person in graph.of_type("person"):
        rows = person.get("keys")
        ends = [
            (str(row.get("until")), index)
            for index, row in enumerate(rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and not row.get("revoked") and row.get("until")
        ]
        if ends and max(ends)[0] <= soon:
            until, index = max(ends)
            yield Finding(
                "key-expiring",
                f"the last key of {person.id} {'ends' if until >= today else 'ended'} on {until}",
                person.position("keys", index, "until"),
                "enrol the next one beside it",
                item=person.id,
            )
