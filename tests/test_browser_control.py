"""Approvals and revisions on the intranet of the lived history, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

from qmsctl.cli import app
from tests.test_browser import Quiet, browser
from tests.test_lived_history import lived

pytestmark = pytest.mark.browser
__all__ = ["browser", "lived"]


@pytest.fixture(scope="module")
def intranet(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import shutil

    root = tmp_path_factory.mktemp("intranet") / "lived"
    shutil.copytree(lived, root, symlinks=True)
    done = CliRunner().invoke(app, ["-C", str(root), "site", "build"])
    assert done.exit_code == 0, done.output
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root / "build/site")))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_document_says_who_approved_it_and_what_comes(browser: Any, intranet: str, width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{intranet}/sops/SOP-014.html")
    assert page.locator(".qms-banner").inner_text().strip() == "What is in force on 16 November 2026."
    assert "Maren Oduya, 18 February 2026" in page.locator(".qms-strip").inner_text()
    coming = page.locator("details.qms-notice-coming")
    assert "3.0 takes effect on 7 December 2026." in coming.locator("summary").inner_text()
    assert not coming.locator("ins").first.is_visible()
    coming.locator("summary").click()
    assert coming.locator("ins").first.is_visible()
    rows = page.locator(".qms-signed tbody tr").all_inner_texts()
    assert len(rows) == 2
    assert "Tobias Lindqvist" in rows[0]
    assert "18 February 2026, 14:52 (UTC+01:00)" in rows[1]
    first = page.locator(".qms-revisions details").first
    first.locator("summary").click()
    assert first.locator("del").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert errors == []


def test_paper_carries_the_approvals(browser: Any, intranet: str) -> None:
    page = browser.new_context().new_page()
    page.emulate_media(media="print")
    page.goto(f"{intranet}/sops/SOP-014.html")
    table = page.locator(".qms-signed")
    assert table.is_visible()
    for words in ("Maren Oduya", "Quality Manager", "approval", "18 February 2026, 14:52 (UTC+01:00)"):
        assert words in table.inner_text(), words
    assert page.locator(".qms-asof").is_visible()
    assert page.locator(".qms-strip").is_visible()


def test_an_obsolete_document_is_unmistakable(browser: Any, intranet: str) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{intranet}/work-instructions/WI-010.html?old")
    notice = page.locator(".qms-notice-bad").first
    assert notice.is_visible()
    assert "Obsolete. Do not work by it." in notice.inner_text()


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-16", ""),
        ("2026-11-18", ""),
        ("2026-11-25", "This is 9 days old. Ask for the page to be built anew."),
        ("2026-12-07", "Since 2026-12-07 newer revisions are in force. Ask for the page to be built anew."),
    ],
)
def test_the_reader_is_warned_when_the_page_is_out_of_date(browser: Any, intranet: str, day: str, words: str) -> None:
    """The demo stands still on a day; taken off, the reader's clock decides."""
    page = browser.new_context(timezone_id="Europe/Berlin").new_page()
    page.clock.install(time=f"{day}T08:00:00+01:00")

    def moving(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(" data-fixed", ""))

    page.route("**/*.html", moving)
    page.goto(f"{intranet}/sops/SOP-014.html")
    note = page.locator(".qms-asof")
    assert words in note.inner_text()
    assert ("qms-late" in (note.get_attribute("class") or "")) == bool(words)
    if day == "2026-12-07":
        assert page.locator("details.qms-notice-coming").get_attribute("open") is not None
