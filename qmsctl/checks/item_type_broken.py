"""An item type must be usable.

Why it matters: A broken type means that none of its items is checked.

Example::

    === item_types/audit.schema.yaml
    title: Audit ◀

How to fix: Compare the file with a type that works; the vocabulary is described in the reference of item
types.
"""

LEVEL = "error"
