"""Parts to the files of the index: which word stands where, with which weight, and what is shown of a hit.

A search reads the first file, those few that hold its words, and those that hold what it shows; so what is transferred
does not grow with the system. Every file but the first is named after its content, and cut where a change somewhere else
does not move the cut: a browser keeps what did not change. Neighbours are brought together in bundles first, which can
be kept with the files of what they show, so that a change costs its bundle and the putting together.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from typing import Any, NamedTuple

from qmsctl import shelf
from qmsctl.model import slug
from qmsctl.pages.search import packing
from qmsctl.pages.search.parts import COMPOUNDING, LEVELS, Packed, Part, halves
from qmsctl.pages.search.words import ENDINGS, LONGEST, STOP, stem

ROOM = packing.ROOM
SHARD = 9_000
"""Characters of a file of words; a word that has more stands alone."""
MOST = 3_500
"""Entries kept for one word, the best."""
BLOCK = 8
"""Entries in a file of what is shown."""
GROUP = 16
"""Units among which files of what is shown are cut; the cuts in one do not depend on another."""
SPAN = 256
"""Units of which one file names the files that show them."""
SPELLING = 60_000
"""Characters of the list of words that mends typing errors."""
ROLE = 1_500
"""Entries kept for one role."""
NAME = 8
"""Signs of the name of a file."""
_BELOW = re.compile(r"[\x00-\ud7ff]*").fullmatch
Placed = tuple[int, Part]
"""A part with its slot."""


@dataclass(frozen=True, slots=True)
class Titles:
    """What readers call kinds, processes and locations, and to which family of signs a kind belongs."""

    kind: Callable[[str], str]
    family: Callable[[str], str]
    process: Callable[[str], str]
    location: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Unit:
    """A part at its place: its entries have the numbers from ``slot * ROOM``."""

    slot: int
    part: Packed


class Bundle(NamedTuple):
    """What neighbouring units add, as plain data.

    The kinds of all entries and pages; words with the first and the last slot that has them, and postings without the
    first step; of the files of what is shown the step to the number of the first entry, and the name; of each unit its
    slot, the kinds of its entries, its process and locations; role -> entries that concern it, role -> item -> how
    often; item -> its entry; spelling -> how often; how many entries there are.
    """

    kinds: tuple[str, ...]
    words: Mapping[str, tuple[int, int, str]]
    shown: str
    facets: Sequence[tuple[int, str, str, tuple[str, ...]]]
    concerned: Mapping[str, list[int]]
    often: Mapping[str, Mapping[str, int]]
    at: Mapping[str, int]
    spellings: Mapping[str, int]
    entries: int


Pieces = Mapping[str, bytes]
"""Files of the index by name."""


class Known:
    """Results by a digest of all that they were made from: those known from before, and those that were used."""

    def __init__(self, known: Mapping[bytes, Any]) -> None:
        self._known = known
        self.used: dict[bytes, Any] = {}

    def take(self, key: bytes, make: Callable[[], Any]) -> Any:
        """Return a result, plain data, made if it is not known."""
        if key not in self.used:
            self.used[key] = self._known[key] if key in self._known else make()
        return self.used[key]


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


class Files:
    """Pieces of the index, each named after its content, with something ``before`` that which is not said each time."""

    def __init__(self, before: str = "") -> None:
        self._before = before
        self.named: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def add(self, value: str) -> str:
        """Take a piece in, as JSON; return its name."""
        if value not in self._names:
            name, more = _name(value), ""
            while name in self.named:
                more += " "
                name = _name(value + more)
            self._names[value], self.named[name] = name, value
        return self._names[value]

    def pieces(self) -> Pieces:
        """Return all of them as files."""
        full = ((self._before + name, value) for name, value in self.named.items())
        return {f"{name}.js": packing.script(name, value) for name, value in full}


def _name(value: str) -> str:
    return base64.b32encode(hashlib.blake2b(value.encode(), digest_size=NAME * 5 // 8).digest()).decode().lower()


def best(text: str) -> str:
    """Return the postings of one word, cut down to the MOST best ones; of equal ones the first."""
    found = packing.UNIT.findall(text)
    often = Counter("".join(fragment[1::2] for _, fragment in found))
    room, least = MOST, LEVELS
    while least and often[packing.SIGNS[least]] <= room:
        room -= often[packing.SIGNS[least]]
        least -= 1
    sign, better, good = packing.SIGNS[least], frozenset(packing.SIGNS[least + 1 :]), frozenset(packing.SIGNS[least:])
    out, step = [], 0
    for before, fragment in found:
        step += packing.value(before)
        equal = fragment[1::2].count(sign)
        kept = packing.strong(fragment, good if equal <= room else better)
        room = max(0, room - equal)
        if kept:
            out.append(packing.number(step) + kept)
            step = 0
    return "".join(out)


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
        made[name] = partial(_bundle, some, split, kinds)
    return made


def _bundle(
    some: Sequence[Unit], split: Callable[[str], tuple[str, ...]], kinds: tuple[str, ...]
) -> tuple[tuple[Any, ...], Pieces]:
    found = [(unit.slot, unit.part.part) for unit in some]
    number = {kind: at for at, kind in enumerate(kinds)}
    spellings: defaultdict[str, int] = defaultdict(int)
    for _, part in found:
        for word, count in zip(part.spellings.split(" "), part.often, strict=False):
            spellings[word] += count
    # What two files are called must only differ within a span.
    span = found[0][0] // SPAN
    files, last, shown = Files(f"{span}_"), span * SPAN * ROOM, []
    for first, text in blocks(found, number):
        shown.append(packing.number(first - last) + files.add(text))
        last = first
    made = Bundle(
        kinds,
        _words(found, split),
        "".join(shown),
        tuple((slot, packing.runs([number[row.kind] for row in p.rows]), p.where, p.locations) for slot, p in found),
        *_concerned(found),
        dict(spellings),
        sum(len(part.rows) for _, part in found),
    )
    return tuple(made), files.pieces()


def _words(found: Iterable[Placed], split: Callable[[str], tuple[str, ...]]) -> dict[str, tuple[int, int, str]]:
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    rows: defaultdict[str, list[str]] = defaultdict(list)
    for slot, part in found:
        for word, fragment in _fragments(part, split):
            if word in last:
                rows[word].append(packing.number(slot - last[word]))
            else:
                first[word] = slot
            rows[word].append(fragment)
            last[word] = slot
    return {word: (slot, last[word], "".join(rows[word])) for word, slot in first.items()}


def postings(found: Iterable[Bundle], known: Known) -> dict[str, str]:
    """Return word -> its postings: for each unit that has it the step from the one before, and a fragment."""
    rows: defaultdict[str, list[str]] = defaultdict(list)
    last: dict[str, int] = {}
    for bundle in found:
        for word, (start, end, text) in bundle.words.items():
            rows[word] += (packing.number(start - last.get(word, -1)), text)
            last[word] = end
    made = {word: "".join(texts) for word, texts in rows.items()}
    for word, text in made.items():
        if len(text) > 2 * MOST:
            made[word] = known.take(shelf.digest("best", text), partial(best, text))
    return made


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


def in_order(words: Collection[str]) -> list[str]:
    """Sort words as the browser does, by units of UTF-16; below the surrogates that is the order of signs."""
    plain = all(map(_BELOW, words))
    return sorted(words) if plain else sorted(words, key=lambda word: word.encode("utf-16-be"))


def shards(rows: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (first word, [words, postings] as JSON) of every file of words.

    From half of its size on a file may end before words chosen by their letters, so that files after a change are cut as
    before.
    """
    words: list[str] = []
    size = 0
    for word in in_order(rows):
        more = len(word) + len(rows[word]) + 2
        if words and (size + more > SHARD or (size > SHARD / 2 and zlib.crc32(word.encode()) % 4 == 0)):
            yield words[0], _shard(words, rows)
            words, size = [], 0
        words.append(word)
        size += more
    if words:
        yield words[0], _shard(words, rows)


def _shard(words: list[str], rows: dict[str, str]) -> str:
    return packing.said([" ".join(words), " ".join(rows[word] for word in words)])


def spelling(found: Iterable[Bundle], language: str, known: Iterable[str]) -> str:
    """The words that mend typing errors: those of titles first, as many as there is room for."""
    often: Counter[str] = Counter()
    for bundle in found:
        often.update(bundle.spellings)
    forms: dict[str, tuple[int, str]] = {}
    for word, count in often.items():
        term = stem(word, language)
        forms[term] = max(forms.get(term, (0, "")), (count, word))
    likely = [
        (-count, word)
        for term in known
        for count, word in (forms.get(term, (0, "")),)
        if 4 <= len(word) < LONGEST and word.isalpha()
    ]
    kept, size = [], 0
    for _, word in sorted(likely):
        size += len(word) * 2 // 3 + 2
        if size > SPELLING:
            break
        kept.append(word)
    return packing.shared(in_order(kept))


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


def pack(parts: Sequence[Bundle], language: str, titles: Titles, known: Known) -> Pieces:
    """Return every file but those of what is shown: the first one as `start.js`, the others named after what they hold."""
    kinds = parts[0].kinds if parts else ()
    texts = postings(parts, known)
    words = list(shards(texts))
    files = Files()
    roles = {role: files.add(packing.said(rows)) for role, rows in _roles(parts).items()}
    first = {
        "language": language,
        "count": sum(bundle.entries for bundle in parts),
        "slots": parts[-1].facets[-1][0] + 1 if parts else 0,
        "room": ROOM,
        "span": SPAN,
        "name": NAME,
        "levels": LEVELS,
        "kinds": [[slug(kind), str(titles.kind(kind)), titles.family(kind)] for kind in kinds],
        "firsts": " ".join(word for word, _ in words),
        "shards": "".join(files.add(text) for _, text in words),
        "blocks": "".join(files.add(packing.said([shown])) for shown in _spans(parts)),
        "roles": files.add(packing.said([" ".join(roles), "".join(roles.values())])),
        "spelling": files.add(packing.said(spelling(parts, language, texts))),
        "facets": files.add(packing.said(_facets(parts, titles))),
        "stop": " ".join(sorted(STOP)),
        "longest": LONGEST,
        "endings": [[list(ending) for ending in endings] for endings in ENDINGS.get(language, ())],
    }
    return {"start.js": packing.script("start", packing.said(first)), **files.pieces()}


def _spans(found: Iterable[Bundle]) -> list[str]:
    """For each SPAN of slots the files of what is shown."""
    spans: list[str] = []
    for bundle in found:
        spans += [""] * (bundle.facets[0][0] // SPAN - len(spans))
        spans.append(bundle.shown)
    return spans


def _facets(found: Iterable[Bundle], titles: Titles) -> dict[str, object]:
    """By what hits are filtered: for each unit the kinds of its entries, its process, its locations."""
    rows = [row for bundle in found for row in bundle.facets]
    pattern = {text: at for at, text in enumerate(sorted({row[1] for row in rows}))}
    process = {ref: at for at, ref in enumerate(sorted({row[2] for row in rows}))}
    group = {places: at for at, places in enumerate(sorted({row[3] for row in rows}))}
    names = sorted({place for places in group for place in places})
    return {
        "slots": "".join(packing.number(slot) for slot in _steps([row[0] for row in rows])),
        "patterns": packing.runs([pattern[row[1]] for row in rows]),
        "pattern": list(pattern),
        "processes": packing.runs([process[row[2]] for row in rows]),
        "process": [[ref, titles.process(ref)] for ref in process],
        "groups": packing.runs([group[row[3]] for row in rows]),
        "group": [[names.index(place) for place in places] for places in group],
        "locations": [[ref, titles.location(ref)] for ref in names],
    }


def _steps(slots: Sequence[int]) -> list[int]:
    """Runs of slots, each as the slots left out before it and its length."""
    out: list[int] = []
    last = -1
    for slot in slots:
        if out and slot == last + 1:
            out[-1] += 1
        else:
            out += [slot - last - 1, 1]
        last = slot
    return out


def _concerned(found: Iterable[Placed]) -> tuple[dict[str, list[int]], dict[str, dict[str, int]], dict[str, int]]:
    """Role -> entries that concern it, role -> item -> how often it does, item -> its entry."""
    concerned: defaultdict[str, list[int]] = defaultdict(list)
    often: defaultdict[str, Counter[str]] = defaultdict(Counter)
    at: dict[str, int] = {}
    for slot, part in found:
        for number, row in enumerate(part.rows, slot * ROOM):
            if not row.anchor and part.item:
                at[part.item] = number
            for role in row.roles:
                concerned[role].append(number)
                if row.anchor and row.kind != "Section" and not part.gone:
                    often[role][part.item] += 1
    return dict(concerned), {role: dict(items) for role, items in often.items()}, at


def _roles(found: Iterable[Bundle]) -> dict[str, list[str]]:
    """Role -> [entries that concern it, what it works by most]."""
    concerned: defaultdict[str, list[int]] = defaultdict(list)
    often: defaultdict[str, Counter[str]] = defaultdict(Counter)
    at: dict[str, int] = {}
    for bundle in found:
        at |= bundle.at
        for role, numbers in bundle.concerned.items():
            concerned[role] += numbers
        for role, items in bundle.often.items():
            often[role].update(items)
    made = {}
    for role in sorted(concerned):
        if " " in role or not role:
            continue
        top = [at[ref] for ref, _ in sorted(often[role].items(), key=lambda row: (-row[1], row[0]))[:8] if ref in at]
        made[role] = [packing.postings(concerned[role][:ROLE]), "".join(packing.number(number) for number in top)]
    return made
