"""What the gate came to: documents with their verdicts, open questions, obstacles, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qmsctl.approvals import impact
from qmsctl.approvals.documents import DocumentChange
from qmsctl.approvals.judge import Place, Verdict
from qmsctl.approvals.rules import Demand
from qmsctl.model import Finding, Position
from qmsctl.printable import visible


@dataclass(frozen=True)
class Obstacle:
    """Something that keeps a change from landing: which check it belongs to, why, and the way out."""

    check: str
    message: str
    help: str
    path: str = ""
    item: str = ""

    def finding(self) -> Finding:
        """Return it as a finding."""
        return Finding(self.check, self.message, Position(self.path or "qms.yaml"), self.help, "error", self.item)


@dataclass(frozen=True)
class Question:
    """Something a change touches and about which the change record must say what happens."""

    document: str
    item: str
    title: str
    verb: str
    why: str
    answer: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """The question in words."""
        return impact.question(self.verb, self.item, self.title)


@dataclass(frozen=True)
class Judged:
    """One document that would change, or the governing files (``change`` is None), and its verdict.

    ``can`` holds for each place of the verdict the persons who may fill it. ``touches`` is what the change
    reaches: verb -> (item, title, why); ``clauses`` and ``locations`` are titles.
    """

    change: DocumentChange | None
    files: tuple[str, ...]
    demand: Demand
    verdict: Verdict
    can: tuple[tuple[str, ...], ...]
    record: str = ""
    touches: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = ()
    clauses: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.change.item if self.change else "governing-files"

    @property
    def title(self) -> str:
        if self.change:
            return f"{self.change.item} {self.change.title}"
        more = f" and {len(self.files) - 3} more" if len(self.files) > 3 else ""
        return f"The files that govern the system ({', '.join(map(visible, self.files[:3]))}{more})"


@dataclass(frozen=True)
class Decision:
    """The decision about one change. ``pending`` are findings on a day to come; ``older`` were there before."""

    base: str
    head: str
    documents: tuple[Judged, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    questions: tuple[Question, ...] = ()
    findings: tuple[Finding, ...] = ()
    pending: tuple[tuple[str, Finding], ...] = ()
    older: tuple[Finding, ...] = ()
    records: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    holders: Mapping[str, int] = field(default_factory=dict)
    acting: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    today: str = ""

    @property
    def open_questions(self) -> list[Question]:
        return [question for question in self.questions if not question.answer]

    @property
    def passed(self) -> bool:
        """Tell whether the change may land."""
        return (
            not self.obstacles
            and not self.open_questions
            and not self.findings
            and not self.pending
            and all(judged.verdict.approved for judged in self.documents)
        )

    def blocking(self) -> list[Finding]:
        """Return everything that keeps the change from landing, as findings."""
        found = [obstacle.finding() for obstacle in self.obstacles]
        for judged in self.documents:
            path = judged.change.facts.sides[-1].path if judged.change else (judged.files or ("qms.yaml",))[0]
            for place in judged.verdict.missing:
                stale = judged.verdict.stale(place)
                check = "approval-outdated" if stale else "approval-missing"
                roles = " or ".join(self.name(role) for role in place.slot.roles)
                reason = "was given for another text" if stale else "is missing"
                message = f"{judged.title} {judged.change.revision if judged.change else ''}".rstrip()
                message += f": the {place.slot.meaning} by {roles} {reason}"
                way = f"ask for it: qmsctl approvals plan; or sign: qmsctl sign {judged.name}"
                found.append(Finding(check, message, Position(path), way, "error", judged.name))
            for problem in judged.verdict.problems:
                way = "see the section How this was judged in the report of the gate"
                found.append(
                    Finding("approval-missing", f"{judged.title}: {problem}", Position(path), way, "error", judged.name)
                )
        for question in self.open_questions:
            message = f"{question.text} ({question.document}: {question.why})"
            way = "answer it under `impact` of the change record"
            found.append(Finding("impact-unanswered", message, Position("qms.yaml"), way, "error", question.document))
        found += self.findings
        found += [
            Finding(f.check, f"on {day}: {f.message}", f.position, f.help, f.level, f.item) for day, f in self.pending
        ]
        return found

    def candidate(self, person: str, place: Place) -> str:
        """Return the name of somebody who can fill a place, with whom he stands in for."""
        acting = self.acting.get(person, {})
        roles = [acting.get(role, "") for role in place.slot.roles if role in acting]
        how = roles[0] if roles and "holder" not in roles else ""
        return self.name(person) + (f" ({how})" if how else "")

    def name(self, ref: str) -> str:
        """Return what readers call a role or a person."""
        return self.names.get(ref, ref)
