"""The command line: options, exit codes, error handler. No logic."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import keyword
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qmsctl import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "check": "Check the whole system and say what is wrong.",
    "explain": "Explain a check: what it demands, why, and how to fix it.",
    "show": "Show an item with its links and its state.",
    "list": "List the items of a type.",
    "find": "Find items and steps by words.",
    "trace": "Follow an item up to the strategy and down to steps and forms.",
    "impact": "Say what a change of an item touches.",
    "due": "List what is due or overdue.",
    "digest": "Tell each owner what to see to, as text or mail.",
    "new": "Write a new item with the next free id.",
    "import": "Make items from files of other tools.",
    "translate": "Begin the translation of an item.",
    "renumber": "Give an item another id and mend all links.",
    "reassign": "Hand the work of a role or person over to another.",
    "schema": "Write JSON Schemas and settings for your editor.",
    "history": "List the revisions of an item and who approved them.",
    "diff": "Show what differs between two revisions.",
    "review": "State that a document was reviewed and stays, or must change.",
    "approvals": "Say who must approve a change; keep what a forge said.",
    "sign": "Sign a document: review, approval or periodic review.",
    "verify": "Prove every signature and record, without any server.",
    "gate": "Decide whether a change may land.",
    "audit-trail": "Export who changed what, when, why, approved by whom.",
    "export": "Write what other systems need.",
    "forge": "Check the protection of the branch on the forge.",
    "kpi": "Compute, show, record and export the values of KPIs.",
    "scorecard": "Show whether objectives, processes and plants are on target.",
    "coverage": "Say how you stand to each clause of a standard.",
    "transition": "Say what a new edition of a standard means for you.",
    "site": "Build or serve the intranet.",
    "init": "Begin a management system in a folder.",
    "doctor": "Look at the environment, Git and the configuration.",
    "completion": "Print shell completion for bash, zsh or fish.",
}


AHEAD = {"check": ("items", "findings"), "site": ("items", "findings", "pages-*")}
"""What commands are sure to read, in this order; see `shelf`."""


class Commands(click.Group):
    """Imports a command when it is used, so that starting costs little."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _for_all_first(args))

    def invoke(self, ctx: click.Context) -> Any:
        timings, profile = ctx.params["timings"], ctx.params["profile"]
        if not timings and profile is None:
            return super().invoke(ctx)
        from qmsctl import profiling, timing

        def tell(times: timing.Times) -> None:
            if timings:
                click.echo(f"\n{timing.table(times)}", err=True)

        try:
            with profiling.measured(profile, tell):
                return super().invoke(ctx)
        except profiling.ProfileFault as error:
            raise click.BadParameter(str(error), ctx, param_hint="'--profile'") from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(_module(cmd_name)).command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from qmsctl.timing import stage

        if not ctx.resilient_parsing:  # nothing is run where words are completed
            _read_ahead(ctx.params["folder"], args)
        try:
            with stage("loading the command"):
                return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from qmsctl.model import nearest

            near = nearest(args[0], list(COMMANDS), 1)
            if near:
                raise click.UsageError(f"{error.message} Did you mean {near[0]}?", ctx) from error
            raise

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of commands by our list; click would import each of them to ask for its help."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _read_ahead(folder: str, args: list[str]) -> None:
    """Have what is kept of a system read while the command is loaded, where that reads most of it."""
    names = AHEAD.get(args[0], ()) if args and not {"--help", "-h"} & {*args} else ()
    if not names:
        return
    from qmsctl import shelf

    here = Path(folder).resolve()
    with contextlib.suppress(OSError):  # then the command says so
        root = next((place for place in (here, *here.parents) if (place / "qms.yaml").is_file()), here)
        found = (file for name in names for file in sorted((root / shelf.FOLDER).glob(name)))
        shelf.read_ahead(file for file in found if file.is_file())  # from anything else one could wait for ever


def _module(name: str) -> str:
    """Return where a command stands; a word of Python cannot be the name of a module."""
    return f"qmsctl.commands.{name.replace('-', '_')}{'_' if keyword.iskeyword(name) else ''}"


def _for_all_first(args: list[str]) -> list[str]:
    """Put the options of all commands first, so that they may also stand after the command.

    The command `init` has a `--profile` of its own, whose values are never names of files.
    """
    end = args.index("--") if "--" in args else len(args)
    first: list[str] = []
    rest: list[str] = []
    given = iter(args[:end])
    for one in given:
        for_all = one == "--timings" or (one.split("=")[0] == "--profile" and "init" not in rest)
        (first if for_all else rest).append(one)
        if for_all and one == "--profile":
            value = next(given, None)
            if value is None:
                return [one]  # else the name of the command would be taken for the value
            first.append(value)
    return [*first, *rest, *args[end:]]


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 no errors, 1 errors found, 2 usage or configuration, 3 our fault, 4 no answer from outside.",
)
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    help="Work on the management system in this folder.",
)
@click.option("--timings", is_flag=True, help="Say at the end where the time went; also after the command.")
@click.option(
    "--profile",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a profile: FILE.prof with function calls, FILE.json with a time line; also after the command.",
)
@click.version_option(__version__, prog_name="qmsctl")
@click.pass_context
def app(ctx: click.Context, folder: str, timings: bool, profile: Path | None) -> None:
    """qmsctl checks, traces and publishes a management system kept as text.

    \b
    Begin:    qmsctl init
    Check:    qmsctl check
    Publish:  qmsctl site serve
    """
    from qmsctl.timing import stage

    with stage("loading the command"):
        from qmsctl.commands import Workspace

    ctx.obj = Workspace(Path(folder).resolve())


def main(arguments: list[str] | None = None) -> Any:
    """Run qmsctl; a crash of ours is reported with a log to paste and exit code 3."""
    # What is read stays until the end, in few cycles: looking for garbage as often as usual takes a tenth of the time of
    # a check of 5,000 items and frees nothing. It is not switched off, since an intranet is served for days.
    gc.set_threshold(100_000, 20, 100)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return app(args=arguments, prog_name="qmsctl")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        _report_crash(error)
        sys.exit(3)


def program() -> None:
    """Run qmsctl as a program. It ends without taking apart what was read, which would take a while and free nothing."""
    try:
        main()
    except SystemExit as end:
        code = 0 if end.code is None else end.code
        if not isinstance(code, int) or threading.active_count() > 1:
            raise
        atexit._run_exitfuncs()
        try:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        except (AttributeError, OSError, ValueError):
            raise end from None  # the usual way to end says what was not written
        os._exit(code)


def _report_crash(error: Exception) -> None:
    import platform
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile("w", prefix="qmsctl-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(f"qmsctl {__version__}, Python {platform.python_version()}, {platform.system()}\n")
        log.write(f"arguments: {sys.argv[1:]}\n\n{text}")
    click.secho("error: ", fg="red", nl=False, err=True)
    click.echo(f"qmsctl broke down: {type(error).__name__}: {error}", err=True)
    click.echo(f" help: this is our fault; please report it and paste {log.name}", err=True)


if __name__ == "__main__":
    program()
