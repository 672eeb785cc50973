"""Of every kind of record that has to prove a clause, one should be looked up now and then.

Why it matters: That a record is kept is believed until somebody looks for one. The auditor looks, and then it turns out
that the kind is known to the system and to nobody else.

Example::

    === record-kinds/REC-001-reports.yaml
    id: REC-001
    type: record-kind
    clauses: [demo-1/8.2]
    samples:
      - {date: 2025-06-12, reference: R-311} ◀
      - {date: 2024-06-18, reference: R-207}
    === record-kinds/REC-002-drawings.yaml
    id: REC-002 ◀
    type: record-kind
    clauses: [demo-1/8.2]
    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "8.2", topic: Reports, documented: record}

How to fix: Look a recent one up and add it to `samples`, with its day and its number. If none is found, that is a
nonconformity; a sample with `result: not found` keeps in mind that somebody looked, and proves nothing. At least every 36
months one should be looked up, so a longer `sample_every` is told as well.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from qmsctl.coverage import Claim, Claims, standards_of
from qmsctl.coverage.claims import SAMPLE_EVERY
from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, add_period, mapping_of

LEVEL = "warning"
FEW = 3
RAREST = "36 months"
_NEVER = "9999-12-31"
_PERIOD = re.compile(r"[1-9][0-9]* (days|weeks|months|years)")
_SOME_DAY = "2000-01-01"


def check(graph: Graph, claims: Claims, today: str) -> Iterator[Finding]:
    for name, proofs in sorted(_proofs(graph, claims, today).items()):
        kind = graph.items[name]
        every = str(kind.get("sample_every") or SAMPLE_EVERY)
        if _after(_SOME_DAY, every) > add_period(_SOME_DAY, RAREST):
            yield Finding(
                "record-unseen",
                f"a record of this kind is looked up only every {every}; by then nobody knows whether it is still kept",
                kind.position("sample_every"),
                f"look one up at least every {RAREST}",
                item=name,
            )
        newest = proofs[0].records[0].date if proofs[0].records else ""
        if newest and _after(newest, every) >= today:
            continue
        proves = [claim.clause for claim in proofs]
        more = f" and {len(proves) - FEW} more" if len(proves) > FEW else ""
        yield Finding(
            "record-unseen",
            f"the last record of this kind was seen on {newest}, and one should be seen every {every}"
            if newest
            else f"no record of this kind was seen yet, and it has to prove {', '.join(proves[:FEW])}{more}",
            kind.position("samples", *_row(kind, newest)) if newest else kind.position("id"),
            "look a recent one up and add it to `samples`, with its day and its number",
            item=name,
        )


def _proofs(graph: Graph, claims: Claims, today: str) -> dict[str, list[Claim]]:
    """The claims of each kind of record on clauses that demand records, in the standards that count now."""
    found: dict[str, list[Claim]] = defaultdict(list)
    for standard in standards_of(graph):
        if str(standard.get("switch") or "") <= today:
            for part in graph.parts_of(str(standard.get("catalogue")), "clauses"):
                for claim in claims.of(part.ref) if part.data.get("documented") in ("record", "both") else ():
                    if claim.how == "evidences" and claim.in_force and graph.items[claim.source].type == "record-kind":
                        found[claim.source].append(claim)
    return found


def _after(day: str, every: str) -> str:
    try:
        return add_period(day, every)
    except OverflowError:
        return _NEVER
    except ValueError:
        return _NEVER if _PERIOD.fullmatch(every) else day


def _row(kind: Item, day: str) -> tuple[int | str, ...]:
    """Where the newest sample stands, if it is one."""
    rows = kind.get("samples")
    found = [i for i, row in enumerate(rows if isinstance(rows, list) else []) if mapping_of(row).get("date") == day]
    return (found[0], "date") if found else ()
