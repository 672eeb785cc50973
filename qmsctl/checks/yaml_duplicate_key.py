"""A field may be written once.

Why it matters: Of two values one would win in silence, and the other may be the approved one.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    title: Batch ◀
    definition: Parts made together.

How to fix: Keep one of the two lines.
"""

LEVEL = "error"
