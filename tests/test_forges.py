"""Replies of forges are read for what they say, and what cannot be read is never taken for silence."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsctl.approvals.evidence import ForgeFault, Protection, PullRequest, Review
from qmsctl.approvals.forges import FORGES, azure, client, detect, gitea, github, gitlab, protection, read

DATA = Path(__file__).parent / "data" / "forges"
MODULES = Path(__file__).parent / "npm" / "node_modules"
TOKEN = "ghp_0123456789secret"
REPOSITORIES = {
    "github": "acme/qms",
    "gitlab": "acme/quality/qms",
    "gitea": "acme/qms",
    "azure": "acme/Quality Office/qms",
}
A, B, C, D = (letter * 40 for letter in "abcd")
PATH = "/repos/acme/qms/pulls/7"


def saved(forge: str, number: str = "7") -> PullRequest:
    return read(forge, REPOSITORIES[forge], number, saved=DATA / forge)


def guarded(forge: str, branch: str = "main", repository: str = "") -> Protection:
    return protection(forge, repository or REPOSITORIES[forge], branch, saved=DATA / forge)


def by(pull: PullRequest, login: str) -> Review:
    """Return the one review of somebody."""
    (review,) = (review for review in pull.reviews if review.login.partition("@")[0] == login)
    return review


def said(fault: pytest.ExceptionInfo[ForgeFault]) -> str:
    """Return the message, once neither it nor its trace holds the token."""
    assert TOKEN not in "".join(traceback.format_exception(fault.value))
    return str(fault.value)


# What saved replies say


@pytest.mark.parametrize("forge", FORGES)
def test_a_merged_pull_request_tells_who_merged_what(forge: str) -> None:
    pull = saved(forge)
    assert (pull.forge, pull.number, pull.base, pull.state, pull.head) == (forge, "7", "main", "merged", C)
    assert pull.title == "SOP-014 revision 3"
    assert pull.url.endswith("/7")
    assert pull.author.partition("@")[0] == "eve"
    assert pull.merged_by.partition("@")[0] == "carol"
    assert (pull.merged_as, pull.merged_at[:19]) == ("f" * 40, "2026-11-05T08:00:00")


@pytest.mark.parametrize("forge", FORGES)
def test_an_approval_tells_who_and_when(forge: str) -> None:
    login, when = {"github": ("anna", "2026-11-02T11:00:00Z"), "gitea": ("dora", "2026-11-04T15:00:00Z")}.get(
        forge, ("ben", "2026-11-04T13:00:00Z")
    )
    review = by(saved(forge), login)
    assert (review.state, review.submitted_at, review.bot, review.was) == ("approved", when, False, "")


@pytest.mark.parametrize("forge", FORGES)
def test_an_objection_is_no_approval(forge: str) -> None:
    login = "frank" if forge in ("github", "gitea") else "carol"
    assert by(saved(forge), login).state == "objected"


@pytest.mark.parametrize(
    ("forge", "login", "was", "dismissed_by", "dismissed_at"),
    [
        ("github", "ben", "objected", "carol", "2026-11-04T13:00:00Z"),
        ("gitlab", "anna", "approved", "eve", "2026-11-04T12:00:01Z"),
        ("gitlab", "dora", "approved", "dora", "2026-11-03T11:05:00Z"),
        ("gitea", "ben", "objected", "carol", "2026-11-04T13:00:00Z"),
        ("azure", "anna", "approved", "", "2026-11-04T12:00:01Z"),
        ("azure", "gina", "approved", "gina@example.org", "2026-11-04T13:50:00Z"),
    ],
)
def test_a_dismissal_keeps_what_was_said_before(
    forge: str, login: str, was: str, dismissed_by: str, dismissed_at: str
) -> None:
    review = by(saved(forge), login)
    assert (review.state, review.was) == ("dismissed", was)
    assert (review.dismissed_by, review.dismissed_at) == (dismissed_by, dismissed_at)


@pytest.mark.parametrize(
    ("forge", "login"),
    [("github", "inspector[bot]"), ("gitlab", "project_12_bot_5f"), ("gitea", "gitea-actions"), ("azure", "pipeline")],
)
def test_a_bot_is_called_one(forge: str, login: str) -> None:
    pull = saved(forge)
    assert [review.login.partition("@")[0] for review in pull.reviews if review.bot] == [login]


@pytest.mark.parametrize(
    ("forge", "heads"),
    [
        ("github", [(A, "2026-11-02T09:00:00Z"), (B, "2026-11-03T10:00:00Z"), (C, "2026-11-04T12:00:00Z")]),
        ("gitlab", [(A, "2026-11-02T09:00:00Z"), (B, "2026-11-03T10:00:00.500000Z"), (C, "2026-11-04T12:00:00Z")]),
        ("gitea", [(B, "2026-11-03T10:00:00Z"), (C, "2026-11-04T12:00:00Z")]),
        ("azure", [(A, "2026-11-02T09:00:00Z"), (C, "2026-11-04T12:00:00Z")]),
    ],
)
def test_every_push_is_dated_also_a_forced_one(forge: str, heads: list[tuple[str, str]]) -> None:
    assert [(head.sha, head.pushed_at) for head in saved(forge).heads] == heads


@pytest.mark.parametrize("forge", FORGES)
def test_an_approval_before_the_last_push_can_be_told(forge: str) -> None:
    pull = saved(forge)
    early = by(pull, "anna")
    assert early.submitted_at < pull.heads[-1].pushed_at
    if forge in ("github", "gitea"):
        assert (early.sha, pull.head) == (A, C)
    else:
        assert early.sha == ""


@pytest.mark.parametrize(
    ("forge", "logins"),
    [
        ("github", {"eve@example.org": "eve", "noreply@github.com": "web-flow"}),
        ("gitlab", {"17-eve@users.noreply.gitlab.com": "eve"}),
        ("gitea", {"eve@example.org": "eve"}),
        ("azure", {"Eve@example.org": "eve@example.org"}),
    ],
)
def test_addresses_of_commits_lead_to_logins(forge: str, logins: dict[str, str]) -> None:
    assert saved(forge).logins == logins


@pytest.mark.parametrize("forge", FORGES)
def test_reviews_come_in_the_order_they_were_given(forge: str) -> None:
    times = [client.instant(review.submitted_at) for review in saved(forge).reviews]
    assert times == sorted(times)


def test_github_binds_a_review_anew_and_the_heads_show_it() -> None:
    pull = saved("github")
    review = by(pull, "dora")
    assert review.sha == pull.head
    assert review.submitted_at < pull.heads[-1].pushed_at


def test_github_reviews_of_deleted_accounts_and_drafts() -> None:
    pull = saved("github")
    assert by(pull, "ghost").state == "commented"
    assert [review for review in pull.reviews if review.login == "carol"] == []
    assert by(pull, "anna").body == "Checked against the drawing."


def test_github_without_the_branch_dates_forced_pushes_only() -> None:
    pull = saved("github", "8")
    assert pull.author == "ghost"
    assert [(head.sha, head.pushed_at) for head in pull.heads] == [(C, "2026-11-04T12:00:00Z")]
    assert by(pull, "ben").was == ""
    assert [
        note for word in ("is gone", "without saying", "only 250", "had said") for note in pull.notes if word in note
    ]
    assert len(pull.notes) == 4


def test_github_leaves_a_head_undated_if_nothing_dates_it() -> None:
    pull = saved("github", "9")
    assert [(head.sha, head.pushed_at) for head in pull.heads] == [(C, "")]
    assert "cannot be dated" in pull.notes[0]


def test_github_refuses_a_state_it_does_not_know() -> None:
    with pytest.raises(ForgeFault, match="'blessed'"):
        github.review_of({"id": 1, "state": "BLESSED", "submitted_at": "2026-11-04T12:00:00Z"})


def test_gitlab_takes_only_its_own_notes_for_approvals() -> None:
    pull = saved("gitlab")
    assert "mallory" not in [review.login for review in pull.reviews]
    assert by(pull, "ben").url.endswith("/7#note_16")
    assert by(pull, "frank").id == "approval-frank"
    assert "counts an approval of gina" in pull.notes[-1]
    assert "eve set aside the requested changes" in pull.notes[1]


def test_gitlab_no_longer_counting_an_approval_dismisses_it() -> None:
    pull = saved("gitlab", "8")
    assert (by(pull, "anna").state, by(pull, "anna").was) == ("dismissed", "approved")
    assert "no longer counts the approval of anna" in pull.notes[-1]
    assert [(head.sha, head.pushed_at) for head in pull.heads][-1] == (C, "")


def test_gitea_tells_of_stale_and_uncounted_approvals() -> None:
    notes = "\n".join(saved("gitea").notes)
    assert "approval 31 of anna stale" in notes
    assert "does not count the approval 34 of mallory" in notes
    assert "push without saying what was pushed" in notes


def test_gitea_names_no_next_page_and_is_asked_on() -> None:
    pull = saved("gitea")
    assert [review.id for review in pull.reviews] == ["31", "32", "33", "34", "35", "36"]
    assert "repos/acme/qms/issues/7/timeline?page=6&limit=50" in pull.replies


def test_gitea_without_a_timeline_says_so() -> None:
    pull = saved("gitea", "8")
    assert "pushes and dismissals cannot be dated" in pull.notes[0]
    assert [(head.sha, head.pushed_at) for head in pull.heads] == [(C, "")]


def test_gitea_without_a_push_has_the_head_it_was_opened_with() -> None:
    pull = saved("gitea", "9")
    assert [(head.sha, head.pushed_at) for head in pull.heads] == [(C, "2026-11-02T09:00:00Z")]
    assert (pull.reviews, pull.notes) == ((), ())


def test_gitea_null_is_no_list_of_reviews(tmp_path: Path) -> None:
    for file in (DATA / "gitea").glob("*-9*.json"):
        shutil.copy(file, tmp_path)
    reply = json.loads((tmp_path / "reviews-9.json").read_text("utf-8"))
    (tmp_path / "reviews-9.json").write_text(json.dumps({**reply, "body": None}), encoding="utf-8")
    with pytest.raises(ForgeFault, match="lacks `list of items`"):
        read("gitea", "acme/qms", "9", saved=tmp_path)


def test_azure_votes_come_from_threads() -> None:
    pull = saved("azure")
    assert (by(pull, "ben").id, by(pull, "dora").state) == ("42", "approved")
    assert "mallory@example.org" not in [review.login for review in pull.reviews]
    notes = "\n".join(pull.notes)
    assert "bypassed: audit tomorrow" in notes
    assert "counts a vote of frank@example.org (approved) and does not say when" in notes
    assert "no longer counts the vote of anna@example.org" in notes
    assert "team" not in notes


def test_a_missing_saved_reply_is_no_empty_one(tmp_path: Path) -> None:
    for file in (DATA / "github").glob("*-7*.json"):
        if "page-2" not in file.name:
            shutil.copy(file, tmp_path)
    with pytest.raises(ForgeFault, match=r"hold none to repos/acme/qms/pulls/7/reviews\?per_page=100&page=2"):
        read("github", "acme/qms", "7", saved=tmp_path)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"request": 7, "body": 1}', '{"request": "a"}', '{"request": "a", "body": "", "next": 3}']
)
def test_a_broken_saved_reply_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "reply.json").write_text(content, encoding="utf-8")
    with pytest.raises(ForgeFault, match="is no saved reply"):
        read("github", "acme/qms", "7", saved=tmp_path)


def test_a_missing_folder_of_replies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForgeFault, match="no folder of saved replies"):
        read("github", "acme/qms", "7", saved=tmp_path / "none")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"user": None, "submitted_at": None}, "lacks `submitted_at` (text)"),
        ({"submitted_at": "2026-11-04T12:00:00"}, "needs a date, a time and a zone"),
        ({"submitted_at": "yesterday"}, "holds 'yesterday' for a time"),
        ({"id": True}, "lacks `id` (a number)"),
        ({"state": 7}, "lacks `state` (text)"),
        ({"user": "anna"}, "lacks `user.login` (an object)"),
    ],
)
def test_a_reply_of_another_shape_is_a_fault(tmp_path: Path, change: dict[str, object], words: str) -> None:
    for file in (DATA / "github").glob("*-9.json"):
        shutil.copy(file, tmp_path)
    reply = json.loads((tmp_path / "reviews-9.json").read_text("utf-8"))
    reply["body"][0].update(change)
    (tmp_path / "reviews-9.json").write_text(json.dumps(reply), encoding="utf-8")
    with pytest.raises(ForgeFault, match=re.escape(words)):
        read("github", "acme/qms", "9", saved=tmp_path)


class Replies:
    """Replays replies from memory."""

    def __init__(self, replies: dict[str, tuple[int, object, str]]) -> None:
        self._replies = replies

    def send(self, url: str, request: str) -> client.Reply:
        if request not in self._replies:
            raise ForgeFault(f"there is no reply to {request}")
        status, body, onward = self._replies[request]
        return client.Reply(status, json.dumps(body).encode(), onward=onward)

    def close(self) -> None:
        pass


@cache
def texts(forge: str) -> tuple[str, ...]:
    """Return the saved replies of a forge, each as JSON."""
    return tuple(file.read_text("utf-8") for file in sorted((DATA / forge).glob("*.json")))


def places(value: object) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a reply as what holds it and where in it."""
    if isinstance(value, (dict, list)):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from places(inner)


ODD: list[object] = [
    None,
    True,
    False,
    0,
    -1,
    7,
    1.5,
    10**30,
    "",
    "x",
    "APPROVED",
    "\ud800",
    "2026-11-04",
    [],
    [None],
    [[]],
    {},
    {"a": 1},
]


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(FORGES), st.data())
def test_a_reply_bent_anywhere_is_read_or_is_a_fault(forge: str, data: st.DataObject) -> None:
    replies = {reply["request"]: reply for reply in map(json.loads, texts(forge))}
    holder, key = data.draw(st.sampled_from([place for reply in replies.values() for place in places(reply["body"])]))
    holder[key] = data.draw(st.sampled_from(ODD))
    bent = {name: (r.get("status", 200), r["body"], r.get("next", "")) for name, r in replies.items()}
    asking = client.Client("https://forge.example", Replies(bent))
    adapter = {"github": github, "gitlab": gitlab, "gitea": gitea, "azure": azure}[forge]
    repository = REPOSITORIES[forge].removeprefix("acme/" if forge == "azure" else "")
    with suppress(ForgeFault):
        assert isinstance(adapter.pull_request(asking, repository, "7"), PullRequest)
    with suppress(ForgeFault):
        assert isinstance(adapter.protection(asking, repository, "main"), Protection)


# How branches are protected


def test_github_rulesets_and_who_goes_round_them() -> None:
    found = guarded("github")
    assert (found.protected, found.reviews, found.dismisses_stale, found.up_to_date) == (True, 2, True, True)
    assert (found.required_checks, found.force_push, found.deletion) == (("qms",), False, False)
    assert found.binds_admins is False
    assert found.exempt == ("Integration 77 (exempt, ruleset 5)",)
    assert set(found.exempt) < set(found.bypass)
    assert "OrganizationAdmin (always, ruleset 5)" in found.bypass
    (once,) = found.bypassed
    assert once.startswith("carol went round the rules of refs/heads/main at 2026-11-06T08:43:03Z")
    assert found.unknown == ()


def test_github_settings_of_a_branch() -> None:
    found = guarded("github", "release/1")
    assert (found.reviews, found.dismisses_stale, found.up_to_date, found.force_push) == (1, False, False, True)
    assert (found.deletion, found.binds_admins) == (False, False)
    assert found.bypass[:2] == ("user carol", "team quality")
    assert found.bypass[2].startswith("administrators")


def test_github_what_the_token_may_not_see_is_unknown_not_absent() -> None:
    found = guarded("github", "hidden")
    assert (found.protected, found.reviews) == (True, 1)
    assert (found.dismisses_stale, found.force_push, found.binds_admins, found.required_checks) == (None,) * 4
    assert [note.partition(":")[0] for note in found.unknown] == [
        "settings of the branch",
        "who may bypass ruleset 6",
        "bypasses of the last month",
    ]


def test_github_half_a_view_does_not_say_that_administrators_are_bound() -> None:
    found = guarded("github", "half")
    assert (found.protected, found.force_push, found.deletion) == (True, False, None)
    assert (found.binds_admins, found.reviews, len(found.unknown)) == (None, None, 1)


def test_github_an_open_branch_is_open() -> None:
    found = guarded("github", "open")
    assert found == Protection("open", False, 0, False, False, (), True, True, False)


def test_gitlab_protection() -> None:
    found = guarded("gitlab")
    assert (found.protected, found.reviews, found.dismisses_stale, found.up_to_date) == (True, 2, True, True)
    assert (found.required_checks, found.force_push, found.binds_admins) == (("pipeline",), False, True)
    loose = guarded("gitlab", "release/1")
    assert (loose.reviews, loose.force_push, loose.binds_admins) == (1, True, False)
    assert loose.bypass == ("Maintainers may push directly",)
    assert guarded("gitlab", "other").protected is False
    free = guarded("gitlab", repository="acme/free")
    assert (free.protected, free.reviews, free.dismisses_stale, free.force_push) == (None,) * 4
    assert len(free.unknown) == 3


def test_gitea_protection() -> None:
    found = guarded("gitea")
    assert (found.protected, found.reviews, found.dismisses_stale, found.up_to_date) == (True, 2, True, True)
    assert (found.required_checks, found.force_push, found.binds_admins) == (("qms",), False, True)
    assert found.bypass == ("carol may push directly", "deploy keys may push directly", "root may bypass the rules")
    loose = guarded("gitea", "release/2")
    assert (loose.reviews, loose.binds_admins) == (1, False)
    assert loose.bypass == ("administrators of the repository may merge against the rules",)
    assert guarded("gitea", "other").protected is False
    outside = guarded("gitea", repository="acme/open")
    assert (outside.protected, outside.reviews, outside.force_push, outside.binds_admins) == (True, 1, None, None)
    assert outside.unknown


def test_azure_protection() -> None:
    found = guarded("azure")
    assert (found.protected, found.reviews, found.dismisses_stale) == (True, 2, True)
    assert found.required_checks == ("qms", "qms/signed")
    assert found.bypass == ("the author of a change, whose own vote counts",)
    assert (found.force_push, found.binds_admins) == (None, None)
    assert "policy 4" in found.unknown[1]
    assert guarded("azure", "other").required_checks == ("qms/signed",)
    assert guarded("azure", repository="acme/Private/qms").protected is None


# What addresses lead to


@pytest.mark.parametrize(
    ("remote", "forge", "repository", "api"),
    [
        ("https://github.com/acme/qms.git", "github", "acme/qms", "https://api.github.com"),
        ("https://eve:secret@github.com/acme/qms", "github", "acme/qms", "https://api.github.com"),
        ("git@github.com:acme/qms.git", "github", "acme/qms", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/acme/qms.git", "github", "acme/qms", "https://api.github.com"),
        ("https://github.example.org/acme/qms/", "github", "acme/qms", "https://github.example.org/api/v3"),
        ("git@gitlab.com:acme/quality/qms.git", "gitlab", "acme/quality/qms", "https://gitlab.com/api/v4"),
        ("https://gitlab.example.org:8443/a/b", "gitlab", "a/b", "https://gitlab.example.org:8443/api/v4"),
        ("ssh://git@gitea.example.org:2222/a/b.git", "gitea", "a/b", "https://gitea.example.org/api/v1"),
        ("http://forgejo.local:3000/a/b", "gitea", "a/b", "http://forgejo.local:3000/api/v1"),
        ("https://codeberg.org/a/b", "gitea", "a/b", "https://codeberg.org/api/v1"),
        ("https://acme@dev.azure.com/acme/Q%20M/_git/qms", "azure", "Q M/qms", "https://dev.azure.com/acme"),
        ("git@ssh.dev.azure.com:v3/acme/Q/qms", "azure", "Q/qms", "https://dev.azure.com/acme"),
        ("https://acme.visualstudio.com/DefaultCollection/_git/qms", "azure", "qms/qms", "https://dev.azure.com/acme"),
    ],
)
def test_a_remote_leads_to_its_forge(remote: str, forge: str, repository: str, api: str) -> None:
    assert detect(remote) == (forge, repository, api)


@pytest.mark.parametrize(
    "remote",
    [
        "",
        ".",
        "/srv/git/qms.git",
        "C:\\git\\qms",
        "file:///srv/git/qms.git",
        "https://example.org/acme/qms",
        "https://github.com",
        "https://github.com/acme",
        "https://github.com/acme/qms/tree/main",
        "https://github.com/acme/../other/qms",
        "https://github.com/%2e%2e/qms",
        "https://github.com/acme%2Fother/qms",
        "https://github.com/acme/q%00ms",
        "https://github.com/acme/.git",
        "https://github.com:port/acme/qms",
        "https://github.com.example.org/acme/qms",
        "https://gitlab.com.evil.example/acme/qms",
        "https://github.com@evil.example/acme/qms",
        "https://github.com\\@evil.example/acme/qms",
        "https://evil.example/github.com/acme",
        "https://evildev.azure.com/acme/q/_git/qms",
        "https://[::1/acme/qms",
        "javascript://github.com/acme/qms",
        "ext::sh -c github.com/acme/qms",
        "-oProxyCommand=x:acme/qms",
    ],
)
def test_a_hostile_or_unknown_remote_leads_nowhere(remote: str) -> None:
    assert detect(remote) == ("", "", "")


@pytest.mark.parametrize(
    ("api", "token", "words"),
    [
        ("ftp://forge.example", "", "starts with https://"),
        ("https://forge.example/?x=1", "", "has no [?] or #"),
        ("https://[::1", "", "cannot be read"),
        (f"https://eve:{TOKEN}@forge.example", "", "holds a name or password"),
        ("http://forge.example", TOKEN, "unencrypted"),
        ("https://forge.example", f"{TOKEN} \n{TOKEN}", "a space or a character that no token has"),
        ("https://forge.example", f"{TOKEN}ü", "a space or a character that no token has"),
    ],
)
def test_an_address_or_token_that_is_not_safe_is_not_used(api: str, token: str, words: str) -> None:
    with pytest.raises(ForgeFault, match=words) as fault:
        read("github", "acme/qms", "7", api=api, token=token)
    said(fault)


@pytest.mark.parametrize(
    ("forge", "repository", "number", "words"),
    [
        ("sourcehut", "a/b", "7", "is no forge that is known here"),
        ("gitea", "a/b", "7", "address of the API is missing"),
        ("azure", "a/b", "7", "https://dev.azure.com/ORGANISATION"),
        ("github", "a", "7", "is no path of a repository"),
        ("github", "a/..", "7", "is no path of a repository"),
        ("github", "a/b\n", "7", "is no path of a repository"),
        ("github", "a/b", "7/../8", "is no number of a pull request"),
        ("github", "a/b", "٧", "is no number of a pull request"),
    ],
)
def test_a_question_that_makes_no_sense_is_not_asked(forge: str, repository: str, number: str, words: str) -> None:
    with pytest.raises(ForgeFault, match=re.escape(words)):
        read(forge, repository, number)


# Over the network, on loopback


@dataclass
class Forge:
    """A small server that answers as it is told and remembers what it was asked."""

    url: str = ""
    answer: Callable[[str], tuple[int, dict[str, str], bytes]] = lambda path: (404, {}, b"{}")
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def always(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda path: (status, named, body)


@contextmanager
def serving() -> Iterator[Forge]:
    forge = Forge()

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            forge.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            status, headers, body = forge.answer(self.path)
            if not status:
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that has read enough hangs up, which is not worth a trace."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        forge.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield forge
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def forge() -> Iterator[Forge]:
    with serving() as server:
        yield server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the client would have waited, without the wait."""
    slept: list[float] = []
    monkeypatch.setattr(client, "time", type("Time", (), {"sleep": slept.append, "monotonic": time.monotonic}))
    return slept


def ask(forge: Forge, name: str = "github", repository: str = "acme/qms") -> PullRequest:
    return read(name, repository, "7", api=forge.url, token=TOKEN)


def refused(forge: Forge) -> str:
    """Return why a forge could not be read."""
    with pytest.raises(ForgeFault) as fault:
        ask(forge)
    return said(fault)


@pytest.mark.parametrize(
    ("status", "headers", "words", "times"),
    [
        (401, {}, "does not accept the token (401)", 1),
        (203, {}, "does not accept the token (203)", 1),
        (403, {}, "(403): the token may not read it", 1),
        (403, {"X_RateLimit_Remaining": "0"}, "asked too often (403); try again later", 1),
        (404, {}, "(404): there is no such thing, or the token may not see it", 1),
        (429, {"Retry_After": "1"}, "asked too often (429); try again in 1 seconds", 3),
        (429, {"Retry_After": "3600"}, "try again in 3600 seconds", 1),
        (500, {}, "is out of order (500 for repos/acme/qms/pulls/7)", 3),
        (501, {}, "is out of order (501", 1),
        (204, {}, "answered repos/acme/qms/pulls/7 with 204", 1),
        (304, {}, "with 304", 1),
        (302, {}, "with 302", 4),
        (418, {}, "with 418", 1),
    ],
)
def test_an_answer_that_is_none_is_a_fault(
    forge: Forge, waits: list[float], status: int, headers: dict[str, str], words: str, times: int
) -> None:
    forge.always(status, b"" if status in (204, 304) else b'{"message": "no"}', **headers)
    assert words in refused(forge)
    assert len(forge.asked) == times


def test_a_rate_limit_is_known_by_its_words_too(forge: Forge) -> None:
    forge.always(403, b'{"message": "You have exceeded a secondary rate limit."}')
    assert "asked too often (403)" in refused(forge)


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"", b"{", b"\xff\xfe\xff", b"[" * 100_000])
def test_what_is_no_json_is_a_fault(forge: Forge, body: bytes) -> None:
    forge.always(200, body)
    assert "is no JSON" in refused(forge)


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'"text"', b"7", b'{"head": {"sha": 7}, "user": []}'])
def test_json_of_another_kind_is_a_fault(forge: Forge, body: bytes) -> None:
    forge.always(200, body)
    assert "the reply of the forge lacks" in refused(forge)


def test_a_reply_that_is_too_large_is_not_read(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "REPLY_BYTES", 1000)
    forge.always(200, b"[" + b"0," * 100_000 + b"0]")
    assert "is larger than" in refused(forge)


def test_replies_that_are_too_large_together_are_not_used(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ALL_BYTES", 100)
    forge.always(200, b'{"head": {}, "padding": "' + b"x" * 100 + b'"}')
    assert "together are larger" in refused(forge)


def test_a_forge_that_keeps_silent_is_a_fault(
    forge: Forge, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.05)
    gate = threading.Event()

    def late(path: str) -> tuple[int, dict[str, str], bytes]:
        gate.wait(5)
        return 200, {}, b"{}"

    forge.answer = late
    try:
        assert "cannot be reached (ReadTimeout)" in refused(forge)
    finally:
        gate.set()
    assert waits == [1.0, 2.0]


def test_a_forge_that_drips_is_given_up(forge: Forge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONGEST_REPLY", -1.0)
    forge.always(200)
    assert "takes longer than" in refused(forge)


def test_a_broken_connection_is_tried_again(forge: Forge, waits: list[float]) -> None:
    forge.answer = lambda path: (0, {}, b"")
    assert "cannot be reached (RemoteProtocolError)" in refused(forge)
    assert len(forge.asked) == 3


def test_a_host_that_is_not_there_is_a_fault(waits: list[float]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert "cannot be reached (ConnectError)" in refused(Forge(f"http://127.0.0.1:{unused.getsockname()[1]}"))


@pytest.mark.parametrize("how", ["next", "redirect"])
def test_a_foreign_host_is_never_asked(forge: Forge, how: str) -> None:
    with serving() as foreign:
        foreign.always(200, b"[]")
        target = f"{foreign.url}/repos/acme/qms/pulls/7/reviews?page=2"
        replay = replaying("github", forge)

        def answer(path: str) -> tuple[int, dict[str, str], bytes]:
            if "/reviews" not in path:
                return replay(path)
            if how == "redirect":
                return 302, {"Location": target}, b""
            return 200, {"Link": f'<{target}>; rel="next"'}, b"[]"

        forge.answer = answer
        assert f"to the foreign host {foreign.url}; it was not asked" in refused(forge)
        assert foreign.asked == []


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("https://127.0.0.1/x", "foreign host https://127.0.0.1"),
        ("//evil.example/x", "foreign host http://evil.example"),
        ("file:///etc/passwd", "foreign host file://?"),
        ("/outside", "leads out of"),
        ("/api/v3/../outside", "leads out of"),
        ("/api/v3/%2e%2E/outside", "leads out of"),
    ],
)
@pytest.mark.parametrize("how", ["next", "redirect"])
def test_an_address_out_of_the_api_is_never_asked(forge: Forge, how: str, target: str, words: str) -> None:
    if how == "next":
        forge.always(200, b"{}", Link=f'<{target}>; rel="next"')
    else:
        forge.always(307, b"", Location=target)
    with pytest.raises(ForgeFault) as fault:
        read("github", "acme/qms", "7", api=f"{forge.url}/api/v3/", token=TOKEN)
    assert words in said(fault)
    assert [path for _, path, _ in forge.asked] == ["/api/v3" + PATH]


@pytest.mark.parametrize("target", ["http://127.0.0.1:port/x", "http://[::1/x", "http://127.0.0.1:99999999/x"])
def test_an_address_that_cannot_be_read_is_never_asked(forge: Forge, waits: list[float], target: str) -> None:
    forge.always(200, b"{}", Link=f'<{target}>; rel="next"')
    assert "gives the next page an address that cannot be read" in refused(forge)
    # httpx reads where a redirect leads before it hands the reply over, and takes a bad one for a broken reply.
    forge.always(307, b"", Location=target)
    assert "cannot be rea" in refused(forge)
    assert {path for _, path, _ in forge.asked} == {PATH}


def test_the_own_host_by_another_name_gets_no_token(forge: Forge) -> None:
    port = forge.url.rpartition(":")[2]
    forge.always(307, b"", Location=f"http://evil@127.0.0.1:{port}{PATH}")
    assert "foreign host" in refused(forge)
    assert len(forge.asked) == 1


def test_redirects_on_the_same_host_are_followed_not_forever(forge: Forge) -> None:
    forge.always(301, b"", Location="/repositories/1/pulls/7")
    assert "with 301" in refused(forge)
    assert [path for _, path, _ in forge.asked] == [PATH, *["/repositories/1/pulls/7"] * 3]


def test_pages_that_go_in_circles_are_left(forge: Forge) -> None:
    replay = replaying("github", forge)
    circle = {"Link": '</repos/acme/qms/pulls/7/reviews?per_page=100>; rel="next"'}
    forge.answer = lambda path: (200, circle, b"[]") if "/reviews" in path else replay(path)
    assert "in circles; nothing of it was used" in refused(forge)


@pytest.mark.parametrize(("name", "part"), [("github", "/reviews"), ("gitea", "/reviews")])
def test_pages_without_end_are_left(forge: Forge, name: str, part: str) -> None:
    replay, asked = replaying(name, forge), 0

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        nonlocal asked
        if part not in path:
            return replay(path)
        asked += 1
        return 200, {"Link": f'<{forge.url}{PATH}{part}?page={asked}>; rel="next"'}, b"[{}]"

    forge.answer = answer
    with pytest.raises(ForgeFault, match="more than 100 pages"):
        ask(forge, name)
    assert asked == client.PAGES


def test_a_forge_that_recovers_is_read(forge: Forge, waits: list[float]) -> None:
    replay, faults = replaying("github", forge), iter([503, 429])

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        status = next(faults, 200)
        return replay(path) if status == 200 else (status, {"Retry-After": "3"}, b"{}")

    forge.answer = answer
    assert ask(forge).head == C
    assert waits == [3.0, 3.0]


def test_an_error_amid_the_pages_loses_the_whole(forge: Forge, waits: list[float]) -> None:
    replay = replaying("github", forge)
    forge.answer = lambda path: (502, {}, b"") if path.endswith("&page=2") else replay(path)
    assert "out of order (502" in refused(forge)


def replaying(name: str, forge: Forge) -> Callable[[str], tuple[int, dict[str, str], bytes]]:
    """Answer over HTTP with the saved replies of a forge, linked as it links them."""
    replies = {}
    for file in (DATA / name).glob("*.json"):
        reply = json.loads(file.read_text("utf-8"))
        replies["/" + reply["request"]] = reply

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        reply = replies.get(path, {"status": 404, "body": {"message": "Not Found"}})
        onward = reply.get("next", "")
        links = {"Link": f'<{forge.url}/{onward}>; rel="next", <{forge.url}/x>; rel="last"'} if onward else {}
        return reply.get("status", 200), links, json.dumps(reply["body"]).encode()

    return answer


@pytest.mark.parametrize("name", FORGES)
def test_what_the_network_said_is_kept_and_says_the_same_again(name: str, forge: Forge, tmp_path: Path) -> None:
    forge.answer = replaying(name, forge)
    repository = REPOSITORIES[name].removeprefix("acme/" if name == "azure" else "")
    live = read(name, repository, "7", api=forge.url, token=TOKEN, keep=tmp_path / "kept")
    assert live.reviews == saved(name).reviews
    assert read(name, repository, "7", saved=tmp_path / "kept") == live
    kept = [file.read_text("utf-8") for file in (tmp_path / "kept").iterdir()]
    assert len(kept) == len(live.replies)
    assert not [text for text in kept if TOKEN in text]
    rules = protection(name, repository, "main", api=forge.url, token=TOKEN, keep=tmp_path / "rules")
    assert protection(name, repository, "main", saved=tmp_path / "rules") == rules
    assert {method for method, _, _ in forge.asked} == {"GET"}
    sent = {"gitlab": ("private-token", TOKEN), "gitea": ("authorization", f"token {TOKEN}")}
    header, value = sent.get(name, ("authorization", {"github": "Bearer", "azure": "Basic"}.get(name, "")))
    assert all(headers[header].startswith(value) for _, _, headers in forge.asked)


def test_a_folder_that_cannot_be_written_is_a_fault(forge: Forge, tmp_path: Path) -> None:
    forge.answer = replaying("github", forge)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ForgeFault, match="could not be written"):
        read("github", "acme/qms", "7", api=forge.url, keep=tmp_path / "file")


def test_continuation_tokens_of_azure_are_followed(forge: Forge) -> None:
    replay = replaying("azure", forge)

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if "/commits" not in path:
            return replay(path)
        if "continuationToken" in path:
            return 200, {}, b'{"value": [{"author": {"email": "carol@example.org"}}]}'
        return 200, {"x-ms-continuationtoken": "a&b"}, b'{"value": []}'

    forge.answer = answer
    assert ask(forge, "azure", "Quality Office/qms").logins == {"carol@example.org": "carol@example.org"}
    assert [path for _, path, _ in forge.asked if "/commits" in path][1].endswith("&continuationToken=a%26b")


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "SSL_CERT_FILE"])
def test_settings_that_cannot_be_used_are_a_fault(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "certificates").write_text("none", encoding="utf-8")
    broken = {"HTTPS_PROXY": "gopher://proxy.example", "SSL_CERT_FILE": str(tmp_path / "certificates")}
    monkeypatch.setenv(name, broken[name])
    with pytest.raises(ForgeFault, match="the proxy or the certificates"):
        read("github", "acme/qms", "7", token=TOKEN)


# Against what GitHub publishes about itself


def tool(*path: str) -> Path:
    """Return a file of the npm packages; without it the test is skipped here, but fails in CI."""
    file = MODULES.joinpath(*path)
    if not file.exists():
        reason = f"{path[0]} is missing; run: npm install --ignore-scripts --no-package-lock in tests/npm"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return file


@pytest.fixture(scope="module", params=["api.github.com", "ghes-3.19"])
def described(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """Serve GitHub's own description of its API on loopback; yield the address and the description."""
    prism = tool("@stoplight", "prism-cli", "dist", "index.js")
    description = tool("@octokit", "openapi", "generated", f"{request.param}.json")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    started = ["node", str(prism), "mock", "--host", "127.0.0.1", "--port", str(port), str(description)]
    with subprocess.Popen(started, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            until = time.monotonic() + 180
            while not _answers(url):
                assert running.poll() is None, "Prism did not start"
                assert time.monotonic() < until, "Prism takes too long to start"
                time.sleep(0.5)
            yield url, json.loads(description.read_bytes())
        finally:
            running.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/zen", timeout=5).status_code < 500
    except httpx.TransportError:
        return False


class OnePage(client.Live):
    """Leaves out the links to further pages, which Prism has point at the public host."""

    def send(self, url: str, request: str) -> client.Reply:
        reply = super().send(url, request)
        return client.Reply(reply.status, reply.body, {k: v for k, v in reply.headers.items() if k != "link"})


@pytest.mark.heavy
def test_the_public_host_in_the_description_is_refused(described: tuple[str, dict[str, Any]]) -> None:
    with pytest.raises(ForgeFault) as fault:
        read("github", "octocat/Hello-World", "1347", api=described[0], token=TOKEN)
    assert "the next page leads from 127.0.0.1 to the foreign host https://" in said(fault)


@pytest.mark.heavy
def test_the_examples_in_the_description_are_read(
    described: tuple[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url, description = described
    monkeypatch.setattr(client, "Live", OnePage)
    pull = read("github", "octocat/Hello-World", "1347", api=url, token=TOKEN, keep=tmp_path)
    assert (pull.author, pull.head, pull.base) == ("octocat", "6dcb09b5b57875f334f61aebed695e2e4193db5e", "master")
    (review,) = pull.reviews
    assert (review.id, review.login, review.state) == ("80", "octocat", "approved")
    assert (review.submitted_at, review.sha) == ("2019-11-17T17:43:43Z", "ecdd80bb57125d7ba9641ffaa4d7d2c19d3f3091")
    assert pull.logins == {"support@github.com": "octocat"}
    rules = protection("github", "octocat/Hello-World", "master", api=url, token=TOKEN, keep=tmp_path)
    assert (rules.protected, rules.reviews, rules.binds_admins) == (True, 2, True)
    assert rules.required_checks == ("continuous-integration/travis-ci",)
    assert "Team 234 (always, ruleset 42)" in rules.bypass
    assert rules.bypassed[0].startswith("octocat went round the rules of refs/heads/i-see-everything")
    assert len(rules.bypassed) == 1
    asked = [json.loads(file.read_bytes())["request"] for file in tmp_path.iterdir()]
    assert len(asked) == 10
    for request in asked:
        assert _undescribed(request, description) == set(), request


def _undescribed(request: str, description: dict[str, Any]) -> set[str]:
    """Return the parameters of a request that the description of its path does not know."""
    parts = urlsplit(request)
    (known,) = (
        methods["get"]
        for path, methods in description["paths"].items()
        # A path that is spelled out goes before one with a place to fill in.
        if re.fullmatch(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(path)), "/" + parts.path)
        and "get" in methods
        and not (path.endswith("{ruleset_id}") and parts.path.endswith("rule-suites"))
    )
    names = set()
    for parameter in known["parameters"]:
        if "$ref" in parameter:
            parameter = description["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        names.add(parameter["name"])
    return {name for name, _ in parse_qsl(parts.query)} - names


@pytest.mark.heavy
@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_the_errors_in_the_description_are_faults(
    described: tuple[str, dict[str, Any]], waits: list[float], status: int
) -> None:
    asking = client.Client(described[0], OnePage({"Prefer": f"code={status}"}))
    with pytest.raises(ForgeFault):
        github.pull_request(asking, "octocat/Hello-World", "1347")
    asking.close()


@pytest.mark.heavy
def test_whatever_fits_the_description_is_read_or_is_a_fault(described: tuple[str, dict[str, Any]]) -> None:
    asking, read_well = client.Client(described[0], OnePage({"Prefer": "dynamic=true"})), 0
    for _ in range(20):
        for reader, what in ((github.pull_request, "1347"), (github.protection, "main")):
            with suppress(ForgeFault):
                read_well += bool(reader(asking, "octocat/Hello-World", what))
    asking.close()
    assert read_well


@pytest.mark.heavy
@pytest.mark.parametrize("server", ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"])
def test_the_published_webhooks_are_read(server: str) -> None:
    events = json.loads(tool("@octokit", "webhooks-examples", server, "index.json").read_bytes())
    examples = [e for event in events if event["name"] == "pull_request_review" for e in event["examples"]]
    assert examples
    for example in examples:
        told = example["review"]
        review = github.review_of(told)
        assert review is not None
        assert review.state == ("dismissed" if example["action"] == "dismissed" else "commented")
        assert (review.login, review.sha, review.id) == (told["user"]["login"], told["commit_id"], str(told["id"]))
        assert client.instant(review.submitted_at) == client.instant(told["submitted_at"])
        assert (review.was, review.bot, review.body) == ("", False, told["body"] or "")
