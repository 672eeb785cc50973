"""QR codes: drawn once for each address, and kept for the next build."""

from __future__ import annotations

import html
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qmsctl import shelf

MOST = 50_000
"""How many codes are kept at most."""
_BORDER = 2
_known: dict[str, bytes] = {}
"""Rows of squares, light and dark as 0 and 1, by what a code says."""
_fresh: dict[str, bytes] = {}


def qr_code(text: str, words: str) -> Any:
    """Return a text as a QR code: an SVG of black squares with its meaning in words."""
    from markupsafe import Markup

    size, path = _drawn(squares(text))
    said = html.escape(words)
    return Markup(
        f'<svg class="qms-code" viewBox="0 0 {size} {size}" role="img" aria-label="{said}"'
        f' shape-rendering="crispEdges"><title>{said}</title><path d="{path}"/></svg>'
    )


def squares(text: str) -> bytes:
    """The squares of a code, row by row, light and dark as 0 and 1."""
    found = _known.get(text)
    if found is None:
        import segno

        code = segno.make(text, error="m", micro=False)
        found = _known[text] = _fresh[text] = b"".join(bytes(row) for row in code.matrix_iter(border=_BORDER))
    return found


@lru_cache(maxsize=4096)
def _drawn(rows: bytes) -> tuple[int, str]:
    """The number of squares on a side of a code, and the dark ones as a path."""
    size = round(len(rows) ** 0.5)
    return size, "".join(f"M{at % size} {at // size}h1v1h-1z" for at, dark in enumerate(rows) if dark)


def drawn() -> dict[str, bytes]:
    """Return the codes that were drawn since this was last asked."""
    found = dict(_fresh)
    _fresh.clear()
    return found


def learn(found: dict[str, bytes]) -> None:
    """Take over codes that another process drew."""
    _known.update(found)


def take(root: Path) -> None:
    """Take over the codes that an earlier build drew."""
    found = shelf.read(_file(root), _key())
    if isinstance(found, dict):
        _known.update(found)


def keep(root: Path) -> None:
    """Keep the codes for the next build."""
    shelf.write(_file(root), _key(), _known if len(_known) <= MOST else {})


def _file(root: Path) -> Path:
    return root / shelf.FOLDER / "codes"


def _key() -> bytes:
    # What draws is only read where something is to be drawn; its version stands in its first file.
    spec = find_spec("segno")
    drawn_by = Path(spec.origin).read_bytes() if spec is not None and spec.origin is not None else b""
    return shelf.digest("codes", drawn_by, _BORDER)
