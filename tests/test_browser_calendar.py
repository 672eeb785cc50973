"""The calendar and the pages about the whole in a real browser: filtered, shared, printed, by keyboard, as files."""

from __future__ import annotations

import datetime
import re
import shutil
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from qmsctl import checks, engines, pages
from qmsctl.graph import Graph
from qmsctl.loader import load
from qmsctl.measures.board import Measures
from qmsctl.pages.performance import Performance
from tests.conftest import TODAY, in_ci

pytestmark = pytest.mark.browser

LONG = "a title that goes on and on, as titles do once several people have had a hand in them"
CONTROLLED = {"revision": "1.0", "effective": "2026-11-02", "owner": "chief", "review_every": "48 months",
              "change": f"Written anew, because {LONG}, and nobody read it to the end."}  # fmt: skip
FOLDERS = {"role": "roles", "process": "processes", "interested-party": "interested-parties", "kpi": "kpis",
           "kpi-log": "kpi-logs", "risk": "risks", "strategy": "strategy", "person": "people",
           "objective": "objectives"}  # fmt: skip


def items() -> Iterator[dict[str, Any]]:
    """Yield a system in which much is wrong, everything has a long title, and 300 things are due."""
    for role in ("chief", "clerk"):
        yield {"id": role, "type": "role", "title": role.capitalize(), "purpose": "Answers for it.", **CONTROLLED}
    for n in range(5):
        yield {"id": f"empty-{n}", "type": "role", "title": f"Role {n} with {LONG}", "purpose": "It.", **CONTROLLED}
    yield {"id": "p-001", "type": "person", "roles": ["chief", "clerk"]}
    themes = [{"key": f"theme-{n}", "title": f"Theme {n} with {LONG}", "why": "For it.", "sponsor": "chief"} for n in range(6)]  # fmt: skip
    yield {"id": "STR-001", "type": "strategy", "title": "Strategy", "purpose": "It.", "vision": "It.", "themes": themes, **CONTROLLED}  # fmt: skip
    for n in range(1, 7):
        yield {"id": f"KPI-{n:03d}", "type": "kpi", "title": f"Figure {n} with {LONG}", "kind": "outcome",
               "formula": "Counted.", "unit": "parts", "direction": "lower", "target": 5,
               "limits": {"watch": 7, "off": 9}, "frequency": "monthly", "compute": {"type": "manual"},
               "decimals": 0, "process": "PRC-001", **CONTROLLED}  # fmt: skip
        values = [{"period": f"2026-{m:02d}", "value": 12, "evidence": "Counted by two people.", "recorded": "2026-11-10"} for m in range(1, 11)]  # fmt: skip
        told = [{"period": "2026-10", "cause": LONG, "action": f"We do {LONG}, {LONG}, {LONG}", "who": "chief", "by": "2027-05-05", "written": "2026-11-12"}]  # fmt: skip
        yield {"id": f"LOG-{n:03d}", "type": "kpi-log", "title": "Log", "kpi": f"KPI-{n:03d}", "values": values, "explanations": told}  # fmt: skip
    yield {"id": "PTY-001", "type": "interested-party", "title": "Buyers", "kind": "customer", "owner": "chief",
           "needs": [{"key": "right", "what": "No bad part", "answered_by": ["PRC-001"]}],
           "reviewed": "2026-01-05", "review_every": "24 months"}  # fmt: skip
    for n in range(1, 15):
        yield {"id": f"PRC-{n:03d}", "type": "process", "title": f"Process {n}", "class": "core", "chain": n,
               "purpose": "Makes it.", "customers": ["PTY-001"], "outputs": [{"key": "out", "name": f"Thing {n}"}],
               "inputs": [{"key": "in", "name": "It", "from": [f"PRC-{n - 1:03d}#out"] if n > 1 else ["PTY-001"]}],
               **CONTROLLED}  # fmt: skip
    first = datetime.date(2026, 11, 1)
    for n in range(1, 141):
        day = (first + datetime.timedelta(days=3 * n - 3)).isoformat()
        yield {"id": f"RSK-{n:03d}", "type": "risk", "title": f"Risk {n} with {LONG}", "status": "open",
               "owner": "chief", "cause": "A cause.", "event": "An event.", "effect": "An effect.", "likelihood": 5,
               "severity": 5, "reviewed": "2026-10-01", "review_every": "24 months",
               "actions": [{"key": "act", "what": f"Do {LONG}, {LONG}", "who": "clerk", "by": day}]}  # fmt: skip


def build(root: Path, head: str) -> Path:
    root.mkdir(parents=True)
    (root / "qms.yaml").write_text(f"organisation: Small Works\n{head}", encoding="utf-8")
    for item in items():
        file = (
            root / FOLDERS[item["type"]] / f"{item['id']}.{'md' if item['type'] in ('process', 'strategy') else 'yaml'}"
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(item)
        file.write_text(f"---\n{text}---\n" if file.suffix == ".md" else text, encoding="utf-8")
    loaded = load(root)
    performance = Performance(Measures(loaded, Graph(loaded), root / "build" / "measures", TODAY))
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs", performance=performance)
    return engines.build(root, "mkdocs")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def serve(folder: Path) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("calendar") / "qms", "as_of: 2026-11-16\n")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    server = serve(folder.parent)  # so that the site lies under a sub-path
    yield f"http://127.0.0.1:{server.server_address[1]}/{folder.name}"
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


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield opened
    opened.close()
    assert wrong == []


def shown(page: Any) -> list[str]:
    return [str(said) for said in page.locator(".qms-cal-row a").all_inner_texts()]


def test_overdue_of_a_role_can_be_shared(browser: Any, page: Any, address: str) -> None:
    page.goto(f"{address}/calendar.html")
    page.get_by_label("Who").select_option("clerk")
    page.get_by_label("Overdue only").check()
    found = shown(page)
    assert [text.split()[0] for text in found] == ["RSK-001", "RSK-002", "RSK-003", "RSK-004", "RSK-005"]
    assert page.locator(".qms-cal-past .qms-overdue").all_inner_texts()[-1] == "overdue by 3 days"
    assert page.locator("[data-cal-line]").inner_text() == "5 entries, 5 of them overdue"
    other = browser.new_page()
    other.goto(page.url)
    other.locator("[data-cal-line]", has_text="5 entries").wait_for()
    assert shown(other) == found
    assert other.get_by_label("Overdue only").is_checked()
    other.close()


def test_by_keyboard_alone(page: Any, address: str) -> None:
    page.goto(f"{address}/calendar.html")
    page.get_by_label("Who").focus()
    page.keyboard.type("Cl")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.locator("[data-cal-line]", has_text="5 entries").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hasAttribute('data-cal-share')")
    assert "role=clerk" in page.url
    assert "overdue=yes" in page.url


def test_what_does_not_stand_on_the_page_is_found_all_the_same(page: Any, address: str) -> None:
    page.goto(f"{address}/calendar.html")
    assert len(shown(page)) == 250
    page.get_by_label("Who").select_option("clerk")
    page.locator("[data-cal-line]", has_text="140 entries").wait_for()
    assert "RSK-140" in shown(page)[-1]
    assert page.locator("#m-2027-12").count() == 1


def test_the_feed_follows_the_role(page: Any, address: str) -> None:
    page.goto(f"{address}/calendar.html")
    link = page.get_by_role("link", name="Calendar file")
    assert link.get_attribute("href") == "calendar.ics"
    page.get_by_label("Who").select_option("clerk")
    assert link.get_attribute("href") == "roles/clerk.ics"
    with page.expect_download() as waiting:
        link.click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_opened_as_a_file(browser: Any, folder: Path) -> None:
    page = browser.new_page()
    page.goto(f"{(folder / 'calendar.html').as_uri()}#role=clerk&overdue=yes")
    page.locator("[data-cal-line]", has_text="5 entries").wait_for()
    assert len(shown(page)) == 5
    page.close()


def test_without_scripts_it_reads_on(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/calendar.html")
    assert page.get_by_role("heading", name="Overdue").is_visible()
    assert page.get_by_text("Here are the first 250").is_visible()
    assert not page.get_by_label("Who").is_visible()
    context.close()


def test_overdue_is_counted_by_the_readers_day(browser: Any, tmp_path: Path) -> None:
    server = serve(build(tmp_path / "qms", ""))
    page = browser.new_page()
    page.clock.set_fixed_time(datetime.datetime(2026, 11, 20, 12))
    page.goto(f"http://127.0.0.1:{server.server_address[1]}/calendar.html")
    assert page.locator("#overdue .qms-count").inner_text() == "7"
    assert page.locator("[data-cal-lead]").inner_text() == "7 things are overdue."
    assert page.locator(".qms-cal-past .qms-overdue").last.inner_text() == "overdue by 1 day"
    page.close()
    server.shutdown()


def test_the_executive_page_is_one_sheet_of_a4(page: Any, address: str) -> None:
    page.goto(f"{address}/executive.html")
    assert page.get_by_text("6 figures are off target.").is_visible()
    assert page.get_by_text("5 roles are held by nobody.").is_visible()
    data = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1


def test_a_cell_of_the_matrix_says_what_is_handed_over(page: Any, address: str) -> None:
    page.goto(f"{address}/interactions.html")
    cell = page.locator('a[href="#h-PRC-001-PRC-002"]')
    cell.focus()
    assert cell.locator(".qms-h-pop").bounding_box()["width"] > 20
    page.keyboard.press("Escape")
    assert cell.locator(".qms-h-pop").bounding_box()["width"] <= 1
    page.keyboard.press("Enter")
    assert page.url.endswith("#h-PRC-001-PRC-002")
    assert page.locator("#h-PRC-001-PRC-002").get_by_role("link", name="Thing 1").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_pages_fit_and_ask_nobody_else(browser: Any, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    foreign: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None)
    for name in ("executive", "interactions", "calendar"):
        page.goto(f"{address}/{name}.html")
        assert page.locator("h1").count() == 1
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} px too wide at {width}"
    assert page.locator(".qms-hand-matrix").count() == 0
    page.goto(f"{address}/interactions.html")
    assert page.locator(".qms-hand-matrix").is_visible() == (width > 768)
    assert foreign == []
    context.close()
