"""qmsctl verify"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import click

from qmsctl.approvals.documents import GOVERNING
from qmsctl.approvals.evidence import ForgeFault
from qmsctl.approvals.forges import detect, read
from qmsctl.approvals.register import Register
from qmsctl.approvals.snapshots import Snapshot
from qmsctl.approvals.votes import minute
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
    name = GOVERNING if id == GOVERNING else workspace.ref(id).split("#")[0] if id else ""
    proofs = [*_statements(control.register, name), *_records(control.register, name)]
    if name:
        proofs += _standing(control.register, name)
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


def _standing(register: Register, item: str) -> list[Proof]:
    """Say whether the newest text of an item is approved, and by whom."""
    rows = [v for v in register.history.versions.get(item, []) if v.blob]
    if item == GOVERNING:
        verdict = register.governing[-1][2] if register.governing else None
        path, what = "the files that govern", "as they landed last"
    else:
        if not rows or not register.controls(rows[-1]):
            return []
        verdict = register.verdict(rows[-1])
        path, what = rows[-1].path, f"{rows[-1].revision}, landed {register.history.day(rows[-1].landed)}"
    if verdict is None or verdict.exempt:
        return [Proof(path, "other", f"{what}: {verdict.exempt if verdict else 'nothing landed since control began'}")]
    names = "; ".join(
        f"{p.slot.meaning} by {p.vote.name} as {p.acting(p.role)}, {minute(p.vote.at)}"
        for p in verdict.places
        if p.vote
    )
    if verdict.approved:
        return [Proof(path, "good", f"{what}: {names}")]
    missing = [f"{p.slot.meaning} by {' or '.join(p.slot.roles)} is missing" for p in verdict.missing]
    return [Proof(path, "bad", f"{what}: not approved: {'; '.join([*missing, *verdict.problems])}")]


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
        if item and not reason:
            found += [
                Proof(
                    path,
                    "good",
                    f"{v.stance} {item} {v.revision}: {v.login}{' as ' + v.role if v.role else ''}, {minute(v.at)}",
                )
                for v in record.votes
                if v.item == item
            ]
        said = f"{record.forge} {record.repository} {record.number}: {len(reviews)} reviews and {len(record.statements)} signatures, recorded {minute(record.recorded)}"
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
