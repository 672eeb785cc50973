"""What the four users come for, done in a real browser: on the reference system and on one of 2,000 items."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from qmsctl.loader import load
from tests.sites import OVERDUE, OVERDUE_LARGE, Watch, large, proof, serving, site_of
from tests.test_browser import browser

pytestmark = pytest.mark.browser
__all__ = ["browser", "large", "proof"]


@dataclass(frozen=True)
class Case:
    """A system, and what its people ask of it."""

    root: Path
    address: str
    question: str
    answer: str
    document: str
    role: str
    overdue: tuple[str, ...]


@pytest.fixture(scope="module", params=["reference", pytest.param("large", marks=pytest.mark.heavy)])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "reference":
        root = request.getfixturevalue("proof")
        question = "what do I do with a part that fails incoming inspection?"
        found = (question, "sops/SOP-014.html#decide-lot", "SOP-014", "inspector", OVERDUE)
    else:
        root = request.getfixturevalue("large")
        step = load(root).qms.items["SOP-123"].body.split("### ")[1].split("{")[0]
        found = (f"How do I {step.lower()}?", "sops/SOP-123.html#step-1", "SOP-123", "turning-operator", OVERDUE_LARGE)
    with serving(site_of(root)) as (address, _):
        yield Case(root, address, *found)


@pytest.fixture
def page(browser: Any, case: Case) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watch = Watch(context, case.address)
    yield context.new_page()
    context.close()
    watch.nothing()


def in_view(page: Any, anchor: str) -> bool:
    """Tell whether what an anchor names lies in the window, below the header."""
    return bool(
        page.evaluate(
            """id => { const b = document.getElementById(id).getBoundingClientRect(), head = document.querySelector('.qms-header').getBoundingClientRect();
               return b.top >= Math.max(0, head.bottom) - 1 && b.top < innerHeight && b.height > 0; }""",
            anchor,
        )
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_an_employee_asks_and_lands_on_the_step(page: Any, case: Case, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{case.address}/index.html")
    page.locator(".qms-search-big input").click()
    page.keyboard.type(case.question)
    hits = page.locator("[role=option]")
    page.locator(".qms-hits-foot:not([hidden])").wait_for()
    anchor = case.answer.split("#")[1]
    wanted = page.locator(f'[role=option] a[href$="{case.answer}"], a[role=option][href$="{case.answer}"]')
    assert hits.count() <= 8
    wanted.first.click()
    page.wait_for_url(f"**/{case.answer}")
    page.wait_for_load_state("load")
    assert in_view(page, anchor)
    assert page.locator(f"#{anchor} + .qms-step").is_visible()


def test_from_a_theme_to_a_step_and_a_clause_and_back(page: Any, case: Case) -> None:
    page.goto(f"{case.address}/strategy.html")
    chain = page.evaluate(
        """() => { const step = document.querySelector('.qms-c-steps a'); const up = [];
           for (let at = step; at; at = at.parentElement) { if (at.tagName === 'DETAILS') { up.unshift(at.querySelector('summary').textContent.trim()); } }
           return [document.querySelector('.qms-c-steps a').closest('.qms-c-theme').id, up.length, step.getAttribute('href')]; }"""
    )
    theme, levels, step = chain
    assert levels >= 4
    page.goto(f"{case.address}/index.html")
    page.locator(f'.qms-theme[href$="#{theme}"]').click()
    page.wait_for_url(f"**/strategy.html#{theme}")
    assert in_view(page, theme)
    for level in ("objective", "kpi", "process", "document"):
        fold = page.locator(f'#{theme} .qms-c-{level}:has(a[href="{step}"])').first
        assert fold.get_attribute("open") is None
        fold.locator("summary").first.click()
    link = page.locator(f'#{theme} .qms-c-steps a[href="{step}"]').first
    assert link.is_visible()
    link.click()
    page.wait_for_url(f"**/{step}")
    document = page.url.split("#")[0]
    assert in_view(page, step.split("#")[1])
    way = page.get_by_role("navigation", name="Why does this exist?")
    assert way.get_by_role("link").count() >= 2
    clause = page.locator('#clauses + div a[href*="#"]').last
    clause.click()
    page.wait_for_url(re.compile(r"/(compliance|catalogues)/.*#"))
    number = page.url.split("#")[1]
    answered = page.locator(
        f'#{number} a[href$="{document.rsplit("/", 1)[1]}"], #{number} ~ * a[href$="{document.rsplit("/", 1)[1]}"]'
    ).first
    assert answered.is_visible()
    answered.click()
    page.wait_for_url(f"{document}*")
    way.get_by_role("link").first.click()
    page.wait_for_url("**/strategy/STR-001.html#*")
    assert in_view(page, page.url.split("#")[1])


def test_a_document_is_printed(page: Any, case: Case) -> None:
    page.goto(f"{case.address}/sops/{case.document}.html")
    item = load(case.root).qms.items[case.document]
    sheets = [
        " ".join(sheet.get_textpage().get_text_bounded().split())
        for sheet in pypdfium2.PdfDocument(io.BytesIO(page.pdf(format="A4")))
    ]
    for number, text in enumerate(sheets, 1):
        assert f"{item.id} {item.title}"[:40] in text
        assert f"Revision {item.get('revision')}" in text
        assert f"Page {number} of {len(sheets)}" in text
        assert "ncontrolled" in text
    assert "What do you need to do" not in sheets[0], "what is for the screen stays off paper"


def test_a_role_is_picked_once_and_everything_that_applies_is_read(page: Any, case: Case) -> None:
    page.goto(f"{case.address}/index.html")
    page.get_by_label("I am").select_option(case.role)
    title = load(case.root).qms.items[case.role].title
    page.get_by_role("link", name=f"Everything for {title}", exact=True).wait_for()
    page.reload()
    assert page.get_by_label("I am").input_value() == case.role
    everything = page.get_by_role("link", name=f"Everything for {title}", exact=True)
    everything.wait_for()
    page.goto(f"{case.address}/sops/{case.document}.html")
    chip = page.locator("header [data-qms-role]")
    assert chip.inner_text() == title
    chip.click()
    page.wait_for_url(f"**/roles/{case.role}.html")
    for head in (
        "Your work",
        "Decisions you may take",
        "What you must know",
        "What you must be able to do",
        "Who holds it",
    ):
        assert page.get_by_role("heading", name=head).first.is_visible()
    known = page.locator("#documents + div tbody tr")
    assert known.count() > 0
    names = [row.split()[0] for row in known.all_inner_texts()]
    page.get_by_role("link", name="Print my handbook").click()
    page.wait_for_url(f"**/roles/{case.role}-handbook.html")
    contents = page.get_by_role("navigation", name="Contents").inner_text()
    papers = [name for name in names if name.startswith(("SOP", "WI", "POL", "PRC"))]
    assert [name for name in papers if name not in contents] == []
    page.goto(f"{case.address}/roles/{case.role}.html")
    mine = page.get_by_role("button", name="This is my role")
    assert mine.get_attribute("aria-pressed") == "true"
    mine.click()
    page.goto(f"{case.address}/index.html")
    assert page.get_by_label("I am").input_value() == ""
    assert not page.locator("header [data-qms-role]").is_visible()


def test_the_overdue_documents_are_filtered_and_the_link_is_shared(browser: Any, page: Any, case: Case) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{case.address}/index.html")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Documents").click()
    page.locator(".qms-reg.is-ready").wait_for() if case.role == "inspector" else page.locator(".qms-reg").hover()
    page.locator("label", has_text="Overdue").click()
    page.locator("[data-line] strong").get_by_text(str(len(case.overdue)), exact=True).wait_for()
    rows = page.locator(".qms-reg tbody tr")
    assert sorted(text.split()[0] for text in rows.all_inner_texts()) == sorted(case.overdue)
    assert all("overdue by" in text for text in rows.all_inner_texts())
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied.").wait_for()
    shared = page.evaluate("navigator.clipboard.readText()")
    other = browser.new_context(viewport={"width": 1024, "height": 800}).new_page()
    other.goto(shared)
    other.locator("[data-line] strong").get_by_text(str(len(case.overdue)), exact=True).wait_for()
    assert other.locator(".qms-reg tbody tr").all_inner_texts() == rows.all_inner_texts()
    other.context.close()
