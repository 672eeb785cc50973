"""An item may only have fields that its type knows.

Why it matters: A misspelt field is read by nobody: the owner believes it is set, the system does not see
it.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Parts made together.
    abreviation: lot ◀

How to fix: Correct the spelling, or add the field to the type in your own `item_types/`.
"""

LEVEL = "error"
