"""Findings for people: by file, the cause under the line it stands in, the way out under the cause."""

from __future__ import annotations

import re
from itertools import groupby

import click

from qmsctl.model import Finding, Position
from qmsctl.output.text import cells, harmless_in_logs, pad, shown, take, visible, wrap
from qmsctl.output.view import View

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_WORD = re.compile(r"[^\s,:;\[\]{}()\"']+")
_HINT = "did you mean "
_BLANKS = 200


def render(view: View) -> str:
    """Return all findings, then what is waived, then one line on what was checked."""
    findings = view.report.findings
    places = max((len(_place(finding.position)) for finding in findings), default=0)
    gutter = 2 + places + 3
    blocks = []
    for path, group in groupby(findings, key=lambda finding: finding.position.path):
        of_file = list(group)
        levels = max(len(finding.level) for finding in of_file)
        shown_findings = [_finding(view, finding, gutter, levels) for finding in of_file]
        blocks.append("\n\n".join([_style(view, visible(path), bold=True), *shown_findings]))
    if view.report.waived:
        blocks.append(_waived(view))
    blocks.append("\n".join(wrap(view.summary, view.width)))
    return harmless_in_logs("\n\n".join(blocks))


def _place(at: Position) -> str:
    return f"{at.line}:{at.column}"


def _style(view: View, text: str, **how: bool | str) -> str:
    return click.style(text, **how) if view.colour else text  # type: ignore[arg-type]


def _finding(view: View, finding: Finding, gutter: int, levels: int) -> str:
    left = gutter + levels + 2
    check = _style(view, finding.check, dim=True)
    level = _style(view, finding.level.ljust(levels), fg=COLOURS[finding.level], bold=True)
    start = f"  {_place(finding.position).ljust(gutter - 2)}{level}  "
    room = view.width - left - len(finding.check) - 2
    beside = room >= 24
    first, *more = wrap(finding.message, room if beside else view.width - left)
    lines = [start + (pad(first, room) + "  " + check if beside else first), *(" " * left + text for text in more)]
    if not beside:
        ends_at = cells(more[-1] if more else first) + left
        if ends_at + 2 + len(finding.check) > view.width:
            lines.append("")
            ends_at = 0
        lines[-1] += " " * (view.width - len(finding.check) - ends_at) + check
    hint = finding.help if finding.help.startswith(_HINT) else ""
    marked, hint_shown = _source(view, finding, gutter, hint)
    lines += marked
    if finding.help and not hint_shown:
        first, *more = wrap(finding.help, view.width - gutter - 6)
        lines.append(" " * gutter + _style(view, "help:", bold=True) + " " + first)
        lines += [" " * (gutter + 6) + text for text in more]
    return "\n".join(lines)


def _source(view: View, finding: Finding, gutter: int, hint: str) -> tuple[list[str], bool]:
    """Return the line a finding points at with the cause underlined, and whether the hint found room there."""
    line = view.sources.line(finding.position)
    if line[:_BLANKS].strip() in ("", "---"):
        return [], False
    first, last = span(line, finding.position)
    before, cause, after = _window(line, first, last, max(view.width - gutter - 2, 12))
    bar = _style(view, "│", dim=True)
    under = " " * cells(before) + _style(view, "─" * max(cells(cause), 1), fg=COLOURS[finding.level])
    fits = bool(hint) and gutter + 2 + cells(before) + max(cells(cause), 1) + 2 + cells(hint) <= view.width
    number = str(finding.position.line).rjust(gutter - 1)
    return [
        " " * gutter + bar,
        f"{_style(view, number, dim=True)} {bar} {before}{cause}{after}",
        " " * gutter + f"{bar} {under}" + (f"  {hint}" if fits else ""),
    ], fits


def span(line: str, at: Position) -> tuple[int, int]:
    """Return where the cause begins and ends in its line; up to the end of the word if that is not known."""
    first = min(at.column - 1, len(line))
    if at.end_column > at.column:
        return first, min(at.end_column - 1, len(line))
    word = _WORD.match(line, first)
    return first, word.end() if word else min(first + 1, len(line))


def _window(line: str, first: int, last: int, room: int) -> tuple[str, str, str]:
    """Return what fits of a line before, at and after the cause, with … where something was left out.

    Only the neighbourhood of the cause is looked at: a line may have millions of characters.
    """
    if len(line) <= room and line.isascii() and line.isprintable():
        return line[:first], line[first:last], line[last:]
    before = _pieces(line[max(0, first - room) : first])
    cause = _pieces(line[first : min(last, first + room)])
    after = _pieces(line[last : last + room])
    if len(before) + len(cause) + len(after) < len(line) or cells("".join(before + cause + after)) > room:
        room -= 2
    middle = take(cause, room)
    room -= cells("".join(middle))
    left = take(reversed(before), max(room // 2, room - cells("".join(after))))[::-1]
    room -= cells("".join(left))
    right = take(after, room) if first + len(middle) == last else []
    return (
        ("…" if len(left) < first else "") + "".join(left),
        "".join(middle),
        "".join(right) + ("…" if first + len(middle) + len(right) < len(line) else ""),
    )


def _pieces(text: str) -> list[str]:
    return ["    " if character == "\t" else shown(character) for character in text]


def _waived(view: View) -> str:
    """Return the waived findings, each waiver with its reason and last day."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for finding, waiver in view.report.waived:
        at = f"{visible(finding.position.path)}:{finding.position.line}"
        places.setdefault((finding.check, waiver.until, waiver.reason), []).append(at)
    lines = [_style(view, "Waived", bold=True)]
    for (check, until, reason), found in places.items():
        for text in wrap(f"{check} until {until}: {reason}", view.width - 2):
            lines.append("  " + text)
        for text in wrap(", ".join(found), view.width - 4):
            lines.append("    " + _style(view, text, dim=True))
    return "\n".join(lines)
