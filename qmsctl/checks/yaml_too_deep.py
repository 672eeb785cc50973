"""Data must not be nested beyond reason.

Why it matters: Deep nesting is a broken export or an attack, never a document.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] ◀

How to fix: Flatten the data, or split the item.
"""

LEVEL = "error"
