"""Registers in a real browser: filter, sort, share, take along, at desk and phone width, with many rows."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from qmsctl import checks, engines, pages
from qmsctl.loader import load
from tests.conftest import TODAY
from tests.test_browser import Quiet, browser
from tests.test_registers import HOSTILE, SOP, small
from tests.test_site import build, copy_reference

pytestmark = pytest.mark.browser
__all__ = ["browser"]
MANY = 2000
HEAVIEST = 300_000


def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference system, where two documents were not looked at in time."""
    root = copy_reference(tmp_path_factory.mktemp("registers") / "qms")
    for name in ("SOP-014", "SOP-006"):
        file = next((root / "sops").glob(f"{name}-*.md"))
        text = file.read_text(encoding="utf-8")
        start = text.index("effective:")
        file.write_text(text[:start] + "effective: 2024-01-08" + text[text.index("\n", start) :], encoding="utf-8")
    return build(root)


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    yield from served(folder)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two thousand SOPs, some of them hostile; only the pages of lists are built, for items are not looked at here."""
    root = tmp_path_factory.mktemp("many") / "qms"
    items = [
        {
            **SOP,
            "id": f"SOP-{n:04}",
            "title": HOSTILE[n % 100] if n % 100 < len(HOSTILE) else f"How to do thing number {n}",
            "owner": f"role-{n % 17}",
            "revision": f"{n % 12 + 1}.{n % 3}",
            "effective": f"202{n % 4 + 3}-{n % 12 + 1:02}-{n % 28 + 1:02}",
        }
        for n in range(1, MANY + 1)
    ]
    small(root, *items)
    shutil.copyfile(Path(pages.__file__).parent / "mkdocs.yml", root / "mkdocs.yml")
    loaded = load(root)
    pages.write(loaded, checks.run(loaded, TODAY), TODAY, root / "build" / "docs")
    shutil.rmtree(root / "build" / "docs" / "sops")
    yield from served(engines.build(root, "mkdocs"))


def rows(page: Any) -> Any:
    return page.locator(".qms-reg tbody tr")


def total(page: Any) -> int:
    return int(page.locator("[data-line] strong").inner_text())


def shows(page: Any, count: int) -> None:
    """Wait until the register says how many rows are left."""
    page.locator("[data-line] strong").get_by_text(str(count), exact=True).wait_for()


def test_the_overdue_documents_are_filtered_and_the_link_is_shared(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/documents.html")
    page.locator(".qms-reg.is-ready").wait_for()
    overdue = page.locator("label", has_text="Overdue")
    assert overdue.locator("b").inner_text() == "2"
    overdue.click()
    assert sorted(text.split()[0] for text in rows(page).all_inner_texts()) == ["SOP-006", "SOP-014"]
    assert "■ overdue by" in rows(page).first.inner_text()
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied.").wait_for()
    other = browser.new_context().new_page()
    other.goto(page.url)
    other.locator("[data-clear]").wait_for()
    assert rows(other).all_inner_texts() == rows(page).all_inner_texts()
    assert other.get_by_label("Overdue").is_checked()


def test_counts_follow_the_filter_and_the_back_button_works(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/documents.html")
    page.locator(".qms-reg.is-ready").wait_for()
    before = total(page)
    kinds = page.locator('[data-facet="type"] label')
    sops = int(kinds.filter(has_text="SOP").locator("b").inner_text())
    kinds.filter(has_text="SOP").click()
    assert total(page) == sops
    assert kinds.filter(has_text="Policy").locator("b").inner_text() != "0"
    assert sum(map(int, page.locator('[data-facet="due"] b').all_inner_texts())) == sops
    page.get_by_role("button", name="Owner").first.click()
    page.locator('[data-facet="owner"] label').filter(has_text="Quality Engineer").click()
    narrow = total(page)
    assert 0 < narrow < sops
    page.keyboard.press("Escape")
    page.go_back()
    shows(page, sops)
    page.go_back()
    shows(page, before)
    page.go_forward()
    shows(page, sops)
    page.get_by_role("button", name="Clear filters").click()
    assert total(page) == before


def ordered_by(name: str, text: str) -> Any:
    if name == "Revision":
        return tuple(int(part) for part in text.split("."))
    if name == "Review every":
        return int(text.split(maxsplit=1)[0])
    return datetime.strptime(" ".join(text.split()[:3]), "%d %B %Y")


@pytest.mark.parametrize("name", ["Revision", "Effective", "Review every", "Next review"])
def test_columns_sort_by_what_they_are(browser: Any, address: str, name: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/registers/sop.html")
    page.locator(".qms-reg.is-ready").wait_for()
    head = page.locator("th", has=page.get_by_role("button", name=name, exact=True))
    for way in ("ascending", "descending"):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == way
        texts = page.locator(f'tbody td[data-label="{name}"]').all_inner_texts()
        found = [ordered_by(name, text) for text in texts]
        assert len(set(found)) > 1
        assert found == sorted(found, reverse=way == "descending")
    assert "sort=-" in page.url


def test_every_column_filters_as_one_types(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/registers/sop.html")
    page.locator(".qms-reg.is-ready").wait_for()
    before = rows(page).count()
    page.get_by_role("searchbox", name="Filter by Owner").fill("quality eng")
    page.wait_for_url("**in.owner=*")
    assert 0 < rows(page).count() < before
    assert set(page.locator('td[data-label="Owner"]').all_inner_texts()) == {"Quality Engineer"}
    page.get_by_role("searchbox", name="Filter by Effective").fill("< 2025-01-01")
    page.wait_for_url("**in.effective=*")
    assert {text.split()[0] for text in rows(page).all_inner_texts()} == {"SOP-014", "SOP-006"}
    page.get_by_role("searchbox", name="Filter all columns").fill("no such thing")
    page.get_by_text("Nothing matches.").wait_for()
    assert total(page) == 0


def test_the_filtered_view_is_taken_along_as_csv(browser: Any, address: str, folder: Path) -> None:
    page = browser.new_context(accept_downloads=True).new_page()
    page.goto(f"{address}/registers/risk.html#is.status=open")
    page.get_by_text("CSV of these").wait_for()
    with page.expect_download() as got:
        page.locator("[data-csv]").click()
    with open(got.value.path(), encoding="utf-8-sig", newline="") as file:
        found = list(csv.reader(file))
    assert len(found) - 1 == total(page)
    assert found[0][:2] == ["Id", "Title"]
    with open(folder / "registers" / "risk.csv", encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) - 1 > total(page)


def test_columns_are_chosen_and_kept_in_the_address(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/registers/sop.html")
    page.locator(".qms-reg.is-ready").wait_for()
    page.get_by_role("button", name="Columns").click()
    page.locator("[data-columns] label").filter(has_text="Revision").click()
    assert page.get_by_role("button", name="Revision", exact=True).count() == 0
    other = browser.new_context().new_page()
    other.goto(page.url)
    other.locator(".qms-reg.is-ready").wait_for()
    assert other.get_by_role("button", name="Revision", exact=True).count() == 0
    assert other.get_by_role("button", name="Owner", exact=True).count() == 2


def test_rows_open_by_click_and_by_keyboard(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/registers/sop.html")
    page.locator(".qms-reg.is-ready").wait_for()
    rows(page).nth(0).locator("a").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sops/SOP-002.html")
    page.go_back()
    page.locator(".qms-reg.is-ready").wait_for()
    rows(page).nth(2).locator("td").first.click()
    page.wait_for_url("**/sops/SOP-003.html")


def test_without_scripts_the_table_is_read(browser: Any, address: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{address}/registers/sop.html")
    assert page.get_by_role("link", name="Incoming inspection").is_visible()
    assert page.get_by_role("link", name="CSV").is_visible()
    assert not page.get_by_role("button", name="Copy link").is_visible()


def test_a_phone_shows_cards_with_the_filters_folded(browser: Any, address: str) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    page.goto(f"{address}/documents.html")
    page.locator(".qms-reg.is-ready").wait_for()
    assert not page.locator('[data-facet="due"]').is_visible()
    page.get_by_role("button", name="Filters").click()
    page.locator("label", has_text="Overdue").click()
    assert rows(page).count() == 2
    card = rows(page).first.bounding_box()
    assert card is not None
    assert card["x"] >= 0
    assert card["x"] + card["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_clauses_unfold_filter_and_are_found_by_their_address(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/compliance/STD-001.html#c-8-5-1")
    clause = page.locator("#c-8-5-1")
    assert clause.get_attribute("open") is not None
    assert clause.get_by_role("link", name="SOP-").first.is_visible()
    page.get_by_role("searchbox", name="Find a clause").fill("8.7")
    assert not clause.is_visible()
    assert page.locator("#c-8-7-1").is_visible()
    page.get_by_role("searchbox", name="Find a clause").fill("")
    page.locator(".qms-tree label", has_text="not applicable").click()
    assert page.locator("#c-8-3-1").is_visible()
    assert not page.locator("#c-9").is_visible()


def test_a_cell_of_the_risk_matrix_narrows_the_list(browser: Any, address: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{address}/risks.html")
    page.locator(".qms-reg.is-ready").wait_for()
    more = page.locator(".qms-heat a", has_text="more").first
    said = more.locator("xpath=..").inner_text()
    more.click()
    page.locator("[data-clear]").wait_for()
    assert total(page) == said.count("RSK-") + int(said.split(" and ")[-1].split("and ")[-1].split()[0])


def test_two_thousand_rows_stay_light(browser: Any, many: str) -> None:
    page = browser.new_context().new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    sizes: dict[str, int] = {}
    page.on("response", lambda r: sizes.update({r.url: len(r.body())}) if "/fonts/" not in r.url else None)
    for name in ("documents.html", "registers/sop.html", "findings.html"):
        sizes.clear()
        page.goto(f"{many}/{name}", wait_until="networkidle")
        own = {url: size for url, size in sizes.items() if "/assets/" not in url}
        assert sum(own.values()) < HEAVIEST, own
        assert not any(url.endswith(".rows.js") for url in own), "rows are fetched when somebody uses the register"
    page.goto(f"{many}/registers/sop.html")
    assert rows(page).count() == 100
    assert int(page.locator("label", has_text="Overdue").locator("b").inner_text()) > 100
    page.locator("label", has_text="Overdue").click()
    page.locator("[data-clear]").wait_for()
    assert 100 < total(page) < MANY
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Title", exact=True).click()
    page.get_by_role("searchbox", name="Filter all columns").fill("thing 19")
    page.wait_for_url("**q=*")
    assert 0 < total(page) < MANY
    assert rows(page).count() <= 100
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("button", name="Show 100 more").click()
    assert rows(page).count() == 200
    assert errors == []
