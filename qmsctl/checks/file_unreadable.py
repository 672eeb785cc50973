"""Every file of items must be readable.

Why it matters: What cannot be read cannot be checked, and silence would look like success.

Example::

    === glossary/term-lot.yaml mode=unreadable ◀

How to fix: Check the permissions of the file.
"""

LEVEL = "error"
