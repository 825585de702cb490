"""A question about the state of an instrument: moved, judged, remembered, started over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.main import create_app
from latentbook.settings import Settings
from tests.browser.axe import in_both_themes
from tests.browser.book_pages import Open
from tests.browser.test_recall import LOG
from tests.unit.book import conftest as small
from tools.bench.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.long]

make_book, shared_build = small.make_book, small.shared_build

PLACE = "sample/text/"
ASKED = """
::::{quiz} state
:label: q-denoise
:instrument: denoiser
:set: k=4
:goal: corruption == masking, removed > 89
:answer: corruption=masking, k=16

Hide samples, and keep as many cosines as remove nine tenths of the error.

:::{wrong} k == 1
One cosine is next to nothing.
:::
:::{answer}
With 16 cosines.
:::
::::
"""


@pytest.fixture
def host(make_book: small.MakeBook) -> Iterator[str]:
    references = (Settings().content / "references.bib").read_text("utf-8")
    settings = make_book({"sample/text.md": small.HEAD + ASKED, "references.bib": references})
    build_site(open_project(settings), report=print)
    with served(create_app(settings)) as url:
        yield f"{url}/"


def test_a_state_is_judged_remembered_and_started_over(open_page: Open, host: str) -> None:
    page = open_page(PLACE, host=host, fresh=True)
    quiz = page.locator("#q-denoise")
    instrument = quiz.locator("section.instrument")
    said = quiz.locator("[data-feedback]")
    cosines, masking = instrument.locator('[name="k"]'), instrument.get_by_label("Masking")
    typed = instrument.get_by_label("Cosines kept, typed")
    expect(quiz).to_have_attribute("data-answers", "")
    expect(instrument).to_have_attribute("data-state", "live")

    def check(words: str, state: str) -> None:
        quiz.locator('[data-action="check"]').click()
        expect(said).to_contain_text(words)
        expect(quiz).to_have_attribute("data-state", state)

    check("Move the instrument first.", "open")
    typed.press("ArrowUp")
    expect(cosines).to_have_value("5")
    check("Not yet. Corruption is Gaussian noise; asked for: == Masking.", "wrong")
    masking.check()
    readout = instrument.locator(".readout", has_text="Noise removed").locator(".value")
    check("Not yet. Noise removed is ", "wrong")
    expect(said).to_have_text(f"Not yet. Noise removed is {readout.inner_text()}; asked for: > 89.")
    assert in_both_themes(page) == []

    instrument.get_by_role("button", name="Reset").click()
    expect(cosines).to_have_value("4")
    expect(said).to_contain_text("Not yet. Noise removed is ")
    expect(quiz).to_have_attribute("data-state", "wrong")
    check("Move the instrument first.", "open")
    cosines.press("Home")
    check("One cosine is next to nothing.", "wrong")
    masking.check()
    typed.fill("16")
    typed.press("Enter")
    expect(said).to_have_text("Right, after 4 attempts.")

    # Leaving a page at once would lose what it has not written yet.
    page.wait_for_function(f"async () => (await ({LOG})()).some((e) => e.verdict === 'right')")
    page.goto(host + PLACE)  # an address without a state
    expect(quiz).to_have_attribute("data-remembered", "")
    expect(cosines).to_have_value("16")
    expect(masking).to_be_checked()
    expect(said).to_contain_text("Right, after 4 attempts.")
    check("Right, after 5 attempts.", "right")

    page.evaluate(
        """() => document.querySelector('.instrument [data-action="reset"]')
        .addEventListener("click", () => document.body.dataset.pressed = "")"""
    )
    quiz.get_by_role("button", name="Start over").click()
    expect(cosines).to_have_value("4")
    expect(masking).not_to_be_checked()
    expect(said).to_be_empty()
    expect(page.locator("body")).not_to_have_attribute("data-pressed", "")
    check("Move the instrument first.", "open")
    page.wait_for_function(f"async () => (await ({LOG})()).some((e) => e.kind === 'undo')")
    page.goto(host + PLACE)
    expect(instrument).to_have_attribute("data-state", "live")
    expect(cosines).to_have_value("4")
    expect(quiz).not_to_have_attribute("data-remembered", "")
