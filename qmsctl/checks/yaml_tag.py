"""Tags such as `!include` are not used.

Why it matters: A tag asks the reader of a file to do something; items hold data only.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: !include lot.txt ◀

How to fix: Leave the tag out, or put the value in quotes.
"""

LEVEL = "error"
