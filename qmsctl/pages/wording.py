"""The texts of the interface in the language of the reader: English in the templates, other languages as data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from qmsctl.itemfile import parse_yaml_bytes

FOLDER = Path(__file__).parent.parent / "languages"
SOURCE = "en"
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip
_IN_SCRIPT = re.compile(r'qmsText\(\s*"((?:[^"\\]|\\.)*)"')


class Words:
    """Says texts in one language. A text that has no translation stays English."""

    def __init__(self, language: str = SOURCE, table: Mapping[str, str] | None = None) -> None:
        self.language = language
        self.table = table or {}
        self._days: dict[str, str] = {}

    def __call__(self, text: object, **values: Any) -> Any:
        """Return a text in this language with values in place of {names}; Markup among them stays as it is."""
        said = self.table.get(str(text), str(text))
        if not values:
            return said
        if any(isinstance(value, Markup) for value in values.values()):
            return Markup.escape(said).format(**values)
        return said.format(**values)

    def day(self, iso: object) -> str:
        """Return an ISO date as people write it; anything else as it is."""
        text = str(iso)
        if text not in self._days:
            self._days[text] = self._day(text)
        return self._days[text]

    def _day(self, iso: str) -> str:
        import datetime

        try:
            date = datetime.date.fromisoformat(iso)
        except ValueError:
            return iso
        month = self(MONTHS[date.month - 1])
        return str(self("{day} {month} {year}", day=date.day, month=month, year=date.year))


@lru_cache(maxsize=8)
def shipped(language: str) -> Mapping[str, str]:
    """Return the texts that come with qmsctl in a language; empty if there are none."""
    file = FOLDER / f"{language}.yaml"
    return texts(file.read_bytes()) if re.fullmatch(r"[a-z]{2,3}", language) and file.is_file() else {}


def texts(data: bytes) -> dict[str, str]:
    """Return a file of texts: English to another language."""
    fields, _ = parse_yaml_bytes(data)
    return {str(english): str(said) for english, said in (fields or {}).items()}


def words_of(language: str, root: Path) -> Words:
    """Return the texts of a language: those that come with qmsctl, and the organisation's own over them."""
    own = root / "languages" / f"{language}.yaml"
    mine = texts(own.read_bytes()) if own.is_file() and not own.is_symlink() else {}
    return Words(language, {**shipped(language), **mine})


def for_scripts(words: Words, scripts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts that scripts ask for, in one language."""
    asked = {json.loads(f'"{m.group(1)}"') for text in scripts.values() for m in _IN_SCRIPT.finditer(text)}
    return {english: words.table[english] for english in sorted(asked) if english in words.table}
