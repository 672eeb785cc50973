"""GitHub: who reviewed which commit, when it was pushed, and who may go round the rules.

``commit_id`` of a review is bound anew to a rebased head, so it proves nothing without the times of the pushes.
Those come from the activity of the branch, or else from the forced pushes in the timeline, never from commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from qmsctl.approvals.evidence import ForgeFault, Head, Protection, PullRequest, Review
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

STATES = {"approved": "approved", "changes_requested": "objected", "commented": "commented", "dismissed": "dismissed"}
LISTED_COMMITS = 250
"""GitHub lists no more commits of a pull request than these."""
GHOST = "ghost"
"""The name GitHub shows for the author of something whose account is gone."""


def pull_request(client: Client, repository: str, number: str) -> PullRequest:
    """Return a pull request with its reviews, pushes and what became of it."""
    home = "repos/" + "/".join(steps(repository, 2))
    pull = client.get(f"{home}/pulls/{number}")
    reviews = client.pages(f"{home}/pulls/{number}/reviews", per_page="100")
    timeline = client.pages(f"{home}/issues/{number}/timeline", per_page="100")
    commits = client.pages(f"{home}/pulls/{number}/commits", per_page="100")
    notes: list[str] = []
    head = need(pull, "head.sha", str)
    pushed = _pushed(client, pull, notes)
    heads = _forced(timeline, notes) if pushed is None else pushed
    if want(pull, "commits", 0) > LISTED_COMMITS:
        notes.append(f"GitHub lists only {LISTED_COMMITS} of the commits, so not every author of the change is known")
    dismissals = {
        str(need(event, "dismissed_review.review_id", int)): event
        for event in timeline
        if want(event, "event", "") == "review_dismissed"
    }
    found = [review for payload in reviews if (review := review_of(payload, dismissals))]
    notes += [
        f"GitHub does not tell what the dismissed review {review.id} of {review.login} had said"
        for review in found
        if review.state == "dismissed" and not review.was
    ]
    merged_at = moment(pull, "merged_at")
    return PullRequest(
        forge="github",
        repository=repository,
        number=number,
        author=want(pull, "user.login", GHOST),
        head=head,
        base=need(pull, "base.ref", str),
        state="merged" if merged_at else need(pull, "state", str),
        url=want(pull, "html_url", ""),
        title=want(pull, "title", ""),
        # Before the merge this is a commit that GitHub made to try it.
        merged_as=want(pull, "merge_commit_sha", "") if merged_at else "",
        merged_by=want(pull, "merged_by.login", GHOST) if merged_at else "",
        merged_at=merged_at,
        heads=in_order(heads, head),
        reviews=by_time(found),
        logins=logins_of(commits),
        notes=tuple(notes),
        replies=dict(client.replies),
    )


def review_of(payload: Any, dismissals: Mapping[str, Any] | None = None) -> Review | None:
    """Return a review from REST or a webhook, which differ in case; None for one that was not yet sent."""
    state = need(payload, "state", str).lower()
    if state == "pending":
        return None
    if state not in STATES:
        raise ForgeFault(f"GitHub tells of a review with the state {state!r}, which is not known here")
    review = str(need(payload, "id", int))
    gone = (dismissals or {}).get(review) if state == "dismissed" else None
    was = want(gone, "dismissed_review.state", "").lower() if gone else ""
    return Review(
        id=review,
        login=want(payload, "user.login", GHOST),
        state=STATES[state],
        submitted_at=needed_moment(payload, "submitted_at"),
        sha=want(payload, "commit_id", ""),
        body=want(payload, "body", ""),
        bot=want(payload, "user.type", "") == "Bot",
        was=STATES.get(was, ""),
        dismissed_by=want(gone, "actor.login", GHOST) if gone else "",
        dismissed_at=needed_moment(gone, "created_at") if gone else "",
        url=want(payload, "html_url", ""),
    )


def logins_of(commits: list[Any]) -> dict[str, str]:
    """Return the account that the forge has for each e-mail address in commits."""
    logins = {}
    for commit in commits:
        for role in ("author", "committer"):
            email, login = want(commit, f"commit.{role}.email", ""), want(commit, f"{role}.login", "")
            if email and login:
                logins[email] = login
    return logins


def _forced(timeline: list[Any], notes: list[str]) -> list[Head]:
    """Return the forced pushes. GitHub does not document which side of the push ``commit_id`` is.

    If it is the commit that was replaced, the present head stays without a time, which proves nothing; so this
    errs on the safe side, but only where the activity of the branch could not be read.
    """
    heads = []
    for event in timeline:
        if want(event, "event", "") != "head_ref_force_pushed":
            continue
        if sha := want(event, "commit_id", ""):
            heads.append(Head(sha, needed_moment(event, "created_at")))
        else:
            notes.append(f"GitHub tells of a forced push at {moment(event, 'created_at')} without saying what of")
    return heads


def _pushed(client: Client, pull: Any, notes: list[str]) -> list[Head] | None:
    """Return the pushes to the branch, as the repository it lies in remembers them; None if it cannot be asked."""
    home, ref = want(pull, "head.repo.full_name", ""), want(pull, "head.ref", "")
    # A branch that lives on after the merge gets pushes that this pull request never had.
    closed = moment(pull, "closed_at")
    if not home or not ref:
        notes.append("the branch of the pull request is gone, so its pushes cannot be dated, except forced ones")
        return None
    try:
        path = "repos/" + "/".join(steps(home, 2)) + "/activity"
        activity = client.pages(path, ref=f"refs/heads/{ref}", per_page="100")
    except Refused as refused:
        notes.append(f"the pushes cannot be dated, except forced ones: {refused}")
        return None
    heads = [
        Head(need(event, "after", str), needed_moment(event, "timestamp"))
        for event in activity
        if want(event, "ref", "") == f"refs/heads/{ref}" and want(event, "activity_type", "") != "branch_deletion"
    ]
    return [head for head in heads if not closed or instant(head.pushed_at) <= instant(closed)]


def protection(client: Client, repository: str, branch: str) -> Protection:
    """Return the protection of a branch from its own settings and from rulesets, which apply together."""
    home = "repos/" + "/".join(steps(repository, 2))
    name, unknown = quote(branch, safe=""), list[str]()
    classic = _classic(client, f"{home}/branches/{name}/protection", unknown)
    rules = _maybe(client, f"{home}/rules/branches/{name}", unknown, "rules", per_page="100")
    bypass, exempt, admins = _actors(client, home, rules or [], unknown)
    suites = _maybe(
        client,
        f"{home}/rulesets/rule-suites",
        unknown,
        "bypasses of the last month",
        ref=f"refs/heads/{branch}",
        time_period="month",
        rule_suite_result="bypass",
        per_page="100",
    )
    allowances = want(classic or {}, "required_pull_request_reviews.bypass_pull_request_allowances", dict[str, Any]())
    for kind, label in (("users", "login"), ("teams", "slug"), ("apps", "slug")):
        bypass += [f"{kind[:-1]} {need(who, label, str)}" for who in want(allowances, kind, list[Any]())]

    def either(setting: str, rule: str, parameter: str = "") -> bool | None:
        """True if one of the two asks for it; None if the one that could be read does not."""
        values = [None if classic is None else want(classic, setting, False)]
        found = [want(r, f"parameters.{parameter}", False) if parameter else True for r in _of(rules, rule)]
        values.append(None if rules is None else any(found))
        return True if True in values else None if None in values else False

    reviewers = [want(r, "parameters.required_approving_review_count", 0) for r in _of(rules, "pull_request")]
    reviewers.append(want(classic or {}, "required_pull_request_reviews.required_approving_review_count", 0))
    checks = {need(c, "context", str) for c in want(classic or {}, "required_status_checks.checks", list[Any]())}
    checks |= {str(context) for context in want(classic or {}, "required_status_checks.contexts", list[Any]())}
    for rule in _of(rules, "required_status_checks"):
        checks |= {need(c, "context", str) for c in want(rule, "parameters.required_status_checks", list[Any]())}
    read = classic is not None and rules is not None
    protected = True if classic or rules else False if read else None
    forced = want(classic or {}, "allow_force_pushes.enabled", not classic)
    deleted = want(classic or {}, "allow_deletions.enabled", not classic)
    # Settings that could not be read may leave administrators free.
    bound: list[bool | None] = []
    if classic is None or rules is None:
        bound.append(None)
    if classic:
        bound.append(want(classic, "enforce_admins.enabled", False))
        bypass += [] if bound[-1] else ["administrators (the settings of the branch do not bind them)"]
    if rules:
        bound.append(admins)
    return Protection(
        branch=branch,
        protected=protected,
        reviews=max(reviewers) if read or max(reviewers) else None,
        dismisses_stale=either(
            "required_pull_request_reviews.dismiss_stale_reviews", "pull_request", "dismiss_stale_reviews_on_push"
        ),
        up_to_date=True
        if _of(rules, "merge_queue")
        else either("required_status_checks.strict", "required_status_checks", "strict_required_status_checks_policy"),
        required_checks=tuple(sorted(checks)) if read or checks else None,
        force_push=False if not forced or _of(rules, "non_fast_forward") else True if read else None,
        deletion=False if not deleted or _of(rules, "deletion") else True if read else None,
        binds_admins=False if False in bound or (not protected and read) else None if None in bound else True,
        bypass=tuple(dict.fromkeys(bypass)),
        exempt=tuple(dict.fromkeys(exempt)),
        bypassed=tuple(_bypass(suite) for suite in suites or [] if want(suite, "result", "") == "bypass"),
        unknown=tuple(unknown),
    )


def _classic(client: Client, path: str, unknown: list[str]) -> dict[str, Any] | None:
    """Return the settings of the branch, empty if it has none, None if they may not be read."""
    try:
        return need({"protection": client.get(path)}, "protection", dict)
    except Refused as refused:
        # Who may not see the settings is told 404 too, but in other words.
        if refused.status == 404 and refused.said == "Branch not protected":
            return {}
        unknown.append(f"settings of the branch: {refused}")
        return None


def _maybe(client: Client, path: str, unknown: list[str], what: str, **query: str) -> list[Any] | None:
    try:
        return client.pages(path, **query)
    except Refused as refused:
        unknown.append(f"{what}: {refused}")
        return None


def _of(rules: list[Any] | None, kind: str) -> list[Any]:
    return [rule for rule in rules or [] if want(rule, "type", "") == kind]


def _actors(
    client: Client, home: str, rules: list[Any], unknown: list[str]
) -> tuple[list[str], list[str], bool | None]:
    """Return who may go round the rulesets, who without a trace, and whether administrators are bound."""
    bypass, exempt, admins = list[str](), list[str](), list[bool | None]()
    for ruleset in sorted({need(rule, "ruleset_id", int) for rule in rules}):
        try:
            reply = client.get(f"{home}/rulesets/{ruleset}")
        except Refused as refused:
            unknown.append(f"who may bypass ruleset {ruleset}: {refused}")
            admins.append(None)
            continue
        # GitHub leaves the field out for those who may not edit the ruleset.
        if want(reply, "bypass_actors", [None]) == [None]:
            unknown.append(f"who may bypass ruleset {ruleset}: the token may not see it")
            admins.append(None)
            continue
        for actor in want(reply, "bypass_actors", list[Any]()):
            kind, number = need(actor, "actor_type", str), want(actor, "actor_id", 0)
            mode = want(actor, "bypass_mode", "always")
            who = f"{kind} {number} ({mode}, ruleset {ruleset})" if number else f"{kind} ({mode}, ruleset {ruleset})"
            bypass.append(who)
            exempt += [who] if mode == "exempt" else []
            # 5 is GitHub's number for the role of administrators.
            admins.append(not (kind == "OrganizationAdmin" or (kind == "RepositoryRole" and number == 5)))
    return bypass, exempt, False if False in admins else None if None in admins else True


def _bypass(suite: Any) -> str:
    who, when = want(suite, "actor_name", GHOST), needed_moment(suite, "pushed_at")
    before, after = want(suite, "before_sha", ""), want(suite, "after_sha", "")
    return f"{who} went round the rules of {want(suite, 'ref', 'a branch')} at {when} ({before[:12]} to {after[:12]})"
