"""The files that lie beside pages: what a reader takes away, and what scripts read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from qmsctl import shelf
from qmsctl.pages import calendar, duties, flows, redirects, registers, search
from qmsctl.pages.view import View


def makers(
    view: View, index: Sequence[tuple[str, str, Mapping[str, Any]]]
) -> dict[str, Callable[[], Iterator[tuple[str, bytes]]]]:
    """Return what makes the files of one language, as (path, content), the longest work first.

    ``index`` holds the pages that are not one item.
    """
    alone = {"registers": registers, "calendar": calendar, "duties": duties, "flows": flows, "redirects": redirects}
    return {
        "search": partial(search.files, view, index, view.loaded.root / shelf.FOLDER),
        **{name: partial(room.files, view) for name, room in alone.items()},
    }
