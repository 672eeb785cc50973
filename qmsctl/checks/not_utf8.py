"""A file must be UTF-8 text.

Why it matters: Another encoding turns names and units into nonsense on other machines.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Gr\udcf6\udcdfe ◀

How to fix: Save the file with the encoding UTF-8.
"""

LEVEL = "error"
