"""The search of the intranet: an index made when the site is built, read piece by piece in the browser.

It finds the step, the form, the section and the clause, not only the page. Nothing is asked of a server: the pieces are
scripts beside the pages, so that a search also works in a copy of the site that is opened as files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from qmsctl.pages.search.entries import entries
from qmsctl.pages.search.index import Titles, kinds_of, pack, units
from qmsctl.pages.search.kept import Kept
from qmsctl.pages.search.parts import Setting, other_names
from qmsctl.pages.view import View

FAMILIES = {
    "processes": "do", "documents": "do", "people": "who", "strategy": "look", "measures": "look", "risks": "look",
    "compliance": "look", "records": "proof",
}  # fmt: skip
"""Group of a type -> the colour family of its sign."""
_OWN = {"form": "proof", "record-kind": "proof", "term": "look", "external-document": "look"}
_PARTS = {"Step": "do", "Section": "do", "Control": "do", "Commitment": "do", "Field": "proof", "Register": "page", "Page": "page"}  # fmt: skip
Indexes = Iterable[tuple[str, str, Mapping[str, Any]]]


def pages(view: View) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (path, template, values) of the page that shows all hits."""
    yield "search.md", "search.md.j2", {"title": view.t("Search"), "quiet": True, "plain": True}


def files(view: View, indexes: Indexes, kept: Path | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield (path, content) of the index of one language; ``indexes`` are the pages that are not one item.

    ``kept`` is the folder in which one build leaves to the next what pages add to the index.
    """
    found = list(entries(view, indexes))
    kinds = kinds_of(found)
    titles = Titles(
        kind=lambda kind: str(view.t(kind)),
        family=_families(view),
        process=lambda ref: view.title(ref) if ref else "",
        location=view.title,
    )
    parts = Kept(kept, Setting(view.language, other_names(_glossary(view), view.language), kinds))
    made = pack(units(found, parts.part, titles), view.language, kinds, titles, parts.best)
    parts.keep()
    for name, data in made.items():
        yield f"assets/search/{view.language}/{name}", data


def _families(view: View) -> Callable[[str], str]:
    """Return what tells the family of a kind, for the colour of its sign."""
    known = {k.title: _OWN.get(n, FAMILIES.get(str(k.schema.get("x-group")), "look")) for n, k in view.types.items()}
    return lambda kind: _PARTS.get(kind) or known.get(kind, "look")


def _glossary(view: View) -> Iterator[list[str]]:
    """Yield the names of each term: title, abbreviation, synonyms."""
    for item in view.of_type("term"):
        synonyms = item.get("synonyms")
        others = [str(word) for word in synonyms] if isinstance(synonyms, list) else []
        yield [item.title, *([str(item.get("abbreviation"))] if item.get("abbreviation") else []), *others]
