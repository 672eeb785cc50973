"""A clause should not rest on a draft or on what is obsolete alone.

Why it matters: Claims of a draft count from the day it is in force, and those of an obsolete document no more. Whoever
reads the file believes that the clause is answered.

Example::

    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    status: obsolete
    clauses: [demo-1/4.1] ◀
    ---
    === policies/POL-002-quality.md
    ---
    id: POL-002
    type: policy
    status: draft
    clauses:
      - demo-1/4.2 ◀
      - demo-1/4.3
    ---
    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-1
    plans:
      - {clause: demo-1/4.3, what: Release POL-002., who: boss, by: 2027-01-15}
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    clauses:
      - {key: "4.1", topic: Situation}
      - {key: "4.2", topic: Interested parties}
      - {key: "4.3", topic: Scope}

How to fix: Release the draft, or plan the clause in the item of its standard until then. Name the clause in what took
the place of the obsolete document.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.coverage import Claim, Claims
from qmsctl.graph import Graph
from qmsctl.model import Finding, rows_of

LEVEL = "warning"
VERBS = {"implements": "answers", "evidences": "proves", "measures": "measures"}


def check(graph: Graph, claims: Claims) -> Iterator[Finding]:
    told = _told(graph)
    for clause in claims.claimed():
        part = graph.parts.get(clause)
        made = claims.of(clause) if part is not None and part.field == "clauses" and clause not in told else ()
        alive = {claim.how for claim in made if claim.in_force}
        for claim in made:
            if not graph.is_current(claim.source) and claim.how not in alive:
                yield _finding(graph, claim)


def _told(graph: Graph) -> set[str]:
    """The clauses of which the item of a standard says that they are planned or left out."""
    return {
        str(row.get("clause"))
        for item in graph.of_type("standard")
        for name in ("plans", "exclusions")
        for row in rows_of(item.get(name))
        if not row.get("done")
    }


def _finding(graph: Graph, claim: Claim) -> Finding:
    item = graph.items[claim.source]
    state = str(item.get("status"))
    draft = state in ("draft", graph.types[item.type].initial)
    successor = item.get("superseded_by")
    after = f"name {claim.clause} in {successor or 'what took its place'}"
    return Finding(
        "claim-not-in-force",
        f"{item.id} is {'a draft' if state == 'draft' else state}, and nothing else in force {VERBS[claim.how]} {claim.clause}",
        claim.position,
        "release it, or plan the clause in the item of its standard" if draft else after,
        item=item.id,
    )
