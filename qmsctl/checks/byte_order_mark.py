"""A file should begin with its text, not with a byte order mark.

Why it matters: Some tools show the mark as a strange first character. The file is read all the same.

Example::

    === glossary/term-lot.yaml
    \ufeffid: term-lot ◀
    type: term
    title: Lot
    definition: Parts made together.

How to fix: Save the file as UTF-8 without BOM.
"""

LEVEL = "note"
