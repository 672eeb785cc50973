"""What one page adds to the index: its words with their weights, its spellings, and what is shown of its hits.

A part is plain data and knows nothing of other pages, so that it can be kept until what it was made from changes.
"""

from __future__ import annotations

import marshal
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from qmsctl import shelf
from qmsctl.pages.search import packing
from qmsctl.pages.search.entries import Entry
from qmsctl.pages.search.words import STOP, id_term, stem, terms, words

WEIGHTS = {"title": 10.0, "names": 8.0, "phrase": 5.0, "steps": 2.5, "parent": 5.0, "lead": 3.0, "kind": 2.0, "body": 1.6}  # fmt: skip
USUAL = {"title": 3, "names": 2, "phrase": 12, "steps": 14, "parent": 3, "lead": 18, "kind": 3, "body": 50}
"""How many words a field usually has: in a longer one each counts less."""
SHARED = ("parent", "kind")
"""Fields that many entries have in common."""
LEVELS = 63
IDENTIFIED = 52
"""The level of what is asked for by its id."""
SATURATION = 5.0
OTHER_NAME = 0.65
"""What a word counts that does not stand there, but another name of what does."""
HALF = 0.55
"""What the halves of a compound count."""
COMPOUNDING = ("de",)
"""Languages that write two words as one."""
COMPOUND = 9
"""Letters of the shortest compound."""
Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What words and phrases are also called, each way; the words they ``begin`` with; how many words the longest has."""

    also: Mapping[Phrase, tuple[Phrase, ...]]
    begin: frozenset[str]
    longest: int


class Row(NamedTuple):
    """What is known of an entry: its kind, its anchor, the roles it concerns, and what is shown of it, as JSON."""

    kind: str
    anchor: str
    roles: tuple[str, ...]
    shown: str


class Part(NamedTuple):
    """What up to ROOM entries of one page add.

    Words with the postings of each, both parted by blanks; what is taken for halves of compounds; how often a spelling
    stands there; its entries; the page: its kind, its item, whether that is gone, the process and the locations it
    belongs to, and what is shown of it, as JSON, before and after the number of its kind.
    """

    words: str
    postings: str
    compounds: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    spellings: str
    often: tuple[int, ...]
    rows: tuple[Row, ...]
    kind: str
    item: str
    gone: bool
    where: str
    locations: tuple[str, ...]
    shown: tuple[str, str]

    @property
    def packed(self) -> Packed:
        """The same in a piece, with what must be known of it before it is unpacked."""
        plain: tuple[Any, ...] = (*self[:5], tuple(map(tuple, self.rows)), *self[6:])
        return Packed(
            shelf.digest(plain), self.kind, tuple({row.kind: None for row in self.rows}), marshal.dumps(plain)
        )


class Packed(NamedTuple):
    """A part that is unpacked when it is asked for: a fingerprint of it, the kinds of its page and its entries."""

    digest: bytes
    kind: str
    kinds: tuple[str, ...]
    data: bytes

    @property
    def part(self) -> Part:
        plain = marshal.loads(self.data)
        return Part._make([*plain[:5], tuple(map(Row._make, plain[5])), *plain[6:]])


def other_names(glossary: Iterable[Sequence[str]], language: str) -> Names:
    """Return what a word or phrase is also called, each way, from rows of names of one thing."""
    found: dict[Phrase, dict[Phrase, None]] = defaultdict(dict)
    for names in glossary:
        known = [key for name in names if (key := tuple(terms(name, language)))]
        for one in known:
            found[one].update((other, None) for other in known if other != one)
    also = {key: tuple(others) for key, others in found.items() if others}
    return Names(also, frozenset(key[0] for key in also), max(map(len, also), default=0))


def halves(word: str, language: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the two words a German compound is made of, the longer first half winning; () if it is none."""
    if language not in COMPOUNDING or len(word) < COMPOUND:
        return ()
    for at in range(len(word) - 4, 3, -1):
        right = word[at:]
        if right not in known:
            continue
        for link in ("", "s", "es", "n", "en"):
            left = stem(word[: at - len(link)], language)
            if word[:at].endswith(link) and len(left) >= 4 and left in known:
                return left, right
    return ()


@dataclass(frozen=True)
class Setting:
    """What parts depend on besides their own entries: the language, other names of things."""

    language: str
    names: Names

    @cached_property
    def _known(self) -> dict[tuple[object, ...], tuple[Mapping[str, float], Mapping[str, int]]]:
        return {}

    def part(self, entries: Sequence[Entry], process: str) -> Part:
        """Return what entries of one page add; ``process`` is the title of the one it belongs to."""
        postings: dict[str, str] = {}
        compounds: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at, entry in reversed(list(enumerate(entries))):
            sums, levels = self._weights(entry)
            if self.language in COMPOUNDING:
                long = {word: value * HALF for word, value in sums.items() if len(word) >= COMPOUND}
                for word, much in _levels(entry.prior, long).items():
                    compounds[word].append((at, much))
            levels.update((id_term(ref), IDENTIFIED) for ref in entry.refs)
            more, last = packing.MORE[at], packing.LAST[at]
            for word, much in levels.items():
                after = postings.get(word)
                postings[word] = last[much] if after is None else more[much] + after
        often = _spellings(entries)
        page = entries[0].page
        return Part(
            " ".join(postings),
            " ".join(postings.values()),
            tuple((word, tuple(rows)) for word, rows in compounds.items()),
            " ".join(often),
            tuple(often.values()),
            tuple(Row(entry.kind, entry.anchor, entry.roles, _shown(entry)) for entry in entries),
            page.kind,
            page.id,
            bool(page.gone),
            page.where,
            page.locations,
            (
                packing.said([page.path, page.id, page.title, page.revision])[:-1],
                packing.said([process, page.gone])[1:],
            ),
        )

    def _weights(self, entry: Entry) -> tuple[Mapping[str, float], dict[str, int]]:
        """How much each word counts, and the level that makes. What entries have in common is weighed once."""
        common = tuple(row for row in entry.fields if row[0] in SHARED)
        known = self._known.get((common, entry.prior))
        if known is None:
            shared: dict[str, float] = {}
            self._add(shared, common)
            known = self._known[common, entry.prior] = shared, _levels(entry.prior, shared)
        sums = dict(known[0])
        touched = self._add(sums, (row for row in entry.fields if row[0] not in SHARED))
        return sums, {**known[1], **_levels(entry.prior, touched)}

    def _add(self, sums: dict[str, float], fields: Iterable[tuple[str, str]]) -> dict[str, float]:
        """Add what the words of fields say; return what those words count now."""
        touched: dict[str, float] = {}
        for field, text in fields:
            found = terms(text, self.language)
            most = WEIGHTS[field] * 1.6
            each = WEIGHTS[field] / (0.4 + 0.6 * _length(len(found)) / USUAL[field])
            counted = {word: each * often if each * often < most else most for word, often in Counter(found).items()}
            for word in _others(found, self.names):
                counted[word] = max(counted.get(word, 0.0), each * OTHER_NAME)
            for word, value in counted.items():
                touched[word] = sums[word] = sums.get(word, 0.0) + value
        return touched


def _shown(entry: Entry) -> str:
    return packing.said([entry.title[:200], entry.anchor, entry.text])[1:]


def _spellings(entries: Sequence[Entry]) -> Mapping[str, int]:
    """How often words are spelled so in the texts of entries; those of titles count more."""
    plain: Counter[str] = Counter()
    titles: Counter[str] = Counter()
    for entry in entries:
        for field, text in entry.fields:
            if field != "kind":
                (titles if field in ("title", "names") else plain).update(words(text))
    return {word: plain[word] + 5 * titles[word] for word in {**plain, **titles} if word not in STOP}


def _levels(prior: float, sums: Mapping[str, float]) -> dict[str, int]:
    """How much words say about an entry, from 1 to LEVELS, times how likely the entry is to be wanted."""
    full = min(prior / 1.2, 1.0) * LEVELS
    return {word: int(full * value / (value + SATURATION) + 0.5) or 1 for word, value in sums.items()}


def _length(count: int) -> int:
    """How many words a field counts as having: in steps, so that one word more seldom changes what all others weigh."""
    step = 1 << max(0, count.bit_length() - 4)
    return max(1, count // step * step)


def _others(found: Sequence[str], names: Names) -> Iterator[str]:
    """The words of other names of what a text names."""
    for at, word in enumerate(found):
        if word in names.begin:
            for size in range(1, min(names.longest, len(found) - at) + 1):
                for other in names.also.get(tuple(found[at : at + size]), ()):
                    yield from other
