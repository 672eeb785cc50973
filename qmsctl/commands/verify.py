"""qmsctl verify"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import click

from qmsctl.approvals.evidence import ForgeFault
from qmsctl.approvals.forges import detect, read
from qmsctl.approvals.register import Register
from qmsctl.approvals.snapshots import Snapshot
from qmsctl.commands import (
    EXIT_FINDINGS,
    EXIT_OUTSIDE,
    Trouble,
    Workspace,
    colour,
    emit,
    format_option,
    pass_workspace,
)
from qmsctl.commands.gate import token_for
from qmsctl.history import git
from qmsctl.printable import visible


@dataclass(frozen=True)
class Proof:
    """What one file under approvals/ proves: ``state`` is good, bad, other or unasked."""

    path: str
    state: str
    says: str


@click.command("verify", epilog="Examples:\n\n  qmsctl verify --offline\n\n  qmsctl verify SOP-014")
@click.argument("id", required=False)
@click.option("--offline", is_flag=True, help="Ask no forge whether it still says what was recorded.")
@format_option("text", "json")
@pass_workspace
def command(workspace: Workspace, id: str | None, offline: bool, form: str) -> None:
    """Prove every signature and record under approvals/, and say which content each is about.

    Signatures, time stamps and records are proven from the repository alone. How to do the same with sha256sum
    and ssh-keygen is told in docs/verify-by-hand.md.
    """
    control = workspace.control
    if control.register is None:
        why = control.hidden[0] if control.hidden else "qms.yaml has no section `approvals`, or it has not begun"
        raise Trouble(f"change control is not on: {why}", "set it up: see docs/change-control.md")
    name = workspace.ref(id).split("#")[0] if id else ""
    proofs = [*_statements(control.register, name), *_records(control.register, name)]
    if not offline:
        proofs += _asked(workspace, control.register, name)
    if form == "json":
        emit(json.dumps([asdict(proof) for proof in proofs], ensure_ascii=False, indent=2))
    else:
        _show(proofs)
    if any(proof.state == "bad" for proof in proofs):
        sys.exit(EXIT_FINDINGS)
    if any(proof.state == "unasked" for proof in proofs):
        sys.exit(EXIT_OUTSIDE)


def _statements(register: Register, item: str) -> list[Proof]:
    found = []
    for path, vote, reason in register.statements:
        if item and f"/{item}/" not in path:
            continue
        if vote is None or vote.problem:
            found.append(Proof(path, "bad", vote.problem if vote else reason))
            continue
        about, state = _about(register, vote.item, vote.key)
        verdict = f" ({vote.verdict})" if vote.verdict else ""
        who = f"{vote.meaning}{verdict} by {vote.name} as {vote.role}, {vote.at}, time {vote.time}"
        found.append(Proof(path, state, f"{who}; {about}"))
    return found


def _about(register: Register, item: str, key: object) -> tuple[str, str]:
    """Say which landed content a statement is about."""
    rows = [v for v in register.history.versions.get(item, []) if v.blob]
    for version in reversed(rows):
        if register.manifest(version).key == key:
            return f"{item} {version.revision}, landed {register.history.day(version.landed)}", "good"
    if item not in register.history.versions:
        return "the governing files of its time", "good"
    return "a text that never landed", "other"


def _records(register: Register, item: str) -> list[Proof]:
    found = []
    for path, record, reason in register.records:
        if record is None or (item and all(vote.item != item for vote in record.votes)):
            if record is None:
                found.append(Proof(path, "bad", reason))
            continue
        reviews = {(vote.login, vote.at) for vote in record.votes}
        said = f"{record.forge} {record.repository} {record.number}: {len(reviews)} reviews, recorded {record.recorded}"
        found.append(Proof(path, "bad" if reason else "good", reason or said))
    return found


def _asked(workspace: Workspace, register: Register, item: str) -> list[Proof]:
    """Hold records against what the forge says today, where the remote leads to that forge."""
    forge, repository, api = detect(git.remote(workspace.root))
    found = []
    for path, record, reason in register.records:
        if record is None or reason or (record.forge, record.repository) != (forge, repository):
            continue
        if item and all(vote.item != item for vote in record.votes):
            continue
        try:
            pull = read(forge, repository, record.number, api=api, token=token_for(forge))
        except ForgeFault as error:
            found.append(Proof(path, "unasked", f"the forge could not be asked: {error}"))
            continue
        now = {(review.login, review.submitted_at) for review in pull.reviews}
        found.append(_compared(path, record, now))
    return found


def _compared(path: str, record: Snapshot, now: set[tuple[str, str]]) -> Proof:
    gone = sorted({(vote.login, vote.at) for vote in record.votes} - now)
    if gone:
        names = ", ".join(f"{login} {at}" for login, at in gone)
        return Proof(path, "other", f"the forge no longer shows the reviews of {names}; the record still proves them")
    return Proof(path, "good", "the forge says the same today")


def _show(proofs: list[Proof]) -> None:
    signs = {"good": ("✓", "green"), "bad": ("✗", "red"), "other": ("·", "yellow"), "unasked": ("?", "yellow")}
    for proof in proofs:
        sign, hue = signs[proof.state]
        emit(f"{click.style(sign, fg=hue) if colour() else sign} {visible(proof.path)}\n  {visible(proof.says)}")
    counts = {state: sum(1 for p in proofs if p.state == state) for state in signs}
    emit(
        f"\n{len(proofs)} looked at: {counts['good']} hold, {counts['bad']} prove nothing, {counts['other']} are about something else"
    )
