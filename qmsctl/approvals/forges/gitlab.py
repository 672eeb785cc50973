"""GitLab: its approvals name no commit, so each is dated by its system note and set against the pushes."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from qmsctl.approvals.evidence import Head, Protection, PullRequest, Review
from qmsctl.approvals.forges.client import (
    Client,
    Refused,
    by_time,
    in_order,
    instant,
    moment,
    need,
    needed_moment,
    steps,
    want,
)

BOT = re.compile(r"(?:project|group)_\d+_bot(?:\d*|_\w+)$|service_account_")
PRIVATE = re.compile(r"\d+-([A-Za-z0-9._-]+)@users\.noreply\.")
"""The address that GitLab gives to someone who keeps their own one private."""


def pull_request(client: Client, repository: str, number: str) -> PullRequest:
    """Return a merge request with its approvals, as its system notes date them."""
    home = f"projects/{_project(repository)}/merge_requests/{number}"
    merge = client.get(home)
    approvals = client.get(f"{home}/approvals")
    versions = client.pages(f"{home}/versions", per_page="100")
    notes = client.pages(f"{home}/notes", sort="asc", order_by="created_at", per_page="100")
    commits = client.pages(f"{home}/commits", per_page="100")
    told = ["GitLab does not say which accounts the e-mail addresses of commits belong to"]
    url, head = want(merge, "web_url", ""), need(merge, "sha", str)
    heads = [Head(need(v, "head_commit_sha", str), needed_moment(v, "created_at")) for v in versions]
    merged_at = moment(merge, "merged_at")
    # With a fast-forward merge there is no other commit than the head.
    landed = want(merge, "merge_commit_sha", "") or want(merge, "squash_commit_sha", "") or head
    logins = {}
    for commit in commits:
        for email in (want(commit, "author_email", ""), want(commit, "committer_email", "")):
            if private := PRIVATE.match(email):
                logins[email] = private[1]
    return PullRequest(
        forge="gitlab",
        repository=repository,
        number=number,
        author=need(merge, "author.username", str),
        head=head,
        base=need(merge, "target_branch", str),
        state={"opened": "open", "locked": "open"}.get(need(merge, "state", str), need(merge, "state", str)),
        url=url,
        title=want(merge, "title", ""),
        merged_as=landed if merged_at else "",
        # Older servers say it in merged_by, newer ones in merge_user.
        merged_by=(want(merge, "merge_user.username", "") or want(merge, "merged_by.username", ""))
        if merged_at
        else "",
        merged_at=merged_at,
        heads=in_order(heads, head),
        reviews=_reviews(notes, need(approvals, "approved_by", list), url, told),
        logins=logins,
        notes=tuple(told),
        replies=dict(client.replies),
    )


def _reviews(notes: list[Any], approved_by: list[Any], url: str, told: list[str]) -> tuple[Review, ...]:
    found: list[Review] = []
    said = [note for note in notes if want(note, "system", False)]
    for note in sorted(said, key=lambda note: instant(needed_moment(note, "created_at"))):
        body, login = need(note, "body", str).strip().lower(), need(note, "author.username", str)
        if body == "approved this merge request" or body == "requested changes":
            state = "approved" if body.startswith("approved") else "objected"
            found.append(_review(str(need(note, "id", int)), login, state, needed_moment(note, "created_at"), url))
        elif body.startswith(("unapproved this merge request", "revoked approval")):
            found = _withdraw(found, {login.lower()}, login, needed_moment(note, "created_at"))
        elif body.startswith("reset approvals from"):
            gone = {name.rstrip(".") for name in re.findall(r"@([\w.-]+)", body)}
            found = _withdraw(found, gone, login, needed_moment(note, "created_at"))
        elif body == "bypassed reviews on this merge request":
            told.append(f"{login} set aside the requested changes at {moment(note, 'created_at')}")
    counted = {need(entry, "user.username", str): moment(entry, "approved_at") for entry in approved_by}
    noted = {review.login for review in found if review.state == "approved"}
    for login in sorted(noted - set(counted)):
        told.append(f"GitLab no longer counts the approval of {login} and does not say why")
    found = _withdraw(found, {login.lower() for login in noted - set(counted)}, "", "")
    for login, when in counted.items():
        if login not in noted and when:
            found.append(_review(f"approval-{login}", login, "approved", when, url))
        elif login not in noted:
            told.append(f"GitLab counts an approval of {login} and does not say when it was given")
    return by_time(found)


def _review(name: str, login: str, state: str, when: str, url: str) -> Review:
    where = f"{url}#note_{name}" if url and name.isdecimal() else url
    return Review(name, login, state, when, bot=bool(BOT.match(login)), url=where)


def _withdraw(reviews: list[Review], logins: set[str], who: str, when: str) -> list[Review]:
    return [
        replace(review, state="dismissed", was="approved", dismissed_by=who, dismissed_at=when)
        if review.state == "approved" and review.login.lower() in logins
        else review
        for review in reviews
    ]


def protection(client: Client, repository: str, branch: str) -> Protection:
    """Return the protection of a branch; approval rules are a paid feature and often cannot be read."""
    home, unknown = f"projects/{_project(repository)}", list[str]()
    rules = _maybe(client, f"{home}/protected_branches", unknown, "protected branches")
    project = _maybe(client, home, unknown, "settings of the project", one=True)
    approvals = _maybe(client, f"{home}/approvals", unknown, "settings of approvals", one=True)
    needed = _maybe(client, f"{home}/approval_rules", unknown, "rules for approvals")
    mine = None if rules is None else [rule for rule in rules if _matches(need(rule, "name", str), branch)]
    bypass = [
        need(level, "access_level_description", str)
        for rule in mine or []
        for level in want(rule, "push_access_levels", list[Any]())
        # 0 is GitLab's number for nobody.
        if want(level, "access_level", -1) != 0
    ]
    reviews = None
    if needed is not None:
        counts = [need(rule, "approvals_required", int) for rule in needed if _applies(rule, branch)]
        reviews = max([*counts, want(approvals[0], "approvals_before_merge", 0) if approvals else 0])
    if mine:
        unknown.append("deletion: Git cannot delete the branch, but GitLab's pages let maintainers do so")
    settings = project[0] if project else None
    pipeline = want(settings, "only_allow_merge_if_pipeline_succeeds", False) if settings else None
    method = want(settings, "merge_method", "") if settings else ""
    return Protection(
        branch=branch,
        protected=None if mine is None else bool(mine),
        reviews=reviews,
        dismisses_stale=want(approvals[0], "reset_approvals_on_push", False) if approvals else None,
        up_to_date=method in ("ff", "rebase_merge") if method else None,
        required_checks=None if pipeline is None else ("pipeline",) if pipeline else (),
        # Where several rules match, GitLab lets the most generous one decide.
        force_push=None if mine is None else not mine or any(want(r, "allow_force_push", False) for r in mine),
        deletion=None if mine or mine is None else True,
        binds_admins=None if mine is None else bool(mine) and not bypass,
        bypass=tuple(dict.fromkeys(f"{who} may push directly" for who in bypass)),
        unknown=tuple(unknown),
    )


def _maybe(client: Client, path: str, unknown: list[str], what: str, *, one: bool = False) -> list[Any] | None:
    try:
        return [client.get(path)] if one else client.pages(path, per_page="100")
    except Refused as refused:
        unknown.append(f"{what}: {refused}")
        return None


def _applies(rule: Any, branch: str) -> bool:
    named = [need(entry, "name", str) for entry in want(rule, "protected_branches", list[Any]())]
    return not named or any(_matches(name, branch) for name in named)


def _matches(pattern: str, branch: str) -> bool:
    # Only * is special to GitLab.
    return fnmatchcase(branch, re.sub(r"([?\[])", r"[\1]", pattern))


def _project(repository: str) -> str:
    return "%2F".join(steps(repository, 2, 20))
