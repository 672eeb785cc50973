"""What change control says about documents, as pages show it: approvals, revisions, what comes."""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qmsctl import redline, shelf, tracking
from qmsctl.approvals.control import Control
from qmsctl.approvals.judge import CHANGED, Verdict
from qmsctl.approvals.trail import Entry, entries
from qmsctl.approvals.votes import Vote
from qmsctl.graph import Graph
from qmsctl.history.revisions import Version
from qmsctl.itemfile import version_of
from qmsctl.loader import Loaded
from qmsctl.model import Item
from qmsctl.pages.view import CONTROL
from qmsctl.pages.wording import Words

ANNOUNCED = "announced:"
"""The one of all CONTROL cells that stands for everything that is announced."""
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
SHOWN = 8
"""How many revisions a page shows with their redlines; the audit trail has them all."""


@dataclass(frozen=True)
class Approval:
    """One line of the block of approvals on a page."""

    name: str
    role: str
    meaning: str
    at: str
    how: str
    source: str


class Publication:
    """Approvals and revisions of the documents in a view.

    ``preview`` says that files as they lie are shown, ``past`` that they show a day that is over; ``may_see`` tells
    whether the readers may see an item.
    """

    def __init__(
        self,
        control: Control,
        loaded: Loaded,
        today: str,
        preview: bool,
        past: bool = False,
        may_see: Callable[[Item], bool] = lambda item: True,
    ) -> None:
        assert control.history is not None
        assert control.register is not None
        self.history = control.history
        self.register = control.register
        self.graph = Graph(loaded)
        self.t = Words()
        self.titles = self.graph
        self.today = today
        self.preview = preview
        self.past = past
        self._root = loaded.root
        self._may_see = may_see
        # A past day is shown with what was known then.
        self._known_until = today if past else "9999-12-31"
        self._known: dict[str, Version | None] = {}
        self._told: dict[str, bytes] = {}

    def spoken(self, t: Words, graph: Graph) -> Publication:
        """Return the same in another language; titles are those of its graph."""
        found = copy.copy(self)
        found.t, found.titles = t, graph
        return found

    @property
    def next_day(self) -> str:
        """The next day on which something takes effect; "" if nothing is announced."""
        return next((version.effective for version in self.all_coming()), "")

    def version(self, item: Item) -> Version | None:
        """The landed content that a page shows; None for a text that has not landed."""
        tracking.saw(CONTROL, item.id)
        if item.shipped:
            return None  # it came with qmsctl and has no history here
        if self.preview and not self._known:
            self._known |= self._lying()
        if item.id not in self._known:
            self._known[item.id] = self._in_force(item)
        return self._known[item.id]

    def _lying(self) -> dict[str, Version | None]:
        """What the files are that lie there, all asked of Git at once."""
        rows = [item for item in self.graph.items.silently() if not item.shipped]
        found = self.history.candidates(self._root, rows, self.today)
        return {row.item.id: row.version if row.version.commit else None for row in found}

    def _in_force(self, item: Item) -> Version | None:
        found = self.history.in_force(item.id, self.today, self._known_until)
        return found if found is not None and found.path == item.path else None

    def verdict(self, item: Item) -> Verdict | None:
        """Whether what a page shows is approved; None for what is not under change control."""
        version = self.version(item)
        if not self.graph.types[item.type].controlled or item.shipped:
            return None
        return self.register.verdict(version) if version else Verdict(problems=("this text has not landed",))

    def approvals(self, item: Item) -> list[Approval]:
        """Who approved what a page shows."""
        verdict = self.verdict(item)
        places = verdict.places if verdict else ()
        return [self._line(p.vote, p.acting(self.titles.title(p.role)), p.slot.meaning) for p in places if p.vote]

    def approvers(self, item: Item) -> str:
        """Who gave the approvals, in one line; reviews are below."""
        rows = [row for row in self.approvals(item) if row.meaning == "approval"] or self.approvals(item)
        return ", ".join(dict.fromkeys(row.name for row in rows))

    def outdated(self, item: Item) -> list[Approval]:
        """Who approved an earlier text under the same number."""
        verdict = self.verdict(item)
        rows = [vote for vote, reason in verdict.refused if reason.startswith(CHANGED)] if verdict else []
        return [self._line(vote, self.titles.title(vote.role), vote.meaning or "approval") for vote in rows]

    def reviews(self, item: Item) -> list[Approval]:
        """The periodic reviews of what a page shows."""
        return [
            self._line(
                v, self.titles.title(v.role), str(self.t("periodic review: {verdict}", verdict=self.t(v.verdict)))
            )
            for v in self._reviews(item)
        ]

    def _reviews(self, item: Item) -> list[Vote]:
        version = self.version(item)
        if version is None or not self.graph.types[item.type].controlled:
            return []
        key = self.register.manifest(version).key
        return [
            vote
            for vote in self.register.periodic(item.id)
            if not vote.problem and vote.key == key and self.history.day(vote.at) <= self._known_until
        ]

    def _line(self, vote: Vote, role: str, meaning: str) -> Approval:
        return Approval(vote.name, role, meaning, vote.at, vote.evidence, vote.source)

    def withdrawn(self, item: Item) -> str:
        """The day from which an obsolete document was obsolete; "" if that is not known."""
        version = self.version(item)
        return max(version.effective, self.history.day(version.landed)) if version else ""

    def moment(self, at: str) -> str:
        """2 March 2026, 14:05 (UTC+01:00)."""
        when = datetime.datetime.fromisoformat(at)
        zone = when.strftime("%z")
        return f"{self.t.day(when.date())}, {when:%H:%M} (UTC{zone[:3]}:{zone[3:5]})"

    def words(self, text: str) -> str:
        """Say the state of a revision, with its days as people write them."""
        days = [self.t.day(found[0]) for found in _DAY.finditer(text)]
        named = dict(zip(("first", "last"), days, strict=False))
        places = iter(("{first}", "{last}"))
        return str(self.t(_DAY.sub(lambda m: next(places, m[0]), text), **named))

    def state(self, item: Item) -> str:
        """approved, changed, missing, exempt or "" for what is not under change control."""
        verdict = self.verdict(item)
        if verdict is None:
            return ""
        if verdict.exempt:
            return "exempt"
        return "approved" if verdict.approved else "changed" if verdict.outdated else "missing"

    def coming(self, item: Item) -> list[Version]:
        """The announced revisions of a document."""
        tracking.saw(CONTROL, item.id)
        return self._announced(item.id)

    def _announced(self, item: str) -> list[Version]:
        """The revisions still to come that are approved; nobody should prepare for one that is not."""
        if self.preview:
            return []
        rows = [v for v in self.history.pending(item, self.today) if self.history.day(v.landed) <= self.today]
        verdicts = [(version, self.register.verdict(version)) for version in rows]
        return [version for version, verdict in verdicts if verdict.approved or verdict.exempt]

    def revisions(self, item: Item) -> list[Entry]:
        """The landed contents of a document, newest first, without those still to come."""
        tracking.saw(CONTROL, item.id)
        rows = entries(self.history, self.register, item.id, self.today, self._known_until)
        coming = set() if self.preview else {v.blob for v in self.history.pending(item.id, self.today)}
        shown = [row for row in reversed(rows) if row.version.blob not in coming and self._may_be_read(item, row)]
        return shown[:SHOWN]

    def _may_be_read(self, item: Item, row: Entry) -> bool:
        """Tell whether a content may be shown: it is the one on the page, or it was approved."""
        version = self.version(item)
        same = version is not None and version.blob == row.version.blob
        return same or row.verdict is None or row.verdict.approved or bool(row.verdict.exempt)

    def redline(self, before: Version | None, after: Version) -> Any:
        """What differs between two contents, as HTML."""
        from markupsafe import Markup

        kind = self.graph.types.get(after.facts.get("type", ""))
        old = self._item(before) if before is not None else None
        new = self._item(after)
        if kind is None or old is None or new is None:
            return ""
        rows = redline.compare(old, new, kind, self.graph.title)
        return Markup(redline.html(row for row in rows if row.path not in (("revision",), ("effective",), ("change",))))

    def _item(self, version: Version) -> Item | None:
        return version_of(version.path, self.history.content(version), self.graph.types)

    def all_coming(self) -> list[Version]:
        """Everything that is announced, soonest first."""
        tracking.saw(CONTROL, ANNOUNCED)
        kinds = self.graph.types
        names = [
            name
            for name, rows in self.history.versions.items()
            if (kind := kinds.get(rows[-1].facts.get("type", ""))) is not None and kind.controlled
        ]
        announced = (version for name in names for version in self._announced(name))
        seen = [v for v in announced if (item := self._item(v)) is not None and self._may_see(item)]
        return sorted(seen, key=lambda version: (version.effective, version.item))

    def told(self) -> dict[str, bytes]:
        """A fingerprint of all that is told of each item, and under ANNOUNCED of what is announced.

        It is made of the answers: what they come from (landings, votes, records, rules, people, pictures) is much
        more, and mostly changes none of them.
        """
        if not self._told:
            with tracking.unheard():
                self._told |= {item.id: self._answers(item) for item in self.graph.items.silently() if not item.shipped}
                self._told[ANNOUNCED] = shelf.digest(self.all_coming())
        return self._told

    def _answers(self, item: Item) -> bytes:
        verdict, reviews = self.verdict(item), self._reviews(item)
        return shelf.digest(self.version(item), verdict, reviews, self.coming(item), self.revisions(item))
