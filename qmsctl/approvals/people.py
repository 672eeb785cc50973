"""Who somebody is and what he may sign as: logins, addresses, roles, deputies, keys. Read from the base alone."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from qmsctl.config import Key
from qmsctl.history.git import Commit
from qmsctl.model import Item

_FORGE_MAIL = re.compile(r"(?:\d+\+)?([A-Za-z0-9][A-Za-z0-9._-]*)@users\.noreply\.[a-z0-9.-]+\Z")
_CO_AUTHOR = re.compile(r"^co-authored-by:\s*(.*?)\s*<([^<>]+)>\s*$", re.IGNORECASE | re.MULTILINE)
MACHINES = frozenset({"noreply@github.com", "noreply@gitlab.com"})
"""Addresses that forges put on commits they make for somebody; the author is named beside them."""


class People:
    """The persons of a system and what is known of them."""

    def __init__(self, items: Mapping[str, Item], names: Mapping[str, str]) -> None:
        self.names = names
        self._all = {item.id: item for item in items.values() if item.type == "person"}
        self._active = {name: p for name, p in self._all.items() if p.get("status") != "left"}
        self._logins = _index((str(p.get("forge") or ""), p.id) for p in self._all.values())
        self._mails = _index((str(m), p.id) for p in self._all.values() for m in _texts(p.get("commits_as")))
        self._roles = {name: set(_texts(p.get("roles"))) for name, p in self._active.items()}

    def name(self, person: str) -> str:
        """Return what a person is called, the id where no name is kept."""
        return self.names.get(person, person)

    def external(self, person: str) -> str:
        """Return the organisation outside that a person belongs to; "" for people of this one."""
        found = self._all.get(person)
        return str(found.get("external") or "") if found else ""

    def exists(self, person: str) -> bool:
        """Tell whether a person works here now."""
        return person in self._active

    def by_login(self, login: str) -> str:
        """Return the one person with a login; "" if there is none, or more than one."""
        return self._logins.get(login.casefold(), "") if login.isascii() else ""

    def by_mail(self, mail: str, logins: Mapping[str, str]) -> str:
        """Return the one person behind the address on a commit, also through the login a forge names for it."""
        if not mail.isascii():
            return ""
        found = self._mails.get(mail.casefold(), "")
        if found:
            return found
        login = logins.get(mail.lower(), "")
        made_up = _FORGE_MAIL.match(mail)
        return self.by_login(login or (made_up[1] if made_up else ""))

    def holders(self, role: str) -> list[str]:
        """Return the persons who hold a role."""
        return sorted(name for name, roles in self._roles.items() if role in roles)

    def deputies(self, role: str) -> dict[str, str]:
        """Return who stands in for whom in a role: deputy -> holder."""
        found: dict[str, str] = {}
        for holder in self.holders(role):
            deputy = str(self._active[holder].get("deputy") or "")
            if deputy in self._active and role not in self._roles[deputy]:
                found.setdefault(deputy, holder)
        return found

    def acts_as(self, person: str, role: str, deputies: bool = True) -> str:
        """Say how a person may act in a role: "holder", "deputy for p-002", or "" if not at all."""
        if role in self._roles.get(person, ()):
            return "holder"
        stands_in = self.deputies(role).get(person) if deputies else None
        return f"deputy for {self.name(stands_in)}" if stands_in else ""

    def signing_keys(self) -> list[Key]:
        """Return all keys ever enrolled, also of those who left: what they signed in their time stays signed.

        A key that two persons have is nobody's.
        """
        found: list[Key] = []
        for person in self._all.values():
            rows = person.get("keys")
            for row in rows if isinstance(rows, list) else []:
                key = _key_of(person.id, row)
                if key is not None:
                    found.append(key)
        owners = defaultdict(set)
        for key in found:
            owners[key.key.split()[1]].add(key.holder)
        return [key for key in found if len(owners[key.key.split()[1]]) == 1]

    def behind(self, commit: Commit, logins: Mapping[str, str]) -> tuple[set[str], set[str]]:
        """Return (persons, addresses of strangers) who had a hand in a commit: author, committer, co-authors.

        Everything here is what the commit says of itself, so it can only ever exclude somebody from approving.
        """
        mails = {commit.author_mail, *(mail for _, mail in _CO_AUTHOR.findall(commit.message))}
        if commit.committer_mail not in MACHINES:
            mails.add(commit.committer_mail)
        known = {mail: self.by_mail(mail, logins) for mail in mails}
        return {p for p in known.values() if p}, {mail for mail, p in known.items() if not p}


def _key_of(person: str, row: object) -> Key | None:
    """Return a key as enrolled; None for one that cannot be used, whatever is wrong with it."""
    if not isinstance(row, Mapping) or not all(isinstance(row.get(n), str) for n in ("key", "from", "until")):
        return None
    revoked = str(row.get("revoked") or "")
    try:
        datetime.date.fromisoformat(row["from"])
        datetime.date.fromisoformat(row["until"])
        # A revocation without a moment counts from ever.
        if revoked and datetime.datetime.fromisoformat(revoked).tzinfo is None:
            return None
    except ValueError:
        return None
    return Key(person, row["key"], row["from"], row["until"], revoked) if len(row["key"].split()) >= 2 else None


def _texts(value: object) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _index(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map names to persons; a name that two persons claim belongs to nobody."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, person in pairs:
        if name and name.isascii():
            found[name.casefold()].add(person)
    return {name: next(iter(persons)) for name, persons in found.items() if len(persons) == 1}
