"""What a change touches and somebody must answer for."""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.graph import Graph

ASKED = ("retrain", "revise", "review")
"""What is asked about; what is only informed or mentioned needs no answer."""


def question(verb: str, item: str, title: str) -> str:
    """Return the question about one thing a change touches."""
    return {
        "retrain": f"Who in the role {title} is trained, and until when?",
        "revise": f"Does {item} {title} change too?",
    }.get(verb, f"Is {item} {title} still right?")


def touched(graph: Graph, document: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield (verb, item, title, why) for all that a change of a document must be answered for."""
    reach = graph.reach(document)
    for verb in ASKED:
        for name, why in reach.get(verb, []):
            if not graph.items[name].shipped:
                yield verb, name, graph.title(name), why


def answered(verb: str, answer: str, note: str) -> bool:
    """Tell whether a question is answered: training is done or not needed, and everything but the change itself says why."""
    if not answer or (verb == "retrain" and answer not in ("action", "no action")):
        return False
    return answer == "changed with it" or len(note.strip()) >= 8
