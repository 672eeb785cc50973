"""Parts to bundles: what neighbouring pages add to the index together, and the files of what is shown of their hits.

A bundle can be kept with these files, so that a change costs its bundle, and what `gathered` makes of all.
"""

from __future__ import annotations

import marshal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import Any, NamedTuple

from qmsctl import shelf
from qmsctl.pages.search import packing
from qmsctl.pages.search.packing import ROOM, Files, Pieces
from qmsctl.pages.search.parts import COMPOUNDING, Packed, Part, halves
from qmsctl.pages.search.words import stem

BLOCK = 8
"""Entries in a file of what is shown."""
GROUP = 16
"""Units among which files of what is shown are cut; the cuts in one do not depend on another."""
SPAN = 128
"""Units of which one file names the files that show them."""
Placed = tuple[int, Part]
"""A part with its slot."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A part at its place: its entries have the numbers from ``slot * ROOM``."""

    slot: int
    part: Packed


class Bundle(NamedTuple):
    """What neighbouring units add, as plain data.

    The kinds of all entries and pages; word -> where it stands, as `packing.row`; of the files of what is shown the step
    to the number of the first entry, and the name; of each unit its slot, the kinds of its entries, its process and
    locations; role -> how many entries concern it, which ones, as `packing.row`, and, packed, items with how often
    they do; item -> its entry; stem -> its spellings with how often each stands there; how many entries there are.
    """

    kinds: tuple[str, ...]
    words: Mapping[str, str]
    shown: str
    facets: Sequence[tuple[int, str, str, tuple[str, ...]]]
    roles: Mapping[str, tuple[int, str, bytes]]
    at: Mapping[str, int]
    spellings: Mapping[str, str]
    entries: int

    @property
    def span(self) -> int:
        """Which SPAN of slots it has."""
        return self.facets[0][0] // SPAN


def units(found: Iterable[Packed]) -> list[Unit]:
    """Return parts at their places. Each type of page has slots to spare, so that a new item does not move others."""
    types: dict[str, list[Packed]] = defaultdict(list)
    for part in found:
        types[part.kind].append(part)
    made, start = [], 0
    for parts in types.values():
        made += [Unit(start + number, part) for number, part in enumerate(parts)]
        start += max(GROUP, 1 << (len(parts) - 1).bit_length())
    return made


def bundled(found: Sequence[Unit], language: str) -> Mapping[str, Callable[[], tuple[tuple[Any, ...], Pieces]]]:
    """Return what makes the bundles of all units, SPAN slots in each, and the files of what they show.

    The name of each is a fingerprint of all that it is made of.
    """
    kinds = tuple(sorted({kind for unit in found for kind in (unit.part.kind, *unit.part.kinds)}))
    long = _long_words(found) if language in COMPOUNDING else frozenset()

    @cache
    def split(word: str) -> tuple[str, ...]:
        return halves(word, language, long)

    # Halves of compounds are words that stand somewhere, anywhere.
    about = shelf.digest(language, sorted(long), kinds)
    made = {}
    for _, group in groupby(found, key=lambda unit: unit.slot // SPAN):
        some = list(group)
        name = shelf.digest(about, *(part for unit in some for part in (unit.slot, unit.part.digest))).hex()
        made[name] = partial(_bundle, some, split, kinds, language)
    return made


def _bundle(
    some: Sequence[Unit], split: Callable[[str], tuple[str, ...]], kinds: tuple[str, ...], language: str
) -> tuple[tuple[Any, ...], Pieces]:
    found = [(unit.slot, unit.part.part) for unit in some]
    number = {kind: at for at, kind in enumerate(kinds)}
    # What two files are called must only differ within a span.
    span = found[0][0] // SPAN
    files, last, shown = Files(f"{span}_"), span * SPAN * ROOM, []
    for first, text in blocks(found, number):
        shown.append(packing.number(first - last) + files.add(text))
        last = first
    made = Bundle(
        kinds,
        _rows(((slot, _fragments(part, split)) for slot, part in found), span * SPAN),
        "".join(shown),
        tuple((slot, packing.runs([number[row.kind] for row in p.rows]), p.where, p.locations) for slot, p in found),
        _roles(found, span * SPAN),
        {p.item: slot * ROOM + at for slot, p in found for at, row in enumerate(p.rows) if p.item and not row.anchor},
        _spellings(found, language),
        sum(len(part.rows) for _, part in found),
    )
    return tuple(made), files.pieces()


def _rows(found: Iterable[tuple[int, Iterable[tuple[str, str]]]], start: int) -> dict[str, str]:
    """Return name -> where it stands, as `packing.row`, from (slot, [(name, fragment)]) in order."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    rows: defaultdict[str, list[str]] = defaultdict(list)
    for slot, fragments in found:
        for name, fragment in fragments:
            if name in last:
                rows[name].append(packing.number(slot - last[name]))
            else:
                first[name] = slot
            rows[name].append(fragment)
            last[name] = slot
    return {name: packing.row(slot - start, last[name] - start, "".join(rows[name])) for name, slot in first.items()}


def _fragments(part: Part, split: Callable[[str], tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    """The words of a part with their fragments, halves of compounds included."""
    if not part.words:
        return ()
    plain = zip(part.words.split(" "), part.postings.split(" "), strict=True)
    found = [(half, levels) for word, levels in part.compounds for half in split(word)]
    if not found:
        return plain
    all_of = dict(plain)
    for half, levels in found:
        best = dict(packing.places(all_of[half])) if half in all_of else {}
        for place, value in levels:
            best[place] = max(best.get(place, 0), value)
        all_of[half] = packing.fragment(sorted(best.items()))
    return all_of.items()


def _long_words(found: Iterable[Unit]) -> frozenset[str]:
    return frozenset(word for unit in found for word in unit.part.part.words.split(" ") if len(word) > 3)


def blocks(found: Iterable[Placed], number: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Yield (number of the first entry, JSON) of every file of what is shown: [[page, [entry]]] by unit."""
    for _, group in groupby(found, key=lambda placed: placed[0] // GROUP):
        first, size = 0, 0
        shown: list[str] = []
        for slot, part in group:
            rows = part.rows
            for at in range(0, len(rows), BLOCK):
                some = [f"[{number[row.kind]},{row.shown}" for row in rows[at : at + BLOCK]]
                if shown and (at or size + len(some) > BLOCK):
                    yield first, f"[{','.join(shown)}]"
                    size, shown = 0, []
                if not shown:
                    first = slot * ROOM + at
                before, after = part.shown
                shown.append(f"[{before},{number[part.kind]},{after},[{','.join(some)}]]")
                size += len(some)
        if shown:
            yield first, f"[{','.join(shown)}]"


def _roles(found: Sequence[Placed], start: int) -> dict[str, tuple[int, str, bytes]]:
    concerned: Counter[str] = Counter()
    often: defaultdict[str, Counter[str]] = defaultdict(Counter)
    rows: list[tuple[int, list[tuple[str, str]]]] = []
    for slot, part in found:
        places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for place, row in enumerate(part.rows):
            for role in row.roles:
                if not role or " " in role:
                    continue
                places[role].append((place, 1))
                if row.anchor and row.kind != "Section" and not part.gone:
                    often[role][part.item] += 1
        rows.append((slot, [(role, packing.fragment(them)) for role, them in places.items()]))
        concerned.update({role: len(them) for role, them in places.items()})
    return {role: (concerned[role], row, marshal.dumps(dict(often[role]))) for role, row in _rows(rows, start).items()}


def _spellings(found: Iterable[Placed], language: str) -> dict[str, str]:
    often: Counter[str] = Counter()
    for _, part in found:
        for word, count in zip(part.spellings.split(" "), part.often, strict=False):
            often[word] += count
    made: defaultdict[str, list[str]] = defaultdict(list)
    for word, count in often.items():
        made[stem(word, language)] += word, str(count)
    return {term: " ".join(rows) for term, rows in made.items()}
