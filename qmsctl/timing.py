"""Where the time of a run goes: stages, which nest, and what was counted in them.

Nothing is kept unless somebody records: outside of `recording`, a stage costs a look and no more. What a stage
stands for is a piece of work, such as reading all files, never a single item.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import astuple, dataclass, field
from typing import Any

MOST = 12
"""The most stages shown within another; where there are more, the slowest."""


@dataclass(frozen=True, slots=True)
class Span:
    """One pass through a stage: its place among the others, when it began, what it took, what was counted.

    Times are seconds; ``start`` is by a clock that all processes of a machine share, ``processor`` is what
    this process and those merged into it spent.
    """

    path: tuple[str, ...]
    start: float
    seconds: float
    processor: float
    process: int
    counts: dict[str, int]


@dataclass(slots=True)
class _Open:
    path: tuple[str, ...]
    start: float = field(default_factory=time.perf_counter)
    processor: float = field(default_factory=time.process_time)
    merged: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)


class Times:
    """What one run recorded: ``spans`` holds each stage once it has ended, the whole run last."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._open = [_Open(())]

    @property
    def innermost(self) -> _Open:
        return self._open[-1]

    def begin(self, name: str) -> _Open:
        self._open.append(_Open((*self._open[-1].path, name)))
        return self._open[-1]

    def end(self, stage: _Open) -> None:
        """End a stage and what was left open in it."""
        while stage in self._open:
            last = self._open.pop()
            spent = time.process_time() - last.processor + last.merged
            took = time.perf_counter() - last.start
            self.spans.append(Span(last.path, last.start, took, spent, os.getpid(), last.counts))

    def merge(self, packed: Iterable[Iterable[Any]]) -> None:
        """Add what another process recorded, as `in_child` gave it, to the stage that is open here."""
        here = self._open[-1].path
        for path, *rest in packed:
            span = Span((*here, *path), *rest)
            if path:
                self.spans.append(span)
                continue
            for stage in self._open:
                stage.merged += span.processor
            for name, number in span.counts.items():
                self.innermost.counts[name] = self.innermost.counts.get(name, 0) + number


_recording: ContextVar[Times | None] = ContextVar("recording", default=None)


@contextmanager
def recording() -> Iterator[Times]:
    """Record stages and counts until the end of the block; what is then in the result is complete."""
    times = Times()
    token = _recording.set(times)
    whole = times.innermost
    try:
        yield times
    finally:
        times.end(whole)
        _recording.reset(token)


class stage:
    """A piece of work: ``with stage("reading the history"): ...``."""

    __slots__ = ("_name", "_open", "_times")

    def __init__(self, name: str) -> None:
        self._name = name
        self._times: Times | None = None

    def __enter__(self) -> None:
        self._times = _recording.get()
        if self._times is not None:
            self._open = self._times.begin(self._name)

    def __exit__(self, *_: object) -> None:
        if self._times is not None:
            self._times.end(self._open)


def count(what: str, number: int = 1) -> None:
    """Add to a count of the stage that is open, such as ``count("cache hits", 12)``."""
    times = _recording.get()
    if times is not None:
        counts = times.innermost.counts
        counts[what] = counts.get(what, 0) + number


@contextmanager
def in_child() -> Iterator[list[tuple[Any, ...]]]:
    """Record in a forked process; at the end of the block the list holds what its parent shall `merge`.

    Plain values only, so that they can be handed over by marshal or as JSON. Nothing where the parent does not record.
    """
    packed: list[tuple[Any, ...]] = []
    if _recording.get() is None:
        yield packed
        return
    with recording() as times:
        yield packed
    packed += [astuple(span) for span in times.spans]


def merge(packed: Iterable[Iterable[Any]]) -> None:
    """Add what a forked process recorded to the stage that is open: its time counts as processor time only."""
    times = _recording.get()
    if times is not None:
        times.merge(packed)


# --- what is shown --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Stage:
    """All passes through a stage. Without ``own``, it only ran in other processes."""

    first: float
    seconds: float = 0.0
    processor: float = 0.0
    passes: int = 0
    own: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, span: Span, own: bool) -> None:
        self.first = min(self.first, span.start)
        self.passes += 1
        self.processor += span.processor
        if own:
            self.own = True
            self.seconds += span.seconds
        for name, number in span.counts.items():
            self.counts[name] = self.counts.get(name, 0) + number


def table(times: Times) -> str:
    """Return what was recorded as a table: a line for each stage, the slowest where a stage has many in it."""
    here = times.spans[-1].process
    stages: dict[tuple[str, ...], _Stage] = {}
    for span in times.spans:
        stages.setdefault(span.path, _Stage(span.start)).add(span, span.process == here)
    whole = stages.pop(())
    below: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for path in sorted(stages, key=lambda path: stages[path].first):
        below.setdefault(path[:-1], []).append(path)
    rows = [("stage", "seconds", "share", "processor", "times", "counted")]

    def show(title: str, found: _Stage) -> None:
        seconds = f"{found.seconds:.3f}" if found.own else "-"
        share = f"{found.seconds / max(whole.seconds, 1e-9):.0%}" if found.own else "-"
        counted = ", ".join(f"{number} {name}" for name, number in sorted(found.counts.items()))
        rows.append((title, seconds, share, f"{found.processor:.3f}", str(found.passes), counted))

    def descend(path: tuple[str, ...]) -> None:
        indent = "  " * len(path)
        inside = below.get(path, [])
        shown = inside
        if len(inside) > MOST:
            shown = sorted(inside, key=lambda p: (stages[p].seconds, stages[p].processor), reverse=True)[:MOST]
        for one in shown:
            show(indent + one[-1], stages[one])
            descend(one)
        others = [stages[p] for p in inside if p not in shown]
        if others:
            show(f"{indent}{len(others)} more", _sum(others))

    descend(())
    top = _sum([stages[path] for path in below.get((), [])])
    show("other work", _Stage(0, max(whole.seconds - top.seconds, 0), max(whole.processor - top.processor, 0), 1, True))
    show("in all", whole)
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  "
        + "  ".join(f"{text:>{size}}" for text, size in zip(row[1:5], widths[1:], strict=True))
        + (f"  {row[5]}" if row[5] else "")
        for row in rows
    )


def _sum(stages: Iterable[_Stage]) -> _Stage:
    whole = _Stage(0)
    for one in stages:
        whole.seconds += one.seconds
        whole.processor += one.processor
        whole.passes += one.passes
        whole.own = whole.own or one.own
    return whole


def trace(times: Times) -> dict[str, Any]:
    """Return what was recorded as events of the Trace Event Format, in microseconds since the run began."""
    began = times.spans[-1].start
    return {
        "displayTimeUnit": "ms",
        "traceEvents": [
            {
                "name": span.path[-1] if span.path else "in all",
                "ph": "X",
                "ts": max(round((span.start - began) * 1e6), 0),
                "dur": round(span.seconds * 1e6),
                "pid": span.process,
                "tid": span.process,
                "args": {"processor seconds": round(span.processor, 6), **span.counts},
            }
            for span in sorted(times.spans, key=lambda span: (span.start, len(span.path)))
        ],
    }
