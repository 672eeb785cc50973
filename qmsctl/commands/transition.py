"""qmsctl transition"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from qmsctl.commands import Trouble, Workspace, as_of_option, colour, emit, format_option, pass_workspace, width
from qmsctl.commands.kpi import governed
from qmsctl.coverage import NAMES, Clause, UnknownStandard
from qmsctl.coverage.transition import CHANGES, OUTCOMES, PHASES, Move, Task, Touched, Transition, transition
from qmsctl.graph import Graph
from qmsctl.output.tables import render_table
from qmsctl.output.text import cells, pad, wrap
from qmsctl.pages import transition_words as words
from qmsctl.pages.wording import Words

SIGNS = {
    "open": "■", "behind": "■", "restate": "■", "planned": "△", "done": "●", "carries": "●", "excluded": "○", "ended": "–",
}  # fmt: skip
PAINT = {"■": "red", "△": "yellow", "▲": "yellow", "●": "green"}
TASKS = ["number", "phase", "task", "more", "clauses", "items", "owner", "by", "effort", "state"]
CLAUSES = [
    "old", "old_topic", "old_state", "change", "new", "new_topic", "new_state", "outcome", "what_changes", "missing",
    "documents", "registers", "kpis", "records", "tasks", "owner", "basis",
]  # fmt: skip


@click.command(
    "transition",
    epilog="Examples:\n\n  qmsctl transition iso9001-2015 iso9001-2026\n\n  qmsctl transition STD-001 STD-002 --tasks\n\n"
    "  qmsctl transition iso9001-2015 iso9001-2026 --format markdown --out transition.md\n\n"
    "  qmsctl transition iso9001-2015 iso9001-2026 --location westry --format xlsx --out transition.xlsx",
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--tasks", "only_tasks", is_flag=True, help="Only what is to be done: by whom, by when.")
@click.option("--location", metavar="ID", help="How it stands at one location.")
@format_option("text", "markdown", "csv", "xlsx", "json")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file.")
@as_of_option
@pass_workspace
def command(
    workspace: Workspace,
    old: str,
    new: str,
    only_tasks: bool,
    location: str | None,
    form: str,
    out: Path | None,
    as_of: str | None,
) -> None:
    """Say what a new edition of a standard means for you: what carries over, what is missing, who does what by when.

    OLD and NEW are catalogues, such as iso9001-2015 and iso9001-2026, or the items that apply them, such as STD-001
    and STD-002.
    """
    if form == "xlsx" and out is None:
        raise Trouble("a workbook goes to a file", "name it: --out transition.xlsx")
    workspace.also_load(old, new)
    view = governed(workspace, as_of)
    try:
        found = transition(view.graph, old, new, view.today(as_of), location or "")
    except UnknownStandard as error:
        raise Trouble(str(error), error.help) from error
    report = _Report(view.graph, found, view.loaded.config.organisation)
    if form == "json":
        emit(json.dumps(report.plain(), ensure_ascii=False, indent=2), out)
    elif form == "csv":
        rows, columns = (report.task_rows(), TASKS) if only_tasks else (report.clause_rows(), CLAUSES)
        emit(render_table(rows, columns, "csv"), out)
    elif form == "xlsx" and out is not None:
        report.workbook(out)
    elif form == "markdown":
        emit("\n".join(report.markdown(only_tasks)), out)
    else:
        emit("\n".join(report.text(only_tasks)), out)


class _Report:
    """A transition in the words and layouts of the command line."""

    def __init__(self, graph: Graph, found: Transition, organisation: str) -> None:
        self.graph = graph
        self.found = found
        self.organisation = organisation
        self.t = Words()
        self.changes = words.changes(self.t)
        self.outcomes = words.outcomes(self.t)
        self.names = (found.old.catalogue.title, found.new.catalogue.title)

    # --- words --------------------------------------------------------------------------------------

    def task(self, task: Task) -> str:
        said = words.task_words(task, self.found, self.t, self.graph.title)
        return f"{words.keys(task.clauses)}: {said.rstrip('.')}" if task.kind == "plan" else said

    def who(self, role: str) -> str:
        return self.graph.title(role) if role else "nobody yet"

    def day(self, day: str) -> str:
        return self.t.day(day) if day else "no day"

    def where(self, touched: Touched) -> str:
        """An item that is touched, with the place in it."""
        if touched.at != touched.item:
            return f"{touched.item} {self.graph.title(touched.item)}, step {self.graph.title(touched.at)}"
        section = f", section {touched.section}" if touched.section else ""
        return f"{touched.item} {self.graph.title(touched.item)}{section}"

    def touched(self, move: Move, kind: str) -> list[str]:
        return [self.where(one) for one in move.touched if one.kind == kind]

    def registers(self, move: Move) -> list[str]:
        return [words.register(one, self.t, self.graph.types[one.type].plural) for one in move.registers]

    def others(self, move: Move) -> list[tuple[str, str]]:
        """What else claims the clauses, by what it is called: risks, roles, objectives."""
        found: dict[str, list[str]] = {}
        for one in move.touched:
            if one.kind == "register":
                kind = self.graph.types[self.graph.items[one.item].type]
                named = self.graph.title(one.item) if kind.id_template == "<slug>" else self.where(one)
                found.setdefault(kind.plural, []).append(named)
        return [(name, _some(titles)) for name, titles in found.items()]

    def lines(self, move: Move) -> list[tuple[str, str]]:
        """What a change touches here, by kind."""
        found = [
            ("Touches", _some(self.touched(move, "document"))),
            ("Registers", "; ".join(self.registers(move))),
            *self.others(move),
            ("KPIs", _some(self.touched(move, "measure"))),
            ("Records", _some(self.touched(move, "record"))),
        ]
        return [(name, said) for name, said in found if said]

    def states(self, clauses: Iterable[Clause]) -> str:
        return ", ".join(dict.fromkeys(NAMES[self.found.stand(clause).state] for clause in clauses))

    def head(self, move: Move) -> str:
        """6.1.2 → 6.1.2, 6.1.3 Acting on risks; acting on opportunities."""
        before, after = (", ".join(c.key for c in side) for side in (move.before, move.after))
        number = after if before == after else f"{before or '–'} → {after or '–'}"
        return f"{number} {'; '.join(dict.fromkeys(c.topic for c in move.after or move.before))}"

    def parts(self) -> list[tuple[str, list[Move]]]:
        """The changes in the order in which they matter to who has to act."""
        moves = self.found.moves
        more = [move for move in moves if move.more or move.change in ("new", "unmapped", "withdrawn")]
        rest = [move for move in moves if move not in more]
        behind = [move for move in rest if move.outcome in ("behind", "planned")]
        return [
            (f"Where {self.names[1]} asks for more", more),
            ("Open already today, whatever the edition", behind),
            (
                "Other words or numbers, the same demand",
                [move for move in rest if move not in behind and move.change != "unchanged"],
            ),
        ]

    def unchanged(self, outcome: str) -> list[Move]:
        return [
            move
            for move in self.found.moves
            if move.change == "unchanged" and move.outcome == outcome and not move.more
        ]

    def lists(self) -> list[tuple[str, list[Move]]]:
        """What needs no more than its numbers."""
        found = [
            ("Unchanged, and nothing to do", self.unchanged("carries")),
            ("Unchanged, and the exclusion to be said again", self.unchanged("restate")),
            ("Unchanged, and not applicable", self.unchanged("excluded")),
        ]
        return [(title, moves) for title, moves in found if moves]

    # --- terminal -----------------------------------------------------------------------------------

    def text(self, only_tasks: bool) -> Iterator[str]:
        found = self.found
        at = f" at {self.graph.title(found.location)}" if found.location else ""
        yield _bold(f"From {self.names[0]} to {self.names[1]}{at}")
        yield f"{self.organisation}, as of {self.day(found.days.today)}"
        yield ""
        if not only_tasks:
            yield from wrap(words.verdict(found, self.t), width())
            for paragraph in words.summary(found, self.t, self.graph.title):
                yield ""
                yield from wrap(paragraph, width())
            yield ""
            yield self.bar()
            for warning in words.warnings(found, self.t):
                yield ""
                yield from _hung(warning, click.style("▲ ", fg="yellow") if colour() else "▲ ", 2)
            yield ""
        if not only_tasks and found.left():
            yield _bold("Do first")
            for task in words.first_tasks(found):
                yield from _hung(
                    f"{self.task(task)} ({self.who(task.owner)}, {self.day(task.by)})", f"  {task.number}. ", 5
                )
            yield ""
        yield from self.task_list(only_tasks)
        if only_tasks:
            return
        for title, moves in self.parts():
            if moves:
                yield ""
                yield _bold(title)
            for move in moves:
                yield ""
                yield from self.move(move)
        for title, moves in self.lists():
            yield ""
            yield _bold(title)
            yield from _hung(_keys(moves), "  ", 2)
        yield ""
        yield _bold("What this rests on")
        for text in self.basis():
            yield from _hung(text, "  ", 2)

    def bar(self) -> str:
        """How far it is, as a bar and in figures."""
        counts = self.found.counts
        figures = [f"{_sign(SIGNS[o])} {counts[o]} {self.outcomes[o]}" for o in reversed(OUTCOMES) if counts[o]]
        applying = self.found.total - counts["excluded"]
        room = min(40, width() - 20)
        ready, planned = (
            round(room * n / applying) if applying else room for n in (self.found.ready, counts["planned"])
        )
        filled = "█" * ready + "▒" * min(planned, room - ready)
        return f"{filled}{'░' * (room - len(filled))}\n{'  '.join(figures)}"

    def task_list(self, more: bool) -> Iterator[str]:
        found = self.found
        if not found.left():
            yield "Nothing is left to do."
        shown = [*found.left(), *(task for task in found.tasks if task.state == "done")]
        who = max((cells(self.who(task.owner)) for task in shown), default=0)
        for phase in PHASES:
            tasks = [task for task in found.tasks if task.phase == phase]
            if not tasks:
                continue
            yield _bold(words.phases(self.t)[phase])
            for task in tasks:
                sign = {"done": "●", "planned": "△"}.get(task.state, "▲" if task.late else "■")
                left = f"{_sign(sign)} {task.number:>2}  {task.by or ' ' * 10}  {pad(self.who(task.owner), who)}  {task.effort:5}  "
                state = f" ({words.task_state(task, self.t)})" if task.state != "open" or task.late else ""
                yield from _hung(self.task(task) + state, left, cells_of(left))
                if more and (helps := words.task_more(task, self.t)):
                    yield from _hung(helps, " " * cells_of(left), cells_of(left))
            yield ""

    def move(self, move: Move) -> Iterator[str]:
        yield from _hung(
            f"{_bold(self.head(move))}: {words.change(move, self.t)}; {self.outcomes[move.outcome]}", f"{_sign(SIGNS[move.outcome])} ", 2
        )  # fmt: skip
        if move.note:
            yield from _hung(move.note, "    ", 4)
        if move.work or move.more or move.before != move.after:
            for name, said in self.lines(move):
                yield from _hung(said, f"    {name}: ", 6)
        for reason in self.found.missing(move):
            yield from _hung(str(reason), "    - ", 6)
        if move.tasks:
            yield from _hung(", ".join(map(str, move.tasks)), "    Tasks: " if len(move.tasks) > 1 else "    Task: ", 6)

    def basis(self) -> Iterator[str]:
        found = self.found
        yield words.rests_on(found, self.t)
        if found.mapping.get("source"):
            yield f"{found.mapping.id}: {found.mapping.get('source')}"
        if found.days.note:
            yield found.days.note
        if not found.new.catalogue.get("complete"):
            yield f"The list of clauses of {self.names[1]} is not known to be complete."

    # --- Markdown -----------------------------------------------------------------------------------

    def markdown(self, only_tasks: bool) -> Iterator[str]:
        found = self.found
        at = f" at {self.graph.title(found.location)}" if found.location else ""
        yield f"# From {_md(self.names[0])} to {_md(self.names[1])}{_md(at)}"
        yield ""
        yield f"{_md(self.organisation)}, as of {self.day(found.days.today)}"
        yield ""
        if not only_tasks:
            yield f"**{_md(words.verdict(found, self.t))}**"
            for paragraph in words.summary(found, self.t, self.graph.title):
                yield f"\n{_md(paragraph)}"
            for warning in words.warnings(found, self.t):
                yield f"\n> {_md(warning)}"
            yield ""
            yield "| How it stands | Clauses |"
            yield "| --- | ---: |"
            for outcome in OUTCOMES:
                if found.counts[outcome]:
                    yield f"| {_md(self.outcomes[outcome])} | {found.counts[outcome]} |"
            yield ""
        yield "## What to do"
        for phase in PHASES:
            tasks = [task for task in found.tasks if task.phase == phase]
            if tasks:
                yield f"\n### {_md(words.phases(self.t)[phase])}\n"
                yield "| No. | Task | Who | By | Effort | State |"
                yield "| ---: | --- | --- | --- | --- | --- |"
                for task in tasks:
                    more = words.task_more(task, self.t)
                    said = _md(self.task(task)) + (f"<br>{_md(more)}" if more else "")
                    yield f"| {task.number} | {said} | {_md(self.who(task.owner))} | {self.day(task.by)} | {task.effort} | {words.task_state(task, self.t)} |"
        if only_tasks:
            return
        for title, moves in self.parts():
            if moves:
                yield f"\n## {_md(title)}"
            for move in moves:
                yield from self.move_md(move)
        for title, moves in self.lists():
            yield f"\n## {title}\n"
            yield _md(_keys(moves))
        yield "\n## What this rests on"
        for text in self.basis():
            yield f"\n{_md(text)}"

    def move_md(self, move: Move) -> Iterator[str]:
        yield f"\n### {_md(self.head(move))}\n"
        yield f"{_md(words.change(move, self.t).capitalize())}; {_md(self.outcomes[move.outcome])}. {_md(move.note)}".rstrip()
        lines = [
            *self.lines(move),
            ("Missing", "; ".join(map(str, self.found.missing(move)))),
            ("Tasks", ", ".join(map(str, move.tasks))),
        ]
        said = [f"- {name}: {_md(text)}" for name, text in lines if text]
        if said:
            yield ""
            yield from said

    # --- files --------------------------------------------------------------------------------------

    def task_rows(self) -> list[dict[str, str]]:
        return [
            {
                "number": str(task.number),
                "phase": task.phase,
                "task": self.task(task),
                "more": words.task_more(task, self.t),
                "clauses": words.keys(task.clauses),
                "items": ", ".join(task.refs),
                "owner": task.owner,
                "by": task.by,
                "effort": task.effort,
                "state": words.task_state(task, self.t),
            }
            for task in self.found.tasks
        ]

    def clause_rows(self) -> list[dict[str, str]]:
        return [
            {
                "old": ", ".join(c.key for c in move.before),
                "old_topic": "; ".join(c.topic for c in move.before),
                "old_state": self.states(move.before),
                "change": words.change(move, self.t),
                "new": ", ".join(c.key for c in move.after),
                "new_topic": "; ".join(c.topic for c in move.after),
                "new_state": self.states(move.after),
                "outcome": self.outcomes[move.outcome],
                "what_changes": move.note,
                "missing": "; ".join(map(str, self.found.missing(move))),
                "documents": "; ".join(self.touched(move, "document")),
                "registers": "; ".join(
                    [*self.registers(move), *(f"{name}: {said}" for name, said in self.others(move))]
                ),
                "kpis": "; ".join(self.touched(move, "measure")),
                "records": "; ".join(self.touched(move, "record")),
                "tasks": ", ".join(map(str, move.tasks)),
                "owner": ", ".join(dict.fromkeys(c.owner for c in move.after or move.before if c.owner)),
                "basis": ", ".join(dict.fromkeys(c.confidence for c in move.after or move.before if c.confidence)),
            }
            for move in self.found.moves
        ]

    def workbook(self, out: Path) -> None:
        from qmsctl.atomic import write_whole
        from qmsctl.output.workbook import Sheet, workbook

        def sheet(name: str, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> Sheet:
            return Sheet(name, [c.replace("_", " ") for c in columns], [[row[c] for c in columns] for row in rows])

        found = self.found
        said = [words.verdict(found, self.t), *words.summary(found, self.t, self.graph.title)]
        short = [[text] for text in (*said, *words.warnings(found, self.t), *self.basis())]
        title = f"From {self.names[0]} to {self.names[1]}"
        sheets = [
            Sheet("In short", [f"{title}, as of {found.days.today}"], short),
            sheet("Tasks", TASKS, self.task_rows()),
            sheet("Clauses", CLAUSES, self.clause_rows()),
        ]
        write_whole(out, workbook(sheets, title, found.days.today))

    def plain(self) -> dict[str, Any]:
        found, days = self.found, self.found.days
        return {
            "old": found.old.catalogue.id,
            "new": found.new.catalogue.id,
            "standards": [c.standard.id if c.standard else None for c in (found.old, found.new)],
            "mapping": found.mapping.id,
            "as_of": days.today,
            "location": found.location or None,
            "confidence": found.confidence,
            "switch": days.switch or None,
            "switch_suggested": days.suggested,
            "transition_ends": days.ends or None,
            "certificate_ends": days.certificate or None,
            "verdict": words.verdict(found, self.t),
            "summary": words.summary(found, self.t, self.graph.title),
            "warnings": words.warnings(found, self.t),
            "clauses": found.total,
            "outcomes": {outcome: found.counts[outcome] for outcome in OUTCOMES if outcome != "ended"},
            "changes": {change: len(found.of(change)) for change in CHANGES},
            "tasks": [self._plain_task(task) for task in found.tasks],
            "moves": [self._plain_move(move) for move in found.moves],
        }

    def _plain_task(self, task: Task) -> dict[str, Any]:
        return {
            "number": task.number,
            "phase": task.phase,
            "kind": task.kind,
            "task": self.task(task),
            "more": words.task_more(task, self.t) or None,
            "clauses": list(task.clauses),
            "items": list(task.refs),
            "owner": task.owner or None,
            "by": task.by or None,
            "effort": task.effort,
            "state": task.state,
            "late": task.late,
        }

    def _plain_move(self, move: Move) -> dict[str, Any]:
        return {
            "change": move.change,
            "relation": move.relation,
            "asks_for_more": move.more,
            "old": [{"clause": c.ref, "topic": c.topic, "state": self.found.stand(c).state} for c in move.before],
            "new": [{"clause": c.ref, "topic": c.topic, "state": self.found.stand(c).state} for c in move.after],
            "outcome": move.outcome,
            "note": move.note or None,
            "missing": [str(reason) for reason in self.found.missing(move)],
            "touched": [
                {
                    "at": one.at,
                    "item": one.item,
                    "kind": one.kind,
                    "owner": one.owner or None,
                    "section": one.section or None,
                }
                for one in move.touched
            ],
            "registers": [{"type": one.type, "items": one.count, "without_action": one.idle} for one in move.registers],
            "numbers_with_another_meaning": list(move.reused),
            "tasks": list(move.tasks),
        }


def _keys(moves: Iterable[Move]) -> str:
    return ", ".join(clause.key for move in moves for clause in move.after or move.before)


def _some(texts: Sequence[str], most: int = 6) -> str:
    """The first of many."""
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def _bold(text: str) -> str:
    return click.style(text, bold=True) if colour() else text


def _sign(sign: str) -> str:
    return click.style(sign, fg=PAINT.get(sign)) if colour() else sign


def cells_of(text: str) -> int:
    """How many columns a text takes on a terminal, colours aside."""
    return cells(click.unstyle(text))


def _hung(text: str, left: str, indent: int) -> Iterator[str]:
    """Yield a text as lines: the first after ``left``, the others indented."""
    start = cells_of(left)
    first, *rest = wrap(" ".join(text.split()), max(20, width() - max(start, indent)))
    yield left + first
    for line in rest:
        yield " " * indent + line


def _md(text: str) -> str:
    """Write text so that nothing in it means something in Markdown or HTML."""
    plain = " ".join(text.split())
    for sign in "\\`*_[]|#":
        plain = plain.replace(sign, f"\\{sign}")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
