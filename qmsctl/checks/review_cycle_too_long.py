"""No item should go unreviewed for longer than the organisation allows.

Why it matters: The longest time between reviews is a decision of the organisation, made in qms.yaml.

Example::

    === qms.yaml
    organisation: Example
    review_cycles: {policy: 12 months}
    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    review_every: 3 years ◀
    ---

How to fix: Shorten `review_every`, or change `review_cycles` in qms.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.config import Config
from qmsctl.graph import Graph
from qmsctl.model import Finding, add_period

LEVEL = "warning"


def check(graph: Graph, config: Config) -> Iterator[Finding]:
    start = "2000-01-01"
    for item in graph.items.values():
        longest = config.review_cycles.get(item.type)
        every = item.get("review_every")
        if not longest or not isinstance(every, str):
            continue
        try:
            too_long = add_period(start, every) > add_period(start, longest)
        except ValueError:
            too_long = False
        if too_long:
            yield Finding(
                "review-cycle-too-long",
                f"a {item.type} is to be reviewed at least every {longest}, this one every {every}",
                item.position("review_every"),
                "shorten it, or change review_cycles in qms.yaml",
                item=item.id,
            )
