"""A translation should say the texts of its source in the other language.

Why it matters: A file that was begun with `qmsctl translate` and left as it is passes for a translation, and
its reader finds the source under a heading that promises another language.

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
    translation_of: term-lot ◀
    title: Los
    definition: Parts of one order and one heat.

How to fix: Go on translating, or delete the file until somebody does.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.loader import Loaded
from qmsctl.model import Finding
from qmsctl.translation import is_begun_only, untouched

LEVEL = "warning"


def check(loaded: Loaded) -> Iterator[Finding]:
    for translation in loaded.qms.translations:
        source = loaded.qms.items[translation.content.id]
        kind = loaded.types[source.type]
        if not is_begun_only(source, translation, kind):
            continue
        same, texts = untouched(source, translation, kind)
        yield Finding(
            "translation-untouched",
            f"{same} of {texts} texts are still those of the source"
            if texts > 1
            else "the text is still that of the source",
            translation.content.position("translation_of"),
            f"say them in `{translation.language}`, or delete the file until somebody does",
            item=source.id,
        )
