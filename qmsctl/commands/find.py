"""qmsctl find"""

from __future__ import annotations

import re

import click

from qmsctl.commands import EXIT_FINDINGS, Workspace, colour, emit, format_option, pass_workspace, width
from qmsctl.graph import Graph
from qmsctl.output.tables import render_table


@click.command("find", epilog="Example: qmsctl find incoming inspection sample")
@click.argument("words", nargs=-1, required=True)
@click.option("--most", default=15, show_default=True, help="How many to show.")
@format_option("table", "csv", "json")
@click.pass_context
@pass_workspace
def command(workspace: Workspace, ctx: click.Context, words: tuple[str, ...], most: int, form: str) -> None:
    """Find items and steps by words, best first."""
    graph = workspace.graph
    hits = search(graph, " ".join(words))[:most]
    rows = [{"id": ref, "title": graph.title(ref), "where": where} for ref, where in hits]
    if not rows and form == "table":
        emit(f"nothing holds all of: {' '.join(words)}")
        ctx.exit(EXIT_FINDINGS)
    emit(render_table(rows, ["id", "title", "where"], form, colour(), width()))


def search(graph: Graph, text: str) -> list[tuple[str, str]]:
    """Return (reference, what it is) of items and steps that hold all words; titles weigh most."""
    words = re.findall(r"[\w#/.-]+", text.lower())
    found: list[tuple[int, str, str]] = []
    for item in graph.items.values():
        title = f"{item.id} {graph.title(item.id)}".lower()
        rest = f"{item.fields} {item.body}".lower()
        score = _score(words, title, rest)
        if score:
            found.append((-score, item.id, graph.types[item.type].title))
    for ref, part in graph.parts.items():
        if part.field in ("steps", "outputs", "controls", "themes", "clauses"):
            text_of = str(part.data.get("text") or part.data.get("how") or "")
            score = _score(words, f"{ref} {part.title}".lower(), text_of.lower())
            if score:
                found.append((-score - 1, ref, f"{part.field[:-1]} of {graph.title(part.item)}"))
    return [(ref, where) for _, ref, where in sorted(found)]


def _score(words: list[str], title: str, rest: str) -> int:
    score = 0
    for word in words:
        if word in title:
            score += 6 if re.search(rf"\b{re.escape(word)}\b", title) else 4
        elif word in rest:
            score += 1
        else:
            return 0
    return score
