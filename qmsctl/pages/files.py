"""The files that lie beside pages: what a reader takes away, and what scripts read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from qmsctl.pages import calendar, duties, flows, redirects, registers
from qmsctl.pages.view import View


def makers(view: View) -> dict[str, Callable[[], Iterator[tuple[str, bytes]]]]:
    """Return what makes the files of one language, as (path, content); the search is made of all pages, after them."""
    rooms = {"registers": registers, "calendar": calendar, "duties": duties, "flows": flows, "redirects": redirects}
    return {name: partial(room.files, view) for name, room in rooms.items()}
