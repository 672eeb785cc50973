"""Processes that write pages, where there are enough of them to pay for it.

Unlike in `parallel`, the process that gives out the work makes no page itself: what draws charts runs threads, which no
process that is forked later would have.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import selectors
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, BinaryIO

from qmsctl import shelf
from qmsctl.parallel import child, cores, result_of

LEAST = 60
"""How many pages make a process worth starting."""
ALONE = 64
"""How many tasks at the beginning are given out one by one: the longest come first."""
TOGETHER = 8
"""How many of the others are given out at a time."""


def how_many(count: int) -> int:
    """Return how many processes are to make some pages; 1 where one must not be forked."""
    shelf.settle()
    if "vl_convert" in sys.modules or threading.active_count() > 1:
        return 1
    return max(1, min(cores(), count // LEAST))


class Hands:
    """As many processes as there should be; what one came to know it knows for its next task. With one it is this one.

    ``work`` makes plain data of a task, which is plain data too. What a process could not do is done here, so a fault
    shows as it would without it.
    """

    def __init__(self, work: Callable[[Any], Any], most: int) -> None:
        self._work = work
        self._hired = [_Hired(work) for _ in range(most)] if most > 1 else []

    def do(self, tasks: Sequence[Any], tell: Callable[[int], None]) -> list[Any]:
        """Return what becomes of tasks, in their order; ``tell`` is told how many are done."""
        found: dict[int, Any] = {}
        given: dict[_Hired, range] = {}
        next_one = 0
        with selectors.DefaultSelector() as waiting:
            for hired in self._hired:
                waiting.register(hired.results, selectors.EVENT_READ, hired)
            idle = list(self._hired)
            while True:
                while idle and next_one < len(tasks):
                    count = 1 if next_one < ALONE else TOGETHER
                    hired = idle.pop()
                    given[hired] = range(next_one, min(next_one + count, len(tasks)))
                    next_one += count
                    hired.give([tasks[number] for number in given[hired]])
                if not given:
                    break
                for key, _ in waiting.select():
                    answers = key.data.take()
                    share = given.pop(key.data)
                    if answers is None:  # it is no longer there
                        waiting.unregister(key.fileobj)
                        continue
                    found.update((number, row[0]) for number, row in zip(share, answers, strict=True) if row)
                    idle.append(key.data)
                    tell(len(found))
        for number, task in enumerate(tasks):
            if number not in found:
                found[number] = self._work(task)
                tell(len(found))
        return [found[number] for number in range(len(tasks))]

    def close(self) -> None:
        """Let the processes end."""
        for hired in self._hired:
            hired.dismiss()
        self._hired = []


class _Hired:
    """A process that does what it is given."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        task_reader, task_writer = os.pipe()
        result_reader, result_writer = os.pipe()
        unwanted = (task_writer, result_reader)
        self._pid, self._end = child(partial(_serve, work, task_reader, result_writer, unwanted))
        os.close(task_reader)
        os.close(result_writer)
        self._tasks = os.fdopen(task_writer, "wb")
        self.results = os.fdopen(result_reader, "rb")

    def give(self, tasks: list[Any]) -> None:
        """Give out some tasks; the process does nothing else meanwhile, so that it reads them."""
        with contextlib.suppress(BrokenPipeError):  # which shows when the answers are taken
            _send(self._tasks, tasks)

    def take(self) -> list[Any] | None:
        """Return an answer for each task, as a list with a result or as nothing; None if the process has ended."""
        found: list[Any] | None = _receive(self.results)
        return found

    def dismiss(self) -> None:
        """Let the process end."""
        self.results.close()
        with contextlib.suppress(BrokenPipeError):  # to close it would not do: processes hired later hold it as well
            self._tasks.write(bytes(8))
            self._tasks.close()
        with os.fdopen(self._end, "rb") as stream:
            data = stream.read()
        result_of(self._pid, data, lambda: None)


def _serve(work: Callable[[Any], Any], tasks: int, results: int, unwanted: Sequence[int]) -> None:
    for handle in unwanted:
        os.close(handle)
    with os.fdopen(tasks, "rb") as given, os.fdopen(results, "wb") as stream:
        while (some := _receive(given)) is not None:
            _send(stream, [_done(work, task) for task in some])


def _done(work: Callable[[Any], Any], task: Any) -> list[Any]:
    try:
        return [work(task)]
    except Exception:  # the process that gave it out tries it once more
        return []


def _send(stream: BinaryIO, value: Any) -> None:
    data = marshal.dumps(value)
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


def _receive(stream: BinaryIO) -> Any:
    """Return what was sent; None at the end of it, or where the sender ended before."""
    size = int.from_bytes(stream.read(8), "big")
    data = stream.read(size)
    return marshal.loads(data) if size and len(data) == size else None
