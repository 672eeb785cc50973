"""The subcommands, one module each. This file holds what they share."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qmsctl import checks
from qmsctl.atomic import write_whole
from qmsctl.audience import without
from qmsctl.config import FILE as CONFIG_FILE
from qmsctl.config import Config
from qmsctl.graph import Graph
from qmsctl.history import git
from qmsctl.history.revisions import zone_of
from qmsctl.loader import Loaded, find_root, load
from qmsctl.measures import FOLDER as MEASURES
from qmsctl.measures import any_known
from qmsctl.model import Finding, nearest
from qmsctl.printable import printable
from qmsctl.timing import count, stage

if TYPE_CHECKING:
    # What not every command needs is imported where it is used.
    from qmsctl.approvals.control import Control
    from qmsctl.history.revisions import History
    from qmsctl.measures.board import Measures

EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_OURS = 3
EXIT_OUTSIDE = 4


class Trouble(click.ClickException):
    """Something the user can put right: exit code 2, unless another is given."""

    def __init__(self, message: str, help: str = "", code: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.code = code
        self.help = help

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click declares a class variable
        return self.code

    def show(self, file: Any = None) -> None:
        click.secho("error: ", fg="red", nl=False, err=True)
        click.echo(self.message, err=True)
        if self.help:
            click.echo(f" help: {self.help}", err=True)


class Workspace:
    """The system a command works on, loaded when first needed."""

    def __init__(self, start: Path, as_of: str | None = None) -> None:
        self.start = start
        self._as_of = as_of
        self._loaded: Loaded | None = None
        self._graph: Graph | None = None
        self._control: Control | None = None
        self._home: Path | None = None
        self._measures: Measures | None = None
        self._also: tuple[str, ...] = ()

    def also_load(self, *catalogues: str) -> None:
        """Ask for shipped catalogues beyond those in scope; before anything is read."""
        self._also = catalogues

    @property
    def root(self) -> Path:
        found = find_root(self.start)
        if found is None:
            raise Trouble(
                f"there is no qms.yaml in {self.start} or above it",
                "go into a management system, name it with -C DIR, or begin one: qmsctl init",
            )
        return found

    @property
    def loaded(self) -> Loaded:
        if self._loaded is None:
            with progress("reading", "files") as step:
                self._loaded = load(self.root, step, self._also, keep=True)
        return self._loaded

    @property
    def graph(self) -> Graph:
        if self._graph is None:
            reviewed = checks.reviewed(self.control.register, self.today())
            with stage("linking"):
                self._graph = Graph(self.loaded, reviewed)
        return self._graph

    @property
    def control(self) -> Control:
        """History and approvals, where change control is on."""
        if self._control is None:
            from qmsctl.approvals.control import open_control

            with told("reading the history"):
                self._control = open_control(self.loaded, self.today(), self.known_day())
        return self._control

    @property
    def history(self) -> History:
        """The history, whether change control is on or not. Raises Trouble where Git has none."""
        if self.control.history is not None:
            return self.control.history
        from qmsctl.history import revisions

        loaded = self.loaded
        try:
            cache = git.own_folder(loaded.root) / "qmsctl"
            found = revisions.read(loaded.root, loaded.config, loaded.types, cache=cache, today=self.known_day())
        except git.GitFault as error:
            raise Trouble(f"there is no history to read: {error}", "keep the system in Git: git init") from error
        if found.gaps:
            raise Trouble(found.gaps[0])
        return found

    def in_force(self, day: str, place: Path | None = None) -> Workspace:
        """Return the system that is in force on a day, from the history; itself where change control is not set up.

        ``place`` is a folder for its files in which only what changed is written, with a cache of its own; without it
        they lie in one that is gone after the command.
        """
        if self.loaded.config.approvals is None:
            return self
        files = self.history.files_on(day, self.loaded.types, self.today())
        if not files:
            first = self.history.day(self.history.time_of[self.history.mainline[0].sha])
            raise Trouble(f"nothing had landed by {day}", f"the history begins on {first}")
        from qmsctl.history.trees import Tree

        with stage("reading what is in force"):
            tree = Tree(self.root, files)
            keep = place is not None
            if place is None:
                place = click.get_current_context().with_resource(tree.folder())
            else:
                tree.into(place)
            view = Workspace(place, day)
            view._loaded = load(place, also=self._also, keep=keep)
        # What is in force on a day is no candidate for anything; only its approvals are of interest.
        view._control = dataclasses.replace(self.control, history=None)
        view._home = self.home
        return view

    def without(self, hidden: frozenset[str]) -> Workspace:
        """Return this system without some of its items."""
        view = Workspace(self.start, self._as_of)
        view._loaded = without(self.loaded, hidden)
        view._control = self.control
        view._home = self.home
        return view

    @property
    def home(self) -> Path:
        """The folder that holds data and what is built, also where an earlier state of the system is looked at."""
        return self._home or self.root

    @property
    def data(self) -> Path:
        """The folder of the data sources: the variable QMSCTL_DATA, else `data` of qms.yaml."""
        import os

        return Path(os.environ.get("QMSCTL_DATA") or self.home / self.loaded.config.data)

    @property
    def measures(self) -> Measures:
        """The KPIs as they were last computed, judged as of today."""
        if self._measures is None:
            self._measures = self._measures_of(self.today())
        return self._measures

    def look_back_to(self, day: str) -> None:
        """Judge measures as of a day, with the definitions of today."""
        self._measures = self._measures_of(day)

    def _measures_of(self, day: str) -> Measures:
        graph = self.graph
        with stage("reading measures"):
            from qmsctl.measures.board import Measures

            return Measures(self.loaded, graph, self.home / MEASURES, day)

    def forget_measures(self) -> None:
        """Read computed values anew when they are next asked for."""
        self._measures = None

    def run_checks(self, today: str, only: Sequence[str] = (), skip: Sequence[str] = ()) -> checks.Report:
        """Check what is loaded, against its history where change control is on."""
        control = self.control
        measures = self.measures if any_known(self.loaded, self.home / MEASURES) else None
        with progress("checking", "checks", named=True) as step:
            return checks.run(
                self.loaded,
                today,
                only,
                skip,
                step,
                control.history,
                control.register,
                control.hidden,
                control.switched_off,
                measures,
                keep=True,
            )

    def moment(self) -> str:
        """Return this moment, by the clock of this machine, in the organisation's time zone.

        A day that is fixed in qms.yaml changes nothing here: what is signed or recorded carries the real time.
        """
        return datetime.datetime.now(zone_of(self.loaded.config.time_zone)).replace(microsecond=0).isoformat()

    def known_day(self) -> str:
        """The last day whose landings are known: today, also where a day is fixed in qms.yaml."""
        return max(self.today(), self.moment()[:10])

    def today(self, given: str | None = None) -> str:
        """The day that counts as today: asked for, fixed in qms.yaml, or today in the organisation's zone."""
        chosen = given or self._as_of
        if chosen:
            return iso_day(chosen)
        config = self.loaded.config
        if config.as_of:
            return config.as_of
        return datetime.datetime.now(zone_of(config.time_zone)).date().isoformat()

    def ref(self, text: str) -> str:
        """Return the item or part a user named, whatever the case. Raises Trouble with near matches."""
        graph = self.graph
        if text in graph.items or text in graph.parts:
            return text
        lower: dict[str, str] = {name.lower(): name for name in (*graph.items, *graph.parts)}
        if text.lower() in lower:
            return lower[text.lower()]
        for finding in unread(self.loaded):
            place = finding.position
            if _is_file_of(place.path, text.split("#", maxsplit=1)[0]):
                raise Trouble(
                    f"`{text}` cannot be read: {place.path}:{place.line}: {finding.message}",
                    f"{finding.help}; see qmsctl check" if finding.help else "qmsctl check",
                )
        # Not list(...): once the command of that name is imported, `list` is its module here.
        near = nearest(text, [*graph.items, *graph.parts]) or nearest(text.lower(), [*lower])
        tip = "did you mean " + " or ".join(f"{n} ({graph.title(lower.get(n, n))})" for n in near) + "?" if near else ""
        raise Trouble(f"there is no item `{text}`", tip or f"search for it: qmsctl find {text}")


def unread(loaded: Loaded) -> list[Finding]:
    """What keeps files from being items, for each file the first thing: they are in no register and on no page."""
    kept = {item.path for item in loaded.qms.items.values()} | {t.content.path for t in loaded.qms.translations}
    kept |= {CONFIG_FILE, loaded.config.directory}
    found: dict[str, Finding] = {}
    for finding in loaded.qms.findings:
        path = finding.position.path
        # A second file of one id and a translation into no language of the system were read well.
        if path in kept or finding.check in ("id-duplicate", "translation-unmatched", "item-type-broken"):
            continue
        found.setdefault(path, finding)
    return [*found.values()]


def _is_file_of(path: str, id: str) -> bool:
    """Tell whether a file is named after an id: SOP-013-receive.md after SOP-013, buyer.yaml after buyer."""
    stem, id = path.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower(), id.lower()
    return stem == id or (id[-1:].isdigit() and stem.startswith(f"{id}-"))


def clock_of(root: Path, revision: str, prefix: str | None, day: str | None = None) -> tuple[str, str]:
    """Return (today, this moment) as qms.yaml of a revision has it: its time zone, and its fixed day for dates.

    With ``day`` both are of that day.
    """
    from qmsctl.history import trees

    config = Config()
    with contextlib.suppress(git.GitFault):
        tree = trees.of(root, git.commit(root, revision), prefix or "")
        paths = [p for p in tree.files if p.rsplit("/", 1)[-1] == CONFIG_FILE]
        if paths:
            part = tree.only(lambda p: p == min(paths, key=len))
            with part.folder() as place:
                config = load((place / min(paths, key=len)).parent).config
    zone = zone_of(config.time_zone)
    now = datetime.datetime.now(zone).replace(microsecond=0)
    if day:
        now = datetime.datetime.combine(datetime.date.fromisoformat(iso_day(day)), datetime.time(12), zone)
    return day or config.as_of or now.date().isoformat(), now.isoformat()


def iso_day(text: str) -> str:
    """Return an ISO date. Raises click.BadParameter."""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise click.BadParameter(
            f"`{text}` is not a day that exists; write year-month-day, such as 2026-03-02"
        ) from error


class progress:
    """A line on a terminal that says what is done and how far it is, once it takes longer than a second.

    It is a stage of the timings as well, in which ``unit`` is counted. With ``named``, each step is a stage within
    it, that lasts until the next, which may have no name.
    """

    def __init__(self, what: str, unit: str = "steps", named: bool = False) -> None:
        self._what = what
        self._unit = unit
        self._named = named
        self._start = time.monotonic()
        self._last = 0.0
        self._shown = False
        self._stage = stage(what)
        self._named_stage = contextlib.ExitStack()
        self._total = 0

    def __enter__(self) -> Callable[..., None]:
        self._stage.__enter__()
        return self._step

    def _step(self, done: int, total: int, note: str = "") -> None:
        self._total = total
        if self._named:
            self._named_stage.close()
            if note:
                self._named_stage.enter_context(stage(note))
        now = time.monotonic()
        if not sys.stderr.isatty() or now - self._start < 1 or now - self._last < 0.1:
            return
        self._last = now
        self._shown = True
        filled = int(24 * done / total) if total else 0
        click.echo(
            f"\r\033[K{self._what} {'━' * filled}{'╌' * (24 - filled)} {done}/{total} {note[:40]}", nl=False, err=True
        )

    def __exit__(self, *_: object) -> None:
        self._named_stage.close()
        count(self._unit, self._total)
        self._stage.__exit__()
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)


@contextlib.contextmanager
def told(what: str) -> Iterator[None]:
    """Say on a terminal what is being done, for as long as it is done; it is a stage of the timings as well."""
    if not sys.stderr.isatty():
        with stage(what):
            yield
        return
    click.echo(f"\r\033[K{what} ...", nl=False, err=True)
    try:
        with stage(what):
            yield
    finally:
        click.echo("\r\033[K", nl=False, err=True)


def colour() -> bool:
    """Tell whether to use colour: on a terminal, unless NO_COLOR is set."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def width() -> int:
    """The width of the terminal, within reason."""
    import shutil

    return max(60, min(shutil.get_terminal_size((100, 24)).columns, 140))


def emit(text: str, file: Path | None = None) -> None:
    """Print a result, or write it to a file as a whole; nothing in it steers the terminal."""
    with stage("writing"):
        if file is None:
            text = printable(text, colour())
            click.echo(text, nl=not text.endswith("\n"), color=True if colour() else None)
            return
        write_whole(file, text if text.endswith("\n") else text + "\n")


def format_option(*choices: str) -> Callable[[Any], Any]:
    """The option --format, alike in all commands; the first choice is the default."""
    return click.option(
        "--format",
        "-f",
        "form",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        help="How to show it.",
    )


as_of_option = click.option("--as-of", metavar="DATE", help="Look at it as of this day instead of today.")
pass_workspace = click.make_pass_decorator(Workspace)
