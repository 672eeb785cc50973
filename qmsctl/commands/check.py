"""qmsctl check"""

from __future__ import annotations

import dataclasses
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from qmsctl import __version__, checks
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
from qmsctl.model import Finding
from qmsctl.output import FORMATS, render

if TYPE_CHECKING:
    from qmsctl.history.revisions import History


@click.command(
    "check",
    epilog="Examples:\n\n  qmsctl check --changed-since main\n\n  qmsctl check --only link-target-missing --strict"
    "\n\n  qmsctl check --format sarif --output build/findings.sarif\n\n  qmsctl check --watch",
)
@click.option("--only", multiple=True, metavar="CHECK", help="Run only this check; may be repeated.")
@click.option("--skip", multiple=True, metavar="CHECK", help="Leave this check out; may be repeated.")
@click.option("--strict", is_flag=True, help="Let warnings count as errors.")
@click.option("--changed-since", metavar="REV", help="Show only findings in files that differ from this revision.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Leave out findings that this file knows.")
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Write today's findings to this file.")
@click.option("--output", "-o", "file", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--watch", is_flag=True, help="Stay, and check again after each save; Ctrl-C ends it.")
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
    watch: bool,
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
    wanted = Wanted(only, skip, changed_since, baseline, as_of)
    if watch:
        _watch(workspace, wanted, strict, form, file, write_baseline)
    start = time.perf_counter()
    report = wanted.report(workspace, known=write_baseline is None)
    if write_baseline is not None:
        from qmsctl.checks import _baseline

        _baseline.write(write_baseline, report)
        emit(f"{len(report.findings)} findings written to {write_baseline}; check against it with --baseline")
        return
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
            digests=workspace.loaded.digests,
        ),
        file,
    )
    code = _code(report, strict)
    if code:
        sys.exit(code)


def _watch(
    workspace: Workspace, wanted: Wanted, strict: bool, form: str, file: Path | None, write_baseline: Path | None
) -> NoReturn:
    """Check after each save until somebody ends it."""
    for option, given in (("--format", form != FORMATS[0]), ("--output", file), ("--write-baseline", write_baseline)):
        if given:
            raise Trouble(
                f"--watch tells people what came and what is gone, and does not go with {option}",
                f"leave out one of the two: qmsctl check {option} ...",
            )
    from qmsctl import saves
    from qmsctl.commands import _watch

    stands = _watch.watch(workspace.root, wanted.report, saves.changes(workspace.root))
    sys.exit(stands.exit_code if isinstance(stands, Trouble) else _code(stands, strict))


def _code(report: checks.Report, strict: bool) -> int:
    """Return the exit code that says how it stands."""
    if any(finding.check == "configuration-broken" for finding in report.findings):
        return EXIT_USAGE
    return EXIT_FINDINGS if report.count("error") or (strict and report.count("warning")) else 0


@dataclass
class Wanted:
    """What is to be checked, and which findings of it are to be shown."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    changed_since: str | None = None
    baseline: Path | None = None
    as_of: str | None = None
    _in_force: tuple[History | None, str, list[tuple[str, Finding]]] = field(default=(None, "", []), init=False)

    def report(self, workspace: Workspace, known: bool = True) -> checks.Report:
        """Check a system; ``known`` says that findings of the baseline are left out. Raises Trouble."""
        try:
            today = workspace.today(self.as_of)
            where = workspace.in_force(today) if self.as_of else workspace
            report = where.run_checks(today, self.only, self.skip)
            if not self.as_of:
                report = self._with_pending(workspace, report, today)
        except checks.UnknownCheck as error:
            raise Trouble(str(error.args[0]), "all checks: qmsctl check --list") from error
        if self.changed_since is not None:
            try:
                paths = git.changed_since(workspace.root, self.changed_since)
            except git.GitFault as error:
                raise Trouble(str(error), "name a branch, a tag or a commit") from error
            report = dataclasses.replace(report, findings=tuple(f for f in report.findings if f.position.path in paths))
        if self.baseline is not None and known:
            from qmsctl.checks import _baseline

            try:
                report = _baseline.apply(self.baseline, report)
            except _baseline.BaselineFault as error:
                raise Trouble(str(error)) from error
        return report

    def _with_pending(self, workspace: Workspace, report: checks.Report, today: str) -> checks.Report:
        """Add the errors of what is in force today, and of every day on which something takes effect."""
        history = workspace.control.history
        if history is None:
            return report
        if self._in_force[0] is not history or self._in_force[1] != today:
            self._in_force = (history, today, self._errors_in_force(workspace, history, today))
        known = {(f.check, f.position.path, f.message) for f in report.findings}
        found = list(report.findings)
        for day, finding in self._in_force[2]:
            key = (finding.check, finding.position.path, finding.message)
            if key not in known:
                known.add(key)
                when = "in what is in force today" if day == today else f"on {day}"
                found.append(dataclasses.replace(finding, message=f"{when}: {finding.message}"))
        return dataclasses.replace(report, findings=tuple(found))

    def _errors_in_force(self, workspace: Workspace, history: History, today: str) -> list[tuple[str, Finding]]:
        found = []
        for day in (today, *history.pending_days(today)):
            view = workspace.in_force(day)
            report = checks.run(view.loaded, day, self.only, self.skip)
            found += [(day, finding) for finding in report.findings if finding.level == "error"]
        return found
