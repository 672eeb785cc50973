"""A nonconformity that an audit found should be recorded as one.

Why it matters: A finding that stands in a report only is found again next year. A nonconformity has an owner, a
correction and an action whose effect is checked.

Example::

    === audits/AUD-2026-001-buying.yaml
    id: AUD-2026-001
    type: audit
    status: done
    findings:
      - {key: papers, what: Two certificates were missing., grade: minor} ◀
      - {key: labels, what: Labels are easy to read., grade: good}

How to fix: Write it down, qmsctl new nonconformity, and name that in `nonconformity` of the finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, mapping_of

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        rows = item.get("findings")
        if item.type != "audit" or item.get("status") not in ("done", "closed") or not isinstance(rows, list):
            continue
        for index, row in enumerate(map(mapping_of, rows)):
            if row.get("grade") in ("major", "minor") and not row.get("nonconformity"):
                yield Finding(
                    "audit-finding-without-action",
                    f"the {row['grade']} finding `{row.get('key')}` is not recorded as a nonconformity",
                    item.position("findings", index),
                    'write it down and name it here: qmsctl new nonconformity "What was found"',
                    item=item.id,
                )
