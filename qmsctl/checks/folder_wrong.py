"""An item must lie in the folder of its type.

Why it matters: People look for it there, and rules by folder apply there.

Example::

    === policies/term-lot.yaml
    id: term-lot
    type: term ◀
    title: Lot
    definition: Parts made together.

How to fix: Move the file with the command shown.
"""

LEVEL = "error"
