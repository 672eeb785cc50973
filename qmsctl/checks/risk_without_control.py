"""Every risk should have a control, or be accepted on purpose.

Why it matters: A risk that is written down and left alone is a promise to be surprised.

Example::

    === risks/RSK-001-x.yaml
    id: RSK-001 ◀
    type: risk
    treatment: reduce

How to fix: Name the steps or controls that keep it down, plan an action, or set `treatment: accept`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("risk"):
        if not item.get("controls") and item.get("treatment") != "accept":
            yield Finding(
                "risk-without-control",
                "nothing keeps this risk down",
                item.position("id"),
                "name steps or controls in `controls`, or accept it: treatment: accept",
                item=item.id,
            )
