"""qmsctl gate"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from qmsctl import __version__, checks, gate
from qmsctl.approvals.evidence import ForgeFault, PullRequest
from qmsctl.approvals.forges import FORGES, detect, read
from qmsctl.commands import (
    EXIT_FINDINGS,
    EXIT_OUTSIDE,
    Trouble,
    Workspace,
    clock_of,
    colour,
    emit,
    format_option,
    pass_workspace,
    told,
    width,
)
from qmsctl.gate import report
from qmsctl.history import git
from qmsctl.output import render

TOKENS = {
    "github": ("GITHUB_TOKEN", "GH_TOKEN"),
    "gitlab": ("GITLAB_TOKEN", "CI_JOB_TOKEN"),
    "gitea": ("GITEA_TOKEN", "FORGEJO_TOKEN"),
    "azure": ("AZURE_DEVOPS_TOKEN", "SYSTEM_ACCESSTOKEN"),
}
MAIN = "refs/heads/main"


@click.command(
    "gate",
    epilog="Examples:\n\n  qmsctl gate --base main --head my-branch\n\n"
    "  qmsctl gate --base origin/main --head HEAD --pr 42 --forge github --repository acme/qms --format markdown"
    "\n\n  in a pre-receive hook: qmsctl gate --pre-receive",
)
@click.option("--base", metavar="REV", help="What it would land on; the main branch if left out.")
@click.option("--head", metavar="REV", default="HEAD", show_default=True, help="What would land.")
@click.option("--pr", "number", metavar="N", help="The pull request whose reviews count.")
@click.option("--forge", type=click.Choice(FORGES), help="Where the pull request is; guessed from the remote.")
@click.option("--repository", metavar="PATH", help="Its repository there, such as acme/qms; guessed from the remote.")
@click.option("--api", metavar="URL", help="The address of the forge's API, for a forge of your own.")
@click.option(
    "--saved", type=click.Path(path_type=Path, file_okay=False), help="Replay replies of the forge kept here."
)
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the replies of the forge here.")
@click.option("--folder", metavar="DIR", help="Where the system lies in the repository; found if there is only one.")
@click.option("--bootstrap", is_flag=True, help="Judge the change that brings the first approval rules.")
@click.option("--pre-receive", is_flag=True, help="Read `old new ref` lines as a hook gets them and judge each.")
@click.option("--branch", default=MAIN, show_default=True, help="The branch a pre-receive hook protects.")
@click.option("--today", metavar="DATE", hidden=True)
@click.option("--output", "-o", "file", type=click.Path(path_type=Path), help="Write to a file.")
@format_option("text", "markdown", "json", "sarif")
@pass_workspace
def command(
    workspace: Workspace,
    base: str | None,
    head: str,
    number: str | None,
    forge: str | None,
    repository: str | None,
    api: str | None,
    saved: Path | None,
    keep: Path | None,
    folder: str | None,
    bootstrap: bool,
    pre_receive: bool,
    branch: str,
    today: str | None,
    file: Path | None,
    form: str,
) -> None:
    """Decide whether a change may land: approved by the right people, complete, and without new errors.

    Everything that decides is read from the base. What is judged is the merge of head into base. Exit code 0
    means that it may land, 1 that it may not, 4 that the forge gave no answer.
    """
    root = workspace.start
    prefix = None if folder is None else (folder.strip("/") + "/" if folder.strip("/") else "")
    if pre_receive:
        _pre_receive(root, branch, prefix, bootstrap, today)
        return
    pull = None
    if number is not None:
        pull = pull_request(root, number, forge, repository, api, saved, keep)
    decision = _decide(root, base or _main(root), head, pull, prefix, bootstrap, today)
    emit(_shown(decision, form, root, colour() and file is None), file)
    if not decision.passed:
        sys.exit(EXIT_FINDINGS)


def pull_request(
    root: Path,
    number: str,
    forge: str | None,
    repository: str | None,
    api: str | None,
    saved: Path | None = None,
    keep: Path | None = None,
) -> PullRequest:
    """Fetch a pull request with its reviews. Raises Trouble with exit code 4 if the forge cannot be asked."""
    name, path, address = forge or "", repository or "", api or ""
    if not name or not path:
        guessed = detect(git.remote(root))
        name, path = name or guessed[0], path or guessed[1]
        address = address or (guessed[2] if name == guessed[0] else "")
    if not name or not path:
        raise Trouble("it is not known which forge holds the pull request", "name it: --forge github --repository a/b")
    try:
        with told(f"asking {name}"):
            return read(name, path, number, api=address, token=token_for(name), saved=saved, keep=keep)
    except ForgeFault as error:
        raise Trouble(
            f"the forge could not be asked: {error}", "nothing was decided; try again", EXIT_OUTSIDE
        ) from error


def token_for(forge: str) -> str:
    """Return the token for a forge from the environment; "" if there is none."""
    return next((os.environ[key] for key in ("QMSCTL_FORGE_TOKEN", *TOKENS[forge]) if os.environ.get(key)), "")


def _decide(
    root: Path,
    base: str,
    head: str,
    pull: PullRequest | None,
    prefix: str | None,
    bootstrap: bool,
    today: str | None,
) -> gate.Decision:
    day, now = clock_of(root, base, prefix, today)
    try:
        with told("judging the change"):
            return gate.decide(root, base, head, today=day, now=now, pull=pull, prefix=prefix, bootstrap=bootstrap)
    except git.MergeConflict as error:
        raise Trouble(str(error), "merge the base into the branch and settle the conflict", EXIT_FINDINGS) from error
    except gate.GateFault as error:
        raise Trouble(str(error), code=EXIT_FINDINGS) from error
    except git.GitFault as error:
        raise Trouble(str(error), "name a branch, a tag or a commit; fetch the whole history") from error


def _main(root: Path) -> str:
    try:
        return git.main_branch(root)
    except git.GitFault as error:
        raise Trouble(str(error), "run it inside a Git repository") from error


def _shown(decision: gate.Decision, form: str, root: Path, coloured: bool) -> str:
    if form == "sarif":
        found = checks.Report(tuple(decision.blocking()))
        return render("sarif", found, root=root, seconds=0.0, colour=False, width=100, version=__version__)
    if form == "json":
        return report.json_text(decision)
    if form == "markdown":
        return report.markdown(decision)
    return report.text(decision, coloured, width())


def _pre_receive(root: Path, branch: str, prefix: str | None, bootstrap: bool, today: str | None) -> None:
    """Judge what is pushed to the protected branch; everything else passes."""
    for line in sys.stdin.read().splitlines():
        old, _, rest = line.partition(" ")
        new, _, ref = rest.partition(" ")
        if not ref:
            raise Trouble(f"`{line[:80]}` is no line of a pre-receive hook", "it gets: old new ref")
        if ref != branch:
            continue
        if set(new) == {"0"}:
            raise Trouble(f"{ref} may not be deleted", code=EXIT_FINDINGS)
        if set(old) == {"0"}:
            continue  # the first push of a branch that did not exist
        if not git.is_ancestor(root, old, new):
            raise Trouble(
                f"{ref} may not be rewritten: what has landed would be gone",
                "merge instead of forcing the push",
                EXIT_FINDINGS,
            )
        decision = _decide(root, old, new, None, prefix, bootstrap, today)
        emit(report.text(decision, False, 100))
        if not decision.passed:
            sys.exit(EXIT_FINDINGS)
