"""qmsctl trace"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from qmsctl.commands import Workspace, colour, emit, format_option, pass_workspace
from qmsctl.graph import Graph
from qmsctl.measures import words


@click.command("trace", epilog="Examples: qmsctl trace SOP-014 · qmsctl trace OBJ-002 --format mermaid")
@click.argument("id")
@click.option("--depth", default=6, show_default=True, help="How far down to go.")
@format_option("tree", "json", "mermaid")
@pass_workspace
def command(workspace: Workspace, id: str, depth: int, form: str) -> None:
    """Follow an item up to the strategy and down to steps, forms and clauses."""
    graph = workspace.graph
    ref = workspace.ref(id)
    said = notes(workspace)
    paths = upward(graph, ref)
    below = downward(graph, ref, depth, frozenset(), said)
    if form == "json":
        emit(
            json.dumps(
                {"ref": ref, "title": graph.title(ref), "up": paths, "down": below}, ensure_ascii=False, indent=2
            )
        )
    elif form == "mermaid":
        emit(mermaid(graph, ref, paths, below))
    else:
        emit("\n".join(tree(graph, ref, paths, below, said, colour())))


def upward(graph: Graph, ref: str) -> list[list[str]]:
    """Return the paths from the strategy down to (not including) an item, each once."""
    paths: list[list[str]] = []

    def climb(node: str, path: list[str]) -> None:
        item = graph.parts[node].item if node in graph.parts else node
        if node == ref and node in graph.parts and graph.items[item].type == "catalogue":
            ups = answering(graph, node)
        elif node not in graph.parts or node == ref:
            ups = [up for up, _ in graph.chain(item, "up") if up not in path and up != ref]
        else:
            ups = []
        if not ups or len(path) > 7:
            if path:
                paths.append(path[::-1])
            return
        for up in ups:
            climb(up, [*path, up])

    climb(ref, [])
    if ref in graph.parts:
        owner = graph.parts[ref].item
        paths = [[*path, owner] for path in paths] or [[owner]]
    return sorted(paths)


def answering(graph: Graph, clause: str) -> list[str]:
    """Return the items that say how a clause is met."""
    found = set()
    for link in graph.links_to_ref(clause):
        spec = graph.spec_of(link)
        if spec is not None and spec.inverse in ("answered by", "claimed by") and graph.is_current(link.source):
            found.add(link.source)
    return sorted(found)


def downward(
    graph: Graph, ref: str, depth: int, seen: frozenset[str], said: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Return what carries an item out, as a tree of {ref, title, note, down}."""
    if depth <= 0 or ref in seen:
        return []
    rows: list[dict[str, Any]] = []
    if ref not in graph.parts:
        for part in graph.parts_of(ref, "steps"):
            who = part.data.get("who")
            rows.append(
                {"ref": f"#{part.key}", "title": part.title, "note": graph.title(str(who)) if who else "", "down": []}
            )
    clauses = []
    item = graph.parts[ref].item if ref in graph.parts else ref
    for below, link in graph.chain(item, "down"):
        if ref in graph.parts and ref not in (link.source_part, link.part):
            continue
        if below in graph.parts and graph.items[graph.parts[below].item].type == "catalogue":
            clauses.append(below)
            continue
        rows.append(
            {
                "ref": below,
                "title": graph.title(below),
                "note": said(below),
                "down": downward(graph, below, depth - 1, seen | {ref}, said),
            }
        )
    if clauses:
        rows.append({"ref": ", ".join(clauses), "title": "", "note": "clauses", "down": []})
    return rows


def notes(workspace: Workspace) -> Callable[[str], str]:
    """Return what is worth knowing beside a title: how it stands, revision, owner."""
    graph = workspace.graph
    measures = workspace.measures if workspace.measures.known else None

    def note(ref: str) -> str:
        item = graph.items.get(ref)
        if item is None:
            return ""
        parts = []
        judged = measures.judged(ref) if measures is not None and ref in measures.definitions else None
        if judged is not None:
            parts += [words.headline(judged), words.TRENDS[judged.trend]]
        elif item.get("target") is not None:
            parts.append(f"target {item.get('target')} {item.get('unit', '')}".strip())
        if measures is not None and item.get("attainment"):
            parts.insert(0, words.attained(measures.attainment(ref)))
        if item.get("revision"):
            parts.append(str(item.get("revision")))
        if item.get("owner"):
            parts.append(graph.title(str(item.get("owner"))))
        return " · ".join(parts)

    return note


def tree(
    graph: Graph,
    ref: str,
    paths: list[list[str]],
    below: list[dict[str, Any]],
    said: Callable[[str], str],
    paint: bool,
) -> list[str]:
    """Draw the chain as text, the item marked."""
    rows: list[str] = []
    last: list[str] = []
    for path in paths or [[]]:
        for level, node in enumerate(path):
            if level < len(last) and last[: level + 1] == path[: level + 1]:
                continue
            lead = "   " * (level - 1) + "└─ " if level else ""
            rows.append(f"{lead}{_name(graph, node)}" + (f"  {said(node)}" if said(node) else ""))
        last = path
    level = len(last)
    lead = "   " * (level - 1) + "└─ " if level else ""
    here = f"{_name(graph, ref)}  {said(ref)}".rstrip()
    rows.append(lead + (click.style(here, bold=True) if paint else here) + "  ◀ here")
    _branch(rows, below, "   " * level)
    return rows


def _branch(rows: list[str], below: list[dict[str, Any]], indent: str) -> None:
    for number, row in enumerate(below):
        final = number == len(below) - 1
        text = f"{row['ref']} {row['title']}".rstrip() + (f"  {row['note']}" if row["note"] else "")
        rows.append(f"{indent}{'└─' if final else '├─'} {text}")
        _branch(rows, row["down"], indent + ("   " if final else "│  "))


def _name(graph: Graph, ref: str) -> str:
    title = graph.title(ref)
    return title if ref in graph.parts and graph.parts[ref].field == "themes" else f"{ref} {title}"


def mermaid(graph: Graph, ref: str, paths: list[list[str]], below: list[dict[str, Any]]) -> str:
    """Write the chain as a Mermaid flowchart."""
    names: dict[str, str] = {}
    edges: dict[tuple[str, str], None] = {}

    def node(name: str, title: str) -> str:
        if name not in names:
            names[name] = f"n{len(names)}"
            safe = f"{name} {title}".replace('"', "'").replace("<", "‹").replace(">", "›").replace("#", "·")
            lines.append(f'  {names[name]}["{safe.strip()}"]')
        return names[name]

    lines = ["flowchart TD"]
    node(ref, graph.title(ref))
    for path in paths:
        for upper, lower in zip(path, [*path[1:], ref], strict=True):
            edges[node(upper, graph.title(upper)), node(lower, graph.title(lower))] = None

    def walk(parent: str, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            name = f"{parent}{row['ref']}" if row["ref"].startswith("#") else row["ref"]
            edges[names[parent], node(name, row["title"])] = None
            walk(name, row["down"])

    walk(ref, below)
    return "\n".join([*lines, *(f"  {a} --> {b}" for a, b in edges)])
