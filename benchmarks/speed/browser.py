"""What a browser asks of a built site: bytes of the first page, bytes and time to the first hit of a search."""

from __future__ import annotations

import re
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.speed.measure import Failure

ROUNDS = 3
WAIT = 60_000
"""Milliseconds that a first hit may take before it is given up."""
# How each site is asked: the box that is typed into (after clicking what opens it), and what shows a hit.
BOXES = {
    "qmsctl": ("", "input[name=q]:visible", ".qms-hits [role=option]"),
    "Material, no navigation": ("", "[data-md-component=search-query]", ".md-search-result__item"),
    "Zensical, no navigation": (".md-search__button", "input:not(.md-toggle)", "li:has(mark)"),
}
LONG = "window.benchHeld = []; new PerformanceObserver(l => l.getEntries().forEach(e => benchHeld.push(e.duration))).observe({type: 'longtask', buffered: true})"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser loaded: bytes and requests of the first page, bytes, seconds and longest hold-up to the first hit."""

    label: str
    size: int
    first: int = 0
    requests: int = 0
    hit: int = 0
    seconds: float = 0.0
    held: float = 0.0
    why: str = ""

    def data(self) -> dict[str, Any]:
        return asdict(self)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def chromium() -> Iterator[Any]:
    """Open Chromium. Raises Failure where it or its driver is not installed."""
    program = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise Failure("playwright is not installed") from error
    if program is None:
        raise Failure("Chromium is not installed")
    with sync_playwright() as play:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = play.chromium.launch(executable_path=program, args=options)
        try:
            yield opened
        finally:
            opened.close()


def ask(opened: Any, label: str, size: int, site: Path, words: str) -> Asked:
    """Load the first page of a site and search for words; each round as a reader who was never there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/index.html"
    try:
        rounds = [_asked(opened, label, size, address, words) for _ in range(ROUNDS)]
    except Exception as error:
        return Asked(label, size, why=f"no hit was shown: {re.split(chr(10), str(error))[0][:120]}")
    finally:
        server.shutdown()
        server.server_close()
    middle = statistics.median(one.seconds for one in rounds)
    return next(one for one in rounds if one.seconds == middle)


def _asked(opened: Any, label: str, size: int, address: str, words: str) -> Asked:
    opener, box, hit = BOXES[label]
    context = opened.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.add_init_script(LONG)
        loaded: list[Any] = []

        def note(response: Any) -> None:
            loaded.append(response)

        context.on("response", note)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        first, count = _bytes(loaded), len(loaded)
        loaded.clear()
        began = time.perf_counter()
        if opener:
            page.locator(opener).first.click()
        page.locator(box).first.press_sequentially(words)
        page.locator(hit).first.wait_for()
        took = time.perf_counter() - began
        page.wait_for_load_state("networkidle")
        held = page.evaluate("Math.max(0, ...benchHeld)") / 1000
        return Asked(label, size, first, count, _bytes(loaded), round(took, 3), round(held, 3))
    finally:
        context.close()


def _bytes(responses: list[Any]) -> int:
    return sum(len(response.body()) for response in responses if response.ok)


def words_of(title: str) -> str:
    """What is typed: the first two words of a title that a document has."""
    return " ".join(title.split()[:2])


def all_sites(sites: dict[str, Path], size: int, words: str, told: Callable[[str], None]) -> list[Asked]:
    """Ask every site that was built."""
    found = []
    try:
        with chromium() as opened:
            for label, site in sites.items():
                asked = ask(opened, label, size, site, words)
                found.append(asked)
                told(
                    f"{label} in the browser: {asked.why or f'{asked.first:,} bytes, first hit after {asked.hit:,} more'}"
                )
    except Failure as failure:
        return [Asked(label, size, why=str(failure)) for label in sites]
    return found
