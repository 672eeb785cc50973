"""Fields must be indented with spaces.

Why it matters: YAML does not allow tabs; the editor hides the difference.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Parts made together.
    synonyms:
    \t- batch ◀

How to fix: Indent with two spaces a level.
"""

LEVEL = "error"
