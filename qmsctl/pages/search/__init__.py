"""The search of the intranet: an index made when the site is built, read piece by piece in the browser.

It finds the step, the form, the section and the clause, not only the page. Nothing is asked of a server: the pieces are
scripts beside the pages, so that a search also works in a copy of the site that is opened as files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from qmsctl import tracking
from qmsctl.model import Item
from qmsctl.pages.search import entries
from qmsctl.pages.search.entries import Entry
from qmsctl.pages.search.index import ROOM, Known, Titles, pack, units
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


def files(view: View, indexes: Indexes, parts: Iterable[Iterable[Any]], known: Known) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of the index of one language.

    ``indexes`` are the pages that are not one item, as (path, title, name of the type it lists or ""); ``parts`` what the
    items add, in their order; ``known`` what was brought together before, as far as it still holds.
    """
    first = [entries.of_index(view, path, title, view.types.get(kind)) for path, title, kind in indexes]
    rows = [*(row for entry in first for row in _parts(view, [entry])), *(row for part in parts for row in part)]
    titles = Titles(
        kind=lambda kind: str(view.t(kind)),
        family=_families(view),
        process=lambda ref: view.title(ref) if ref else "",
        location=view.title,
    )
    for name, data in pack(units(map(Packed._make, rows)), view.language, titles, known).items():
        yield f"assets/search/{view.language}/{name}", data


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
