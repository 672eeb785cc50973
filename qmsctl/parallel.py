"""Work spread over the cores of a machine, where it is enough to pay for it."""

from __future__ import annotations

import gc
import marshal
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from qmsctl import timing

Row = TypeVar("Row")


def cores() -> int:
    """Return how many processes are worth starting; 1 where a process cannot be forked safely."""
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return 1
    return min(8, len(os.sched_getaffinity(0)))


def spread(work: Callable[[Sequence[Row]], list[Any]], rows: Sequence[Row], least: int) -> list[Any]:
    """Return ``work(rows)``, done by several processes if there are at least ``least`` rows for each.

    Rows are dealt out in turns, and results come back in their order. Results are plain data, a result for each row.
    What a child could not do is done here, so a fault shows as it would without children.
    """
    count = min(cores(), len(rows) // max(least, 1))
    if count < 2:
        return work(rows)
    shares = [rows[number::count] for number in range(count)]
    children = [child(partial(work, share)) for share in shares[1:]]
    done = [work(shares[0])]
    for share, (pid, pipe) in zip(shares[1:], children, strict=True):
        with os.fdopen(pipe, "rb") as stream:
            data = stream.read()
        done.append(result_of(pid, data, partial(work, share)))
    found: list[Any] = [None] * len(rows)
    for number, results in enumerate(done):
        found[number::count] = results
    return found


def child(work: Callable[[], Any]) -> tuple[int, int]:
    """Start a process that does some work, whose result is plain data; return its id and the pipe that comes through."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    status = 1
    try:
        os.close(reader)
        gc.freeze()  # or looking for what can be freed would copy what is shared with the parent
        with timing.in_child() as times:
            found = work()
        with os.fdopen(writer, "wb") as stream:
            stream.write(marshal.dumps((found, times)))
        status = 0
    finally:
        os._exit(status)  # nothing of the parent's may be written or closed a second time


def result_of(pid: int, data: bytes, work: Callable[[], Any]) -> Any:
    """Wait for a process and return what came of it; what it could not do is done here."""
    _, status = os.waitpid(pid, 0)
    if status != 0:
        return work()
    found, times = marshal.loads(data)
    timing.merge(times)
    return found
