"""Claims as an OSCAL component definition: which document, record or KPI implements which clause, and how well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qmsctl.coverage import Claim, Clause, Coverage
from qmsctl.graph import Graph
from qmsctl.model import Item, rows_of
from qmsctl.oscal import (
    COMPONENTS,
    OscalFault,
    ident,
    line,
    metadata,
    moment,
    named,
    plain,
    prop,
    said,
    say,
    together,
    token,
)
from qmsctl.oscal.places import Sources
from qmsctl.oscal.reading import rows, word

TYPES = {
    "policy": "policy",
    "process": "process-procedure",
    "sop": "process-procedure",
    "work-instruction": "process-procedure",
    "objective": "plan",
}
"""The types of component that OSCAL names; other items keep the name of their own type, which OSCAL allows."""
_SAYS = {
    "implements": "{title} says how it is met.",
    "evidences": "{title} proves it.",
    "measures": "{title} measures it.",
}


def document_of(
    graph: Graph,
    coverages: Iterable[Coverage],
    sources: Sources,
    kept: Callable[[Item], Mapping[str, Any] | None],
    title: str,
    day: str,
) -> dict[str, Any]:
    """Return the component definition of what answers the clauses of some catalogues.

    Only claims that were made for a clause itself are written; what follows from mappings, a reader derives anew.
    A component that was read, and whose claims are what they were, comes back as it was. Raises OscalFault where
    nothing is claimed.
    """
    claims: dict[str, dict[str, list[tuple[Clause, Claim]]]] = {}
    seen: dict[str, None] = {}
    for coverage in coverages:
        for clause in coverage.clauses:
            for claim in clause.claims:
                if claim.via is None and claim.how in _SAYS and sources.control(clause.ref):
                    by_catalogue = claims.setdefault(claim.source, {})
                    by_catalogue.setdefault(coverage.catalogue.id, []).append((clause, claim))
                    seen[coverage.catalogue.id] = None
    if not claims:
        raise OscalFault("nothing claims a clause of these catalogues", "name clauses in `clauses` of your documents")
    olds = {name: old for name in sorted(claims) if (old := _unchanged(graph.items[name], kept, sources))}
    if len(olds) == len(claims) and (whole := together(list(olds.values()), "components")):
        return whole
    head = metadata(title, day, day)
    owners = sorted({str(graph.items[i].get("owner")) for i in claims if graph.items[i].get("owner")})
    if owners:
        head["roles"] = [{"id": token(role), "title": line(graph.title(role))} for role in owners]
    components = [
        olds[name]["components"][0] if name in olds else _component(graph, graph.items[name], found, sources)
        for name, found in sorted(claims.items())
    ]
    return {
        "uuid": ident(COMPONENTS, title),
        "metadata": head,
        "components": components,
        "back-matter": {"resources": sources.resources(seen)},
    }


def _unchanged(
    item: Item, kept: Callable[[Item], Mapping[str, Any] | None], sources: Sources
) -> Mapping[str, Any] | None:
    body = kept(item)
    if body is None:
        return None
    with named(f"the OSCAL file of {item.id}"):
        read, _ = items_of(body, sources, list(sources.by_id))
    same = len(read) == 1 and all(item.get(name, []) == read[0].get(name, []) for name in ("title", "claims"))
    return body if same else None


def _component(
    graph: Graph, item: Item, rows: Mapping[str, list[tuple[Clause, Claim]]], sources: Sources
) -> dict[str, Any]:
    about = item.get("purpose") or item.get("description") or item.get("scope") or item.title
    found: dict[str, Any] = {
        "uuid": ident("component", item.id),
        "type": TYPES.get(item.type, item.type),
        "title": line(item.title),
        "description": str(about),
    }
    facts = {"id": item.id, "type": item.type}
    facts |= {name: item.get(name) for name in ("revision", "effective", "locations") if item.get(name)}
    say(found, facts)
    if item.get("owner"):
        found["responsible-roles"] = [{"role-id": token(str(item.get("owner")))}]
    found["control-implementations"] = [
        {
            "uuid": ident("control-implementation", item.id, catalogue),
            "source": f"#{sources.by_id[catalogue].address}",
            "description": f"How {line(item.title)} stands to {line(sources.by_id[catalogue].title)}.",
            "implemented-requirements": [_requirement(graph, clause, claim, sources) for clause, claim in listed],
        }
        for catalogue, listed in rows.items()
    ]
    return found


def _requirement(graph: Graph, clause: Clause, claim: Claim, sources: Sources) -> dict[str, Any]:
    title = graph.title(claim.at)
    where = f" See the section “{claim.section}”." if claim.section else ""
    status = "planned" if not claim.in_force else "partial" if claim.weak else "implemented"
    found: dict[str, Any] = {
        "uuid": ident("requirement", claim.at, claim.section, clause.ref, claim.how, str(claim.position.line)),
        "control-id": sources.control(clause.ref),
        "description": _SAYS[claim.how].format(title=title) + where,
        "props": [{"name": "implementation-status", "value": status}],
    }
    facts: dict[str, Any] = {"clause": clause.ref, "how": claim.how, "at": claim.at}
    facts |= {"section": claim.section} if claim.section else {}
    facts |= {"missing": claim.missing} if claim.missing else {}
    found["props"] += [prop(name, value) for name, value in facts.items()]
    found["props"] += [
        prop("record", record.reference or record.at) | {"remarks": f"{moment(record.date)} {record.at}"}
        for record in claim.records
        if line(record.reference or record.at) != "-"
    ]
    if claim.weak:
        found["remarks"] = "\n\n".join(str(reason) for reason in claim.weak)
    return found


# --- reading --------------------------------------------------------------------------------------


def single(body: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return a definition with one of its components only, as it is kept beside the item made of it."""
    return {**body, "components": [body["components"][number]]}


def items_of(
    body: Mapping[str, Any], sources: Sources, catalogues: list[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the fields of an external document for each component, and what could not be taken over.

    What somebody else says of their product is a document of others; its claims say which clauses it answers.
    """
    head = body["metadata"]
    issuer = next((line(p["name"]) for p in rows_of(head.get("parties")) if p.get("name")), "unknown")
    found: list[dict[str, Any]] = []
    lost: list[str] = []
    for number, component in enumerate(rows(body, "components", f"/{COMPONENTS}")):
        place = f"/{COMPONENTS}/components/{number}"
        item: dict[str, Any] = {
            "title": line(word(component, "title", place))[:120],
            "issuer": issuer,
            "edition": line(head.get("version") or "unknown"),
            "used_for": plain(component.get("description") or "-"),
        }
        if "id" in said(component):
            lost.append(f"{place} is {said(component)['id']} of a system like this one; it is no document of others")
        claims = []
        for implementation in rows_of(component.get("control-implementations")):
            for row in rows_of(implementation.get("implemented-requirements")):
                control = str(row.get("control-id"))
                if clause := sources.clause(control, catalogues):
                    claims.append({"clause": clause, "how": "implements"} | _missing(row))
                else:
                    lost.append(f"{place}: {control} is no control of a catalogue here")
        if claims:
            item["claims"] = claims
        found.append(item)
    if not found:
        raise OscalFault(f"/{COMPONENTS} has no components", "there is nothing to make an item of")
    for field in ("capabilities", "import-component-definitions"):
        if field in body:
            lost.append(f"/{COMPONENTS}/{field} has no place in an item")
    return found, lost


def _missing(row: Mapping[str, Any]) -> dict[str, str]:
    """Return what is still open, where a requirement is met in part or planned."""
    status = next((r.get("value") for r in rows_of(row.get("props")) if r.get("name") == "implementation-status"), "")
    if status in ("partial", "planned"):
        return {"missing": plain(row.get("remarks") or f"It is said to be {status}.")}
    return {}
