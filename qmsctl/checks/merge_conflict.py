"""No merge conflict may be left in a file.

Why it matters: Both versions of a text would stand in the document, and neither was approved.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    <<<<<<< ours ◀
    definition: Parts made together.
    =======
    definition: Parts of one order.
    >>>>>>> theirs

How to fix: Choose one of the two versions and delete the lines with the arrows.
"""

LEVEL = "error"
