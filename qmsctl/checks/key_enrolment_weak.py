"""A signing key is taken on by two others, belongs to one person and has its dates in order.

Why it matters: Whoever can enrol a key alone can sign as somebody else.

Example::

    === people/p-002.yaml
    id: p-002
    type: person
    keys:
      - key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAmUdqAc7pcPZCU5Vf6vRWW6pUNV6cbyQVq8wAOa0ZxF
        from: 2026-01-05
        until: 2027-12-31
        proof: Passport
        checked_by: [p-001, p-002] ◀

How to fix: Let two other persons look at the proof of identity and name both under `checked_by`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qmsctl.model import Finding, Item

LEVEL = "error"


def check(items: Mapping[str, Item]) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for item in items.values():
        rows = item.get("keys") if item.type == "person" else None
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            if not isinstance(row, Mapping):
                continue
            words = str(row.get("key") or "").split()
            first = owners.setdefault(words[1], item.id) if len(words) > 1 else item.id
            said = row.get("checked_by")
            others = {who for who in said if isinstance(who, str)} if isinstance(said, list) else set()
            if item.id in others:
                yield _finding(item, index, "checked_by", f"{item.id} is among those who checked {item.id}")
            if first != item.id:
                yield _finding(item, index, "key", f"{first} has the same key, so it counts for neither")
            if str(row.get("until") or "9") < str(row.get("from") or ""):
                yield _finding(item, index, "until", "the key ends before it begins")


def _finding(item: Item, index: int, name: str, message: str) -> Finding:
    return Finding(
        "key-enrolment-weak",
        message,
        item.position("keys", index, name),
        "two other persons look at the proof of identity and are named here; everyone has a key of their own",
        item=item.id,
    )
