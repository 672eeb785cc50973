"""A translation should be of the revision that its source has now.

Why it matters: Who reads the other language works by an older text. The intranet says so on the page; it does
not make the text right.

Example::

    === qms.yaml
    organisation: Example
    languages: [en, de]
    === roles/inspector.md
    ---
    id: inspector
    type: role
    title: Inspector
    revision: "2.0"
    effective: 2026-03-16
    owner: inspector
    review_every: 24 months
    change: Holds lots as well.
    purpose: Lets only proven lots go on.
    authority: [Hold a lot.]
    competence:
      - {need: Reads drawings}
    ---
    === roles/inspector.de.md
    ---
    translation_of: inspector
    of_revision: "1.0" ◀
    title: Prüfer
    ---

How to fix: Compare the two revisions, carry over what changed, and write the revision that you translated
into `of_revision`.
"""

from __future__ import annotations

from collections.abc import Iterator

from qmsctl.loader import Loaded
from qmsctl.model import Finding
from qmsctl.translation import is_ahead, is_outdated

LEVEL = "warning"


def check(loaded: Loaded) -> Iterator[Finding]:
    for translation in loaded.qms.translations:
        source = loaded.qms.items[translation.content.id]
        if not is_outdated(source, translation):
            continue
        has, of = str(source.get("revision") or ""), translation.of_revision
        if is_ahead(source, translation):
            yield Finding(
                "translation-outdated",
                f"{source.id} has no revision {of} yet; it is at {has}",
                translation.content.position("of_revision"),
                f'name the revision that this translates: of_revision: "{has}"',
                item=source.id,
            )
            continue
        yield Finding(
            "translation-outdated",
            f"this translates {source.id} {of}, and the source is at {has}"
            if of
            else f"this does not say which revision of {source.id} it translates",
            translation.content.position("of_revision", key=not of),
            f'carry over what changed, then write: of_revision: "{has}"',
            item=source.id,
        )
