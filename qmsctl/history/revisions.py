"""Git's history as the history of items: what landed when, which revision is in force on a day, what comes.

An item is followed by its id, so a renamed file stays the same item. What counts is the line of states the
main branch itself had (first parents). Dates of commits are written by whoever commits; they are only ever
read forward: no state is taken to be older than the one before it.
"""

from __future__ import annotations

import datetime
import zoneinfo
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from qmsctl import config as configuration
from qmsctl import frontmatter
from qmsctl.history import git, kept
from qmsctl.history.past import Timeline
from qmsctl.loader import SUFFIXES
from qmsctl.model import Item
from qmsctl.schema import ItemType

_FACTS = ("id", "type", "title", "revision", "effective", "change", "change_kind", "status", "owner")


@dataclass(frozen=True, slots=True)
class Version:
    """The content of an item as it landed on the main branch; ``blob`` is "" where it was deleted."""

    item: str
    commit: str
    landed: str
    path: str
    blob: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def revision(self) -> str:
        return self.facts.get("revision", "")

    @property
    def effective(self) -> str:
        return self.facts.get("effective", "")

    @property
    def draft(self) -> bool:
        """A draft is never in force, nor is what names a day that does not exist."""
        return self.facts.get("status") == "draft" or "never" in self.facts


@dataclass(frozen=True, slots=True)
class Candidate:
    """The newest content of an item: ``day`` is when it landed, or today if it has not.

    ``earlier`` is what landed before it, ``in_force`` what was in force of that on the day.
    """

    item: Item
    version: Version
    day: str
    earlier: tuple[Version, ...]
    in_force: Version | None

    @property
    def before(self) -> Version | None:
        """The content it takes the place of in the files; None if there is none."""
        return self.earlier[-1] if self.earlier and self.earlier[-1].blob else None


class History:
    """What the main branch of a repository had, state by state. Built once, then only read."""

    def __init__(
        self,
        root: Path,
        tip: str,
        prefix: str,
        zone: str,
        folders: tuple[str, ...],
        mainline: list[git.Commit],
        facts: dict[str, dict[str, str]],
        today: str = "",
        gaps: tuple[str, ...] = (),
    ) -> None:
        self.root = root
        self.tip = tip
        self.prefix = prefix
        self.folders = folders
        self.gaps = gaps
        self.mainline = mainline
        self.facts = facts
        self._today = today
        self._zone_name = zone
        self._zone = zone_of(zone)
        self._days: dict[str, str] = {}
        self.contents: dict[str, bytes] = {}
        self._times, self.odd = _forward(mainline, today)
        self.versions: dict[str, list[Version]] = defaultdict(list)
        for commit, landed in zip(mainline, self._times, strict=True):
            self._land(commit, landed)

    def _land(self, commit: git.Commit, landed: str) -> None:
        arrived: dict[str, Version] = {}
        left: dict[str, Version] = {}
        for touch in commit.touches:
            if not self.holds_item(touch.path):
                continue
            path = touch.path[len(self.prefix) :]
            new, old = self.facts.get(touch.new, {}), self.facts.get(touch.old, {})
            if new.get("id"):
                arrived[new["id"]] = Version(new["id"], commit.sha, landed, path, touch.new, new)
            if old.get("id") and old["id"] != new.get("id"):
                left[old["id"]] = Version(old["id"], commit.sha, landed, path, "", old)
        for name, version in {**left, **arrived}.items():
            self.versions[name].append(version)

    def with_landing(
        self, tip: str, landed: str, touches: tuple[git.Touch, ...], contents: Mapping[str, bytes]
    ) -> History:
        """Return this history as it would be if a change landed; ``tip`` names the tree it would leave."""
        facts = dict(self.facts)
        for touch in touches:
            if touch.new in contents and touch.new not in facts and touch.path.endswith(SUFFIXES):
                facts[touch.new] = facts_of(contents[touch.new], touch.path.endswith(".md"))
        row = git.Commit(tip, (self.tip,), "", "", landed, "", "", landed, "", touches)
        rows = [*self.mainline, row]
        return History(self.root, tip, self.prefix, self._zone_name, self.folders, rows, facts, self._today, self.gaps)

    def holds_item(self, path: str) -> bool:
        """Tell whether a path, from the top of the repository, is one where items lie."""
        return path.startswith(self.folders) and path.endswith(SUFFIXES)

    # --- asking ---------------------------------------------------------------------------------

    def day(self, moment: str) -> str:
        """Return the day of a moment in the organisation's time zone."""
        if moment not in self._days:
            found = datetime.datetime.fromisoformat(moment).astimezone(self._zone)
            self._days[moment] = found.date().isoformat()
        return self._days[moment]

    def commit_on(self, day: str) -> str:
        """Return the last state of the main branch on a day; "" if there was none yet."""
        at = bisect_right(self._times, day, key=self.day)
        return self.mainline[at - 1].sha if at else ""

    def landed(self, item: str, day: str = "") -> list[Version]:
        """Return what landed of an item, oldest first, up to a day."""
        return [v for v in self.versions.get(item, []) if not day or self.day(v.landed) <= day]

    def in_force(self, item: str, day: str, seen_from: str = "") -> Version | None:
        """Return what is in force of an item on a day: the last to land of those whose effective date has come.

        ``seen_from`` is the day whose knowledge is used; left out, all that has landed by now is known.
        """
        known = self.landed(item, seen_from or day)
        if known and not known[-1].blob:
            return None
        return next((v for v in reversed(known) if v.blob and not v.draft and (v.effective or "0") <= day), None)

    def pending(self, item: str, day: str) -> list[Version]:
        """Return the revisions that have landed and take effect after a day, in the order of taking effect.

        Whatever landed later and takes effect sooner has taken their place.
        """
        found: list[Version] = []
        limit = "9999-12-31"
        for version in reversed(self.versions.get(item, [])):
            if not version.blob or version.draft:
                break
            if version.effective <= day:
                break
            if version.effective < limit:
                found.append(version)
                limit = version.effective
        return list(reversed(found))

    def pending_days(self, day: str) -> list[str]:
        """Return the days after a day on which something takes effect."""
        return sorted({v.effective for item in self.versions for v in self.pending(item, day)})

    def revisions(self, item: str) -> list[Version]:
        """Return the last content that landed of each revision of an item, oldest first."""
        found: list[Version] = []
        for version in self.versions.get(item, []):
            if not version.blob:
                continue
            if found and found[-1].revision == version.revision:
                found[-1] = version
            else:
                found.append(version)
        return found

    def first_landing(self, version: Version) -> Version:
        """Return when this very content landed first, without another in between."""
        rows = self.versions[version.item]
        at = max(i for i, row in enumerate(rows) if row.commit == version.commit)
        while at and rows[at - 1].blob == version.blob:
            at -= 1
        return rows[at]

    def fetch(self, versions: Iterable[Version]) -> None:
        """Read the contents of many versions in one call."""
        self.fetch_blobs(version.blob for version in versions)

    def fetch_blobs(self, names: Iterable[str]) -> None:
        """Read many contents by their blob id in one call."""
        wanted = {name for name in names if name and name not in self.contents}
        self.contents.update(git.blobs(self.root, sorted(wanted)))

    def content(self, version: Version) -> bytes:
        """Return the bytes of a version."""
        if version.blob not in self.contents:
            self.fetch([version])
        return self.contents[version.blob]

    def brought(self, sha: str) -> list[git.Commit]:
        """Return the commits that one landing brought, itself included, oldest first."""
        landing = self.by_sha[sha]
        return self._merged[sha] if len(landing.parents) > 1 else [landing]

    @cached_property
    def _merged(self) -> dict[str, list[git.Commit]]:
        """What each merge brought, from one pass over the side branches."""
        last = next(commit.sha for commit in reversed(self.mainline) if len(commit.parents) > 1)
        rows = {commit.sha: (at, commit) for at, commit in enumerate(git.log(self.root, last))}
        seen: set[str] = set()
        found: dict[str, list[git.Commit]] = {}
        for landing in self.mainline:
            if landing.sha not in rows:
                break
            fresh, forked = _ancestors(landing.sha, rows, seen)
            if len(landing.parents) > 1:
                # Where side branches lie beside each other, only Git knows the order in which it tells them.
                found[landing.sha] = git.log(self.root, landing.sha, since=landing.parents[0]) if forked else fresh
        return found

    def written_by(self, version: Version) -> list[git.Commit]:
        """Return the commits in which a version was written, not the one that merged them."""
        path = self.prefix + version.path
        rows = [c for c in self.brought(version.commit) if any(t.path == path for t in c.touches)]
        return rows or [self.by_sha[version.commit]]

    @cached_property
    def time_of(self) -> dict[str, str]:
        """When each state of the main branch landed."""
        return {commit.sha: landed for commit, landed in zip(self.mainline, self._times, strict=True)}

    @cached_property
    def timeline(self) -> Timeline:
        """What the files of the system were at each state; paths begin at the system's folder."""
        return Timeline(self.mainline, self.prefix)

    @cached_property
    def place_of(self) -> dict[str, int]:
        """The place of each state in the line of landings."""
        return {commit.sha: at for at, commit in enumerate(self.mainline)}

    @cached_property
    def by_sha(self) -> dict[str, git.Commit]:
        return {commit.sha: commit for commit in self.mainline}

    def candidates(self, root: Path, items: Iterable[Item], today: str) -> list[Candidate]:
        """Return for each item its newest content, as it lies in a folder, and what it follows."""
        rows = list(items)
        blobs = dict(zip((i.path for i in rows), git.would_be(root, [i.path for i in rows]), strict=True))
        found = []
        for item in rows:
            landed = self.versions.get(item.id, [])
            last = landed[-1] if landed and landed[-1].blob == blobs[item.path] else None
            if last is not None:
                first = self.first_landing(last)
                day, earlier = self.day(first.landed), landed[: landed.index(first)]
            else:
                day, earlier = today, landed
            facts = _facts_in(item.fields)
            version = last or Version(item.id, "", "", item.path, blobs[item.path], facts)
            found.append(Candidate(item, version, day, tuple(earlier), self._valid(earlier, day)))
        return found

    @staticmethod
    def _valid(rows: Iterable[Version], day: str) -> Version | None:
        valid = [v for v in rows if v.blob and not v.draft and (v.effective or "0") <= day]
        return valid[-1] if valid else None

    def files_on(self, day: str, types: Mapping[str, ItemType], today: str) -> dict[str, tuple[str, str]]:
        """Return path -> (mode, blob) of the system in force on a day, paths relative to the system's folder.

        Controlled items come from their revision in force, everything else from the main branch that day.
        A day to come shows what will be in force as far as is known ``today``.
        """
        past = day < today
        commit = self.commit_on(day) if past else self.tip
        if not commit:
            return {}
        whole = git.tree(self.root, commit)
        files = {p[len(self.prefix) :]: entry for p, entry in whole.items() if p.startswith(self.prefix)}
        chosen: dict[str, str] = {}
        for name in self.versions:
            rows = self.landed(name, day if past else "")
            kind = types.get(rows[-1].facts.get("type", "")) if rows else None
            if kind is None or not kind.controlled:
                continue
            chosen[name] = ""
            if not rows[-1].blob:
                continue
            valid = self.in_force(name, day, "" if past else "9999-12-31")
            mode = files.pop(rows[-1].path, ("100644", ""))[0]
            if valid is not None:
                files[valid.path] = (mode, valid.blob)
                chosen[name] = valid.path
        # What is shown under an id is the one file that was judged, whatever else carries the id.
        for path, (_, blob) in list(files.items()):
            name = self.facts.get(blob, {}).get("id", "") if self.holds_item(self.prefix + path) else ""
            if name in chosen and chosen[name] != path:
                del files[path]
        return files


def zone_of(name: str) -> datetime.tzinfo:
    """Return a time zone by its name; UTC if there is none of that name."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return datetime.UTC


def moment(text: str) -> str:
    """Return a moment as Git gave it; the beginning of time for one that cannot be."""
    return text or "1970-01-01T00:00:00+00:00"


def _ancestors(tip: str, rows: Mapping[str, tuple[int, git.Commit]], seen: set[str]) -> tuple[list[git.Commit], bool]:
    """Return the commits that lead to one and were not seen, oldest first, and whether they are more than one line."""
    found: list[tuple[int, git.Commit]] = []
    forked = False
    ahead = [tip]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in rows:
            continue
        seen.add(name)
        found.append(rows[name])
        fresh = [parent for parent in rows[name][1].parents if parent not in seen]
        forked = forked or len(fresh) > 1
        ahead += fresh
    return [commit for _, commit in sorted(found)], forked


def _forward(commits: list[git.Commit], today: str) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    """Return when each state landed, none earlier than the one before, and (commit, time) of those that cannot be.

    A time that no clock shows, or that is still to come, is taken for that of the state before it: one such
    commit must not move all that follows.
    """
    limit = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    if today:
        limit = datetime.datetime.fromisoformat(today).replace(tzinfo=datetime.UTC) + datetime.timedelta(
            days=1, hours=12
        )
    found: list[str] = []
    odd = []
    for commit in commits:
        last = found[-1] if found else moment("")
        if not commit.committed or datetime.datetime.fromisoformat(commit.committed) > limit:
            odd.append((commit.sha, commit.committed))
            found.append(last)
        elif datetime.datetime.fromisoformat(commit.committed) < datetime.datetime.fromisoformat(last):
            found.append(last)
        else:
            found.append(commit.committed)
    return found, tuple(odd)


def read(
    root: Path,
    config: configuration.Config,
    types: Mapping[str, ItemType],
    revision: str = "",
    cache: Path | None = None,
    prefix: str | None = None,
    today: str = "",
) -> History:
    """Read the history of the items in a folder. Raises GitFault where there is none.

    ``cache`` is a folder in which what was read is kept; the next run reads only what is new since. ``prefix``
    is where the system lies below the top of a repository that has no files of its own. With ``today`` nothing
    counts as landed on a day to come.
    """
    prefix = git.prefix(root) if prefix is None else prefix
    tip = git.commit(root, revision or git.main_branch(root))
    folders = tuple(prefix + config.folders.get(name, kind.folder) + "/" for name, kind in types.items())
    gaps = tuple(git.gaps(root))
    # Where Git hides something, what it shows is not to be taken for the history later.
    folder = cache if not gaps else None
    before = kept.load(folder) if folder is not None else kept.Kept()
    known = _unchanged(root, tip, before.mainline)
    fresh = git.log(root, tip, since=known[-1].sha if known else "", first_parent=True)
    mainline = known + fresh
    facts = before.facts if len(known) == len(before.mainline) else _of(known, before.facts)
    wanted: dict[str, bool] = {}
    for commit in fresh if before.folders == folders else mainline:
        for touch in commit.touches:
            if touch.path.startswith(folders) and touch.path.endswith(SUFFIXES) and touch.mode != "160000":
                for name in (touch.old, touch.new):
                    if name and name not in facts:
                        wanted.setdefault(name, touch.path.endswith(".md"))
    for name, data in git.blobs(root, wanted).items():
        facts[name] = facts_of(data, wanted[name])
    if folder is not None and (fresh or wanted or len(known) < len(before.mainline) or before.folders != folders):
        kept.save(folder, before, folders, mainline, facts)
    return History(root, tip, prefix, config.time_zone, folders, mainline, facts, today, gaps)


def _unchanged(root: Path, tip: str, mainline: list[git.Commit]) -> list[git.Commit]:
    """Return those of the states that were kept which are still states of the main branch."""
    if not mainline or mainline[-1].sha == tip:
        return mainline
    try:
        # Of all that was kept, the branch goes on from one state at most.
        joints = git.first_parents(root, tip, mainline[-1].sha) or {tip}
    except git.GitFault:
        return []
    at = next((at for at in reversed(range(len(mainline))) if mainline[at].sha in joints), -1)
    return mainline[: at + 1]


def _of(mainline: Iterable[git.Commit], facts: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Return what is known of contents that landed, in the order in which they did."""
    names = dict.fromkeys(name for c in mainline for t in c.touches for name in (t.old, t.new))
    return {name: facts[name] for name in names if name in facts}


def facts_of(data: bytes, markdown: bool) -> dict[str, str]:
    """Read what the history needs to know of one content; empty if it cannot be read as an item."""
    if len(data) > frontmatter.MAX_BYTES:
        return {}
    parsed = frontmatter.parse_file(data, markdown=markdown or data.startswith(b"---"))
    if parsed.fields:
        frontmatter.clean(parsed, data)
    fields = parsed.fields or {}
    return _facts_in(fields)


def _facts_in(fields: Mapping[str, Any]) -> dict[str, str]:
    found = {name: str(fields[name]) for name in _FACTS if isinstance(fields.get(name), str)}
    if "effective" in fields and not _is_day(found.get("effective", "")):
        found.pop("effective", None)
        found["never"] = str(fields["effective"])[:40]
    return found


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
