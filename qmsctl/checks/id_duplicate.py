"""An id belongs to one item.

Why it matters: Two branches sometimes take the same number; links would then lead to whichever is read
first.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Parts made together.
    === glossary/term-lot2.yaml
    id: term-lot ◀
    type: term
    title: Batch
    definition: Parts heated together.

How to fix: Give the younger of the two another id with `qmsctl renumber`.
"""

LEVEL = "error"
