"""Texts to the words that are searched: signs folded, endings taken off, question words left out.

The script in the browser does the same. What could differ is data (`ENDINGS`, `STOP`), which the index carries; the few
lines that work on it are compared in the browser over every word by a test.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

Ending = tuple[str, str, int, bool]
"""What a word ends with, what stands there instead, how many letters must be left of it, whether with a vowel."""

_PLURALS: tuple[Ending, ...] = (
    ("sses", "ss", 0, False), ("ies", "y", 2, False), ("xes", "x", 1, False), ("ches", "ch", 2, False),
    ("shes", "sh", 2, False), ("zes", "z", 2, False), ("ss", "ss", 0, False), ("us", "us", 0, False),
    ("is", "is", 0, False), ("s", "", 3, False),
)  # fmt: skip
_FORMS: tuple[Ending, ...] = (
    ("eed", "eed", 0, False), ("ing", "", 3, True), ("ed", "", 3, True), ("tion", "t", 4, False),
    ("sion", "s", 4, False), ("ment", "", 4, False), ("ness", "", 4, False), ("ity", "", 5, False),
    ("al", "", 5, False), ("ly", "", 4, False),
)  # fmt: skip
_LAST: tuple[Ending, ...] = (
    *((letter * 2, letter, 2, False) for letter in "bdfglmnprtz"),
    ("e", "", 3, False), ("y", "i", 2, False),
)  # fmt: skip
_GERMAN: tuple[Ending, ...] = (
    ("ungen", "", 3, False), ("ung", "", 3, False), ("ern", "", 4, False), ("en", "", 3, False), ("er", "", 4, False),
    ("em", "", 4, False), ("es", "", 4, False), ("e", "", 3, False), ("n", "", 5, False), ("s", "", 4, False),
    ("t", "", 4, False),
)  # fmt: skip
ENDINGS: dict[str, tuple[tuple[Ending, ...], ...]] = {"en": (_PLURALS, _FORMS, _LAST), "de": (_GERMAN,)}
"""Language -> rounds; in each the first ending that fits is taken off."""

_STOP = (
    "a about all also am an and any are as at be been but by can could did do does for from get go had has have he her him "
    "his how i if in into is it its just let like may me might must my need no not of on or our ought please shall she "
    "should so some than that the their them then there these they this those to us was we were what when where which "
    "who whom whose why will with would you your "
    "aber als am an auch auf aus bei bin bis da das dass dein dem den der des dich die dies diese diesem dieser dieses du "
    "durch ein eine einem einen einer eines er es fuer gibt hat habe haben ich ihm ihn ihr im in ist ja kann kein keine "
    "mache machen man mein meine mich mir mit muss nach nicht noch oder sein sich sie sind soll sollte tun um und uns "
    "unser vom von vor wann war warum was welche welcher welches wenn wer werden wie wir wird wo wozu zu zum zur "
)
STOP = frozenset(_STOP.split())
"""Words of a question that say nothing about its subject, as they are after folding."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = re.compile(r"[0-9]+(?:\.[0-9]+)+|[^\W_]+")
_HYPHENED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_VOWEL = re.compile(r"[aeiouy]")
LONGEST = 40
"""Letters of a word that count."""


def folded(text: str) -> str:
    """Return a text in small letters without accents, umlauts in their two-letter forms."""
    if text.isascii():
        return text.lower()
    known = unicodedata.normalize("NFC", text.lower()).translate(_UMLAUTS)
    return "".join(c for c in unicodedata.normalize("NFKD", known).lower() if unicodedata.category(c) != "Mn")


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in order, folded; words with hyphens come also in one piece, at the end."""
    plain = folded(text)
    joined = [word.replace("-", "") for word in _HYPHENED.findall(plain)] if "-" in plain else []
    return tuple([word[:LONGEST] for word in [*_WORD.findall(plain), *joined]])


@lru_cache(maxsize=100_000)
def stem(word: str, language: str) -> str:
    """Return a folded word without its endings; words with digits stay as they are."""
    if any(c in "0123456789" for c in word):
        return word
    for endings in ENDINGS.get(language, ()):
        for ending, instead, least, vowel in endings:
            rest = word[: len(word) - len(ending)]
            if word.endswith(ending) and len(rest) >= least and (not vowel or _VOWEL.search(rest)):
                word = rest + instead
                break
    return word


def terms(text: str, language: str) -> list[str]:
    """Return what is searched of a text, in order."""
    return [stem(word, language) for word in words(text) if word not in STOP]


def id_term(ref: str) -> str:
    """Return an id as it is searched: SOP-014, sop 14 and sop014 are one."""
    plain = re.sub(r"\s+", "-", folded(ref).strip())
    plain = re.sub(r"([a-z])(?=[0-9])", r"\1-", plain) if re.fullmatch(r"[a-z]+[0-9]+", plain) else plain
    return "=" + re.sub(r"(^|[^0-9.])0+(?=[0-9])", r"\1", plain)[: LONGEST * 2]
