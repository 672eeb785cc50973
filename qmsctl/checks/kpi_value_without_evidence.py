"""A value that a person recorded should say where it can be seen.

Why it matters: A figure that cannot be looked up cannot be audited, and nobody dares to correct it.

Example::

    === kpi-logs/LOG-001-audits.yaml
    id: LOG-001
    type: kpi-log
    kpi: KPI-001
    values:
      - {period: 2026-Q2, value: 88, evidence: "Audit programme 2026, state of 1 July", recorded: 2026-07-02}
      - {period: 2026-Q3, value: 92, recorded: 2026-10-02} ◀

How to fix: Name the record, or the report with page and date, in `evidence`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "warning"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        rows = item.get("values") if item.type == "kpi-log" else None
        for at, row in enumerate(rows if isinstance(rows, list) else ()):
            if isinstance(row, Mapping) and not str(row.get("evidence") or "").strip():
                yield Finding(
                    "kpi-value-without-evidence",
                    f"nothing says where the value of {row.get('period')} can be seen",
                    item.position("values", at, "period"),
                    "add `evidence`: the record, or the report with page and date",
                    item=item.id,
                )
