"""The checks: one module each. Its name is its id, its docstring its page and its test.

A module without a function ``check`` describes a finding that is made while reading files. A function names
what it needs by its parameters; `Context` holds all there is. It yields findings and nothing else: the
level comes from the module's ``LEVEL`` or from qms.yaml.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from qmsctl.approvals.register import Register
from qmsctl.config import Waiver
from qmsctl.coverage import Claims, Coverage, coverage_of, standards_of
from qmsctl.graph import Graph
from qmsctl.history.revisions import Candidate, History
from qmsctl.loader import Loaded
from qmsctl.measures.board import Measures
from qmsctl.model import LEVELS, Due, Finding, Position, nearest

Progress = Callable[[int, int, str], None]
MARK = "◀"


class UnknownCheck(LookupError):
    """Somebody named a check that does not exist."""


@dataclass(frozen=True)
class Context:
    """What checks may ask for, by the name of a parameter."""

    loaded: Loaded
    today: str
    history: History | None = None
    approvals: Register | None = None
    hidden: tuple[str, ...] = ()
    switched_off: str = ""
    measures: Measures | None = None

    @property
    def items(self) -> Any:
        return self.loaded.qms.items

    @property
    def types(self) -> Any:
        return self.loaded.types

    @property
    def config(self) -> Any:
        return self.loaded.config

    @property
    def root(self) -> Any:
        return self.loaded.root

    @property
    def known(self) -> list[str]:
        return ids()

    @cached_property
    def graph(self) -> Graph:
        return Graph(self.loaded, reviewed(self.approvals, self.today))

    @cached_property
    def claims(self) -> Claims:
        """Everything that says it answers, proves or measures a clause."""
        return Claims(self.graph, self.today)

    @cached_property
    def coverages(self) -> list[Coverage]:
        """How the system stands to each standard that it applies."""
        return [coverage_of(self.graph, item.id, self.today, self.claims) for item in standards_of(self.graph)]

    @cached_property
    def dues(self) -> list[Due]:
        return self.graph.dues()

    @cached_property
    def documents(self) -> list[Candidate]:
        """The newest content of every controlled item, and what it follows; since change control began."""
        since = self.config.approvals.since if self.config.approvals else ""
        since = self.approvals.since if self.approvals is not None else since
        return [row for row in self.contents if row.day >= since]

    @cached_property
    def contents(self) -> list[Candidate]:
        """The newest content of every controlled item, whenever it landed."""
        if self.history is None or self.config.approvals is None:
            return []
        rows = [i for i in self.items.values() if self.types[i.type].controlled and not i.shipped]
        return self.history.candidates(self.loaded.root, rows, self.today)


@dataclass(frozen=True)
class Page:
    """A docstring, taken apart."""

    id: str
    level: str
    demand: str
    why: str
    example: str
    fix: str


@dataclass(frozen=True)
class Report:
    """What a run found, what was waived, and how much was looked at."""

    findings: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Waiver], ...] = ()
    items: int = 0
    checks: int = 0
    known_before: int = 0
    timings: dict[str, float] = field(default_factory=dict)

    def count(self, level: str) -> int:
        return sum(1 for finding in self.findings if finding.level == level)


def reviewed(approvals: Register | None, today: str) -> dict[str, str]:
    """Return the day of the last periodic review that left an item as it is, as known on a day."""
    return approvals.reviews(today) if approvals is not None else {}


@lru_cache(maxsize=1)
def ids() -> list[str]:
    """Return the ids of all checks."""
    return [m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")]


def module(check: str) -> Any:
    """Return the module of a check. Raises UnknownCheck with the nearest names."""
    if check not in ids():
        like = nearest(check, ids())
        raise UnknownCheck(f"there is no check `{check}`" + (f"; did you mean {', '.join(like)}?" if like else ""))
    return importlib.import_module(f"{__name__}.{check.replace('-', '_')}")


def page(check: str) -> Page:
    """Return the page of a check: what it demands, why, a failing example, how to fix it."""
    found = module(check)
    text = (found.__doc__ or "").strip()
    demand, rest = text.split("\n\nWhy it matters: ", 1)
    why, rest = rest.split("\n\nExample::\n\n", 1)
    example, fix = rest.rsplit("\n\nHow to fix: ", 1)
    flow = " ".join
    return Page(
        check, found.LEVEL, flow(demand.split()), flow(why.split()), textwrap.dedent(example), flow(fix.split())
    )


def level_of(check: str, levels: dict[str, str]) -> str:
    """Return the level of a check: from qms.yaml, else its own."""
    return levels.get(check) or str(module(check).LEVEL)


def choose(only: Sequence[str], skip: Sequence[str]) -> list[str]:
    """Return the ids of the checks to run. Raises UnknownCheck."""
    for name in (*only, *skip):
        module(name)
    return [name for name in ids() if (not only or name in only) and name not in skip]


def run(
    loaded: Loaded,
    today: str,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    progress: Progress | None = None,
    history: History | None = None,
    approvals: Register | None = None,
    hidden: tuple[str, ...] = (),
    switched_off: str = "",
    measures: Measures | None = None,
) -> Report:
    """Run the checks over a loaded system as of a day.

    Checks that need the history, the approvals or the measures have nothing to say where there are none; ``hidden``
    says why there are none although there should be, ``switched_off`` which landing ended change control.
    """
    context = Context(loaded, today, history, approvals, hidden, switched_off, measures)
    levels = dict(loaded.config.levels)
    wanted = [name for name in choose(only, skip) if level_of(name, levels) != "off"]
    found: list[Finding] = [f for f in loaded.qms.findings if f.check in wanted]
    for number, name in enumerate(wanted):
        if progress is not None:
            progress(number, len(wanted), name)
        found.extend(_run_one(name, context))
    found = [dataclasses.replace(f, level=level_of(f.check, levels)) for f in found]
    kept, waived = apply_waivers(found, loaded.config.waivers, today)
    kept.sort(key=lambda f: (f.position.path, f.position.line, f.position.column, f.check, f.message))
    own = sum(1 for item in loaded.qms.items.values() if not item.shipped)
    return Report(tuple(dict.fromkeys(kept)), tuple(waived), own, len(wanted))


def _run_one(name: str, context: Context) -> Iterable[Finding]:
    found = module(name)
    function = getattr(found, "check", None)
    if function is None:
        return []
    try:
        needs = inspect.signature(function).parameters
        if any(need in needs and getattr(context, need) is None for need in ("history", "approvals", "measures")):
            return []
        return list(function(**{need: getattr(context, need) for need in needs}))
    except Exception as error:
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
        return [
            Finding(
                "check-crashed",
                f"the check {name} broke down: {type(error).__name__}: {error} ({where})",
                Position("qms.yaml"),
                "this is our fault; please report it. The other checks were run",
            )
        ]


def apply_waivers(
    findings: list[Finding], waivers: Iterable[Waiver], today: str
) -> tuple[list[Finding], list[tuple[Finding, Waiver]]]:
    """Split findings into those that stand and those that are waived on a day."""
    active = [w for w in waivers if w.until >= today and not w.check.startswith("waiver-")]
    kept: list[Finding] = []
    waived: list[tuple[Finding, Waiver]] = []
    for finding in findings:
        by = next((w for w in active if w.check == finding.check and (not w.items or finding.item in w.items)), None)
        if by is None:
            kept.append(finding)
        else:
            waived.append((finding, by))
    return kept, waived


def levels() -> Iterator[str]:
    """Yield the levels, gravest first."""
    yield from LEVELS
