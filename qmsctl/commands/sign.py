"""qmsctl sign"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qmsctl import gate
from qmsctl.approvals.documents import GOVERNING
from qmsctl.approvals.judge import Place
from qmsctl.approvals.people import People
from qmsctl.commands import Trouble, Workspace, emit, pass_workspace, told
from qmsctl.commands._signing import committed, key_option, own_key, person_of, stamp_option, statement_for, write
from qmsctl.history import git
from qmsctl.model import Item


@click.command(
    "sign",
    epilog="Examples:\n\n  qmsctl sign SOP-014\n\n  qmsctl sign SOP-014 --meaning review --role quality-engineer --key ~/.ssh/id_ed25519"
    "\n\n  qmsctl sign governing-files",
)
@click.argument("id")
@click.option(
    "--meaning", type=click.Choice(["review", "approval", "periodic-review"]), help="What the signature means."
)
@click.option("--role", help="The role in which you sign.")
@key_option
@stamp_option
@click.option("--yes", is_flag=True, help="Do not ask; the key may still ask.")
@pass_workspace
def command(
    workspace: Workspace,
    id: str,
    meaning: str | None,
    role: str | None,
    key: Path | None,
    time_stamp: str | None,
    yes: bool,
) -> None:
    """Sign a document as it is committed: show what is signed, sign it with your SSH key, store it in approvals/.

    `governing-files` stands for everything that decides who may approve what.
    """
    item = None if id == GOVERNING else workspace.graph.items[workspace.ref(id).split("#")[0]]
    if meaning == "periodic-review":
        raise Trouble("a periodic review has a verdict", f"qmsctl review {id} --verdict keep")
    file = own_key(workspace.root, key)
    people = People(workspace.loaded.qms.items, workspace.loaded.qms.names)
    person = person_of(file, people)
    _, content, _ = committed(workspace, item)
    if meaning is None or role is None:
        meaning, role = _wanted(workspace, item, people, person, meaning, role)
    if not people.acts_as(person, role):
        raise Trouble(f"{people.name(person)} does not hold the role {role}", "sign in a role you hold: --role")
    made = statement_for(workspace, item, content, person, role, meaning)
    write(workspace, made, file, time_stamp, ask=not yes and sys.stdin.isatty())


def _wanted(
    workspace: Workspace, item: Item | None, people: People, person: str, meaning: str | None, role: str | None
) -> tuple[str, str]:
    """Return (meaning, role) that are still missing and that a person can give. Raises Trouble."""
    name = item.id if item else GOVERNING
    open_places = _missing(workspace, name)
    fits = [
        (place.slot.meaning, held)
        for place in open_places
        for held in place.slot.roles
        if people.acts_as(person, held, place.slot.deputies)
        and meaning in (None, place.slot.meaning)
        and role in (None, held)
    ]
    found = list(dict.fromkeys(fits))
    if len(found) == 1:
        return found[0]
    if meaning and role:
        return meaning, role
    if not found:
        raise Trouble(
            f"nothing that {people.name(person)} can give is missing for {name}",
            "see who must approve: qmsctl approvals plan; or say both --meaning and --role",
        )
    ways = "; ".join(f"--meaning {m} --role {r}" for m, r in found)
    raise Trouble(f"{people.name(person)} can give more than one thing for {name}", f"say which: {ways}")


def _missing(workspace: Workspace, name: str) -> list[Place]:
    root = workspace.root
    now = workspace.moment()
    try:
        with told("looking at what is missing"):
            decision = gate.decide(root, git.main_branch(root), "HEAD", today=workspace.today(), now=now)
    except (git.GitFault, gate.GateFault) as error:
        raise Trouble(str(error), "say both --meaning and --role") from error
    judged = next((j for j in decision.documents if j.name == name), None)
    if judged is None:
        history, register = workspace.control.history, workspace.control.register
        rows = history.versions.get(name, []) if history else []
        if register is not None and rows and rows[-1].blob:
            return register.verdict(rows[-1]).missing
        emit(f"{name} does not differ from the main branch")
        return []
    return judged.verdict.missing
