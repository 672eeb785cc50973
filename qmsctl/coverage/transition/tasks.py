"""What is to be done on the way to a new edition: by whom, by when, in which order."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from qmsctl.coverage import Clause
from qmsctl.coverage.transition.days import between, day_of
from qmsctl.coverage.transition.here import Reader
from qmsctl.coverage.transition.model import CONFIDENCES, EFFORTS, PHASES, Days, Move, Task
from qmsctl.coverage.transition.rows import listed
from qmsctl.model import Item, add_period, mapping_of, rows_of

SHARE = {
    "item": 0.1, "compare": 0.12, "audit-day": 0.14, "exclusions": 0.18, "hours": 0.35, "days": 0.45, "weeks": 0.6,
    "align": 0.65, "brief": 0.72, "audit": 0.82, "review": 0.92, "certify": 0.95, "switch": 1.0,
}  # fmt: skip
"""How much of the time from today to the switch may have passed when a task is done."""
WIDELY = 3
"""In more documents than that a change takes weeks."""
YEAR = 365
RUN = "3 months"
"""How long what is changed should run before it is audited."""
ROOM = 14
"""How many days have to be left between that audit and the switch."""
MONTH = 30
"""How many days before the switch the certification body should have audited, so that the certificate is there."""
STEP = 0.04
"""How much later the next task of the same role is."""
WIDE = ("buy", "compare", "renumber", "audit", "brief")
"""Kinds of tasks that are for all changed clauses at once, and are not told at each of them."""


class Planner:
    """Makes the list of tasks: each with an owner, an effort and, where the switch is known, a day."""

    def __init__(self, reader: Reader, moves: Sequence[Move], mapping: Item, days: Days, owner: str) -> None:
        self.reader = reader
        self.graph = reader.graph
        self.moves = moves
        self.mapping = mapping
        self.days = days
        self.owner = owner
        self.busy: Counter[str] = Counter()

    def tasks(self) -> list[Task]:
        prepare, content = list(self.prepare()), self.content()
        audited = self.audited(content)
        reviewed = self.after(audited, "review")
        return [*prepare, *content, *self.align(), *self.prove(audited, reviewed), *self.switch(reviewed)]

    def by(self, name: str, owner: str = "") -> str:
        """The day a task should be done; what one role has to write follows one after the other."""
        days = self.days
        if not days.switch or days.switched:
            return days.switch
        share = SHARE[name]
        if share < SHARE["hours"]:
            # What comes first does not wait longer because there is much time.
            share *= min(1.0, YEAR / max(1, days.until(days.switch)))
        if owner:
            share = min(share + STEP * self.busy[owner], SHARE["align"] - STEP)
            self.busy[owner] += 1
        return between(days.today, days.switch, share)

    def audited(self, content: Sequence[Task]) -> str:
        """The day of the internal audit: when what is changed has run for a while, if that fits before the switch."""
        days = self.days
        early = self.by("audit")
        last = max((day_of(task.by) for task in content if task.state != "done"), default="")
        # Three months are never less than 89 days; so late a content leaves no room for them.
        if not days.switch or days.switched or not last or days.until(days.switch) - days.until(last) < 89 + ROOM:
            return early
        run = datetime.date.fromisoformat(add_period(last, RUN))
        run += datetime.timedelta(days=max(0, 7 - run.weekday()) if run.weekday() > 4 else 0)
        fits = run + datetime.timedelta(days=ROOM) <= datetime.date.fromisoformat(days.switch)
        return max(early, run.isoformat()) if fits else early

    def after(self, day: str, name: str) -> str:
        """The usual day of a task, or one between another day and the switch, where that comes first."""
        usual = self.by(name)
        return usual if not day or usual > day else between(day, self.days.switch, 0.4)

    def certified(self, reviewed: str) -> str:
        """The day of the audit by the certification body: some weeks before the switch, after the review."""
        if not self.days.switch or self.days.switched:
            return self.days.switch
        day = datetime.date.fromisoformat(self.days.switch) - datetime.timedelta(days=MONTH)
        day -= datetime.timedelta(days=max(0, day.weekday() - 4))
        return max(day.isoformat(), self.after(reviewed, "certify"))

    # --- before anything is written -----------------------------------------------------------------

    def prepare(self) -> Iterator[Task]:
        old, new = self.reader.old, self.reader.new
        if new.standard is None:
            yield Task(
                "item", "prepare", "hours", self.owner, self.by("item"), refs=(old.standard.id,) if old.standard else ()
            )
        changed = tuple(c.ref for move in self.moves if move.change != "unchanged" for c in move.after)
        if changed and any(i.get("confidence") != CONFIDENCES[-1] for i in (self.mapping, new.catalogue)):
            owned = [
                i for i in self.reader.naming(new.catalogue.title) if self.graph.items[i].type == "external-document"
            ]
            kind = "compare" if owned else "buy"
            yield Task(kind, "prepare", "days", self.owner, self.by("compare"), clauses=changed, refs=tuple(owned))
        if self.days.certificate or self.days.body:
            yield Task("book", "prepare", "hours", self.owner, self.by("audit-day"), name=self.days.body)
        left_out = tuple(
            c.ref for m in self.moves if self.reader.left_out(m) for c in self.reader.waiting(m) if c.plan is None
        )
        if left_out:
            yield Task(
                "exclusions", "prepare", "hours", self.owner, self.by("exclusions"), clauses=left_out,
                refs=(new.standard.id,) if new.standard else (),
            )  # fmt: skip

    # --- what the clauses ask for -------------------------------------------------------------------

    def content(self) -> list[Task]:
        found: list[Task] = [*self.finished(), *self.planned()]
        close: dict[str, list[Clause]] = {}
        for move in self.moves:
            if self.reader.left_out(move):
                continue
            waiting = [clause for clause in self.reader.waiting(move) if self.reader.plan(move, clause) is None]
            if move.outcome == "done":
                found.append(self.made(move))
            elif waiting and (move.more or move.change in ("new", "unmapped")):
                found.append(self.extend(move, waiting))
            else:
                for clause in waiting:
                    close.setdefault(self.reader.owner(clause) or self.owner, []).append(clause)
        for owner, clauses in close.items():
            effort = "days" if any(self.reader.stand(c).state == "partly" for c in clauses) else "weeks"
            found.append(
                Task("close", "change", effort, owner, self.by(effort, owner), clauses=tuple(c.ref for c in clauses))
            )
        return found

    def made(self, move: Move) -> Task:
        """What was made for the new edition already."""
        refs = tuple(dict.fromkeys(c.source for a in move.after for c in a.claims if c.via is None and c.in_force))
        owner = next((c.owner for a in move.after for c in a.claims if c.via is None and c.owner), self.owner)
        return Task("made", "change", "days", owner, "", "done", tuple(c.ref for c in move.after), refs, note=move.note)

    def extend(self, move: Move, clauses: Sequence[Clause]) -> Task:
        """What was added is written into the document that is most about the clause; without one, it is made."""
        documents = [t for t in move.touched if t.kind == "document"]
        refs = tuple(dict.fromkeys(t.item for t in documents)) or self.reader.elsewhere(clauses)
        kind = ("extend" if move.before else "complete") if documents else "answer"
        # What answers the same number of another standard is a beginning.
        effort = "days" if kind == "answer" and refs else self.effort(move)
        owner = (documents[0].owner if documents else "") or self.owner
        named = tuple(clause.ref for clause in clauses)
        return Task(kind, "change", effort, owner, self.by(effort, owner), "open", named, refs, note=move.note)

    def effort(self, move: Move) -> str:
        """Weeks, where nothing is there yet, many documents are touched or registers have to be gone through."""
        documents = {t.item for t in move.touched if t.kind == "document"}
        idle = any(register.idle for register in move.registers)
        return "weeks" if not documents or idle or len(documents) > WIDELY else "days"

    def planned(self) -> list[Task]:
        """What the items about the standards plan already, each plan once however many clauses it is for."""
        found: dict[tuple[str, str, str], list[Clause]] = {}
        of: dict[str, Move] = {}
        for move in self.moves:
            for clause in self.reader.waiting(move):
                plan = self.reader.plan(move, clause)
                if plan is not None:
                    found.setdefault((plan.what, plan.who, plan.by), []).append(clause)
                    of[clause.ref] = move
        tasks = []
        for (what, who, by), clauses in found.items():
            touched = (t for clause in clauses for t in of[clause.ref].touched)
            refs = tuple(dict.fromkeys(t.item for t in touched if t.kind == "document"))
            effort = max((self.effort(of[clause.ref]) for clause in clauses), key=EFFORTS.index)
            tasks.append(
                Task(
                    "plan",
                    "change",
                    effort,
                    who or self.owner,
                    by,
                    "planned",
                    tuple(c.ref for c in clauses),
                    refs,
                    what,
                )
            )
        return tasks

    def finished(self) -> Iterator[Task]:
        """Plans of the new edition that are done."""
        standard = self.reader.new.standard
        for row in rows_of(standard.get("plans")) if standard else []:
            if row.get("done"):
                yield Task(
                    "plan", "change", "days", str(row.get("who") or self.owner), day_of(row["done"]), "done",
                    (str(row.get("clause")),), said=str(row.get("what") or ""),
                )  # fmt: skip

    # --- bringing the rest into line ----------------------------------------------------------------

    def align(self) -> Iterator[Task]:
        for move in self.moves:
            documents = [t for t in move.touched if t.kind == "document"]
            if not move.after and documents:
                refs = tuple(dict.fromkeys(t.item for t in documents))
                yield Task(
                    "ended", "align", "hours", documents[0].owner or self.owner, self.by("align"),
                    clauses=tuple(c.ref for c in move.before), refs=refs, note=move.note,
                )  # fmt: skip
        claimed = tuple(sorted(self.reader.claimed - self._claiming_new()))
        if claimed:
            first = tuple(
                c.ref for m in self.moves if [c.key for c in m.before] != [c.key for c in m.after] for c in m.before
            )
            effort = "hours" if len(claimed) <= 30 else "days"
            yield Task("renumber", "align", effort, self.owner, self.by("align"), clauses=first, refs=claimed)
        naming = self.reader.naming(self.reader.old.catalogue.title)
        if naming:
            yield Task("naming", "align", "hours", self.owner, self.by("align"), refs=tuple(naming))

    def _claiming_new(self) -> set[str]:
        """Items all of whose clauses were said for the new edition as well."""
        new = {claim.source for clause in self.reader.new.clauses for claim in clause.claims if claim.via is None}
        old = {
            claim.source
            for move in self.moves
            for clause in move.before
            for claim in clause.claims
            if claim.via is None
            and not any(c.source == claim.source for a in move.after for c in a.claims if c.via is None)
        }
        return new - old

    # --- showing that it works ----------------------------------------------------------------------

    def prove(self, audited: str, reviewed: str) -> Iterator[Task]:
        changed = tuple(
            c.ref
            for move in self.moves
            if move.change != "unchanged" and move.outcome != "excluded"
            for c in move.after
        )
        more = tuple(c.ref for move in self.moves if move.more and move.outcome != "excluded" for c in move.after)
        if more:
            yield Task("brief", "prove", "hours", self._owner_of("7.3"), self.by("brief"), clauses=more)
        if not changed:
            return
        audits = [a for a in self._audits() if str(a.get("planned") or a.get("carried_out") or "")]
        if audits:
            first = audits[0]
            over = first.get("status") in ("done", "closed")
            by = day_of(first.get("carried_out")) if over else day_of(first.get("planned"))
            owner = str(first.get("owner") or self.owner)
            yield Task("audit", "prove", "days", owner, by, "done" if over else "planned", changed, (first.id,))
        else:
            document = self.reader.answering("9.2")
            refs = (document.item,) if document else ()
            yield Task("audit", "prove", "days", self._owner_of("9.2"), audited, clauses=changed, refs=refs)
        document = self.reader.answering("9.3")
        yield Task(
            "review",
            "prove",
            "hours",
            self._owner_of("9.3"),
            reviewed,
            refs=(document.item,) if document else (),
        )

    def _audits(self) -> list[Item]:
        """Audits against the new edition, those that are over first."""
        new = self.reader.new
        names = {new.catalogue.id} | ({new.standard.id} if new.standard else set())
        audits = [
            item
            for item in self.graph.items.values()
            if item.type == "audit" and names & set(listed(item.get("standards")))
        ]
        return sorted(audits, key=lambda a: (a.get("status") not in ("done", "closed"), str(a.get("planned")), a.id))

    def _owner_of(self, key: str) -> str:
        document = self.reader.answering(key)
        return (document.owner if document else "") or self.owner

    def switch(self, reviewed: str) -> Iterator[Task]:
        old, new, days = self.reader.old.standard, self.reader.new.standard, self.days
        if days.certificate or days.body or days.number:
            moved = bool(mapping_of(new.get("certificate")) if new else {})
            by = "" if moved else self.certified(reviewed)
            yield Task("certify", "switch", "days", self.owner, by, "done" if moved else "open", name=days.body)
        yield Task("switch", "switch", "hours", self.owner, self.days.switch, refs=(old.id,) if old else ())


def numbered(tasks: list[Task], days: Days) -> list[Task]:
    """Put tasks in the order suggested: by phase, then by day; what is done comes last in its phase."""

    def order(task: Task) -> tuple[int, bool, str, int]:
        return PHASES.index(task.phase), task.state == "done", task.by or "9", -EFFORTS.index(task.effort)

    return [
        replace(
            task,
            number=number,
            late=bool(task.by)
            and task.state != "done"
            and (task.by < days.today or (bool(days.switch) and task.by > days.switch)),
        )
        for number, task in enumerate(sorted(tasks, key=order), 1)
    ]


def by_clause(tasks: Sequence[Task]) -> dict[str, list[int]]:
    """The numbers of the tasks of each clause."""
    found: dict[str, list[int]] = {}
    for task in tasks:
        for ref in task.clauses if task.kind not in WIDE else ():
            found.setdefault(ref, []).append(task.number)
    return found
