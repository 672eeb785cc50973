"""Bundles to what they say together: where words stand, cut into files, spellings, and what concerns roles.

What was gathered before is brought up to date where bundles differ, so that a change costs what it touches. Nothing
else comes out than from all bundles anew.
"""

from __future__ import annotations

import marshal
import re
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from qmsctl.pages.search import packing
from qmsctl.pages.search.bundling import SPAN, Bundle
from qmsctl.pages.search.parts import LEVELS
from qmsctl.pages.search.words import LONGEST

SHARD = 9_000
"""Characters of a file of words; a word that has more stands alone."""
MOST = 3_500
"""Entries kept for one word, the best."""
SPELLING = 60_000
"""Characters of the list of words that mends typing errors."""
ROLE = 1_500
"""Entries kept for one role."""
TOP = 8
"""Items told that a role works by most."""

Shard = tuple[str, str]
"""Words in order, and the postings of each; both parted by blanks."""
Form = tuple[int, str]
"""How often a word is spelled so, and the word."""


class Gathered(NamedTuple):
    """What bundles say together, as plain data.

    Words in files; how often -> words that are spelled so, parted by blanks, the most frequent first, all in order; role
    -> entries that concern it, and those of what it works by most.
    """

    words: Sequence[Shard]
    forms: Mapping[int, str]
    roles: Mapping[str, tuple[str, str]]


NOTHING = Gathered((), {}, {})


def gather(bundles: Sequence[Bundle], before: Gathered = NOTHING, of: Sequence[Bundle] = ()) -> Gathered:
    """Bring together what bundles say; ``before`` is what others said, of which most may be the same."""
    words = _differing(of, bundles, lambda bundle: bundle.words)
    stems = _differing(of, bundles, lambda bundle: bundle.spellings)
    roles = _differing(of, bundles, lambda bundle: bundle.roles)
    if _differing(of, bundles, lambda bundle: bundle.at):
        roles.update(before.roles)
    return Gathered(
        shards(before.words, dict.fromkeys(words) | postings(bundles, words)),
        _ranked(before.forms, forms(of, stems), forms(bundles, stems)),
        dict(sorted({**_without(before.roles, roles), **_of_roles(bundles, roles)}.items())),
    )


def _differing(
    before: Iterable[Bundle], after: Iterable[Bundle], table: Callable[[Bundle], Mapping[str, Any]]
) -> set[str]:
    """Return the names whose rows differ in tables of bundles that have the same place."""
    old = {bundle.span: table(bundle) for bundle in before}
    new = {bundle.span: table(bundle) for bundle in after}
    names: set[str] = set()
    for span in old.keys() | new.keys():
        one, other = old.get(span, {}), new.get(span, {})
        if one is not other:
            names.update(name for name, _ in one.items() ^ other.items())
    return names


def _without(rows: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: row for name, row in rows.items() if name not in names}


# --- words -----------------------------------------------------------------------------------------------------------


def postings(bundles: Iterable[Bundle], words: set[str]) -> dict[str, str]:
    """Return word -> its postings: for each unit that has it the step from the one before, and a fragment."""
    rows: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for bundle in bundles:
        start = bundle.span * SPAN
        for word in words & bundle.words.keys():
            rows[word].append((start, bundle.words[word]))
    made = {word: packing.joined(found) for word, found in rows.items()}
    return {word: best(text) if len(text) > 2 * MOST else text for word, text in made.items()}


def best(text: str) -> str:
    """Return the postings of one word, cut down to the MOST best ones; of equal ones the first."""
    found = packing.UNIT.findall(text)
    often = Counter("".join([fragment[1::2] for _, fragment in found]))
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


def order(word: str) -> bytes:
    """What words are sorted by, as the browser does: units of UTF-16."""
    return word.encode("utf-16-be")


def in_order(words: Iterable[str]) -> list[str]:
    """Sort words as the browser does; below the surrogates that is the order of signs."""
    found = list(words)
    return sorted(found) if all(map(_BELOW, found)) else sorted(found, key=order)


_BELOW = re.compile(r"[\x00-\ud7ff]*").fullmatch


def shards(before: Sequence[Shard], changed: Mapping[str, str | None]) -> Sequence[Shard]:
    """Return words with their postings in files, from those of before and the words that have others now, or none.

    A file is cut anew with those after it until one begins where it did.
    """
    if not before:
        return list(cut([(word, changed[word] or "") for word in in_order(changed) if changed[word] is not None]))
    firsts = [words.split(" ", 1)[0] for words, _ in before]
    touched: defaultdict[int, dict[str, str | None]] = defaultdict(dict)
    for word, text in changed.items():
        at = max(0, bisect_right(firsts, order(word), key=order) - 1)
        touched[at][word] = text
        if at and firsts[at] == word:
            _ = touched[at - 1]  # where that one ends hangs on what comes next
    out: list[Shard] = []
    at = 0
    while at < len(before):
        if at not in touched:
            out.append(before[at])
            at += 1
            continue
        end, made = at, None
        while made is None:
            end += 1
            while end in touched:
                end += 1
            rows: dict[str, str | None] = {}
            for number in range(at, end):
                rows |= _rows_of(before[number]) | touched.get(number, {})
            some = [(word, text) for word in in_order(rows) if (text := rows[word]) is not None]
            made = _before(some, before[end] if end < len(before) else None)
        out += made
        at = end
    return out


def _rows_of(shard: Shard) -> dict[str, str | None]:
    return dict(zip(shard[0].split(" "), shard[1].split(" "), strict=True))


def _before(rows: list[tuple[str, str]], next_one: Shard | None) -> list[Shard] | None:
    """Return files of words; None if the last would not end before the first word of the next."""
    if next_one is None:
        return list(cut(rows))
    follows = next_one[0].split(" ", 1)[0], next_one[1].split(" ", 1)[0]
    *made, last = cut([*rows, follows])
    return made if last == follows else None


def cut(rows: Iterable[tuple[str, str]]) -> Iterator[Shard]:
    """Yield words with their postings in files.

    From half of its size on a file may end before words chosen by their letters, so that files after a change are cut as
    before.
    """
    words: list[str] = []
    texts: list[str] = []
    size = 0
    for word, text in rows:
        more = len(word) + len(text) + 2
        if words and (size + more > SHARD or (size > SHARD / 2 and zlib.crc32(word.encode()) % 4 == 0)):
            yield " ".join(words), " ".join(texts)
            words, texts, size = [], [], 0
        words.append(word)
        texts.append(text)
        size += more
    if words:
        yield " ".join(words), " ".join(texts)


# --- spellings -------------------------------------------------------------------------------------------------------


def forms(bundles: Iterable[Bundle], stems: set[str]) -> set[Form]:
    """Return the most frequent spelling of each stem, of those that can mend an error."""
    often: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for bundle in bundles:
        for stem in stems & bundle.spellings.keys():
            row = bundle.spellings[stem].split(" ")
            for word, count in zip(row[::2], row[1::2], strict=True):
                often[stem][word] += int(count)
    most = (max((count, word) for word, count in counts.items()) for counts in often.values())
    return {(count, word) for count, word in most if 4 <= len(word) < LONGEST and word.isalpha()}


def _ranked(before: Mapping[int, str], gone: set[Form], come: set[Form]) -> dict[int, str]:
    rows = dict(before)
    for count in {count for count, _ in gone ^ come}:
        words = {word for word in rows.pop(count, "").split(" ") if word}
        words -= {word for often, word in gone if often == count}
        words |= {word for often, word in come if often == count}
        if words:
            rows[count] = " ".join(sorted(words))
    return dict(sorted(rows.items(), reverse=True))


def spelling(forms: Mapping[int, str]) -> str:
    """Return the words that mend typing errors: the most frequent, as many as there is room for."""
    kept: list[str] = []
    room = SPELLING
    for words in forms.values():
        for word in words.split(" "):
            room -= len(word) * 2 // 3 + 2
            if room < 0:
                return packing.shared(in_order(kept))
            kept.append(word)
    return packing.shared(in_order(kept))


# --- roles -----------------------------------------------------------------------------------------------------------


def _of_roles(bundles: Sequence[Bundle], roles: set[str]) -> dict[str, tuple[str, str]]:
    """Role -> the first ROLE entries that concern it, and those of the TOP items it works by most."""
    at: dict[str, int] = {}
    for bundle in bundles if roles else ():
        at |= bundle.at
    made = {}
    for role in roles:
        rows: list[tuple[int, str]] = []
        often: Counter[str] = Counter()
        total = 0
        for bundle in bundles:
            if role in bundle.roles:
                count, text, items = bundle.roles[role]
                if total < ROLE:
                    rows.append((bundle.span * SPAN, text))
                total += count
                often.update(marshal.loads(items))
        if rows:
            text = packing.joined(rows)
            known = sorted((-count, item) for item, count in often.items() if item in at)
            top = "".join(packing.number(at[item]) for _, item in known[:TOP])
            made[role] = packing.first(text, ROLE) if total > ROLE else text, top
    return made
