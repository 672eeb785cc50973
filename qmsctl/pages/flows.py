"""Pictures of how a process runs, and the files that carry it into other tools."""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.diagrams import bpmn
from qmsctl.diagrams.drawing import Diagram
from qmsctl.diagrams.flow import steps_of
from qmsctl.diagrams.swimlane import swimlane
from qmsctl.diagrams.turtle import Entry, TurtleParts, turtle
from qmsctl.model import Item, Part
from qmsctl.pages.view import View


def flow_of(view: View, process: Item) -> Diagram:
    """Return the swimlane of a process: lanes are roles, each step opens its instruction, else its row in the table."""
    page = view.prefix + view.page_of(process.id)

    def opens(part: Part) -> str:
        named = part.data.get("instruction")
        first = str(named[0]) if isinstance(named, list) and named else ""
        return view.url(first, page) or f"#{view.anchor(part)}"

    steps = steps_of(view.graph, process.id, opens)
    return swimlane(steps, {s.who: view.title(s.who) for s in steps if s.who}, process.title, view.t)


def turtle_of(view: View, process: Item) -> Diagram:
    """Return the turtle of a process: what comes in and goes out, with what, with whom, how, by what measure."""
    page, name = view.prefix + view.page_of(process.id), process.id

    def entries(*refs: str) -> list[Entry]:
        return [(view.title(ref), view.url(ref, page)) for ref in dict.fromkeys(refs)]

    def parts(field: str) -> list[Entry]:
        return [(part.title, f"#{view.anchor(part)}") for part in view.parts(name, field)]

    steps = view.parts(name, "steps")
    systems = [str(part.data["system"]) for part in steps if part.data.get("system")]
    named = process.get("resources")
    resources = [str(said) for said in named] if isinstance(named, list) else []
    return turtle(
        TurtleParts(
            process.title,
            parts("inputs"),
            parts("outputs"),
            [(said, "") for said in dict.fromkeys([*resources, *systems])],
            entries(*(str(part.data["who"]) for part in steps if part.data.get("who"))),
            entries(
                *(ref.partition("#")[0] for part in steps for ref in _texts(part.data.get("instruction"))),
                *view.related(name, "policies"),
            ),
            entries(*view.related(name, "kpis")),
        ),
        view.t,
    )


def files(view: View) -> Iterator[tuple[str, bytes]]:
    """Yield the BPMN file of each process that has steps, with its path below the site."""
    for process in view.of_type("process"):
        if view.parts(process.id, "steps"):
            yield f"{view.prefix}{view.page_of(process.id)}.bpmn", bpmn.document(view.graph, process)


def _texts(value: object) -> list[str]:
    return [str(said) for said in value] if isinstance(value, list) else []
