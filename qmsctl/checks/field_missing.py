"""An item must have the fields its type demands.

Why it matters: They are what registers, due dates and responsibilities are made of.

Example::

    === glossary/term-lot.yaml
    id: term-lot ◀
    type: term
    title: Lot

How to fix: Add the field; `qmsctl explain` and your editor show what belongs into it.
"""

LEVEL = "error"
