"""Markdown to its tables and its layout."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from qmsctl import body as markdown

_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r":?-+:?")
_RUN = re.compile(r"-+")
_BLOCK = re.compile(r"[ \t]|[-+*>#~`=<]|\d+[.)]|$")
"""How lines begin that are more than the next line of a paragraph."""


@dataclass
class Table:
    """A Markdown table: the cells of its head and of its rows."""

    head: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def text(self) -> str:
        """Return the table as lines that can be read aloud."""
        return "\n".join(f"{first(row)}: {told(self.head, row)}" for row in self.rows)


def split(text: str) -> tuple[str, list[Table]]:
    """Take the tables out of a text."""
    lines = text.split("\n")
    outside = {number for number, _ in markdown.prose_lines(text, 0)}
    kept: list[str] = []
    tables: list[Table] = []
    index = 0
    while index < len(lines):
        ruled = index + 1 < len(lines) and {index, index + 1} <= outside and "|" in lines[index]
        if not (ruled and is_rule(lines[index + 1])):
            kept.append(lines[index])
            index += 1
            continue
        table = Table(cells(lines[index]))
        index += 2
        while index < len(lines) and index in outside and "|" in lines[index]:
            table.rows.append(cells(lines[index]))
            index += 1
        tables.append(table)
    return "\n".join(kept).strip(), tables


def cells(line: str) -> list[str]:
    """Return the cells of a row."""
    found = [cell.replace("\\|", "|").strip() for cell in _CELL.split(line.strip())]
    if found and not found[0]:
        found.pop(0)
    if found and not found[-1]:
        found.pop()
    return found


def is_rule(line: str) -> bool:
    """Tell whether a line divides the head of a table from its rows."""
    found = cells(line)
    return "|" in line and bool(found) and all(_RULE.fullmatch(cell) for cell in found)


def first(row: list[str]) -> str:
    """Return the cell that names a row."""
    return row[0] if row else ""


def told(head: list[str], row: list[str]) -> str:
    """Return a row as it can be read aloud, without its name."""
    return "; ".join(f"{name}: {cell}" for name, cell in list(zip(head, row, strict=False))[1:] if cell)


def laid_out(text: str) -> list[str]:
    """Return the lines of a text as they count: paragraphs in one, cells without padding, one empty line at a time."""
    outside = {number for number, _ in markdown.prose_lines(text, 0)}
    found: list[str] = []
    goes_on = False
    for number, line in enumerate(text.strip().split("\n")):
        plain = False
        if number not in outside:
            found.append(line)
        elif "|" in line:
            row = " | ".join(cells(line))
            found.append(_RUN.sub("-", row) if is_rule(line) else row)
        else:
            words = " ".join(line.split())
            plain = not _BLOCK.match(line)
            if plain and goes_on:
                found[-1] += " " + words
            elif words or found[-1:] != [""]:
                found.append(line[: len(line) - len(line.lstrip())] * bool(words) + words)
        goes_on = plain and not line.endswith(("  ", "\\"))
    return found
