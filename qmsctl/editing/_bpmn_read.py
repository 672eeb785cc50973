"""Files in BPMN 2.0 as plain values, read so that a hostile one can do no harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from qmsctl.diagrams.bpmn_names import MODEL
from qmsctl.editing._text import EditError

MOST_BYTES, MOST_ELEMENTS, DEEPEST = 8_000_000, 60_000, 100
_MODELS = (MODEL, "http://schema.omg.org/spec/BPMN/2.0")
"""The second is what tools wrote before the standard was finished."""


@dataclass(slots=True)
class Tag:
    """An element of BPMN's own vocabulary, with its text and those below it."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list[Tag] = field(default_factory=list)
    text: str = ""

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    @property
    def title(self) -> str:
        return " ".join(self.attributes.get("name", "").split())

    def each(self, *names: str) -> Iterator[Tag]:
        return (child for child in self.children if child.name in names)

    def said(self, name: str) -> list[str]:
        """The texts of the elements of one name directly below."""
        return [child.text.strip() for child in self.each(name) if child.text.strip()]

    def all(self) -> Iterator[Tag]:
        """Every element below, in the order of the file."""
        waiting = list(reversed(self.children))
        while waiting:
            found = waiting.pop()
            yield found
            waiting += reversed(found.children)


class _Builder:
    """Builds the tree; what is not BPMN's own, such as drawings and extensions, is left out."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.buffer_text = True
        self.root: Tag | None = None
        self.open: list[Tag | None] = []
        self.count = 0

    def _doctype(self, *_: object) -> None:
        raise EditError("the file declares a document type, which BPMN has no use for", "remove the line <!DOCTYPE …>")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if self.count > MOST_ELEMENTS or len(self.open) >= DEEPEST:
            what = "deep" if len(self.open) >= DEEPEST else "large"
            raise EditError(f"the file is too {what} to be the drawing of a process", "export one process at a time")
        space, _, local = name.rpartition(" ")
        if not self.open and (space not in _MODELS or local != "definitions"):
            raise EditError(_other(space, local), "export it as BPMN 2.0 XML")
        above = self.open[-1] if self.open else None
        if space not in _MODELS or (self.open and above is None):
            self.open.append(None)
            return
        found = Tag(local, attributes, self.parser.CurrentLineNumber)
        if above is None:
            self.root = found
        else:
            above.children.append(found)
        self.open.append(found)

    def _end(self, _: str) -> None:
        self.open.pop()

    def _text(self, said: str) -> None:
        if self.open and self.open[-1] is not None:
            self.open[-1].text += said


def _other(space: str, local: str) -> str:
    """Say what a file is that is no BPMN."""
    if local in ("mxfile", "mxGraphModel"):
        return "this is a drawing of draw.io, which knows shapes and no processes"
    if local == "Package" and "XPDL" in space.upper():
        return "this is XPDL"
    return f"this is no BPMN 2.0: it begins with <{local[:40]}>"


def read(content: bytes) -> Tag:
    """Return the root of a BPMN file. Raises EditError with the line where it cannot be read."""
    if len(content) > MOST_BYTES:
        raise EditError(f"the file has more than {MOST_BYTES // 1_000_000} MB", "export one process at a time")
    builder = _Builder()
    try:
        builder.parser.Parse(content, True)
    except expat.ExpatError as error:
        why = expat.errors.messages.get(error.code, "not well formed")
        raise EditError(f"the file is no XML: {why}, line {error.lineno}", "export it again as BPMN 2.0 XML") from error
    except (ValueError, LookupError) as error:
        if isinstance(error, EditError):
            raise
        raise EditError("the file is written in a way that cannot be read", "save it as UTF-8") from error
    if builder.root is None:
        raise EditError("the file is empty", "export it as BPMN 2.0 XML")
    return builder.root
