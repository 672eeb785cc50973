"""A file in a folder of items must hold an item.

Why it matters: An empty file is what an interrupted save leaves behind; skipping it would lose a document
without a word.

Example::

    === policies/POL-001-quality.md ◀

How to fix: Write the item, restore it from Git, or delete the file.
"""

LEVEL = "error"
