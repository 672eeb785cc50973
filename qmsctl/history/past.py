"""Every file at every state of the main branch, told from what each landing changed: no state is read from Git again."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from qmsctl.history.git import Commit


class Timeline:
    """For each path the places in the line of landings at which it changed, and what it was from there on."""

    def __init__(self, mainline: Iterable[Commit], prefix: str = "") -> None:
        self.places: dict[str, list[int]] = defaultdict(list)
        self._entries: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for at, commit in enumerate(mainline):
            for touch in commit.touches:
                if touch.path.startswith(prefix):
                    path = touch.path[len(prefix) :]
                    self.places[path].append(at)
                    self._entries[path].append((touch.mode, touch.new))

    def entry(self, path: str, place: int) -> tuple[str, str] | None:
        """Return (mode, blob) of a file as it was at a place; None where there was none."""
        at = bisect_right(self.places.get(path, ()), place)
        found = self._entries[path][at - 1] if at else None
        return found if found and found[1] else None

    def at(self, place: int) -> Mapping[str, tuple[str, str]]:
        """Return all files as they were at a place."""
        return _Files(self, place)


class _Files(Mapping[str, tuple[str, str]]):
    """The files at one place; each is looked up when it is asked for."""

    def __init__(self, timeline: Timeline, place: int) -> None:
        self._timeline = timeline
        self._place = place

    def __getitem__(self, path: str) -> tuple[str, str]:
        found = self._timeline.entry(path, self._place)
        if found is None:
            raise KeyError(path)
        return found

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._timeline.entry(path, self._place) is not None

    def __iter__(self) -> Iterator[str]:
        return (path for path in self._timeline.places if path in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
