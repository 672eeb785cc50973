"""Reads pull requests and the protection of branches from forges: GitHub, GitLab, Gitea or Forgejo, Azure DevOps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from qmsctl.approvals.evidence import ForgeFault, Protection, PullRequest
from qmsctl.approvals.forges import azure, gitea, github, gitlab
from qmsctl.approvals.forges.client import Client, connect, numbered

__all__ = ["FORGES", "azure", "detect", "gitea", "github", "gitlab", "protection", "read"]

FORGES = ("github", "gitlab", "gitea", "azure")


class Adapter(Protocol):
    """What each forge's module can tell."""

    def pull_request(self, client: Client, repository: str, number: str) -> PullRequest:
        """Return a pull request with its reviews."""

    def protection(self, client: Client, repository: str, branch: str) -> Protection:
        """Return how a branch is protected."""


_ADAPTERS: dict[str, Adapter] = {"github": github, "gitlab": gitlab, "gitea": gitea, "azure": azure}
_PUBLIC = {"github": "https://api.github.com", "gitlab": "https://gitlab.com/api/v4"}
_HOSTS = {"github.com": "github", "gitlab.com": "gitlab", "codeberg.org": "gitea", "gitea.com": "gitea"}
_API = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}


def read(
    forge: str,
    repository: str,
    number: str,
    *,
    api: str = "",
    token: str = "",
    saved: Path | None = None,
    keep: Path | None = None,
) -> PullRequest:
    """Return a pull request with its reviews; ``saved`` replays a folder of replies, ``keep`` writes one."""
    with _asking(forge, repository, api, token, saved, keep) as (client, path):
        return _ADAPTERS[forge].pull_request(client, path, numbered(str(number)))


def protection(
    forge: str,
    repository: str,
    branch: str,
    *,
    api: str = "",
    token: str = "",
    saved: Path | None = None,
    keep: Path | None = None,
) -> Protection:
    """Return how a forge protects a branch; what the token may not see is told in ``unknown``."""
    with _asking(forge, repository, api, token, saved, keep) as (client, path):
        return _ADAPTERS[forge].protection(client, path, branch)


@contextmanager
def _asking(
    forge: str, repository: str, api: str, token: str, saved: Path | None, keep: Path | None
) -> Iterator[tuple[Client, str]]:
    """Open a client; yield it with the path of the repository below its address."""
    if forge not in FORGES:
        raise ForgeFault(f"{forge!r} is no forge that is known here; there are {', '.join(FORGES)} (Forgejo is gitea)")
    # Azure's API lies below the organisation, which is then the first of three parts.
    if forge == "azure" and not api and repository.count("/") == 2:
        organisation, _, repository = repository.partition("/")
        api = f"https://dev.azure.com/{organisation}"
    api = api or _PUBLIC.get(forge, "")
    if not api and saved is None:
        shape = "https://dev.azure.com/ORGANISATION" if forge == "azure" else "https://HOST/api/v1"
        raise ForgeFault(f"the address of the API is missing; for {forge} it looks like {shape}")
    client = connect(forge, api or "https://forge.invalid", token, saved=saved, keep=keep)
    try:
        yield client, repository
    finally:
        client.close()


def detect(remote_url: str) -> tuple[str, str, str]:
    """Return forge, path of the repository and address of the API for a Git remote, or three empty texts."""
    nothing = ("", "", "")
    short = re.fullmatch(r"(?:[^@/:]+@)?([^/:]+):(?!//)(.+)", remote_url.strip())
    try:
        parts = urlsplit(f"ssh://{short[1]}/{short[2]}" if short else remote_url.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return nothing
    if parts.scheme not in ("https", "http", "ssh", "git") or not re.fullmatch(r"[a-z0-9.-]+", host):
        return nothing
    path = [unquote(part) for part in parts.path.strip("/").removesuffix(".git").split("/")]
    if any(part in ("", ".", "..") or "/" in part or not part.isprintable() for part in path):
        return nothing
    if host.endswith(("dev.azure.com", ".visualstudio.com")):
        return _azure(host, path) or nothing
    host = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}.get(host, host)
    # A name that only begins like a public forge, github.com.example.org, is after its tokens.
    if host.startswith(tuple(f"{public}." for public in _HOSTS)):
        return nothing
    first = host.partition(".")[0]
    forge = _HOSTS.get(host) or {"forgejo": "gitea"}.get(first, first)
    if forge not in _API or len(path) < 2 or (forge != "gitlab" and len(path) != 2):
        return nothing
    # The port of SSH says nothing about that of the API; a plain http forge has its API there too.
    scheme = "http" if parts.scheme == "http" else "https"
    site = f"{scheme}://{host}{f':{port}' if port and parts.scheme in ('http', 'https') else ''}"
    return forge, "/".join(path), "https://api.github.com" if host == "github.com" else site + _API[forge]


def _azure(host: str, path: list[str]) -> tuple[str, str, str] | None:
    if host == "ssh.dev.azure.com" or host.startswith("vs-ssh."):
        path = path[1:] if path[0] == "v3" else []
    elif host.endswith(".visualstudio.com"):
        path = [host.partition(".")[0], *(part for part in path if part not in ("_git", "DefaultCollection"))]
    elif host == "dev.azure.com":
        path = [part for part in path if part != "_git"]
    else:
        return None
    # A repository with the name of its project is written once.
    if len(path) == 2:
        path.append(path[1])
    if len(path) != 3:
        return None
    return "azure", f"{path[1]}/{path[2]}", f"https://dev.azure.com/{path[0]}"
