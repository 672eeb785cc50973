"""What has landed, and whether it is approved: every content judged by the rules it landed under."""

from __future__ import annotations

import dataclasses
import datetime
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property, lru_cache

from qmsctl.approvals import documents, snapshots, votes
from qmsctl.approvals.content import Manifest, manifest, showable
from qmsctl.approvals.documents import State
from qmsctl.approvals.hands import Contributions, barred
from qmsctl.approvals.judge import Verdict, judge
from qmsctl.approvals.rules import combined, demand
from qmsctl.approvals.statement import FOLDER, StatementFault
from qmsctl.approvals.votes import Vote
from qmsctl.config import FILE, Approvals
from qmsctl.history import git, trees
from qmsctl.history.past import Timeline
from qmsctl.history.revisions import History, Version
from qmsctl.history.trees import Shown, Tree
from qmsctl.itemfile import version_of
from qmsctl.loader import Loaded, load
from qmsctl.model import Item, add_period


class Register:
    """The approvals of everything on the main branch. Built once, then only asked."""

    def __init__(self, history: History, loaded: Loaded) -> None:
        self.history = history
        self._loaded = loaded
        self.tree = Tree(history.root, trees.of(history.root, history.tip, history.prefix).files, history.contents)
        self._at: dict[int, State] = {}
        # A version is judged twice: by itself, and as what the next one goes on top of.
        self._read = lru_cache(maxsize=64)(self._parsed)
        self._manifests: dict[tuple[str, str, str], Manifest] = {}
        self._epochs: dict[frozenset[tuple[str, str]], State] = {}
        self._verdicts: dict[tuple[str, str, str], Verdict] = {}
        self._brought: dict[str, Contributions] = {}
        self._reviews: dict[str, dict[str, str]] = {}
        self.present = self.epoch(history.tip)
        since = self.present.approvals.since if self.present.approvals else "9999"
        rows = (row for rows in history.versions.values() for row in _since(rows, since, history))
        history.fetch(row for row in rows if self.controls(row))

    @property
    def approvals(self) -> Approvals | None:
        return self.present.approvals

    @cached_property
    def since(self) -> str:
        """The day on which change control began, whatever the rules of today say of it."""
        path = self.history.prefix + FILE
        commits = [c for c in self.history.mainline if any(t.path == path for t in c.touches)]
        ends = [self.history.day(self.history.time_of[c.sha]) for c in commits[1:]] + ["9999-12-31"]
        for commit, end in zip(commits, ends, strict=True):
            approvals = self.epoch(commit.sha).approvals
            if approvals is not None and approvals.since <= end:
                return approvals.since
        return self.approvals.since if self.approvals else "9999-12-31"

    # --- how it stood when something landed -----------------------------------------------------

    def epoch(self, commit: str) -> State:
        """Return rules, people, roles and item types as they were at a commit."""
        turn = bisect_right(self._turns, self.history.place_of[commit])
        if turn not in self._at:
            self._at[turn] = self._epoch(self._turns[turn - 1] if turn else 0)
        return self._at[turn]

    @cached_property
    def _deciding(self) -> list[str]:
        """Every file there ever was that holds rules, people, roles, risks or item types; all are read at once."""
        config, types = self._loaded.config, self._loaded.types
        folders = tuple(
            config.folders.get(name, types[name].folder) + "/" for name in ("person", "role", "risk") if name in types
        )
        places = self.history.timeline.places
        return [p for p in places if p in (FILE, config.directory) or p.startswith((*folders, "item_types/"))]

    @cached_property
    def _turns(self) -> list[int]:
        """The places in the line of landings at which one of them changed."""
        return sorted({place for path in self._deciding for place in self.history.timeline.places[path]})

    def _epoch(self, place: int) -> State:
        files = self.history.timeline.at(place)
        part = self.tree.another({path: files[path] for path in self._deciding if path in files})
        key = frozenset((path, blob) for path, (_, blob) in part.files.items())
        if key not in self._epochs:
            with part.folder() as folder:
                self._epochs[key] = State(part, load(folder))
        return self._epochs[key]

    def _base(self, landing: git.Commit) -> tuple[State, str]:
        """Return how it stood before something landed; where there were no rules yet, how it stood after."""
        if landing.parents:
            before = self.epoch(landing.parents[0])
            if before.approvals is not None:
                return before, landing.parents[0]
        return self.epoch(landing.sha), landing.parents[0] if landing.parents else ""

    # --- votes ------------------------------------------------------------------------------------

    @cached_property
    def policy(self) -> votes.Policy | None:
        approvals = self.approvals
        return votes.policy_of(approvals, self.present.people, self.tree) if approvals else None

    @cached_property
    def records(self) -> list[tuple[str, snapshots.Snapshot | None, str]]:
        """Every record kept here: (path, record, why it proves nothing)."""
        if self.policy is None:
            return []
        return [(path, *votes.recorded(self.tree, path, self.policy)) for path in votes.snapshot_files(self.tree)]

    @cached_property
    def seen(self) -> dict[str, str]:
        """When a recorder saw a statement first: digest -> moment."""
        found: dict[str, str] = {}
        for _, record, problem in self.records:
            if record is None or problem:
                continue
            for digest in record.statements.values():
                found[digest] = min(found.get(digest, record.recorded), record.recorded)
        return found

    @cached_property
    def statements(self) -> list[tuple[str, Vote | None, str]]:
        """Every statement kept here: (path, vote, why it cannot be read)."""
        found: list[tuple[str, Vote | None, str]] = []
        if self.policy is None:
            return found
        paths = votes.statement_files(self.tree)
        votes.verify_ahead(self.tree, paths, self.policy, self.seen)
        for path in paths:
            try:
                vote = votes.signed(self.tree, path, self.policy, self.seen)
            except StatementFault as error:
                found.append((path, None, str(error)))
                continue
            landed = self._arrived.get(self.history.prefix + path, "")
            if not vote.problem and landed and vote.moment > _when(landed) + votes.AHEAD:
                vote = dataclasses.replace(vote, problem=f"it is dated {vote.at}, but landed on {landed}")
            found.append((path, self._vouched(path, vote), ""))
        return found

    @cached_property
    def _arrived(self) -> dict[str, str]:
        """When each file under approvals/ landed first."""
        folder = f"{self.history.prefix}{FOLDER}/"
        found: dict[str, str] = {}
        for commit in self.history.mainline:
            for touch in commit.touches:
                if touch.path.startswith(folder):
                    found.setdefault(touch.path, self.history.time_of[commit.sha])
        return found

    def _vouched(self, path: str, vote: Vote) -> Vote:
        """Let an unsigned periodic review count if a recorder saw it come from that very person."""
        if vote.meaning != votes.PERIODIC or path + ".sig" in self.tree.files:
            return vote
        digest = self.tree.digest(path)
        for source, record, problem in self.records:
            sure = record is not None and not problem and record.statements.get(path) == digest
            alone = record is not None and record.contributors.get(path) == (vote.person,)
            if record is not None and sure and alone and self.present.people.by_login(record.author) == vote.person:
                return votes.vouched(vote, record, source)
        return vote

    @cached_property
    def _signed(self) -> dict[str, list[Vote]]:
        found: dict[str, list[Vote]] = defaultdict(list)
        for _, vote, _ in self.statements:
            if vote is not None:
                found[vote.item].append(vote)
        return found

    def votes(self, item: str, state: State) -> list[Vote]:
        """Return what was said about an item, reviews and approvals of a change alone."""
        found = [vote for vote in self._signed.get(item, []) if vote.meaning != votes.PERIODIC]
        for path, record, problem in self.records:
            if record is not None and not problem:
                found += votes.of_snapshot(record, path, state.people, item)
        return found

    # --- verdicts ---------------------------------------------------------------------------------

    def item(self, version: Version) -> Item | None:
        """Return a version as an item."""
        return self._read(version.path, version.blob)

    def _parsed(self, path: str, blob: str) -> Item | None:
        self.history.fetch_blobs([blob])
        return version_of(path, self.history.contents[blob], self._loaded.types)

    def controls(self, version: Version) -> bool:
        """Tell whether a version is of a controlled type."""
        kind = self._loaded.types.get(version.facts.get("type", ""))
        return kind is not None and kind.controlled

    def manifest(self, version: Version) -> Manifest:
        """Return what an approval of a version is about.

        The newest content is held against the pictures of today, an earlier one against those of its landing:
        what was true of it then stays true.
        """
        name = (version.path, version.commit, version.blob)
        if name not in self._manifests:
            newest = self.history.versions[version.item][-1]
            around = self.tree if newest.blob == version.blob else self._tree_at(version.commit)
            lying = around.with_files({version.path: ("100644", version.blob)})
            self._manifests[name] = manifest(lying, version.path)
        return self._manifests[name]

    def _tree_at(self, commit: str) -> Tree:
        files = self.history.timeline.at(self.history.place_of[commit])
        tree = self.tree.another(files)
        tree.shown = self._ever_shown
        return tree

    @cached_property
    def _ever_shown(self) -> Shown:
        """What documents could show at any time; what was not there at one is passed over."""
        return showable(self.history.timeline.places)

    def verdict(self, version: Version) -> Verdict:
        """Say whether a version is approved."""
        content = self.manifest(version)
        name = (version.item, version.commit, repr(content.key))
        if name not in self._verdicts:
            self._verdicts[name] = self._judge(version, content)
        return self._verdicts[name]

    def _judge(self, version: Version, content: Manifest) -> Verdict:
        approvals = self.approvals
        if approvals is None:
            return Verdict(exempt="no change control")
        first = self.history.first_landing(version)
        if self._was_there(first, content, approvals):
            return Verdict(exempt=f"it landed before change control began on {self.since}")
        landing = self.history.by_sha[first.commit]
        state, _ = self._base(landing)
        rules = state.approvals or approvals
        rows = self.history.versions[version.item]
        at = rows.index(first)
        previous = rows[at - 1] if at and rows[at - 1].blob else None
        # Each is judged on top of those before it: from the oldest on, so that no chain of them grows too deep.
        for row in rows[:at]:
            if row.blob and self.history.day(row.landed) >= self.since:
                self.verdict(row)
        old, new = self.item(previous) if previous else None, self.item(version)
        if new is None:
            return Verdict(problems=("its content cannot be read",))
        was = self.manifest(previous) if previous else None
        change = documents.change_of(state, state, old, new, content, was)
        persons, strangers = self._hands(first, content, state)
        wanted = demand(change.facts, rules)
        said = [
            vote
            for vote in self.votes(version.item, state)
            if vote.revision == version.revision or vote.key == content.key
        ]
        # A moved approval says so itself: it names another revision than the content does.
        signed = rules.evidence == "signatures"
        found = judge(
            wanted,
            said,
            content.key,
            state.people,
            barred(persons, state.people),
            signatures_only=signed,
            after=max(self.on_top_of(rows[:at]), self._pictures_before(content, first), key=_when),
        )
        problems = list(found.problems)
        if strangers:
            problems.append(f"nobody knows whose address on a commit this is: {', '.join(sorted(strangers))}")
        if self._under_unapproved_rules(landing):
            problems.append("it landed under rules, roles or keys that nobody had approved")
        return dataclasses.replace(found, problems=tuple(problems))

    def on_top_of(self, rows: list[Version]) -> str:
        """Return when the last approved content among some landed; "" if there is none.

        What landed without approval was never a text that anybody agreed to change.
        """
        for row in reversed(rows):
            if not row.blob:
                return row.landed
            past = self.verdict(row)
            if past.exempt or past.approved:
                return row.landed
        return ""

    def _pictures_before(self, content: Manifest, first: Version) -> str:
        """Return when one of the pictures changed last but one, since the text landed; "" if never."""
        if self.history.versions[first.item][-1].blob != first.blob:
            return ""  # a later text took its place, with the pictures of that time
        times = [t for t in self.pictures_changed(content) if _when(t) > _when(first.landed)]
        return times[-2] if len(times) > 1 else first.landed if times else ""

    def pictures_changed(self, content: Manifest) -> list[str]:
        """Return when files that a document shows landed, in order."""
        places = self.history.timeline.places
        changed = sorted({place for path, _ in content.files[1:] for place in places.get(path, ())})
        return [self.history.time_of[self.history.mainline[place].sha] for place in changed]

    def _was_there(self, first: Version, content: Manifest, approvals: Approvals) -> bool:
        """Tell whether this very content, pictures included, landed before change control began.

        The day of a commit is what its author says. Where times must be proven, only the order of landings
        counts: what was there when the rules themselves landed.
        """
        if self.history.day(first.landed) >= self.since:
            return False
        if approvals.time == "proven" and self.history.place_of[first.commit] > self._begun:
            return False
        if len(content.files) == 1:
            return True
        before = add_period(self.since, "-1 days")
        then = self._tree_at(self.history.commit_on(before)).with_files({first.path: ("100644", first.blob)})
        return manifest(then, first.path).key == content.key

    @cached_property
    def _begun(self) -> int:
        """Where in the line of landings the first approval rules came."""
        path = self.history.prefix + FILE
        for at, commit in enumerate(self.history.mainline):
            if any(touch.path == path for touch in commit.touches) and self.epoch(commit.sha).approvals is not None:
                return at
        return len(self.history.mainline)

    def _hands(self, first: Version, content: Manifest, state: State) -> tuple[dict[str, str], dict[str, str]]:
        """Return who had a hand in a version since the last that was approved."""
        rows = self.history.versions[first.item]
        at = rows.index(first)
        persons: dict[str, str] = {}
        strangers: dict[str, str] = {}
        paths = {self.history.prefix + path for path, _ in content.files}
        for row in reversed(rows[: at + 1]):
            if row is not first and row.blob and row.blob != first.blob:
                past = self.verdict(row)
                if past.exempt or past.approved:
                    break
            known, unknown = self.brought(row.commit).to(first.item, paths, state.people, {})
            persons.update(known)
            strangers.update(unknown)
            for _, record, problem in self.records:
                if record is not None and not problem and record.landed == row.commit:
                    hands = record.contributors.get(first.item, ())
                    persons.update(dict.fromkeys(hands, record.landed))
                    if hands:  # the recorder knew them by their logins
                        strangers = {a: sha for a, sha in strangers.items() if a not in unknown}
        return persons, strangers

    def brought(self, sha: str) -> Contributions:
        """Return the commits that one landing brought."""
        if sha not in self._brought:
            self._brought[sha] = Contributions(self.history.root, self.history.brought(sha), self.history.facts)
        return self._brought[sha]

    def open_hands(self, item: str, people_of: State) -> tuple[dict[str, str], dict[str, str]]:
        """Return who had a hand in what landed of an item without approval since the last approved content."""
        rows = self.history.versions.get(item, [])
        if not rows or not rows[-1].blob:
            return {}, {}
        last = self.verdict(rows[-1])
        if last.exempt or last.approved:
            return {}, {}
        return self._hands(self.history.first_landing(rows[-1]), self.manifest(rows[-1]), people_of)

    # --- what governs ---------------------------------------------------------------------------

    @property
    def governing(self) -> list[tuple[git.Commit, list[str], Verdict]]:
        """Every landing since change control began that changed what governs: (landing, paths, verdict)."""
        return self._governed[0]

    @property
    def trusted(self) -> State:
        """The rules, people, roles and keys that were approved last: those of today, unless a landing went round them."""
        return self._governed[1]

    @property
    def governing_hands(self) -> dict[str, str]:
        """Who had a hand in what governs since it was approved last: person -> commit."""
        return self._governed[2]

    @property
    def governing_since(self) -> str:
        """When the governing files landed that were approved last; "" if none did since change control began."""
        return self._governed[3]

    @cached_property
    def _governed(self) -> tuple[list[tuple[git.Commit, list[str], Verdict]], State, dict[str, str], str]:
        found: list[tuple[git.Commit, list[str], Verdict]] = []
        trusted: State | None = None
        hands: dict[str, str] = {}
        last = ""
        for landing in self.history.mainline if self.approvals is not None else ():
            landed = self.history.time_of[landing.sha]
            if not landing.parents or self.history.day(landed) < self.since:
                continue
            before, after = self.epoch(landing.parents[0]), self.epoch(landing.sha)
            trusted = trusted or before
            if trusted.approvals is None:
                trusted = after
                continue
            test = documents.governs((before, after), self.history.prefix)
            paths = [touch.path for touch in landing.touches if test(touch.path)]
            if not paths:
                continue
            persons, strangers = self._governing_hands(landing, paths, trusted)
            hands.update(persons)
            verdict = self._judge_governing(landing, trusted, hands, strangers, last, test)
            found.append((landing, paths, verdict))
            if verdict.approved:
                trusted, hands, last = after, {}, landed
        return found, trusted or self.present, hands, last

    def _governing_hands(
        self, landing: git.Commit, paths: list[str], state: State
    ) -> tuple[dict[str, str], dict[str, str]]:
        persons, strangers = self.brought(landing.sha).to("", set(paths), state.people, {})
        for _, record, problem in self.records:
            known = record.contributors.get(documents.GOVERNING, ()) if record is not None and not problem else ()
            if record is not None and record.landed == landing.sha and known:
                persons.update(dict.fromkeys(known, landing.sha))
                strangers = {}
        return persons, strangers

    def _judge_governing(
        self,
        landing: git.Commit,
        state: State,
        hands: dict[str, str],
        strangers: dict[str, str],
        after: str,
        test: Callable[[str], bool],
    ) -> Verdict:
        """Judge what governs by the rules and people that were approved before it."""
        assert state.approvals is not None
        files = self._everywhere.at(self.history.place_of[landing.sha])
        content = documents.governing_manifest(self.tree.another(files), test)
        if content is None:
            return Verdict(problems=("nothing is left that governs",))
        said = [vote for vote in self.votes(documents.GOVERNING, state) if vote.key == content.key]
        found = judge(
            combined([state.approvals.strictest]),
            said,
            content.key,
            state.people,
            barred(hands, state.people, "these files"),
            signatures_only=state.approvals.evidence == "signatures",
            after=after,
        )
        if strangers:
            named = ", ".join(sorted(strangers))
            problem = f"nobody knows whose address on a commit this is: {named}"
            found = dataclasses.replace(found, problems=(*found.problems, problem))
        return found

    @cached_property
    def _everywhere(self) -> Timeline:
        """The files of the whole repository: what governs may lie beside the system's folder."""
        return Timeline(self.history.mainline) if self.history.prefix else self.history.timeline

    def _under_unapproved_rules(self, landing: git.Commit) -> bool:
        """Tell whether the rules a landing was judged by had landed without approval themselves."""
        at = self.history.place_of[landing.sha]
        past = [row for row in self.governing if self.history.place_of[row[0].sha] < at]
        return bool(past) and not past[-1][2].approved

    # --- periodic reviews -------------------------------------------------------------------------

    def periodic(self, item: str) -> list[Vote]:
        """Return the periodic reviews of an item, oldest first, those that count for nothing included."""
        found = [vote for vote in self._signed.get(item, []) if vote.meaning == votes.PERIODIC]
        return sorted(found, key=lambda vote: vote.moment)

    def reviews(self, today: str) -> dict[str, str]:
        """Return item -> the day of the last review that left what is in force on a day as it is."""
        if today not in self._reviews:
            self._reviews[today] = self._reviewed_by(today)
        return self._reviews[today]

    def _reviewed_by(self, today: str) -> dict[str, str]:
        found = {}
        for name in [name for name, rows in self._signed.items() if any(v.meaning == votes.PERIODIC for v in rows)]:
            version = self.history.in_force(name, today, "9999-12-31")
            vote = self.reviewed(version, today) if version else None
            if vote is not None:
                found[name] = self.history.day(vote.at)
        return found

    def reviewed(self, version: Version, today: str) -> Vote | None:
        """Return the last review up to a day that left this very content as it is; None if there is none."""
        key = self.manifest(version).key
        people = self.present.people
        new = self.item(version)
        if new is None or self.approvals is None:
            return None
        facts = documents.change_of(self.present, self.present, new, new, None).facts
        roles = {str(new.get("owner") or "")} | {
            role for slot in demand(facts, self.approvals).slots for role in slot.roles
        }
        for vote in reversed(self.periodic(version.item)):
            if self.history.day(vote.at) > today or vote.problem or vote.verdict != "keep" or vote.key != key:
                continue
            if vote.role in roles and people.acts_as(vote.person, vote.role):
                return vote
        return None


def _since(rows: list[Version], day: str, history: History) -> list[Version]:
    """Return the versions that landed on a day or later, and the newest before."""
    first = next((at for at, row in enumerate(rows) if history.day(row.landed) >= day), len(rows))
    return rows[max(0, first - 1) :]


def _when(moment: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(moment or "0001-01-02T00:00:00+00:00")
