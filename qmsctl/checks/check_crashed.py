"""Every check must run to its end.

Why it matters: A check that breaks down has looked at nothing; its silence must not be taken for success.

Example::

    === qms.yaml ◀
    organisation: Example

How to fix: This is a fault of qmsctl. Report it with the message shown; the other checks were run all the
same.
"""

LEVEL = "error"
