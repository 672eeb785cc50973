"""A field must have a value of the kind its type demands.

Why it matters: A revision that is a number, a date that does not exist or a made-up state cannot be
compared or acted on.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: 1.10 ◀

How to fix: Write a value of the kind named; put text that looks like a number in quotes.
"""

LEVEL = "error"
