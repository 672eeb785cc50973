"""Charts, scorecards and the way from a red dot to its rows, in a real browser."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.test_browser import Quiet, browser
from tests.test_site import copy_reference

__all__ = ["browser"]
pytestmark = pytest.mark.browser
PAGES = ["index.html", "performance.html", "strategy.html", "kpis/KPI-001.html", "kpis/KPI-006.html",
         "kpis/KPI-011.html", "kpis/KPI-013.html", "kpis/KPI-028.html", "objectives/OBJ-005.html",
         "processes/PRC-008.html", "roles/plant-manager.html", "locations/westry.html",
         "data-sources/SRC-010.html", "kpi-logs/LOG-013.html"]  # fmt: skip


def run(root: Path, *arguments: str) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The intranet of the reference system with all its data, made by the command that makes it."""
    root = copy_reference(tmp_path_factory.mktemp("measures") / "qms")
    run(root, str(REPOSITORY / "scripts" / "reference_data.py"), str(root / "build" / "data"))
    run(root, "-m", "qmsctl", "site", "build", "--preview")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root / "build" / "site")))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_with_figures_fit_and_ask_nobody_else(browser: Any, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    foreign: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    for name in PAGES:
        page.goto(f"{address}/{name}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px too wide at {width}"
        ids = page.evaluate("Array.from(document.querySelectorAll('[id]')).map(e => e.id)")
        assert len(ids) == len(set(ids)), f"{name} has ids twice: {sorted({i for i in ids if ids.count(i) > 1})}"
    assert foreign == []
    context.close()


def test_a_chart_can_be_seen_and_read_aloud(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/kpis/KPI-013.html")
    chart = page.locator("figure.qms-figure svg:visible").first
    box = chart.bounding_box()
    assert box is not None
    assert box["width"] > 500
    said = page.evaluate("document.querySelector('figure svg desc').textContent")
    assert "October 2026" in said
    assert "Target" in said
    page.get_by_text("All values as a table").click()
    assert page.get_by_role("row", name="July 2026").get_by_text("no rows for westry").is_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.locator("figure.qms-figure svg:visible").first.bounding_box()["width"] <= 390
    page.close()


def test_an_auditor_goes_from_a_red_dot_to_its_rows(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/performance.html")
    page.get_by_role("row", name="off target").get_by_role("link", name="Defects from suppliers").click()
    page.wait_for_url("**/kpis/KPI-011.html")
    page.get_by_text("off target").first.wait_for()
    rows = page.locator("details.qms-more", has_text="October 2026").last
    rows.locator("summary").click()
    assert rows.locator("tbody tr").count() == 10
    with page.expect_download() as download:
        rows.get_by_role("link", name="rows as CSV").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("receipt,")
    assert len(lines) > 2
    page.locator("details.qms-more", has_text="as SQL").locator("summary").first.click()
    assert "SELECT" in page.locator("pre").first.inner_text()
    page.close()


def test_the_value_chain_shows_how_it_stands(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/index.html")
    assert page.get_by_role("link", name="Buy and receive").get_by_text("off target").count() == 1
    assert page.get_by_role("img", name="of the way").count() == 5
    page.close()
