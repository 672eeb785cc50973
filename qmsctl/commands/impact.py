"""qmsctl impact"""

from __future__ import annotations

import json

import click

from qmsctl.commands import Workspace, colour, emit, format_option, pass_workspace

HEADS = {
    "retrain": "Retrain (their step changes)",
    "revise": "Revise",
    "review": "Review (they build on it)",
    "inform": "Inform (further up the chain)",
    "mention": "Read again (their text mentions it)",
}


@click.command("impact", epilog="Example: qmsctl impact SOP-014")
@click.argument("id")
@format_option("text", "json")
@pass_workspace
def command(workspace: Workspace, id: str, form: str) -> None:
    """Say everything a change of an item touches, grouped by what must happen to it."""
    graph = workspace.graph
    ref = workspace.ref(id)
    item = graph.parts[ref].item if ref in graph.parts else ref
    touched = graph.reach(item)
    people = {
        role: sorted({x.source for x in graph.links_to(role) if x.field == "roles" and graph.is_current(x.source)})
        for role, _ in touched.get("retrain", [])
    }
    if form == "json":
        emit(
            json.dumps(
                {
                    "ref": item,
                    "title": graph.title(item),
                    "people_to_retrain": people,
                    "touches": {
                        verb: [{"ref": name, "title": graph.title(name), "why": why} for name, why in rows]
                        for verb, rows in touched.items()
                    },
                },
                ensure_ascii=False,
                indent=2,
            )
        )
        return
    head = f"{item} {graph.title(item)}"
    out = [click.style(head, bold=True) if colour() else head]
    if not touched:
        out.append("nothing else names it")
    for verb in [*HEADS, *(v for v in touched if v not in HEADS)]:
        rows = touched.get(verb, [])
        if rows:
            out += ["", f"{HEADS.get(verb, verb.capitalize())}: {len(rows)}"]
            for name, why in rows:
                held = people.get(name)
                extra = (
                    f"{len(held)} {'person' if len(held) == 1 else 'people'}"
                    if held is not None and verb == "retrain"
                    else why
                )
                out.append(f"  {name} {graph.title(name)}  ({extra})")
    emit("\n".join(out))
