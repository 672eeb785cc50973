"""qmsctl doctor"""

from __future__ import annotations

import importlib.metadata
import platform

import click

from qmsctl import __version__
from qmsctl.commands import EXIT_FINDINGS, Workspace, emit, pass_workspace
from qmsctl.history import git
from qmsctl.loader import find_root

PACKAGES = ("jsonschema-rs", "jsonschema", "PyYAML", "mkdocs-material", "Jinja2", "GitPython", "nh3")


@click.command("doctor")
@click.pass_context
@pass_workspace
def command(workspace: Workspace, ctx: click.Context) -> None:
    """Look at the environment, Git and the configuration, and say what stands in the way."""
    rows: list[tuple[str, str]] = [
        ("ok", f"qmsctl {__version__}, Python {platform.python_version()}, {platform.system()}")
    ]
    for name in PACKAGES:
        try:
            rows.append(("ok", f"{name} {importlib.metadata.version(name)}"))
        except importlib.metadata.PackageNotFoundError:
            rows.append(("bad", f"{name} is missing: install qmsctl again"))
    import yaml

    if not yaml.__with_libyaml__:
        rows.append(("note", "PyYAML has no C part here: reading is slower"))
    rows += _git(workspace)
    root = find_root(workspace.start)
    if root is None:
        rows.append(("note", f"no qms.yaml in {workspace.start} or above: begin one with qmsctl init"))
    else:
        broken = [f for f in workspace.loaded.qms.findings if f.check in ("configuration-broken", "item-type-broken")]
        rows += [("bad", f"{f.position}: {f.message}") for f in broken]
        if not broken:
            rows.append(("ok", f"{root}: {workspace.loaded.qms.files} files, configuration readable"))
        if workspace.loaded.config.as_of:
            rows.append(
                ("note", f"qms.yaml fixes today to {workspace.loaded.config.as_of}: right for a demonstration only")
            )
        rows += _control(workspace)
        if not (root / "mkdocs.yml").is_file():
            rows.append(("note", "no mkdocs.yml: the intranet is built with the usual settings"))
    signs = {"ok": "●", "note": "▲", "bad": "■"}
    emit("\n".join(f"{signs[state]} {text}" for state, text in rows))
    if any(state == "bad" for state, _ in rows):
        ctx.exit(EXIT_FINDINGS)


def _control(workspace: Workspace) -> list[tuple[str, str]]:
    """Say whether change control is on, and whether signatures can be judged here."""
    import shutil

    approvals, control = workspace.loaded.config.approvals, workspace.control
    rows = []
    if not shutil.which("ssh-keygen"):
        rows.append(("note", "ssh-keygen is missing: signatures can neither be made nor judged; it comes with OpenSSH"))
    if control.switched_off:
        rows.append(("bad", f"change control was ended by the landing {control.switched_off[:10]}"))
    elif approvals is None:
        rows.append(("note", "no change control: qms.yaml has no section `approvals` (see docs/change-control.md)"))
    elif control.hidden:
        rows.append(("bad", f"change control cannot be judged: {control.hidden[0]}"))
    elif control.register is None:
        rows.append(("note", f"change control begins on {approvals.since}"))
    else:
        rows.append(("ok", f"change control since {approvals.since}, {len(approvals.rules)} rules"))
    return rows


def _git(workspace: Workspace) -> list[tuple[str, str]]:
    try:
        state = git.state(workspace.start)
    except git.GitFault as error:
        return [("bad", str(error))]
    rows = [("ok", f"Git {state.version}")]
    if not state.inside:
        rows.append(("note", "this folder is not in Git: without it there is no history and no approval"))
        return rows
    rows.append(("ok", f"branch {state.branch or '(none)'}, {state.commits} commits, {state.changed} files changed"))
    if state.shallow:
        rows.append(("note", "the history is cut off (shallow clone): fetch all of it with git fetch --unshallow"))
    return rows
