"""Pages about the whole: where the organisation stands, and how its processes work into each other's hands."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qmsctl.model import Item, rows_of
from qmsctl.pages import agenda
from qmsctl.pages.registers import score
from qmsctl.pages.view import View

if TYPE_CHECKING:
    from qmsctl.measures.board import Attainment
    from qmsctl.measures.model import Judged

FEW = 4
"""How many lines a box of the executive page shows; with it the page stays one sheet of A4."""

LATELY = 31
"""How many days back a change counts as new."""

MATRIX = 60
"""Up to how many processes the matrix is drawn; beyond it only the list can be read."""

CLASSES = ("management", "core", "support")


# --- where we stand ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme with how far it is."""

    ref: str
    title: str
    attained: Attainment


@dataclass(frozen=True, slots=True)
class Off:
    """A KPI that is off target: since when, and what is being done about it."""

    kpi: str
    title: str
    value: str
    target: str
    since: str
    done: str


@dataclass(frozen=True, slots=True)
class Threat:
    """A risk with likelihood times severity, and the next thing done about it."""

    risk: str
    title: str
    score: int
    state: str
    action: str


@dataclass(frozen=True, slots=True)
class Ready:
    """How far a standard is answered."""

    standard: str
    title: str
    covered: int
    demanded: int
    words: str


@dataclass(slots=True)
class Box:
    """A part of the executive page: one sentence, then the few lines that matter most."""

    said: str = ""
    rows: Sequence[Any] = field(default_factory=list)
    more: int = 0


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the executive page and of the interactions of processes."""
    yield (
        "executive.md",
        "executive.md.j2",
        {
            "title": view.t("Where we stand"),
            "plain": True,
            "headline": headline(view),
            "themes": themes(view),
            "off": off(view),
            "risks": risks(view),
            "due": due(view),
            "changes": changes(view),
            "ready": ready(view),
            "people": people(view),
        },
    )
    order = processes(view)
    found = handovers(view)
    yield (
        "interactions.md",
        "interactions.md.j2",
        {
            "title": view.t("How processes work together"),
            "plain": True,
            "order": order,
            "handovers": found,
            "matrix": len(order) <= MATRIX,
            "gaps": gaps(view),
            "chain": end_to_end(view),
        },
    )


def headline(view: View) -> list[str]:
    """Return the state of the whole in a few sentences."""
    t = view.t
    said = []
    if view.performance is None:
        said.append(t("No figures yet: nobody knows whether the aims are reached."))
    else:
        said += [_figures(view), _behind(view)]
    late = sum(1 for entry in agenda.entries(view) if entry.on < view.today)
    said.append(_count(late, t("Nothing is overdue."), t("1 thing is overdue."), t("{n} things are overdue.", n=late)))
    return [str(sentence) for sentence in said if sentence]


def _figures(view: View) -> str:
    """Of 27 measures 14 are on target, 5 within limits and 4 off target."""
    assert view.performance is not None
    t = view.t
    counts = view.performance.counts(view.performance.executive)
    total = sum(count for *_, count in counts)
    found = {(state, said): count for state, _, said, count in counts}
    on, near = found.get(("on", "on target"), 0), found.get(("on", "within limits"), 0)
    watch, bad, none = (sum(n for (state, _), n in found.items() if state == name) for name in ("watch", "off", "none"))
    parts = [
        (on, t("{n} on target", n=on)),
        (near, t("{n} within limits", n=near)),
        (watch, t("{n} to watch", n=watch)),
        (bad, t("{n} off target", n=bad)),
        (none, t("{n} without a value to trust", n=none)),
    ]
    named = listed(view, [said for count, said in parts if count])
    if not total:
        return str(t("No figures are defined yet."))
    return _count(total, "", t("The one figure: {states}.", states=named), t("Of {n} figures: {states}.", n=total, states=named))  # fmt: skip


def _behind(view: View) -> str:
    """Name the themes whose progress is behind the time that has passed."""
    t = view.t
    every = themes(view)
    unknown = sum(1 for theme in every if theme.attained.state == "none")
    late = [theme.title for theme in every if theme.attained.state == "off"]
    names = listed(view, [str(t("“{title}”", title=title)) for title in late])
    said = _count(
        len(late),
        t("No theme is behind its time.") if every and not unknown else "",
        t("1 of {total} themes is behind its time: {names}.", total=len(every), names=names),
        t("{n} of {total} themes are behind their time: {names}.", n=len(late), total=len(every), names=names)
        if len(late) < FEW
        else t("{n} of {total} themes are behind their time.", n=len(late), total=len(every)),
    )
    doubt = _count(
        unknown,
        "",
        t("How far 1 of {total} themes is, nobody knows.", total=len(every)),
        t("How far {n} of {total} themes are, nobody knows.", n=unknown, total=len(every)),
    )
    return " ".join(sentence for sentence in (said, doubt) if sentence)


def themes(view: View) -> list[Theme]:
    """Return the themes of the strategy; how far they are is not known where there are no figures."""
    from qmsctl.measures.board import Attainment

    found = []
    for strategy in view.of_type("strategy"):
        for part in view.parts(strategy.id, "themes"):
            known = view.performance.theme(part.ref) if view.performance else Attainment(part.ref, None, None)
            found.append(Theme(part.ref, part.title, known))
    return found


def off(view: View) -> Box:
    """Return what is off target, with the day since when and what is being done."""
    t = view.t
    board = view.performance
    if board is None:
        return Box(str(t("Figures come from data: see the page of a KPI for its definition.")))
    card = board.worst(board.executive)
    lines = [line for line in card.lines if line.status == "off"] if card else []
    rows = []
    for line in lines[:FEW]:
        judged = board.judged(line.kpi, line.location)
        since = _since(judged) if judged is not None else ""
        value = f"{line.value} {line.unit}".strip()
        rows.append(Off(line.kpi, line.title, value, line.target, since, _done_about(view, line.kpi, since)))
    blind = len(card.lines) - len(lines) if card else 0
    said = _count(
        len(lines),
        t("Nothing is known to be off target.") if blind else t("Nothing is off target."),
        t("1 figure is off target."),
        t("{n} figures are off target.", n=len(lines)),
    )
    doubt = _count(blind, "", t("1 figure has no value to trust."), t("{n} figures have no value to trust.", n=blind))
    return Box(
        f"{said} {doubt}".strip(), [(row, _since_words(view, row.since)) for row in rows], len(lines) - len(rows)
    )


def _since(judged: Judged) -> str:
    """Return the first period of the stretch off target that lasts until now."""
    first = ""
    for point in reversed(judged.points):
        if point.status != "off":
            break
        first = point.period
    return first


def _since_words(view: View, period: str) -> str:
    named = view.performance.period(period) if view.performance and period else ""
    return str(view.t("since {period}", period=named)) if named else ""


def _done_about(view: View, kpi: str, since: str) -> str:
    """Return what is written down against a KPI that is off: the newest action of its log that covers the stretch."""
    t = view.t
    assert view.performance is not None
    for row in view.performance.explanations(kpi):
        if row.until < since or not (row.action or row.cause):
            continue
        if not row.action:
            return str(row.cause)
        if row.done:
            return str(t("{action} Done on {day}.", action=_sentence(row.action), day=view.long_day(row.done)))
        if row.who and row.by:
            return str(t("{action} {who}, by {day}.", action=_sentence(row.action), who=view.title(row.who), day=view.long_day(row.by)))  # fmt: skip
        return _sentence(row.action)
    return ""


def risks(view: View) -> Box:
    """Return the biggest risks with the next action on each."""
    t = view.t
    known = [(score(item) or 0, item) for item in view.of_type("risk")]
    ranked = sorted(known, key=lambda row: (-row[0], row[1].id))
    high = sum(1 for points, _ in ranked if points >= 15)
    rows = []
    for points, item in ranked[:FEW]:
        state = "off" if points >= 15 else "watch" if points >= 8 else "on"
        rows.append(Threat(item.id, item.title, points, state, _next_action(view, item)))
    if not ranked:
        return Box(str(t("No risks are written down yet.")))
    said = _count(
        high,
        t("None of {total} risks is high.", total=len(ranked)),
        t("1 of {total} risks is high.", total=len(ranked)),
        t("{n} of {total} risks are high.", n=high, total=len(ranked)),
    )
    return Box(said, rows, len(ranked) - len(rows))


def _next_action(view: View, item: Item) -> str:
    open_rows = [row for row in rows_of(item.get("actions")) if not row.get("done") and row.get("what")]
    if not open_rows:
        return ""
    first = min(open_rows, key=lambda row: str(row.get("by") or "9"))
    what = _sentence(str(first["what"]))
    return str(view.t("{action} By {day}.", action=what, day=view.long_day(first["by"]))) if first.get("by") else what


def due(view: View) -> Box:
    """Return what is overdue, and what falls due soon."""
    t = view.t
    every = agenda.entries(view)
    late = [entry for entry in every if entry.on < view.today]
    soon = [entry for entry in every if view.today <= entry.on <= agenda.horizon(view)]
    day = view.long_day(agenda.horizon(view))
    first = _count(len(late), t("Nothing is overdue."), t("1 thing is overdue."), t("{n} things are overdue.", n=len(late)))  # fmt: skip
    ahead = [entry for entry in every if entry.on >= view.today]
    none = t("Nothing falls due until {day}.", day=day)
    if ahead and not late:
        none = t("Nothing falls due until {day}; these come next:", day=day)
    then = _count(
        len(soon),
        none,
        t("1 thing falls due until {day}.", day=day),
        t("{n} things fall due until {day}.", n=len(soon), day=day),
    )
    rows = [(entry, agenda.kind_words(view, entry.kind)) for entry in [*late, *ahead][:FEW]]
    return Box(f"{first} {then}", rows, max(0, len(late) + len(soon) - len(rows)))


def changes(view: View) -> Box:
    """Return what takes effect next and what changed lately, each with its sentence on the change."""
    t = view.t
    ahead = agenda.coming(view)
    since = (datetime.date.fromisoformat(view.today) - datetime.timedelta(days=LATELY)).isoformat()
    changed = _changed(view)
    recent = [item for item in changed if str(item.get("effective")) >= since]
    none = t("Nothing changed in the last {n} days.", n=LATELY)
    if changed:
        none = t("Nothing changed in the last {n} days; these changed before:", n=LATELY)
    first = _count(
        len(ahead),
        t("No new revision is announced."),
        t("1 new revision takes effect soon."),
        t("{n} new revisions take effect soon.", n=len(ahead)),
    )
    then = _count(
        len(recent),
        none,
        t("1 document changed in the last {days} days.", days=LATELY),
        t("{n} documents changed in the last {days} days.", n=len(recent), days=LATELY),
    )
    rows = [(row.on, row.item, row.change, True) for row in ahead]
    rows += [
        (str(item.get("effective")), item.id, str(item.get("change") or ""), False) for item in recent or changed[:FEW]
    ]
    return Box(f"{first} {then}", rows[:FEW], max(0, len(ahead) + len(recent) - FEW))


def _changed(view: View) -> list[Item]:
    """Return the documents in force, those that changed last first."""
    found = [
        item
        for item in view.graph.items.values()
        if view.types[item.type].controlled
        and not item.shipped
        and view.graph.is_current(item.id)
        and "" < str(item.get("effective") or "") <= view.today
    ]
    return sorted(found, key=lambda item: (str(item.get("effective")), item.id), reverse=True)


def ready(view: View) -> list[Ready]:
    """Return how many clauses of each standard are answered."""
    t = view.t
    found = []
    for standard in view.applied:
        counts = view.coverage(standard.id).counts()
        covered, partly, planned, gap = (counts[name] for name in ("covered", "partly", "planned", "gap"))
        demanded = covered + partly + planned + gap
        missing = listed(
            view,
            [
                str(said)
                for said in (
                    _count(partly, "", t("1 in part"), t("{n} in part", n=partly)),
                    _count(planned, "", t("1 is planned"), t("{n} are planned", n=planned)),
                    _count(gap, "", t("1 is open"), t("{n} are open", n=gap)),
                )
                if said
            ],
        )
        words = t("All {n} clauses are answered.", n=demanded)
        if missing:
            words = t("{n} of {total} clauses are answered; {rest}.", n=covered, total=demanded, rest=missing)
        if not demanded:
            words = t("No clause is written down yet.")
        found.append(Ready(standard.id, view.title(standard.id), covered, demanded, str(words)))
    return found


def people(view: View) -> Box:
    """Return the roles that nobody holds; nothing where a build shows no people."""
    t = view.t
    if not view.of_type("person"):
        return Box()
    empty = [role for role in view.of_type("role") if not view.holders(role.id)]
    ranked = sorted(empty, key=lambda role: (not role.get("critical"), role.id))
    said = _count(
        len(empty),
        t("Every role is held."),
        t("1 role is held by nobody."),
        t("{n} roles are held by nobody.", n=len(empty)),
    )
    return Box(said, ranked[:FEW], max(0, len(ranked) - FEW))


def listed(view: View, parts: Sequence[str]) -> str:
    """Join parts of a sentence: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return str(view.t("{some} and {last}", some=", ".join(parts[:-1]), last=parts[-1]))


def _count(number: int, none: str, one: str, many: str) -> str:
    """Choose a sentence by a number."""
    return str(none if not number else one if number == 1 else many)


def _sentence(text: str) -> str:
    """End a text with a full stop."""
    said = " ".join(text.split())
    return said if said.endswith((".", "!", "?")) else f"{said}."


# --- how processes work together --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handover:
    """Something that one process gives and another takes; "" on a side stands for parties outside."""

    giver: str
    taker: str
    what: str
    ref: str
    parties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gaps:
    """Outputs that nobody takes, and inputs that nobody gives, as addresses of parts."""

    untaken: list[str]
    ungiven: list[str]


@dataclass(frozen=True, slots=True)
class Need:
    """What a customer needs, and the KPIs that say whether it is met."""

    what: str
    kpis: list[str]


@dataclass(frozen=True, slots=True)
class Chain:
    """From suppliers over the core processes to customers: who gives what, and who needs what."""

    suppliers: list[tuple[str, list[str]]]
    core: list[Item]
    customers: list[tuple[str, list[Need]]]


def processes(view: View) -> list[Item]:
    """Return the processes by class and by their place in the chain."""

    def place(item: Item) -> tuple[int, int, str]:
        kind, at = item.get("class"), item.get("chain")
        return (CLASSES.index(kind) if kind in CLASSES else len(CLASSES), at if isinstance(at, int) else 999, item.id)

    return sorted(view.of_type("process"), key=place)


def handovers(view: View) -> dict[tuple[str, str], list[Handover]]:
    """Return what is handed over, by (giver, taker)."""
    found: dict[tuple[str, str], list[Handover]] = defaultdict(list)
    current = {item.id for item in view.of_type("process")}
    for process in processes(view):
        for part in view.parts(process.id, "inputs"):
            outside = [ref for ref in _refs(part.data.get("from")) if view.item(ref) is not None]
            for ref in _refs(part.data.get("from")):
                giver = view.graph.parts.get(ref)
                if giver is not None and giver.item in current:
                    found[giver.item, process.id].append(Handover(giver.item, process.id, giver.title, ref))
            if outside:
                found["", process.id].append(Handover("", process.id, part.title, part.ref, tuple(outside)))
        for part in view.parts(process.id, "outputs"):
            parties = tuple(ref for ref in _refs(part.data.get("to")) if view.item(ref) is not None)
            if parties:
                found[process.id, ""].append(Handover(process.id, "", part.title, part.ref, parties))
    return dict(found)


def gaps(view: View) -> Gaps:
    """Return the outputs without a taker and the inputs without a giver."""
    taken = {
        ref
        for process in view.of_type("process")
        for part in view.parts(process.id, "inputs")
        for ref in _refs(part.data.get("from"))
    }
    untaken, ungiven = [], []
    for process in processes(view):
        for part in view.parts(process.id, "outputs"):
            if part.ref not in taken and not _refs(part.data.get("to")):
                untaken.append(part.ref)
        for part in view.parts(process.id, "inputs"):
            if not any(ref in view.graph.parts or view.item(ref) for ref in _refs(part.data.get("from"))):
                ungiven.append(part.ref)
    return Gaps(untaken, ungiven)


def end_to_end(view: View) -> Chain:
    """Return who supplies the core processes, the processes, and whom they serve."""
    core = [item for item in processes(view) if item.get("class") == "core"]
    gives: dict[str, dict[str, None]] = defaultdict(dict)
    served: dict[str, None] = {}
    for process in core:
        for part in view.parts(process.id, "inputs"):
            for ref in _refs(part.data.get("from")):
                if _is_party(view, ref):
                    gives[ref][part.title] = None
        for ref in [*_refs(process.get("customers")), *(r for p in view.parts(process.id, "outputs") for r in _refs(p.data.get("to")))]:  # fmt: skip
            party = view.item(ref)
            if party is not None and party.type == "interested-party" and party.get("kind") == "customer":
                served[ref] = None
    customers = [(ref, [_need(view, row) for row in rows_of(view.graph.items[ref].get("needs"))]) for ref in sorted(served)]  # fmt: skip
    return Chain([(ref, list(what)) for ref, what in sorted(gives.items())], core, customers)


def _is_party(view: View, ref: str) -> bool:
    item = view.item(ref)
    return item is not None and item.type == "interested-party"


def _need(view: View, row: Any) -> Need:
    """Return a need with the KPIs behind what answers it: named, of the objective, or outcomes of the process."""
    found: dict[str, None] = {}
    for ref in _refs(row.get("answered_by")):
        item = view.item(ref.partition("#")[0])
        if item is None:
            continue
        if item.type == "kpi":
            found[item.id] = None
        elif item.type in ("objective", "process"):
            related = [kpi for ref in view.related(item.id, "kpis") if (kpi := view.item(ref)) is not None]
            wanted = related if item.type == "objective" else [k for k in related if k.get("kind") == "outcome"]
            found.update({kpi.id: None for kpi in wanted})
    return Need(str(row.get("what") or ""), list(found)[:3])


def _refs(value: object) -> list[str]:
    return [ref for ref in value if isinstance(ref, str)] if isinstance(value, list) else []
