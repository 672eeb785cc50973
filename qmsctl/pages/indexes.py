"""The pages that are not one item: the front page, the cascade, registers, the clause matrix, findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from qmsctl.pages import agenda, calendar, compliance, overview, registers, search, transition
from qmsctl.pages.view import View

Page = tuple[str, str, dict[str, Any]]


def groups() -> list[tuple[str, Callable[[View], Iterator[Page]]]]:
    """Return the makers of the pages that are not one item, by name."""
    return [
        ("front", _front),
        ("overview", overview.pages),
        ("calendar", calendar.pages),
        ("registers", registers.pages),
        ("findings", registers.pages_of_findings),
        ("compliance", compliance.pages),
        ("transition", transition.pages),
        ("search", search.pages),
    ]


def pages(view: View) -> Iterator[Page]:
    """Yield (path, template, values) of every page that is not one item."""
    for _, make in groups():
        yield from make(view)


def _front(view: View) -> Iterator[Page]:
    chain = {name: _chain(view, name) for name in ("management", "core", "support")}
    yield (
        "index.md",
        "index.md.j2",
        {
            "title": view.organisation,
            "chain": chain,
            "news": _news(view),
            "coming": agenda.coming(view)[:5],
            "hints": _hints(view),
            "plain": True,
        },
    )
    yield "strategy.md", "cascade.md.j2", {"title": view.t("Strategy and what carries it out"), "plain": True}
    yield "performance.md", "performance.md.j2", {"title": view.t("Where we stand")}
    yield "processes.md", "processes.md.j2", {"title": view.t("Processes"), "chain": chain, "plain": True}
    yield "roles.md", "roles.md.j2", {"title": view.t("Roles")}


def _chain(view: View, name: str) -> list[Any]:
    found = [item for item in view.of_type("process") if item.get("class") == name]
    return sorted(found, key=lambda item: (item.get("chain") if isinstance(item.get("chain"), int) else 999, item.id))


def _hints(view: View) -> list[str]:
    """What people often ask, as examples for the search: steps that decide something."""
    steps = [view.parts(process.id, "steps") for process in _chain(view, "core")]
    asked = [next((p.title for p in parts if p.data.get("decision")), "") for parts in steps]
    known = [title for title in asked if title]
    return known[:: max(1, len(known) // 3)][:3]


def _news(view: View) -> list[Any]:
    """What took effect last."""
    found = [item for item in _documents(view) if str(item.get("effective") or "9") <= view.today]
    return sorted(found, key=lambda item: (str(item.get("effective")), item.id), reverse=True)[:5]


def _documents(view: View) -> list[Any]:
    """The controlled items that people work by."""
    groups = {name: kind.schema.get("x-group") for name, kind in view.types.items() if kind.controlled}
    return [item for item in view.graph.items.values() if groups.get(item.type) in ("documents", "processes")]
