"""What is said about the way to a new edition, in the language of the reader; the terminal and the intranet say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from qmsctl.coverage.transition import WORK, Move, Register, Task, Transition
from qmsctl.pages.wording import Words

Title = Callable[[str], str]
"""What readers call an item, by its id."""

SMALL = 0.15
LARGE = 0.4
"""Up to, and from which share of clauses that ask for more a step to a new edition is called small or large."""
MOST = 12
"""How many documents a sentence names."""


def changes(t: Words) -> dict[str, str]:
    """What becomes of clauses, in a word."""
    return {
        "new": t("new"),
        "split": t("split"),
        "merged": t("merged"),
        "moved": t("moved"),
        "reworded": t("reworded"),
        "withdrawn": t("withdrawn"),
        "unmapped": t("not compared"),
        "unchanged": t("unchanged"),
    }


def outcomes(t: Words) -> dict[str, str]:
    """How a change stands here, in a word."""
    return {
        "open": t("to do"),
        "behind": t("open already today"),
        "restate": t("exclusion to be said again"),
        "planned": t("planned"),
        "done": t("done for the new edition"),
        "carries": t("carries over"),
        "excluded": t("not applicable"),
        "ended": t("ends"),
    }


def efforts(t: Words) -> dict[str, str]:
    return {"hours": t("hours"), "days": t("days"), "weeks": t("weeks")}


def phases(t: Words) -> dict[str, str]:
    """What a group of tasks is for, in the order suggested."""
    return {
        "prepare": t("Prepare"),
        "change": t("Answer what is new or open"),
        "align": t("Bring the rest into line"),
        "prove": t("Show that it works"),
        "switch": t("Switch"),
    }


def change(move: Move, t: Words) -> str:
    """What becomes of clauses, with whether they ask for more now."""
    said = changes(t).get(move.change, move.change)
    if move.change in ("new", "unmapped", "withdrawn") or not move.more:
        return said
    if move.relation == "intersect":
        return str(t("{change}, asks for something else in part", change=said))
    return str(t("{change}, asks for more", change=said))


# --- in short -----------------------------------------------------------------------------------------


def verdict(found: Transition, t: Words) -> str:
    """The one sentence for who reads only one."""
    new = found.new.catalogue.title
    if found.days.switched:
        return str(t("{new} counts here since {day}.", new=new, day=t.day(found.days.switch)))
    more = sum(len(move.after) for move in found.moves if move.more and move.outcome != "excluded")
    share = more / (found.total or 1)
    if not more:
        return str(t("A step on paper: no clause of {new} that applies here asks for more than before.", new=new))
    values = {"new": new, "n": more, "total": found.total}
    if share <= SMALL:
        return str(t("A small step: {n} of the {total} clauses of {new} ask for more than before.", **values))
    if share < LARGE:
        return str(t("A step to prepare: {n} of the {total} clauses of {new} ask for more than before.", **values))
    return str(t("A large step: {n} of the {total} clauses of {new} ask for more than before.", **values))


def summary(found: Transition, t: Words, title: Title) -> list[str]:
    """What someone who answers for it must know, in a few sentences each."""
    said = [_deadline(found, t), _standing(found, t), _places(found, t), _burden(found, t, title)]
    return [text for text in said if text]


def _deadline(found: Transition, t: Words) -> str:
    days, old, new = found.days, found.old.catalogue.title, found.new.catalogue.title
    said: list[str] = []
    if days.switched:
        left = len(found.left())
        if left == 1:
            said.append(t("1 task of the transition is still open."))
        elif left:
            said.append(t("{n} tasks of the transition are still open.", n=left))
        else:
            said.append(t("Nothing is left to do; this page stays as the proof of how it was done."))
    elif not days.switch:
        said.append(
            t("No day is set for the switch from {old} to {new}: nobody can plan towards it yet.", old=old, new=new)
        )
    elif days.suggested:
        said.append(
            t(
                "No day is set for the switch yet. We suggest {day}, {when}, and count back from there.",
                day=t.day(days.switch),
                when=_in_days(days.until(days.switch), t),
            )
        )
    else:
        said.append(
            t(
                "{new} takes the place of {old} here on {day}, {when}.",
                new=new,
                old=old,
                day=t.day(days.switch),
                when=_in_days(days.until(days.switch), t),
            )
        )
    if days.certificate and days.ends and days.certificate < days.ends and not days.switched:
        said.append(
            t(
                "The certificate ends on {day}, before the transition does on {ends}: the audit that renews it should be to {new}, so its date is the real deadline.",
                day=t.day(days.certificate),
                ends=t.day(days.ends),
                new=new,
            )
        )
    elif days.ends and not days.switched:
        said.append(
            t("{old} is of use until {day}; after that no certificate rests on it.", old=old, day=t.day(days.ends))
        )
    return " ".join(str(text) for text in said)


def _in_days(number: int, t: Words) -> str:
    return str(t("in 1 day") if number == 1 else t("in {n} days", n=number))


def _standing(found: Transition, t: Words) -> str:
    counts = found.counts
    work = counts["open"] + counts["behind"] + counts["planned"] + counts["restate"]
    said = [t("{n} of {total} clauses are answered today as {new} asks.", n=found.ready, total=found.total, new=found.new.catalogue.title)]  # fmt: skip
    if counts["done"]:
        said.append(t("For {n} of them something was made that is new.", n=counts["done"]))
    if counts["excluded"]:
        said.append(t("Not applicable: {n}.", n=counts["excluded"]))
    if not work:
        said.append(t("Nothing is missing."))
        return " ".join(str(text) for text in said)
    parts = []
    planned = [m for m in found.moves for c in m.after if found.outcome_of(m, c) == "planned"]
    more = sum(1 for move in planned if move.more)
    if more:
        parts.append(t("{n} that ask for more, planned", n=more))
    if len(planned) > more:
        parts.append(t("{n} that are open already today, planned", n=len(planned) - more))
    if counts["open"]:
        parts.append(t("{n} that ask for more and have no plan yet", n=counts["open"]))
    if counts["behind"]:
        parts.append(t("{n} that are open already today, whatever the edition", n=counts["behind"]))
    if counts["restate"]:
        parts.append(t("{n} whose exclusion has to be said again", n=counts["restate"]))
    said.append(t("Clauses that need work: {n} ({parts}).", n=work, parts="; ".join(str(part) for part in parts)))
    scratch = [task for task in found.left() if task.kind == "answer"]
    if not scratch and any(task.kind in ("extend", "plan") for task in found.left()):
        said.append(t("Nothing has to be invented: for each there is a document to build on."))
    elif scratch:
        bare = keys(ref for task in scratch if not task.refs for ref in task.clauses)
        if bare:
            said.append(t("Nothing is there yet for {clauses}.", clauses=bare))
        for task in scratch:
            if task.refs:
                said.append(
                    t("For {clauses} build on what answers the same number of another standard: {items}.", clauses=keys(task.clauses), items=", ".join(task.refs))
                )  # fmt: skip
    return " ".join(str(text) for text in said)


def _places(found: Transition, t: Words) -> str:
    """Where what is asked for in addition goes: the document that is most about it."""
    places: dict[str, list[str]] = {}
    for move in found.moves:
        document = next((one.item for one in move.touched if one.kind == "document"), "")
        if move.more and move.work and document:
            waiting = (clause.key for clause in move.after if found.outcome_of(move, clause) in WORK)
            places.setdefault(document, []).extend(waiting)
    if not places or len(places) > MOST:
        return ""
    named = ", ".join(f"{item} ({', '.join(numbers)})" for item, numbers in places.items())
    return str(t("What is asked for in addition goes into {items}.", items=named))


def _burden(found: Transition, t: Words, title: Title) -> str:
    left = found.left()
    if not left:
        return ""
    owners = Counter(task.owner for task in left if task.owner)
    efforts_of = Counter(task.effort for task in left)
    values = {"n": len(left), "hours": efforts_of["hours"], "days": efforts_of["days"], "weeks": efforts_of["weeks"]}
    said = [
        t("Tasks left: {n} ({hours} of hours, {days} of days, {weeks} of weeks).", **values)
        if efforts_of["weeks"]
        else t("Tasks left: {n} ({hours} of hours, {days} of days).", **values)
    ]
    if len(owners) > 1:
        (who, most), *_ = sorted(owners.items(), key=lambda row: (-row[1], row[0]))
        said.append(t("They fall to {k} roles; {role} has the most with {n}.", k=len(owners), role=title(who), n=most))
    if any(task.kind in ("extend", "answer", "complete") or task.state == "planned" for task in left) and not found.days.switched:  # fmt: skip
        said.append(
            t("Let what is changed run for some three months before it is audited, so that records can show it.")
        )
    return " ".join(str(text) for text in said)


def warnings(found: Transition, t: Words) -> list[str]:
    """What does not fit together."""
    days = found.days
    said = []
    if found.new.standard is None:
        said.append(
            t("No item says how you stand to {new}: scope, exclusions and plans for it have no place yet.", new=found.new.catalogue.title)
        )  # fmt: skip
    if days.switch and not days.suggested and days.last and days.switch > days.last:
        said.append(
            t("The switch on {day} is too late: the old edition is of use until {last} only.", day=t.day(days.switch), last=t.day(days.last))
        )  # fmt: skip
    late = [task for task in found.left() if task.late]
    if late and not days.switched:
        numbers = ", ".join(str(task.number) for task in late)
        said.append(t("These tasks are overdue or end after the switch: {numbers}.", numbers=numbers))
    reused = sorted({key for move in found.moves for key in move.reused})
    if reused:
        said.append(
            t("These numbers mean something else in {new}; do not carry them over: {clauses}.", new=found.new.catalogue.title, clauses=", ".join(reused))
        )  # fmt: skip
    unmapped = [move for move in found.moves if move.change == "unmapped"]
    if unmapped:
        numbers = ", ".join(f"{side.title} {c.key}" for m in unmapped for side, cs in ((found.old.catalogue, m.before), (found.new.catalogue, m.after)) for c in cs)  # fmt: skip
        said.append(t("The mapping says nothing of these clauses; compare them yourself: {clauses}.", clauses=numbers))
    if found.unknown:
        said.append(t("The mapping names clauses that no catalogue has: {clauses}.", clauses=", ".join(found.unknown)))
    return [str(text) for text in said]


def rests_on(found: Transition, t: Words) -> str:
    """How sure all of this is."""
    changed = sum(len(move.after) for move in found.moves if move.change != "unchanged")
    values = {"new": found.new.catalogue.title, "n": changed}
    if found.confidence == "primary source":
        return str(t("Both lists of clauses and their comparison were held against the source."))
    if found.confidence == "secondary sources":
        return str(
            t("What became of the clauses rests on secondary sources, not on the bought text of {new}. Check the {n} changed clauses against your copy before you act on them.", **values)
        )  # fmt: skip
    return str(
        t("What became of the clauses rests on general knowledge and was compared with nothing. Check all of it, and the {n} changed clauses first, against your copy of {new}.", **values)
    )  # fmt: skip


# --- tasks --------------------------------------------------------------------------------------------


def keys(refs: Iterable[str]) -> str:
    """Clause numbers in a row."""
    return ", ".join(dict.fromkeys(ref.partition("/")[2] or ref for ref in refs))


def task_words(task: Task, found: Transition, t: Words, title: Title) -> str:
    """What is to be done, in one sentence."""
    new, old = found.new.catalogue.title, found.old.catalogue.title
    numbers, first = keys(task.clauses), task.refs[0] if task.refs else ""
    named = f"{first} {title(first)}" if first else ""
    match task.kind:
        case "plan":
            return " ".join(task.said.split())
        case "item":
            return str(
                t("Write the item about {new}: scope, owner, what it replaces and the day of the switch", new=new)
            )
        case "buy":
            return str(
                t("Buy {new} and hold the {n} changed clauses of this report against it", new=new, n=len(task.clauses))
            )
        case "compare":
            return str(
                t("Hold the {n} changed clauses of this report against the bought text ({item})", n=len(task.clauses), item=first)
            )  # fmt: skip
        case "book":
            body = task.name or t("the certification body")
            return str(
                t("Agree with {body} which audit moves the certificate to {new}, and book it", body=body, new=new)
            )
        case "exclusions":
            return str(
                t("Say again, now for {new}, why these clauses do not apply: {clauses}", new=new, clauses=numbers)
            )
        case "made":
            return str(t("Made for {new}: {items} for {clauses}", new=new, items=", ".join(task.refs), clauses=numbers))
        case "extend":
            return str(t("Extend {item} by what is added in {clauses}", item=named, clauses=numbers))
        case "complete":
            return str(t("Complete {item}, so that it answers {clauses} in full", item=named, clauses=numbers))
        case "answer":
            return str(t("Decide how to meet {clauses}, and write it down where the work is done", clauses=numbers))
        case "close":
            return str(t("Close what is open already today: {clauses}", clauses=numbers))
        case "ended":
            return str(t("End of {clauses}: decide what stays of {items}", clauses=numbers, items=", ".join(task.refs)))
        case "renumber":
            if not task.clauses:
                return str(t("Add the clause numbers of {new} to {n} items; until then they count through the mapping", new=new, n=len(task.refs)))  # fmt: skip
            return str(
                t("Add the clause numbers of {new} to {n} items, first where they differ ({clauses}); until then they count through the mapping", new=new, n=len(task.refs), clauses=numbers)
            )  # fmt: skip
        case "naming":
            return str(
                t("Name the new edition where {old} stands in the text: {items}", old=old, items=", ".join(task.refs))
            )
        case "brief":
            return str(t("Tell owners, managers and internal auditors what is new: {clauses}", clauses=numbers))
        case "audit":
            if task.state == "open":
                return str(t("Plan and hold an internal audit of the changed clauses against {new}", new=new))
            return str(t("Audit against {new}: {item}", new=new, item=named))
        case "review":
            return str(t("Look at the transition in the management review and decide on the switch"))
        case "certify":
            body = task.name or t("the certification body")
            return str(t("Audit by {body} to {new}", body=body, new=new))
        case _:
            if any(other.kind == "certify" and other.state != "done" for other in found.tasks) and found.old.standard:
                return str(
                    t("Switch, once the new certificate is there: {new} counts and {item} becomes obsolete", new=new, item=found.old.standard.id)
                )  # fmt: skip
            if found.old.standard is None:
                return str(t("Switch: from this day {new} counts", new=new))
            return str(
                t("Switch: {new} counts from this day and {item} becomes obsolete", new=new, item=found.old.standard.id)
            )


def task_more(task: Task, t: Words) -> str:
    """What helps with a task: what was added, and where else to look."""
    said = [task.note]
    others = task.refs[1:] if task.kind in ("extend", "complete") else ()
    if others:
        said.append(t("Look through {items} as well.", items=", ".join(others)))
    if task.kind == "answer" and task.refs:
        said.append(
            t("{items} may help: the same number of another standard is answered there.", items=", ".join(task.refs))
        )
    if task.kind == "plan" and task.refs:
        said.append(t("Touches {items}.", items=", ".join(task.refs)))
    if task.kind in ("audit", "review") and task.state == "open" and task.refs:
        said.append(t("By {items}.", items=", ".join(task.refs)))
    return " ".join(str(text) for text in said if text)


def task_state(task: Task, t: Words) -> str:
    if task.state == "done":
        return str(t("done"))
    if task.late:
        return str(t("late"))
    return str(t("planned") if task.state == "planned" else t("to do"))


def register(one: Register, t: Words, plural: str) -> str:
    """A register that a change touches: Opportunities: 8, of which 5 without an action."""
    if one.idle:
        return str(t("{register}: {n}, of which {k} without an action", register=t(plural), n=one.count, k=one.idle))
    return str(t("{register}: {n}", register=t(plural), n=one.count))


def first_tasks(found: Transition, most: int = 3) -> Sequence[Task]:
    """What to do first, by day."""
    return sorted(found.left(), key=lambda task: (task.by or "9", task.number))[:most]
