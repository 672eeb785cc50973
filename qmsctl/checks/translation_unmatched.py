"""A translation must fit its source: every field and every step of it is one of the source.

Why it matters: What has no place in the source is shown to nobody, and the reader of the other language
misses it without a word.

Example::

    === qms.yaml
    organisation: Example
    languages: [en, de]
    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Parts of one order and one heat.
    === glossary/term-lot.de.yaml
    translation_of: term-lot
    title: Los
    definiton: Teile eines Auftrags aus einer Schmelze. ◀

How to fix: Name fields and steps as the source names them. Links, numbers and dates are those of the source;
take them out of the translation.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.loader import Loaded
from qmsctl.model import Finding
from qmsctl.translation import is_outdated, strays

LEVEL = "error"


def check(loaded: Loaded) -> Iterator[Finding]:
    for translation in loaded.qms.translations:
        source = loaded.qms.items[translation.content.id]
        if is_outdated(source, translation):
            continue  # it fits another revision; what differs is told when that is carried over
        for stray in strays(source, translation, loaded.types[source.type]):
            position = translation.content.position(
                *stray.path, key=isinstance(stray.path[-1], str) and stray.path[-1] != "key"
            )
            yield Finding("translation-unmatched", stray.why, position, stray.help, item=source.id)
