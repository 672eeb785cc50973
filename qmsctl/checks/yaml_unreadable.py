"""The fields of an item must be readable as YAML.

Why it matters: A file that cannot be read would drop out of every register; so it is an error, never a
skipped item.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Lot: parts made together. ◀

How to fix: Look at the line named and the one above: indentation, colon, quotes. Put text that holds a
colon and a space in quotes.
"""

LEVEL = "error"
