"""Paper as a browser prints it, and the answer to a printed copy: is this still current?"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from tests.test_browser import Quiet, browser
from tests.test_site import build, copy_reference

pytestmark = pytest.mark.browser
__all__ = ["browser"]
ADDRESS = "https://qms.tarnfell.example"
PRINTED = ["processes/PRC-007", "sops/SOP-014", "roles/inspector", "registers/sop", "kpis/KPI-001", "performance"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copy_reference(tmp_path_factory.mktemp("print") / "qms")
    file = root / "qms.yaml"
    settings = re.sub(r"(?m)^site:\n(?:[ #].*\n)*", "", file.read_text(encoding="utf-8"))
    file.write_text(f"{settings}\nsite:\n  address: {ADDRESS}\n", encoding="utf-8")
    return build(root)


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def printed(browser: Any, url: str, size: str = "A4", **context: Any) -> Any:
    held = browser.new_context(**context)
    page = held.new_page()
    page.goto(url)
    data = page.pdf(format=size)
    held.close()
    return pypdfium2.PdfDocument(io.BytesIO(data))


def texts(document: Any) -> list[str]:
    return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_every_sheet_of_a_document_says_where_it_is_from(browser: Any, address: str, size: str) -> None:
    found = texts(printed(browser, f"{address}/sops/SOP-014.html", size))
    for number, text in enumerate(found, 1):
        assert "Tarnfell Precision" in text
        assert "SOP-014 Incoming inspection · Revision 2.1 · in force since 2 March 2026" in text
        assert re.search(r"Uncontrolled copy · printed on \d+ \w+ \d{4}, \d\d:\d\d", text)
        assert f"Page {number} of {len(found)}" in text


@pytest.mark.parametrize("name", PRINTED)
def test_pages_print_without_what_is_for_screens(browser: Any, address: str, name: str) -> None:
    document = printed(browser, f"{address}/{name}.html", color_scheme="dark")
    found = texts(document)
    assert found[0].startswith("Tarnfell Precision")
    whole = " ".join(found)
    for word in ("Report a problem", "On this page", "Search the management system", "Linked from", "Skip to content"):
        assert word not in whole
    for page in document:
        image = page.render(scale=1).to_pil().convert("L")
        assert image.getpixel((5, 5)) > 250, "paper is white, whatever the scheme of the screen"
        assert _ink(image) < 0.35, "nothing prints large dark areas"


def _ink(image: Any) -> float:
    counts = image.histogram()
    return sum(counts[:100]) / sum(counts)


def test_all_views_of_a_process_print(browser: Any, address: str) -> None:
    whole = " ".join(texts(printed(browser, f"{address}/processes/PRC-007.html")))
    heads = (
        "Flow",
        "SIPOC",
        "Turtle",
        "Steps",
        "Who does what",
        "Measures",
        "Risks and controls",
        "Documents and records",
    )
    assert [head for head in heads if head not in whole] == []


def test_folded_details_print_and_are_folded_again(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/strategy.html")
    folded = page.locator("article details:not([open])").count()
    assert folded
    document = pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4")))
    assert "Defects from suppliers" in " ".join(texts(document))
    assert page.locator("article details:not([open])").count() == folded
    page.close()


def test_the_code_on_paper_leads_to_the_answer(browser: Any, address: str) -> None:
    document = printed(browser, f"{address}/sops/SOP-014.html")
    (code,) = zxingcpp.read_barcodes(document[0].render(scale=3).to_pil())
    assert code.text == f"{ADDRESS}/sops/SOP-014.html?rev=2.1"
    page = browser.new_page()
    page.goto(code.text.replace(ADDRESS, address))
    answer = page.locator(".qms-current")
    assert answer.get_attribute("role") == "status"
    assert "Yes. Your copy is current." in answer.inner_text()
    assert "Revision 2.1 has been in force since 2 March 2026." in answer.inner_text()
    page.close()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("2.0", "Your copy is revision 2.0; in force is revision 2.1, since 2 March 2026. Throw the copy away."),
        ("3.0", "Your copy is revision 3.0; in force is revision 2.1. Work by this page."),
        (
            "<img src=x onerror=alert(1)>",
            "Your copy is revision <img src=x onerror=alert(1)>; in force is revision 2.1",
        ),
    ],
)
def test_an_old_copy_is_told_so(browser: Any, folder: Path, asked: str, words: str) -> None:
    """Also where the page is opened as a file."""
    from urllib.parse import quote

    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((folder / "sops/SOP-014.html").as_uri() + "?rev=" + quote(asked))
    answer = page.locator(".qms-current")
    assert answer.get_attribute("role") == "alert"
    assert words in answer.inner_text()
    assert answer.locator("img").count() == 0
    assert errors == []
    page.close()


@pytest.mark.parametrize(
    ("before", "after", "asked", "words"),
    [
        ('data-qms-sheet="current"', 'data-qms-sheet="withdrawn"', "2.1", "No. This document was withdrawn."),
        ('data-qms-sheet="current"', 'data-qms-sheet="preview"', "2.1", "This page cannot say it."),
        ('data-qms-rev="2.1"', 'data-qms-rev="2.1" data-qms-next="3.0" data-qms-from="2026-12-01"', "2.1",
         "From 1 December 2026 revision 3.0 takes its place."),
        ('data-qms-rev="2.1"', 'data-qms-rev="2.1" data-qms-next="3.0" data-qms-from="2026-11-10"', "2.1",
         "since 10 November 2026 revision 3.0 is in force"),
        ('data-qms-rev="2.1"', 'data-qms-rev="2.1" data-qms-next="3.0" data-qms-from="2026-11-10"', "3.0",
         "Yes. Your copy is current."),
        (" data-fixed", "", "2.1", "As far as this page knows, yes."),
    ],
)  # fmt: skip
def test_what_the_page_knows_decides(
    browser: Any, address: str, before: str, after: str, asked: str, words: str
) -> None:
    page = browser.new_context().new_page()
    page.clock.install(time="2026-11-25T08:00:00+01:00")

    def changed(route: Any) -> None:
        answer = route.fetch()
        text = answer.text()
        assert before in text
        route.fulfill(response=answer, body=text.replace(before, after))

    page.route("**/SOP-014.html*", changed)
    page.goto(f"{address}/sops/SOP-014.html?rev={asked}")
    assert words in page.locator(".qms-current").inner_text()


def test_a_page_that_is_not_asked_says_nothing(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/sops/SOP-014.html")
    assert page.locator(".qms-current").count() == 0
    assert not page.locator(".qms-sheet").is_visible()
    assert not page.locator(".qms-signatures").is_visible()
    page.close()


DEAD_ANCHORS = """() => [...document.querySelectorAll('a[href^="#"]')].map(a => a.getAttribute("href"))
    .filter(to => !document.getElementById(decodeURIComponent(to.slice(1))))"""


def test_a_handbook_is_read_and_printed_as_one(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{address}/roles/inspector-handbook.html")
    assert page.locator("#SOP-014").inner_text() == "", "the first documents come first"
    page.mouse.wheel(0, 100)
    page.locator(".qms-handbook[aria-busy=false]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.get_by_role("button", name="Print this handbook").is_visible()
    assert not page.locator(".qms-handbook-state").is_visible()
    assert page.evaluate(DEAD_ANCHORS) == []
    step = page.locator("#PRC-007").get_by_role("link", name="Incoming inspection").first
    assert str(step.get_attribute("href")).startswith("#SOP-014"), "links to what is on the page stay on it"
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="SOP-014 Incoming inspection").click()
    assert page.url.endswith("#SOP-014")
    assert page.locator("#SOP-014").evaluate("node => Math.abs(node.getBoundingClientRect().top) < 400")
    found = texts(pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4"))))
    page.close()
    own = [text for text in found if "SOP-014 Incoming inspection · Revision 2.1" in text]
    assert own, "each document carries its own line"
    assert f"Page {len(found)} of {len(found)}" in found[-1]


def test_a_document_that_does_not_come_is_told_on_screen_and_paper(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.route("**/chapters/SOP-014.js", lambda route: route.abort())
    page.goto(f"{address}/roles/inspector-handbook.html#SOP-006")
    page.locator(".qms-handbook[aria-busy=false]").wait_for()
    documents = page.locator(".qms-doc").count()
    assert f"{documents - 1} of {documents} documents are here." in page.locator(".qms-handbook-state").inner_text()
    found = " ".join(texts(pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4")))))
    assert f"{documents - 1} of {documents} documents are here." in found
    page.locator("#SOP-014").get_by_role("link", name="could not be loaded").click()
    page.wait_for_url("**/sops/SOP-014.html")
    page.close()


def test_a_handbook_opens_from_a_folder_and_without_scripts_leads_to_its_documents(browser: Any, folder: Path) -> None:
    place = (folder / "roles" / "inspector-handbook.html").as_uri()
    page = browser.new_page()
    empty = "document.querySelectorAll('.qms-doc:empty').length"
    page.add_init_script(f"window.print = () => document.body.setAttribute('data-printed', {empty})")
    page.goto(place)
    page.keyboard.press("Control+p")
    page.locator("body[data-printed='0']").wait_for()
    assert page.locator("#SOP-014").get_by_role("heading", name="Incoming inspection").is_visible()
    page.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(place)
    assert page.locator(".qms-handbook-state").is_visible()
    page.get_by_role("navigation", name="Contents").get_by_role(
        "link", name="Incoming inspection", exact=False
    ).first.click()
    page.wait_for_url("**/sops/SOP-014.html")
    context.close()


def test_handbooks_stay_light(browser: Any, folder: Path) -> None:
    import gzip

    page = browser.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    sizes = {}
    for file in folder.glob("roles/*-handbook.html"):
        loaded.clear()
        page.goto(file.as_uri(), wait_until="networkidle")
        files = [folder / url.split("?")[0].split("/site/")[1] for url in loaded if ".woff" not in url]
        assert any("chapters" in part.parts for part in files)
        sizes[file.name] = sum(len(gzip.compress(part.read_bytes())) for part in files)
    page.close()
    assert sizes
    assert {name: size for name, size in sizes.items() if size > 280_000} == {}
