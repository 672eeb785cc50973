"""A step of a procedure must have a key.

Why it matters: The key lets others point at the step, and keeps pointing when steps are inserted above.

Example::

    === sops/SOP-001-inspect.md
    ---
    id: SOP-001
    type: sop
    ---

    ## Steps

    ### Draw the sample ◀
    Who: inspector

How to fix: Write a key after the heading, once and for all: `### Draw the sample {#draw-sample}`.
"""

LEVEL = "error"
