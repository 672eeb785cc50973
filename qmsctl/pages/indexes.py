"""The pages that are not one item: the front page, the cascade, registers, the clause matrix, findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qmsctl.pages.view import View

GROUPS = {
    "strategy": "Strategy",
    "processes": "Processes",
    "documents": "Documents",
    "people": "People and places",
    "risks": "Risks and opportunities",
    "compliance": "Compliance",
    "records": "Records",
}


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of every page that is not one item."""
    chain = {name: _chain(view, name) for name in ("management", "core", "support")}
    yield (
        "index.md",
        "index.md.j2",
        {"title": view.organisation, "chain": chain, "news": _news(view), "coming": _coming(view)},
    )
    yield "strategy.md", "cascade.md.j2", {"title": "Strategy and what carries it out"}
    yield "performance.md", "performance.md.j2", {"title": "Where we stand"}
    yield "processes.md", "processes.md.j2", {"title": "Processes", "chain": chain}
    groups: dict[str, list[str]] = {}
    for name, kind in view.types.items():
        groups.setdefault(str(kind.schema.get("x-group", "documents")), []).append(name)
    yield "registers.md", "registers.md.j2", {"title": "Registers", "groups": groups, "names": GROUPS}
    for name, kind in view.types.items():
        items = [item for item in view.loaded.qms.items.values() if item.type == name]
        values = {"title": kind.plural, "kind": kind, "items": items, "columns": kind.schema.get("x-register", [])}
        yield f"registers/{name}.md", "register.md.j2", values
    yield (
        "documents.md",
        "documents.md.j2",
        {"title": "Documents", "types": ["policy", "sop", "work-instruction", "form"]},
    )
    yield "roles.md", "roles.md.j2", {"title": "Roles"}
    yield "risks.md", "risks.md.j2", {"title": "Risks and opportunities"}
    yield "compliance.md", "compliance.md.j2", {"title": "Compliance"}
    for standard in view.of_type("standard"):
        rows = view.clauses(standard.id)
        count = {state: sum(1 for row in rows if row.state == state) for state in view.states}
        values = {"title": f"{view.title(standard.id)}: clauses", "standard": standard, "rows": rows, "count": count}
        yield f"compliance/{standard.id}.md", "clauses.md.j2", values
    yield "findings.md", "findings.md.j2", {"title": "Open findings", "quiet": True}


def _chain(view: View, name: str) -> list[Any]:
    found = [item for item in view.of_type("process") if item.get("class") == name]
    return sorted(found, key=lambda item: (item.get("chain") if isinstance(item.get("chain"), int) else 999, item.id))


def _news(view: View) -> list[Any]:
    """What took effect last."""
    found = [item for item in _documents(view) if str(item.get("effective") or "9") <= view.today]
    return sorted(found, key=lambda item: (str(item.get("effective")), item.id), reverse=True)[:5]


def _coming(view: View) -> list[dict[str, str]]:
    """What takes effect soon: as announced by change control, else by the dates in the files."""
    if view.control is not None and not view.control.preview:
        rows = [(v.effective, v.item, v.revision, v.facts.get("change", "")) for v in view.control.all_coming()]
    else:
        rows = [
            (str(i.get("effective")), i.id, str(i.get("revision") or ""), str(i.get("change") or ""))
            for i in _documents(view)
            if str(i.get("effective") or "") > view.today
        ]
    names = ("effective", "item", "revision", "change")
    return [dict(zip(names, row, strict=True)) for row in sorted(rows)[:5]]


def _documents(view: View) -> list[Any]:
    """The controlled items that people work by."""
    groups = {name: kind.schema.get("x-group") for name, kind in view.types.items() if kind.controlled}
    return [item for item in view.graph.items.values() if groups.get(item.type) in ("documents", "processes")]
