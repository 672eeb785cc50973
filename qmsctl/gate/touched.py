"""What a change touches, and what its change record must answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qmsctl.approvals import impact
from qmsctl.approvals.documents import DocumentChange
from qmsctl.gate.decision import Judged, Question
from qmsctl.gate.run import Run
from qmsctl.graph import Graph


def touches(run: Run, change: DocumentChange) -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for state in (run.base, run.new):
        if change.item in state.items:
            graph = Graph(state.loaded)
            for verb, rows in graph.reach(change.item).items():
                for name, why in rows:
                    if not state.items[name].shipped:
                        found.setdefault(verb, {})[name] = (graph.title(name), why)
    return tuple((verb, tuple((n, *facts) for n, facts in sorted(rows.items()))) for verb, rows in found.items())


def reaches(run: Run, change: DocumentChange) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the clauses a document answers and the locations where it holds, before and after."""
    clauses: dict[str, None] = {}
    places: dict[str, None] = {}
    for state in (run.base, run.new):
        if change.item not in state.items:
            continue
        graph = Graph(state.loaded)
        for link in graph.links_from(change.item):
            if link.part and graph.items[link.to].type == "catalogue":
                clauses[link.part] = None
        named = state.items[change.item].get("locations")
        places.update(
            dict.fromkeys(graph.title(p) for p in (named if isinstance(named, list) else []) if isinstance(p, str))
        )
    return tuple(clauses), tuple(places)


def questions(run: Run, judged: Iterable[Judged]) -> list[Question]:
    """Return what the change records must answer, with the answers they give."""
    found = []
    rows_judged = list(judged)
    for one in rows_judged:
        if one.change is None or one.change.facts.kind not in run.rules.change_records or not one.record:
            continue
        record = run.new.items[one.record]
        rows = [row for row in record.get("impact") or [] if isinstance(row, Mapping)]
        answers = {str(row.get("item")): row for row in rows}
        with_it = {other.change.item for other in rows_judged if other.change is not None}
        for verb, hits in one.touches:
            for name, title, why in hits if verb in impact.ASKED else ():
                if name in with_it or name == record.id:
                    continue
                row = answers.get(name, {})
                answer, note = str(row.get("answer") or ""), str(row.get("note") or "")
                if not impact.answered(verb, answer, note):
                    answer = ""
                found.append(Question(one.change.item, name, title, verb, why, answer, note))
    return found
