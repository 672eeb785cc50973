"""Anchors, aliases and merge keys are not used.

Why it matters: They make a file depend on itself in ways a reviewer does not see, and can be blown up
without bound.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: &d Parts made together. ◀

How to fix: Write the value out where it is needed.
"""

LEVEL = "error"
