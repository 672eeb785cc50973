"""Asks a forge over HTTP, or replays what it once said. It only ever reads, and only from the host it was given."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from qmsctl.approvals.evidence import ForgeFault, Head, Review

REPLY_BYTES = 20_000_000
ALL_BYTES = 200_000_000
PAGES = 100
GAPS = 3
TRIES = 3
TIMEOUT = 30.0
LONGEST_WAIT = 30.0
LONGEST_REPLY = 120.0
REDIRECTS = 3
BUSY = (429, 500, 502, 503, 504)

T = TypeVar("T")
KINDS = {str: "text", int: "a number", bool: "true or false", dict: "an object", list: "a list"}


class Refused(ForgeFault):
    """The forge answered 403 or 404: it has no such thing, or will not show it. ``said`` is its own word for it."""

    def __init__(self, message: str, status: int, said: str) -> None:
        super().__init__(message)
        self.status = status
        self.said = said


@dataclass(frozen=True, slots=True)
class Reply:
    """One raw answer; header names are lower case. A saved one names the request for the next page in ``onward``."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    onward: str = ""


class Transport(Protocol):
    """What a client asks: a forge on the network, or a folder of saved replies."""

    def send(self, url: str, request: str) -> Reply:
        """Return the answer to a request; ``request`` is the part of ``url`` below the API's address."""

    def close(self) -> None:
        """Let go of what was held open."""


class Live:
    """Asks over the network with httpx. It follows no redirect and reads no more than it was allowed to."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        import httpx

        # Compressed replies could unpack to any size before they are counted.
        asked = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "qmsctl", **headers}
        try:
            self._http = httpx.Client(headers=asked, timeout=TIMEOUT, follow_redirects=False)
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            where = "the proxy or the certificates that the environment names"
            raise ForgeFault(f"{where} cannot be used ({type(error).__name__})") from None

    def send(self, url: str, request: str) -> Reply:
        import httpx

        try:
            with self._http.stream("GET", url) as answer:
                late = time.monotonic() + LONGEST_REPLY
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > REPLY_BYTES:
                        raise ForgeFault(f"the reply to {request} is larger than {REPLY_BYTES // 1_000_000} MB")
                    if time.monotonic() > late:
                        raise ForgeFault(f"the reply to {request} takes longer than {LONGEST_REPLY:.0f} seconds")
                return Reply(answer.status_code, body, {k.lower(): v for k, v in answer.headers.items()})
        except httpx.TransportError as error:
            raise ConnectionError(type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ForgeFault(f"{_host(url)} could not be asked for {request} ({type(error).__name__})") from None

    def close(self) -> None:
        self._http.close()


class Saved:
    """Replays replies from a folder: one JSON file each with ``request``, ``status``, ``next`` and ``body``.

    A ``body`` that is text is the raw reply, byte for byte; anything else is written out as JSON. ``next`` is
    the request for the next page.
    """

    def __init__(self, folder: Path) -> None:
        self._replies: dict[str, Reply] = {}
        if not folder.is_dir():
            raise ForgeFault(f"{folder} is no folder of saved replies")
        for file in sorted(folder.glob("*.json")):
            try:
                saved = json.loads(file.read_bytes())
                request, status, onward = saved["request"], saved.get("status", 200), saved.get("next", "")
                body = saved["body"] if isinstance(saved["body"], str) else json.dumps(saved["body"])
                raw = body.encode("utf-8")
            except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
                raise ForgeFault(f"{file} is no saved reply: it needs `request` and `body`") from None
            if not (isinstance(request, str) and isinstance(status, int) and isinstance(onward, str)):
                raise ForgeFault(f"{file} is no saved reply: `request`, `status` or `next` is of the wrong kind")
            self._replies[request] = Reply(status, raw, onward=onward)

    def send(self, url: str, request: str) -> Reply:
        if request not in self._replies:
            raise ForgeFault(f"the saved replies hold none to {request}")
        return self._replies[request]

    def close(self) -> None:
        """Nothing is held open."""


class Client:
    """Reads JSON from one API address. ``replies`` maps each request to the SHA-256 of the raw reply."""

    def __init__(self, api: str, transport: Transport, *, keep: Path | None = None) -> None:
        self.base = api.rstrip("/")
        self.replies: dict[str, str] = {}
        self._transport = transport
        self._keep = keep
        self._bytes = 0

    def get(self, path: str, **query: str) -> Any:
        """Return one reply as parsed JSON."""
        return self._ask(path + _query(query))[0]

    def pages(self, path: str, items: str = "", **query: str) -> list[Any]:
        """Return the items of all pages, which lie under ``items`` if the forge wraps them."""
        request, seen = path + _query(query), set[str]()
        found: list[Any] = []
        while request:
            if request in seen or len(seen) >= PAGES:
                raise ForgeFault(f"{path} goes on for more than {PAGES} pages or in circles; nothing of it was used")
            seen.add(request)
            value, request = self._ask(request)
            found += need(value, items, list) if items else kind_of(value, list, "list of items")
        return found

    def counted(self, path: str, *, gaps: bool = False, **query: str) -> list[Any]:
        """Return the items of all pages of a forge that names no next page.

        An empty page is the end. With ``gaps`` a page may be empty or null before it, so some more are asked for.
        """
        found: list[Any] = []
        blank = 0
        for page in range(1, PAGES + 1):
            value = self._ask(path + _query({"page": str(page), **query}))[0]
            items = [] if gaps and value is None else kind_of(value, list, "list of items")
            found += items
            blank = 0 if items else blank + 1
            if blank == (GAPS if gaps else 1):
                return found
        raise ForgeFault(f"{path} goes on for more than {PAGES} pages; nothing of it was used")

    def close(self) -> None:
        """Close the connection, if there is one."""
        self._transport.close()

    def _ask(self, request: str) -> tuple[Any, str]:
        """Return the parsed reply and the request for the next page, "" on the last."""
        reply = self._patiently(request)
        self.replies[request] = hashlib.sha256(reply.body).hexdigest()
        self._bytes += len(reply.body)
        if self._bytes > ALL_BYTES:
            raise ForgeFault(f"the replies together are larger than {ALL_BYTES // 1_000_000} MB")
        onward = self._next(request, reply) if reply.status == 200 else ""
        if self._keep:
            self._write(request, reply, onward)
        self._judge(request, reply)
        try:
            return json.loads(reply.body), onward
        except (ValueError, RecursionError):
            way_out = "is the API's address right, and does it ask for no sign-in page?"
            raise ForgeFault(f"the reply to {request} from {_host(self.base)} is no JSON; {way_out}") from None

    def _patiently(self, request: str) -> Reply:
        url, redirects, tries = f"{self.base}/{request}", 0, 0
        while True:
            tries += 1
            try:
                reply = self._transport.send(url, request)
            except ConnectionError as error:
                if tries >= TRIES:
                    raise ForgeFault(
                        f"{_host(url)} cannot be reached ({error}); check the network, the proxy and the API's address"
                    ) from None
                time.sleep(2.0 ** (tries - 1))
                continue
            if reply.status in (301, 302, 303, 307, 308) and redirects < REDIRECTS:
                redirects += 1
                url = f"{self.base}/{self._own(url, reply.headers.get('location', ''), 'a redirect')}"
                tries -= 1
                continue
            wait = _wait(reply, tries) if reply.status in BUSY and tries < TRIES else None
            if wait is None or wait > LONGEST_WAIT:
                return reply
            time.sleep(wait)

    def _judge(self, request: str, reply: Reply) -> None:
        status, host = reply.status, _host(self.base)
        if status == 200:
            return
        limited = reply.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in reply.headers
        limited = limited or "rate limit" in _said(reply.body).lower()
        if status == 429 or (status == 403 and limited):
            later = reply.headers.get("retry-after", "")
            later = f" in {later} seconds" if later.isdecimal() else " later"
            raise ForgeFault(f"{host} was asked too often ({status}); try again{later}, or with a token")
        # Azure DevOps answers 203 with a sign-in page.
        if status in (203, 401):
            raise ForgeFault(f"{host} does not accept the token ({status}); is it set, of this forge and not expired?")
        if status in (403, 404):
            why = (
                "the token may not read it" if status == 403 else "there is no such thing, or the token may not see it"
            )
            raise Refused(f"{host} gives no {request} ({status}): {why}", status, _said(reply.body))
        if status >= 500:
            raise ForgeFault(f"{host} is out of order ({status} for {request}); try again later")
        raise ForgeFault(f"{host} answered {request} with {status}, which is no usable answer")

    def _next(self, request: str, reply: Reply) -> str:
        if reply.onward:
            return reply.onward
        if token := reply.headers.get("x-ms-continuationtoken"):
            first = re.sub(r"[&?]continuationToken=[^&]*", "", request)
            return f"{first}{'&' if '?' in first else '?'}{urlencode({'continuationToken': token})}"
        for target, rest in re.findall(r"<([^<>]*)>([^<]*)", reply.headers.get("link", "")[:10_000]):
            if re.search(r"""rel\s*=\s*["']?next\b""", rest):
                return self._own(f"{self.base}/{request}", target, "the next page")
        return ""

    def _own(self, asked: str, target: str, what: str) -> str:
        """Return the part below our address of where a reply leads. A foreign host would be handed the token."""
        try:
            url = urljoin(asked, target)
            ours, theirs = urlsplit(self.base), urlsplit(url)
            same = _origin(self.base) == _origin(url) and theirs.username is None
        except ValueError:
            raise ForgeFault(f"{_host(self.base)} gives {what} an address that cannot be read") from None
        if not same:
            where = f"{theirs.scheme}://{theirs.hostname or '?'}{f':{theirs.port}' if theirs.port else ''}"
            raise ForgeFault(
                f"{what} leads from {_host(self.base)} to the foreign host {where}; it was not asked. "
                "Is the API's address the one the forge calls itself, and does it accept the token?"
            )
        steps = re.sub("%2e", ".", theirs.path, flags=re.IGNORECASE).split("/")
        if not theirs.path.startswith(ours.path + "/") or ".." in steps:
            raise ForgeFault(f"{what} leads out of {self.base}; it was not asked")
        return theirs.path.removeprefix(ours.path + "/") + (f"?{theirs.query}" if theirs.query else "")

    def _write(self, request: str, reply: Reply, onward: str) -> None:
        assert self._keep is not None
        body = reply.body.decode("utf-8", "replace")
        kept = {"request": request, "status": reply.status, "next": onward, "body": body}
        slug = re.sub(r"[^A-Za-z0-9]+", "-", request.partition("?")[0]).strip("-")[-60:]
        file = self._keep / f"{slug}-{hashlib.sha256(request.encode()).hexdigest()[:12]}.json"
        try:
            self._keep.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", "utf-8", newline="\n")
        except OSError as error:
            raise ForgeFault(f"{file} could not be written: {error.strerror}") from None


def connect(forge: str, api: str, token: str, *, saved: Path | None = None, keep: Path | None = None) -> Client:
    """Return a client for an API address; with ``saved`` it asks that folder and no network."""
    if saved is not None:
        return Client(api, Saved(saved), keep=keep)
    try:
        parts = urlsplit(api)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ForgeFault("the API's address cannot be read; it starts with https:// and has no ? or #")
    if parts.username is not None or parts.password is not None:
        raise ForgeFault("the API's address holds a name or password; leave it out and give a token")
    if token and parts.scheme == "http" and not local:
        raise ForgeFault(f"the token would travel to {parts.hostname} unencrypted; use an https:// address")
    return Client(api, Live(_headers(forge, token.strip())), keep=keep)


def _headers(forge: str, token: str) -> dict[str, str]:
    # GitHub wants its own type, but describes its replies as plain JSON, which is what a mock then offers.
    accepted = "application/vnd.github+json, application/json"
    named = {"github": {"Accept": accepted, "X-GitHub-Api-Version": "2022-11-28"}}
    headers = dict(named.get(forge, {}))
    if not token:
        return headers
    # httpx would print the value of a header that it cannot send.
    if not re.fullmatch(r"[!-~]+", token):
        raise ForgeFault("the token holds a space or a character that no token has; was it copied whole?")
    if forge == "gitlab":
        return headers | {"PRIVATE-TOKEN": token}
    if forge == "gitea":
        return headers | {"Authorization": f"token {token}"}
    # In Azure's pipelines the token is a JSON Web Token; what a person makes there goes by Basic.
    if forge == "azure" and token.count(".") != 2:
        return headers | {"Authorization": "Basic " + base64.b64encode(f":{token}".encode()).decode()}
    return headers | {"Authorization": f"Bearer {token}"}


def _query(query: Mapping[str, str]) -> str:
    return f"?{urlencode(query)}" if query else ""


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the forge"


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _wait(reply: Reply, tries: int) -> float:
    """Return the seconds to wait, as the forge asks or else twice as long each time."""
    asked = reply.headers.get("retry-after", "")
    if asked.isdecimal():
        return float(asked[:9])
    try:
        until = parsedate_to_datetime(asked) - parsedate_to_datetime(reply.headers.get("date", ""))
        return max(0.0, until.total_seconds())
    except (ValueError, TypeError):
        return 2.0 ** (tries - 1)


def _said(body: bytes) -> str:
    try:
        said = json.loads(body)["message"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return said[:200] if isinstance(said, str) else ""


def kind_of(value: object, kind: type[T], name: str) -> T:
    """Return a value of the kind it must be. This and the next two are all that touches a reply's fields."""
    # Python counts true as a number; a forge that says true for a count is not to be believed.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ForgeFault(f"the reply of the forge lacks `{name}` ({KINDS.get(kind, kind.__name__)})")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # type: ignore[return-value]  # T is str here
    return value


def need(data: object, path: str, kind: type[T]) -> T:
    """Return a field of a reply by its dotted path; if it is missing or of another kind, say which."""
    for key in path.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return kind_of(data, kind, path)


def want(data: object, path: str, default: T) -> T:
    """Return a field that may be missing or null, then the default; of another kind it is still a fault."""
    kind_of(data, dict, path.partition(".")[0])
    for key in path.split("."):
        if data is None:
            return default
        data = kind_of(data, dict, path).get(key)
    return default if data is None else kind_of(data, type(default), path)


def instant(text: str) -> datetime:
    """Return a time of a forge; one without zone proves nothing and is refused."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ForgeFault(f"the reply of the forge holds {text[:40]!r} for a time; it needs a date, a time and a zone")


def moment(data: object, path: str) -> str:
    """Return a time as UTC in RFC 3339, "" if the field is missing."""
    text = want(data, path, "")
    return instant(text).isoformat().replace("+00:00", "Z") if text else ""


def needed_moment(data: object, path: str) -> str:
    """Return a time that must be there, as UTC in RFC 3339."""
    need(data, path, str)
    return moment(data, path)


def steps(repository: str, least: int, most: int = 0) -> list[str]:
    """Return the parts of a repository's path, safe to put into an address."""
    parts = repository.strip("/").split("/")
    bad = any(part in ("", ".", "..") or not part.isprintable() for part in parts)
    if bad or not least <= len(parts) <= (most or least):
        raise ForgeFault(f"{repository!r} is no path of a repository; it looks like {'/'.join(['name'] * least)}")
    return [quote(part, safe="") for part in parts]


def numbered(number: str) -> str:
    """Return the number of a pull request, which is digits and nothing else."""
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise ForgeFault(f"{number!r} is no number of a pull request")
    return number


def in_order(heads: list[Head], last: str) -> tuple[Head, ...]:
    """Return heads by the time they were pushed; if they do not end in the present head, it follows without a time."""
    kept: list[Head] = []
    for head in sorted(heads, key=lambda head: instant(head.pushed_at)):
        if not kept or kept[-1].sha != head.sha:
            kept.append(head)
    if last and (not kept or kept[-1].sha != last):
        kept.append(Head(last))
    return tuple(kept)


def by_time(reviews: list[Review]) -> tuple[Review, ...]:
    """Return reviews in the order in which they were given."""
    return tuple(sorted(reviews, key=lambda review: instant(review.submitted_at)))
