"""Texts hold only what can be seen.

Why it matters: Signs that steer a terminal or turn the direction of writing can show a reader something else than what is approved.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: "Lot\\e[8m" ◀

How to fix: Type the text anew instead of copying it.
"""

from __future__ import annotations

LEVEL = "error"
