"""qmsctl check"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import click

from qmsctl import __version__, checks
from qmsctl.checks import _baseline
from qmsctl.commands import (
    EXIT_FINDINGS,
    EXIT_USAGE,
    Trouble,
    Workspace,
    as_of_option,
    colour,
    emit,
    format_option,
    pass_workspace,
    width,
)
from qmsctl.history import git
from qmsctl.output import FORMATS, render


@click.command(
    "check",
    epilog="Examples:\n\n  qmsctl check --changed-since main\n\n  qmsctl check --only link-target-missing --strict"
    "\n\n  qmsctl check --format sarif --output build/findings.sarif",
)
@click.option("--only", multiple=True, metavar="CHECK", help="Run only this check; may be repeated.")
@click.option("--skip", multiple=True, metavar="CHECK", help="Leave this check out; may be repeated.")
@click.option("--strict", is_flag=True, help="Let warnings count as errors.")
@click.option("--changed-since", metavar="REV", help="Show only findings in files that differ from this revision.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Leave out findings that this file knows.")
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Write today's findings to this file.")
@click.option("--output", "-o", "file", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--list", "show_list", is_flag=True, help="List all checks and stop.")
@format_option(*FORMATS)
@as_of_option
@pass_workspace
def command(
    workspace: Workspace,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    strict: bool,
    changed_since: str | None,
    baseline: Path | None,
    write_baseline: Path | None,
    file: Path | None,
    show_list: bool,
    form: str,
    as_of: str | None,
) -> None:
    """Check the whole system and say what is wrong, where, and how to fix it."""
    if show_list:
        pages = [checks.page(name) for name in checks.ids()]
        longest = max(len(page.id) for page in pages)
        emit("\n".join(f"{page.id:{longest}}  {page.level:8} {page.demand}" for page in pages))
        return
    start = time.perf_counter()
    try:
        today = workspace.today(as_of)
        report = (workspace.in_force(today) if as_of else workspace).run_checks(today, only, skip)
        if not as_of:
            report = _with_pending(workspace, report, today, only, skip)
    except checks.UnknownCheck as error:
        raise Trouble(str(error.args[0]), "all checks: qmsctl check --list") from error
    if changed_since is not None:
        try:
            paths = git.changed_since(workspace.root, changed_since)
        except git.GitFault as error:
            raise Trouble(str(error), "name a branch, a tag or a commit") from error
        report = dataclasses.replace(report, findings=tuple(f for f in report.findings if f.position.path in paths))
    if write_baseline is not None:
        _baseline.write(write_baseline, report)
        emit(f"{len(report.findings)} findings written to {write_baseline}; check against it with --baseline")
        return
    if baseline is not None:
        try:
            report = _baseline.apply(baseline, report)
        except _baseline.BaselineFault as error:
            raise Trouble(str(error)) from error
    seconds = time.perf_counter() - start
    emit(
        render(
            form,
            report,
            root=workspace.root,
            seconds=seconds,
            colour=colour() and file is None,
            width=width(),
            version=__version__,
        ),
        file,
    )
    if any(f.check == "configuration-broken" for f in report.findings):
        sys.exit(EXIT_USAGE)
    if report.count("error") or (strict and report.count("warning")):
        sys.exit(EXIT_FINDINGS)


def _with_pending(
    workspace: Workspace, report: checks.Report, today: str, only: tuple[str, ...], skip: tuple[str, ...]
) -> checks.Report:
    """Add the errors of what is in force today, and of every day on which something takes effect."""
    history = workspace.control.history
    if history is None:
        return report
    known = {(f.check, f.position.path, f.message) for f in report.findings}
    found = list(report.findings)
    for day in (today, *history.pending_days(today)):
        view = workspace.in_force(day)
        for finding in checks.run(view.loaded, day, only, skip).findings:
            key = (finding.check, finding.position.path, finding.message)
            if finding.level == "error" and key not in known:
                known.add(key)
                when = "in what is in force today" if day == today else f"on {day}"
                found.append(dataclasses.replace(finding, message=f"{when}: {finding.message}"))
    return dataclasses.replace(report, findings=tuple(found))
