"""Two ids must differ by more than upper and lower case.

Why it matters: Some file systems and web servers cannot tell them apart, so one page would replace the
other.

Example::

    === policies/POL-001-quality.md
    ---
    id: POL-001
    type: policy
    ---
    === policies/pol-001-quality2.md
    ---
    id: pol-001 ◀
    type: policy
    ---

How to fix: Use one spelling, and another number for the second item.
"""

LEVEL = "error"
