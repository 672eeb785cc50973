"""A catalogue may hold the wording of clauses only where that is in the public domain.

Why it matters: Texts of ISO, IATF and SAE belong to their issuers. What stands in a catalogue is published with the
intranet, and in every copy of the repository.

Example::

    === catalogues/acme-manual-7.yaml
    id: acme-manual-7
    type: catalogue
    clauses:
      - key: "3.1"
        topic: First article
        text: The supplier sends three parts with a report. ◀

How to fix: Say in `topic` and `demands` in your own words what is asked for, and take `text` out. Where the text may be
quoted, write public_domain: true.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph
from qmsctl.model import Finding, mapping_of

LEVEL = "error"


def check(graph: Graph) -> Iterator[Finding]:
    for item in graph.of_type("catalogue"):
        rows = item.get("clauses")
        if item.shipped or item.get("public_domain") is True or not isinstance(rows, list):
            continue
        for index, row in enumerate(rows):
            if "text" in mapping_of(row):
                yield Finding(
                    "catalogue-text-not-public",
                    f"this quotes clause {mapping_of(row).get('key')}, and the catalogue is not in the public domain",
                    item.position("clauses", index, "text", key=True),
                    "say it in your own words in `demands`, or write public_domain: true if it may be quoted",
                    item=item.id,
                )
