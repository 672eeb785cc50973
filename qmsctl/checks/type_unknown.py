"""An item must be of a type that exists.

Why it matters: Without a type nobody knows which fields, which rules and which register apply.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: terms ◀
    title: Lot
    definition: Parts made together.

How to fix: Use one of the types that `qmsctl schema --list` shows, or add a type of your own in
`item_types/`.
"""

LEVEL = "error"
