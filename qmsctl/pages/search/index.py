"""Entries to the files of the index: which word stands where, with which weight, and what is shown of a hit.

A search reads the first file, those few that hold its words, and those that hold what it shows; so what is transferred
does not grow with the system.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from qmsctl.model import slug
from qmsctl.pages.search import packing
from qmsctl.pages.search.entries import Entry
from qmsctl.pages.search.words import ENDINGS, LONGEST, STOP, id_term, stem, terms, words

WEIGHTS = {"title": 10.0, "names": 8.0, "phrase": 5.0, "steps": 2.5, "parent": 5.0, "lead": 3.0, "kind": 2.0, "body": 1.6}  # fmt: skip
USUAL = {"title": 3, "names": 2, "phrase": 12, "steps": 14, "parent": 3, "lead": 18, "kind": 3, "body": 50}
"""How many words a field usually has: in a longer one each counts less."""
LEVELS = 63
SATURATION = 5.0
OTHER_NAME = 0.65
"""What a word counts that does not stand there, but another name of what does."""
HALF = 0.55
"""What the halves of a compound count."""
SHARD = 14_000
"""Characters of a file of words."""
MOST = 3_500
"""Entries kept for one word, the best."""
BLOCK = 12
"""Entries in a file of what is shown."""
SPELLING = 60_000
"""Characters of the list of words that mends typing errors."""
ROLE = 1_500
"""Entries kept for one role."""
COMPOUNDING = ("de",)
"""Languages that write two words as one."""
Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What words and phrases are also called, each way; ``longest`` is the number of words of the longest."""

    also: Mapping[Phrase, tuple[Phrase, ...]]
    longest: int


@dataclass(frozen=True, slots=True)
class Titles:
    """What readers call kinds, processes and locations, and to which family of signs a kind belongs."""

    kind: Callable[[str], str]
    family: Callable[[str], str]
    process: Callable[[str], str]
    location: Callable[[str], str]


def other_names(glossary: Iterable[Sequence[str]], language: str) -> Names:
    """Return what a word or phrase is also called, each way, from rows of names of one thing."""
    found: dict[Phrase, dict[Phrase, None]] = defaultdict(dict)
    for names in glossary:
        known = [key for name in names if (key := tuple(terms(name, language)))]
        for one in known:
            found[one].update((other, None) for other in known if other != one)
    also = {key: tuple(others) for key, others in found.items() if others}
    return Names(also, max(map(len, also), default=0))


def weights(entry: Entry, language: str, names: Names, split: Callable[[str], tuple[str, ...]]) -> dict[str, float]:
    """Return how much each word says about an entry, from 0 to 1 times how likely it is to be wanted."""
    sums: defaultdict[str, float] = defaultdict(float)
    for field, text in entry.fields:
        found = terms(text, language)
        each = WEIGHTS[field] / (0.4 + 0.6 * max(len(found), 1) / USUAL[field])
        counted = {term: min(each * often, WEIGHTS[field] * 1.6) for term, often in Counter(found).items()}
        for term in _others(found, names):
            counted[term] = max(counted.get(term, 0.0), each * OTHER_NAME)
        for term, value in counted.items():
            sums[term] += value
    for term, value in list(sums.items()):
        for half in split(term):
            sums[half] = max(sums[half], value * HALF)
    return {term: entry.prior * value / (value + SATURATION) for term, value in sums.items()}


def _others(found: Sequence[str], names: Names) -> Iterator[str]:
    """The words of other names of what a text names."""
    for at in range(len(found)):
        for size in range(1, min(names.longest, len(found) - at) + 1):
            for other in names.also.get(tuple(found[at : at + size]), ()):
                yield from other


def halves(word: str, language: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the two words a German compound is made of, the longer first half winning; () if it is none."""
    if language not in COMPOUNDING or len(word) < 9:
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


def _all_terms(found: Sequence[Entry], language: str) -> frozenset[str]:
    return frozenset(
        term for entry in found for _, text in entry.fields for term in terms(text, language) if len(term) > 3
    )


class Index:
    """The words of all entries. Built once, then written."""

    def __init__(self, found: Sequence[Entry], language: str, names: Names) -> None:
        self.entries = found
        self.language = language
        self.postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.spellings: dict[str, Counter[str]] = defaultdict(Counter)
        known = _all_terms(found, language) if language in COMPOUNDING else frozenset()

        @cache
        def split(term: str) -> tuple[str, ...]:
            return halves(term, language, known)

        for number, entry in enumerate(found):
            for term, value in weights(entry, language, names, split).items():
                self._add(term, number, value)
            for ref in entry.refs:
                self._add(id_term(ref), number, 1.0)
            for field, text in entry.fields:
                if field != "kind":
                    for word in words(text):
                        if word not in STOP:
                            self.spellings[stem(word, language)][word] += 5 if field in ("title", "names") else 1

    def _add(self, term: str, number: int, value: float) -> None:
        self.postings[term].append((number, max(1, min(LEVELS, round(value * LEVELS / 1.2)))))

    def shards(self) -> Iterator[tuple[str, list[str]]]:
        """Yield (first word, [words, postings]) of every file of words."""
        rows: list[tuple[str, str]] = []
        size = 0
        for term in sorted(self.postings, key=lambda t: t.encode("utf-16-be")):
            kept = sorted(self.postings[term], key=lambda row: (-row[1], row[0]))[:MOST]
            text = packing.postings(sorted(kept))
            if rows and size + len(text) + len(term) > SHARD:
                yield _shard(rows)
                rows, size = [], 0
            rows.append((term, text))
            size += len(text) + len(term) + 2
        if rows:
            yield _shard(rows)

    def spelling(self) -> str:
        """The words that mend typing errors: those of titles first, as many as there is room for."""
        best = {}
        for term, forms in self.spellings.items():
            word, often = max(forms.items(), key=lambda row: (row[1], row[0]))
            if 4 <= len(word) < LONGEST and word.isalpha() and term in self.postings:
                best[word] = often
        kept, size = [], 0
        for word in sorted(best, key=lambda w: (-best[w], w)):
            size += len(word) * 2 // 3 + 2
            if size > SPELLING:
                break
            kept.append(word)
        return packing.shared(sorted(kept, key=lambda w: w.encode("utf-16-be")))


def _shard(rows: list[tuple[str, str]]) -> tuple[str, list[str]]:
    return rows[0][0], [" ".join(term for term, _ in rows), " ".join(text for _, text in rows)]


def pack(index: Index, titles: Titles) -> dict[str, bytes]:
    """Return name -> content of every file, the first one as `start.js`, the others below a folder of this build."""
    entries = index.entries
    kinds = sorted({entry.kind for entry in entries} | {entry.page.kind for entry in entries})
    files: dict[str, bytes] = {}
    firsts = []
    for number, (word, shard) in enumerate(index.shards()):
        firsts.append(word)
        files[f"w{number}"] = packing.script(f"w{number}", shard)
    for number, start in enumerate(range(0, len(entries), BLOCK)):
        files[f"e{number}"] = packing.script(f"e{number}", _block(entries[start : start + BLOCK], kinds, titles))
    roles = _roles(entries)
    for number, role in enumerate(roles):
        files[f"r{number}"] = packing.script(f"r{number}", roles[role])
    files["spelling"] = packing.script("spelling", index.spelling())
    files["facets"] = packing.script("facets", _facets(entries, kinds, titles))
    build = hashlib.sha256(b"".join(name.encode() + data for name, data in sorted(files.items()))).hexdigest()[:12]
    first = {
        "build": build,
        "language": index.language,
        "count": len(entries),
        "block": BLOCK,
        "levels": LEVELS,
        "kinds": [[slug(kind), str(titles.kind(kind)), titles.family(kind)] for kind in kinds],
        "firsts": " ".join(firsts),
        "roles": " ".join(roles),
        "stop": " ".join(sorted(STOP)),
        "longest": LONGEST,
        "endings": [[list(ending) for ending in endings] for endings in ENDINGS.get(index.language, ())],
    }
    out = {f"{build}/{name}.js": data for name, data in files.items()}
    return {"start.js": packing.script("start", first), **out}


def _block(entries: Sequence[Entry], kinds: list[str], titles: Titles) -> list[Any]:
    """[[page], [entry]]: what is shown of some hits; facts of a page stand once."""
    pages = list(dict.fromkeys(entry.page for entry in entries))
    shown = [[p.path, p.id, p.title, p.revision, kinds.index(p.kind), titles.process(p.where), p.gone] for p in pages]
    rows = [[pages.index(e.page), kinds.index(e.kind), e.title[:200], e.anchor, e.text] for e in entries]
    return [shown, rows]


def _facets(entries: Sequence[Entry], kinds: list[str], titles: Titles) -> dict[str, Any]:
    """By what hits are filtered: for each entry its kind, its process, its locations."""
    processes = sorted({entry.page.where for entry in entries})
    places = sorted({entry.page.locations for entry in entries})
    names = sorted({place for group in places for place in group})
    return {
        "kinds": packing.runs([kinds.index(entry.kind) for entry in entries]),
        "processes": packing.runs([processes.index(entry.page.where) for entry in entries]),
        "process": [[ref, titles.process(ref)] for ref in processes],
        "groups": packing.runs([places.index(entry.page.locations) for entry in entries]),
        "group": [[names.index(place) for place in group] for group in places],
        "locations": [[ref, titles.location(ref)] for ref in names],
    }


def _roles(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """Role -> [entries that concern it, what it works by most]."""
    concerned: dict[str, list[int]] = defaultdict(list)
    often: dict[str, Counter[str]] = defaultdict(Counter)
    at: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if not entry.anchor and entry.page.id:
            at[entry.page.id] = number
        for role in entry.roles:
            concerned[role].append(number)
            if entry.anchor and entry.kind != "Section" and not entry.page.gone:
                often[role][entry.page.id] += 1
    found = {}
    for role in sorted(concerned):
        if " " in role or not role:
            continue
        top = [at[ref] for ref, _ in sorted(often[role].items(), key=lambda row: (-row[1], row[0]))[:8] if ref in at]
        found[role] = [
            packing.postings((number, 1) for number in concerned[role][:ROLE]),
            "".join(packing.number(number) for number in top),
        ]
    return found
