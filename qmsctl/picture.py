"""Pictures as files: which of them texts show, whether they can be read, and whether a drawing could run something."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote
from xml.parsers import expat

from qmsctl import body, tracking
from qmsctl.loader import Loaded
from qmsctl.model import Item
from qmsctl.references import body_links

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
MOST_BYTES = 5_000_000
"""How large a drawing may be; a larger one is not read."""
_HEAD = 256 * 1024
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BEGINS = {
    ".png": re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR.{17}", re.DOTALL),
    ".jpg": re.compile(rb"\xff\xd8\xff"),
    ".jpeg": re.compile(rb"\xff\xd8\xff"),
    ".gif": re.compile(rb"GIF8[79]a"),
    ".webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
_SVG = "http://www.w3.org/2000/svg"
_ENCODINGS = {"utf-8", "utf-16", "us-ascii", "ascii", "iso-8859-1", "windows-1252"}
_ACTIVE = {"script", "foreignobject", "handler", "listener", "iframe", "frame", "embed", "object", "applet", "audio"} | {
    "video", "canvas", "base", "link", "meta", "form", "input", "button", "html", "body", "discard"
}  # fmt: skip
_ADDRESS = {"href", "src", "srcset", "base", "action", "formaction", "data", "ping", "from", "to", "by", "values"}
_NAMES_LATER = {"from", "to", "by", "values"}
"""They hold an address only where a drawing changes an address while it is looked at."""
_INSIDE = re.compile(r"#|data:image/(?:png|jpeg|jpg|gif|webp)[;,]", re.IGNORECASE)
_FETCHED = re.compile(r"""url\(\s*["']?\s*(?=(.{0,40}))""", re.IGNORECASE | re.DOTALL)
_OTHER_FETCH = re.compile(r"@import|@namespace|(?<![\w-])(?:-webkit-)?(?:image-set|cross-fade|image|src)\(|expression\(|-moz-binding", re.IGNORECASE)  # fmt: skip
_CODE = re.compile(r"(?:java|vb|live)script:|data:text/|data:[a-z]+/[a-z+]*xml|data:image/svg", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)


@dataclass(frozen=True)
class Flaw:
    """What is wrong with the file of a picture, and in which line of it."""

    line: int
    what: str


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a drawing: why it cannot be read, and what in it is active."""

    unreadable: Flaw | None = None
    active: tuple[Flaw, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A picture as a text names it. ``file`` is None where it lies outside the repository."""

    item: Item
    link: body.BodyLink
    file: Path | None

    @property
    def there(self) -> bool:
        return self.file is not None and is_file(self.file)


def inside(target: str, folder: Path, root: Path) -> Path | None:
    """The file that a text in ``folder`` names, there or not; None if it lies outside ``root``."""
    name = unquote(target)
    if ":" in target or "\0" in name:
        return None
    file = folder / name
    return file if file.resolve().is_relative_to(root.resolve()) else None


def path_from(item: Item, target: str) -> str:
    """The path below the root, as written, of a file that the text of an item names."""
    return f"{item.path.rpartition('/')[0]}/{unquote(target)}"


def is_file(file: Path) -> bool:
    """Tell whether a file is there, whatever its name."""
    try:
        return file.is_file()
    except OSError:
        return False  # a name that no file can have


def shown(item: Item, root: Path) -> Iterator[Shown]:
    """Yield the pictures that the text of an item names."""
    for link in body_links(item):
        if link.image:
            tracking.saw(tracking.FILE, path_from(item, link.target))
            yield Shown(item, link, inside(link.target, (root / item.path).parent, root))


def all_shown(loaded: Loaded) -> Iterator[Shown]:
    """Yield the pictures that the texts of a system name, translations included."""
    for item in (*loaded.qms.items.values(), *(t.content for t in loaded.qms.translations)):
        yield from shown(item, loaded.root)


def path_of(file: Path, root: Path) -> str:
    """The path of a picture inside the repository, without ways up."""
    return file.resolve().relative_to(root.resolve()).as_posix()


def unreadable(file: Path) -> Flaw | None:
    """Say why a picture cannot be read; None if it can."""
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        return Flaw(1, f"no picture of the kind `{suffix or file.name}` is shown; use SVG, PNG, JPEG, GIF or WebP")
    if suffix == ".svg":
        return judged(file).unreadable
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
            stream.seek(-min(_HEAD, stream.seek(0, os.SEEK_END)), os.SEEK_END)
            tail = stream.read(_HEAD)
    except OSError as error:
        return Flaw(1, str(error.strerror or error))
    if not head:
        return Flaw(1, "the file is empty")
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}.get(suffix, suffix[1:].upper())
    if not _BEGINS[suffix].match(head) or (kind == "JPEG" and len(head) < _HEAD and jpeg_size(head) == (0, 0)):
        return Flaw(1, f"the file does not begin as {kind} does")
    if kind == "PNG" and b"IEND\xaeB`\x82" not in tail:
        return Flaw(1, "the file breaks off before its end")
    return None


def judged(file: Path) -> Verdict:
    """Judge a drawing. What cannot be read as a whole may still run in part, so it counts as active for pages too."""
    try:
        told = file.stat()
        return _judged(file, told.st_mtime_ns, told.st_size)
    except OSError as error:
        return Verdict(Flaw(1, str(error.strerror or error)))


@lru_cache(maxsize=4096)
def _judged(file: Path, _changed: int, _size: int) -> Verdict:
    with file.open("rb") as stream:
        return judge(stream.read(MOST_BYTES + 1))


def inert(file: Path) -> bool:
    """Tell whether a picture can be opened by itself in a browser and run nothing."""
    if file.suffix.lower() != ".svg":
        return True
    found = judged(file)
    return found.unreadable is None and not found.active


def judge(data: bytes) -> Verdict:
    """Judge the bytes of a drawing: whether they are an SVG, and what in it could run or fetch something."""
    if len(data) > MOST_BYTES:
        return Verdict(Flaw(1, f"the drawing has more than {MOST_BYTES // 1_000_000} MB"))
    if not data.strip():
        return Verdict(Flaw(1, "the file is empty"))
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        why = expat.errors.messages.get(error.code, "not well formed")
        return Verdict(Flaw(error.lineno, f"no XML, {why}"), tuple(reader.found))
    except _Stop as stop:
        return Verdict(stop.flaw, tuple(reader.found))
    except (ValueError, LookupError):
        return Verdict(Flaw(1, "save it as UTF-8"), tuple(reader.found))
    return Verdict(None, tuple(reader.found))


class _Stop(Exception):
    """Nothing more is read; with the reason why the drawing cannot be read, if that is why."""

    def __init__(self, flaw: Flaw | None = None) -> None:
        super().__init__()
        self.flaw = flaw


class _Reader:
    """Walks through a drawing and notes what is active. No entity is ever expanded."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.ProcessingInstructionHandler = self._instruction
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.buffer_text = True
        self.found: list[Flaw] = []
        self.depth = 0
        self.style: list[str] = []
        self.style_at = 0

    def _note(self, what: str, line: int = 0) -> None:
        if len(self.found) < 20:
            self.found.append(Flaw(line or self.parser.CurrentLineNumber, what))

    def _declared(self, _version: str, encoding: str | None, _alone: int) -> None:
        if encoding and encoding.lower() not in _ENCODINGS:
            raise _Stop(Flaw(1, f"it is written as {encoding[:20]}; save it as UTF-8"))

    def _doctype(self, *_: object) -> None:
        self._note("<!DOCTYPE")
        raise _Stop

    def _instruction(self, target: str, _: str) -> None:
        self._note(f"<?{target[:40]}")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if not self.depth and (space, local) != (_SVG, "svg"):
            raise _Stop(Flaw(self.parser.CurrentLineNumber, f"no SVG, it begins with <{local[:40]}>"))
        self.depth += 1
        local = local.lower()
        if local in _ACTIVE or space.startswith("http://www.w3.org/1999/xhtml") or "MathML" in space:
            self._note(f"<{name.rpartition(' ')[2][:40]}>")
        changes = next(
            (v.strip().rpartition(":")[2].lower() for k, v in attributes.items() if k == "attributeName"), ""
        )
        if changes.startswith("on"):
            self._note(f"attributeName={changes[:40]}")
        for full, value in attributes.items():
            self._attribute(full.rpartition(" ")[2], value, changes in ("href", "src", "base"))
        if local == "style" and not self.style_at:
            self.style, self.style_at = [], self.parser.CurrentLineNumber

    def _attribute(self, name: str, value: str, changes_address: bool) -> None:
        lower = name.lower()
        plain = re.sub(r"[\x00-\x20\x7f-\xa0]", "", value)
        address = lower in _ADDRESS and (lower not in _NAMES_LATER or changes_address)
        outside = address and any(not _INSIDE.match(p) for p in _addresses(lower, plain))
        if lower.startswith("on") or outside or _CODE.search(plain) or fetches(value):
            self._note(f"{name[:40]}=")

    def _end(self, name: str) -> None:
        self.depth -= 1
        if self.style_at and name.rpartition(" ")[2].lower() == "style":
            if fetches("".join(self.style)):
                self._note("a style that fetches something", self.style_at)
            self.style, self.style_at = [], 0

    def _text(self, said: str) -> None:
        if self.style_at:
            self.style.append(said)


def _addresses(name: str, value: str) -> list[str]:
    return [part for part in value.split(";") if part] if name == "values" else [value] if value else []


def fetches(text: str) -> bool:
    """Tell whether a style fetches something from outside the drawing, however it is written."""
    for form in {text, _ESCAPE.sub(_unescaped, text)}:
        for way in {form, _uncommented(form)}:
            if _OTHER_FETCH.search(way) or any(not _INSIDE.match(found) for found in _FETCHED.findall(way)):
                return True
    return False


def _uncommented(text: str) -> str:
    first, *rest = text.split("/*")
    return first + "".join(part.partition("*/")[2] for part in rest)


def _unescaped(match: re.Match[str]) -> str:
    code, sign = match.groups()
    if code is None:
        return str(sign)
    number = int(code, 16)
    return chr(number) if number < 0x110000 else ""


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk from segment to segment to the one that tells the size; (0, 0) if it does not come."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if kind in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        at += 2 + max(length, 2)
    return 0, 0
