"""Pictures in texts keep their place while they come: how large a picture is, read from its file."""

from __future__ import annotations

import html
import re
import struct
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from qmsctl import tracking
from qmsctl.picture import SUFFIXES, inert, inside, is_file, jpeg_size

IMAGE = re.compile(r'<img ([^>]*?src="([^"]+)"[^>]*?)\s*/?>')
_LONGEST = 20_000
_READ = 256 * 1024
_ROOT = re.compile(rb"<svg\b[^>]*>", re.DOTALL)
_SIDE = rb'\s%s="([0-9.]{1,9})(?:px)?"'
_BOX = re.compile(rb'\sviewBox="[-0-9.]{1,9}[ ,]+[-0-9.]{1,9}[ ,]+([0-9.]{1,9})[ ,]+([0-9.]{1,9})"')


def published(target: str) -> str:
    """The name of a picture beside the page that shows it: its path without ways up, so that no two meet in one name."""
    steps = [step for step in unquote(target).split("/") if step not in ("", ".", "..")]
    return "-".join(steps)


def file_of(target: str, folder: Path, root: Path) -> Path | None:
    """The file of a picture that a text in ``folder`` names; None for one that must not be published.

    That is one outside ``root``, one that is no picture, and a drawing that could run something when it is opened.
    """
    file = inside(target, folder, root)
    if file is None or file.suffix.lower() not in SUFFIXES or not is_file(file):
        return None
    return file if inert(file) else None


def placed(text: str, folder: Path, root: Path) -> str:
    """Give each image of a text its width and height, and let those further down come when they are needed.

    ``folder`` is where the pictures of the text lie; nothing outside ``root`` is opened.
    """

    def sized(match: re.Match[str]) -> str:
        target = html.unescape(match.group(2))
        tracking.saw(tracking.FILE, f"{folder.relative_to(root).as_posix()}/{unquote(target)}")
        return f"<img {match.group(1)}{_places(file_of(target, folder, root))}>"

    return IMAGE.sub(sized, text)


def _places(file: Path | None) -> str:
    size = _size(file, file.stat().st_mtime_ns) if file else None
    return (f' width="{size[0]}" height="{size[1]}"' if size else "") + ' loading="lazy"'


@lru_cache(maxsize=4096)
def _size(file: Path, _changed: int) -> tuple[int, int] | None:
    with file.open("rb") as stream:
        return size_of(stream.read(_READ))


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels from the beginning of a PNG, JPEG or SVG; None if they are not told there."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        wide, high = struct.unpack(">II", data[16:24])
    elif data.startswith(b"\xff\xd8"):
        wide, high = jpeg_size(data)
    else:
        wide, high = _svg(data)
    return (wide, high) if 0 < wide <= _LONGEST and 0 < high <= _LONGEST else None


def _svg(data: bytes) -> tuple[int, int]:
    """Take the size from the first element; a drawing without one has that of its viewBox."""
    root = _ROOT.search(data)
    if not root:
        return 0, 0
    sides = [re.search(_SIDE % name, root.group()) for name in (b"width", b"height")]
    box = _BOX.search(root.group())
    told = [side.group(1) for side in sides if side]
    wide, high = told if len(told) == 2 else box.groups() if box else (b"0", b"0")
    try:
        return round(float(wide)), round(float(high))
    except ValueError:
        return 0, 0
