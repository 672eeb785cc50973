"""The intranet in a real browser: at desk and phone width, with the network cut off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.conftest import in_ci
from tests.test_site import build, copy_reference

pytestmark = pytest.mark.browser
PAGES = ["index.html", "strategy.html", "processes/PRC-007.html", "sops/SOP-014.html", "roles/inspector.html",
         "registers/kpi.html", "compliance/STD-001.html", "risks.html", "kpis/KPI-001.html"]  # fmt: skip


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = build(copy_reference(tmp_path_factory.mktemp("browser") / "qms"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        if in_ci():
            pytest.fail("Chromium is missing, and in CI nothing is skipped")
        pytest.skip("Chromium is not installed; scripts/system-packages.sh installs it")
    with sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_fit_and_ask_nobody_else(browser: Any, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    foreign: list[str] = []
    errors: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    for name in PAGES:
        page.goto(f"{address}/{name}")
        assert page.locator("h1").count() == 1, name
        assert page.get_by_text("Preview.").first.is_visible(), name
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px too wide at {width}"
    assert foreign == []
    assert errors == []
    context.close()


def test_a_stranger_walks_from_theme_to_step(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/index.html")
    page.get_by_role("link", name="Keep every promised date").first.click()
    page.get_by_role("link", name="No critical material from one source").first.click()
    page.get_by_role("link", name="Defects from suppliers").first.click()
    page.get_by_role("link", name="Buy and receive").first.click()
    page.get_by_role("link", name="Incoming inspection").first.click()
    page.wait_for_url("**/SOP-014.html*")
    assert page.locator("#draw-sample").is_visible()
    assert Path(page.url.split("#")[0]).name == "SOP-014.html"
    page.close()


