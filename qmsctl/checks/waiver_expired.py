"""A waiver ends on its day.

Why it matters: What was accepted for a while would otherwise be accepted for ever.

Example::

    === qms.yaml
    organisation: Example
    waivers:
      - {check: role-unheld, reason: Vacancy until spring, until: 2026-03-31} ◀

How to fix: Mend what was waived, or decide anew and write a new date with a reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.config import Config
from qmsctl.model import Finding

LEVEL = "error"


def check(config: Config, today: str) -> Iterator[Finding]:
    for waiver in config.waivers:
        if waiver.until < today:
            yield Finding(
                "waiver-expired",
                f"the waiver of {waiver.check} ended on {waiver.until}",
                waiver.position,
                "mend what it covered, or decide anew",
                item="qms.yaml",
            )
