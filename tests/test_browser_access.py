"""Whoever reads: axe-core finds nothing on any kind of page, light or dark, wide or narrow, and everything is reached by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, in_ci
from tests.sites import kinds, proof, serving, site_of
from tests.test_browser import Quiet, browser

pytestmark = pytest.mark.browser
__all__ = ["browser", "proof"]
AXE = REPOSITORY / "tests" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""What another colour scheme can change."""
OFTEN = ("index.html", "strategy.html", "documents.html", "search.html", "executive.html", "calendar.html",
         "interactions.html", "processes/", "sops/", "roles/", "kpis/", "compliance/", "de/index.html", "de/processes/")  # fmt: skip
"""The pages that are looked at in every run; the rest in the slow one."""
RUN = """([kind, values]) => axe.run(document, {runOnly: {type: kind, values: values}, resultTypes: ['violations']})
  .then(r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ')).join(' | ')))"""


@pytest.fixture(scope="module")
def site(proof: Path) -> Path:
    return site_of(proof)


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with serving(site, Quiet) as (served, _):
        yield served


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def chosen(site: Path, often: bool) -> list[str]:
    names = [*kinds(site), *(kinds(site, "de") if (site / "de").is_dir() else [])]
    return [name for name in names if name.startswith(OFTEN) == often]


def looked_at(page: Any, address: str, names: list[str]) -> list[str]:
    """What axe-core finds, one line each."""
    if not AXE.exists():
        if in_ci():
            pytest.fail("axe-core is missing, and in CI nothing is skipped")
        pytest.skip("axe-core is not installed; scripts/system-packages.sh installs it")
    page.add_init_script(path=str(AXE))
    found = []
    for name in names:
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="light")
            page.goto(f"{address}/{name}")
            page.wait_for_load_state("load")
            assert page.locator("body").get_attribute("data-md-color-scheme") == "default"
            found += [f"{name} light {width} {line}" for line in page.evaluate(RUN, ["tag", TAGS])]
            page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
            found += [f"{name} dark {width} {line}" for line in page.evaluate(RUN, ["rule", COLOURS])]
    return found


def test_axe_finds_nothing_on_the_pages_people_use_most(page: Any, site: Path, address: str) -> None:
    found = looked_at(page, address, chosen(site, often=True))
    assert not found, "\n".join(found)


@pytest.mark.heavy
def test_axe_finds_nothing_on_any_other_kind_of_page(page: Any, site: Path, address: str) -> None:
    found = looked_at(page, address, chosen(site, often=False))
    assert not found, "\n".join(found)


def test_axe_sees_a_fault(page: Any, address: str) -> None:
    page.goto(f"{address}/about.html")
    page.evaluate(
        "document.querySelector('main').innerHTML += '<img src=x><p style=\"color:#bbb;background:#ccc\">pale</p>'"
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    lines = page.evaluate(RUN, ["tag", TAGS])
    assert {line.split(":")[0] for line in lines} >= {"image-alt", "color-contrast"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_of_a_process_holds(page: Any, address: str, scheme: str) -> None:
    """The views that are folded away when the page opens."""
    page.emulate_media(color_scheme=scheme)
    page.add_init_script(path=str(AXE))
    page.goto(f"{address}/processes/PRC-007.html")
    found = []
    for tab in page.get_by_role("tab").all():
        tab.click()
        found += [f"{tab.inner_text()} {line}" for line in page.evaluate(RUN, ["tag", TAGS])]
    assert not found, "\n".join(found)


def test_what_opens_on_demand_holds(page: Any, address: str) -> None:
    """The list of hits, the explained word, the filters on a phone, the unfolded cascade."""
    page.add_init_script(path=str(AXE))
    page.goto(f"{address}/sops/SOP-014.html")
    page.locator("header input[name=q]").fill("lot")
    page.locator("header [role=option]").first.wait_for()
    found = [f"hits {line}" for line in page.evaluate(RUN, ["tag", TAGS])]
    page.keyboard.press("Escape")
    page.locator("a.qms-term").first.focus()
    found += [f"word {line}" for line in page.evaluate(RUN, ["tag", TAGS])]
    page.goto(f"{address}/strategy.html")
    page.get_by_role("button", name="Open all").click()
    found += [f"cascade {line}" for line in page.evaluate(RUN, ["tag", TAGS])]
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/documents.html")
    page.locator(".qms-reg.is-ready").wait_for()
    page.locator("[data-fold]").click()
    found += [f"filters {line}" for line in page.evaluate(RUN, ["tag", TAGS])]
    page.get_by_role("button", name="Menu").click()
    found += [f"menu {line}" for line in page.evaluate(RUN, ["tag", TAGS])]
    assert not found, "\n".join(found)


FOCUS = """() => { const e = document.activeElement; if (!e || e === document.body) { return null; }
  const s = getComputedStyle(e), b = e.getBoundingClientRect(), plain = v => v === 'none' || v === '0px';
  const seen = (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || !plain(s.boxShadow);
  const drawn = e.querySelector('.qms-flow-box'), framed = drawn && parseFloat(getComputedStyle(drawn).strokeWidth) >= 3;
  return {what: e.tagName + '.' + (e.getAttribute('class') || '').slice(0, 40) + ' ' + (e.textContent || e.name || '').trim().slice(0, 40), seen: seen || Boolean(framed) || e.tagName === 'MAIN',
          shown: b.width > 0 && b.height > 0 && b.bottom > 0 && b.top < innerHeight}; }"""
ALL = """() => Array.from(document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]'))
  .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}) && (e.type !== 'radio' || e.checked)).length"""


@pytest.mark.parametrize(
    "name", ["index", "processes/PRC-007", "sops/SOP-014", "documents", "strategy", "compliance", "roles/inspector"]
)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Any, address: str, name: str) -> None:
    page.goto(f"{address}/{name}.html")
    page.wait_for_load_state("load")
    expected = page.evaluate(ALL)
    met: list[dict[str, Any]] = []
    most = min(expected + 20, 260)
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at is None:
            break
        met.append(at)
    assert met[0]["what"].startswith("A.qms-skip")
    unseen = [at["what"] for at in met if not at["seen"]]
    assert not unseen, "\n".join(unseen)
    outside = [at["what"] for at in met if not at["shown"]]
    assert not outside, "\n".join(outside)
    assert len(met) >= min(expected, most)


def test_the_skip_link_leads_to_the_content(page: Any, address: str) -> None:
    page.goto(f"{address}/sops/SOP-014.html")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_tabs_are_walked_with_arrows(page: Any, address: str) -> None:
    page.goto(f"{address}/processes/PRC-007.html")
    tabs = page.get_by_role("tab")
    names = tabs.all_inner_texts()
    tabs.first.focus()
    for name in names[1:]:
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.textContent") == name
        assert page.get_by_role("tabpanel").count() == 1
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == names[0]
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.textContent") == names[-1]
    page.keyboard.press("Home")
    assert page.get_by_role("tab", selected=True).inner_text() == names[0]
    assert page.get_by_role("tab", selected=True).count() == 1


def test_the_menu_of_a_phone_opens_and_escape_closes_it(page: Any, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{address}/index.html")
    menu = page.get_by_role("button", name="Menu")
    assert not page.get_by_role("navigation", name="Sections").is_visible()
    menu.focus()
    page.keyboard.press("Enter")
    assert menu.get_attribute("aria-expanded") == "true"
    assert page.get_by_role("navigation", name="Sections").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    assert menu.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.hasAttribute('data-qms-menu')")


def test_a_role_is_picked_and_a_register_is_used_by_keyboard(page: Any, address: str) -> None:
    page.goto(f"{address}/index.html")
    page.get_by_label("I am").focus()
    page.keyboard.type("Inspector")
    page.get_by_role("link", name="Everything for Inspector").wait_for()
    page.goto(f"{address}/documents.html")
    page.locator(".qms-reg.is-ready").wait_for()
    page.locator(".qms-reg tbody th a").first.focus()
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") != first
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("documents.html"))


def test_light_and_dark_follow_the_reader_and_are_remembered(page: Any, address: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/index.html")
    body = page.locator("body")
    assert body.get_attribute("data-md-color-scheme") == "slate"
    page.get_by_role("button", name="Light or dark").click()
    assert body.get_attribute("data-md-color-scheme") == "default"
    page.reload()
    assert body.get_attribute("data-md-color-scheme") == "default"


def test_diagrams_say_what_they_show(page: Any, address: str) -> None:
    for name in ("processes/PRC-007", "kpis/KPI-001", "risks", "strategy"):
        page.goto(f"{address}/{name}.html")
        silent = page.evaluate(
            """() => Array.from(document.querySelectorAll('main svg')).filter(s => !s.closest('[aria-hidden=true]') && s.getAttribute('aria-hidden') !== 'true')
              .filter(s => !(s.getAttribute('aria-label') || s.getAttribute('aria-labelledby') || s.querySelector('title'))).map(s => s.outerHTML.slice(0, 120))"""
        )
        assert silent == [], name
