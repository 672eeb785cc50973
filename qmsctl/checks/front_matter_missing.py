"""A Markdown item must begin with front matter.

Why it matters: Without id and type a document is in no register, and nobody is asked to review it.

Example::

    === policies/POL-001-quality.md
    # Quality policy ◀

    We make good parts.

How to fix: Begin the file with a line `---`, the fields, and another line `---`; `qmsctl new` writes them.
"""

LEVEL = "error"
