"""The CODEOWNERS file that asks the right people; it can only say OR, the gate says the rest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from qmsctl.approvals.rules import Facts, combined, demand
from qmsctl.config import FILE
from qmsctl.loader import Loaded

if TYPE_CHECKING:
    from qmsctl.approvals.documents import State

PLACES = (
    ".github/CODEOWNERS",
    ".gitlab/CODEOWNERS",
    ".gitea/CODEOWNERS",
    ".forgejo/CODEOWNERS",
    "docs/CODEOWNERS",
    "CODEOWNERS",
)
HEAD = """\
# Written by `qmsctl approvals codeowners`; change the rules in qms.yaml instead.
# Each line names who may approve; several names mean any of them. What must be approved by whom, and by how
# many, is decided by `qmsctl gate`.
"""
_PATH = re.compile(r"[\w./ -]+")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
KINDS = ("new", "editorial", "minor", "major", "obsolete")


def render(loaded: Loaded) -> str:
    """Return the file for a system; empty where qms.yaml has no approval rules."""
    approvals = loaded.config.approvals
    if approvals is None:
        return ""
    # Here, since without rules there is nothing to say, and reading approvals brings in much.
    from qmsctl.approvals.documents import State
    from qmsctl.history.trees import Tree

    state = State(Tree(loaded.root, {}), loaded)
    everyone = [role for slot in combined([approvals.strictest]).slots for role in slot.roles]
    strict = _logins(state, everyone)
    lines = [HEAD]
    folders = [loaded.config.folders.get(n, loaded.types[n].folder) for n in ("person", "role") if n in loaded.types]
    for path in (FILE, loaded.config.directory, "item_types/", *(f"{f}/" for f in folders), ".github/", "CODEOWNERS"):
        lines.append(_line(path, strict))
    for item in sorted(loaded.qms.items.values(), key=lambda item: item.path):
        if not state.controls(item) or item.type == "role":
            continue
        roles: dict[str, None] = {}
        for kind in KINDS:
            facts = Facts((item,), kind, frozenset(item.fields), 25, str(item.get("owner") or ""))
            roles.update(dict.fromkeys(role for slot in demand(facts, approvals).slots for role in slot.roles))
        lines.append(_line(item.path, _logins(state, roles)))
    return "\n".join(line for line in lines if line) + "\n"


def _logins(state: State, roles: Iterable[str]) -> list[str]:
    """Return the logins of holders and deputies of roles."""
    people = state.people
    persons: dict[str, None] = {}
    for role in roles:
        persons.update(dict.fromkeys(people.holders(role)))
        persons.update(dict.fromkeys(people.deputies(role)))
    found = (str(state.items[person].get("forge") or "") for person in persons)
    return sorted({login for login in found if _LOGIN.fullmatch(login)})


def _line(path: str, logins: list[str]) -> str:
    if not logins or not _PATH.fullmatch(path):
        return ""  # a line without owners would take the ownership away; a pattern would own other files
    return "/" + path.replace(" ", "\\ ") + " " + " ".join(f"@{login}" for login in logins)
