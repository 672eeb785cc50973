"""What is said about a clause must name an edition in use, and a clause that the edition has.

Why it matters: A clause that does not exist is answered by nobody, and the one that was meant looks like a gap.

Example::

    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    clauses:
      - demo-1/4.1
      - demo-1/4.7 ◀
      - demo-9/4.1 ◀
      - iso14001-2015/4.1 ◀
    ---
    === standards/STD-001-demo.yaml
    id: STD-001
    type: standard
    catalogue: demo-9 ◀
    === catalogues/demo-1.yaml
    id: demo-1
    type: catalogue
    title: Demo 1
    clauses:
      - {key: "4", topic: Context, heading: true}
      - {key: "4.1", topic: Situation}
      - {key: "4.2", topic: Interested parties}

How to fix: Use the clause that is suggested. A catalogue that comes with qmsctl is named in `standards` of qms.yaml; any
other is one file in `catalogues/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qmsctl.config import Config
from qmsctl.coverage import above
from qmsctl.graph import Graph
from qmsctl.model import Finding, Item, Link, nearest
from qmsctl.records import CATALOGUES

LEVEL = "error"
NAMED = ("catalogue", "catalogue#clauses")
FEW = 6
MANY = 200


def check(item: Item, graph: Graph, config: Config) -> Iterator[Finding]:
    for link in graph.broken_from(item.id):
        spec = graph.spec_of(link)
        if link.problem in ("missing", "part") and spec is not None and any(to in NAMED for to in spec.to):
            message, tip = _said(graph, link, "catalogue" in spec.to, config.standards)
            yield Finding("clause-unknown", message, link.position, tip, item=link.source)


def _said(graph: Graph, link: Link, whole: bool, standards: Sequence[str]) -> tuple[str, str]:
    """What is wrong with a link to a clause, or to a whole edition, and how to put it right."""
    edition, slash, key = link.target.partition("/")
    if not slash and not whole:
        return f"`{link.target}` names no clause of an edition", _with_edition(graph, link.target)
    catalogue = graph.items.get(edition)
    if catalogue is not None and catalogue.type == "catalogue":
        if whole:
            return f"`{link.target}` names a clause; a whole catalogue is meant here", f"write {edition}"
        return f"{catalogue.title} has no clause `{key}`", _near_clause(graph, catalogue, key)
    shipped = [file.stem for file in sorted(CATALOGUES.glob("*.yaml"))]
    if edition in shipped:
        named = ", ".join([*standards, edition])
        return f"the catalogue {edition} is not in use here", f"add it in qms.yaml: standards: [{named}]"
    return f"there is no catalogue `{edition}`", _near_edition(graph, edition, key, shipped)


def _catalogues(graph: Graph) -> list[str]:
    return [item.id for item in graph.items.values() if item.type == "catalogue"]


def _with_edition(graph: Graph, key: str) -> str:
    """What to write instead of a bare number, or of the catalogue alone."""
    found = [f"{name}/{key}" for name in _catalogues(graph) if f"{name}/{key}" in graph.parts]
    if found:
        return "write it with its edition: " + " or ".join(f"`{ref}` ({graph.title(ref)})" for ref in found[:3])
    return "write edition and number, such as " + next(
        (f"`{ref}`" for ref, part in graph.parts.items() if part.field == "clauses"), "`iso9001-2015/8.5.1`"
    )


def _near_clause(graph: Graph, catalogue: Item, key: str) -> str:
    """The clauses that stand where the number would, or those most like it."""
    keys = [part.key for part in graph.parts_of(catalogue.id, "clauses")]
    parent = next((up for up in above(key) if up in keys), "")
    beside = [k for k in keys if parent and above(k)[:1] == [parent]]
    alike = [k for k in keys if k[:1] == key[:1]][:MANY]  # a framework may have 60,000 clauses
    near = nearest(key, beside or alike, 1) or beside[-1:] or ([parent] if parent else [])
    tip = f"did you mean `{catalogue.id}/{near[0]}` ({graph.title(f'{catalogue.id}/{near[0]}')})?" if near else ""
    if beside:
        told = ", ".join(beside) if len(beside) <= FEW else f"{beside[0]} to {beside[-1]}"
        tip += f" below {parent}: {told}"
    if catalogue.get("complete") is False:
        tip += "; the catalogue is not complete, so check your copy"
    return tip.strip(" ;") or "correct the number"


def _near_edition(graph: Graph, edition: str, key: str, shipped: list[str]) -> str:
    """The clause of that number in the edition most like it."""
    names = nearest(edition, list(dict.fromkeys([*_catalogues(graph), *shipped])), 6)
    for name in sorted(names, key=lambda name: _years_apart(name, edition)):
        if name in graph.items and not key:
            return f"did you mean `{name}` ({graph.title(name)})?"
        if f"{name}/{key}" in graph.parts:
            return f"did you mean `{name}/{key}` ({graph.title(f'{name}/{key}')})?"
        if name in graph.items:
            return f"did you mean {name}? {_near_clause(graph, graph.items[name], key)}"
        return f"did you mean {name}? It comes with qmsctl; name it in `standards` of qms.yaml"
    known = ", ".join(_catalogues(graph)[:FEW])
    return (f"in use are: {known}; or " if known else "") + "write it as one file in catalogues/"


def _years_apart(name: str, edition: str) -> int:
    """How far two editions of one standard are apart; of different standards, farther than any."""
    (one, year), (other, then) = (text.rpartition("-")[::2] for text in (name, edition))
    return abs(int(year) - int(then)) if one == other and year.isdecimal() and then.isdecimal() else 10_000
