"""Collects every text of the interface: what templates, Python and scripts say, and what item types are called."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
from jinja2 import nodes

from qmsctl import coverage, schema
from qmsctl.itemfile import parse_yaml_bytes
from qmsctl.measures import model, words
from qmsctl.measures.board import Measures
from qmsctl.model import mapping_of
from qmsctl.pages import calendar, shell, wording
from qmsctl.pages.wording import Words
from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "qmsctl"
_SCRIPT = re.compile(r'qmsText\(\s*"((?:[^"\\]|\\.)*)"')
_PLACE = re.compile(r"\{(\w+)\}")
NAMES = frozenset(
    [
        "csv",
        "parquet",
        "sqlite",
        "postgres",
        "duckdb",
        "trino",
        "spark",
        "ibis",
        "utf-8",
        "utf-16",
        "iso-8859-1",
        "windows-1252",
        "SIPOC",
        "RACI",
        "nullValues",
        "missingValues",
        "invalidValues",
        "duplicateValues",
        "rowCount",
    ]
)
"""Names of formats, engines and rules of data contracts: they are written alike in every language."""
SAID_AS_DATA = (
    # States of revisions, as the audit trail words them.
    "obsolete since {first}", "in force since {first}", "in force", "takes effect on {first}", "draft", "deleted", "superseded",
    "was overtaken before it took effect on {first}", "was in force from {first}", "was in force from {first} to {last}",
    # Meanings and results of approvals.
    "review", "approval", "confirmed", "change", "withdraw", "no change control", "the strictest rule",
    # What a vote rests on.
    "said on the forge", "signed; the time is the signer's own", "signed; time proven",
    # Words of judged values, and headings of scorecards.
    "no target to judge it by", "no value", "within limits", "no data", "not trusted", "no target", "improving", "worsening", "steady",
    "Outcome", "Activity", "Other KPIs", "No process", "Numbers you own", "last period", "no value yet",
    # Relations that no field declares, and what makes a document come up.
    "mentioned in", "new revision",
    # Texts that come as values of a list in a template.
    "Management", "Core", "Support", "Review", "Approval",
)  # fmt: skip
"""Texts that reach `t` as data: they are made below the pages, where no language is known."""


def collected() -> dict[str, set[str]]:
    """Return every text with the places that say it."""
    found: dict[str, set[str]] = {}
    for text, place in _all():
        if text not in NAMES and (re.search(r"[A-Za-z]{2}", text) or "1,2" in text):
            found.setdefault(text, set()).add(place)
    return found


def places(text: str) -> set[str]:
    """Return the {names} in a text."""
    return set(_PLACE.findall(text))


def _all() -> Iterator[tuple[str, str]]:
    yield from _in_templates()
    yield from _in_python()
    yield from _in_scripts()
    yield from _in_item_types()
    shell_words = _Recorder()
    shell._words(shell_words)
    yield from ((text, "shell") for text in shell_words.asked)
    for table in (model.WORDS, words.TRENDS):
        yield from ((text, "tables") for text in table.values())
    yield from ((text, "measures") for text in _returned(Measures.missing))
    yield from ((text, "coverage") for text in coverage.words.TEXTS)
    yield from ((text, "data") for text in (*SAID_AS_DATA, *wording.MONTHS, *calendar.WEEKDAYS))


class _Recorder(Words):
    """Notes what it is asked to say."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __call__(self, text: object, **values: Any) -> Any:
        self.asked.append(str(text))
        return super().__call__(text, **values)


def _in_templates() -> Iterator[tuple[str, str]]:
    environment = jinja2.Environment(comment_start_string="{!#", comment_end_string="#!}")
    for file in [*PACKAGE.rglob("*.j2")]:
        tree = environment.parse(file.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "t" and call.args:
                yield from ((text, file.name) for text in _constants(call.args[0]))


def _constants(node: nodes.Node) -> Iterator[str]:
    """The texts an expression can be: a literal, or either side of a choice."""
    if isinstance(node, nodes.Const):
        yield str(node.value)
    elif isinstance(node, nodes.CondExpr):
        for side in (node.expr1, node.expr2):
            if side is not None:
                yield from _constants(side)
    elif isinstance(node, nodes.Or):
        yield from _constants(node.left)
        yield from _constants(node.right)


def _in_python() -> Iterator[tuple[str, str]]:
    for folder in ("pages", "diagrams", "exports", "commands"):
        for file in (PACKAGE / folder).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and call.args and _says(call.func):
                    yield from ((text, file.name) for text in _literals(call.args[0]))


def _literals(node: ast.expr) -> Iterator[str]:
    """The texts an expression of Python can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _literals(value)


def _says(function: ast.expr) -> bool:
    """Tell whether a call says a text: t(…), view.t(…), words(…) in the shell, self(…) in the words themselves."""
    if isinstance(function, ast.Attribute):
        return function.attr == "t"
    return isinstance(function, ast.Name) and function.id in ("t", "words", "self")


def _in_scripts() -> Iterator[tuple[str, str]]:
    for file in (PACKAGE / "pages" / "assets").rglob("*.js"):
        for match in _SCRIPT.finditer(file.read_text(encoding="utf-8")):
            yield match.group(1).encode().decode("unicode_escape"), file.name


def _in_item_types() -> Iterator[tuple[str, str]]:
    types, _ = schema.read_types(None, parse_yaml_bytes)
    for name, kind in types.items():
        yield kind.title, name
        yield kind.plural, name
        yield str(kind.schema["description"]), name
        for state, about in kind.states.items():
            label = str(about.get("label", state))
            yield label, name
            yield label.lower(), name
        for prop in kind.properties.values():
            yield from ((text, name) for text in _in_property(mapping_of(prop)))


def _in_property(prop: Mapping[str, Any]) -> Iterator[str]:
    if "title" in prop:
        yield str(prop["title"])
    yield from (str(value) for value in prop.get("enum", ()) if isinstance(value, str))
    if "x-due" in prop:
        yield str(prop["x-due"]["what"])
    if "inverse" in mapping_of(prop.get("x-link")):
        yield str(prop["x-link"]["inverse"])
    for inner in mapping_of(prop.get("properties")).values():
        yield from _in_property(mapping_of(inner))
    if "items" in prop:
        yield from _in_property(mapping_of(prop["items"]))


def _returned(function: Any) -> Iterator[str]:
    """The whole sentences that a function can return."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    made = {id(part) for joined in ast.walk(tree) if isinstance(joined, ast.JoinedStr) for part in joined.values}
    for node in ast.walk(tree):
        inside = ast.walk(node.value) if isinstance(node, ast.Return) and node.value is not None else ()
        for part in inside:
            if isinstance(part, ast.Constant) and id(part) not in made and " " in str(part.value).strip():
                yield str(part.value)


def table(language: str = "de") -> dict[str, str]:
    """Return the texts of a language as they stand in its file."""
    from qmsctl.pages.wording import texts

    return texts((PACKAGE / "languages" / f"{language}.yaml").read_bytes())


if __name__ == "__main__":
    for text in sorted(collected()):
        print(text)
