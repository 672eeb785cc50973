"""qmsctl approvals"""

from __future__ import annotations

from pathlib import Path

import click

from qmsctl import gate
from qmsctl.approvals import codeowners, recording, signing
from qmsctl.approvals.forges import FORGES
from qmsctl.commands import Trouble, Workspace, colour, emit, format_option, pass_workspace, told
from qmsctl.commands._signing import public_of
from qmsctl.commands.gate import pull_request
from qmsctl.gate import report
from qmsctl.gate.decision import Decision
from qmsctl.history import git


@click.group("approvals")
def command() -> None:
    """Say who must approve a change; keep what a forge said."""


@command.command(
    "plan", epilog="Examples:\n\n  qmsctl approvals plan\n\n  qmsctl approvals plan main..my-branch --format json"
)
@click.argument("span", metavar="[BASE..HEAD]", required=False)
@click.option("--bootstrap", is_flag=True, help="Plan the change that brings the first approval rules.")
@format_option("text", "json")
@pass_workspace
def plan(workspace: Workspace, span: str | None, bootstrap: bool, form: str) -> None:
    """Say who must approve what and why, before the pull request is opened."""
    base, _, head = (span or "").partition("..")
    root, now = workspace.root, workspace.moment()
    try:
        with told("looking at the change"):
            decision = gate.decide(
                root,
                base or git.main_branch(root),
                head or "HEAD",
                today=workspace.today(),
                now=now,
                bootstrap=bootstrap,
            )
    except (git.GitFault, gate.GateFault) as error:
        raise Trouble(str(error)) from error
    if form == "json":
        emit(report.json_text(decision))
        return
    waiting = sorted(git.changed_since(root, "HEAD")) if not head else []
    if waiting:
        more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
        emit(
            f"not looked at, because it is not committed yet: {', '.join(waiting[:5])}{more}\n help: git add, git commit\n"
        )
    if decision.documents or not waiting:
        emit(_plan(decision))


def _plan(decision: Decision) -> str:
    if not decision.documents:
        return "nothing in this change needs an approval"
    out: list[str] = []
    for judged in decision.documents:
        head = report.heading(judged)
        out += ["", click.style(head, bold=True) if colour() else head]
        for place, can in zip(judged.verdict.places, judged.can, strict=True):
            roles = " or ".join(decision.name(role) for role in place.slot.roles)
            names = ", ".join(decision.candidate(person, place) for person in can) or "nobody: all had a hand in it"
            done = f"  ✓ {place.vote.name}" if place.vote else ""
            out.append(f"  {place.slot.meaning} by {roles}{done}")
            out.append(f"      who can: {names}")
            out.append(f"      why: {', '.join(place.slot.rules)}")
        if len(judged.verdict.places) > 1:
            out.append("  each by another person")
        if judged.demand.persons > len(judged.verdict.places):
            out.append(f"  at least {judged.demand.persons} different persons")
        if judged.change is not None and judged.record:
            out.append(f"  change record: {judged.record}")
    for question in decision.open_questions:
        out.append(f"  open: {question.text}")
    out += [f"  to be put right: {o.message} ({o.help})" for o in decision.obstacles]
    return "\n".join(out[1:])


@command.command(
    "record",
    epilog="Example, after the merge: qmsctl approvals record --pr 42 --recorder gate --key recorder-key",
)
@click.option("--pr", "number", required=True, metavar="N", help="The merged pull request.")
@click.option("--recorder", required=True, help="The name of the recorder in qms.yaml.")
@click.option("--key", required=True, type=click.Path(path_type=Path, exists=True), help="The recorder's SSH key.")
@click.option("--forge", type=click.Choice(FORGES), help="Where it is; guessed from the remote.")
@click.option("--repository", metavar="PATH", help="Its repository there; guessed from the remote.")
@click.option("--api", metavar="URL", help="The address of the forge's API.")
@click.option(
    "--saved", type=click.Path(path_type=Path, file_okay=False), help="Replay replies of the forge kept here."
)
@pass_workspace
def record(
    workspace: Workspace,
    number: str,
    recorder: str,
    key: Path,
    forge: str | None,
    repository: str | None,
    api: str | None,
    saved: Path | None,
) -> None:
    """Keep what the forge said about a merged pull request in approvals/, signed by a recorder."""
    approvals = workspace.loaded.config.approvals
    used = signing.fingerprint(public_of(key))
    known = approvals.recorders if approvals else ()
    if not any(k.holder == recorder and signing.fingerprint(k.key) == used for k in known):
        raise Trouble(
            f"the key {used} is not enrolled for the recorder `{recorder}`",
            "add it to `approvals: recorders:` in qms.yaml; that needs the strictest rule",
        )
    pull = pull_request(workspace.root, number, forge, repository, api, saved)
    try:
        with told("looking up what was reviewed"):
            path, data = recording.record(workspace.loaded, workspace.control, pull, recorder, workspace.moment())
        signature = signing.sign(data, key, signing.RECORD)
    except (recording.RecordFault, git.GitFault, signing.SigningFault) as error:
        raise Trouble(str(error)) from error
    file = workspace.root / path
    if file.exists():
        raise Trouble(f"{path} exists already")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    file.with_name(file.name + ".sig").write_bytes(signature)
    emit(f"written: {path}")


@command.command("codeowners", epilog="Example: qmsctl approvals codeowners --write")
@click.option("--write", "store", is_flag=True, help="Write the file instead of printing it.")
@pass_workspace
def owners(workspace: Workspace, store: bool) -> None:
    """Write CODEOWNERS from the approval rules, so that the forge asks the right people."""
    text = codeowners.render(workspace.loaded)
    if not text:
        raise Trouble("qms.yaml has no approval rules", "see docs/change-control.md")
    if not store:
        emit(text)
        return
    root = workspace.root
    place = next((p for p in codeowners.PLACES if (root / p).is_file()), codeowners.PLACES[0])
    emit(text, root / place)
    emit(f"written: {place}")
