"""qmsctl forge"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import click

from qmsctl.approvals.evidence import ForgeFault, Protection
from qmsctl.approvals.forges import FORGES, detect, protection
from qmsctl.commands import EXIT_FINDINGS, EXIT_OUTSIDE, Trouble, Workspace, emit, format_option, pass_workspace, told
from qmsctl.commands.gate import TOKENS
from qmsctl.history import git

SIGNS = {"yes": "✓", "no": "✗", "unknown": "?"}
# What the gate's check is called where nobody named it otherwise. GitLab knows the pipeline as a whole only.
USUAL = {"github": ("gate",), "gitlab": ("pipeline",), "gitea": ("Gate / gate (pull_request_target)",)}
# Protection, a review and the gate's check carry the rest. If one of them is unknown, nothing was answered.
ESSENTIAL = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One thing the gate assumes: ``state`` is yes, no or unknown, ``help`` the way out where it is not yes."""

    what: str
    state: str
    found: str = ""
    help: str = ""


@click.group("forge")
def command() -> None:
    """Look at the forge that holds the repository."""


@command.command("audit", epilog="Example: qmsctl forge audit --forge github --repository acme/qms")
@click.option("--forge", type=click.Choice(FORGES), help="Which forge it is; guessed from the remote.")
@click.option("--repository", metavar="PATH", help="The repository there, such as acme/qms; guessed from the remote.")
@click.option("--api", metavar="URL", help="The address of the forge's API, for a forge of your own.")
@click.option("--branch", default="main", show_default=True, help="The branch that counts.")
@click.option("--check", "names", metavar="NAME", multiple=True, help="What the gate's check is called there.")
@click.option(
    "--saved", type=click.Path(path_type=Path, file_okay=False), help="Replay replies of the forge kept here."
)
@format_option("text", "json")
@pass_workspace
def audit(
    workspace: Workspace,
    forge: str | None,
    repository: str | None,
    api: str | None,
    branch: str,
    names: tuple[str, ...],
    saved: Path | None,
    form: str,
) -> None:
    """Compare how the forge protects the branch with what the gate assumes.

    The gate decides, the forge enforces that it is asked. Exit code 0 means that nothing was found to be missing,
    1 that something is, 4 that the forge gave no answer to what matters most. Unknown is never taken for good.
    """
    name, path, address = _where(workspace.start, forge, repository, api)
    token = next((os.environ[key] for key in ("QMSCTL_FORGE_TOKEN", *TOKENS[name]) if os.environ.get(key)), "")
    try:
        with told(f"asking {name}"):
            found = protection(name, path, branch, api=address, token=token, saved=saved)
    except ForgeFault as error:
        raise Trouble(f"the forge could not be asked: {error}", "nothing is known; try again", EXIT_OUTSIDE) from error
    rows = assess(name, found, names or USUAL.get(name, ("gate",)))
    emit(_json(name, path, found, rows) if form == "json" else _text(name, path, found, rows))
    if any(row.state == "no" for row in rows):
        sys.exit(EXIT_FINDINGS)
    if any(row.state == "unknown" for row in rows[:ESSENTIAL]):
        sys.exit(EXIT_OUTSIDE)


def _where(root: Path, forge: str | None, repository: str | None, api: str | None) -> tuple[str, str, str]:
    """Return forge, repository and address: as asked for, the rest from the remote."""
    name, path, address = forge or "", repository or "", api or ""
    if not name or not path:
        guessed = detect(git.remote(root))
        name, path = name or guessed[0], path or guessed[1]
        address = address or (guessed[2] if name == guessed[0] else "")
    if not name or not path:
        raise Trouble("it is not known which forge holds this repository", "name it: --forge github --repository a/b")
    return name, path, address


def assess(forge: str, found: Protection, names: tuple[str, ...]) -> list[Row]:
    """Return for each thing the gate assumes whether it holds."""
    branch = found.branch
    return [
        _row(f"{branch} is protected", found.protected, f"protect {branch}; without it the gate is only advice"),
        _row(
            "At least one review is asked for",
            None if found.reviews is None else found.reviews > 0,
            "ask for one review; the gate judges whose it must be",
            "" if found.reviews is None else f"{found.reviews} asked for",
        ),
        _check(forge, found.required_checks, names),
        _row(
            "What is merged is up to date",
            found.up_to_date,
            "let only branches land that are up to date, or use a merge queue; else two approved changes can merge "
            "to a text nobody saw",
        ),
        _row("Nobody can force a push", _not(found.force_push), f"forbid it on {branch}; history is the evidence"),
        _row("Nobody can delete the branch", _not(found.deletion), f"forbid the deletion of {branch}"),
        _row("Administrators are bound too", found.binds_admins, "apply the rules to administrators"),
        *_round(found),
        _happened(forge, found),
    ]


def _row(what: str, holds: bool | None, help: str, note: str = "") -> Row:
    if holds is None:
        return Row(what, "unknown", note or "could not be read", "look it up in the settings, or use a token that may")
    return Row(what, "yes" if holds else "no", note, "" if holds else help)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _check(forge: str, required: tuple[str, ...] | None, names: tuple[str, ...]) -> Row:
    what = "The gate is a required check"
    if required is None:
        return _row(what, None, "")
    # Gitea takes what is required for a pattern.
    fits = [c for c in required if c in names or (forge == "gitea" and any(fnmatchcase(name, c) for name in names))]
    if fits:
        return _row(what, True, "", ", ".join(fits))
    there = f"required are {', '.join(required)}" if required else "no check is required"
    return _row(what, False, f"require {' or '.join(names)}; if it has another name, say so with --check", there)


def _round(found: Protection) -> list[Row]:
    """Return who may go round the rules. Where administrators' rights could not be read, neither could the list."""
    traced = [who for who in found.bypass if who not in found.exempt]
    # Where nothing is protected everybody may; where part was hidden, an empty list proves nothing.
    free = None if found.protected is None or found.binds_admins is None else found.protected
    everybody = "everybody may" if found.protected is False else ""
    return [
        _row(
            "Nobody may go round the rules",
            False if traced else free,
            "take them off the list; for an emergency let two persons change the rule, and change it back",
            ", ".join(traced) or everybody,
        ),
        _row(
            "Nobody may do so without a trace",
            False if found.exempt else free,
            "take the exemption back first of all: nothing would tell that it was used",
            ", ".join(found.exempt) or everybody,
        ),
    ]


def _happened(forge: str, found: Protection) -> Row:
    what = "Nobody went round the rules in the last month"
    if found.bypassed:
        help = "look at each: does what landed carry its approvals? qmsctl check tells; record it as a deviation"
        return Row(what, "no", "; ".join(found.bypassed), help)
    if forge != "github":
        return Row(what, "unknown", "this forge does not tell", "see its audit log, if it has one")
    return _row(what, None if any(note.startswith("bypasses") for note in found.unknown) else True, "")


def _text(forge: str, repository: str, found: Protection, rows: list[Row]) -> str:
    out = [f"{forge} {repository}, branch {found.branch}", ""]
    for row in rows:
        out.append(f"{SIGNS[row.state]} {row.what}" + (f": {row.found}" if row.found else ""))
        if row.help:
            out.append(f"    {row.help}")
    if found.unknown:
        out += ["", "What could not be read:", *(f"  {note}" for note in found.unknown)]
    states = [row.state for row in rows]
    out += ["", f"{states.count('yes')} as it should be, {states.count('no')} not, {states.count('unknown')} unknown"]
    return "\n".join(_plain(line) for line in out)


def _plain(line: str) -> str:
    """Return a line without characters that steer a terminal; names come from the forge."""
    return "".join(c if c.isprintable() else "�" for c in line)


def _json(forge: str, repository: str, found: Protection, rows: list[Row]) -> str:
    told = {
        "forge": forge,
        "repository": repository,
        "passed": all(row.state == "yes" for row in rows),
        "rows": [asdict(row) for row in rows],
        "protection": asdict(found),
    }
    return json.dumps(told, indent=2, ensure_ascii=False)
