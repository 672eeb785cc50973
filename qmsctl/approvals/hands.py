"""Who had a hand in a document: nobody approves what he wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from qmsctl.approvals.people import People
from qmsctl.history import git
from qmsctl.history.revisions import facts_of
from qmsctl.loader import SUFFIXES

Hands = tuple[dict[str, str], dict[str, str]]
"""(person -> the commit he had a hand in, unknown address -> the commit it stands on)."""


class Contributions:
    """A line of commits, and who is behind each document they changed."""

    def __init__(
        self, repository: Path, commits: Iterable[git.Commit], known: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """``known`` is what was read of contents before, by their blob id: those are not read again."""
        known = known or {}
        self.commits = list(commits)
        wanted = {t.new for c in self.commits for t in c.touches if t.new and t.path.endswith(SUFFIXES)}
        wanted |= {t.old for c in self.commits for t in c.touches if t.old and t.path.endswith(SUFFIXES)}
        markdown = {b for c in self.commits for t in c.touches if t.path.endswith(".md") for b in (t.old, t.new)}
        contents = git.blobs(repository, sorted(wanted - known.keys()))
        self._signers: dict[str, str] = {}
        self._ids = {blob: known[blob].get("id", "") for blob in wanted & known.keys()}
        self._ids |= {blob: facts_of(data, blob in markdown).get("id", "") for blob, data in contents.items()}

    def shas(self) -> list[str]:
        """Return the commits that changed something themselves; a merge that only joins did not."""
        return [c.sha for c in self.commits if len(c.parents) < 2 or c.touches]

    def signed_by(self, sha: str, person: str) -> None:
        """Note whose key is on a commit: he had a hand in it, whatever name it carries."""
        self._signers[sha] = person

    def to(self, item: str, paths: set[str], people: People, logins: Mapping[str, str]) -> Hands:
        """Return who had a hand in a document, or in one of the files at some paths."""
        persons: dict[str, str] = {}
        strangers: dict[str, str] = {}
        for commit in self.commits:
            if any(
                touch.path in paths or (item and item in (self._ids.get(touch.old), self._ids.get(touch.new)))
                for touch in commit.touches
            ):
                known, unknown = people.behind(commit, logins)
                if commit.sha in self._signers:
                    known.add(self._signers[commit.sha])
                persons.update(dict.fromkeys(known, commit.sha))
                strangers.update(dict.fromkeys(unknown, commit.sha))
        return persons, strangers


def barred(persons: Mapping[str, str], people: People, what: str = "this text") -> dict[str, str]:
    """Return person -> why he may not approve."""
    return {
        person: f"{people.name(person)} had a hand in {what} (commit {sha[:10]})" for person, sha in persons.items()
    }
