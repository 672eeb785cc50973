"""The intranet in a real browser: every kind of page fits, asks nobody else, keeps its policy, and works under a sub-path, as files and without scripts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import in_ci
from tests.sites import GONE, OLD_ID, OVERDUE, SUCCESSOR, Watch, is_redirect, kinds, proof, serving, site_of

pytestmark = pytest.mark.browser
__all__ = ["browser", "proof"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


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


@pytest.fixture(scope="module")
def site(proof: Path) -> Path:
    return site_of(proof)


@pytest.fixture(scope="module")
def intranet(site: Path) -> Iterator[tuple[str, list[str]]]:
    with serving(site) as served:
        yield served


@pytest.fixture(scope="module")
def address(intranet: tuple[str, list[str]]) -> str:
    return intranet[0]


@pytest.mark.parametrize(("language", "widths"), [("", (1440, 1024, 390)), ("de", (390, 1440))])
def test_every_kind_of_page_fits_asks_nobody_else_and_keeps_its_policy(
    browser: Any, site: Path, intranet: tuple[str, list[str]], language: str, widths: tuple[int, ...]
) -> None:
    """The network is cut off but for the site itself, which lies under a sub-path and sends its policy as a header too."""
    address, missing = intranet
    missing.clear()
    context = browser.new_context(viewport={"width": widths[0], "height": 900})
    watch = Watch(context, address)
    page = context.new_page()
    faults = []
    for name in kinds(site, language):
        if name == "404.html":  # served at any depth, so it knows its site by the site's address alone
            continue
        page.goto(f"{address}/{name}")
        if page.locator("h1").count() != 1:
            faults.append(f"{name} has {page.locator('h1').count()} h1")
        if not page.get_by_text("Preview." if not language else "Vorschau.").first.is_visible():
            faults.append(f"{name} does not say that it is a preview")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                faults.append(f"{name} is {wide} px too wide at {width}")
        ids = page.evaluate("Array.from(document.querySelectorAll('[id]')).map(e => e.id)")
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            faults.append(f"{name} has ids twice: {twice}")
        broken = page.evaluate("Array.from(document.images).filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
        faults += [f"{name} shows no {picture}" for picture in broken]
    context.close()
    watch.nothing()
    assert missing == []
    assert not faults, "\n".join(faults)


def test_nothing_in_any_page_could_run(site: Path) -> None:
    """No script inside a page, no handler, no address that is a program; and the policy stands on every page."""
    inside = re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE)
    handler = re.compile(r"<[a-z][^<>]*\son[a-z]+\s*=", re.IGNORECASE)
    program = re.compile(r"""(?:href|src|action)\s*=\s*["']?\s*(?:javascript|vbscript|data:text)""", re.IGNORECASE)
    policy = re.compile(r"""http-equiv="Content-Security-Policy" content="([^"]*)\"""")
    faults = []
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        faults += [f"{file.name}: {found}" for rule in (inside, handler, program) for found in rule.findall(text)]
        if is_redirect(file):
            continue
        said = policy.search(text)
        rules = dict(part.strip().split(" ", 1) for part in said.group(1).split(";")) if said else {}
        if rules.get("script-src") != "'self'" or rules.get("default-src") != "'self'":
            faults.append(f"{file.name}: policy {rules}")
    assert not faults, "\n".join(faults)


def test_all_scripts_do_without_what_the_policy_forbids(site: Path) -> None:
    loaded = {
        name
        for page in kinds(site)
        for name in re.findall(r'src="[./]*(assets/[^"?]+)', (site / page).read_text(encoding="utf-8"))
    }
    assert len(loaded) > 4
    for file in (site / name for name in loaded if name.endswith(".js")):
        text = file.read_text(encoding="utf-8")
        assert not re.search(
            r"\beval\(|new Function\(|document\.write\(|\.innerHTML\s*=|https?://(?!www\.w3\.org)", text
        ), file


def test_links_lead_somewhere_in_every_language(site: Path) -> None:
    """Also the files beside pages, and the anchors; seen as a folder, so that a saved copy works."""
    from tests.test_site import dead_links

    dead = dead_links(site)
    assert not dead, "\n".join(dead)


def test_a_saved_copy_is_read_and_searched_offline(browser: Any, site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "a copy of the intranet"
    shutil.copytree(site, copy)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    watch = Watch(context, "file://")
    page = context.new_page()
    page.goto((copy / "index.html").as_uri())
    page.locator(".qms-tile").filter(has_text="Buy and receive").click()
    page.wait_for_url("**/processes/PRC-007.html")
    page.locator(".qms-tablist").get_by_role("tab", name="Steps").click()
    assert page.evaluate("location.hash") == "#steps"
    page.get_by_role("tabpanel").get_by_role("link", name="Incoming inspection").first.click()
    page.wait_for_url("**/sops/SOP-014.html*")
    pictures = page.evaluate("Array.from(document.images).map(i => i.naturalWidth)")
    assert pictures
    assert all(pictures)
    page.locator("header input[name=q]").fill("ask for a waiver")
    page.locator("[role=option]").filter(has_text="Ask for a concession").click()
    page.wait_for_url("**/sops/SOP-006.html#ask-concession")
    page.goto((copy / "documents.html").as_uri())
    page.locator(".qms-reg.is-ready").wait_for()
    assert page.locator(".qms-reg tbody tr").count() > 10
    context.close()
    watch.nothing()


def test_pages_can_be_read_without_scripts(browser: Any, site: Path, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/index.html")
    assert page.get_by_role("navigation", name="Sections").get_by_role("link", name="Documents").is_visible()
    page.locator(".qms-tile").filter(has_text="Buy and receive").click()
    for view in ("Flow", "SIPOC", "Turtle", "Steps"):
        assert page.get_by_role("heading", name=view, exact=True).count() == 1
    assert page.locator("#steps").is_visible()
    page.goto(f"{address}/documents.html")
    assert page.get_by_role("link", name="Incoming inspection").first.is_visible()
    context.close()


def test_views_keep_their_place_and_a_chosen_step(browser: Any, address: str) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"{address}/processes/PRC-007.html#steps")
    tabs = page.locator(".qms-tablist")
    assert tabs.get_by_role("tab", selected=True).inner_text() == "Steps"
    page.goto(f"{address}/processes/PRC-007.html#inspect-lot")
    page.wait_for_function("document.querySelector('[data-qms-tabs]').dataset.step === 'inspect-lot'")
    before = tabs.evaluate("e => Math.round(e.getBoundingClientRect().top)")
    for view in ("RACI", "SIPOC", "Steps"):
        if tabs.get_by_role("tab", name=view).count():
            tabs.get_by_role("tab", name=view).click()
            assert abs(tabs.evaluate("e => Math.round(e.getBoundingClientRect().top)") - before) <= 2
    shared = page.url
    assert shared.endswith("~inspect-lot")
    fresh = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    fresh.goto(shared)
    assert fresh.locator(".qms-tablist").get_by_role("tab", selected=True).inner_text() == "Steps"
    assert fresh.locator(".qms-shown .qms-chosen").first.is_visible()


def test_a_word_of_the_glossary_is_explained_on_hover_and_on_focus(browser: Any, address: str) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"{address}/sops/SOP-014.html")
    word = page.locator("a.qms-term").first
    said = word.get_attribute("aria-description")
    assert ":" in said
    tip = page.get_by_role("tooltip")
    word.scroll_into_view_if_needed()
    word.hover()
    assert tip.inner_text() == said
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1440
    page.mouse.move(2, 2)
    assert tip.count() == 0
    word.focus()
    assert tip.inner_text() == said
    page.keyboard.press("Escape")
    assert tip.count() == 0


def test_an_earlier_id_leads_on_and_says_so(browser: Any, site: Path, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/sops/{OLD_ID}.html")
    page.wait_for_url("**/sops/SOP-014.html?from=*")
    assert f"You asked for {OLD_ID}." in page.locator("[role=status].qms-notice").inner_text()
    page.close()
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{address}/sops/{OLD_ID}.html")
    plain.wait_for_url("**/sops/SOP-014.html?from=*")


def test_who_comes_from_outside_is_led_to_what_took_the_place(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/sops/{GONE}.html")
    page.wait_for_url(f"**/sops/{SUCCESSOR}.html?from={GONE}")
    assert f"You asked for {GONE}." in page.locator("[role=status].qms-notice").inner_text()
    page.goto(f"{address}/registers/sop.html")
    page.evaluate(f"location.href = '{address}/sops/{GONE}.html'")
    page.wait_for_url(f"**/sops/{GONE}.html")
    assert "Do not work by it." in page.locator(".qms-notice-bad").first.inner_text()
    assert page.get_by_role("link", name=SUCCESSOR).first.is_visible()


def test_what_is_overdue_is_said_where_it_is_read(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/roles/quality-engineer.html")
    late = page.locator("#due ~ div tr, #due + div tr").filter(has_text=OVERDUE[1])
    assert "overdue by" in late.first.inner_text()
    page.close()


def test_a_page_that_is_not_there_leads_back(browser: Any, site: Path) -> None:
    page = browser.new_page()
    with serving(site, Quiet) as (address, _):
        page.goto(f"{address}/404.html")
        assert page.locator("h1").count() == 1
        page.locator(".qms-brand").click()
        page.wait_for_url(f"{address}/index.html")
    page.close()
