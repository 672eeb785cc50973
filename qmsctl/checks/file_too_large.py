"""An item must be of a size that a person can read.

Why it matters: Somebody has put a scan or an export into the folder of items; reading it would slow every
check down.

Example::

    === glossary/term-lot.yaml size=3000000 ◀

How to fix: Keep large material as an attachment elsewhere and link to it.
"""

LEVEL = "error"
