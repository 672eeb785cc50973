"""Gitea and Forgejo: each review keeps its commit and says whether it is stale; the timeline dates the pushes."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from qmsctl.approvals.evidence import Head, Protection, PullRequest, Review
from qmsctl.approvals.forges.client import (
    Client,
    Refused,
    by_time,
    in_order,
    kind_of,
    moment,
    need,
    needed_moment,
    steps,
    want,
)
from qmsctl.approvals.forges.github import logins_of

STATES = {"APPROVED": "approved", "REQUEST_CHANGES": "objected", "COMMENT": "commented"}
UNSENT = ("PENDING", "REQUEST_REVIEW", "")
GHOST = -1
"""The number of the account that stands for deleted ones."""


def pull_request(client: Client, repository: str, number: str) -> PullRequest:
    """Return a pull request with its reviews, pushes and what became of it."""
    home = "repos/" + "/".join(steps(repository, 2))
    pull = client.get(f"{home}/pulls/{number}")
    reviews = client.counted(f"{home}/pulls/{number}/reviews", limit="50")
    commits = client.pages(f"{home}/pulls/{number}/commits", limit="50", files="false", stat="false")
    notes: list[str] = []
    try:
        # The timeline is cut into pages before comments on code are dropped from it, which leaves gaps.
        timeline = client.counted(f"{home}/issues/{number}/timeline", gaps=True, limit="50")
        heads = _pushes(timeline, notes, Head(need(pull, "head.sha", str), needed_moment(pull, "created_at")))
    except Refused as refused:
        timeline, heads = [], []
        notes.append(f"pushes and dismissals cannot be dated: {refused}")
    head, merged = need(pull, "head.sha", str), want(pull, "merged", False)
    return PullRequest(
        forge="gitea",
        repository=repository,
        number=number,
        author=need(pull, "user.login", str),
        head=head,
        base=need(pull, "base.ref", str),
        state="merged" if merged else need(pull, "state", str),
        url=want(pull, "html_url", ""),
        title=want(pull, "title", ""),
        merged_as=want(pull, "merge_commit_sha", "") if merged else "",
        merged_by=want(pull, "merged_by.login", "") if merged else "",
        merged_at=moment(pull, "merged_at") if merged else "",
        heads=in_order(heads, head),
        reviews=_reviews(reviews, timeline, notes),
        logins=logins_of(commits),
        notes=tuple(notes),
        replies=dict(client.replies),
    )


def _reviews(payloads: list[Any], timeline: list[Any], notes: list[str]) -> tuple[Review, ...]:
    dismissals = {want(e, "review_id", 0): e for e in timeline if want(e, "type", "") == "dismiss_review"}
    found: list[Review] = []
    for payload in payloads:
        state, number = need(payload, "state", str), need(payload, "id", int)
        if state in UNSENT:
            continue
        said, dismissed = STATES.get(state, "commented"), want(payload, "dismissed", False)
        gone = dismissals.get(number) if dismissed else None
        login = want(payload, "user.login", "") or "Ghost"
        if said == "approved" and want(payload, "stale", False):
            notes.append(f"the forge calls the approval {number} of {login} stale")
        if said == "approved" and not want(payload, "official", True):
            notes.append(f"the forge does not count the approval {number} of {login}: not from someone it asks for")
        found.append(
            Review(
                id=str(number),
                login=login,
                state="dismissed" if dismissed else said,
                submitted_at=needed_moment(payload, "submitted_at"),
                sha=want(payload, "commit_id", ""),
                body=want(payload, "body", ""),
                # Accounts of the system itself, such as that of Actions, have numbers below zero.
                bot=want(payload, "user.id", 0) < GHOST,
                was=said if dismissed else "",
                dismissed_by=want(gone, "user.login", "") if gone else "",
                dismissed_at=needed_moment(gone, "created_at") if gone else "",
                url=want(payload, "html_url", ""),
            )
        )
    return by_time(found)


def _pushes(timeline: list[Any], notes: list[str], present: Head) -> list[Head]:
    """Return the heads that pushes left; the last commit of a push is the one it left.

    Without any push the present head is the one the pull request was opened with.
    """
    heads = []
    pushes = [event for event in timeline if want(event, "type", "") == "pull_push"]
    for event in pushes:
        try:
            commits = want(json.loads(want(event, "body", "")), "commit_ids", list[Any]())
        except (ValueError, RecursionError):
            commits = []
        if commits and isinstance(commits[-1], str):
            heads.append(Head(commits[-1], needed_moment(event, "created_at")))
        else:
            notes.append("the forge tells of a push without saying what was pushed")
    return heads if pushes else [present]


def protection(client: Client, repository: str, branch: str) -> Protection:
    """Return the protection of a branch; only administrators of the repository may read all of it."""
    home, unknown = "repos/" + "/".join(steps(repository, 2)), list[str]()
    try:
        rules = kind_of(client.get(f"{home}/branch_protections"), list, "list of rules")
    except Refused as refused:
        unknown.append(f"rules of the branch: {refused}")
        return _outside(client, home, branch, unknown)
    rule = _rule(rules, branch)
    if rule is None:
        return Protection(branch, False, 0, False, False, (), True, True, False, unknown=tuple(unknown))
    bypass = [f"{who} may push directly" for who in _pushers(rule)]
    if want(rule, "enable_bypass_allowlist", False):
        names = want(rule, "bypass_allowlist_usernames", list[Any]()) + want(
            rule, "bypass_allowlist_teams", list[Any]()
        )
        bypass += [f"{name} may bypass the rules" for name in names]
    binds = want(rule, "block_admin_merge_override", False)
    checked = want(rule, "enable_status_check", False)
    return Protection(
        branch=branch,
        protected=True,
        reviews=want(rule, "required_approvals", 0),
        dismisses_stale=want(rule, "dismiss_stale_approvals", False) or want(rule, "ignore_stale_approvals", False),
        up_to_date=want(rule, "block_on_outdated_branch", False),
        required_checks=tuple(map(str, want(rule, "status_check_contexts", list[Any]()))) if checked else (),
        force_push=want(rule, "enable_force_push", False),
        deletion=False,
        binds_admins=binds,
        bypass=(*bypass, *(() if binds else ("administrators of the repository may merge against the rules",))),
        unknown=tuple(unknown),
    )


def _outside(client: Client, home: str, branch: str, unknown: list[str]) -> Protection:
    """Return what anyone who can read the repository is told."""
    try:
        told = client.get(f"{home}/branches/{quote(branch, safe='')}")
    except Refused as refused:
        return Protection(branch, unknown=(*unknown, f"branch: {refused}"))
    checked = want(told, "enable_status_check", False)
    return Protection(
        branch=branch,
        protected=need(told, "protected", bool),
        reviews=want(told, "required_approvals", 0),
        required_checks=tuple(map(str, want(told, "status_check_contexts", list[Any]()))) if checked else (),
        unknown=tuple(unknown),
    )


def _rule(rules: list[Any], branch: str) -> Any:
    """Return the one rule that applies: that of the name, else the first pattern by priority."""
    named = [(want(rule, "rule_name", "") or want(rule, "branch_name", ""), rule) for rule in rules]
    exact = [rule for name, rule in named if name == branch]
    fitting = [rule for name, rule in named if fnmatchcase(branch, name)]
    return next(iter(exact or sorted(fitting, key=lambda rule: want(rule, "priority", 0))), None)


def _pushers(rule: Any) -> list[str]:
    if not want(rule, "enable_push", False):
        return []
    if not want(rule, "enable_push_whitelist", False):
        return ["everyone with write access"]
    names = want(rule, "push_whitelist_usernames", list[Any]()) + want(rule, "push_whitelist_teams", list[Any]())
    return [str(name) for name in names] + (["deploy keys"] if want(rule, "push_whitelist_deploy_keys", False) else [])
