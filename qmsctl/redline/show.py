"""Changes in words: as a sentence, for the terminal, as HTML, and as Markdown for a pull request."""

from __future__ import annotations

import html as markup
import re
import unicodedata
from collections.abc import Iterable, Iterator

from qmsctl.redline.change import Change
from qmsctl.redline.values import lower_first

CONTEXT = 12
"""How many unchanged words are shown on each side of a change."""
SHORT = 30
"""How many words of a text that came or went are shown in a sentence."""

Pieces = list[tuple[str, str]]
"""A sentence in runs: " " plain, "-" and "+" words of a text, "<" and ">" whole values, earlier and later."""

_PHRASES = {"Who": "done by"}
_NUMBER = re.compile(r"[-+−]?\d[\d.,]*")
_WORD = re.compile(r"\w")
_ANSI = {"-": "\x1b[31;9m", "<": "\x1b[31;9m", "+": "\x1b[32m", ">": "\x1b[32m"}
_MARKS = {"-": ("[-", "-]"), "+": ("{+", "+}")}
_BOLD = {"-": "~~", "<": "~~", "+": "**", ">": "**"}
_TAGS = {"-": "del", "<": "del", "+": "ins", ">": "ins"}
_ACTIVE = re.compile(r"[\\`*_{}\[\]<>()#+\-!|~$&]")
_LINKED = re.compile(r"@|#(?=\w)|(?<=GH-)(?=\d)|:(?=//|\w+:)|(?<=www)\.|(?<=\b[0-9a-f])(?=[0-9a-f]{6,39}\b)", re.I)
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def sentence(change: Change) -> str:
    """Return a change as one sentence in plain text."""
    return " ".join(_marked(_pieces(change, SHORT)).split())


def text(changes: Iterable[Change], colour: bool, width: int) -> str:
    """Return changes for a terminal, one paragraph each."""
    return "\n".join(_wrapped(_pieces(change), colour, max(width, 20)) for change in changes)


def html(changes: Iterable[Change]) -> str:
    """Return changes as an HTML list; empty if there are none."""
    rows = [f"<li>{''.join(_tagged(sign, run) for sign, run in _pieces(change))}</li>\n" for change in changes]
    return f'<ul class="redline">\n{"".join(rows)}</ul>\n' if rows else ""


def markdown(changes: Iterable[Change]) -> str:
    """Return changes as a Markdown list for a comment on a forge; nothing in them can mention, link or embed."""
    return "".join(f"- {_emphasised(_pieces(change))}\n" for change in changes)


def _pieces(change: Change, most: int = 0) -> Pieces:
    """Return a change in runs; ``most`` limits the words of texts that came or went, 0 leaves them whole."""
    found = _parted(change)
    return [(sign, _cut(_visible(run), most) if most and sign != " " else _visible(run)) for sign, run in found if run]


def _parted(change: Change) -> Pieces:
    what, label = change.what, lower_first(_PHRASES.get(change.label, change.label))
    head = f"{what}: {label}" if label else what
    if change.kind == "moved":
        where = f"after {change.after}" if change.after else "first"
        return [(" ", f"{head}{'' if label else ':'} moved, now {where}")]
    if change.kind in ("added", "removed"):
        return _came_or_went(change, head)
    if not label:
        head += ":"
    if _line(change.before) == _line(change.after):
        return [(" ", f"{head} other line breaks, spaces or layout")]
    if "role" in change.names:
        return [(" ", f"{head} "), (">", change.after), (" ", ", was "), ("<", change.before)]
    if any(sign == " " and _WORD.search(run) for sign, run in change.words):
        verb = "reworded" if "prose" in change.names else "changed"
        return [(" ", f"{head if label else change.what} {verb}: "), *_shortened(change.words)]
    return [(" ", f"{head} "), ("<", _quoted(change.before)), (" ", " → "), (">", _quoted(change.after))]


def _came_or_went(change: Change, head: str) -> Pieces:
    sign, value = (">", change.after) if change.kind == "added" else ("<", change.before)
    if value and change.label == f"picture “{value}”":
        return [(" ", f"{head} {change.kind}")]
    if "prose" in change.names and change.words:
        value = change.words[0][1]
    if change.what.endswith('"') and not change.label:  # a part, or the whole item
        head = f"{'New' if sign == '>' else 'Removed'} {lower_first(change.what)}"
    else:
        head += " added" if sign == ">" else " removed"
        value = value if "role" in change.names or '"' in change.label else _quoted(value)
    return [(" ", head), (" ", ": "), (sign, value)] if value else [(" ", head)]


def _quoted(value: str) -> str:
    return value if _NUMBER.fullmatch(value) else f'"{value.strip()}"'


def _line(value: str) -> str:
    return " ".join(_visible(value).split())


def _visible(value: str) -> str:
    """Replace signs that steer a terminal or turn the direction of text, so that nothing hides behind them."""
    return "".join(
        "�" if c in _BIDI or (unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t") else c for c in value
    )


def _cut(run: str, most: int) -> str:
    words = re.findall(r"\s*\S+", run)
    return "".join(words[:most]) + " …" if len(words) > most else run


def _shortened(words: Iterable[tuple[str, str]]) -> Pieces:
    """Leave out the middle of long runs that did not change."""
    runs = list(words)
    found = []
    for index, (sign, run) in enumerate(runs):
        tokens = re.findall(r"\s*\S+\s*", run)
        head, tail = CONTEXT if index else 0, CONTEXT if index + 1 < len(runs) else 0
        if sign == " " and len(tokens) > head + tail + 2:
            first, last = "".join(tokens[:head]).rstrip(), "".join(tokens[len(tokens) - tail :])
            run = f"{first}{' ' if first else ''}…{' ' if last.strip() else ''}{last.lstrip()}"
        found.append((sign, run))
    return found


def _edges(run: str) -> tuple[str, str, str]:
    """Return the white space before, the text, the white space after."""
    core = run.strip()
    at = run.find(core) if core else len(run)
    return run[:at], core, run[at + len(core) :]


def _marked(pieces: Pieces) -> str:
    return "".join(run for _, run in _with_marks(pieces))


def _with_marks(pieces: Pieces) -> Iterator[tuple[str, str]]:
    """Yield the runs with signs around removed and added words."""
    last = ""
    for sign, run in pieces:
        before, core, after = _edges(run)
        opening, closing = _MARKS.get(sign, ("", ""))
        if not core:
            opening = closing = ""
        gap = " " if last == "-" and sign == "+" and not before else ""
        yield " ", f"{gap}{before}{opening}{core}{closing}{after}"
        last = sign if not after else ""


def _wrapped(pieces: Pieces, colour: bool, width: int) -> str:
    """Break a sentence into lines; colours are set word by word, as they must not run over the edge."""
    atoms: list[list[tuple[str, str]]] = [[]]
    for sign, run in pieces if colour else _with_marks(pieces):
        for space, word in re.findall(r"(\s+)|(\S+)", run):
            if space:
                atoms.append([])
            else:
                atoms[-1].append((sign, word))
    lines, used = [""], 0
    for atom in filter(None, atoms):
        size = sum(len(word) for _, word in atom)
        shown = "".join(f"{_ANSI[sign]}{word}\x1b[0m" if sign in _ANSI and colour else word for sign, word in atom)
        if used and used + 1 + size > width:
            lines.append("  ")
            used = 2
        elif used:
            lines[-1] += " "
            used += 1
        lines[-1] += shown
        used += size
    return "\n".join(lines)


def _tagged(sign: str, run: str) -> str:
    before, core, after = _edges(run)
    shown = markup.escape(core).replace("\n", "<br>")
    tag = _TAGS.get(sign)
    return f"{before}<{tag}>{shown}</{tag}>{after}" if tag and core else f"{before}{shown}{after}"


def _emphasised(pieces: Pieces) -> str:
    found = ""
    for sign, run in pieces:
        before, core, after = _edges(re.sub(r"\s+", " ", run))
        shown = escaped(core)
        if sign in _BOLD and core:
            # Next to a letter, ** before a sign would stay two asterisks; a space keeps it emphasis.
            touching = found[-1:].isalnum() or found.endswith(("*", "~"))
            found += before or (" " if touching and found else "")
            found += f"{_BOLD[sign]}{shown}{_BOLD[sign]}{after}"
        else:
            glued = found.endswith(("*", "~")) and shown[:1].isalnum() and not before
            found += before + (" " if glued else "") + shown + after
    return found


def escaped(value: str) -> str:
    """Write a text so that a forge shows it as it is: no mention, link, mark-up, formula or emoji arises."""
    apart = _LINKED.sub(lambda match: f"{match.group()}\u200b", value)
    return re.sub(r"^(\d+)\.", r"\1\\.", _ACTIVE.sub(lambda match: "\\" + match.group(), apart))
