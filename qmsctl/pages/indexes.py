"""The pages that are not one item: the front page, the cascade, registers, the clause matrix, findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qmsctl.pages import registers, search
from qmsctl.pages.view import View


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of every page that is not one item."""
    chain = {name: _chain(view, name) for name in ("management", "core", "support")}
    yield (
        "index.md",
        "index.md.j2",
        {
            "title": view.organisation,
            "chain": chain,
            "news": _news(view),
            "coming": _coming(view),
            "hints": _hints(view),
            "plain": True,
        },
    )
    yield "strategy.md", "cascade.md.j2", {"title": view.t("Strategy and what carries it out"), "plain": True}
    yield "performance.md", "performance.md.j2", {"title": view.t("Where we stand")}
    yield "processes.md", "processes.md.j2", {"title": view.t("Processes"), "chain": chain, "plain": True}
    yield "roles.md", "roles.md.j2", {"title": view.t("Roles")}
    yield from registers.pages(view)
    yield from search.pages(view)


def _chain(view: View, name: str) -> list[Any]:
    found = [item for item in view.of_type("process") if item.get("class") == name]
    return sorted(found, key=lambda item: (item.get("chain") if isinstance(item.get("chain"), int) else 999, item.id))


def _hints(view: View) -> list[str]:
    """What people often ask, as examples for the search: steps that decide something."""
    asked = [
        part.title
        for process in _chain(view, "core")
        for part in view.parts(process.id, "steps")
        if part.data.get("decision")
    ]
    return asked[:3]


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
