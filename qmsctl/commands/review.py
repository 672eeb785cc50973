"""qmsctl review"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qmsctl.approvals.people import People
from qmsctl.approvals.rules import Facts, demand
from qmsctl.approvals.statement import VERDICTS
from qmsctl.approvals.votes import PERIODIC
from qmsctl.commands import Trouble, Workspace, pass_workspace
from qmsctl.commands._signing import committed, key_option, own_key, person_of, stamp_option, statement_for, write
from qmsctl.history import git
from qmsctl.model import Item


@click.command(
    "review",
    epilog="Examples:\n\n  qmsctl review SOP-014 --verdict keep\n\n  qmsctl review SOP-014 --verdict revise --unsigned",
)
@click.argument("id")
@click.option("--verdict", type=click.Choice(VERDICTS), required=True, help="keep: it stays as it is.")
@click.option("--role", help="The role in which you review; found if there is only one.")
@key_option
@stamp_option
@click.option("--unsigned", is_flag=True, help="Without a signature; counts once a recorder saw your pull request.")
@click.option("--yes", is_flag=True, help="Do not ask; the key may still ask.")
@pass_workspace
def command(
    workspace: Workspace,
    id: str,
    verdict: str,
    role: str | None,
    key: Path | None,
    time_stamp: str | None,
    unsigned: bool,
    yes: bool,
) -> None:
    """State that you reviewed a document and that it stays, must be revised, or is to be withdrawn.

    The statement is bound to the content of today. With `keep`, the next review counts from today.
    """
    item = workspace.graph.items[workspace.ref(id).split("#")[0]]
    if not workspace.loaded.types[item.type].controlled:
        raise Trouble(f"{item.id} is not a controlled document", "its own file says when it was reviewed")
    _in_force(workspace, item)
    people = People(workspace.loaded.qms.items, workspace.loaded.qms.names)
    file = None if unsigned else own_key(workspace.root, key)
    person = person_of(file, people) if file else _by_mail(workspace, people)
    _, content, _ = committed(workspace, item)
    chosen = role or _role(workspace, item, people, person)
    if not people.acts_as(person, chosen):
        raise Trouble(f"{people.name(person)} does not hold the role {chosen}", "review in a role you hold: --role")
    made = statement_for(workspace, item, content, person, chosen, PERIODIC, verdict)
    write(workspace, made, file, time_stamp, ask=not yes and sys.stdin.isatty())


def _in_force(workspace: Workspace, item: Item) -> None:
    """Refuse to review a text that nobody works by yet."""
    history = workspace.control.history
    coming = history.pending(item.id, workspace.today()) if history is not None else []
    if coming:
        raise Trouble(
            f"{item.id} {coming[-1].revision} takes effect on {coming[-1].effective}; people still work by another text",
            "it was reviewed when it was approved; the next review counts from then",
        )


def _by_mail(workspace: Workspace, people: People) -> str:
    name, mail = git.identity(workspace.root)
    person = people.by_mail(mail, {}) if mail else ""
    if not person:
        raise Trouble(
            f"nobody here commits as {name} <{mail}>",
            "add the address to `commits_as` of your file, or sign with a key",
        )
    return person


def _role(workspace: Workspace, item: Item, people: People, person: str) -> str:
    """Return the one role in which a person may review an item: its owner, or one that approves it."""
    owner = str(item.get("owner") or "")
    approvals = workspace.loaded.config.approvals
    roles = [owner]
    if approvals is not None:
        facts = Facts((item,), "minor", frozenset(), 0, owner)
        roles += [role for slot in demand(facts, approvals).slots for role in slot.roles]
    held = [role for role in dict.fromkeys(roles) if people.acts_as(person, role)]
    if not held:
        raise Trouble(
            f"{people.name(person)} holds none of the roles that review {item.id}: {', '.join(dict.fromkeys(roles))}",
            "ask one of its holders",
        )
    return held[0]
