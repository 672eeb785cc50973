"""Azure DevOps: a vote carries neither time nor commit; system threads date it, iterations date the pushes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from qmsctl.approvals.evidence import ForgeFault, Head, Protection, PullRequest, Review
from qmsctl.approvals.forges.client import (
    Client,
    Refused,
    in_order,
    instant,
    kind_of,
    moment,
    need,
    needed_moment,
    steps,
    want,
)

VERSION = {"api-version": "7.1"}
VOTES = {"10": "approved", "5": "approved", "0": "", "-5": "objected", "-10": "objected"}
STATES = {"active": "open", "completed": "merged", "abandoned": "closed"}
RESETS = ("ResetAllVotes", "ResetMultipleVotes")


def pull_request(client: Client, repository: str, number: str) -> PullRequest:
    """Return a pull request with its votes; ``repository`` is project/repository."""
    project, name = steps(repository, 2)
    home = f"{project}/_apis/git/repositories/{name}/pullRequests/{number}"
    pull = client.get(home, **VERSION)
    reviewers = client.pages(f"{home}/reviewers", "value", **VERSION)
    iterations = client.pages(f"{home}/iterations", "value", **VERSION)
    threads = client.pages(f"{home}/threads", "value", **VERSION)
    commits = client.pages(f"{home}/commits", "value", **VERSION)
    heads = [Head(need(i, "sourceRefCommit.commitId", str), needed_moment(i, "createdDate")) for i in iterations]
    pushed = in_order(heads, want(pull, "lastMergeSourceCommit.commitId", ""))
    if not pushed:
        raise ForgeFault("the reply of the forge lacks `lastMergeSourceCommit.commitId` (text), and any iteration")
    merged = need(pull, "status", str) == "completed"
    notes: list[str] = []
    if want(pull, "completionOptions.bypassPolicy", False):
        why = want(pull, "completionOptions.bypassReason", "") or "no reason given"
        notes.append(f"the policies of the branch were bypassed: {why}")
    people = [need(pull, "createdBy", dict), *reviewers, want(pull, "closedBy", dict[str, Any]())]
    accounts = {login.lower(): login for person in people if (login := want(person, "uniqueName", ""))}
    emails = {want(commit, f"{role}.email", "") for commit in commits for role in ("author", "committer")}
    return PullRequest(
        forge="azure",
        repository=repository,
        number=number,
        author=_login(need(pull, "createdBy", dict)),
        head=pushed[-1].sha,
        base=need(pull, "targetRefName", str).removeprefix("refs/heads/"),
        state=STATES.get(need(pull, "status", str), need(pull, "status", str)),
        url=_page(pull, number),
        title=want(pull, "title", ""),
        merged_as=want(pull, "lastMergeCommit.commitId", "") if merged else "",
        merged_by=want(pull, "closedBy.uniqueName", "") if merged else "",
        merged_at=moment(pull, "closedDate") if merged else "",
        heads=pushed,
        reviews=_reviews(threads, reviewers, notes),
        # An account is named by the e-mail address of its owner.
        logins={email: accounts[email.lower()] for email in sorted(emails) if email.lower() in accounts},
        notes=tuple(notes),
        replies=dict(client.replies),
    )


def _page(pull: Any, number: str) -> str:
    site = want(pull, "repository.webUrl", "") or want(pull, "repository.remoteUrl", "")
    return f"{site}/pullrequest/{number}" if site else ""


def _reviews(threads: list[Any], reviewers: list[Any], notes: list[str]) -> tuple[Review, ...]:
    found: list[Review] = []
    dated = sorted(((needed_moment(t, "publishedDate"), t) for t in threads), key=lambda pair: instant(pair[0]))
    for when, thread in dated:
        if _property(thread, "CodeReviewThreadType") != "VoteUpdate":
            continue
        login, state = _login(voter := _voter(thread)), _state(_property(thread, "CodeReviewVoteResult"))
        if not state:
            found = _withdraw(found, login, login, when)
            continue
        bot = login.startswith("Build\\") or want(voter, "descriptor", "").startswith(("svc.", "aadsp."))
        found.append(Review(str(need(thread, "id", int)), login, state, when, bot=bot))
    # A group shows the votes of its members as its own.
    people = [who for who in reviewers if not want(who, "isContainer", False)]
    votes = {_login(who): _state(str(need(who, "vote", int))) for who in people}
    last = {review.login: review for review in found}
    for login, state in votes.items():
        if state and (login not in last or last[login].state != state):
            notes.append(f"Azure DevOps counts a vote of {login} ({state}) and does not say when it was given")
    resets = [when for when, thread in dated if _property(thread, "CodeReviewThreadType") in RESETS]
    for login, review in last.items():
        if review.state not in ("dismissed", votes.get(login, "")):
            notes.append(f"Azure DevOps no longer counts the vote of {login} ({review.state})")
            since = instant(review.submitted_at)
            found = _withdraw(found, login, "", next((when for when in resets if instant(when) > since), ""))
    return tuple(found)


def _withdraw(reviews: list[Review], login: str, who: str, when: str) -> list[Review]:
    return [
        replace(review, state="dismissed", was=review.state, dismissed_by=who, dismissed_at=when)
        if review.login == login and review.state != "dismissed"
        else review
        for review in reviews
    ]


def _login(person: Any) -> str:
    return want(person, "uniqueName", "") or need(person, "id", str)


def _state(vote: str) -> str:
    if vote not in VOTES:
        raise ForgeFault(f"Azure DevOps tells of the vote {vote[:20]!r}, which is not known here")
    return VOTES[vote]


def _voter(thread: Any) -> dict[str, Any]:
    """Return who voted: the thread names them by their place in its list of people."""
    named = want(thread, "identities", dict[str, Any]()).get(_property(thread, "CodeReviewVotedByIdentity"))
    if named is not None:
        return kind_of(named, dict, "identities")
    comments = need(thread, "comments", list)
    return need(comments[0] if comments else {}, "author", dict)


def _property(thread: Any, name: str) -> str:
    """Return a property of a thread, which Azure wraps with its type."""
    value = want(thread, "properties", dict[str, Any]()).get(name)
    value = value.get("$value") if isinstance(value, dict) else value
    return str(value) if isinstance(value, (str, int)) else ""


def protection(client: Client, repository: str, branch: str) -> Protection:
    """Return the policies of a branch; who may bypass them is a permission that this API does not show."""
    project, name = steps(repository, 2)
    unknown = ["who may bypass the policies, force a push or delete the branch: permissions are not read"]
    try:
        home = client.get(f"{project}/_apis/git/repositories/{name}", **VERSION)
        configurations = client.pages(f"{project}/_apis/policy/configurations", "value", **VERSION)
    except Refused as refused:
        return Protection(branch, unknown=(*unknown, f"policies: {refused}"))
    number, default = need(home, "id", str), want(home, "defaultBranch", "")
    policies = [p for p in configurations if _binding(p) and _covers(p, number, default, f"refs/heads/{branch}")]
    settings = [need(policy, "settings", dict) for policy in policies]
    checks = []
    for policy, setting in zip(policies, settings, strict=True):
        if "buildDefinitionId" in setting:
            checks.append(want(setting, "displayName", "") or f"build {need(setting, 'buildDefinitionId', int)}")
        elif "statusName" in setting:
            checks.append("/".join(filter(None, (want(setting, "statusGenre", ""), need(setting, "statusName", str)))))
        elif "requiredReviewerIds" in setting:
            unknown.append(f"policy {need(policy, 'id', int)} asks for reviewers by their numbers, not their names")
    own = any(want(setting, "creatorVoteCounts", False) for setting in settings)
    return Protection(
        branch=branch,
        protected=bool(policies),
        reviews=max([0, *(want(setting, "minimumApproverCount", 0) for setting in settings)]),
        dismisses_stale=any(
            want(setting, key, False)
            for setting in settings
            for key in ("resetOnSourcePush", "requireVoteOnLastIteration")
        ),
        required_checks=tuple(sorted(checks)),
        bypass=("the author of a change, whose own vote counts",) if own else (),
        unknown=tuple(unknown),
    )


def _binding(policy: Any) -> bool:
    on = need(policy, "isEnabled", bool) and not want(policy, "isDeleted", False)
    return on and need(policy, "isBlocking", bool)


def _covers(policy: Any, repository: str, default: str, ref: str) -> bool:
    for scope in want(policy, "settings.scope", list[Any]()):
        where, name, kind = (want(scope, key, "") for key in ("repositoryId", "refName", "matchKind"))
        here = where in ("", repository)
        if here and (
            (kind.lower() == "defaultbranch" and ref == default)
            or (kind.lower() == "prefix" and ref.startswith(name))
            or (kind.lower() in ("", "exact") and name in ("", ref))
        ):
            return True
    return False
