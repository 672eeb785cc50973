"""Every content of an item as it landed: what state it is in, who wrote it, who approved it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qmsctl.approvals.judge import Verdict
from qmsctl.approvals.register import Register
from qmsctl.history.git import Commit
from qmsctl.history.revisions import History, Version
from qmsctl.model import add_period
from qmsctl.printable import visible


@dataclass(frozen=True)
class Entry:
    """One content of an item as it landed, with what changed and who approved it."""

    version: Version
    before: Version | None
    landed: str
    state: str
    by: str
    committed_by: str
    verdict: Verdict | None
    said: str = ""

    @property
    def why(self) -> str:
        """Why it changed: what the document says, else what the commit says."""
        return " ".join(self.version.facts.get("change", "").split()) or self.said

    def data(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "item": self.version.item,
            "title": self.version.facts.get("title", ""),
            "revision": self.version.revision,
            "effective": self.version.effective,
            "landed": self.version.landed,
            "state": self.state,
            "commit": self.version.commit,
            "path": self.version.path,
            "by": self.by,
            "committed_by": self.committed_by,
            "why": self.why,
            "approvals": approvals_of(self.verdict),
            "problems": [
                *([] if self.verdict is None else self.verdict.problems),
                *(f"{p.slot.meaning} by {' or '.join(p.slot.roles)} is missing" for p in _missing(self.verdict)),
            ],
        }


def _missing(verdict: Verdict | None) -> list[Any]:
    return verdict.missing if verdict is not None and not verdict.exempt else []


def names(register: Register | None, commits: list[Commit], committer: bool = False) -> str:
    """Return who is behind commits: the name of the person where the address is known, else what the commit says."""
    people = register.present.people if register is not None else None
    found: dict[str, None] = {}
    for commit in commits:
        name, mail = (commit.committer, commit.committer_mail) if committer else (commit.author, commit.author_mail)
        person = people.by_mail(mail, {}) if people is not None else ""
        found[people.name(person) if people is not None and person else visible(name)] = None
    return ", ".join(found)


def approvals_of(verdict: Verdict | None) -> list[dict[str, str]]:
    """Return who approved, in which role, with what meaning, when, by what evidence."""
    return [
        {
            "name": place.vote.name,
            "person": place.vote.person,
            "role": place.role,
            "capacity": place.capacity,
            "meaning": place.slot.meaning,
            "at": place.vote.at,
            "time": place.vote.time,
            "proven_by": place.vote.proof,
            "evidence": place.vote.source,
        }
        for place in (verdict.places if verdict else ())
        if place.vote
    ]


def entries(
    history: History, register: Register | None, item: str, today: str, until: str = "9999-12-31"
) -> list[Entry]:
    """Return every content of an item that landed up to a day, oldest first; states are those of today."""
    found: list[Entry] = []
    rows = history.versions.get(item, [])
    valid = history.in_force(
        item, today, "9999-12-31" if today >= history.day(history.time_of[history.mainline[-1].sha]) else ""
    )
    pending = history.pending(item, today)
    for at, version in enumerate(rows):
        before = rows[at - 1] if at else None
        if before is not None and before.blob == version.blob:
            continue
        day = history.day(version.landed)
        if day > until:
            break
        wrote = history.written_by(version)
        found.append(
            Entry(
                version,
                before if before and before.blob else None,
                day,
                _state(history, version, valid, pending),
                names(register, wrote),
                names(register, [history.by_sha[version.commit]], committer=True),
                _verdict(register, version),
                wrote[0].message.split("\n", 1)[0],
            )
        )
    return found


def _verdict(register: Register | None, version: Version) -> Verdict | None:
    """Return whether a content is approved: by itself, or with the files that govern."""
    if register is None or not version.blob:
        return None
    if register.controls(version):
        return register.verdict(version)
    path = register.history.prefix + version.path
    return next((v for c, paths, v in register.governing if c.sha == version.commit and path in paths), None)


def _state(history: History, version: Version, valid: Version | None, pending: list[Version]) -> str:
    if not version.blob:
        return "deleted"
    if valid is not None and version.blob == valid.blob:
        if version.facts.get("status") == "obsolete":
            return f"obsolete since {max(version.effective, history.day(version.landed))}"
        return f"in force since {version.effective}" if version.effective else "in force"
    if any(version.blob == coming.blob for coming in pending):
        return f"takes effect on {version.effective}"
    if version.draft:
        return "draft"
    if _overtaken(history, version):
        return f"was overtaken before it took effect on {version.effective}"
    if not version.effective:
        return "superseded"
    end = _end(history, version)
    return f"was in force from {version.effective}" + (f" to {end}" if end else "")


def _end(history: History, version: Version) -> str:
    """Return the last day on which a version was in force; "" if that is not known."""
    rows = history.versions[version.item]
    for later in rows[rows.index(version) + 1 :]:
        if later.blob != version.blob and not later.draft and not (later.blob and _overtaken(history, later)):
            first = max(later.effective, history.day(later.landed)) if later.blob else history.day(later.landed)
            return max(add_period(first, "-1 days"), version.effective)
    return ""


def _overtaken(history: History, version: Version) -> bool:
    """Tell whether something that landed later took effect first, so that it never was in force."""
    rows = history.versions[version.item]
    return any(
        later.blob != version.blob
        and history.day(later.landed) <= version.effective
        and later.effective <= version.effective
        for later in rows[rows.index(version) + 1 :]
        if later.blob
    )
