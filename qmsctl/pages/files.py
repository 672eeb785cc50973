"""The files that lie beside pages: what a reader takes away, and what scripts read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qmsctl.pages import calendar, duties, flows, redirects, registers, search
from qmsctl.pages.view import View


def files(view: View, index: Sequence[tuple[str, str, dict[str, Any]]]) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of every file of one language; ``index`` holds the pages that are not one item."""
    yield from duties.files(view)
    yield from flows.files(view)
    yield from redirects.files(view)
    yield from registers.files(view)
    yield from calendar.files(view)
    yield from search.files(view, index)
