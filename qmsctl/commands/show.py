"""qmsctl show"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import click

from qmsctl.commands import Workspace, as_of_option, colour, emit, format_option, pass_workspace
from qmsctl.coverage import NAMES, SIGNS, coverage_of
from qmsctl.graph import Graph
from qmsctl.model import Link

_TITLES = ("title", "what", "name", "topic", "label", "need", "answer", "reference", "input")
"""The fields that say what a row is."""


@click.command("show", epilog="Examples: qmsctl show SOP-014 · qmsctl show PRC-007#inspect-lot --format json")
@click.argument("id")
@format_option("text", "json")
@as_of_option
@pass_workspace
def command(workspace: Workspace, id: str, form: str, as_of: str | None) -> None:
    """Show an item, or a part of one: its fields, its links both ways, its state."""
    today = workspace.today(as_of)
    workspace = workspace.in_force(today) if as_of else workspace
    graph = workspace.graph
    ref = workspace.ref(id)
    owner = graph.parts[ref].item if ref in graph.parts else ref
    item = graph.items[owner]
    data = graph.parts[ref].data if ref in graph.parts else dict(item.fields)
    out = [x for x in graph.links_from(owner) if ref == owner or x.source_part == ref]
    into = graph.links_to(owner) if ref == owner else graph.links_to_ref(ref)
    dues = [d for d in graph.dues() if d.item == owner]
    report = workspace.run_checks(today)
    findings = [f for f in report.findings if f.position.path == item.path]
    state = _state(item.get("status") or graph.types[item.type].initial, str(item.get("effective") or ""), today)
    if form == "json":
        emit(
            json.dumps(
                {
                    "ref": ref,
                    "type": item.type,
                    "title": graph.title(ref),
                    "path": item.path,
                    "state": state,
                    "fields": data,
                    "links": [
                        {
                            "field": x.field,
                            "target": x.target,
                            "title": graph.title(x.part or x.to or x.target),
                            "line": x.position.line,
                            "broken": bool(x.problem),
                        }
                        for x in out
                    ],
                    "linked_from": [
                        {"field": x.field, "source": x.source_part or x.source, "title": graph.title(x.source)}
                        for x in into
                    ],
                    "due": [{"what": d.what, "on": d.on, "who": d.who} for d in dues],
                    "findings": [
                        {"check": f.check, "level": f.level, "message": f.message, "line": f.position.line}
                        for f in findings
                    ],
                },
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    paint = colour()
    bold = (lambda text: click.style(text, bold=True)) if paint else str
    kind = graph.types[item.type]
    rows = [f"{bold(ref + ' ' + graph.title(ref))}", f"{kind.title} · {state} · {item.path}", ""]
    rows += _standing(graph, ref, today)
    rows += _fields(data)
    rows += _links(bold("Links to"), [(x.field, x.part or x.to or x.target, bool(x.problem)) for x in out], graph)
    rows += _links(bold("Linked from"), [(_inverse(graph, x), x.source_part or x.source, False) for x in into], graph)
    if dues:
        rows += ["", bold("Due")] + [
            f"  {d.on}  {d.what}" + (f"  ({graph.title(d.who)})" if d.who else "") for d in dues
        ]
    if findings:
        rows += ["", bold("Findings")] + [
            f"  line {f.position.line}: {f.level}: {f.message}  [{f.check}]" for f in findings
        ]
    emit("\n".join(rows))


def _inverse(graph: Graph, link: Link) -> str:
    spec = graph.spec_of(link)
    return spec.inverse if spec and spec.inverse else link.field


def _state(status: str, effective: str, today: str) -> str:
    if status == "released" and effective:
        return f"in force since {effective}" if effective <= today else f"takes effect on {effective}"
    return status or "current"


def _standing(graph: Graph, ref: str, today: str) -> list[str]:
    """How a clause of a standard that applies here stands, in a line, and how to see why."""
    catalogue, _, key = ref.partition("/")
    if graph.items[catalogue.partition("#")[0]].type != "catalogue" or not key:
        return []
    clause = coverage_of(graph, catalogue, today).by_key.get(key)
    if clause is None or not clause.counts:
        return []
    answers = f"; {clause.owner} answers for it" if clause.owner else ""
    why = [f"    - {reason}" for reason in clause.reasons]
    return [
        f"  {SIGNS[clause.state]} {NAMES[clause.state]}{answers}",
        *why,
        f"  more: qmsctl coverage {catalogue} --clause {key}",
        "",
    ]


def _fields(data: Any) -> list[str]:
    rows = []
    for name, value in data.items():
        if name in ("id", "type", "title", "key", "text"):
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows.append(f"  {name}:")
            for entry in value:
                label = next((str(entry[n]) for n in _TITLES if n in entry), "")
                if "clause" in entry or not label:
                    label = ": ".join(str(entry[n]) for n in entry if n in ("clause", "reason", *_TITLES) or not label)
                rows.append(f"    {'#' + entry['key'] if 'key' in entry else '·'}  {label}")
        elif isinstance(value, list):
            rows.append(f"  {name}: " + ", ".join(str(v) for v in value))
        elif isinstance(value, dict):
            rows.append(f"  {name}: " + ", ".join(f"{k} {v}" for k, v in value.items()))
        else:
            rows.append(f"  {name}: {value}")
    return rows


def _links(head: str, links: list[tuple[str, str, bool]], graph: Any) -> list[str]:
    groups: dict[str, list[str]] = defaultdict(list)
    for name, ref, broken in links:
        text = f"{ref} {graph.title(ref)}" if not broken else f"{ref} (missing)"
        if text not in groups[name]:
            groups[name].append(text)
    if not groups:
        return []
    rows = ["", head]
    for name, targets in groups.items():
        rows.append(f"  {name.replace('.', ' ')}")
        rows += [f"    {text}" for text in targets]
    return rows
