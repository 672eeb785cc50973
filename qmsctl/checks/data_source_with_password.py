"""No address of a database and no password stands in a data source.

Why it matters: Whoever can read the management system could read the database; and what was once in the history of a repository stays there.

Example::

    === data-sources/SRC-001-deliveries.yaml
    id: SRC-001
    type: data-source
    title: Deliveries
    system: ERP
    format: postgres
    location: postgres://reader:secret@erp.example.org/erp ◀
    table: deliveries

How to fix: Change the password, since it must count as known. Then write `location: env:ERP_DATABASE` and set that environment variable where values are computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding

LEVEL = "error"

_SECRET = re.compile(r"://[^\s/:@]*:[^\s@]+@|\b(password|passwd|pwd|secret|token|api_?key)\s*=\s*\S", re.IGNORECASE)
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.items.values():
        if item.type != "data-source":
            continue
        for field, value in item.fields.items():
            if not isinstance(value, str):
                continue
            if _SECRET.search(value):
                message = f"`{field}` holds what looks like a password"
            elif field == "location" and _ADDRESS.search(value):
                message = "`location` holds the address of a database"
            else:
                continue
            yield Finding(
                "data-source-with-password",
                message,
                item.position(field),
                "write env:NAME and set the variable of that name where values are computed; change the password",
                item=item.id,
            )
