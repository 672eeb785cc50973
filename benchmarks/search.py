"""How well and how lightly the search answers, beside Material's built-in one over the same pages, in Chromium.

`python -m benchmarks.search` prints hit rates and bytes over the reference system; with `--items 5000` it makes a system
of that size besides and prints what its index weighs, what a first hit costs, and how long the browser is held up.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from qmsctl import checks, pages
from qmsctl.loader import load
from tests.conftest import REPOSITORY, TODAY
from tests.test_browser import Quiet
from tests.test_browser_search import written
from tests.test_search import QUESTIONS, generated

MATERIAL = """
site_name: Reference
docs_dir: docs
site_dir: site
use_directory_urls: false
theme: {name: material, font: false}
plugins: [search]
markdown_extensions: [attr_list, {toc: {permalink: true, toc_depth: 3}}]
"""
# What a reader sees: each page that was found, with all its places that were found, also those folded in.
SHOWN = """() => Array.from(document.querySelectorAll('.md-search-result__item')).slice(0, 3).map(
  item => Array.from(item.querySelectorAll('a[href]')).map(a => a.getAttribute('href')))"""
OURS = "q => qmsSearch.find(q.ask, {role: q.role, count: 3}).then(r => r.hits.map(h => [h.url]))"
LONG = "window.held = []; new PerformanceObserver(l => l.getEntries().forEach(e => held.push(e.duration))).observe({type: 'longtask', buffered: true})"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = next(found for n in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(n)))
    with sync_playwright() as play:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = play.chromium.launch(executable_path=program, args=options)
        yield opened
        opened.close()


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(line + "\n")


def weighed(page: Any, part: str) -> dict[str, int]:
    """Collect the bytes of what a page asks for from now on."""
    sizes: dict[str, int] = {}
    page.on("response", lambda r: sizes.update({r.url: len(r.body())}) if re.search(part, r.url) and r.ok else None)
    return sizes


def material(folder: Path, opened: Any) -> tuple[list[list[list[str]]], int, int]:
    """Build the pages with Material's search; return (hits, bytes to the first hit, bytes of the index)."""
    loaded = load(REPOSITORY)
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, folder / "docs")
    shutil.rmtree(folder / "docs" / "assets" / "search", ignore_errors=True)
    (folder / "docs" / "search.md").unlink(missing_ok=True)
    (folder / "mkdocs.yml").write_text(MATERIAL, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=folder, check=True, capture_output=True)
    found = []
    with served(folder / "site") as address:
        page = opened.new_page(viewport={"width": 1440, "height": 900})
        sizes = weighed(page, "search_index.json|workers/search")
        page.goto(f"{address}/index.html")
        box = page.locator("[data-md-component=search-query]")
        box.click()
        page.wait_for_function(
            "document.querySelector('.md-search-result__meta').textContent.trim().startsWith('Type')"
        )
        for question in QUESTIONS:
            box.fill("")
            box.press("End")  # it listens to keys only
            page.wait_for_function("!document.querySelector('.md-search-result__item')")
            box.fill(question["ask"])
            box.press("End")
            page.wait_for_function("/match|found/i.test(document.querySelector('.md-search-result__meta').textContent)")
            page.wait_for_timeout(150)
            found.append(
                [[re.sub(r"^\./|\?[^#]*|^https?://[^/]+/", "", link) for link in item] for item in page.evaluate(SHOWN)]
            )
        page.close()
    return found, sum(sizes.values()), (folder / "site" / "search" / "search_index.json").stat().st_size


def ours(root: Path, folder: Path, opened: Any) -> tuple[list[list[list[str]]], int, int]:
    """Make our index; return (hits, bytes to the first hit, bytes of the index)."""
    folder = written(root, folder)
    with served(folder) as address:
        page = opened.new_page()
        sizes = weighed(page, "/assets/search/|/search.js")
        page.goto(f"{address}/search.html")
        found = [page.evaluate(OURS, question) for question in QUESTIONS[:1]]
        page.wait_for_load_state("networkidle")
        first = sum(sizes.values())
        found += [page.evaluate(OURS, question) for question in QUESTIONS[1:]]
        page.close()
    return found, first, _size(folder)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in (folder / "assets" / "search").rglob("*.js"))


def rates(found: list[list[list[str]]], held: bool | None) -> str:
    """Share of questions answered within 1 and 3, by the page and by the very place."""
    chosen = [
        (q, hits) for q, hits in zip(QUESTIONS, found, strict=True) if held is None or bool(q.get("held")) is held
    ]
    out = []
    for cut in (lambda address: address.split("#")[0], str):
        for most in (1, 3):
            right = sum(
                any(cut(link) in {cut(e) for e in q["expect"]} for item in hits[:most] for link in item)
                for q, hits in chosen
            )
            out.append(f"{100 * right / len(chosen):5.0f} %")
    return " ".join(out) + f"   of {len(chosen)}"


def large(count: int, folder: Path, opened: Any) -> None:
    """Print what the index of a large system weighs and how long it holds the browser up."""
    root = generated(folder / "qms", count)
    began = time.perf_counter()
    site = written(root, folder / "site")
    took = time.perf_counter() - began
    with served(site) as address:
        page = opened.new_page()
        sizes = weighed(page, "/assets/search/")
        page.add_init_script(LONG)
        page.goto(f"{address}/search.html")
        title = next((root / "sops").iterdir()).read_text(encoding="utf-8").split("title: ")[1].split("\n")[0]
        asked = " ".join(word[::-1][1:][::-1] for word in title.split())
        began = time.perf_counter()
        hits = page.evaluate("q => qmsSearch.find(q, {typing: true, count: 8}).then(r => r.total)", asked)
        answered = time.perf_counter() - began
        page.wait_for_load_state("networkidle")
        first = sum(sizes.values())
        for word in ("lor", "ven", "tam", "lorven tamrik", "gorwex"):
            page.evaluate("q => qmsSearch.find(q, {typing: true, count: 8}).then(r => r.total)", word)
        held = page.evaluate("held")
        start = json.loads((site / "assets/search/en/start.js").read_text().split(",", 1)[1].rsplit(")", 1)[0])
        files = sum(1 for _ in (site / "assets" / "search").rglob("*.js"))
        page.close()
    say(
        f"\n{count} items, {start['count']} entries: index {_size(site):,} bytes in {files} files, made in {took:.1f} s"
    )
    say(f"first hit of {asked!r} ({hits} hits): {first:,} bytes in {answered * 1000:.0f} ms")
    say(f"tasks above 50 ms: {[round(ms) for ms in held] or 'none'}")


def main() -> None:
    """Print the comparison."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=0, help="size of a made-up system to weigh besides")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as place, chromium() as opened:
        folder = Path(place)
        mine = ours(REPOSITORY, folder / "ours", opened)
        (folder / "material").mkdir()
        theirs = material(folder / "material", opened)
        say("                              page@1  page@3  place@1 place@3")
        for name, found in (("qmsctl", mine[0]), ("Material's built-in", theirs[0])):
            for held, which in ((None, "all"), (False, "tuned on"), (True, "held out")):
                say(f"{name:20} {which:9} {rates(found, held)}")
        for name, (_, first, index) in (("qmsctl", mine), ("Material's built-in", theirs)):
            say(f"{name:20} {first:>10,} bytes to the first hit, index {index:,} bytes")
        if given.items:
            large(given.items, folder, opened)


if __name__ == "__main__":
    main()
