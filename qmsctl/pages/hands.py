"""Pages dealt out to processes, where there are enough of them to pay for it.

Unlike in `parallel`, the process that deals makes no page itself: what draws charts runs threads, which no process that
is forked later would have.
"""

from __future__ import annotations

import os
import selectors
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from qmsctl.parallel import child, cores, result_of

LEAST = 60
"""How many pages make a process worth starting."""


def how_many(count: int) -> int:
    """Return how many processes are to make some pages; 1 where one must not be forked."""
    if "vl_convert" in sys.modules or threading.active_count() > 1:
        return 1
    return max(1, min(cores(), count // LEAST))


def deal(work: Callable[[int], Any], count: int, tell: Callable[[int], None], most: int) -> list[Any]:
    """Return ``work(0)``, ``work(1)`` and so on, which are plain data, made by up to ``most`` processes.

    What a process could not do is done here, so a fault shows as it would without it.
    """
    if most < 2:
        return [_told(work, number, tell) for number in range(count)]
    found: list[Any] = [None] * count
    steps, step = os.pipe()
    shares = [range(at, count, most) for at in range(most)]
    children = [child(partial(_stepping, work, share, step)) for share in shares]
    os.close(step)
    data = _heard([steps, *(pipe for _, pipe in children)], tell)
    for at, (pid, pipe) in enumerate(children):
        found[at::most] = result_of(pid, data[pipe], partial(_stepping, work, shares[at], None))
    return found


def _told(work: Callable[[int], Any], number: int, tell: Callable[[int], None]) -> Any:
    found = work(number)
    tell(number + 1)
    return found


def _heard(pipes: list[int], tell: Callable[[int], None]) -> dict[int, bytes]:
    """Return what comes through pipes until all are closed; each byte of the first is a page that is done."""
    parts: dict[int, list[bytes]] = {pipe: [] for pipe in pipes}
    done = 0
    with selectors.DefaultSelector() as waiting:
        for pipe in pipes:
            waiting.register(pipe, selectors.EVENT_READ)
        while waiting.get_map():
            for key, _ in waiting.select():
                part = os.read(key.fd, 1 << 20)
                if not part:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                elif key.fd == pipes[0]:
                    done += len(part)
                    tell(done)
                else:
                    parts[key.fd].append(part)
    return {pipe: b"".join(found) for pipe, found in parts.items()}


def _stepping(work: Callable[[int], Any], share: range, step: int | None) -> list[Any]:
    """Do a share of the work; each byte that is written to ``step`` is a page that is done."""
    found = []
    for number in share:
        found.append(work(number))
        if step is not None:
            os.write(step, b".")
    return found
