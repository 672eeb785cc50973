"""Audits as OSCAL assessment results; open nonconformities and corrective actions as a plan of action; and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qmsctl.model import mapping_of, rows_of, slug
from qmsctl.oscal import PLAN, RESULTS, OscalFault, ident, line, metadata, moment, plain, said, say, together, token
from qmsctl.oscal.places import Sources
from qmsctl.oscal.reading import rows, word

_GRADES = {"major": "not-satisfied", "minor": "not-satisfied", "observation": "satisfied", "good": "satisfied"}
_REASONS = {"major": "fail", "minor": "fail", "observation": "other", "good": "pass"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
Fields = Mapping[str, Any]
KeptOf = Callable[[str], Mapping[str, Any] | None]
"""The document that the item of an id was read from."""


def _head(title: str, items: Iterable[Fields], names: Mapping[str, str], day: str) -> dict[str, Any]:
    """Return metadata with the roles that answer for some items; ``names`` are the titles of roles."""
    head = metadata(title, day, day)
    roles = {str(item["owner"]) for item in items if item.get("owner")}
    roles |= {str(row["who"]) for item in items for row in rows_of(item.get("actions")) if row.get("who")}
    if roles:
        head["roles"] = [{"id": token(role), "title": line(names.get(role, role))} for role in sorted(roles)]
    return head


# --- audits ---------------------------------------------------------------------------------------


def results_of(
    audits: list[Fields], sources: Sources, kept: KeptOf, names: Mapping[str, str], title: str, day: str
) -> dict[str, Any]:
    """Return assessment results with one result for each audit that was carried out. Raises OscalFault.

    A result that was read, and whose audit says what it said, comes back as it was.
    """
    done = [audit for audit in audits if audit.get("carried_out")]
    if not done:
        raise OscalFault("no audit was carried out yet", "plan one: qmsctl new audit")
    olds: dict[str, Mapping[str, Any]] = {}
    for audit in done:
        body = kept(str(audit["id"]))
        if body is not None and _same(audit, audits_of(body, sources, list(sources.by_id))[0]):
            olds[str(audit["id"])] = body
    if len(olds) == len(done) and (whole := together(list(olds.values()), "results")):
        return whole
    programme = ident("programme", title)
    seen: dict[str, None] = {}
    results = [
        olds[audit["id"]]["results"][0] if audit["id"] in olds else _result(audit, sources, seen) for audit in done
    ]
    about = "The audits are planned in the management system itself; there is no assessment plan in OSCAL."
    resources = [{"uuid": programme, "title": "Audit programme", "description": about}, *sources.resources(seen)]
    return {
        "uuid": ident(RESULTS, title),
        "metadata": _head(title, done, names, day),
        "import-ap": {"href": f"#{programme}"},
        "results": results,
        "back-matter": {"resources": resources},
    }


def _same(item: Fields, read: list[dict[str, Any]]) -> bool:
    """Tell whether an item still says what its document said."""
    return len(read) == 1 and all(item.get(name) == value for name, value in read[0].items())


def _result(audit: Fields, sources: Sources, seen: dict[str, None]) -> dict[str, Any]:
    name = str(audit["id"])
    found: dict[str, Any] = {
        "uuid": ident("result", name),
        "title": line(audit["title"]),
        "description": str(audit.get("summary") or audit["title"]),
        "start": moment(min(str(audit["carried_out"]), str(audit.get("planned") or audit["carried_out"]))),
        "end": moment(str(audit["carried_out"])),
    }
    say(found, {field: value for field, value in audit.items() if field not in ("type", "title")})
    found["reviewed-controls"] = {"control-selections": _selections(audit, sources, seen)}
    observations, findings = [], []
    for row in rows_of(audit.get("findings")):
        key = str(row["key"])
        observation: dict[str, Any] = {
            "uuid": ident("observation", name, key),
            "title": key,
            "description": str(row["what"]),
            "methods": ["EXAMINE"],
            "types": ["finding"],
            "collected": moment(str(audit["carried_out"])),
        }
        if row.get("seen"):
            observation["relevant-evidence"] = [{"description": str(row["seen"])}]
        observations.append(observation)
        if control := sources.control(str(row.get("clause") or "")):
            seen[str(row["clause"]).partition("/")[0]] = None
            finding = {
                "uuid": ident("finding", name, key),
                "title": key,
                "description": str(row["what"]),
                "target": {
                    "type": "objective-id",
                    "target-id": control,
                    "status": {"state": _GRADES[row["grade"]], "reason": _REASONS[row["grade"]]},
                },
                "related-observations": [{"observation-uuid": observation["uuid"]}],
            }
            say(finding, {"grade": row["grade"], "clause": row["clause"]})
            findings.append(finding)
    found |= {field: value for field, value in (("observations", observations), ("findings", findings)) if value}
    return found


def _selections(audit: Fields, sources: Sources, seen: dict[str, None]) -> list[dict[str, Any]]:
    """Return the controls that were looked at, catalogue by catalogue."""
    by_catalogue: dict[str, list[str]] = {}
    for ref in audit.get("clauses_seen") or ():
        if control := sources.control(str(ref)):
            by_catalogue.setdefault(str(ref).partition("/")[0], []).append(control)
    if not by_catalogue:
        return [{"description": "Which clauses were looked at is not told one by one.", "include-all": {}}]
    found = []
    for name, ids in by_catalogue.items():
        seen[name] = None
        found.append(
            {
                "description": line(sources.by_id[name].title),
                "links": [{"href": f"#{sources.by_id[name].address}", "rel": "catalog"}],
                "include-controls": [{"control-id": control} for control in dict.fromkeys(ids)],
            }
        )
    return found


def single(body: Fields, field: str, number: int) -> dict[str, Any]:
    """Return a document with one entry of a list only, as it is kept beside the item made of it."""
    return {**body, field: [body[field][number]]}


def audits_of(body: Fields, sources: Sources, catalogues: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the fields of an audit for each result, and what could not be taken over. Raises OscalFault."""
    found: list[dict[str, Any]] = []
    lost: list[str] = []
    for number, result in enumerate(rows(body, "results", f"/{RESULTS}")):
        place = f"/{RESULTS}/results/{number}"
        title = line(word(result, "title", place))[:120]
        ours = said(result)
        if "id" in ours:
            found.append({"title": title, **ours})
            continue
        start, end = _day(word(result, "start", place), place), str(result.get("end") or result["start"])[:10]
        audit: dict[str, Any] = {"title": title, "planned": start, "carried_out": end, "status": "done"}
        audit["summary"] = plain(result.get("description") or title)
        clauses = _reviewed(mapping_of(result.get("reviewed-controls")), sources, catalogues, place, lost)
        if clauses:
            audit["clauses_seen"] = clauses
            audit["standards"] = list(dict.fromkeys(ref.partition("/")[0] for ref in clauses))
        if findings := _findings(result, sources, catalogues, place, lost):
            audit["findings"] = findings
        for field in ("attestations", "assessment-log", "risks", "local-definitions"):
            if field in result:
                lost.append(f"{place}/{field} has no place in an audit")
        found.append(audit)
    if not found:
        raise OscalFault(f"/{RESULTS} has no results", "there is nothing to make an audit of")
    return found, lost


def _reviewed(reviewed: Fields, sources: Sources, catalogues: list[str], place: str, lost: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for selection in rows_of(reviewed.get("control-selections")):
        for row in rows_of(selection.get("include-controls")):
            control = str(row.get("control-id"))
            if ref := sources.clause(control, catalogues):
                found[ref] = None
            else:
                lost.append(f"{place}/reviewed-controls: {control} is no control of a catalogue here")
    return list(found)


def _findings(
    result: Fields, sources: Sources, catalogues: list[str], place: str, lost: list[str]
) -> list[dict[str, Any]]:
    """Return what was found: the findings, and the observations that belong to none of them."""
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    used: set[str] = set()
    listed = rows(result, "findings", place)
    for row in listed:
        used |= {str(r.get("observation-uuid")) for r in rows_of(row.get("related-observations"))}
    observations = {str(row.get("uuid")): row for row in rows(result, "observations", place)}
    for row in (*listed, *(row for uuid, row in observations.items() if uuid not in used)):
        title = line(row.get("title") or row.get("description"))
        target = mapping_of(row.get("target"))
        state = mapping_of(target.get("status")).get("state")
        grade = "observation" if state is None else "good" if state == "satisfied" else "minor"
        what = plain(row.get("description") or title)
        entry = {"key": _key(title, taken), "what": what if len(what) >= 8 else f"Finding: {what}", "grade": grade}
        if target.get("target-id"):
            control = str(target["target-id"])
            if clause := sources.clause(control, catalogues):
                entry["clause"] = clause
            else:
                lost.append(f"{place}/findings: {control} is no control of a catalogue here")
        seen = [
            plain(evidence.get("description"))
            for related in rows_of(row.get("related-observations"))
            for evidence in rows_of(observations.get(str(related.get("observation-uuid")), {}).get("relevant-evidence"))
        ]
        if seen:
            entry["seen"] = "\n\n".join(seen)
        found.append(entry)
    return found


# --- plan of action -------------------------------------------------------------------------------


def plan_of(
    nonconformities: list[Fields],
    actions: list[Fields],
    sources: Sources,
    kept: KeptOf,
    names: Mapping[str, str],
    title: str,
    day: str,
) -> dict[str, Any]:
    """Return the plan of action for nonconformities and corrective actions that are open. Raises OscalFault.

    An entry that was read, and whose item says what it said, comes back as it was.
    """
    wrong = [item for item in nonconformities if item.get("status") != "closed"]
    open_ones = [item for item in actions if item.get("status") != "closed"]
    if not (wrong or open_ones):
        raise OscalFault("no nonconformity and no corrective action is open", "there is nothing to plan")
    olds: dict[str, Mapping[str, Any]] = {}
    for item in (*wrong, *open_ones):
        body = kept(str(item["id"]))
        if body is not None and _same(item, [fields for _, fields in actions_of(body, names)[0]]):
            olds[str(item["id"])] = body
    if len(olds) == len(wrong) + len(open_ones) and (whole := together(list(olds.values()), "poam-items")):
        return whole
    observations = [_observation(item, sources) for item in wrong if item["id"] not in olds]
    risks = [_risk(item) for item in open_ones if item["id"] not in olds]
    entries = [
        _entry(item, "nonconformity", str(item["what"]), {"related-observations": [_seen(item["id"])]})
        for item in wrong
        if item["id"] not in olds
    ]
    known = {str(item["id"]) for item in wrong}
    for item in open_ones:
        if item["id"] in olds:
            continue
        named = {str(ref) for ref in item.get("nonconformities") or ()}
        named |= {str(nc["id"]) for nc in wrong if item["id"] in (nc.get("actions") or ())}
        related: dict[str, Any] = {"related-observations": [_seen(ref) for ref in sorted(named & known)]}
        related["related-risks"] = [{"risk-uuid": ident("risk", str(item["id"]))}]
        entries.append(
            _entry(
                item,
                "corrective-action",
                str(item.get("cause") or item["title"]),
                {k: v for k, v in related.items() if v},
            )
        )
    entries += [entry for body in olds.values() for entry in body["poam-items"]]
    more = {field: _once(field, olds.values()) for field in ("observations", "risks", "findings")}
    observations += more["observations"]
    risks += more["risks"]
    seen = dict.fromkeys(
        str(item["clause"]).partition("/")[0] for item in wrong if sources.control(str(item.get("clause")))
    )
    found: dict[str, Any] = {
        "uuid": ident(PLAN, title),
        "metadata": _head(title, [*wrong, *open_ones], names, day),
        "system-id": {"identifier-type": "https://ietf.org/rfc/rfc4122", "id": ident("system", title)},
    }
    listed = (("observations", observations), ("risks", risks), ("findings", more["findings"]))
    found |= {field: value for field, value in listed if value}
    found["poam-items"] = entries
    if seen:
        found["back-matter"] = {"resources": sources.resources(seen)}
    return found


def _once(field: str, bodies: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Return the entries of a list in several documents, each once."""
    return list({str(row.get("uuid")): row for body in bodies for row in rows_of(body.get(field))}.values())


def _seen(name: object) -> dict[str, str]:
    return {"observation-uuid": ident("observation", str(name))}


def _entry(item: Fields, kind: str, about: str, related: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": ident("poam-item", str(item["id"])),
        "title": line(item["title"]),
        "description": about,
    }
    say(found, {"type": kind} | {field: value for field, value in item.items() if field not in ("type", "title")})
    return {**found, **related}


def _observation(item: Fields, sources: Sources) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": ident("observation", str(item["id"])),
        "title": line(item["title"]),
        "description": str(item["what"]),
        "methods": ["EXAMINE"],
        "types": ["finding"],
        "collected": moment(str(item["found_on"])),
    }
    facts = {"grade": item["grade"]} | ({"clause": item["clause"]} if item.get("clause") else {})
    say(found, facts)
    if control := sources.control(str(item.get("clause") or "")):
        found["props"].append({"name": "control-id", "value": control, "ns": found["props"][0]["ns"]})
    return found


def _risk(item: Fields) -> dict[str, Any]:
    name = str(item["id"])
    tasks = [_task(name, row) for row in rows_of(item.get("actions"))]
    found: dict[str, Any] = {
        "uuid": ident("risk", name),
        "title": line(item["title"]),
        "description": str(item.get("cause") or "The cause is not known yet."),
        "statement": "It may come back until its cause is removed.",
        "status": "remediating" if tasks else "open",
    }
    days = [str(row["by"]) for row in rows_of(item.get("actions")) if row.get("by") and not row.get("done")]
    if days:
        found["deadline"] = moment(max(days))
    if tasks:
        done = all(row.get("done") for row in rows_of(item.get("actions")))
        found["remediations"] = [
            {
                "uuid": ident("remediation", name),
                "lifecycle": "completed" if done else "planned",
                "title": line(item["title"]),
                "description": "The cause is removed by these actions.",
                "tasks": tasks,
            }
        ]
    return found


def _task(name: str, row: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": ident("task", name, str(row["key"])),
        "type": "action",
        "title": line(row["what"]),
    }
    facts = {"key": row["key"]} | ({"done": row["done"]} if row.get("done") else {})
    say(found, facts)
    if row.get("by"):
        found["timing"] = {"on-date": {"date": moment(str(row["by"]))}}
    if row.get("who"):
        found["responsible-roles"] = [{"role-id": token(str(row["who"]))}]
    return found


def actions_of(body: Fields, roles: Iterable[str]) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
    """Return type and fields of an item for each entry of a plan, and what could not be taken over.

    An entry of another tool becomes a corrective action; its remediations become actions.
    """
    place = f"/{PLAN}"
    known = set(roles)
    risks = {str(row.get("uuid")): row for row in rows(body, "risks", place)}
    opened = _day(str(body["metadata"].get("last-modified") or ""), f"{place}/metadata/last-modified")
    found: list[tuple[str, dict[str, Any]]] = []
    lost: list[str] = []
    for number, entry in enumerate(rows(body, "poam-items", place)):
        here = f"{place}/poam-items/{number}"
        title = line(word(entry, "title", here))[:120]
        ours = said(entry)
        if "id" in ours:
            kind = str(ours.pop("type", "corrective-action"))
            found.append((kind, {"title": title, **ours}))
            continue
        item: dict[str, Any] = {"title": title, "opened": opened, "status": "open"}
        cause = plain(entry.get("description") or "")
        if len(cause) >= 8:
            item["cause"] = cause
        taken: set[str] = set()
        actions = []
        for related in rows_of(entry.get("related-risks")):
            risk = risks.get(str(related.get("risk-uuid")))
            if risk is None:
                lost.append(f"{here}: the risk {related.get('risk-uuid')} is not in the file")
                continue
            for remedy in rows_of(risk.get("remediations")):
                steps = rows_of(remedy.get("tasks")) or [remedy]
                actions += [_action(step, risk, known, taken, here, lost) for step in steps]
        if complete := [action for action in actions if action is not None]:
            item["actions"] = complete
        found.append(("corrective-action", item))
    if not found:
        raise OscalFault(f"{place} has no poam-items", "there is nothing to plan")
    return found, lost


def _action(
    step: Fields, risk: Fields, roles: set[str], taken: set[str], place: str, lost: list[str]
) -> dict[str, Any] | None:
    """Return an action; None, with a word on it, where nobody or no day is named for it here."""
    title = line(step.get("title") or step.get("description"))
    timing = mapping_of(step.get("timing"))
    when = mapping_of(timing.get("on-date")).get("date") or mapping_of(timing.get("within-date-range")).get("end")
    day = str(when or risk.get("deadline") or "")[:10]
    who = next((str(r.get("role-id")) for r in rows_of(step.get("responsible-roles")) if r.get("role-id") in roles), "")
    if not who or not _DAY.fullmatch(day):
        lost.append(f"{place}: the action “{title}” names no {'role that is here' if not who else 'day'}; write it in")
        return None
    return {"key": _key(title, taken), "what": title, "who": who, "by": day}


def _key(title: str, taken: set[str]) -> str:
    """Return a key made of a title, and take it."""
    base = slug(title)[:40].strip("-") or "entry"
    base = base if base[0].isalpha() else f"entry-{base}"
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    taken.add(key)
    return key


def _day(text: str, place: str) -> str:
    if not _DAY.match(text):
        raise OscalFault(f"{place}: `{text}` is no time", "write it as 2026-03-02T00:00:00+00:00")
    return text[:10]
