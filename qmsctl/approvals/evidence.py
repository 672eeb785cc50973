"""What was said about a change, by whom and when: one shape whatever its origin. Nothing here judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class ForgeFault(RuntimeError):
    """A forge could not be asked, or gave no usable answer; the message says why and names no secret."""


@dataclass(frozen=True, slots=True)
class Head:
    """A commit that was the head of a pull request from a moment on; ``pushed_at`` is "" if not known."""

    sha: str
    pushed_at: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """One review as a forge reports it. Times are RFC 3339 with zone.

    ``state`` is approved, objected, commented or dismissed; ``was`` holds the state before a dismissal, "" if
    the forge does not keep it. ``sha`` is the commit the forge binds it to today, "" if it does not say.
    """

    id: str
    login: str
    state: str
    submitted_at: str
    sha: str = ""
    body: str = ""
    bot: bool = False
    was: str = ""
    dismissed_by: str = ""
    dismissed_at: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as fetched from a forge. ``replies`` maps the path asked to the SHA-256 of the reply.

    ``logins`` maps the e-mail addresses of commits to the logins the forge knows them by. ``notes`` says
    what the forge could not tell, and bypasses it reported, in words for a reader.
    """

    forge: str
    repository: str
    number: str
    author: str
    head: str
    base: str
    state: str = "open"
    url: str = ""
    title: str = ""
    merged_as: str = ""
    merged_by: str = ""
    merged_at: str = ""
    heads: tuple[Head, ...] = ()
    reviews: tuple[Review, ...] = ()
    logins: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    replies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Protection:
    """How a forge protects a branch. None means that it could not be read; ``unknown`` says why.

    ``bypass`` names who may go round the rules, ``exempt`` who may do so without leaving a trace, and
    ``bypassed`` tells when it happened (who, when, what).
    """

    branch: str
    protected: bool | None = None
    reviews: int | None = None
    dismisses_stale: bool | None = None
    up_to_date: bool | None = None
    required_checks: tuple[str, ...] | None = None
    force_push: bool | None = None
    deletion: bool | None = None
    binds_admins: bool | None = None
    bypass: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    bypassed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
