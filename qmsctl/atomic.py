"""Files written as a whole: who reads one sees the old content or the new, never a half."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def write_whole(file: Path, content: bytes | str) -> None:
    """Write a file, and its folders, so that it changes in one moment. Raises OSError.

    Two processes that write the same file at the same time do not disturb each other; the last one wins.
    Text is written as UTF-8 with its line ends as they are.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name[:150]}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
