"""qms.yaml must be readable and meet its schema.

Why it matters: It holds the rules for everything else; where it cannot be used, defaults apply that nobody
chose.

Example::

    === qms.yaml
    organisation: Example
    timezone: UTC ◀

How to fix: Correct the line named.
"""

LEVEL = "error"
