"""Light and steady, with 400 items and with 2,000: what a first view costs, and that nothing jumps while it comes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qmsctl.engines.serve import _Handler
from tests.sites import Watch, kinds, large, proof, serving, site_of
from tests.test_browser import browser
from tests.test_site import read

pytestmark = pytest.mark.browser
__all__ = ["browser", "large", "proof"]
HEAVIEST = 300_000
SHIFT = 0.02
STEADY = {
    "proof": ("index.html", "processes/PRC-007.html", "kpis/KPI-001.html", "documents.html"),
    "large": ("index.html", "processes/PRC-031.html", "kpis/KPI-085.html", "documents.html"),
}


@pytest.fixture(scope="module", params=["proof", pytest.param("large", marks=pytest.mark.heavy)])
def built(request: pytest.FixtureRequest) -> tuple[str, Path]:
    return request.param, site_of(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def served(built: tuple[str, Path]) -> Iterator[str]:
    """Served as ``qmsctl site serve`` does: packed, and with the script that reloads."""
    with serving(built[1], _Handler) as (address, _):
        yield address


def test_a_first_view_is_light(browser: Any, built: tuple[str, Path], served: str) -> None:
    """Every kind of page, with all that it loads until it is at rest, fonts aside."""
    faults, context = [], None
    for name in kinds(built[1]):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.route("**/__qms", lambda route: route.fulfill(body="0"))
        page = context.new_page()
        sizes: list[tuple[str, int]] = []
        page.on("requestfinished", lambda r, s=sizes: s.append((r.url, r.sizes()["responseBodySize"])))
        page.goto(f"{served}/{name}")
        page.wait_for_timeout(150)
        total = sum(size for url, size in sizes if not url.endswith(".woff2"))
        if total > HEAVIEST:
            faults.append(f"{name}: {total} bytes; {sorted(sizes, key=lambda row: -row[1])[:3]}")
        context.close()
    assert not faults, "\n".join(faults)


def test_the_server_of_previews_packs_and_keeps_the_policy(browser: Any, built: tuple[str, Path], served: str) -> None:
    context = browser.new_context()
    watch = Watch(context, served)
    page = context.new_page()
    answer = page.goto(f"{served}/index.html")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < (built[1] / "index.html").stat().st_size / 2
    with page.expect_response("**/__qms") as asked:
        pass
    assert asked.value.text() == str(_Handler.version[0])
    with page.expect_navigation():
        _Handler.version[0] += 1
    context.close()
    watch.nothing()


def test_navigation_does_not_grow_with_the_system(built: tuple[str, Path]) -> None:
    """What stands around the content is the same few links on every page."""
    names = {name: read_one(built[1], name) for name in kinds(built[1])}
    for name, links in names.items():
        assert len(links) < 40, name


def read_one(site: Path, name: str) -> list[str]:
    text = (site / name).read_text(encoding="utf-8")
    before, rest = text.split('<main id="content"', 1)
    from tests.test_site import Page

    return Page(before + rest.split("</main>", 1)[1]).links


SHIFTS = """() => { window.shifted = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) { if (!e.hadRecentInput) { window.shifted += e.value; } } })
  .observe({type: 'layout-shift', buffered: true}); }"""


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_jumps_while_a_page_comes(browser: Any, built: tuple[str, Path], served: str, width: int) -> None:
    faults = []
    for name in STEADY[built[0]]:
        context = browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.add_init_script(f"({SHIFTS})()")
        page.goto(f"{served}/{name}")
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(400)
        shifted = page.evaluate("window.shifted")
        if shifted >= SHIFT:
            faults.append(f"{name} at {width}: {shifted:.3f}")
        context.close()
    assert not faults, "\n".join(faults)


def test_pages_alone_stay_small(built: tuple[str, Path]) -> None:
    """No page of the whole site is heavy by itself, whichever item it is of."""
    packed = {
        f.relative_to(built[1]).as_posix(): len(gzip.compress(f.read_bytes(), 6)) for f in built[1].rglob("*.html")
    }
    heavy = {name: size for name, size in packed.items() if size > 200_000 and "-handbook" not in name}
    assert heavy == {}
    assert {name: size for name, size in packed.items() if size > HEAVIEST} == {}


@pytest.mark.heavy
def test_no_link_of_a_large_system_is_dead(large: Path) -> None:
    from tests.test_site import dead_links

    dead = dead_links(site_of(large), read(site_of(large)))
    assert not dead, "\n".join(dead[:50])
