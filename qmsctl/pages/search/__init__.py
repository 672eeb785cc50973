"""The search of the intranet: an index made when the site is built, read piece by piece in the browser.

It finds the step, the form, the section and the clause, not only the page. Nothing is asked of a server: the pieces are
scripts beside the pages, so that a search also works in a copy of the site that is opened as files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from qmsctl import tracking
from qmsctl.model import Item
from qmsctl.pages.search import entries
from qmsctl.pages.search.bundling import Bundle, bundled, units
from qmsctl.pages.search.entries import Entry
from qmsctl.pages.search.gathered import NOTHING, Gathered, gather
from qmsctl.pages.search.index import Titles, pack
from qmsctl.pages.search.packing import ROOM, Pieces
from qmsctl.pages.search.parts import Names, Packed, Setting, other_names
from qmsctl.pages.view import View

FAMILIES = {
    "processes": "do", "documents": "do", "people": "who", "strategy": "look", "measures": "look", "risks": "look",
    "compliance": "look", "records": "proof",
}  # fmt: skip
"""Group of a type -> the colour family of its sign."""
_OWN = {"form": "proof", "record-kind": "proof", "term": "look", "external-document": "look"}
_PARTS = {"Step": "do", "Section": "do", "Control": "do", "Commitment": "do", "Field": "proof", "Register": "page", "Page": "page"}  # fmt: skip
Indexes = Iterable[tuple[str, str, str]]


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the page that shows all hits."""
    yield "search.md", "search.md.j2", {"title": view.t("Search"), "quiet": True, "plain": True}


def part(view: View, item: Item) -> list[Any]:
    """Return what an item adds to the index, as plain data."""
    return _parts(view, list(entries.of_item(view, item)))


def parts_of_pages(view: View, indexes: Indexes) -> list[Any]:
    """Return what pages that are not one item add, as plain data.

    They are given as (path, title, name of the type it lists or "").
    """
    found = [entries.of_index(view, path, title, view.types.get(kind)) for path, title, kind in indexes]
    return [row for entry in found for row in _parts(view, [entry])]


def bundles(view: View, parts: Iterable[Any]) -> dict[str, Callable[[], tuple[Any, dict[str, bytes]]]]:
    """Return what makes the bundles of one language, plain data for `files`, each with (path -> content) of its files.

    ``parts`` are what pages and items add, in their order. The name of a bundle is a fingerprint of all that it is made of.
    """
    made = bundled(units(map(Packed._make, parts)), view.language)
    return {name: partial(_with_paths, view, make) for name, make in made.items()}


def _with_paths(view: View, make: Callable[[], tuple[Any, Pieces]]) -> tuple[Any, dict[str, bytes]]:
    plain, pieces = make()
    return plain, _placed(view, pieces)


def files(
    view: View, found: Iterable[Any], before: tuple[Any, Iterable[Any]] | None = None
) -> tuple[dict[str, bytes], Any]:
    """Return (path -> content) of the index of one language: what bundles make together; and, as plain data, what they say.

    ``before`` is what other bundles said, and these: where they are the same, nothing is brought together anew.
    """
    titles = Titles(
        kind=lambda kind: str(view.t(kind)),
        family=_families(view),
        process=lambda ref: view.title(ref) if ref else "",
        location=view.title,
    )
    said, of = before or (NOTHING, ())
    bundles = [*map(Bundle._make, found)]
    gathered = gather(bundles, Gathered._make(said), [*map(Bundle._make, of)])
    return _placed(view, pack(bundles, view.language, titles, gathered)), tuple(gathered)


def _placed(view: View, pieces: Pieces) -> dict[str, bytes]:
    return {f"assets/search/{view.language}/{name}": data for name, data in pieces.items()}


def _parts(view: View, found: Sequence[Entry]) -> list[Any]:
    where = found[0].page.where
    process = view.title(where) if where else ""
    setting: Setting = tracking.keep(vars(view), "search.setting", lambda: Setting(view.language, _names(view)))
    return [tuple(setting.part(found[at : at + ROOM], process).packed) for at in range(0, len(found), ROOM)]


def _families(view: View) -> Callable[[str], str]:
    """Return what tells the family of a kind, for the colour of its sign."""
    known = {k.title: _OWN.get(n, FAMILIES.get(str(k.schema.get("x-group")), "look")) for n, k in view.types.items()}
    return lambda kind: _PARTS.get(kind) or known.get(kind, "look")


def _names(view: View) -> Names:
    """What the glossary says that words are also called."""
    rows = []
    for item in view.of_type("term"):
        synonyms = item.get("synonyms")
        others = [str(word) for word in synonyms] if isinstance(synonyms, list) else []
        rows.append([item.title, *([str(item.get("abbreviation"))] if item.get("abbreviation") else []), *others])
    return other_names(rows, view.language)
