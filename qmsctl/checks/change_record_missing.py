"""A change that people notice has a change record.

Why it matters: Later nobody can tell why it was made, what it touched and whether it worked.

Example::

    === policies/POL-001-quality-policy.yaml
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.0"
    effective: 2026-01-12
    change: First issue of it.
    purpose: We ask
    *** 2026-01-05
    === policies/POL-001-quality-policy.yaml ◀
    id: POL-001
    type: policy
    title: Quality policy
    revision: "1.1"
    effective: 2026-11-23
    change: We ask all customers.
    purpose: We ask all
    *** proposed

How to fix: Make one with `qmsctl new change --for POL-001`; it asks about everything the change touches.
"""

from __future__ import annotations

LEVEL = "error"
