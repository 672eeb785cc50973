"""An entry added to the log of a KPI; what stands there stays byte for byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qmsctl.editing._new import new_item
from qmsctl.editing._text import Edit, EditError
from qmsctl.loader import Loaded


def log_entry(loaded: Loaded, kpi: str, title: str, field: str, entry: Mapping[str, Any], today: str) -> Edit:
    """Return the change that adds an entry to a list of the log of a KPI; a log is begun where there is none.

    Signs that cannot be seen are written as escapes. Raises EditError where the list is written in a way to which nothing can be added safely.
    """
    log = next((i for i in loaded.qms.of_type("kpi-log") if i.get("kpi") == kpi), None)
    line = "  - {" + ", ".join(f"{k}: {_scalar(v)}" for k, v in entry.items()) + "}"
    if log is None:
        path, text = new_item(loaded, "kpi-log", f"Log of {title}"[:120], {"kpi": kpi}, today, ())
        return Edit(path, "", f"{text.rstrip()}\n{field}:\n{line}\n")
    before = (loaded.root / log.path).read_bytes().decode("utf-8")
    end_of_line = "\r\n" if "\r\n" in before else "\n"
    lines = before.removesuffix(end_of_line).split(end_of_line)
    at = next((n for n, text in enumerate(lines) if text.rstrip() == f"{field}:"), -1)
    if at < 0:
        if any(text.startswith(f"{field}:") for text in lines):
            raise EditError(
                f"`{field}` in {log.path} is written in one line", "write its entries below each other first"
            )
        lines += [f"{field}:", line]
    else:
        end = at + 1
        while end < len(lines) and (lines[end][:1] in (" ", "-", "#") or not lines[end].strip()):
            end += 1
        while not lines[end - 1].strip():
            end -= 1
        entries = [text for text in lines[at + 1 : end] if text.lstrip().startswith("- ")]
        indent = min((len(text) - len(text.lstrip()) for text in entries), default=2)
        lines.insert(end, " " * indent + line.lstrip())
    return Edit(log.path, before, end_of_line.join(lines) + end_of_line)


def _scalar(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
