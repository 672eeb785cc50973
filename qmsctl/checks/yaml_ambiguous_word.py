"""The words yes, no, on and off must be quoted.

Why it matters: Some readers of YAML take them for true or false, others for text; an answer must not depend
on the reader.

Example::

    === glossary/term-lot.yaml
    id: term-lot
    type: term
    title: Lot
    definition: Parts made together.
    abbreviation: no ◀

How to fix: Write "no" in quotes if it is text; write true or false if it is not.
"""

LEVEL = "error"
