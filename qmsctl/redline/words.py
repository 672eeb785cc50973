"""Texts to what differs between them, word by word, and to the limits and references they state."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from difflib import SequenceMatcher

from qmsctl import body as markdown
from qmsctl.redline.change import Words

MAX_TOKENS = 20_000
MAX_WORK = 20_000_000
"""How many comparisons one alignment may cost at worst; about a second."""

_TOKEN = re.compile(r"(\w+(?:[.,:/'’–-]\w+)*|[^\w\s])(\s*)")
_PICTURE = re.compile(r"!\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?(?:\s+[\"'][^)]*)?\)")
_CODE = re.compile(r"(?<![`\\])(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_EMPHASIS = (
    re.compile(r"(?<![*\\])\*\*(?=[^\s*])([^*]*[^\s*\\])\*\*(?!\*)"),
    re.compile(r"(?<![*\\\w])\*(?=[^\s*])([^*]*[^\s*\\])\*(?![*\w])"),
    re.compile(r"(?<![_\\\w])__(?=[^\s_])([^_]*[^\s_\\])__(?![_\w])"),
    re.compile(r"(?<![_\\\w])_(?=[^\s_])([^_]*[^\s_\\])_(?![_\w])"),
)
_REFERENCE = re.compile(r"\b[A-Z]{2,8}-[0-9][0-9-]*(?:#[\w-]+)?")
_QUANTITY = re.compile(r"(\d[\d.,:/–-]*)([^\W\d_]*)")

_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBERS = {word: str(number) for number, word in enumerate(_SMALL)} | {
    "half": "1/2",
    "twice": "2",
    "double": "2",
    "twenty": "20",
    "thirty": "30",
    "hundred": "100",
    "thousand": "1000",
}
_UNITS = frozenset(
    {"mm", "cm", "m", "km", "µm", "μm", "um", "nm", "millimetre", "millimetres", "metre", "metres", "micrometre"}
    | {"micrometres", "kg", "g", "mg", "t", "gram", "grams", "kilogram", "kilograms", "N", "Nm", "HRC", "HV"}
    | {"bar", "mbar", "Pa", "kPa", "MPa"}
    | {"s", "min", "h", "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks"}
    | {"month", "months", "year", "years", "working", "K", "C", "F", "°C", "°", "degree", "degrees"}
    | {"V", "A", "W", "kW", "kWh", "Hz", "dB", "l", "ml", "%", "‰", "percent", "ppm", "EUR", "USD"}
)
_SIGNS = frozenset("±≤≥<>≈~−+-")
_BINDING = frozenset(
    {"not", "no", "never", "none", "nobody", "nothing", "cannot", "without", "unless", "except", "forbidden"}
    | {"must", "shall", "may", "should", "only", "always", "every", "all", "any", "each"}
    | {
        "least",
        "most",
        "minimum",
        "maximum",
        "below",
        "above",
        "more",
        "less",
        "fewer",
        "within",
        "until",
        "before",
        "after",
    }
)


def limits(text: str) -> list[str]:
    """Return what a text lays down, in order: numbers with their units, and words that bind or bound.

    Two texts that agree in this list say the same "how much" and "must", as far as words can tell.
    "Two hours" and "2 hours" agree.
    """
    tokens = [(m.group(1), bool(m.group(2))) for m in _TOKEN.finditer(_REFERENCE.sub(" ", text))]
    found = []
    for index, (word, _) in enumerate(tokens):
        follows = tokens[index + 1][0] if index + 1 < len(tokens) else ""
        if follows == "°" and index + 2 < len(tokens) and tokens[index + 2][0] in ("C", "F"):
            follows = "°" + tokens[index + 2][0]
        sign, apart = tokens[index - 1] if index else ("", True)
        if sign not in _SIGNS or (sign == "-" and apart):  # a hyphen apart from the number is a bullet or a dash
            sign = ""
        lower = word.lower()
        if word[0].isdigit():
            match = _QUANTITY.match(word)
            number, unit = (match.group(1), match.group(2)) if match else (word, "")
            found.append(f"{sign}{number} {unit or (follows if follows in _UNITS else '')}".strip())
        elif lower in _NUMBERS:
            found.append(f"{_NUMBERS[lower]} {follows if follows in _UNITS else ''}".strip())
        elif lower in _BINDING or lower.endswith(("n't", "n’t")):
            found.append(lower)
    return found


def references(text: str) -> Counter[str]:
    """Return the ids and the targets of links that a text names."""
    return Counter([*_REFERENCE.findall(text), *(link.target for link in markdown.links(text, 1))])


def spoken(text: str) -> str:
    """Return a Markdown text as it is read: pictures by their files, without marks of emphasis and of code.

    Signs that stand for themselves stay: 5 * 3, an_id_like_this, what a backslash protects and fenced code.
    """
    found, fenced = [], False
    for line in text.split("\n"):
        fence = line.lstrip().startswith(("```", "~~~"))
        fenced ^= fence
        found.append(line if fence or fenced else _spoken(line))
    return "\n".join(found)


def _spoken(line: str) -> str:
    line = _PICTURE.sub(lambda match: _picture(match.group(1), match.group(2)), line)
    parts = _CODE.split(line)  # text, mark, code, text, mark, code, …
    for at in range(0, len(parts), 3):
        for mark in _EMPHASIS:
            parts[at] = mark.sub(r"\1", parts[at])
    return "".join(part for at, part in enumerate(parts) if at % 3 != 1)


def _picture(shows: str, target: str) -> str:
    return f"picture “{target}”" + (f" ({shows.strip()})" if shows.strip() else "")


def pictures(text: str) -> Counter[str]:
    """Return the files of the pictures in a text."""
    return Counter(link.target for link in markdown.links(text, 1) if link.image)


def without_pictures(text: str, files: Collection[str]) -> str:
    """Return a text without the pictures of some files."""
    return _PICTURE.sub(lambda match: "" if match.group(2) in files else match.group(), text) if files else text


def likeness(before: str, after: str) -> float:
    """Return how many words two texts share, from 0 to 1, whatever their order."""
    one = Counter(m.group(1) for m in _TOKEN.finditer(before))
    two = Counter(m.group(1) for m in _TOKEN.finditer(after))
    total = one.total() + two.total()
    return 2 * (one & two).total() / total if total else 1.0


def squeezed(text: str) -> str:
    """Return a text without its white space."""
    return "".join(text.split())


def diff(before: str, after: str) -> Words:
    """Return the word diff of two texts; read without "+" it is the first, without "-" the second.

    White space counts as a sign that words are apart, not as text.
    """
    one, two = _tokens(before), _tokens(after)
    if len(one) + len(two) > MAX_TOKENS:
        return _runs(_lines(before), _lines(after), MAX_WORK, refine=False)
    return _runs(_segments(one), _segments(two), MAX_WORK, refine=True)


Token = tuple[str, str]
"""A word or sign, and the white space after it: nothing, a space, one line end or an empty line."""


def _space(text: str) -> str:
    ends = text.count("\n")
    return "\n\n" if ends > 1 else "\n" if ends else " " if text else ""


def _tokens(text: str) -> list[Token]:
    return [(m.group(1), _space(m.group(2))) for m in _TOKEN.finditer(text)]


def _lines(text: str) -> list[tuple[Token, ...]]:
    return [((line.strip(), "\n"),) for line in text.splitlines() if line.strip()]


def _segments(tokens: list[Token]) -> list[tuple[Token, ...]]:
    """Cut at the ends of sentences and lines, so that a sentence that stayed is found whole."""
    found: list[tuple[Token, ...]] = []
    start = 0
    for index, (word, space) in enumerate(tokens, 1):
        if "\n" in space or (space and word in ".!?;:"):
            found.append(tuple(tokens[start:index]))
            start = index
    if start < len(tokens):
        found.append(tuple(tokens[start:]))
    return found


def _align(one: Sequence[Hashable], two: Sequence[Hashable], most: int) -> list[tuple[str, int, int, int, int]]:
    """Return the opcodes from one sequence to another; one single replacement where finding better costs too much."""
    head = 0
    while head < min(len(one), len(two)) and one[head] == two[head]:
        head += 1
    tail = 0
    while tail < min(len(one), len(two)) - head and one[-1 - tail] == two[-1 - tail]:
        tail += 1
    left, right = one[head : len(one) - tail], two[head : len(two) - tail]
    first, second = Counter(left), Counter(right)
    pairs = sum(count * second[word] for word, count in first.items())
    middle = [("replace", 0, len(left), 0, len(right))]
    if (pairs + len(left)) * min(len(left), len(right)) <= most:
        middle = list(SequenceMatcher(None, left, right, autojunk=False).get_opcodes())
    codes = [(tag, a + head, b + head, c + head, d + head) for tag, a, b, c, d in middle]
    codes.insert(0, ("equal", 0, head, 0, head))
    codes.append(("equal", len(one) - tail, len(one), len(two) - tail, len(two)))
    return [code for code in codes if code[1] < code[2] or code[3] < code[4]]


def _runs(one: list[tuple[Token, ...]], two: list[tuple[Token, ...]], most: int, refine: bool) -> Words:
    writer = _Writer()
    keys = [tuple(w for w, _ in s) for s in one], [tuple(w for w, _ in s) for s in two]
    for tag, a, b, c, d in _align(*keys, most):
        left = [token for segment in one[a:b] for token in segment]
        right = [token for segment in two[c:d] for token in segment]
        if tag == "equal":
            writer.keep(left, right)
        elif refine:
            for _, e, f, g, h in _join([w for w, _ in left], [w for w, _ in right], most):
                same = [w for w, _ in left[e:f]] == [w for w, _ in right[g:h]]
                (writer.keep if same else writer.replace)(left[e:f], right[g:h])
        else:
            writer.replace(left, right)
    return writer.words()


def _join(one: list[str], two: list[str], most: int) -> list[tuple[str, int, int, int, int]]:
    """Align words, and take a single sign or short word between two changes into them: they read better as one."""
    codes = _align(one, two, most)
    found: list[tuple[str, int, int, int, int]] = []
    for index, (tag, a, b, c, d) in enumerate(codes):
        last = found[-1] if found else None
        inside = last is not None and index + 1 < len(codes)
        if tag == "equal" and inside and b - a == 1 and len(one[a]) <= 3:
            tag = "replace"
        if tag != "equal" and last is not None and last[0] != "equal":
            found[-1] = ("replace", last[1], b, last[3], d)
        else:
            found.append((tag, a, b, c, d))
    return found


class _Writer:
    """Joins tokens to runs and keeps the white space on the side it belongs to."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, str]] = []
        self.owed = ("", "")

    def keep(self, left: list[Token], right: list[Token]) -> None:
        """Write words that both texts have, with the white space of the later one."""
        if not left:
            return
        self._settle()
        text = "".join(word + (space or other) for (word, space), (_, other) in zip(right[:-1], left[:-1], strict=True))
        word, space = right[-1]
        was = left[-1][1]
        if bool(space) == bool(was):
            self._write(" ", text + word + space)
        else:  # one text goes on at once, the other after a space: it belongs to what follows
            self._write(" ", text + word)
            self.owed = (was, space)

    def replace(self, left: list[Token], right: list[Token]) -> None:
        """Write words that only one of the texts has."""
        for sign, tokens, space in (("-", left, self.owed[0]), ("+", right, self.owed[1])):
            if tokens:
                self._write(sign, space + "".join(word + after for word, after in tokens))
        self.owed = ("", "")

    def words(self) -> Words:
        """Return the runs."""
        return tuple(self.runs)

    def _settle(self) -> None:
        if self.owed != ("", ""):
            self._write(" ", self.owed[1] or self.owed[0])
            self.owed = ("", "")

    def _write(self, sign: str, text: str) -> None:
        if self.runs and self.runs[-1][0] == sign:
            self.runs[-1] = (sign, self.runs[-1][1] + text)
        else:
            self.runs.append((sign, text))
