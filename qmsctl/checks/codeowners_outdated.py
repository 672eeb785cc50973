"""CODEOWNERS asks those whom the approval rules name.

Why it matters: Who is not asked does not review, and the change waits; who left is asked in vain.

Example::

    === qms.yaml
    organisation: Example
    approvals: {from: 2026-01-01, rules: [{name: All, need: [{meaning: approval, any_of: [boss]}]}], strictest: {need: [{meaning: approval, any_of: [boss]}]}}
    === people/p-001.yaml
    id: p-001
    type: person
    roles: [boss]
    forge: ina
    === CODEOWNERS ◀
    # Written by `qmsctl approvals codeowners`; change the rules in qms.yaml instead.
    /qms.yaml @somebody-else

How to fix: Write it anew: `qmsctl approvals codeowners --write`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl import tracking
from qmsctl.approvals import codeowners
from qmsctl.loader import Loaded
from qmsctl.model import Finding, Position

LEVEL = "warning"


def check(loaded: Loaded) -> Iterator[Finding]:
    wanted = codeowners.render(loaded)
    for path in codeowners.PLACES:
        tracking.saw(tracking.FILE, path)
        file = loaded.root / path
        if not wanted or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if text.startswith(codeowners.HEAD.splitlines()[0]) and text != wanted:
            yield Finding(
                "codeowners-outdated",
                "it does not name those who may approve by the rules of today",
                Position(path),
                "qmsctl approvals codeowners --write",
            )
