"""A symbolic link must not lead out of the repository.

Why it matters: What lies outside is not under control and may be somebody else's secret.

Example::

    === policies/POL-001-quality.md -> /etc/hostname ◀

How to fix: Replace the link with the file itself.
"""

LEVEL = "error"
