"""What a KPI says it computes can be computed.

Why it matters: A formula that names a column or a part that does not exist gives no value, or, worse, another one than people read in its words.

Example::

    === data-sources/SRC-001-deliveries.yaml
    id: SRC-001
    type: data-source
    title: Deliveries
    system: ERP
    format: csv
    location: deliveries.csv
    time_column: handed_over
    contract:
      properties:
        - {name: handed_over, logicalType: date}
        - {name: days_late, logicalType: integer}
    === kpis/KPI-001-on-time.yaml
    id: KPI-001
    type: kpi
    title: Deliveries on time
    compute:
      type: ratio
      source: SRC-001
      expression: numerator / denominator ◀
      parts:
        - name: numerator
          count: rows
          where:
            - column: day_late ◀
              at_most: 0
        - name: denominator
          sum: handed_over ◀

How to fix: Name parts that are there, and columns of the data contract; `qmsctl kpi show KPI-001 --sql` shows the question that is put to the data.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.config import Config
from qmsctl.graph import Graph
from qmsctl.loader import Loaded
from qmsctl.measures.definitions import faults
from qmsctl.measures.sources import source
from qmsctl.model import Finding

LEVEL = "error"


def check(loaded: Loaded, graph: Graph, config: Config) -> Iterator[Finding]:
    broken = {f.item for f in loaded.qms.findings if f.check == "value-not-allowed"}
    rows = [i for i in loaded.qms.of_type("data-source") if i.id not in broken]
    sources = {item.id: source(item, config.time_zone) for item in rows}
    for item in graph.of_type("kpi"):
        if item.id in broken:
            continue
        for fault in faults(item, sources):
            yield Finding(
                "kpi-definition-unclear",
                fault.message,
                item.position(*fault.path),
                fault.help or "change the definition, or the contract of the data source",
                item=item.id,
            )
