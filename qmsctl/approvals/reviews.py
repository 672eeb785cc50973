"""Reviews that a forge reported, to votes: each is about the content that was there when it was given."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from qmsctl.approvals.content import Manifest
from qmsctl.approvals.evidence import PullRequest, Review
from qmsctl.approvals.people import People
from qmsctl.approvals.votes import AGAINST, FOR, WITHDRAWN, Vote
from qmsctl.history import git, trees
from qmsctl.history.trees import Tree

_NAMED = re.compile(r"^\s*as\s+([a-z][a-z0-9-]*)\s*:\s*(review|approval)\b", re.IGNORECASE | re.MULTILINE)
Measure = Callable[[Tree], tuple[Manifest | None, tuple[str, str]]]
"""Whole tree of a commit -> (manifest, (change record, its digest)); the manifest is None where the document is not there."""


@dataclass(frozen=True)
class Subject:
    """What a vote can be about: a changed document, or the files that govern the system."""

    item: str
    revision: str
    measure: Measure


def looked_at(pull: PullRequest, review: Review) -> tuple[str, str]:
    """Return (commit a review was about, why that is not known).

    Forges bind a review to a rebased head anew. A commit that became the head only after the review cannot
    have been looked at; then it was the head of that time.
    """
    when = _time(review.submitted_at)
    pushed = {head.sha: _time(head.pushed_at) for head in pull.heads if head.pushed_at}
    if review.sha and review.sha in pushed and pushed[review.sha] <= when:
        return review.sha, ""
    if review.sha and review.sha not in pushed and {head.sha for head in pull.heads} <= {review.sha}:
        return review.sha, ""  # there never was another head it could have been taken from
    earlier = [head.sha for head in pull.heads if head.pushed_at and _time(head.pushed_at) <= when]
    if earlier:
        return earlier[-1], ""
    return "", "the forge does not say which text was there when it was given"


@dataclass(frozen=True)
class Look:
    """One review of one changed document: the content it was about, or why nobody knows it."""

    review: Review
    stance: str
    subject: Subject
    content: Manifest | None
    record: tuple[str, str]
    unknown: str


def looks(pull: PullRequest, subjects: Iterable[Subject], repository: Path) -> list[Look]:
    """Return what each review that says yes or no was about."""
    wanted = list(subjects)
    commits: dict[str, Tree | None] = {}
    found = []
    for review in pull.reviews:
        stance = _stance(review)
        if not stance:
            continue
        sha, unknown = looked_at(pull, review)
        if sha and sha not in commits:
            commits[sha] = trees.of(repository, sha) if git.has_commit(repository, sha) else None
        tree = commits.get(sha)
        if sha and tree is None:
            unknown = f"the commit it was about ({sha[:12]}) is not stored here any more"
        for subject in wanted:
            content, record = subject.measure(tree) if tree is not None else (None, ("", ""))
            if content is None and not unknown:
                unknown = "the document was not there when it was given"
            found.append(Look(review, stance, subject, content, record, "" if content else unknown))
    return found


def votes_of(pull: PullRequest, subjects: Iterable[Subject], people: People, repository: Path) -> list[Vote]:
    """Return a vote for each review on each changed document."""
    return [_vote(pull, look, people) for look in looks(pull, subjects, repository)]


def named_role(body: str) -> tuple[str, str]:
    """Return (role, meaning) that a review says it was given in, as `as quality-manager: approval`."""
    named = _NAMED.search(body)
    return (named[1].lower(), named[2].lower()) if named else ("", "")


def _vote(pull: PullRequest, look: Look, people: People) -> Vote:
    review = look.review
    person = "" if review.bot else people.by_login(review.login)
    problem = ""
    if review.bot:
        problem = f"{review.login} is a program"
    elif not person:
        problem = f"nobody here has the login {review.login}"
    elif look.stance == FOR:
        problem = look.unknown
    role, meaning = named_role(review.body)
    return Vote(
        item=look.subject.item,
        key=look.content.key if look.content else None,
        person=person,
        name=people.name(person) if person else review.login,
        stance=look.stance,
        at=review.submitted_at,
        origin="review",
        source=review.url or f"{pull.forge} {pull.repository} {pull.number}",
        revision=look.subject.revision,
        role=role,
        meaning=meaning,
        time="proven",
        record=look.record,
        lifted_by=people.by_login(review.dismissed_by) if review.dismissed_by else "",
        problem=problem,
    )


def _stance(review: Review) -> str:
    """Return what a review says today; "" for a mere comment.

    A dismissed review whose state the forge has lost is taken for an objection: the other way round, an
    objection could be dismissed into nothing.
    """
    if review.state == "dismissed":
        return WITHDRAWN if review.was == "approved" else "" if review.was == "commented" else AGAINST
    return {"approved": FOR, "objected": AGAINST}.get(review.state, "")


def _time(moment: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(moment)
