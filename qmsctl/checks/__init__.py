"""The checks: one module each. Its name is its id, its docstring its page and its test.

A module without a function ``check`` describes a finding that is made while reading files. A function names
what it needs by its parameters; `Context` holds all there is. It yields findings and nothing else: the
level comes from the module's ``LEVEL`` or from qms.yaml.
"""

from __future__ import annotations

import importlib
import pkgutil
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsctl import shelf, tracking
from qmsctl.config import Waiver
from qmsctl.graph import Graph
from qmsctl.kept import Kept
from qmsctl.loader import Loaded
from qmsctl.model import LEVELS, Finding, Item, Position, nearest
from qmsctl.timing import count, stage

if TYPE_CHECKING:
    # Only named here: a system without change control or measures is checked without importing what they need.
    from qmsctl.approvals.register import Register
    from qmsctl.coverage import Coverage
    from qmsctl.coverage.claims import Claims
    from qmsctl.history.revisions import Candidate, History
    from qmsctl.measures.board import Measures

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
        with stage("linking"):
            return Graph(self.loaded, reviewed(self.approvals, self.today))

    @tracking.kept
    def claims(self) -> Claims:
        """Everything that says it answers, proves or measures a clause."""
        from qmsctl.coverage.claims import Claims

        return Claims(self.graph, self.today)

    @tracking.kept
    def coverages(self) -> list[Coverage]:
        """How the system stands to each standard that it applies."""
        from qmsctl.coverage import coverage_of, standards_of

        return [coverage_of(self.graph, item.id, self.today, self.claims) for item in standards_of(self.graph)]

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


Facts = dict[str, tuple[str, tuple[str, ...]]]
"""Of each check: its level, and its parameters; none for a finding that is made elsewhere."""


def _facts(root: Path | None) -> Facts:
    """Return what is to be known of all checks before they run; kept below a root, since loading them all takes a while."""
    if root is None:
        return {name: _fact(name) for name in ids()}
    place, key = root / shelf.FOLDER / "checks", shelf.tool_key()
    found: Facts | None = shelf.read(place, key)
    if found is None:
        found = _facts(None)
        shelf.write(place, key, found)
    return found


def _fact(name: str) -> tuple[str, tuple[str, ...]]:
    function = getattr(module(name), "check", None)
    needs = function.__code__.co_varnames[: function.__code__.co_argcount] if function is not None else ()
    return str(module(name).LEVEL), needs


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
    keep: bool = False,
) -> Report:
    """Run the checks over a loaded system as of a day.

    Checks that need the history, the approvals or the measures have nothing to say where there are none; ``hidden``
    says why there are none although there should be, ``switched_off`` which landing ended change control. With
    ``keep``, findings of the run before are taken where nothing that they were made from has changed.
    """
    context = Context(loaded, today, history, approvals, hidden, switched_off, measures)
    levels = dict(loaded.config.levels)
    facts = _facts(loaded.root if keep else None)
    level = {name: levels.get(name) or own for name, (own, _) in facts.items()}
    wanted = [name for name in choose(only, skip) if level[name] != "off"]
    kept = _kept_of(context) if keep and not only and not skip else None
    found: list[Finding] = [f for f in loaded.qms.findings if f.check in wanted]
    single = [name for name in wanted if "item" in facts[name][1]]
    for number, name in enumerate(wanted):
        if progress is not None:
            progress(number, len(wanted), name)
        if name not in single:
            found.extend(_run_whole(name, facts[name][1], context, kept))
    if progress is not None:
        progress(len(wanted), len(wanted), "")
    with stage("items one by one"):
        run_single = _single([(name, facts[name][1]) for name in single], context)
        for item in loaded.qms.items.silently() if single else ():
            found += run_single(item) if kept is None else kept.of_item(item.id, partial(run_single, item))
    if kept is not None:
        count("cache hits", kept.taken)
        count("cache misses", kept.made)
        with stage("keeping what was found"):
            kept.save()
    found = [Finding(f.check, f.message, f.position, f.help, level[f.check], f.item) for f in found]
    told, waived = apply_waivers(found, loaded.config.waivers, today)
    told.sort(key=lambda f: (f.position.path, f.position.line, f.position.column, f.check, f.message))
    own = sum(1 for item in loaded.qms.items.silently() if not item.shipped)
    return Report(tuple(dict.fromkeys(told)), tuple(waived), own, len(wanted))


KEEPABLE = {"items", "graph", "types", "config", "root", "known", "claims", "coverages", "today", "loaded"}
"""What a check may ask for, so that what it finds is kept: all that tells what is read of it, and what is part of the key."""


def _kept_of(context: Context) -> Kept | None:
    """Return what the run before has kept; None where the system was not read in a way that tells what has changed."""
    loaded, items = context.loaded, context.loaded.qms.items
    if any(item.stamp is None for item in items.silently()):
        return None
    pattern = context.graph.ids.pattern
    if any(item.outline is None or item.outline.pattern != pattern for item in items.silently()):
        return None
    tracking.kept_cells.clear()
    kinds = [(name, kind.fingerprint) for name, kind in loaded.types.items()]
    conditions = (loaded.config, kinds, sorted(loaded.qms.names.items()), context.today, pattern)
    key = shelf.digest(shelf.tool_key(), *conditions, sorted(reviewed(context.approvals, context.today).items()))
    return Kept(loaded.root, items, key, shelf.digest(loaded.qms.findings, loaded.foreign).hex())


def _run_whole(name: str, needs: Sequence[str], context: Context, kept: Kept | None) -> list[Finding]:
    if not needs:
        return []
    if kept is None or not KEEPABLE.issuperset(needs):
        return _run_one(name, needs, context)
    return kept.of_check(name, lambda: _run_one(name, needs, context), "loaded" in needs)


def _run_one(name: str, needs: Sequence[str], context: Context) -> list[Finding]:
    try:
        given = {need: getattr(context, need) for need in needs}
        if any(given.get(need, "") is None for need in ("history", "approvals", "measures")):
            return []
        return list(module(name).check(**given))
    except Exception as error:
        return [_crash(name, error)]


def _single(checks: Sequence[tuple[str, Sequence[str]]], context: Context) -> Callable[[Item], list[Finding]]:
    """Return what runs all checks that look at one item at a time."""
    ready: list[tuple[str, Callable[..., Iterable[Finding]], dict[str, Any]]] = []

    def run(item: Item) -> list[Finding]:
        if not ready:  # nothing is loaded where everything was kept
            for name, needs in checks:
                given = {need: getattr(context, need) for need in needs if need != "item"}
                ready.append((name, module(name).check, given))
        found: list[Finding] = []
        for name, check, given in ready:
            try:
                found += check(item=item, **given)
            except Exception as error:
                found.append(_crash(name, error))
        return found

    return run


def _crash(name: str, error: Exception) -> Finding:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
    return Finding(
        "check-crashed",
        f"the check {name} broke down: {type(error).__name__}: {error} ({where})",
        Position("qms.yaml"),
        "this is our fault; please report it. The other checks were run",
    )


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
