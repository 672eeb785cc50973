"""Changes to files of a system: new items, other ids, other owners. What is not changed stays byte for byte."""

from qmsctl.editing._apply import apply
from qmsctl.editing._change import change_record
from qmsctl.editing._log import log_entry
from qmsctl.editing._new import missing_fields, new_item
from qmsctl.editing._reassign import reassign
from qmsctl.editing._renumber import renumber
from qmsctl.editing._text import (
    ApplyFailed,
    Edit,
    EditError,
    IdMalformed,
    IdTaken,
    IdUnknown,
    Rename,
    Unplaced,
)

__all__ = [
    "ApplyFailed",
    "Edit",
    "EditError",
    "IdMalformed",
    "IdTaken",
    "IdUnknown",
    "Rename",
    "Unplaced",
    "apply",
    "change_record",
    "log_entry",
    "missing_fields",
    "new_item",
    "reassign",
    "renumber",
]
